"""What the life of self-managed certificates is decided from, and what a decision says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from cryptography import x509

from webhook.pki.authority import CA_LIFETIME
from webhook.pki.keyring import Keyring
from webhook.pki.leaf import LEAF_LIFETIME
from webhook.pki.names import Names

# Watches bring a change to every API server within milliseconds. One whose watch broke lists anew
# after at most 30 s, which is the longest pause of client-go's reflectors; twice that.
OVERLAP: Final = timedelta(seconds=60)
# Certificates begin early: the clock of the leader that makes one may be a day ahead of everyone
# else's, and that of the leader after it a day behind. It is good for all of them at once.
BACKDATED: Final = timedelta(days=2)
# While a rotation is under way its next step waits for something that nobody announces.
LOOK_IN_ROTATION: Final = timedelta(seconds=5)
# Nothing is due before days; this bounds what a clock that was put right, or a lost event, can do.
LOOK_AT_REST: Final = timedelta(minutes=5)

Step = Literal[0, 1, 2]


@dataclass(frozen=True, slots=True)
class Times:
    """How long everything lives and waits; tests make a year of it in seconds."""

    ca: timedelta = CA_LIFETIME
    leaf: timedelta = LEAF_LIFETIME
    overlap: timedelta = OVERLAP
    backdated: timedelta = BACKDATED
    look_in_rotation: timedelta = LOOK_IN_ROTATION
    look_at_rest: timedelta = LOOK_AT_REST


@dataclass(frozen=True, slots=True)
class Wish:
    """What the Secret shall hold a certificate for."""

    names: Names
    times: Times = field(default_factory=Times)


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of the cluster. Durations are measured, so that no clock can shorten them."""

    # CA -> how long all webhook configurations have carried it; no entry: some do not.
    trusted_for: Mapping[str, timedelta] = field(default_factory=dict)
    # Serving certificate -> how long all known replicas have served it.
    served_for: Mapping[str, timedelta] = field(default_factory=dict)
    # Only where nothing is remembered: the CAs that were published before.
    published: tuple[x509.Certificate, ...] = ()
    asked: str = ""  # by an operator, "ca" or "leaf": it is replaced although it is not due


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall be, and what is to be said of it."""

    keyring: Keyring
    changed: bool
    bundle: bytes  # PEM of all CAs that shall be trusted, the oldest first
    why: tuple[str, ...]  # a sentence for each change
    step: Step  # 0: at rest; 1: the successor is published; 2: the old CA is still trusted
    publish_first: bool  # the certificate is of a CA that nobody trusts yet
    look_again: timedelta
    ca_not_after: datetime


class Since:
    """Measures for how long each of some things has been there without a break."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def look(self, there: Iterable[str], clock: float) -> dict[str, timedelta]:
        """Note what is there now, by a clock that nobody can set; returns for how long it was."""
        self._since = {each: self._since.get(each, clock) for each in there}
        return {each: timedelta(seconds=clock - at) for each, at in self._since.items()}
