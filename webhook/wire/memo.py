"""A memory of answers: the pods of one workload are decided about once.

A controller creates one pod after the other from one template. Their reviews differ in a few
strings that no decision reads (`webhook.wire.cuts`), and the answers in the uid that each repeats.
So the rest of a review is hashed, and where the hash is known, so is the answer.

**Two reviews with one hash get the answers that they would get without a memo.** Whoever reaches
our port may send what he likes to bring that about, so it is to hold for any two bodies:

1. Equal hashes are equal rests: SHA-256. Before the rest goes a secret of this process, the hook
   and the mode. All bytes are in the rest but those that are cut, so that a rule which comes to
   read another field is safe from the start. Another set of policies empties the memory.
2. With equal rests, two bodies have their marks in the same places, and between them, in place of
   the marks, letters, digits, "-", "." and ":" only. These end no string, begin none and escape
   nothing: both bodies are one document, but for the content of the same strings.
3. That an answer does not depend on the content of these strings is found out before it is kept
   (`webhook.wire.proof`), with the rest itself, and so for all bodies that share it.
4. It is compared once more with the answer that the review got without the memory.

Kept are hashes and answers, nothing of a pod's spec: no value of a variable outlives its request.
Only plain answers are kept: allowed, with or without a patch, without warnings, about new pods. And
only from the second time on: a pod that is one of a kind costs no proof, and takes no place. Where
nearly all pods are, most are not even looked up (`webhook.wire.patience`).
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

import msgspec

from webhook.core.decision import Allow, Decision, Mutate
from webhook.core.policyset import PolicySet
from webhook.core.request import What
from webhook.core.words import Hook, NamespaceMode
from webhook.wire import cuts
from webhook.wire.answer import Answer, Record
from webhook.wire.cuts import Cut, Strings, cut, put
from webhook.wire.patience import Patience
from webhook.wire.proof import depends, stand_ins

# Two hooks for each of 512 workloads, of which a replica sees few at a time. An entry is about as
# large as its answer, some 3 kB; and never more than three times MAX_ANSWER, so 24 MiB are the most
# that anybody could fill.
SIZE: Final = 1024
MAX_ANSWER: Final = 8192

_replace: Final = msgspec.structs.replace


class Answerer(Protocol):
    """Decides about one AdmissionReview: `webhook.wire.answer.answer`."""

    def __call__(
        self, body: bytes, *, hook: Hook, mode: NamespaceMode, policies: PolicySet
    ) -> Answer:
        """Give the answer, or raise."""


class _Kept(NamedTuple):
    """An answer without what differs from one review to the next."""

    before: bytes  # the uid
    after: bytes
    record: Record
    named: str  # the place that the record's name comes from; empty: it is the same for all
    decision: Decision


class Memo:
    """Answers as `answer` does, and remembers; what it raises is not remembered."""

    def __init__(
        self,
        answer: Answerer,
        *,
        secret: bytes,
        size: int = SIZE,
        patience: Patience | None = None,
    ) -> None:
        """Take who answers what is not known, and random bytes that are this process's own."""
        self._answer, self._size = answer, size
        self._patience = patience or Patience()
        self._begun = {
            (hook, mode): sha256(secret + f"{hook} {mode} ".encode())
            for hook in Hook
            for mode in NamespaceMode
        }
        self._policies: PolicySet | None = None
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()  # what was used last comes last
        self._seen: set[bytes] = set()
        self.hits = self.misses = self.unfit = self.skipped = 0

    def __call__(
        self, body: bytes, *, hook: Hook, mode: NamespaceMode, policies: PolicySet
    ) -> Answer:
        """Answer one review; raises what `answer` raises."""
        if policies is not self._policies:
            self._policies = policies
            self._kept.clear()
            self._seen.clear()
            self._patience.restore()
        if not self._patience.looks():
            self.skipped += 1
            return self._answer(body, hook=hook, mode=mode, policies=policies)
        found = cut(body)
        if found is None:
            self.unfit += 1
            return self._answer(body, hook=hook, mode=mode, policies=policies)
        digest = self._begun[hook, mode].copy()
        digest.update(found.rest)
        key = digest.digest()
        ask = partial(self._answer, hook=hook, mode=mode, policies=policies)
        kept = self._kept.get(key)
        if kept is not None:
            self.hits += 1
            self._patience.known()
            self._kept.move_to_end(key)
            return _again(kept, found.strings, partial(ask, body))
        self.misses += 1
        self._patience.unknown()
        given = ask(body)
        if key in self._seen:
            self._learn(key, found, given, ask)
        else:
            if len(self._seen) >= self._size:
                self._seen.clear()
            self._seen.add(key)
        return given

    def counts(self) -> dict[str, int]:
        """Return how many reviews were known, were not, are never kept, were not looked up."""
        return {
            "hit": self.hits,
            "miss": self.misses,
            "unfit": self.unfit,
            "skipped": self.skipped,
        }

    def _learn(self, key: bytes, found: Cut, given: Answer, ask: Callable[[bytes], Answer]) -> None:
        if not _is_plain(given):
            return
        strings = stand_ins(found.strings, key)
        tried = ask(put(found.rest, strings))
        if depends(tried, strings):
            return
        kept = _kept(tried, strings)
        again = _again(kept, found.strings, lambda: given)
        if (again.body, again.record) != (given.body, given.record):
            return
        self._kept[key] = kept
        self._patience.known()
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)


def _is_plain(answer: Answer) -> bool:
    report, asked = answer.decision.report, answer.asked
    return (
        isinstance(answer.decision, (Allow, Mutate))
        and not report.warnings
        and asked.pod is not None
        and asked.what is What.POD
        and len(answer.body) <= MAX_ANSWER
    )


def _kept(tried: Answer, strings: Strings) -> _Kept:
    before, _, after = tried.body.partition(strings[cuts.REQUEST_UID])
    name = tried.record.name.encode()
    named = next((p for p in (cuts.REQUEST_NAME, cuts.NAME) if strings.get(p) == name), "")
    return _Kept(before, after, tried.record, named, tried.decision)


def _again(kept: _Kept, strings: Strings, ask: Callable[[], Answer]) -> Answer:
    uid = strings[cuts.REQUEST_UID]
    name = strings[kept.named].decode() if kept.named else kept.record.name
    return Answer(
        kept.before + uid + kept.after,
        _replace(kept.record, uid=uid.decode(), name=name),
        lambda: ask().asked,
        kept.decision,
    )
