"""The ways to inject that are compared at the API server, and how each is put into force."""

import base64
import contextlib
import copy
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks import bodies, policies, servers
from benchmarks.apiserver_stage import SELECTED, Stage
from benchmarks.processes import free_port
from tests.controlplane.processes import Program
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import answer

NONE = "no webhook"
NULL = "null webhook (Go)"
CONSTANT = "null webhook with our patch (Go)"
MUTATE = "noxus-secrets, mutate"
BOTH = "noxus-secrets, mutate + validate"
CONTROLLER_RUNTIME = "controller-runtime (Go)"
IN_CEL = "MutatingAdmissionPolicy"

Json = dict[str, Any]
Started = AbstractContextManager[Program | None]

HERE = Path(__file__).resolve().parent
POLICY_IN_CEL = HERE / "cel" / "mutatingadmissionpolicy.yaml"
_BASE = HERE.parent / "manifests" / "base"
_HOOKS = {
    "mutate": _BASE / "60-mutatingwebhookconfiguration.yaml",
    "validate": _BASE / "70-validatingwebhookconfiguration.yaml",
}
_PEER = "pods.peer.example"


@dataclass(frozen=True)
class Variant:
    """One way to inject. `start` puts it into force and yields its process, if it has one."""

    name: str
    start: Callable[[Stage], Started]
    injects: bool = True
    called: Sequence[str] = ()  # the webhooks that a pod of the hooked namespace must meet


def variants(files: servers.Files, ours: str) -> list[Variant]:
    """List them, but for Kyverno, which is not always there."""
    known = {server.name: server for server in servers.servers(files, ours)}

    def webhook(name: str, hooks: Callable[[str, bytes], list[Json]]) -> Callable[[Stage], Started]:
        return lambda stage: _webhook(stage, files, known[name], hooks)

    def constant(stage: Stage) -> Started:
        return _webhook(stage, files, _with_patch(known[servers.NULL]), peer_hook)

    mutate, validate = "pods.enabled.mutate", "pods.enabled.validate"
    names = [f"{each}.secrets.noxus.ai" for each in (mutate, validate)]
    return [
        Variant(NONE, lambda _stage: contextlib.nullcontext(), injects=False),
        Variant(NULL, webhook(servers.NULL, peer_hook), injects=False, called=[_PEER]),
        Variant(CONSTANT, constant, called=[_PEER]),
        Variant(MUTATE, webhook(servers.OURS, _ours("mutate")), called=names[:1]),
        Variant(BOTH, webhook(servers.OURS, _ours("mutate", "validate")), called=names),
        Variant(
            CONTROLLER_RUNTIME,
            webhook(servers.CONTROLLER_RUNTIME, peer_hook),
            called=[_PEER],
        ),
        Variant(IN_CEL, _policy_in_cel),
    ]


def policy_in_cel() -> list[Json]:
    """Return the policy and its binding."""
    return list(yaml.safe_load_all(POLICY_IN_CEL.read_text()))


def our_hooks(kinds: Sequence[str], url: str, ca: bytes) -> list[Json]:
    """Return our manifests, changed in nothing but how the webhook is reached."""
    documents: list[Json] = [yaml.safe_load(_HOOKS[kind].read_text()) for kind in kinds]
    for document in documents:
        for hook in document["webhooks"]:
            path = hook["clientConfig"]["service"]["path"]
            hook["clientConfig"] = _reached(f"{url}{path}", ca)
    return documents


def peer_hook(url: str, ca: bytes) -> list[Json]:
    """Return one mutating hook for new pods, with the same choices as ours."""
    ours = our_hooks(["mutate"], url, ca)[0]
    hook = copy.deepcopy(ours["webhooks"][0])
    # A peer that is not called would look fast: its absence shall be an error.
    hook |= {"name": _PEER, "failurePolicy": "Fail"}
    hook["namespaceSelector"] = {"matchLabels": SELECTED}
    return [{**ours, "metadata": {"name": "peer"}, "webhooks": [hook]}]


def our_patch() -> str:
    """Return the patch that we answer for the worker, in base64."""
    body = bodies.encode(bodies.worker())
    made = answer(body, hook=Hook.MUTATE, mode=NamespaceMode.ENABLED, policies=policies.compiled())
    patch: str = json.loads(made.body)["response"]["patch"]
    return patch


def _with_patch(null: servers.Server) -> servers.Server:
    patch = our_patch()
    return replace(
        null, command=lambda port, health: [*null.command(port, health), "--patch", patch]
    )


def _ours(*kinds: str) -> Callable[[str, bytes], list[Json]]:
    return lambda url, ca: our_hooks(kinds, url, ca)


def _reached(url: str, ca: bytes) -> Json:
    return {"url": url, "caBundle": base64.b64encode(ca).decode()}


@contextlib.contextmanager
def _webhook(
    stage: Stage,
    files: servers.Files,
    server: servers.Server,
    hooks: Callable[[str, bytes], list[Json]],
) -> Iterator[Program]:
    port = free_port()
    documents = hooks(f"https://127.0.0.1:{port}", files.ca.read_bytes())
    with (
        stage.program("webhook", server.command(port, free_port())) as program,
        stage.registered(documents),
    ):
        yield program


@contextlib.contextmanager
def _policy_in_cel(stage: Stage) -> Iterator[None]:
    with stage.registered(policy_in_cel()):
        yield
