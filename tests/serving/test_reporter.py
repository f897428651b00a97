"""Whoever tells of decisions hears of each one, with what was asked and decided."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.serving.kit import Certificates, FakeLoader, Rig, echo, post, settings
from webhook.core.words import Hook, NamespaceMode
from webhook.serving.limits import Limits
from webhook.serving.server import Parts, Service
from webhook.serving.sources import Sources, from_files
from webhook.settings import Settings
from webhook.telemetry.metrics import Metrics
from webhook.wire.answer import Answer


@dataclass
class FakeReporter:
    heard: list[tuple[Answer, float]] = field(default_factory=list)

    def decided(self, answer: Answer, seconds: float) -> None:
        self.heard.append((answer, seconds))


async def test_decisions_are_reported_and_what_was_not_decided_is_not(
    pki: Certificates, quick: Limits, loader: FakeLoader, tmp_path: Path
) -> None:
    reporter = FakeReporter()

    def sources(given: Settings, metrics: Metrics) -> Sources:
        files = from_files(loader.load, loader.fingerprint)(given, metrics)
        return replace(files, reporter=reporter)

    chosen = settings(pki, tmp_path)
    lines: list[bytes] = []
    parts = Parts(answer=echo, sources=sources, version="1", write=lines.append, limits=quick)
    running = Rig(Service(chosen, parts), pki, chosen, loader, lines)
    try:
        client = await running.connect()
        asked = post({}, path="/validate/dry-run")
        statuses = [(await client.ask(it)).status for it in (asked, post({"say": "fault"}))]
        statuses.append((await client.ask(post(body=b"rubbish"))).status)
    finally:
        await running.service.close()

    assert statuses == [200, 500, 400]
    ((answer, seconds),) = reporter.heard
    assert (answer.asked.hook, answer.asked.mode) == (Hook.VALIDATE, NamespaceMode.DRY_RUN)
    assert 0 < seconds < 10
