"""What is given in place of a policy by mistake: of what may hold values, nothing is quoted.

Messages about a policy quote what is wrong in it. Of a Secret, a ConfigMap or a file of variables
such a message could be a password, on a terminal, in a log or in the report of a pipeline.
"""

import re
from collections.abc import Mapping
from typing import Final

from webhook.core.policy import KIND
from webhook.loading.problems import PolicyError, Problem

_HOLDERS: Final = frozenset({"secret", "configmap"})
_VALUES: Final = frozenset({"data", "stringData"})
_OF_AN_OBJECT: Final = frozenset({"apiVersion", "kind", "metadata", "spec"})

# The same of a text that is no YAML, also where it is JSON on a single line. What is taken for a
# Secret by a word in a comment loses its message, and no more.
_NAMES_VALUES: Final = re.compile(
    r"""(?:^|[\s{,-])["']?
        (?: kind["']?\s*:\s*["']?(?:Secret|ConfigMap|\w*List)\b
          | (?:data|stringData)["']?\s*: )""",
    re.VERBOSE | re.IGNORECASE,
)
_NAMES_AN_OBJECT: Final = re.compile(
    r"""(?:^|[\s{,])["']?(?:apiVersion|kind|metadata|spec)["']?:"""
)


def may_hold_values(value: Mapping[str, object]) -> bool:
    """Tell whether a document is, or contains, a Secret or the like, or is none of Kubernetes."""
    kind = str(value.get("kind")).casefold()
    if kind in _HOLDERS or kind.endswith("list"):
        return True
    return not value.keys().isdisjoint(_VALUES) or value.keys().isdisjoint(_OF_AN_OBJECT)


def text_may_hold_values(text: str) -> bool:
    """Tell the same of a text that cannot be parsed."""
    return _NAMES_VALUES.search(text) is not None or _NAMES_AN_OBJECT.search(text) is None


def told(problem: Problem) -> Problem:
    """Say of such a thing what was expected, with the place and nothing else of the problem."""
    message = f"expected a {KIND}; this may hold values, so nothing of it is quoted"
    return Problem(problem.file, problem.line, "", message)


def without_quotes(error: PolicyError) -> PolicyError:
    """Return the error of such a text without keys; a problem without a field has none."""
    return PolicyError([told(it) if it.field else it for it in error.problems])
