"""Reviews of pods that one controller makes, and of pods made to be taken for those.

A review is text with placeholders, for what the API server makes up for each pod. Honest ones have
them where an API server has them; in others they stand also where a name decides about something,
members are there twice, or policies name what a placeholder becomes.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.properties.oracle_policy import Json
from tests.properties.strategies import Scenario
from tests.properties.tape import Tape

UID, NAME, TOKEN, TIME = "@uid@", "@name@", "@token@", "@time@"
MADE_UP = (NAME, TOKEN, UID, TIME)
THIRD = 3  # the pod that policies are made to mean
LISTS = ("initContainers", "containers")


def of_pod(text: str, n: int) -> str:
    """Put in what the API server made up for the n-th pod."""
    for placeholder, made_up in (
        (UID, f"00000000-0000-4000-8000-{n:012}"),
        (NAME, f"pod-{n}"),
        (TOKEN, f"kube-api-access-{n:05}"),
        (TIME, f"2026-11-24T10:00:{n:02}Z"),
    ):
        text = text.replace(placeholder, made_up)
    return text


def as_sent(tape: Tape, scenario: Scenario) -> Json:
    """The review of a creation in the order and with the additions of an API server."""
    request, pod = scenario.request, scenario.request["object"]
    given = {k: v for k, v in (pod.get("metadata") or {}).items() if k != "name"}
    named, final = tape.chance(50), tape.chance(50)
    metadata = {
        **({"name": NAME} if named or final else {}),
        **({"generateName": "pod-"} if tape.chance(70) else {}),
        "namespace": request["namespace"],
        **({"uid": UID, "creationTimestamp": TIME} if final else {}),
        **{k: v for k, v in given.items() if k not in {"generateName", "namespace"}},
        "managedFields": [{"manager": "kubelet", "time": TIME, "fieldsType": "FieldsV1"}],
    }
    made = {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": _spec(tape, pod)}
    whole = {
        "uid": UID,
        **{k: request[k] for k in ("kind", "resource", "requestKind", "requestResource")},
        **({"name": NAME} if named else {}),
        **{k: request[k] for k in ("namespace", "operation", "userInfo")},
        "object": made,
        **{k: request[k] for k in ("oldObject", "dryRun", "options")},
    }
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": whole}


def _spec(tape: Tape, pod: Json) -> Json:
    spec: Json = json.loads(json.dumps(pod.get("spec") or {}))
    if tape.chance(80):
        sources = [{"serviceAccountToken": {"path": "token"}}]
        volume = {"name": TOKEN, "projected": {"sources": sources}}
        volumes = [*(spec.pop("volumes", None) or ()), volume]
        spec = {"volumes": volumes, **spec}
        for container in (it for members in LISTS for it in spec.get(members) or ()):
            mount = {"name": TOKEN, "readOnly": True, "mountPath": "/var/run/secrets"}
            container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]
    return spec


def crafted(tape: Tape, review: Json) -> Json:
    """Put placeholders where other strings stand, or beside what they are the names of."""
    review = json.loads(json.dumps(review))
    for _ in range(1 + tape.number(3)):
        spots = list(_strings(review["request"]["object"]))
        where, key = spots[tape.number(256) % len(spots)]
        where[key] = tape.pick(MADE_UP)
    if tape.chance(30):
        volume = {"name": TOKEN, "secret": {"secretName": tape.pick(("own-one", "app-env"))}}
        spec = review["request"]["object"]["spec"]
        spec["volumes"] = [volume, *(spec.get("volumes") or ())]
    return review


def _strings(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - any JSON
    """Find all strings below a value: what holds each, and where."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, it in list(items):
        if isinstance(it, str):
            yield value, key
        elif isinstance(it, (dict, list)):
            yield from _strings(it)


def written(tape: Tape, value: Any) -> str:  # noqa: ANN401 - any JSON
    """Write without spaces; here and there a member is written twice, of which the last counts."""
    if isinstance(value, list):
        return f"[{','.join(written(tape, it) for it in value)}]"
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    members = [f"{json.dumps(key)}:{written(tape, it)}" for key, it in value.items()]
    if members and tape.chance(3):
        again = tape.pick(list(value))
        other = {"name": NAME, "labels": {"noxus.ai/role": "worker"}}
        members.insert(tape.number(len(members) + 1), f"{json.dumps(again)}:{json.dumps(other)}")
    return f"{{{','.join(members)}}}"
