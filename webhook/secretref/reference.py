"""Looks up what is documented of a variable: itself, the one that is meant, and its risk."""

from difflib import get_close_matches
from typing import Final

from webhook.secretref.keys import KEYS
from webhook.secretref.model import Key, Risk, Sort

_BY_NAME: Final = {key.name: key for key in KEYS}
# What a pod may read; near the names of clients other names are not suspect.
_OF_PODS: Final = tuple(key.name for key in KEYS if key.sort is not Sort.CLIENT)
# How alike two names must be for `difflib`, where 1 is the same: S3_ACCESS_KEY (0.90) is meant to
# be S3_ACCESS_KEY_ID, and MY_POSTGRESQL_URL2 (0.875) is a name of somebody's own.
_NEAR: Final = 0.88
_OF_HIGH_RISK: Final = ("APIKEY", "API_KEY", "TOKEN", "SECRET", "ACCESS_KEY")


def known(name: str) -> Key | None:
    """Return what is documented of a variable; None for the customer's own."""
    return _BY_NAME.get(name)


def nearest(name: str) -> Key | None:
    """Return the documented key that a name is probably meant to be; None if it is its own."""
    if name in _BY_NAME:
        return None
    spelled = name.upper().replace("-", "_").replace(".", "_")
    if spelled in _OF_PODS:
        return _BY_NAME[spelled]
    near = get_close_matches(spelled, _OF_PODS, n=1, cutoff=_NEAR)
    return _BY_NAME[near[0]] if near and not _says_more(spelled, near[0]) else None


def risk(name: str) -> Risk:
    """Return how soon a variable must be replaced, for a customer's own key by its name.

    Noxus names API keys as what is of high risk; what is not recognised as one is of medium risk.
    """
    if (key := _BY_NAME.get(name)) is not None:
        return key.risk.value
    spelled = name.upper().replace("-", "_").replace(".", "_")
    is_key = spelled.endswith("_KEY") or any(word in spelled for word in _OF_HIGH_RISK)
    return Risk.HIGH if is_key else Risk.MEDIUM


def _says_more(name: str, key: str) -> bool:
    """Tell whether a name is a known one with a word of its own: ETL_REDIS_URL, REDIS_URL_2."""
    words, of_key = name.split("_"), key.split("_")
    return len(words) != len(of_key) and set(of_key) <= set(words)
