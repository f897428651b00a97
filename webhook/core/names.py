"""Names as Kubernetes allows them, and the globs that policies may use in their place.

The rules are those of k8s.io/apimachinery/pkg/util/validation; each function returns its argument
or raises ValueError with a sentence that says what is wrong and what is allowed.
"""

import fnmatch
import re
from functools import lru_cache
from typing import Final

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")
_ENV: Final = re.compile(r"[\x20-\x3c\x3e-\x7e]+")  # printable ASCII without "="
_LABEL_GLOB: Final = re.compile(r"[-a-z0-9*?]+")
_DAYS: Final = re.compile(r"[1-9][0-9]{0,3}d")
_KIND: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
_TEMPLATE_PATH: Final = re.compile(r"[a-z][A-Za-z0-9]*(\.([a-z][A-Za-z0-9]*|\*))*")

MAX_LABEL: Final = 63  # RFC 1123, as the API server checks it
MAX_SUBDOMAIN: Final = 253


def dns_label(value: str) -> str:
    """Check the name of a namespace or container, a scope or a role."""
    if len(value) <= MAX_LABEL and _LABEL.fullmatch(value):
        return value
    raise ValueError(
        f"{value!r} is not a DNS label: use up to {MAX_LABEL} lower-case letters, digits and '-', "
        "beginning and ending with a letter or digit"
    )


def object_name(value: str) -> str:
    """Check the name of a Secret, ConfigMap or ServiceAccount (a DNS subdomain)."""
    if len(value) <= MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(value):
        return value
    raise ValueError(
        f"{value!r} is not an object name: use up to {MAX_SUBDOMAIN} lower-case letters, digits, "
        "'-' and '.', each part beginning and ending with a letter or digit"
    )


def optional_object_name(value: str) -> str:
    """Check an object name, or empty for none."""
    return value and object_name(value)


def secret_key(value: str) -> str:
    """Check a key inside a Secret."""
    outside = value == "." or value.startswith("..")  # of the folder that a volume makes of keys
    if len(value) <= MAX_SUBDOMAIN and _KEY.fullmatch(value) and not outside:
        return value
    raise ValueError(
        f"{value!r} is not a key of a Secret: use letters, digits, '-', '_' and '.', and do not "
        "begin with '..'"
    )


def env_name(value: str) -> str:
    """Check the name of an environment variable, or a prefix of such names."""
    if _ENV.fullmatch(value):
        return value
    raise ValueError(
        f"{value!r} is not a variable name: use printable ASCII characters other than '='"
    )


def env_prefix(value: str) -> str:
    """Check an `envFrom` prefix: as a variable name, or empty for none."""
    return value and env_name(value)


def label_value(value: str) -> str:
    """Check the value of a label; the empty one is allowed."""
    if len(value) <= MAX_LABEL and (not value or _QUALIFIED.fullmatch(value)):
        return value
    raise ValueError(
        f"{value!r} is not a label value: use up to {MAX_LABEL} letters, digits, '-', '_' and '.', "
        "beginning and ending with a letter or digit"
    )


def pool_name(value: str) -> str:
    """Check the name of a pool: pods carry it as a label value, so it must be one, not empty."""
    if not value:
        raise ValueError("a pool needs a name: pods carry it as the value of their pool label")
    return label_value(value)


def label_key(value: str) -> str:
    """Check the key of a label: an optional DNS subdomain and '/', then a name."""
    prefix, slash, name = value.rpartition("/")
    prefix_ok = not slash or (len(prefix) <= MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(prefix))
    if prefix_ok and len(name) <= MAX_LABEL and _QUALIFIED.fullmatch(name):
        return value
    raise ValueError(f"{value!r} is not a label key: write it as name or example.com/name")


def qualified_service_account(value: str) -> str:
    """Check `namespace/name` of a ServiceAccount."""
    namespace, slash, name = value.partition("/")
    if not slash:
        raise ValueError(f"{value!r} must be written as namespace/name")
    dns_label(namespace)
    object_name(name)
    return value


def api_group(value: str) -> str:
    """Check the group of an API: a DNS subdomain with a dot, as every one but Kubernetes' own."""
    if len(value) <= MAX_SUBDOMAIN and "." in value and _SUBDOMAIN.fullmatch(value):
        return value
    raise ValueError(f"{value!r} is not an API group: write it like argoproj.io")


def api_kind(value: str) -> str:
    """Check the kind of an object."""
    if len(value) <= MAX_LABEL and _KIND.fullmatch(value):
        return value
    raise ValueError(f"{value!r} is not a kind: write it like Rollout")


def api_resource(value: str) -> str:
    """Check the plural of a kind, as in the paths of the API."""
    if len(value) <= MAX_LABEL and _LABEL.fullmatch(value):
        return value
    raise ValueError(f"{value!r} is not the plural of a kind: write it like rollouts")


def template_path(value: str) -> str:
    """Check where a pod template is: names of fields, and * for each element of a map or list."""
    if len(value) <= MAX_SUBDOMAIN and _TEMPLATE_PATH.fullmatch(value):
        return value
    raise ValueError(
        f"{value!r} is not the path of a pod template: write it like spec.template, with * for "
        "each element of a map or list"
    )


def label_glob(value: str) -> str:
    """Check a namespace or container name in which '*' and '?' may stand for characters."""
    if "*" not in value and "?" not in value:
        return dns_label(value)
    if len(value) <= MAX_LABEL and _LABEL_GLOB.fullmatch(value):
        return value
    raise ValueError(
        f"{value!r} is not a glob over names: use lower-case letters, digits and '-', "
        "'*' for any run of characters and '?' for one"
    )


def days(value: str) -> str:
    """Check a number of days, such as 30d."""
    if _DAYS.fullmatch(value):
        return value
    raise ValueError(f"{value!r} is not a number of days: write 1d to 9999d, such as 30d")


# Names of namespaces and of containers, of which a cluster has hundreds. They have up to 253
# characters, whoever makes them up: at most 300 kB for each set with globs.
_REMEMBERED: Final = 1024


class NameMatcher:
    """A set of names and globs; a name costs one look-up, however many there are.

    Globs are tried one after the other, 10,000 of them for half a millisecond: of each name once.
    """

    __slots__ = ("_exact", "_globs", "_known", "patterns")

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self.patterns = patterns
        globs = sorted({p for p in patterns if "*" in p or "?" in p})
        self._exact = frozenset(patterns).difference(globs)
        # fnmatch's translation keeps '*' from backtracking; names are checked to hold no '['.
        self._globs = re.compile("|".join(map(fnmatch.translate, globs))) if globs else None
        self._known: dict[str, bool] = {}

    def matches(self, name: str) -> bool:
        """Tell whether a name is in the set."""
        if name in self._exact:
            return True
        if self._globs is None:
            return False
        known = self._known.get(name)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[name] = self._globs.match(name) is not None
        return known


@lru_cache(maxsize=4096)  # two policies are compared pattern by pattern, each suffix once
def globs_overlap(left: str, right: str) -> bool:
    """Tell whether some name matches both globs."""
    if not left or not right:
        return not (left or right).strip("*")
    if left[0] == "*":
        return globs_overlap(left[1:], right) or globs_overlap(left, right[1:])
    if right[0] == "*":
        return globs_overlap(right, left)
    same = left[0] == right[0] or "?" in (left[0], right[0])
    return same and globs_overlap(left[1:], right[1:])
