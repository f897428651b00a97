"""Follows our one Secret on every replica, and serves what is in it from memory."""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from webhook.cluster.backoff import Backoff
from webhook.cluster.reflector import Reflector, Source, Store
from webhook.core.words import GROUP
from webhook.pki.keyring import KEYS, Keyring
from webhook.telemetry.logs import event

Json = dict[str, Any]

NAME: Final = "noxus-secret-webhook-tls"
_OURS: Final = frozenset(KEYS.values())
GENERATION: Final = f"{GROUP}/generation"
# Set by an operator to "ca" or "leaf", and removed by the leader once that is under way.
ROTATE: Final = f"{GROUP}/rotate"
# Whoever restores an old backup is put right by the leader, which remembers better, in less than a
# second; a new leader is there after 15 s at most. Until then what we have is the better one.
HOLD_BACK: Final = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Found:
    """The Secret as the API server has it, and what of it is ours."""

    secret: Json
    keyring: Keyring
    asked: str  # by an operator: "ca" or "leaf" shall be replaced; empty: nothing


class TlsSecret:
    """What this replica knows of the Secret; nothing of it is ever written to a disk."""

    def __init__(
        self,
        api: Source,
        *,
        namespace: str,
        name: str = NAME,
        offer: Callable[[bytes, bytes], None],
        backoff: Backoff,
        clock: Callable[[], float],
        failed: Callable[[], None],
        hold_back: float = HOLD_BACK,
    ) -> None:
        """Take `offer`, which is given PEM of both parts, and a clock of seconds since 1970."""
        self.namespace, self.name = namespace, name
        self.collection = f"/api/v1/namespaces/{namespace}/secrets"
        self.path = f"{self.collection}/{name}"
        self._offer, self._hold_back = offer, hold_back
        self._reflector = Reflector(
            api,
            self.collection,
            changed=self._changed,
            backoff=backoff,
            clock=clock,
            failed=failed,
            fieldSelector=f"metadata.name={name}",
        )
        self._held: asyncio.TimerHandle | None = None
        self.memory: Keyring | None = None  # what is in force, as far as this replica knows
        self.synced = self._reflector.synced  # set once the API server said what there is
        self.changed = asyncio.Event()  # set at every change; whoever waits for it clears it

    async def run(self) -> None:
        """Follow for ever."""
        try:
            await self._reflector.run()
        finally:
            self._let_go()

    def accept(self, keyring: Keyring) -> None:
        """Serve and remember what is known to be in force."""
        self._let_go()
        self.memory = keyring
        if keyring.tls_crt and keyring.tls_key:
            self._offer(keyring.tls_crt, keyring.tls_key)

    def _changed(self, store: Store) -> None:
        self._let_go()
        for secret in store.values():
            self._consider(found(secret).keyring)
        self.changed.set()

    def _consider(self, keyring: Keyring) -> None:
        memory = self.memory
        if memory is None or keyring.generation > memory.generation or keyring.same_content(memory):
            self.accept(keyring)
            return
        event(
            logging.WARNING,
            "the Secret of our certificates holds something older or unknown; "
            "what is served stays for now",
            found=keyring.generation,
            served=memory.generation,
            seconds=self._hold_back,
        )
        # Should nobody put it back, this is what everybody else goes by.
        loop = asyncio.get_running_loop()
        self._held = loop.call_later(self._hold_back, self.accept, keyring)

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.cancel()
            self._held = None


def found(secret: Json) -> Found:
    """Read a Secret; what is no base64 counts as not there."""
    data = secret.get("data") or {}
    parts = {key: _decoded(value) for key, value in data.items()}
    annotations = _annotations(secret)
    keyring = Keyring.of(parts, _generation(annotations))
    return Found(secret, keyring, _asked(str(annotations.get(ROTATE, ""))))


def new_secret(namespace: str, name: str, keyring: Keyring) -> Json:
    """Write a Secret that was not there."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {
                "app.kubernetes.io/name": "noxus-secret-webhook",
                "app.kubernetes.io/part-of": "noxus",
            },
            "annotations": {GENERATION: str(keyring.generation)},
        },
        "data": _encoded(keyring),
    }


def changed_secret(secret: Json, keyring: Keyring) -> Json:
    """Put a keyring into a Secret, and leave alone what else is there."""
    changed = deepcopy(secret)
    others = {key: it for key, it in (secret.get("data") or {}).items() if key not in _OURS}
    changed["data"] = {**others, **_encoded(keyring)}
    annotations = {**_annotations(secret), GENERATION: str(keyring.generation)}
    annotations.pop(ROTATE, None)
    changed["metadata"]["annotations"] = annotations
    return changed


def _annotations(secret: Json) -> Json:
    return (secret.get("metadata") or {}).get("annotations") or {}


def _asked(text: str) -> str:
    """Take whatever else an operator may have written for the larger of the two."""
    return text if text in ("", "leaf") else "ca"


def _encoded(keyring: Keyring) -> dict[str, str]:
    return {key: base64.b64encode(it).decode() for key, it in keyring.data().items()}


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _generation(annotations: Mapping[str, object]) -> int:
    text = str(annotations.get(GENERATION, ""))
    return int(text) if text.isascii() and text.isdigit() else 0
