"""Whatever happens to the Secret, the bundles, the replicas and the clocks: one look heals it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.pki.rotation_kit import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    START,
    WISH,
    Cluster,
    Leader,
    Replica,
    new_key,
    source,
    verifies,
)
from webhook.pki.authority import (
    certificate_pem,
    create_authority,
    key_pem,
    read_certificate,
    read_key,
)
from webhook.pki.keyring import KEYS, Keyring, open_keyring
from webhook.pki.leaf import issue_leaf

pytestmark = pytest.mark.slow

RUBBISH = (
    b"",
    b"rubbish",
    b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    b"\x00\xff",
)
OTHER_CA = create_authority(key=new_key(), serial=5, at=START)
OLD_CA = create_authority(key=new_key(), serial=6, at=START - 700 * DAY)
FOREIGN = issue_leaf(OTHER_CA, names=WISH.names, key=OTHER_CA.key, serial=7, at=START)  # type: ignore[arg-type]
STRANGE = (
    *RUBBISH,
    certificate_pem(OTHER_CA.certificate),
    certificate_pem(OLD_CA.certificate),
    certificate_pem(FOREIGN),
    key_pem(OTHER_CA.key),
    key_pem(OLD_CA.key),
)


def with_parts(secret: Keyring | None, parts: dict[str, bytes]) -> Keyring:
    secret = secret or Keyring()
    keys = {KEYS[part]: content for part, content in parts.items()}
    return Keyring.of({**secret.data(), **keys}, secret.generation)


class Faults(RuleBasedStateMachine):
    """Breaks one thing after another, and lets the leader look once after each."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster(replicas=[Replica(SECOND)], hearing=[timedelta()])
        self.backups: list[Keyring] = []

    @initialize()
    def install(self) -> None:
        self.look()

    def look(self) -> None:
        """Reconcile once and hold the result to what was promised."""
        cluster = self.cluster
        made = cluster.reconcile()
        for at in (cluster.at, cluster.at + cluster.skew):
            assert verifies(made.bundle, made.keyring.tls_crt, at) == ""
        leaf, ca = read_certificate(made.keyring.tls_crt), read_certificate(made.keyring.ca_crt)
        assert leaf.not_valid_after_utc <= ca.not_valid_after_utc
        assert read_key(made.keyring.tls_key).public_key() == leaf.public_key()
        opened = open_keyring(made.keyring, cluster.at + cluster.skew)
        assert opened.ca is not None
        assert opened.why_no_successor == ""
        assert (not made.why) == (not made.changed)
        self.backups.append(made.keyring)

    @invariant()
    def a_second_look_changes_nothing(self) -> None:
        if self.cluster.plans:
            assert not self.cluster.reconcile().changed

    @rule(after=st.sampled_from([SECOND, MINUTE, HOUR, DAY, 10 * DAY, 100 * DAY, 400 * DAY]))
    def time_passes(self, after: timedelta) -> None:
        self.cluster.at += after
        self.look()

    @rule(part=st.sampled_from([*KEYS]), content=st.sampled_from(STRANGE), forget=st.booleans())
    def a_part_is_replaced(self, part: str, content: bytes, forget: bool) -> None:
        self.cluster.secret = with_parts(self.cluster.secret, {part: content})
        self.after(forget=forget)

    @rule(part=st.sampled_from([*KEYS]), place=st.integers(0, 1500), byte=st.integers(0, 255))
    def a_byte_is_flipped(self, part: str, place: int, byte: int) -> None:
        secret = self.cluster.secret or Keyring()
        content = bytearray(getattr(secret, part))
        if place < len(content):
            content[place] = byte
        self.cluster.secret = with_parts(secret, {part: bytes(content)})
        self.after(forget=True)

    @rule(one=st.sampled_from([*KEYS]), other=st.sampled_from([*KEYS]))
    def two_parts_are_mixed_up(self, one: str, other: str) -> None:
        secret = self.cluster.secret or Keyring()
        swapped = {one: getattr(secret, other), other: getattr(secret, one)}
        self.cluster.secret = with_parts(secret, swapped)
        self.after(forget=True)

    @rule(forget=st.booleans())
    def the_secret_is_deleted(self, forget: bool) -> None:
        before = self.cluster.secret
        self.cluster.secret = None
        self.after(forget=forget)
        made = self.cluster.secret
        assert made is not None
        if before is not None and not forget and not self.cluster.plans[-1].changed:
            assert made.same_content(before)

    @rule(which=st.integers(0, 1000), forget=st.booleans())
    def an_old_backup_is_restored(self, which: int, forget: bool) -> None:
        self.cluster.secret = self.backups[which % len(self.backups)]
        self.after(forget=forget)

    @rule(content=st.sampled_from(STRANGE), both=st.booleans())
    def a_bundle_is_broken(self, content: bytes, both: bool) -> None:
        self.cluster.configurations = [content, content if both else b""]
        self.look()

    @rule(skew=st.sampled_from([-1 * DAY, timedelta(), DAY]))
    def the_clock_jumps(self, skew: timedelta) -> None:
        self.cluster.skew = skew
        self.look()

    @rule(count=st.integers(0, 3), delay=st.sampled_from([timedelta(), MINUTE]))
    def replicas_die_and_others_come(self, count: int, delay: timedelta) -> None:
        self.cluster.replicas = [Replica(delay) for _ in range(count)]
        self.cluster.look()
        self.look()

    @rule(what=st.sampled_from(["ca", "leaf", "rubbish"]))
    def an_operator_asks(self, what: str) -> None:
        self.cluster.asked = what
        self.look()

    @rule()
    def a_rotation_is_given_time(self) -> None:
        for _ in range(60):
            self.cluster.at += 5 * SECOND
            self.cluster.look()
            self.look()
        if self.cluster.replicas:
            assert self.cluster.plans[-1].step == 0 or any(
                each.delay > SECOND for each in self.cluster.replicas
            )

    def after(self, *, forget: bool) -> None:
        if forget:
            self.cluster.leader = Leader(fresh=source())
        self.look()


TestFaults = Faults.TestCase
TestFaults.settings = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def broken(spoil: Callable[[Keyring], Keyring]) -> tuple[Cluster, Keyring]:
    """Install, spoil the Secret, and let a leader look that remembers nothing."""
    cluster = Cluster(replicas=[Replica(SECOND)], hearing=[timedelta()])
    before = cluster.reconcile().keyring
    cluster.secret = spoil(before)
    cluster.leader = Leader(fresh=source())
    cluster.at += HOUR
    cluster.reconcile()
    return cluster, before


def parts(before: Keyring, after: Keyring) -> set[str]:
    return {part for part in KEYS if getattr(before, part) != getattr(after, part)}


OTHER_KEY = key_pem(new_key())


@pytest.mark.parametrize(
    ("spoil", "replaced", "why"),
    [
        pytest.param(lambda it: it, set(), [], id="nothing"),
        pytest.param(
            lambda it: replace(it, tls_key=OTHER_KEY),
            {"tls_crt", "tls_key"},
            [("a serving certificate was issued: the key does not belong to the certificate")],
            id="another key",
        ),
        pytest.param(
            lambda it: replace(it, tls_crt=certificate_pem(FOREIGN), tls_key=key_pem(OTHER_CA.key)),
            {"tls_crt", "tls_key"},
            ["a serving certificate was issued: another CA had signed it"],
            id="a foreign certificate",
        ),
        pytest.param(
            lambda it: replace(it, tls_crt=it.tls_crt * 2),
            {"tls_crt", "tls_key"},
            ["a serving certificate was issued: more than one certificate stood there"],
            id="a chain",
        ),
        pytest.param(
            lambda it: replace(it, ca_key=b"rubbish"),
            {"next_ca_crt", "next_ca_key"},
            [
                (
                    "a new CA was made, to be published beside the old one: the key of the old "
                    "one cannot be used: the key cannot be read as PEM"
                )
            ],
            id="the CA's key",
        ),
        pytest.param(
            lambda it: replace(it, ca_crt=b"rubbish"),
            {"ca_crt", "ca_key", "tls_crt", "tls_key", "previous_ca_crt"},
            [
                "a new CA was made, which signs from now on: the certificate cannot be read as PEM",
                "a serving certificate was issued: another CA had signed it",
            ],
            id="the CA",
        ),
        pytest.param(
            lambda it: replace(it, ca_key=b"", tls_key=b""),
            {"ca_crt", "ca_key", "tls_crt", "tls_key", "previous_ca_crt"},
            [
                (
                    "a new CA was made, which signs from now on: the key of the old one cannot "
                    "be used: the key is missing"
                ),
                "a serving certificate was issued: the key cannot be read as PEM",
            ],
            id="both keys",
        ),
        pytest.param(
            lambda it: replace(it, next_ca_crt=it.ca_crt, next_ca_key=OTHER_KEY),
            set(),
            ["the prepared CA was removed: the key does not belong to the certificate"],
            id="the prepared CA",
        ),
        pytest.param(
            lambda it: replace(it, previous_ca_crt=b"rubbish"),
            set(),
            ["parts of the Secret that were of no use were removed"],
            id="the old CAs",
        ),
    ],
)
def test_as_little_as_possible_is_replaced(
    spoil: Callable[[Keyring], Keyring], replaced: set[str], why: list[str]
) -> None:
    cluster, before = broken(spoil)
    assert cluster.secret is not None
    changed = parts(before, cluster.secret) - ({"ca_key"} if "next_ca_key" in replaced else set())
    assert changed == replaced
    assert list(cluster.plans[-1].why) == why


def test_who_served_before_the_secret_was_lost_is_trusted_until_it_has_loaded_the_new() -> None:
    cluster = Cluster(replicas=[Replica(3 * SECOND)], hearing=[timedelta()])
    cluster.reconcile()
    cluster.at += MINUTE
    cluster.look()
    cluster.secret, cluster.leader = None, Leader(fresh=source())
    cluster.reconcile()
    for _ in range(60):
        cluster.look()
        assert cluster.broken() == []
        cluster.at += 5 * SECOND
        cluster.reconcile()
    assert cluster.plans[-1].step == 0


def test_a_lost_ca_key_is_replaced_without_a_failing_call() -> None:
    cluster = Cluster(replicas=[Replica(MINUTE)], hearing=[timedelta(), 30 * SECOND])
    cluster.reconcile()
    cluster.at += HOUR
    cluster.look()
    assert cluster.secret is not None
    cluster.secret, cluster.leader = replace(cluster.secret, ca_key=b""), Leader(fresh=source())
    steps = []
    for _ in range(60):
        steps.append(cluster.reconcile().step)
        cluster.look()
        assert cluster.broken() == []
        cluster.at += 5 * SECOND
    assert sorted(set(steps)) == [0, 1, 2]
    assert steps[-1] == 0


def test_other_names_issue_another_certificate_at_once() -> None:
    cluster = Cluster()
    before = cluster.reconcile().keyring
    names = replace(WISH.names, dns=("other.noxus.svc",))
    cluster.leader.wish = replace(WISH, names=names)
    made = cluster.reconcile()
    assert parts(before, made.keyring) == {"tls_crt", "tls_key"}
    assert made.why == ("a serving certificate was issued: other names",)
    assert verifies(made.bundle, made.keyring.tls_crt, START, "other.noxus.svc") == ""


def test_a_certificate_that_ends_with_its_ca_is_not_issued_again_and_again() -> None:
    """Where nobody ever reads the bundle the rotation waits, and the CA nears its end."""
    cluster = Cluster()
    cluster.reconcile()
    changes = 0
    for day in range(362):
        cluster.at = START + day * DAY
        cluster.configurations = [b"", b""]
        changes += cluster.reconcile().changed
    assert changes == 363 // 18 - 1 + 1  # each month's certificate, and the successor of the CA
    cluster.at = START + 364 * DAY
    made = cluster.reconcile()
    assert made.why[0] == (
        "the prepared CA signs from now on: the certificate expired on 2030-12-30"
    )
