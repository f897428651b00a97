"""A case that is ready to run -> its result."""

from collections.abc import Callable
from dataclasses import dataclass

from webhook.loading.load import Loaded
from webhook.policytests.compare import Difference, differences
from webhook.policytests.model import Expectation
from webhook.policytests.outcome import Sent, outcome


@dataclass(frozen=True, slots=True)
class Ready:
    """A case with all that it needs, and where it is written."""

    file: str
    line: int
    name: str
    sent: Sent
    loaded: Loaded  # its policies, also as they are written
    expect: Expectation


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case; it passed if nothing differs."""

    file: str
    line: int
    name: str
    seconds: float
    differences: tuple[Difference, ...]
    undecided: bool  # it names no user, and the policy's deployers would decide

    @property
    def passed(self) -> bool:
        """Tell whether everything is as expected."""
        return not self.differences


def result(case: Ready, clock: Callable[[], float]) -> Result:
    """Run a case; raises `Unusable` where its object cannot be sent."""
    begin = clock()
    got = outcome(case.sent, case.loaded.policies)
    seconds = clock() - begin
    return Result(
        case.file,
        case.line,
        case.name,
        seconds,
        differences(case.expect, got),
        got.undecided,
    )
