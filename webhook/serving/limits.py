"""How much of anything a client may have. Every number has its derivation beside it."""

from dataclasses import dataclass
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    # The API server takes objects of up to 3 MiB (its MaxRequestBodyBytes) and sends the new and
    # the old one; escaping and the envelope take less than a third of that again: 3 + 3 + 2.
    body: int = 8 * MIB
    # A pod is some 7 kB, one with a lot of configuration ten times that. Up to this size a body is
    # always taken in, however full the budget below is: 768 connections hold 48 MiB so at most.
    small_body: int = 64 * KIB
    # What all larger bodies may hold together: eight of the largest at once. With 48 MiB of small
    # ones, 66 MiB of program and 60 kB (measured) for each connection, 45 MiB, the process stays
    # within 256 MiB of memory.
    bodies: int = 64 * MIB
    # Request line and headers. The API server's take 500 bytes, a bearer token 1 to 2 kB more, and
    # tracing headers less than that.
    head: int = 16 * KIB
    headers: int = 64
    # What the parser takes of a body before anybody reads it. It stops above twice as much: a small
    # body is taken whole.
    read_ahead: int = 32 * KIB

    # API servers are three to five, and each has 200 mutating requests in flight at most
    # (--max-mutating-requests-inflight): 600, and a quarter more for the rest of the world. It
    # stays below the 1,024 files that a process may have open where nobody has raised that.
    connections: int = 768
    # From accept to the end of the TLS handshake, and from the first byte of a request to the end
    # of its headers: the API server itself waits 10 s for a handshake.
    head_time: float = 10.0
    # The API server's default time-out for a webhook; a shorter one comes with each request.
    body_time: float = 10.0
    # From a request's headers to the end of its answer, for a client that does not read it.
    # 10 s of body, 2 s of lingering, and time to spare on a loaded node.
    request_time: float = 20.0
    # The API server closes idle connections after 90 s. It must be the one who closes: when both
    # do at once, a request on the wire is lost. A third more covers its timer being late.
    idle_time: float = 120.0
    # After an early refusal the rest of the body is read and thrown away for so long: closing at
    # once would make the kernel reset the connection, and the client would not see the answer.
    linger_time: float = 2.0
    # For the client to say goodbye after we did.
    goodbye_time: float = 2.0
    # How often the times above are looked at.
    sweep_every: float = 1.0
    # Requests under way when we are told to stop. The API server waits 10 s by default; with this
    # and the longest useful drain delay a pod is gone within its default 30 s.
    drain_time: float = 15.0
    # Requests under way are one for each connection, so `connections` limits them as well.


DEFAULT_LIMITS: Final = Limits()
