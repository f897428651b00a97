"""The policy in force, read from files."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from webhook.core.policyset import PolicySet
from webhook.loading.load import Loaded
from webhook.loading.problems import PolicyError
from webhook.serving.reload import Followed, LoadError, Status
from webhook.telemetry.logs import event
from webhook.telemetry.metrics import Metrics


class Loader(Protocol):
    """Reads policies: `webhook.loading.load.load_policies`."""

    def __call__(self, path: Path, generation: int) -> Loaded:
        """Give them, or raise PolicyError or OSError."""


@dataclass(frozen=True, slots=True)
class _InForce:
    """What is kept of the files: not their documents, which take more memory than the policies."""

    policies: PolicySet
    names: list[str]
    warnings: list[str]


class FilePolicySource:
    """A policy file, or a folder of them; what does not load leaves the last good one in force."""

    def __init__(
        self,
        path: Path,
        *,
        load: Loader,
        fingerprint: Callable[[Path], bytes],
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        """Take a clock of seconds since 1970; nothing is read before `poll`."""
        self._path, self._load, self._metrics = path, load, metrics
        self.followed = Followed(
            "the policy",
            fingerprint=lambda: fingerprint(path),
            load=self._read,
            clock=clock,
            loaded=self._loaded,
            failed=metrics.policy_failed,
        )

    def current(self) -> PolicySet | None:
        """Give the policy in force; None: none ever loaded."""
        found = self.followed.current()
        return None if found is None else found.policies

    def status(self) -> Status:
        """Tell what is in force, and what is wrong with what is not."""
        return self.followed.status()

    def _read(self, generation: int) -> _InForce:
        try:
            loaded = self._load(self._path, generation)
        except PolicyError as problem:
            raise LoadError(str(problem)) from None
        found = _InForce(
            loaded.policies,
            [source.policy.metadata.name for source in loaded.sources],
            [str(problem) for problem in loaded.warnings()],
        )
        # One by one: 100,000 in one go would be 10 ms in which no request is answered.
        for source in loaded.sources:
            while source.document.lines:
                source.document.lines.popitem()
        return found

    def _loaded(self, found: _InForce, status: Status) -> None:
        self._metrics.policy_loaded(generation=status.generation, at=status.loaded_at)
        event(
            logging.INFO,
            "the policy is loaded",
            generation=status.generation,
            policies=found.names,
        )
        for problem in found.warnings:
            event(logging.WARNING, "the policy could be better", reason=problem)
