"""Fifty pod creations a second, each on time whatever became of those before it.

The time of a creation counts from the moment when it was due, so that a stall shows in all that
came due meanwhile.
"""

import functools
import http.client
import threading
import time
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

from tests.controlplane.plane import ControlPlane
from tests.drills.outcome import Attempt, Outcome, Result, of_answer, of_error
from tests.drills.pods import BATCH, Case, is_right, named, stream
from tests.drills.sets import ReplicaSets

Json = Any
RATE = 50.0  # creations a second
# Enough that none waits for another: a creation takes 6 s at most, when both hooks time out (3 s
# each), and 50 x 6 are under way then.
THREADS = 300
BATCH_SECONDS = 1.0
OK = 200


class Load:
    """Creates pods in one namespace from entering the context until leaving it."""

    def __init__(self, plane: ControlPlane, namespace: str, *, rate: float = RATE) -> None:
        self._plane, self._namespace, self._rate = plane, namespace, rate
        self._pods = f"/api/v1/namespaces/{namespace}/pods"
        self._attempts: list[Attempt] = []
        self._open: defaultdict[int, int] = defaultdict(int)  # creations under way, by batch
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=run, name=run.__name__, daemon=True)
            for run in (self._create, self._tidy)
        ]
        self._began = 0.0
        self._seconds = 0.0
        self._stored_wrongly: set[str] = set()  # UIDs
        self.sets = ReplicaSets(plane, namespace)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self.sets.start()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._seconds = time.monotonic() - self._began
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self.sets.stop()

    def count(self, outcome: Outcome) -> int:
        """Count the creations so far that came to this."""
        with self._lock:
            return sum(it.outcome is outcome for it in self._attempts)

    def result(self, drill: str, **notes: object) -> Result:
        """Return what became of all; only after leaving the context."""
        return Result(
            drill=drill,
            seconds=self._seconds,
            attempts=self._attempts,
            stored_wrongly=len(self._stored_wrongly),
            sets=self.sets.outcome,
            notes=dict(notes),
        )

    def _create(self) -> None:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="creation") as threads:
            for number, case in stream():
                due = self._began + number / self._rate
                if self._stopping.wait(max(0.0, due - time.monotonic())):
                    return
                batch = int((due - self._began) / BATCH_SECONDS)
                with self._lock:
                    self._open[batch] += 1
                done = threads.submit(self._create_one, number, case, batch, due)
                done.add_done_callback(functools.partial(self._done, batch))

    def _create_one(self, number: int, case: Case, batch: int, due: float) -> Attempt:
        message = ""
        try:
            answer = self._plane.api("POST", self._pods, named(case, f"pod-{number}", batch))
        except (OSError, http.client.HTTPException) as problem:
            outcome, message = Outcome.AWAY, of_error(problem)
        else:
            outcome = of_answer(case, answer)
            if outcome not in {Outcome.STORED, Outcome.REFUSED}:
                message = answer.message
        now = time.monotonic()
        return Attempt(due - self._began, now - due, outcome, case.name, message)

    def _done(self, batch: int, future: Future[Attempt]) -> None:
        with self._lock:
            self._open[batch] -= 1
            self._attempts.append(future.result())

    def _tidy(self) -> None:
        """Look at what is stored once more, batch by batch, and take it away: etcd stays small."""
        tidied = 0
        while not self._stopping.wait(BATCH_SECONDS):
            tidied = self._tidy_finished(tidied)
        self._threads[0].join()
        last = max(self._open, default=-1)
        while tidied <= last:
            before = tidied
            tidied = self._tidy_finished(tidied)
            if tidied == before:
                time.sleep(BATCH_SECONDS)

    def _tidy_finished(self, batch: int) -> int:
        """Tidy batches from this one on as far as they are finished; returns the next."""
        while True:
            with self._lock:
                finished = batch in self._open and not self._open[batch]
                later = batch < max(self._open, default=-1) or self._stopping.is_set()
            if not (finished and later):
                return batch
            try:
                done = self._tidy_batch(batch)
            except (OSError, http.client.HTTPException):
                done = False
            if not done:
                return batch
            batch += 1

    def _tidy_batch(self, batch: int) -> bool:
        query = f"?labelSelector={BATCH}%3D{batch}"
        answer = self._plane.api("GET", self._pods + query)
        if answer.status != OK:
            return False
        for pod in answer.body["items"]:
            if not is_right(pod):
                self._stored_wrongly.add(pod["metadata"]["uid"])
        return self._plane.api("DELETE", self._pods + query).status == OK
