"""What differs from one request to the next, and how it is written into a body.

**Pods of one Deployment** differ as an API server's requests for replicas do: the request's uid
(the load generator always writes one), the pod's name and uid where it has them already, the times
of managedFields, and the random name of the volume that the ServiceAccount admission plugin adds.
**Each different**: a value of the pod's spec differs as well, in every request: nothing that a
server remembers of an earlier one helps.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import Enum

from benchmarks import bodies

_DIGITS, _HEX = "0123456789", "0123456789abcdef"
# What Kubernetes draws the ends of generated names from: no vowels, and nothing like one.
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5
_VOLUME = re.compile(rf'"(kube-api-access-[{_SUFFIX}]{{{_SUFFIX_LENGTH}}})"')
# bodies/deployment.yaml and `kubectl run` have it in the spec, as a variable or as the image's tag.
SENTINEL = "build-000000000000"
_NUMBER_LENGTH = 12


class Variant(Enum):
    """How alike the pods of one measurement are."""

    REPLICAS = "of one Deployment"
    DIFFERENT = "each different"


@dataclass(frozen=True)
class Mark:
    """Wherever `text` stands, `size` letters from `at` become the number of the request."""

    text: str
    at: int
    size: int
    alphabet: str


def marks(review: bodies.Json, variant: Variant) -> list[dict[str, object]]:
    """Return what the load generator's `-vary` reads; the uid of the request is its own affair."""
    found = list(_replicas(review))
    if variant is Variant.DIFFERENT:
        found.append(_end(SENTINEL, _NUMBER_LENGTH, _HEX))
    return [asdict(mark) for mark in found]


def _replicas(review: bodies.Json) -> Iterator[Mark]:
    metadata = review["request"]["object"]["metadata"]
    for volume in sorted(set(_VOLUME.findall(bodies.encode(review).decode()))):
        yield _end(volume, _SUFFIX_LENGTH, _SUFFIX)
    if "generateName" in metadata and "name" in metadata:
        yield _end(metadata["name"], _SUFFIX_LENGTH, _SUFFIX)
    if "uid" in metadata:
        yield _end(metadata["uid"], _NUMBER_LENGTH, _HEX)
    for time in sorted({field["time"] for field in metadata.get("managedFields", ())}):
        # 2026-11-24T16:13:41Z: the last digit of the seconds, so that it stays a time.
        yield Mark(time, len(time) - 2, 1, _DIGITS)


def _end(text: str, size: int, alphabet: str) -> Mark:
    return Mark(text, len(text) - size, size, alphabet)
