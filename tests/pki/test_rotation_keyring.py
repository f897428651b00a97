"""Between what is remembered and what is found, and what a keyring tells of itself."""

from dataclasses import replace

import pytest

from tests.pki.rotation_kit import DAY, START, Cluster
from webhook.pki.keyring import Keyring, choose, open_keyring

OLD = Keyring(ca_crt=b"old", generation=3)
NOW = Keyring(ca_crt=b"now", generation=7)


@pytest.mark.parametrize(
    ("memory", "found", "chosen", "why"),
    [
        (None, None, None, ""),
        (None, OLD, OLD, ""),
        (NOW, None, NOW, "the Secret was gone"),
        (NOW, NOW, NOW, ""),
        (OLD, NOW, NOW, ""),
        (
            NOW,
            OLD,
            NOW,
            "the Secret held generation 3, an older one than 7, which was in force",
        ),
        (NOW, replace(OLD, generation=7), NOW, "somebody else changed the Secret"),
    ],
)
def test_what_was_known_last_is_gone_on_from(
    memory: Keyring | None, found: Keyring | None, chosen: Keyring | None, why: str
) -> None:
    assert choose(memory, found) == (chosen, why)


def test_a_keyring_shows_no_key() -> None:
    ring = Cluster().reconcile().keyring
    assert "PRIVATE" not in repr(replace(ring, next_ca_key=ring.ca_key))


def test_other_keys_of_the_secret_are_none_of_ours() -> None:
    ring = Cluster().reconcile().keyring
    assert Keyring.of({**ring.data(), "notes": b"x"}, 1) == ring
    assert sorted(ring.data()) == ["ca.crt", "ca.key", "tls.crt", "tls.key"]


def test_a_ca_with_a_flipped_bit_is_seen_although_no_client_would_see_it() -> None:
    ring = Cluster().reconcile().keyring
    lines = ring.ca_crt.splitlines()
    lines[-2] = (
        lines[-2][:-6] + (b"AAAA" if lines[-2][-6:-2] != b"AAAA" else b"BBBB") + lines[-2][-2:]
    )
    opened = open_keyring(replace(ring, ca_crt=b"\n".join(lines)), START)
    assert opened.ca is None
    assert opened.why_no_ca == "the certificate is damaged: its signature does not fit"


@pytest.mark.parametrize(
    ("days", "why"),
    [
        (-3, "the certificate begins on 2029-12-30"),
        (0, ""),
        (362, ""),
        (363, "the certificate expired on 2030-12-30"),
    ],
)
def test_a_ca_is_in_force_for_a_year_two_days_of_which_are_over(days: int, why: str) -> None:
    ring = Cluster().reconcile().keyring
    assert open_keyring(ring, START + days * DAY).why_no_ca == why
