"""What became of each creation, and what all of them together come to."""

import http.client
import itertools
import os
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.controlplane.client import Response
from tests.drills.pods import Case, is_right

Json = Any
CREATED, FORBIDDEN = 201, 403
# What the API server says where a hook with `failurePolicy: Fail` did not answer.
CALLING = "failed calling webhook"
# What our validating hook says of a pod that our mutating hook should have changed and did not.
AGAIN = "was not injected"
# The API server's end of a connection: it differs each time, and tells nothing.
PORT = re.compile(r"tcp [0-9.]+:[0-9]+->")


class Outcome(StrEnum):
    """One of these for each creation."""

    STORED = "stored with its sources"
    REFUSED = "refused as it should be"
    WITHOUT_SOURCES = "stored without its sources"
    WRONGLY_STORED = "stored though it must be refused"
    WRONGLY_REFUSED = "refused though it is allowed"
    AGAIN = "refused, to be created again"  # the mutating hook was not reached
    CALLING_ERROR = "the validating hook was not reached"
    AWAY = "the API server or etcd was away"  # no matter of ours


@dataclass(frozen=True)
class Attempt:
    """One creation; times in seconds, `at` since the load began, when it was due."""

    at: float
    seconds: float
    outcome: Outcome
    case: str
    message: str = ""


def of_answer(case: Case, answer: Response) -> Outcome:
    """Say what an answer of the API server means."""
    if answer.status == CREATED:
        if case.refused:
            return Outcome.WRONGLY_STORED
        return Outcome.STORED if is_right(answer.body) else Outcome.WITHOUT_SOURCES
    if answer.status == FORBIDDEN:
        if case.refused and case.refused in answer.message:
            return Outcome.REFUSED
        return Outcome.AGAIN if AGAIN in answer.message else Outcome.WRONGLY_REFUSED
    return Outcome.CALLING_ERROR if CALLING in answer.message else Outcome.AWAY


def of_error(problem: OSError | http.client.HTTPException) -> str:
    """Say how the API server was not reached."""
    return f"{type(problem).__name__}: {problem}"


@dataclass
class Sets:
    """What became of the pods that a ReplicaSet's controller had to make."""

    wanted: int = 0
    there: int = 0
    without_sources: int = 0
    longest_seconds: float = 0.0  # from a ReplicaSet's creation to its last pod


@dataclass
class Result:
    """All of one drill."""

    drill: str
    seconds: float
    attempts: Sequence[Attempt]
    stored_wrongly: int = 0  # of those found by listing, whatever their creator was told
    sets: Sets = field(default_factory=Sets)
    notes: dict[str, Any] = field(default_factory=dict)

    def count(self, *outcomes: Outcome) -> int:
        """Count the creations that came to one of these."""
        counted = Counter(it.outcome for it in self.attempts)
        return sum(counted[outcome] for outcome in outcomes)

    @property
    def without_sources(self) -> int:
        """Pods in the API server that are not as they must be: never more than none."""
        told = self.count(Outcome.WITHOUT_SOURCES, Outcome.WRONGLY_STORED)
        return max(told, self.stored_wrongly) + self.sets.without_sources

    @property
    def decided(self) -> list[Attempt]:
        """The creations that were answered as they should be, in the order of their answers."""
        right = {Outcome.STORED, Outcome.REFUSED}
        return sorted(
            (it for it in self.attempts if it.outcome in right), key=lambda it: it.at + it.seconds
        )

    def percentile(self, percent: int) -> float:
        """Return how long creations took, from when each was due; in seconds."""
        times = [it.seconds for it in self.decided]
        if len(times) < 2:
            return sum(times)
        return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]

    @property
    def longest_gap(self) -> float:
        """Return the longest time in which nobody was answered as they should be; in seconds."""
        answered = [it.at + it.seconds for it in self.decided]
        moments = [0.0, *answered, max(self.seconds, *answered, 0.0)]
        return max(after - before for before, after in itertools.pairwise(moments))

    def row(self) -> dict[str, Any]:
        """Return the figures, as they stand in the table."""
        return {
            "drill": self.drill,
            "seconds": round(self.seconds, 1),
            "asked": len(self.attempts),
            "stored": self.count(Outcome.STORED),
            "refused": self.count(Outcome.REFUSED),
            "without_sources": self.without_sources,
            "wrong_refusals": self.count(Outcome.WRONGLY_REFUSED),
            "again": self.count(Outcome.AGAIN),
            "calling_errors": self.count(Outcome.CALLING_ERROR),
            "away": self.count(Outcome.AWAY),
            "p50_ms": round(1000 * self.percentile(50), 1),
            "p99_ms": round(1000 * self.percentile(99), 1),
            "gap_s": round(self.longest_gap, 2),
            "by_controllers": f"{self.sets.there}/{self.sets.wanted}",
            "controllers_s": round(self.sets.longest_seconds, 2),
            # Where others use the machine, too, calls are late and may be too late.
            "load_average": round(os.getloadavg()[0], 1),
            **self.notes,
        }

    def problems(self) -> list[str]:
        """Return a line for each message of what did not go as it should, with its number."""
        wrong = set(Outcome) - {Outcome.STORED, Outcome.REFUSED}
        seen = Counter(
            f"{it.outcome}: {PORT.sub('', it.message)}"
            for it in self.attempts
            if it.outcome in wrong
        )
        return [f"{number} x {text}" for text, number in seen.most_common()]
