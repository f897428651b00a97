"""A cluster in memory: a Secret, API servers that hear late, replicas that load late, a leader.

Time is the test's. What a TLS client would say is asked of cryptography's own verifier.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from webhook.pki.ensure import Source
from webhook.pki.keyring import Keyring, choose, fingerprint, usable_cas
from webhook.pki.names import service_names
from webhook.pki.plan import Observed, Plan, Since, Wish
from webhook.pki.rotation import plan

START = datetime(2030, 1, 1, 12, tzinfo=UTC)
NAMES = service_names("hook", "noxus")
WISH = Wish(NAMES)
HOST = "hook.noxus.svc"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def source() -> Source:
    serials = count(1)
    return Source(new_key, lambda: next(serials))


def verifies(bundle: bytes, leaf: bytes, at: datetime, host: str = HOST) -> str:
    """Ask a verifier that is not ours; empty: a client that trusts the bundle takes the leaf."""
    try:
        cas = _certificates(bundle)
        verifier = PolicyBuilder().store(Store(cas)).time(at.replace(tzinfo=None))
        verifier.build_server_verifier(x509.DNSName(host)).verify(_certificates(leaf)[0], [])
    except (ValueError, VerificationError) as problem:
        return str(problem) or type(problem).__name__
    return ""


@cache
def _certificates(pem: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem)


class Late:
    """A value that is seen some time after it was written."""

    def __init__(self) -> None:
        self._history: list[tuple[datetime, bytes]] = []

    def write(self, value: bytes, at: datetime) -> None:
        if not self._history or self._history[-1][1] != value:
            self._history.append((at, value))

    def seen(self, at: datetime, delay: timedelta) -> bytes:
        """Return what somebody sees who hears of everything `delay` later; b"" before that."""
        return next((value for when, value in reversed(self._history) if when <= at - delay), b"")


@dataclass
class Replica:
    """Serves what it loaded last, and reports that every ten seconds."""

    delay: timedelta
    leaf: bytes = b""
    reported: str = ""
    reported_at: datetime = START - DAY

    def look(self, secret: Late, at: datetime) -> None:
        self.leaf = secret.seen(at, self.delay) or self.leaf
        if self.leaf and at - self.reported_at >= 10 * SECOND:
            self.reported = fingerprint(_certificates(self.leaf)[0])
            self.reported_at = at


@dataclass
class Leader:
    """Reconciles once; remembers what it last knew unless a test makes it forget."""

    fresh: Source = field(default_factory=source)
    wish: Wish = WISH
    memory: Keyring | None = None
    trusted: Since = field(default_factory=Since)
    served: Since = field(default_factory=Since)


@dataclass
class Cluster:
    """Everything together; `skew` is how wrong the leader's clock is."""

    replicas: list[Replica] = field(default_factory=list)
    hearing: list[timedelta] = field(default_factory=list)  # of each API server
    at: datetime = START
    skew: timedelta = timedelta()
    secret: Keyring | None = None
    configurations: list[bytes] = field(default_factory=lambda: [b"", b""])
    asked: str = ""
    leader: Leader = field(default_factory=Leader)
    plans: list[Plan] = field(default_factory=list)
    published: Late = field(default_factory=Late)
    served: Late = field(default_factory=Late)

    def reconcile(self) -> Plan:
        """Do what the leader does, as one step."""
        leader, clock, at = self.leader, self.at.timestamp(), self.at + self.skew
        remembered, _ = choose(leader.memory, self.secret)
        cas = [set(usable_cas(each, at)) for each in self.configurations]
        carried = set.intersection(*cas)
        reports = {each.reported for each in self.replicas}
        first = leader.memory is None
        observed = Observed(
            trusted_for=leader.trusted.look(map(fingerprint, carried), clock),
            served_for=leader.served.look(reports if len(reports) == 1 else (), clock),
            published=tuple(carried) if first else (),
            asked=self.asked,
        )
        made = plan(remembered, observed, at, wish=leader.wish, fresh=leader.fresh)
        self.secret = leader.memory = made.keyring
        self.configurations = [made.bundle] * len(self.configurations)
        self.asked = ""
        self.plans.append(made)
        self.published.write(made.bundle, self.at)
        self.served.write(made.keyring.tls_crt, self.at)
        return made

    def look(self) -> None:
        """Let the replicas load what they hear of."""
        for replica in self.replicas:
            replica.look(self.served, self.at)

    def pairs(self) -> Iterator[tuple[bytes, bytes]]:
        """Give every bundle of an API server with every certificate of a replica."""
        bundles = {self.published.seen(self.at, delay) for delay in self.hearing}
        for leaf in {replica.leaf for replica in self.replicas} - {b""}:
            yield from ((bundle, leaf) for bundle in bundles)

    def broken(self) -> list[str]:
        """Say which calls would fail now."""
        found = (verifies(bundle, leaf, self.at) for bundle, leaf in self.pairs())
        return [why for why in found if why]

    def run(
        self, until: datetime, *, each: Callable[["Cluster"], None], step: timedelta = HOUR
    ) -> None:
        """Let time pass, in big steps at rest and in small ones while something is under way."""
        busy_until = self.at
        while self.at < until:
            made = self.reconcile()
            if made.changed or made.step:
                busy_until = self.at + 5 * MINUTE
            self.look()
            each(self)
            self.at += 5 * SECOND if self.at < busy_until else step
