"""All drills, and what may happen in each."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.drills import certificates, clocks, faults, policies
from tests.drills.faults import LOST, Notes
from tests.drills.load import Load
from tests.drills.outcome import Outcome, Result
from tests.drills.stage import Stage

# Before something happens and after it is over: long enough for percentiles, short in CI.
LEAD, QUICK_LEAD = 5.0, 1.0
# What a creation may come to where some or all replicas do not answer: refused, and created again
# by its controller.
UNANSWERED = frozenset({Outcome.CALLING_ERROR, Outcome.AGAIN})
AWAY = frozenset({Outcome.AWAY})


@dataclass(frozen=True)
class Drill:
    """One drill; `allowed` are outcomes other than the right ones, and `why` says why."""

    name: str
    act: Callable[[Stage], Notes]
    allowed: frozenset[Outcome] = frozenset()
    why: str = ""
    quick: bool = True  # also in CI

    def run(self, stage: Stage) -> Result:
        """Let it happen under load; returns what became of all pods."""
        lead = QUICK_LEAD if stage.quick else LEAD
        with Load(stage.plane, stage.namespace()) as load:
            time.sleep(lead)
            notes = self.act(stage)
            time.sleep(lead)
        return load.result(self.name, **notes)

    def complaints(self, result: Result) -> list[str]:
        """Return a sentence for each promise that was not kept."""
        row = result.row()
        found = []
        if result.without_sources:
            found.append(f"{result.without_sources} pods are stored without their sources")
        if result.sets.there != result.sets.wanted:
            found.append(f"controllers made {row['by_controllers']} pods")
        if not result.count(Outcome.STORED) or not result.count(Outcome.REFUSED):
            found.append("nothing was asked")
        if row.get("elsewhere_failed"):
            found.append(f"{row['elsewhere_failed']} pods of other namespaces were refused")
        lost = result.count(*UNANSWERED)
        if LOST in row and lost > row[LOST]:
            found.append(f"{lost} creations failed at {row[LOST]} lost connections")
        right = {Outcome.STORED, Outcome.REFUSED} | self.allowed
        wrong = [outcome for outcome in Outcome if outcome not in right and result.count(outcome)]
        if wrong:
            found += [f"{result.count(outcome)}: {outcome}" for outcome in wrong]
            found += result.problems()
        return found


ONE_LOST = (
    "the call was at the very replica, or dialled it before the Service forgot it. API servers do "
    "not try a second one. Each connection loses one call at most"
)
ALL_LOST = "no replica answers: what is opted in is refused, and made again by its controller"
NO_POLICY = "there is no policy: what is opted in is refused, and made again by its controller"
DRILLS = (
    Drill("no fault", faults.nothing),
    Drill("rolling restart", faults.rolling_restart),
    Drill("leaf rotated", certificates.leaf_rotation),
    # Before replicas are lost: until a lost one is forgotten, an hour later, no old CA is dropped.
    Drill("CA rotated", certificates.ca_rotation, quick=False),
    Drill("replica killed", faults.replica_killed, UNANSWERED, ONE_LOST),
    Drill("replica frozen", faults.replica_frozen, UNANSWERED, ONE_LOST),
    Drill("leader lost", faults.leader_lost, UNANSWERED, ONE_LOST),
    Drill("ten policy changes a second", faults.policy_changes),
    Drill("API server restarted", faults.api_server_restart, AWAY, "the API server is away"),
    Drill("etcd restarted", faults.etcd_restart, AWAY, "etcd is away"),
    Drill("every replica frozen", faults.every_replica_frozen, UNANSWERED, ALL_LOST),
    Drill("every replica down", faults.every_replica_down, UNANSWERED, ALL_LOST, quick=False),
    Drill("cold start", faults.cold_start, UNANSWERED | AWAY, ALL_LOST),
    Drill("10,000 pools", policies.ten_thousand_pools),
    Drill("200 policies", policies.two_hundred_policies),
    Drill("policy does not load", policies.policy_that_does_not_load, quick=False),
    Drill("CRD deleted and restored", policies.crd_deleted, UNANSWERED, NO_POLICY, quick=False),
    Drill(
        "Secret and CA bundle damaged",
        certificates.damage,
        UNANSWERED,
        "until the CA bundle is put right the API server trusts nobody",
        quick=False,
    ),
    Drill("disk full", certificates.disk_full, quick=False),
    Drill("clocks a day off", clocks.a_day_off, quick=False),
)
