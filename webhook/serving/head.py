"""What the headers of a request ask for, and which of them are refused."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs

from aiohttp import HttpVersion11
from aiohttp.http import RawRequestMessage

from webhook.core.words import Hook, NamespaceMode
from webhook.serving.reply import Refused
from webhook.settings import duration

Route = tuple[Hook, NamespaceMode]

ROUTES: Final = {f"/{hook}/{mode}": (hook, mode) for hook in Hook for mode in NamespaceMode}
_MEDIA: Final = "application/json"


def plain(head: RawRequestMessage) -> Route | None:
    """Tell where a request goes that is as an API server sends it; None: this is another one.

    None is no refusal: whoever looks closer may find that it is in order.
    """
    headers = head.headers
    if (
        head.method != "POST"
        or head.should_close
        or head.upgrade
        or head.version != HttpVersion11
        or headers.get("Content-Type") != _MEDIA
        or "Content-Encoding" in headers
        or "Expect" in headers
    ):
        return None
    return ROUTES.get(head.path.partition("?")[0])


def route(path: str, method: str) -> Route:
    """Tell which hook is asked, in which mode; raises Refused."""
    found = ROUTES.get(path)
    if found is None:
        raise Refused(404, f"there is nothing here; the hooks are {', '.join(ROUTES)}")
    if method != "POST":
        raise Refused(405, "send an AdmissionReview by POST", headers={"Allow": "POST"})
    return found


def check(headers: Mapping[str, str]) -> None:
    """Raise Refused where the body is no JSON, or compressed."""
    media = headers.get("Content-Type", "").partition(";")[0]
    if media != _MEDIA and media.strip().lower() != _MEDIA:
        raise Refused(415, f"send {_MEDIA}")
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused(415, "send the body uncompressed")


@lru_cache(maxsize=64)  # the API server sends one or two of them, over and over
def asked_time(query: str) -> float | None:
    """Read `timeout=3s` from a query, in seconds; None: there is none that makes sense."""
    try:
        seconds = duration(parse_qs(query, max_num_fields=16)["timeout"][-1])
    except (KeyError, ValueError):
        return None
    return seconds or None
