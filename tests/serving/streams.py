"""What clients send, in order or not, and how the network cuts it."""

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
FRAMES = ("right", "right", "right", "right", "chunked", "chunked", "more", "less", "none")
ODD_FRAMES = ("plus", "twice", "two", "both", "both ways", "broken", "extended", "gzip", "negative")


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


def mostly(usual: tuple[str, ...], odd: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(usual[0]), st.sampled_from(usual), st.sampled_from(odd))


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Draw one request, in order or not."""
    body = draw(st.sampled_from(BODIES))
    length, sent = framed(draw(mostly(FRAMES, ODD_FRAMES)), body)
    line = " ".join(draw(mostly(each[:1], each)) for each in (METHODS, TARGETS, VERSIONS))
    kind = draw(mostly(TYPES[:1], TYPES))
    extra = draw(st.lists(st.sampled_from(EXTRA), max_size=2)) if draw(st.booleans()) else []
    fields = [it for it in ("Host: hook", length, kind, *extra) if it]
    fields = draw(st.permutations(fields))
    return "\r\n".join([line, *fields, "", ""]).encode() + sent


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
    pieces: list[Piece] = []
    pauses = st.sampled_from((0, 0, 1, 1, 2, 5, 20, 20, 20, LATE))
    for size in draw(st.lists(st.integers(1, 400), max_size=5)):
        pieces.append((stream[:size], draw(pauses)))
        stream = stream[size:]
    return [piece for piece in (*pieces, (stream, 0)) if piece[0]]
