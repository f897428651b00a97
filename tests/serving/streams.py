"""What clients send, in order or not, and how the network cuts it."""

import re
from itertools import pairwise

from hypothesis import strategies as st

from tests.serving.two_ways import LATE, Piece

METHODS = (
    "POST",
    "POST",
    "POST",
    "POST",
    "PUT",
    "GET",
    "HEAD",
    "OPTIONS",
    "CONNECT",
    "post",
    "P T",
)
TARGETS = (
    *("/mutate/enabled?timeout=10s", "/validate/dry-run", "/mutate/enabled", "/mutate/enabled?"),
    *("http://hook/mutate/enabled", "//mutate/enabled", "/mutate/%65nabled", "/mutate/enabled#a"),
    *("/mutate/enabled/../dry-run", "*", "hook:443", "/nothing", "", "/mutate/enabled?a=\u00e9"),
)
VERSIONS = ("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "")
TYPES = (
    *(
        "Content-Type: application/json",
        "Content-Type: application/json",
        "content-type:application/json",
    ),
    *("Content-Type: application/json; charset=utf-8", "Content-Type: APPLICATION/JSON", ""),
    *("Content-Type: text/plain", "Content-Type: application/json\r\nContent-Type: text/plain"),
)
EXTRA = (
    *("Expect: 100-continue", "expect: 100-Continue", "Expect: miracles", "Connection: close"),
    *("Connection: keep-alive", "Connection: Upgrade\r\nUpgrade: websocket", "Upgrade: h2c"),
    *("Connection: keep-alive, close", "Content-Encoding: gzip", "Content-Encoding: identity"),
    *("X: 1\r\n  folded", "X : 1", "X-\u00e9: 1", ": nothing", "no colon", f"X: {'x' * 9000}"),
    *("Transfer-Encoding: identity", "Trailer: X", "TE: trailers", "Host: second"),
)
BODIES = (b"{}", b'{"say":"anything"}', b'{"say":"fault"}', b"no JSON", b"", b"{}" + b" " * 3000)
FRAMES = ("right", "right", "right", "chunked")
ODD_FRAMES = (
    "more",
    "less",
    "none",
    "plus",
    "twice",
    "two",
    "both",
    "both ways",
    "broken",
    "extended",
    "gzip",
    "negative",
)


def framed(frame: str, body: bytes) -> tuple[str, bytes]:
    """Say how long the body is, rightly or not; returns the headers, and what follows them."""
    size, half = len(body), len(body) // 2
    chunks = [part for part in (body[:half], body[half:]) if part]
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in chunks) + b"0\r\n\r\n"
    coding = "Transfer-Encoding: chunked"
    return {
        "right": (f"Content-Length: {size}", body),
        "more": (f"Content-Length: {size + 2}", body),
        "less": (f"Content-Length: {max(size - 2, 0)}", body),
        "none": ("X-Length: none", body),
        "plus": (f"Content-Length: +{size}", body),
        "negative": (f"Content-Length: -{size}", body),
        "twice": (f"Content-Length: {size}\r\nContent-Length: {size}", body),
        "two": (f"Content-Length: {size}, {size}", body),
        "both": (f"Content-Length: {size}\r\n{coding}", chunked),
        "both ways": (f"{coding}\r\nContent-Length: {size}", body),
        "chunked": (coding, chunked),
        "broken": (coding, chunked.replace(b"\r\n", b"\n")),
        "extended": (coding, chunked.replace(b"\r\n", b";a=b\r\n", 1)[:-2] + b"X: 1\r\n\r\n"),
        "gzip": ("Transfer-Encoding: gzip, chunked", chunked),
    }[frame]


PARTS = ("method", "target", "version", "frame", "type", "extra")


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Draw one request: in order but for some of its parts, mostly one or none."""
    odd = draw(st.sets(st.sampled_from(PARTS), max_size=draw(st.sampled_from((0, 0, 1, 1, 1, 3)))))

    def drawn(part: str, usual: str, others: tuple[str, ...]) -> str:
        return draw(st.sampled_from(others)) if part in odd else usual

    frame = drawn("frame", draw(st.sampled_from(FRAMES)), ODD_FRAMES)
    length, sent = framed(frame, draw(st.sampled_from(BODIES)))
    line = " ".join(
        drawn(part, all_of[0], all_of)
        for part, all_of in (("method", METHODS), ("target", TARGETS), ("version", VERSIONS))
    )
    extra = draw(st.lists(st.sampled_from(EXTRA), min_size=1, max_size=2)) if "extra" in odd else []
    fields = [it for it in ("Host: hook", length, drawn("type", TYPES[0], TYPES), *extra) if it]
    return "\r\n".join([line, *draw(st.permutations(fields)), "", ""]).encode() + sent


# Where a body begins, and where another request may.
HEAD_OR_START = re.compile(rb"\r\n\r\n|(?=POST)|\Z")
MUTATIONS = (
    b"",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b":",
    b"\xff",
    b"{}",
    b"POST / HTTP/1.1\r\n\r\n",
)


@st.composite
def streams(draw: st.DrawFn) -> list[Piece]:
    """Draw what a client sends, and how it is cut."""
    stream = b"".join(draw(st.lists(requests(), min_size=1, max_size=3)))
    if draw(st.integers(0, 3)) == 0:
        at, gone = draw(st.integers(0, len(stream))), draw(st.integers(0, 2))
        stream = stream[:at] + draw(st.sampled_from(MUTATIONS)) + stream[at + gone :]
    ends = [found.end() for found in HEAD_OR_START.finditer(stream)]
    near = [end + more for end in ends for more in (-1, 0, 1, 3)]
    cut = st.one_of(st.sampled_from(near), st.integers(1, len(stream)))
    pauses = st.sampled_from((0, 0, 1, 1, 2, 5, 20, 20, LATE))
    cuts = sorted(draw(st.sets(cut, max_size=5)))
    parts = [stream[begin:end] for begin, end in pairwise((0, *cuts, len(stream)))]
    return [(part, draw(pauses)) for part in parts if part]
