"""What the leader does for all replicas: statuses, the last good policies, the initial one."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from webhook.cluster.api import ApiError
from webhook.cluster.kept import Kept
from webhook.cluster.policies import PATH, ClusterPolicySource, State
from webhook.cluster.status import Standing, needs_write, status_of, write_status
from webhook.core.words import GROUP
from webhook.telemetry.logs import Throttle, event

Json = dict[str, Any]

INITIAL_MARK: Final = f"{GROUP}/initial-policy"
# Ten changes a second are written as two: people do not read faster.
_STATUS_EVERY: Final = 0.5  # seconds
# What is kept is for a restart; a few seconds' worth of changes may be skipped.
_KEEP_EVERY: Final = 5.0
# A call that failed is made again then; the next change of a policy does it sooner.
_AGAIN: Final = 5.0
# What is refused again and again is told once a minute.
_SAY_EVERY: Final = 60.0


class Writable(Protocol):
    """What is needed of the API."""

    async def get(self, path: str, **query: str) -> Json: ...  # noqa: D102
    async def create(self, path: str, body: Json) -> Json: ...  # noqa: D102
    async def patch(self, path: str, body: Json) -> Json: ...  # noqa: D102


class Leading:
    """The leader's work on policies."""

    def __init__(
        self,
        api: Writable,
        policies: ClusterPolicySource,
        kept: Kept,
        *,
        lease: str,
        initial: Json | None,
        now: Callable[[], datetime],
        failed: Callable[[], None],
        again: float = _AGAIN,
    ) -> None:
        """Take the path of the leader's Lease, which remembers that `initial` was created."""
        self._api, self._policies, self._kept = api, policies, kept
        self._lease, self._initial, self._now = lease, initial, now
        self._failed, self._again = failed, again
        self._throttle = Throttle(every=_SAY_EVERY, clock=time.monotonic)

    async def run(self) -> None:
        """Do it until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._after_each_change(self._write_statuses, _STATUS_EVERY))
            tasks.create_task(self._after_each_change(self._keep, _KEEP_EVERY))
            if self._initial is not None:
                tasks.create_task(self._create_initial(self._initial))

    async def _after_each_change(self, work: Callable[[], Any], every: float) -> None:
        changed = self._policies.listen()
        changed.set()
        try:
            while True:
                await changed.wait()
                changed.clear()
                try:
                    await work()
                except ApiError as problem:
                    self._cannot_write(problem)
                    changed.set()
                    await asyncio.sleep(self._again)
                await asyncio.sleep(every)
        finally:
            self._policies.unlisten(changed)

    def _cannot_write(self, problem: ApiError) -> None:
        self._failed()
        # By status: what is refused for one reason is told, whatever else is refused.
        held = self._throttle.admit(str(problem.status))
        if held is not None:
            event(logging.WARNING, "the leader cannot write", reason=str(problem), before=held)

    async def _write_statuses(self) -> None:
        refused: ApiError | None = None
        for state in self._policies.states():
            wanted = status_of(_standing(state), state.status, now=self._now())
            if not needs_write(state.status, wanted):
                continue
            try:
                await write_status(self._api, state.name, wanted)
            except ApiError as problem:
                if not problem.status:
                    raise  # not reached: each of the others would only wait for that, too
                if problem.status != HTTPStatus.NOT_FOUND:  # it was deleted meanwhile
                    refused = refused or problem
        if refused is not None:
            raise refused

    async def _keep(self) -> None:
        await self._kept.save(
            state.good.resource for state in self._policies.states() if state.good is not None
        )

    async def _create_initial(self, policy: Json) -> None:
        """Create the first policy of a new installation, once: a deletion stays a deletion."""
        while True:
            try:
                if await self._is_new():
                    await self._api.create(PATH, policy)
                    name = policy["metadata"]["name"]
                    event(logging.INFO, "the initial policy is created", policy=name)
                mark = {"metadata": {"annotations": {INITIAL_MARK: "done"}}}
                await self._api.patch(self._lease, mark)
            except ApiError as problem:
                # Not found: the API server has yet to serve the custom resource.
                event(logging.WARNING, "no initial policy yet", reason=str(problem))
                await asyncio.sleep(self._again)
            else:
                return

    async def _is_new(self) -> bool:
        lease = await self._api.get(self._lease)
        if INITIAL_MARK in (lease["metadata"].get("annotations") or {}):
            return False
        return not (await self._api.get(PATH, limit="1")).get("items")


def _standing(state: State) -> Standing:
    policy = None if state.good is None else state.good.policy
    namespaces = ("*",) if policy is None else policy.spec.namespaces or ("*",)
    return Standing(
        generation=state.generation,
        in_force=None if policy is None else policy.metadata.generation,
        problems=state.problems,
        conflict=state.conflict,
        pools=0 if policy is None else len(policy.spec.worker.pools),
        namespaces=namespaces,
    )
