"""Whether a value looks as documented: flaws that say what is wrong and quote nothing.

What goes against a documented format is an error; against an inferred one, a warning.
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from webhook.secretref.finding import Flaw, Level, Rule
from webhook.secretref.model import Format, Key

_HOST: Final = re.compile(
    r"[A-Za-z0-9_]([-A-Za-z0-9_]*[A-Za-z0-9_])?(\.[A-Za-z0-9_][-A-Za-z0-9_]*)*\.?"
)
_SCHEME: Final = re.compile(r"[A-Za-z][-+.A-Za-z0-9]*://")
_PORT: Final = re.compile(r":[0-9]*\Z")
_MAX_PORT: Final = 65535  # 16 bits, as TCP has them
_MAX_HOST: Final = 253  # RFC 1035
# What a URL takes for the end of user and password, or for the beginning of an escape.
_RESERVED: Final = re.compile(r"[/?#\[\]@\s]|%(?![0-9A-Fa-f]{2})")
_QUEUES: Final = frozenset({"all", "all_but_kb", "flow", "chat", "kb"})


def flaws(key: Key, value: str) -> Iterator[Flaw]:
    """Yield what is wrong with the value of a documented key."""
    level = Level.ERROR if key.format.documented else Level.WARNING
    match key.format.value:
        case Format.POSTGRESQL:
            yield from _postgresql(value, level)
        case Format.HOST:
            yield from _host(value, level)
        case Format.URL if not _is_url(value):
            yield _flaw(level, "it is no URL: write http:// or https:// and a host")
        case Format.QUEUES if value not in _QUEUES:
            yield _flaw(level, f"it is none of the queues: write {Format.QUEUES.value}")
        case _:
            pass


def _flaw(level: Level, message: str) -> Flaw:
    return Flaw(level, Rule.FORMAT, message)


def _postgresql(value: str, level: Level) -> Iterator[Flaw]:
    form = Format.POSTGRESQL.value
    if scheme := _SCHEME.match(value):
        yield _flaw(level, f"a scheme is written: remove all up to ://, and keep {form}")
        value = value[scheme.end() :]
    login, at, address = value.rpartition("@")
    user, _, password = login.partition(":")
    if not at:
        yield _flaw(level, f"user and password are missing: write {form}")
    elif not user or not password:
        what = "password" if user else "user"
        yield _flaw(level, f"the {what} is missing: write {form}")
    if _RESERVED.search(login):
        yield _flaw(
            Level.WARNING,
            "user or password has a character that means something else in a URL: write it "
            "percent-encoded",
        )
    address, *more = re.split(r"[/?#]", address, maxsplit=1)
    if more:
        yield _flaw(
            Level.WARNING, f"something follows the port, which the documented form has not: {form}"
        )
    yield from _address(address, level)


def _address(address: str, level: Level) -> Iterator[Flaw]:
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, ""
        yield _flaw(level, "the port is missing: write it behind the host, as in host:5432")
    elif not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) <= _MAX_PORT:
        yield _flaw(level, f"the port is no number from 1 to {_MAX_PORT}")
    if not _is_host(host):
        yield _flaw(level, "what stands for the host is no host name and no address")


def _host(value: str, level: Level) -> Iterator[Flaw]:
    if _is_host(value):
        return
    if scheme := _SCHEME.match(value):
        yield _flaw(level, "a scheme is written: remove all up to ://, and keep the host alone")
        value = value[scheme.end() :]
    value, *more = re.split(r"[/?#]", value, maxsplit=1)
    if more:
        yield _flaw(level, "a path is written: keep the host alone")
    _, at, value = value.rpartition("@")
    if at:
        yield _flaw(
            level,
            "user or password is written: move them to REDIS_USER and REDIS_PASSWORD, and keep the "
            "host alone",
        )
    if not _is_host(value) and (port := _PORT.search(value)):
        yield _flaw(level, "a port is written: keep the host alone")
        value = value[: port.start()]
    if not _is_host(value):
        yield _flaw(level, "it is no host name and no address: write one host")


def _is_host(text: str) -> bool:
    if len(text) <= _MAX_HOST and _HOST.fullmatch(text):
        return True
    try:
        ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _is_url(text: str) -> bool:
    return re.fullmatch(r"https?://[^\s/?#]+([/?#]\S*)?", text) is not None
