"""Whether an answer depends on the strings that were cut out of its review.

It is tried rather than assumed. The rest of the body is answered like any other, with strings in
it that are made of its own hash, so that nobody can have put them there. Then what the decision was
made from, the record and the answer are written out, and each of these strings must be where it is
harmless and nowhere else:

- the request's uid in the record and in the answer, which repeat it;
- the names in the pod's metadata, which no rule reads, and in the record, which repeats one;
- the pod's uid in its metadata, where only Events look for it;
- the times nowhere;
- the name of the token's volume in names of volumes and in mounts, which are compared with each
  other and with nothing else. No other string that is read may hold the beginning of such a name,
  so that none can be the name in another review.
"""

from typing import Final

import msgspec

from webhook.core.assess import NO_SPEC
from webhook.core.pod import PodSpec
from webhook.wire import cuts
from webhook.wire.answer import Answer
from webhook.wire.cuts import Strings
from webhook.wire.subject import SentMeta, itself

_encode: Final = msgspec.json.Encoder().encode


def stand_ins(places: Strings, key: bytes) -> Strings:
    """Make strings of the right form, none of them within another; `key` has 32 bytes."""
    digits = key.hex()
    first, second = (f"{int.from_bytes(half):020}" for half in (key[:8], key[8:16]))
    every = {
        cuts.REQUEST_UID: digits[:36],
        cuts.REQUEST_NAME: f"r-{digits[:20]}",
        cuts.NAME: f"n-{digits[:20]}",
        cuts.UID: digits[28:],
        cuts.CREATED: first,
        cuts.MANAGED: second,
        cuts.TOKEN: cuts.ACCESS.decode() + digits[:5],
    }
    return {place: every[place].encode() for place in places}


def depends(answer: Answer, given: Strings) -> bool:
    """Tell whether an answer depends on any of the strings that its review was given."""
    pod = answer.asked.pod
    metadata = pod.metadata if pod else None
    if pod is None or not isinstance(metadata, SentMeta):
        return True
    record = answer.record
    texts = (_encode(answer.asked), _encode(record), answer.body)
    named = record.name.encode()
    # How often each stands in what was read, in the record and in the answer.
    harmless = {
        cuts.REQUEST_UID: (0, int(record.uid.encode() == given[cuts.REQUEST_UID]), 1),
        cuts.REQUEST_NAME: (0, int(named == given.get(cuts.REQUEST_NAME)), 0),
        cuts.NAME: (
            int(metadata.name == _text(given, cuts.NAME)),
            int(named == given.get(cuts.NAME)),
            0,
        ),
        cuts.UID: (int(itself(pod, "").uid == _text(given, cuts.UID)), 0, 0),
        cuts.CREATED: (0, 0, 0),
        cuts.MANAGED: (0, 0, 0),
        cuts.TOKEN: (_as_volume(pod.spec or NO_SPEC, _text(given, cuts.TOKEN)), 0, 0),
    }
    if cuts.TOKEN in given and texts[0].count(cuts.ACCESS) != harmless[cuts.TOKEN][0]:
        return True
    return any(
        tuple(text.count(string) for text in texts) != harmless[place]
        for place, string in given.items()
    )


def _text(given: Strings, place: str) -> str:
    return given.get(place, b"").decode()


def _as_volume(spec: PodSpec, token: str) -> int:
    """Count the places where it names a volume or a mount."""
    volumes = sum(volume.name == token for volume in spec.volumes or ())
    return volumes + sum(
        mount.name == token
        for _, containers in spec.listed()
        for container in containers
        for mount in container.volumeMounts or ()
    )
