"""What is given in place of a policy by mistake: of what may hold values, nothing is quoted.

Messages about a policy quote what is wrong in it. Of a Secret, a pod or a file of variables such a
message could be a password, on a terminal, in a log or in the report of a pipeline.
"""

from collections.abc import Mapping
from typing import Final

from webhook.core import words
from webhook.core.faults import did_you_mean
from webhook.core.policy import KIND
from webhook.loading.problems import PolicyError, Problem, names_values

_VALUES: Final = frozenset({"data", "stringData"})
_HEADLESS: Final = frozenset({"metadata", "spec"})  # a policy that lacks what says that it is one


def may_hold_values(value: Mapping[str, object]) -> bool:
    """Tell whether a document is none of ours, and so may be a Secret or hold variables."""
    if not value.keys().isdisjoint(_VALUES):
        return True
    kind, version = value.get("kind"), value.get("apiVersion")
    if kind is None and version is None:
        return value.keys().isdisjoint(_HEADLESS)
    ours = isinstance(version, str) and version.startswith(f"{words.GROUP}/")
    return not (ours or (isinstance(kind, str) and (kind == KIND or did_you_mean(kind, [KIND]))))


def text_may_hold_values(text: str) -> bool:
    """Tell whether a text that cannot be parsed is none of ours."""
    return names_values(text) or not (KIND in text or f"{words.GROUP}/" in text)


def told(problem: Problem) -> Problem:
    """Say of such a thing what was expected, with the place and nothing else of the problem."""
    message = f"expected a {KIND}; this may hold values, so nothing of it is quoted"
    return Problem(problem.file, problem.line, "", message)


def without_quotes(error: PolicyError) -> PolicyError:
    """Return the error of such a text without keys; a problem without a field has none."""
    return PolicyError([told(it) if it.field else it for it in error.problems])
