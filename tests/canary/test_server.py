"""No part of a value is in what the server answers, logs, counts or leaves behind.

It is the real program, asked over HTTPS, at the level of the log that tells most.
"""

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.canary.canaries import Canaries
from tests.canary.documents import documents
from tests.canary.kit import SEED
from tests.canary.ways import leaves
from tests.commands.kit import ROOT
from tests.e2e.harness import HOST, Webhook

pytestmark = pytest.mark.slow

POLICY = (ROOT / "examples" / "policy.yaml").read_text()
HOOKS = ("/mutate/enabled", "/mutate/dry-run", "/validate/enabled", "/validate/dry-run")
HEALTH = ("/healthz", "/readyz", "/readyz?verbose", "/metrics")
JSON = "application/json"


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    return Canaries(SEED)


@pytest.fixture(scope="module")
def texts(canaries: Canaries) -> dict[str, str]:
    return documents(canaries)


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def webhook(temporary: Path) -> Iterator[Webhook]:
    with started(temporary, POLICY) as it:
        yield it


def started(temporary: Path, *policies: str) -> Webhook:
    return Webhook(policies, flags=("--log-level", "debug"), environment={"TMPDIR": str(temporary)})


class Caller:
    """Asks as the API server does, and keeps all that comes back."""

    def __init__(self, webhook: Webhook) -> None:
        self._port = webhook.port
        self._tls = ssl.create_default_context(cadata=webhook.ca_pem.decode())

    def ask(self, path: str, body: str, method: str = "POST", **headers: str) -> tuple[int, str]:
        """Return the status, and the answer with its headers."""
        connection = http.client.HTTPSConnection(HOST, self._port, context=self._tls, timeout=30)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body.encode("utf-8", "surrogatepass")
        try:
            connection.request(method, path, content, {"Content-Type": JSON, **fields})
            answer = connection.getresponse()
            return answer.status, f"{answer.headers}\n{answer.read().decode()}"
        finally:
            connection.close()


def left(webhook: Webhook) -> str:
    """Return everything that it tells and keeps, its policies apart."""
    told = [webhook.get(path)[1] for path in HEALTH]
    kept = [
        path.read_text(errors="replace")
        for path in webhook.folder.rglob("*")
        if path.is_file() and path.parent != webhook.policies
    ]
    return "\n".join([*told, *kept])


@pytest.mark.parametrize("hook", HOOKS)
def test_no_part_of_a_value_is_in_an_answer_or_the_log(
    hook: str, webhook: Webhook, texts: dict[str, str], canaries: Canaries, temporary: Path
) -> None:
    caller = Caller(webhook)
    answers = {name: caller.ask(hook, text) for name, text in texts.items()}

    statuses = {status for status, _ in answers.values()}
    assert statuses == {200, 400}
    if hook == "/mutate/enabled":
        assert any('"allowed":false' in text for _, text in answers.values())
        assert any('"patch":' in text for _, text in answers.values())
    assert {name: it for name, it in answers.items() if canaries.leaks(it[1])} == {}
    assert canaries.leaks(left(webhook)) == set()
    assert list(temporary.iterdir()) == []


def test_nor_where_the_request_itself_is_wrong(webhook: Webhook, canaries: Canaries) -> None:
    caller = Caller(webhook)
    token = canaries()
    answers = [
        caller.ask("/mutate/enabled", token, Content_Type=f"text/{token}"),
        caller.ask("/mutate/enabled", token, Content_Encoding=token),
        caller.ask("/mutate/enabled", token, Authorization=f"Bearer {token}", Cookie=token),
        caller.ask("/mutate/no-such", token),
        caller.ask(f"/mutate/enabled?token={token}", token),
        caller.ask("/mutate/enabled", token, method=token),
        caller.ask("/mutate/enabled", token, Expect=token),
        caller.ask("/mutate/enabled", token, X_A=f"{token}\x01"),
    ]
    health = [webhook.get("/no-such"), webhook.get(f"/readyz?verbose&token={token}")]

    assert [status for status, _ in answers if status < 400] == []
    assert canaries.leaks("\n".join(text for _, text in [*answers, *health])) == set()
    assert canaries.leaks(left(webhook)) == set()


def test_nor_where_secrets_are_put_among_its_policies(
    webhook: Webhook, texts: dict[str, str], canaries: Canaries
) -> None:
    faults = webhook.metric("policy_load_errors")
    for name, text in texts.items():
        path = webhook.policies / f"{name}.yaml"
        path.with_name(f".{path.name}").write_bytes(text.encode("utf-8", "surrogatepass"))
        path.with_name(f".{path.name}").rename(path)
    try:
        webhook.wait_for(
            lambda: webhook.metric("policy_load_errors") > faults, "policy that does not load"
        )
        written = left(webhook)
    finally:
        for name in texts:
            (webhook.policies / f"{name}.yaml").unlink()

    assert "expected a SecretInjectionPolicy; this may hold values" in written
    assert canaries.leaks(written) == set()


def test_nor_where_it_is_started_with_a_secret_for_a_policy(
    texts: dict[str, str], canaries: Canaries, temporary: Path
) -> None:
    names = [name for name in texts if "secret" in name or "broken" in name]
    it = started(temporary, *(texts[name] for name in names))
    try:
        it.spawn()
        it.wait_for(lambda: "the policy cannot be used" in left(it), "complaint about the policy")
        written = left(it)
    finally:
        it.close()

    assert canaries.leaks(written) == set()


def test_it_has_one_form_of_output() -> None:
    (serve,) = [leaf for leaf in leaves() if leaf.path == ("serve",)]

    assert [action.dest for action in serve.options if action.choices is not None] == []
