"""What the leader does for our certificates: the Secret and the CA bundles are as they shall be.

Each look reads everything anew, plans (`webhook.pki.rotation`), and writes what differs. Changes of
the Secret and of the configurations are followed, but only to look at once.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Protocol

from webhook.cluster import ca_bundle
from webhook.cluster.api import ApiError
from webhook.cluster.backoff import Backoff
from webhook.cluster.ca_bundle import COLLECTIONS, Configuration
from webhook.cluster.reflector import Reflector
from webhook.cluster.replicas import Replicas
from webhook.cluster.tls_secret import Found, TlsSecret, changed_secret, found, new_secret
from webhook.pki.ensure import Source
from webhook.pki.keyring import choose, fingerprint
from webhook.pki.names import Names
from webhook.pki.plan import Observed, Plan, Since, Times, Wish
from webhook.pki.rotation import plan
from webhook.telemetry.logs import event, fault

Json = dict[str, Any]

# Two looks at once would be one too many; should somebody undo all that we do, five a second.
_BETWEEN: Final = 0.2  # seconds
# When the API server is back, what was broken meanwhile shall not wait for half a minute.
_LONGEST: Final = 5.0


class CertificateMetrics(Protocol):
    """What is counted."""

    def authority_good_until(self, at: float) -> None: ...  # noqa: D102
    def rotation_step(self, step: int) -> None: ...  # noqa: D102
    def healed(self, what: str) -> None: ...  # noqa: D102
    def api_failed(self, what: str) -> None: ...  # noqa: D102


class ApiServer(Protocol):
    """What is needed of the API."""

    async def get(self, path: str, **query: str) -> Json: ...  # noqa: D102
    async def create(self, path: str, body: Json) -> Json: ...  # noqa: D102
    async def replace(self, path: str, body: Json) -> Json: ...  # noqa: D102
    async def patch(self, path: str, body: Json, content_type: str) -> Json: ...  # noqa: D102
    def watch(self, path: str, **query: str) -> AsyncIterator[Json]: ...  # noqa: D102


class Certificates:
    """The leader's work on certificates; harmless where two believe to lead."""

    def __init__(  # noqa: PLR0913  each is another's business
        self,
        api: ApiServer,
        *,
        secret: TlsSecret,
        configuration: str,
        names: Names,
        replicas: Replicas,
        metrics: CertificateMetrics,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        fresh: Source,
        times: Times | None = None,
        random: Callable[[], float] = random.random,
    ) -> None:
        """Take the wall clock `now`, and a monotonic `clock` in seconds, which nobody can set.

        `configuration` is the name of both webhook configurations.
        """
        self._api, self._secret, self._configuration = api, secret, configuration
        self._replicas, self._metrics = replicas, metrics
        self._now, self._clock, self._fresh = now, clock, fresh
        self._wish = Wish(names, times or Times())
        self._random = random
        self._trusted, self._served = Since(), Since()
        self._published: dict[str, bytes] = {}  # uid of a configuration -> what it carried last
        self._looked = False  # at everything, in this process
        self._said = ""  # the last problem that was logged

    async def lead(self) -> None:
        """See to it until cancelled."""
        await self._secret.synced.wait()
        async with asyncio.TaskGroup() as tasks:
            for collection in COLLECTIONS:
                tasks.create_task(self._follow(collection).run())
            tasks.create_task(self._look_again_and_again())

    def _follow(self, collection: str) -> Reflector:
        return Reflector(
            self._api,
            collection,
            changed=lambda _: self._secret.changed.set(),
            backoff=Backoff(random=self._random),
            clock=self._clock,
            failed=lambda: self._metrics.api_failed("certificates"),
            fieldSelector=f"metadata.name={self._configuration}",
        )

    async def _look_again_and_again(self) -> None:
        backoff = Backoff(random=self._random, longest=_LONGEST)
        while True:
            self._secret.changed.clear()
            try:
                wait = (await self.look()).total_seconds()
                backoff.succeed()
                self._said = ""
            except ApiError as problem:
                wait = backoff.fail()
                self._tell(problem)
            except Exception as problem:  # noqa: BLE001  a fault here must not end the leading
                wait = backoff.fail()
                fault("our certificates could not be looked after", problem)
            await asyncio.sleep(min(wait, _BETWEEN))
            try:
                async with asyncio.timeout(wait):
                    await self._secret.changed.wait()
            except TimeoutError:
                continue

    def _tell(self, problem: ApiError) -> None:
        if problem.status == HTTPStatus.CONFLICT:
            return  # somebody else wrote first: what it is now is seen at the next look
        self._metrics.api_failed("certificates")
        if str(problem) != self._said:
            self._said = str(problem)
            event(
                logging.ERROR,
                "our certificates cannot be looked after; what is served goes on being served",
                reason=self._said,
            )

    async def look(self) -> timedelta:
        """Look at everything once and put it right; returns when to look again.

        Raises ApiError: 409 where somebody else wrote meanwhile.
        """
        before = await self._read()
        configurations = await ca_bundle.read(self._api, self._configuration)
        at = self._now()
        remembered, lost = choose(self._secret.memory, before.keyring if before else None)
        observed = await self._observe(before, configurations, at)
        made = plan(remembered, observed, at, wish=self._wish, fresh=self._fresh)
        if made.publish_first and made.changed:
            await self._publish(configurations, made.bundle)
            configurations = await ca_bundle.read(self._api, self._configuration)
        if made.changed or lost or observed.asked:
            await self._write(before, made, lost)
        self._secret.accept(made.keyring)
        await self._publish(configurations, made.bundle)
        self._looked = True
        self._metrics.authority_good_until(made.ca_not_after.timestamp())
        self._metrics.rotation_step(made.step)
        return made.look_again

    async def _read(self) -> Found | None:
        try:
            return found(await self._api.get(self._secret.path))
        except ApiError as problem:
            if problem.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    async def _observe(
        self, before: Found | None, configurations: list[Configuration], at: datetime
    ) -> Observed:
        carried = [each.carried(at) for each in configurations]
        everywhere = set.intersection(*carried) if carried else set()
        # Those that are silent, too: one that is frozen may wake up and serve what it served.
        serving = {each.serving for each in await self._replicas.look()}
        clock = self._clock()
        return Observed(
            trusted_for=self._trusted.look(map(fingerprint, everywhere), clock),
            served_for=self._served.look(serving if len(serving) == 1 else (), clock),
            published=() if self._looked else tuple(set[Any]().union(*carried)),
            asked="" if before is None else before.asked,
        )

    async def _write(self, before: Found | None, made: Plan, lost: str) -> None:
        if before is None:
            secret = new_secret(self._secret.namespace, self._secret.name, made.keyring)
            await self._api.create(self._secret.collection, secret)
        else:
            await self._api.replace(self._secret.path, changed_secret(before.secret, made.keyring))
        if lost:
            self._metrics.healed("secret")
            event(
                logging.WARNING,
                "the Secret of our certificates is put back",
                why=lost,
                generation=made.keyring.generation,
            )
        if made.why:
            event(
                logging.INFO,
                "our certificates are changed",
                why="; ".join(made.why),
                generation=made.keyring.generation,
                rotationStep=made.step,
            )

    async def _publish(self, configurations: list[Configuration], bundle: bytes) -> None:
        for configuration in configurations:
            names = configuration.others(bundle)
            if names:
                await ca_bundle.write(self._api, configuration, names, bundle)
                broken = self._published.get(configuration.uid) == bundle
                self._tell_published(configuration, names, broken=broken)
        self._published = {each.uid: bundle for each in configurations}

    def _tell_published(
        self, configuration: Configuration, names: list[str], *, broken: bool
    ) -> None:
        level, message = logging.INFO, "the CA bundle of our webhooks is published"
        if broken:
            self._metrics.healed("ca_bundle")
            level, message = logging.WARNING, "the CA bundle of our webhooks is put back"
        event(level, message, kind=configuration.kind, webhooks=names)
