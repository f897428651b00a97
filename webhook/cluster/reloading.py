"""Restarts workloads when a Secret changes that the policy gave to their pods; the leader alone.

Looked at again and again, rather than watched: a watch by name takes `list` and `watch` besides
`get`, and a connection each; of a rotation nobody needs to know within the second.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from webhook.cluster.api import ApiError
from webhook.cluster.restartable import budgets, namespaces, sources, workloads
from webhook.cluster.restarting import Record, Restart, Round, judge
from webhook.cluster.rollouts import RESTARTED_AT, Workload
from webhook.cluster.telling import Reason, Telling, clip_bytes
from webhook.cluster.versions import Version, version_of
from webhook.core.policy_upkeep import Reload
from webhook.core.policyset import PolicySet
from webhook.core.tables import CompiledPolicy
from webhook.core.words import RELOADED_ANNOTATION
from webhook.telemetry.logs import Throttle, event, fault
from webhook.wire.subject import Subject

Json = dict[str, Any]

# A hundred Secrets and ten namespaces are 140 calls; every 15 s, that is ten a second. It is also
# the pace: in each namespace one restart is begun in that time at most.
EVERY: Final = 15.0
_PLURALS: Final = {"Secret": "secrets", "ConfigMap": "configmaps"}
# What is refused again and again is told once in ten minutes.
_SAY_EVERY: Final = 600.0
# Of a namespace whose owner has made it as large as can be; the others have their turn as well.
_TURN: Final = EVERY
_MISSING: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


class Cluster(Protocol):
    """What is needed of the API."""

    async def read(self, path: str, **query: str) -> bytes: ...  # noqa: D102
    async def metadata(self, path: str) -> Json: ...  # noqa: D102
    async def patch(self, path: str, body: Json) -> Json: ...  # noqa: D102


class Policies(Protocol):
    """Where the policies in force are."""

    def current(self) -> PolicySet | None: ...  # noqa: D102


class Board(Protocol):
    """What is needed of the metrics."""

    def api_failed(self, what: str) -> None: ...  # noqa: D102
    def restarted(self) -> None: ...  # noqa: D102
    def waiting(self, count: int) -> None: ...  # noqa: D102


class Reloading:
    """Goes through the namespaces whose policy says `reload.mode: Rollout`."""

    def __init__(
        self,
        api: Cluster,
        policies: Policies,
        *,
        metrics: Board,
        tell: Callable[[Telling], None],
        now: Callable[[], datetime],
        every: float = EVERY,
    ) -> None:
        """Take whom to tell of restarts, and the time by which the API server writes times."""
        self._api, self._policies, self._metrics = api, policies, metrics
        self._tell, self._now, self._every = tell, now, every
        self._throttle = Throttle(every=_SAY_EVERY, clock=time.monotonic)
        # Workloads that nobody lets us write, and until when they are not tried again.
        self._refused: dict[str, float] = {}

    async def run(self) -> None:
        """Do it until cancelled."""
        try:
            while True:
                try:
                    self._metrics.waiting(await self.once())
                except ApiError as problem:
                    self._failed("namespaces", problem)
                except Exception as problem:  # noqa: BLE001  the leader has other work, too
                    fault("a round of restarts failed", problem)
                await asyncio.sleep(self._every)
        finally:
            self._metrics.waiting(0)  # whoever leads next says how many

    async def once(self) -> int:
        """Go through all namespaces once; returns how many workloads wait. Raises ApiError."""
        policies = self._policies.current() or PolicySet(())
        if not any(it.rollout is not None for it in policies.policies):
            return 0
        now = time.monotonic()
        self._refused = {path: until for path, until in self._refused.items() if until > now}
        waiting = 0
        for name in await namespaces(self._api):
            policy = policies.govern(name)
            if policy is None or policy.rollout is None or policy.dry_run:
                continue
            try:
                async with asyncio.timeout(_TURN):
                    waiting += await self._namespace(name, policy, policy.rollout)
            except TimeoutError:
                self._failed(name, ApiError(0, "", f"it took longer than {_TURN:.0f} s"))
            except ApiError as problem:  # of one namespace's owner, who has not let us in
                self._failed(name, problem)
            except Exception as problem:  # noqa: BLE001  the others are not to wait for it
                fault("a round of restarts failed in a namespace", problem, namespace=name)
        return waiting

    async def _namespace(self, namespace: str, policy: CompiledPolicy, reload: Reload) -> int:
        there = [
            (it.workload, sources(it.pod, namespace, policy))
            async for it in workloads(self._api, namespace)
            if self._refused.get(it.workload.path, 0) <= time.monotonic()
        ]
        versions = await self._versions(namespace, {it for _, names in there for it in names})
        held = await budgets(self._api, namespace)
        # In a thread: requests do not wait for it, however much of it somebody has made.
        found = await asyncio.to_thread(judge, there, versions, held, reload, self._now())
        return found.waiting - await self._act(namespace, policy, found)

    async def _versions(self, namespace: str, names: Iterable[str]) -> dict[str, Version]:
        """Return the versions of sources; without those that are missing or may not be read."""
        found = {}
        plurals = {kind.lower(): plural for kind, plural in _PLURALS.items()}
        for it in sorted(names):
            kind, _, name = it.partition("/")
            path = f"/api/v1/namespaces/{namespace}/{plurals[kind]}/{name}"
            try:
                found[it] = version_of(await self._api.metadata(path))
            except ApiError as problem:
                if problem.status not in _MISSING:
                    raise
                if problem.status == HTTPStatus.FORBIDDEN:
                    self._failed(f"{namespace} {it}", problem)
        return found

    async def _act(self, namespace: str, policy: CompiledPolicy, found: Round) -> int:
        """Do it; returns how many were restarted, which is one at most."""
        for record in found.records:
            await self._write(namespace, record)
        for workload in found.late:
            self._say(
                namespace, workload, "restarted, and not done within the time limit", bad=True
            )
        for restart in found.due:
            if await self._write(namespace, restart):
                self._tell_of(namespace, policy, restart)
                return 1
        return 0

    def _tell_of(self, namespace: str, policy: CompiledPolicy, restart: Restart) -> None:
        self._metrics.restarted()
        names = ", ".join(restart.changed)
        why = f"restarted: {names} changed, which policy {policy.name} gives to its pods"
        self._say(namespace, restart.workload, why)
        event(
            logging.INFO,
            "a workload is restarted",
            namespace=namespace,
            workload=f"{restart.workload.kind}/{restart.workload.name}",
            changed=names,
        )

    async def _write(self, namespace: str, what: Record | Restart) -> bool:
        """Change a workload, if nobody else has meanwhile; else the next round sees to it.

        One that is refused for good, by RBAC or another webhook, does not hold up the others.
        """
        metadata = what.workload.body["metadata"]
        text = ",".join(f"{name}={version}" for name, version in what.versions.items()) or None
        body: Json = {
            "metadata": {
                "resourceVersion": metadata.get("resourceVersion"),
                "annotations": {RELOADED_ANNOTATION: text},
            }
        }
        if isinstance(what, Restart):
            at = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
            body["spec"] = {"template": {"metadata": {"annotations": {RESTARTED_AT: at}}}}
        try:
            await self._api.patch(what.workload.path, body)
        except ApiError as problem:
            if not problem.status or problem.status >= HTTPStatus.TOO_MANY_REQUESTS:
                raise
            if problem.status not in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
                where = f"{namespace} {what.workload.kind}/{what.workload.name}"
                self._failed(where, problem, like=namespace)
                self._refused[what.workload.path] = time.monotonic() + _SAY_EVERY
            return False
        return True

    def _say(self, namespace: str, workload: Workload, note: str, *, bad: bool = False) -> None:
        uid = str(workload.body["metadata"].get("uid") or "")
        subject = Subject("apps/v1", workload.kind, workload.name, uid)
        self._tell(Telling(namespace, subject, Reason.RELOADED, bad, clip_bytes(note)))

    def _failed(self, where: str, problem: ApiError, *, like: str = "") -> None:
        """Count it, and say it where nothing like it was said lately."""
        self._metrics.api_failed("reload")
        held = self._throttle.admit(like or where)
        if held is not None:
            event(
                logging.WARNING,
                "workloads cannot be restarted for changed Secrets; has the component reload been "
                "applied, and has the namespace's owner bound its role?",
                where=where,
                reason=str(problem),
                before=held,
            )
