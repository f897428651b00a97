"""What instructions are counted of: the decisions about a standard pod, or a snippet.

`python -m tools.instructions_work` is what runs under callgrind.
"""

import base64
import gc
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import jsonpatch

from tools.callgrind import gate
from webhook.core.words import Hook, NamespaceMode
from webhook.loading.load import load_policies
from webhook.wire.answer import answer
from webhook.wire.memo import Memo

ROOT: Final = Path(__file__).resolve().parents[1]
# A worker of tenant-a as the ReplicaSet controller creates it: three containers, 7 kB.
POD: Final = ROOT / "benchmarks/bodies/worker.json"
POLICY: Final = ROOT / "examples/policy.yaml"
# Python specializes what ran a few times: 53 times at most, up to 3.14.
WARM_UP: Final = 100


def work() -> dict[str, Callable[[], object]]:
    """Return what is counted in each run of the tests: name -> a decision."""
    asked = POD.read_bytes()
    final = json.loads(asked)
    _patch(final, answer(asked, **given(Hook.MUTATE)).body)
    refused = json.loads(asked)
    refused["request"]["object"]["metadata"]["labels"]["noxus.ai/role"] = "frontend"
    bodies = {
        "mutate": (asked, Hook.MUTATE),
        "validate": (_compact(final), Hook.VALIDATE),
        "refuse": (_compact(refused), Hook.MUTATE),
    }
    decisions = {name: _decision(body, **given(hook)) for name, (body, hook) in bodies.items()}
    return {**decisions, "mutate, as before": _remembered(asked)}


def _remembered(body: bytes) -> Callable[[], object]:
    """Return the decision about a pod whose like was decided about before."""
    memo, enabled = Memo(answer, secret=bytes(32)), given(Hook.MUTATE)
    for _ in range(WARM_UP):
        memo(body, **enabled)
    if memo.counts()["hit"] < WARM_UP // 2:
        raise AssertionError(f"the standard pod is not remembered: {memo.counts()}")
    return lambda: memo(body, **enabled)


def snippet(statement: str, setup: str) -> Callable[[], object]:
    """Return what runs `statement` once; both see `pod`, `given`, `answer` and `Hook`."""
    names: dict[str, Any] = {
        "pod": POD.read_bytes(),
        "given": given,
        "answer": answer,
        "Hook": Hook,
    }
    exec(setup, names)  # noqa: S102 - as timeit does
    exec(f"def _snippet():\n  {statement}", names)  # noqa: S102
    made: Callable[[], object] = names["_snippet"]
    return made


def given(hook: Hook) -> dict[str, Any]:
    """Return the arguments of `answer` for a hook."""
    return {
        "hook": hook,
        "mode": NamespaceMode.ENABLED,
        "policies": load_policies(POLICY).policies,
    }


def lines(run: Callable[[], object]) -> Counter[str]:
    """Return how many lines of each Python function one call of `run` executes."""
    seen: Counter[str] = Counter()

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        if event == "line":
            seen[_name(frame)] += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return seen


def main(arguments: list[str]) -> None:
    """Go through the gate with nothing first, then with each of what is counted.

    The arguments are `NUMBER` or `NUMBER STATEMENT SETUP`. Prints, for each but the first, which
    Python it executed, as JSON.
    """
    number, *code = arguments
    runs = {"snippet": snippet(*code)} if code else work()
    for run in runs.values():
        for _ in range(WARM_UP):
            run()
    gc.collect()
    gc.freeze()  # as the server does when it has started
    for run in (_nothing, *runs.values()):
        gate(_repeated(run, int(number)))
    json.dump({name: lines(run) for name, run in runs.items()}, sys.stdout)


def _decision(body: bytes, **given: Any) -> Callable[[], object]:  # noqa: ANN401 - handed on
    return lambda: answer(body, **given)


def _repeated(run: Callable[[], object], number: int) -> Callable[[], None]:
    def repeated() -> None:
        for _ in range(number):
            run()

    return repeated


def _nothing() -> None:
    pass


def _patch(review: dict[str, Any], body: bytes) -> None:
    """Apply the answer's patch to the object in the review."""
    request = review["request"]
    patch = base64.b64decode(json.loads(body)["response"]["patch"])
    request["object"] = jsonpatch.apply_patch(request["object"], json.loads(patch))


def _compact(review: dict[str, Any]) -> bytes:
    """Write it as an API server does: without spaces."""
    return json.dumps(review, separators=(",", ":")).encode()


def _name(frame: FrameType) -> str:
    file = Path(frame.f_code.co_filename)
    ours = file.is_relative_to(ROOT / "webhook")
    shown = file.relative_to(ROOT) if ours else file.name
    return f"{shown}:{frame.f_code.co_qualname}"


if __name__ == "__main__":
    main(sys.argv[1:])
