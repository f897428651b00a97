"""Reviews made to be taken for others: whoever reaches the port may send what he likes first."""

import json
from collections.abc import Callable

import pytest

from tests.wire.memo_kit import MOUNT, Asking, Json, Pods, encode, token_volume
from webhook.loading.load import load_text
from webhook.wire.answer import Malformed

T3 = "kube-api-access-00003"
ROLE = {"app": "noxus", "noxus.ai/role": "frontend"}
# Policies whose words are such strings as are cut out of a review.
WORDS = f"""
apiVersion: secrets.noxus.ai/v1alpha1
kind: SecretInjectionPolicy
metadata: {{name: noxus}}
spec:
  scopes:
    - name: shared
      roles: [frontend]
      envFrom: [{{secretRef: {{name: app-env}}}}]
    - name: named
      roles: [frontend]
      containers: [{T3}, web-3]
      env:
        - name: {T3}
          valueFrom: {{secretKeyRef: {{name: keys, key: A}}}}
    - name: other
      roles: [backend]
      envFrom: [{{secretRef: {{name: {T3}}}}}, {{secretRef: {{name: web-3}}}}]
    - name: limited
      roles: [frontend]
      containers: [other]
      envFrom: [{{secretRef: {{name: limited}}}}]
  guard: {{unknownRole: Allow}}
"""

Change = Callable[[Json, int], None]


def token(n: int) -> str:
    return f"kube-api-access-{n:05}"


def _containers(review: Json) -> Json:
    return review["request"]["object"]["spec"]["containers"]


def _metadata(review: Json) -> Json:
    return review["request"]["object"]["metadata"]


def _spec(review: Json) -> Json:
    return review["request"]["object"]["spec"]


def container_named_like_the_token(review: Json, n: int) -> None:
    _containers(review).append({"name": token(n)})


def container_made_to_look_like_the_volume(review: Json, n: int) -> None:
    _spec(review)["volumes"].pop()
    _spec(review)["containers"][0]["volumeMounts"].pop()
    _containers(review).append(token_volume(token(n)))


def variable_named_like_the_token(review: Json, n: int) -> None:
    _containers(review)[0]["env"].append({"name": token(n), "value": "x"})


def secret_named_like_the_token(review: Json, n: int) -> None:
    _containers(review)[0]["envFrom"] = [{"secretRef": {"name": token(n)}}]


def image_pull_secret_named_like_the_token(review: Json, n: int) -> None:
    _spec(review)["imagePullSecrets"] = [{"name": token(n)}]


def secret_volume_of_the_same_name(review: Json, n: int) -> None:
    volume = {"name": token(n), "secret": {"secretName": "web-3"}}
    _spec(review)["volumes"].append(volume)


def volume_of_the_same_name_with_a_secret_of_its_own(review: Json, n: int) -> None:
    _spec(review)["volumes"].append({"name": token(n), "secret": {"secretName": "own"}})


def secret_volume_of_the_third_name(review: Json, n: int) -> None:
    del n
    volume = {"name": T3, "secret": {"secretName": "limited"}}
    _spec(review)["volumes"].append(volume)


def secret_in_the_volume_of_the_token(review: Json, n: int) -> None:
    del n
    _spec(review)["volumes"][-1]["projected"]["sources"].append({"secret": {"name": "web-3"}})


def env_file_out_of_the_volume_of_the_token(review: Json, n: int) -> None:
    source = {"fileKeyRef": {"volumeName": token(n), "path": "p", "key": "k"}}
    _containers(review)[0]["env"].append({"name": "FILE", "valueFrom": source})


def namespace_of_the_object_named_like_the_pod(review: Json, n: int) -> None:
    _metadata(review)["labels"] = ROLE | {"name": f"web-{n}"}


def scope_asked_for_named_like_the_token(review: Json, n: int) -> None:
    _metadata(review)["annotations"] = {"secrets.noxus.ai/scopes": token(n)}


def labels_made_to_look_like_managed_fields(review: Json, n: int) -> None:
    moment = {"time": f"2026-11-24T10:{n:02}:00Z", "fieldsType": "FieldsV1"}
    _metadata(review)["labels"] = ROLE | moment


def user_made_to_look_like_an_object(review: Json, n: int) -> None:
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": f"web-{n}", "uid": "u"}}
    review["request"]["userInfo"]["extra"] = {"a": ["b"], "object": pod}


def metadata_twice(review: Json, n: int) -> None:
    """Of two members of one name the last counts."""
    pod = review["request"]["object"]
    metadata = json.dumps(pod["metadata"] | {"name": f"web-{n}", "labels": ROLE})
    pod["\0metadata"] = metadata


def no_metadata_in_the_end(review: Json, n: int) -> None:
    del n
    review["request"]["object"]["\0metadata"] = "null"


def spec_twice(review: Json, n: int) -> None:
    spec = {"containers": [{"name": token(n)}, {"name": f"web-{n}"}]}
    review["request"]["object"]["\0spec"] = json.dumps(spec)


def uid_twice(review: Json, n: int) -> None:
    review["request"]["\0uid"] = json.dumps(f"web-{n}")


CHANGES = [
    container_named_like_the_token,
    container_made_to_look_like_the_volume,
    variable_named_like_the_token,
    secret_named_like_the_token,
    image_pull_secret_named_like_the_token,
    secret_volume_of_the_same_name,
    volume_of_the_same_name_with_a_secret_of_its_own,
    secret_volume_of_the_third_name,
    secret_in_the_volume_of_the_token,
    env_file_out_of_the_volume_of_the_token,
    namespace_of_the_object_named_like_the_pod,
    scope_asked_for_named_like_the_token,
    labels_made_to_look_like_managed_fields,
    user_made_to_look_like_an_object,
    metadata_twice,
    no_metadata_in_the_end,
    spec_twice,
    uid_twice,
]


def crafted(change: Change, n: int, *, named: bool) -> bytes:
    review = Pods(named=named).review(n)
    change(review, n)
    body = encode(review)
    for member in ("metadata", "spec", "uid"):  # a second one, its value as it was written
        key = f'"\\u0000{member}":"'.encode()
        if key in body:
            begin = body.index(key)
            text, end = json.JSONDecoder().raw_decode(body[begin + len(key) - 1 :].decode())
            again = f'"{member}":{text}'.encode()
            body = body[:begin] + again + body[begin + len(key) - 1 + end :]
    return body


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_the_third_of_them_is_answered_as_without_a_memory(change: Change, *, named: bool) -> None:
    asking = Asking(load_text(WORDS).policies)

    for n in (1, 2, 3, 3, 4):
        asking.ask(crafted(change, n, named=named))  # compares


def test_an_escaped_name_is_the_same_name() -> None:
    """A volume with a Secret, named like the third token, but written with an escape."""
    asking = Asking(load_text(WORDS).policies)
    volume = (
        b'{"name":"\\u006bube-api-access-00003","secret":{"secretName":"limited"}},{"name":"tmp"'
    )

    for n in (1, 2, 3, 3):
        asking.ask(Pods().body(n).replace(b'{"name":"tmp"', volume, 1))


def test_a_name_is_no_place_to_end_a_string() -> None:
    """What is cut are characters that mean nothing, so a quote ends the place."""
    asking = Asking()
    asking.know(Pods(named=True))
    role = b'web-3","labels":{"noxus.ai/role":"backend"},"a":"b'

    assert asking.ask(Pods(named=True).body(3).replace(b'"web-3"', b'"' + role + b'"')) != "hit"


def test_a_mark_that_was_sent_is_no_mark() -> None:
    asking = Asking()
    asking.know(Pods())
    body = Pods().body(3).replace(T3.encode(), b"\0token\0")

    with pytest.raises(Malformed):
        asking.ask(body)


def test_a_token_mounted_twice_is_known_again() -> None:
    def mounted_twice(review: Json, n: int) -> None:
        mount = {"name": token(n), "readOnly": True, "mountPath": MOUNT}
        _containers(review).append({"name": "second", "volumeMounts": [mount]})

    asking = Asking()

    assert [asking.ask(crafted(mounted_twice, n, named=False)) for n in (1, 2, 3)] == [
        "miss",
        "miss",
        "hit",
    ]
