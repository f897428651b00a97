"""The two hooks, each for its two kinds of namespace: bytes in, the answer's bytes out.

Three kinds of failure, kept apart because different people act on them:

- the policy says no: HTTP 200 and `allowed: false`, in the answer itself. The pod's author acts.
- the request is wrong: HTTP 4xx. The API server applies the webhook's failurePolicy.
- we are wrong, or have no policy: HTTP 500, a counter and a stack in the log. failurePolicy again,
  and whoever is on call.
"""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Final, Protocol

from aiohttp import web

from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.serving.body import BodyReader, Gone
from webhook.serving.head import Route, asked_time, check, route
from webhook.serving.limits import Limits
from webhook.serving.protocol import Connection
from webhook.serving.reply import Refused, answered, error, ok
from webhook.telemetry.decisions import DecisionLog
from webhook.telemetry.logs import Throttle, event, fault
from webhook.telemetry.metrics import Metrics
from webhook.wire.answer import Answer, Malformed

# One line for each kind of refusal in so many seconds; the metrics count all of them.
_QUIET: Final = 10.0
_NO_POLICY: Final = "no policy is loaded; the webhook's log and /readyz?verbose say why"
_FAULT: Final = "internal error; the webhook's log has the details"


class Answerer(Protocol):
    """Decides about one AdmissionReview: `webhook.wire.answer.answer`."""

    def __call__(
        self, body: bytes, *, hook: Hook, mode: NamespaceMode, policies: PolicySet
    ) -> Answer:
        """Give the answer, or raise Malformed."""


class PolicySource(Protocol):
    """Where the policy in force comes from."""

    def current(self) -> PolicySet | None:
        """Give it; None: there is none yet."""


class Reporter(Protocol):
    """Tells others of decisions."""

    def decided(self, answer: Answer, seconds: float) -> None:
        """Take in one decision; neither waits nor raises, and keeps no part of the request."""


class Hooks:
    """Answers the requests of the API server."""

    def __init__(
        self,
        *,
        answer: Answerer,
        policies: PolicySource,
        metrics: Metrics,
        log: DecisionLog,
        limits: Limits,
        clock: Callable[[], float],
        reporter: Reporter | None = None,
    ) -> None:
        """Take the event loop's clock, and who is told of decisions beside metrics and log."""
        self._answer, self._policies = answer, policies
        self._metrics, self._log, self._reporter = metrics, log, reporter
        self._limits, self._clock = limits, clock
        self._bodies = BodyReader(limits)
        self._throttle = Throttle(every=_QUIET, clock=clock)
        self.draining = False  # each answer then asks its client to connect anew, elsewhere

    def at_once(self, route: Route, body: bytes, begin: float) -> bytes | None:
        """Answer a plain request whose body is there; None: `handle` is to look at it."""
        policies = self._policies.current()
        if not policies or self.draining:
            return None
        hook, mode = route
        try:
            answer = self._answer(body, hook=hook, mode=mode, policies=policies)
        except Exception:  # noqa: BLE001  comes again in `handle`, which tells and answers it
            return None
        self._decided(answer, begin)
        return ok(answer.body)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            response = await self._respond(request)
        except Gone:
            return error(400, "the client is gone")  # which aiohttp then finds out, too
        except Refused as refused:
            self._note_refused(refused, request)
            response = error(refused.status, refused.message, headers=refused.headers)
            response.force_close()  # the rest of the body may still come
            return response
        except Exception as problem:  # noqa: BLE001  whatever it is, it is ours
            self._metrics.failed()
            self._metrics.rejected(500)
            fault("a request could not be decided", problem, path=request.path)
            response = error(500, _FAULT)
        if self.draining:
            response.force_close()
        elif isinstance(request.protocol, Connection):
            request.protocol.rest()
        return response

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        begin = perf_counter()  # the loop's clock, by which deadlines go, counts milliseconds
        path, _, query = request.raw_path.partition("?")
        hook, mode = route(path, request.method)
        check(request.headers)
        if "Expect" in request.headers:
            await _expect(request, most=self._limits.body)
        patience = min(asked_time(query) or self._limits.body_time, self._limits.body_time)
        body = await self._bodies.read(request, deadline=self._clock() + patience)
        policies = self._policies.current()
        if not policies:
            return self._no_policy()
        try:
            answer = self._answer(body, hook=hook, mode=mode, policies=policies)
        except Malformed as wrong:
            raise Refused(400, str(wrong)) from None
        self._decided(answer, begin)
        return answered(answer.body, request)

    def _decided(self, answer: Answer, begin: float) -> None:
        seconds = perf_counter() - begin
        self._metrics.decided(answer.record, seconds)
        self._log.decided(answer.record, seconds)
        if self._reporter is not None:
            self._reporter.decided(answer, seconds)

    def _no_policy(self) -> web.Response:
        self._metrics.failed()
        self._metrics.rejected(500)
        held = self._throttle.admit("no policy")
        if held is not None:
            event(logging.ERROR, "a request was not decided: no policy is loaded", before=held)
        return error(500, _NO_POLICY)

    def _note_refused(self, refused: Refused, request: web.BaseRequest) -> None:
        self._metrics.rejected(refused.status)
        held = self._throttle.admit(str(refused.status))
        if held is not None:
            event(
                logging.WARNING,
                "a request was refused",
                status=refused.status,
                error=refused.message,
                path=request.raw_path[:100],
                peer=request.remote,
                before=held,  # so many of this status were not logged
            )


async def _expect(request: web.BaseRequest, *, most: int) -> None:
    """Let a client go on that asks before it sends; curl does so for large bodies."""
    if request.headers["Expect"].lower() != "100-continue":
        raise Refused(417, "the only expectation that is understood is 100-continue")
    if (request.content_length or 0) <= most:
        try:
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        except ConnectionError:
            raise Gone from None
        request.writer.output_size = 0  # it is no part of the answer
