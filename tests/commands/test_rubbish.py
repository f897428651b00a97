"""Whatever a file holds, a command ends with a code and a message, never a traceback."""

import json
import random
from typing import Any

import pytest
import yaml

from tests.commands.kit import PODS, POLICY, ROOT, Ran, run

pytestmark = pytest.mark.slow

JUNK = (None, [], {}, "x", 5, True, [None], [{}], {"a": None}, "", [[]], -1, 1.5)
FRAGMENTS = (
    *("\n---\n", "\n...\n", "#", "- ", "&a ", "*a", ": ", "  ", "\t", "'", '"', "{", "}", "[", "]"),
    *("\n", "\r\n", "|", "> ", "!!str ", "null", "~", "%YAML 1.1\n", "\ufeff", "\u2028", "é"),
    *("<<: ", "? ", "envFrom:\n", "\x00"),
)
CANARY = "hunter2-canary"
TEXTS = [
    *(path.read_text() for path in sorted(PODS.glob("*.yaml"))),
    (ROOT / "examples" / "deployments" / "noxus.yaml").read_text(),
    f"""\
kind: Pod
metadata: {{name: p, labels: {{noxus.ai/role: backend}}}}
spec:
  initContainers:
    - &base
      name: api
      envFrom: &sources # those of all
        - secretRef: {{name: app-env}}
        - configMapRef: {{name: custom}}
        - secretRef: {{name: app-env, optional: true}}
      env: [{{name: A, value: {CANARY}}}, {{name: PLUGIN_SERVER_API_KEY, value: {CANARY}}}]
  containers:
    - {{<<: *base, name: b}}
    - name: c
      envFrom: *sources
""",
]


def inject(text: str, *words: str) -> Ran:
    return run("inject", "--policy", POLICY, "-n", "noxus", "-f", "-", *words, stdin=text)


def places(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - any JSON value
    """Return every container of a value with each key in it."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [pair for key in keys for pair in ((value, key), *places(value[key]))]


def spoiled(text: str, rnd: random.Random) -> str:
    """Spoil the values of a text, or the text itself."""
    if rnd.random() < 0.5:
        for _ in range(rnd.randint(1, 4)):
            at = rnd.randrange(len(text) + 1)
            cut = rnd.choice((0, 0, 1, 5))
            text = text[:at] + (rnd.choice(FRAGMENTS) if cut == 0 else "") + text[at + cut :]
        return text
    documents = json.loads(json.dumps(list(yaml.safe_load_all(text))))
    for _ in range(rnd.randint(1, 3)):
        holder, key = rnd.choice(places(documents))
        if rnd.random() < 0.7:
            holder[key] = rnd.choice(JUNK)
        elif isinstance(holder, list):
            holder.append(holder[key])
    if rnd.random() < 0.3:
        return "\n".join(json.dumps(d, indent=rnd.choice((None, 2))) for d in documents)
    return yaml.safe_dump_all(documents, default_flow_style=rnd.choice((None, True, False)))


@pytest.mark.parametrize("seed", range(8))
def test_no_rubbish_makes_a_command_fall_over(seed: int) -> None:
    rnd = random.Random(seed)  # noqa: S311 - no secret hangs on it
    codes = set()
    for _ in range(40):
        text = spoiled(rnd.choice(TEXTS), rnd)
        given = ("--policy", POLICY, "-n", "noxus", "-f", "-")
        told = run("explain", *given, stdin=text)
        machine = run("explain", *given, "-o", "json", stdin=text)
        done = inject(text)

        for ran in (told, machine, done):
            assert ran.code in {0, 1, 2}, text
            assert (ran.code == 2) == ("noxus-secrets: " in ran.err), text
        assert CANARY not in told.out + told.err + machine.out + machine.err + done.err, text
        if done.code == 0:
            assert inject(done.out).out == done.out, text
        codes.add(done.code)

    assert {0, 2} <= codes


def test_what_cannot_be_written_is_told_with_the_way_out() -> None:
    text = TEXTS[-1].replace("name: b}", "name: b, a\tb: c}")

    same, machine = inject(text), inject(text, "-o", "json")

    assert same.code == 2
    assert same.err.splitlines()[-1] == (
        "noxus-secrets: <stdin>:1: this YAML cannot be written with its formatting kept: "
        "use -o json"
    )
    assert machine.code == 0
    assert json.loads(machine.out)["spec"]["containers"][0]["a\tb"] == "c"
