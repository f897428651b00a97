"""The policies in force, from the custom resources.

Each resource is loaded by itself, and only when its generation changed. One that does not load
leaves the last good one of that resource in force, and all others alone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from webhook.cluster.backoff import Backoff
from webhook.cluster.reflector import Reflector, Source, Store
from webhook.core.compile import compile_policy
from webhook.core.policy import Policy
from webhook.core.policyset import Conflict, PolicySet
from webhook.core.tables import CompiledPolicy
from webhook.loading.problems import PolicyError
from webhook.serving.reload import Status, uncollected
from webhook.telemetry.logs import describe, event

Json = dict[str, Any]
Recall = Callable[[str], Awaitable[Json | None]]

PATH: Final = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies"

# Prometheus looks every 15 s or more.
SHOW_EVERY: Final = 5.0


class Meter(Protocol):
    """What every source of policies counts."""

    def policy_loaded(self, *, generation: int, at: float) -> None: ...  # noqa: D102
    def policy_failed(self) -> None: ...  # noqa: D102


class Board(Protocol):
    """What is shown of policies as resources."""

    def api_failed(self, what: str) -> None: ...  # noqa: D102
    def policies_followed(self, *, up: bool, synced_at: float) -> None: ...  # noqa: D102

    def policies_in_force(  # noqa: D102
        self, generations: Mapping[str, int], *, invalid: int, conflicts: int
    ) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Good:
    """A resource that loaded."""

    policy: Policy
    compiled: CompiledPolicy
    resource: Json  # as it was loaded, to be kept for a restart

    @property
    def generation(self) -> int:
        """The generation of the resource that this is."""
        return self.policy.metadata.generation


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """One resource: what of it is in force, and what is wrong with its newest generation."""

    name: str
    uid: str
    created: str  # RFC 3339, so that it sorts
    generation: int
    status: Json  # what the resource says of itself
    good: Good | None
    problems: tuple[str, ...] = ()  # of the newest generation; none: it is the one in force
    conflict: Conflict | None = None


class ClusterPolicySource:
    """Keeps the set of policies; `take` and `run` belong to the event loop, the rest to anybody."""

    def __init__(
        self,
        api: Source,
        *,
        load: Callable[[Json], Policy],
        recall: Recall,
        meter: Meter,
        board: Board,
        backoff: Backoff,
        clock: Callable[[], float],
    ) -> None:
        """Take `load`, which raises PolicyError, and a clock of seconds since 1970.

        `recall` finds the last good resource of a uid from before this process began, if any.
        """
        self._reflector = Reflector(
            api,
            PATH,
            changed=self.take,
            backoff=backoff,
            clock=clock,
            failed=lambda: board.api_failed("policies"),
        )
        self._load, self._recall = load, recall
        self._meter, self._board, self._clock = meter, board, clock
        self._store: Store = {}
        self._states: tuple[State, ...] = ()
        self._set: PolicySet | None = None
        self._yielding: Mapping[str, Conflict] = {}
        self._status = Status(error="")
        self._news = asyncio.Event()
        self._listeners: list[asyncio.Event] = []

    def current(self) -> PolicySet | None:
        """Give the policies in force; None or an empty set: there are none."""
        return self._set

    def status(self) -> Status:
        """Tell what is in force; `generation` counts the changes that this process has seen."""
        if self._reflector.error and not self._status.error:
            return replace(
                self._status,
                error=_hint(self._reflector.error),
                failing_since=self._reflector.synced_at or self._clock(),
            )
        return self._status

    def states(self) -> tuple[State, ...]:
        """Give all resources, those that govern first in front."""
        return self._states

    def listen(self) -> asyncio.Event:
        """Give an event that is set after each change, and is the listener's to clear."""
        listener = asyncio.Event()
        self._listeners.append(listener)
        return listener

    def unlisten(self, listener: asyncio.Event) -> None:
        """Forget an event that `listen` gave."""
        self._listeners.remove(listener)

    def take(self, store: Store) -> None:
        """Note what the API server holds; returns at once."""
        self._store = store
        self._news.set()

    async def run(self) -> None:
        """Follow the API server for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reflector.run())
            tasks.create_task(self._show())
            tasks.create_task(self._load_news())

    async def _show(self) -> None:
        while True:
            following = self._reflector.synced.is_set() and not self._reflector.error
            self._board.policies_followed(up=following, synced_at=self._reflector.synced_at)
            await asyncio.sleep(SHOW_EVERY)

    async def _load_news(self) -> None:
        """Load what was taken, for ever; what came meanwhile is loaded in one go."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                before = {state.uid: state for state in self._states}
                loaded = [await self._state(item, before) for item in self._store.values()]
                await self._put(loaded)
            except BaseException:
                self._news.set()  # who begins anew must not wait for the next change
                raise

    async def _state(self, item: Json, before: Mapping[str, State]) -> State:
        metadata = item.get("metadata") or {}
        uid, generation = str(metadata.get("uid") or ""), int(metadata.get("generation") or 0)
        old = before.get(uid)
        known = old is not None and old.generation == generation
        good, problems = (old.good, old.problems) if old else (None, ())
        if not known:
            good, problems = await self._loaded(item, good, uid)
        return State(
            name=str(metadata.get("name") or ""),
            uid=uid,
            created=str(metadata.get("creationTimestamp") or ""),
            generation=generation,
            status=item.get("status") or {},
            good=good,
            problems=problems,
        )

    async def _loaded(
        self, item: Json, last: Good | None, uid: str
    ) -> tuple[Good | None, tuple[str, ...]]:
        # In a thread: 10,000 pools take a good part of a second, and requests are to go on.
        problems = await asyncio.to_thread(self._try, item)
        if isinstance(problems, Good):
            return problems, ()
        self._meter.policy_failed()
        name = str(item["metadata"].get("name"))
        if last is None and (kept := await self._recall(uid)) is not None:
            again = await asyncio.to_thread(self._try, kept)
            last = again if isinstance(again, Good) else None
        kept_text = f"generation {last.generation} stays in force" if last else "none is in force"
        event(
            logging.ERROR,
            f"a policy cannot be used; {kept_text}",
            policy=name,
            reason="; ".join(problems),
        )
        return last, problems

    def _try(self, item: Json) -> Good | tuple[str, ...]:
        try:
            with uncollected():
                policy = self._load(item)
                return Good(policy, compile_policy(policy), item)
        except PolicyError as error:
            return tuple(map(str, error.problems))
        except Exception as problem:  # noqa: BLE001  one policy must not end the following of all
            event(logging.ERROR, "a policy cannot be loaded", **describe(problem))
            return ("internal error; the webhook's log has the details",)

    async def _put(self, loaded: list[State]) -> None:
        """Swap the set in one go."""
        ordered = sorted(loaded, key=lambda state: (state.created, state.name))
        goods = [state.good for state in ordered if state.good is not None]
        count = self._status.generation
        # Most news is of a status that was written: then each policy is the very object it was.
        if self._set is None or [it.compiled for it in goods] != list(self._set.policies):
            count += 1
            compiled = [it.compiled for it in goods]
            # In a thread, since conflicts are looked for among all pairs.
            self._set, self._yielding = await asyncio.to_thread(_together, compiled, count)
        self._states = tuple(
            replace(it, conflict=self._yielding.get(it.name) if it.good is not None else None)
            for it in ordered
        )
        self._tell(count)
        for listener in self._listeners:
            listener.set()

    def _tell(self, count: int) -> None:
        invalid = [state for state in self._states if state.problems]
        now = self._clock()
        changed = count != self._status.generation
        error = "; ".join(f"policy {it.name}: {' and '.join(it.problems)}" for it in invalid)
        self._status = Status(
            count,
            loaded_at=now if changed else self._status.loaded_at,
            error=error,
            failing_since=(self._status.failing_since or now) if error else 0.0,
        )
        self._board.policies_in_force(
            {it.name: it.good.generation for it in self._states if it.good is not None},
            invalid=len(invalid),
            conflicts=sum(it.conflict is not None for it in self._states),
        )
        if changed:
            self._meter.policy_loaded(generation=count, at=now)
            names = [it.label for it in self._set.policies] if self._set else []
            event(logging.INFO, "the policies are loaded", generation=count, policies=names)


def _hint(error: str) -> str:
    if error.startswith("404 "):
        return (
            "the API server does not serve SecretInjectionPolicy objects: apply the "
            "CustomResourceDefinition of the manifests"
        )
    return error


def _together(compiled: list[CompiledPolicy], count: int) -> tuple[PolicySet, dict[str, Conflict]]:
    """Make the set, and find for each policy the first that it yields to."""
    with uncollected():
        policies = PolicySet(compiled, count)
        return policies, {conflict.yields: conflict for conflict in reversed(policies.conflicts())}
