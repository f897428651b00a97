"""The life of self-managed certificates: what to change next, and why.

PURE: the moment, fresh keys and serials, and what was seen of the cluster are arguments.

A CA is replaced with overlap, so that whoever trusts and whoever serves may be late:

1. the successor is made and published beside the CA; certificates are still the CA's;
2. once every API server must have it, it signs the serving certificate, and both stay published;
3. once every replica serves that certificate, the old CA is dropped.

Every step is one write of the Secret, and is found again in it by whoever leads next.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509

from webhook.pki.authority import (
    Authority,
    certificate_pem,
    create_authority,
    key_pem,
    why_not_in_force,
)
from webhook.pki.ensure import Source
from webhook.pki.keyring import Keyring, fingerprint, open_keyring
from webhook.pki.leaf import issue_leaf, needs_renewal
from webhook.pki.names import names_of
from webhook.pki.plan import Observed, Plan, Step, Wish


def plan(
    found: Keyring | None, observed: Observed, at: datetime, *, wish: Wish, fresh: Source
) -> Plan:
    """Decide what the Secret and the bundle shall be; `found` None: there is no Secret.

    Never raises, whatever the Secret holds. The serving certificate of the result is in force at
    `at`, and so is its CA, which is in the bundle.
    """
    making = _Making(found or Keyring(), observed, at, wish, fresh)
    cas = making.switched(making.prepared(making.settled()))
    leaf = making.certified(cas)
    return making.result(making.released(cas, leaf), leaf)


@dataclass(frozen=True, slots=True)
class _Cas:
    """The CAs as they shall be."""

    ca: x509.Certificate
    signer: Authority | None  # the CA with its key; None: the key is lost
    successor: Authority | None
    previous: tuple[x509.Certificate, ...]

    def promote(self, successor: Authority) -> "_Cas":
        """Let the successor take the CA's place, which stays trusted."""
        return _Cas(successor.certificate, successor, None, (*self.previous, self.ca))

    def trusted(self) -> dict[str, x509.Certificate]:
        """Give all that shall be trusted, by fingerprint."""
        successor = [] if self.successor is None else [self.successor.certificate]
        return {fingerprint(each): each for each in (*self.previous, *successor, self.ca)}


@dataclass(frozen=True, slots=True)
class _Leaf:
    """The serving certificate as it shall be."""

    certificate: x509.Certificate
    crt: bytes  # PEM
    key: bytes = field(repr=False)


class _Making:
    """One plan in the making, and the reasons so far."""

    def __init__(
        self, found: Keyring, observed: Observed, at: datetime, wish: Wish, fresh: Source
    ) -> None:
        self._found, self._observed, self._at = found, observed, at
        self._wish, self._times, self._fresh = wish, wish.times, fresh
        self._opened = open_keyring(found, at)
        self._why: list[str] = []

    def settled(self) -> _Cas:
        """Find a CA that can sign, or whose certificate can be served until there is one."""
        opened = self._opened
        previous = opened.previous + self._adopted()
        if opened.ca is not None and (opened.signer is not None or self._is_served()):
            return _Cas(opened.ca, opened.signer, opened.successor, previous)
        why = opened.why_no_ca or f"the key of the old one cannot be used: {opened.why_no_signer}"
        if opened.successor is not None:
            self._why.append(f"the prepared CA signs from now on: {why}")
        else:
            self._why.append(f"a new CA was made, which signs from now on: {why}")
        signer = opened.successor or self._create_ca()
        if opened.ca is not None:  # replicas may still serve what it signed
            previous += (opened.ca,)
        return _Cas(signer.certificate, signer, None, previous)

    def prepared(self, cas: _Cas) -> _Cas:
        """Make a successor where one is due: step 1."""
        if self._opened.why_no_successor:
            self._why.append(f"the prepared CA was removed: {self._opened.why_no_successor}")
        why = self._why_rotate(cas)
        if not why or cas.successor is not None:
            return cas
        self._why.append(f"a new CA was made, to be published beside the old one: {why}")
        return replace(cas, successor=self._create_ca())

    def switched(self, cas: _Cas) -> _Cas:
        """Let the successor sign once every API server must trust it: step 2."""
        if cas.successor is None:
            return cas
        trusted = self._observed.trusted_for.get(fingerprint(cas.successor.certificate))
        if trusted is None or trusted < self._times.overlap:
            return cas
        self._why.append("the new CA signs from now on: every API server must have it by now")
        return cas.promote(cas.successor)

    def certified(self, cas: _Cas) -> _Leaf:
        """Issue a serving certificate where one is due."""
        why = self._why_certify(cas)
        kept = self._opened.leaf
        if kept is not None and (not why or cas.signer is None):
            return _Leaf(kept, self._found.tls_crt, self._found.tls_key)
        if cas.signer is None:
            raise AssertionError("a CA without a key is kept for its certificate only")
        key = self._fresh.key()
        leaf = issue_leaf(
            cas.signer,
            names=self._wish.names,
            key=key,
            serial=self._fresh.serial(),
            at=self._at - self._times.backdated,
            lifetime=self._times.leaf,
        )
        self._why.append(f"a serving certificate was issued: {why}")
        return _Leaf(leaf, certificate_pem(leaf), key_pem(key))

    def released(self, cas: _Cas, leaf: _Leaf) -> _Cas:
        """Trust old CAs no longer once every replica has left their certificates: step 3."""
        served = self._observed.served_for.get(fingerprint(leaf.certificate))
        if not cas.previous or served is None or served < self._times.overlap:
            return cas
        self._why.append("the old CA is dropped: every replica serves a certificate of the new one")
        return replace(cas, previous=())

    def result(self, cas: _Cas, leaf: _Leaf) -> Plan:
        """Put everything together."""
        trusted = sorted(cas.trusted().items(), key=lambda it: (it[1].not_valid_before_utc, it[0]))
        ring = self._keyring(cas, leaf)
        changed = ring != self._found
        if changed:
            ring = replace(ring, generation=ring.generation + 1)
        if changed and not self._why:
            self._why.append("parts of the Secret that were of no use were removed")
        rotating: Step = 1 if cas.successor is not None else 2 if cas.previous else 0
        times = self._times
        return Plan(
            keyring=ring,
            changed=changed,
            bundle=b"".join(certificate_pem(each) for _, each in trusted),
            why=tuple(self._why),
            step=rotating,
            publish_first=fingerprint(cas.ca) not in self._observed.trusted_for,
            look_again=times.look_in_rotation if rotating else times.look_at_rest,
            ca_not_after=cas.ca.not_valid_after_utc,
        )

    def _keyring(self, cas: _Cas, leaf: _Leaf) -> Keyring:
        signer, successor = cas.signer, cas.successor
        current = {fingerprint(cas.ca)}
        if successor is not None:
            current.add(fingerprint(successor.certificate))
        old = {mark: each for mark, each in cas.trusted().items() if mark not in current}
        return Keyring(
            ca_crt=certificate_pem(cas.ca),
            ca_key=key_pem(signer.key) if signer is not None else self._found.ca_key,
            tls_crt=leaf.crt,
            tls_key=leaf.key,
            next_ca_crt=b"" if successor is None else certificate_pem(successor.certificate),
            next_ca_key=b"" if successor is None else key_pem(successor.key),
            previous_ca_crt=b"".join(map(certificate_pem, old.values())),
            generation=self._found.generation,
        )

    def _adopted(self) -> tuple[x509.Certificate, ...]:
        """Go on trusting what was published before, where that is not the CA of this Secret.

        Somebody deleted or restored it while none of us was there to remember, or another way of
        having certificates was in use: replicas may still serve what those CAs signed.
        """
        published, ca = self._observed.published, self._opened.ca
        if ca is not None and ca in published:
            return ()
        return tuple(each for each in published if not why_not_in_force(each, self._at))

    def _is_served(self) -> bool:
        """Tell whether the present certificate will do, so that a lost CA key need not hurry."""
        if self._opened.leaf is None:
            return False
        there, wanted = names_of(self._opened.leaf), self._wish.names
        return set(wanted.dns) <= set(there.dns) and set(wanted.ips) <= set(there.ips)

    def _create_ca(self) -> Authority:
        begin = self._at - self._times.backdated
        return create_authority(
            key=self._fresh.key(),
            serial=self._fresh.serial(),
            at=begin,
            lifetime=self._times.ca,
        )

    def _why_rotate(self, cas: _Cas) -> str:
        """Say why the CA needs a successor; empty: it does not."""
        if cas.signer is None:
            return f"the key of the old one cannot be used: {self._opened.why_no_signer}"
        if cas.ca != self._opened.ca:
            return ""  # it is new itself
        if self._observed.asked == "ca":
            return "asked for"
        return "two thirds of its life are over" if needs_renewal(cas.ca, self._at) else ""

    def _why_certify(self, cas: _Cas) -> str:
        """Say why a certificate has to be issued; empty: the present one is good."""
        leaf = self._opened.leaf
        if leaf is None:
            return self._opened.why_no_leaf
        if cas.ca != self._opened.ca:
            return "its CA is a new one"
        if names_of(leaf) != self._wish.names:
            return "other names"
        if self._observed.asked == "leaf":
            return "asked for"
        # One that ends with its CA cannot be had any longer: issuing it again and again, each time
        # for less, would help nobody.
        longer = leaf.not_valid_after_utc < cas.ca.not_valid_after_utc
        return "two thirds of its life are over" if longer and needs_renewal(leaf, self._at) else ""
