"""Collects what is there, one object after the other, and folds it into a report.

Namespaces come first and owners before what they own. Of an object only its entry in the report is
kept, so that memory grows with what there is to tell, and not with what was read.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from webhook.audit.access import access
from webhook.audit.deployed import deployer_scopes, judged, since, undecided
from webhook.audit.judge import Judgement, judge, recognised_by
from webhook.audit.outside import Outside, looks_like_noxus
from webhook.audit.pods import has_ended, pod_entry
from webhook.audit.policies import policy_views
from webhook.audit.reloads import stale
from webhook.audit.report import (
    Judged,
    Namespace,
    PodEntry,
    PodState,
    Report,
    State,
    Totals,
    Verdict,
    Workload,
)
from webhook.audit.stored import Stored, StoredNamespace
from webhook.core.policyset import PolicySet
from webhook.core.words import NamespaceMode

# The last one listed is folded beneath the first one that nobody owns.
OWNERS_FIRST = (
    *("Deployment", "StatefulSet", "DaemonSet", "ReplicationController", "CronJob"),
    *("ReplicaSet", "Job", "PodTemplate", "Pod"),
)


def place(kind: str) -> int:
    """Return where a kind comes in that order; kinds that a policy adds own nothing of these."""
    return OWNERS_FIRST.index(kind) if kind in OWNERS_FIRST else len(OWNERS_FIRST)


@dataclass(slots=True)
class _Entry:
    """A workload while its pods are still coming."""

    workload: Workload
    pods: list[PodEntry] = field(default_factory=list)


@dataclass(slots=True)
class Auditor:
    """An audit in the making.

    `written` is when each policy was last changed, by name; of those that it does not have it is
    not known. `default_mode` is that of namespaces nobody told of, as manifests leave them.
    """

    policies: PolicySet
    source: str  # cluster | files
    written: Mapping[str, str] = field(default_factory=dict)
    default_mode: str = ""
    _namespaces: dict[str, StoredNamespace] = field(default_factory=dict)
    _entries: list[_Entry] = field(default_factory=list)
    _by_uid: dict[str, _Entry | None] = field(default_factory=dict)  # None: of no interest
    _unreadable: list[str] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)

    def add_namespace(self, namespace: StoredNamespace) -> None:
        """Take a namespace."""
        self._namespaces[namespace.name] = namespace

    def add_unreadable(self, sentence: str) -> None:
        """Take note of an object that is not as Kubernetes wants it."""
        self._unreadable.append(sentence)

    def add(self, stored: Stored) -> None:
        """Judge an object, and keep what there is to tell of it."""
        mode = self._namespace(stored.namespace).mode
        if mode and stored.kind == "Pod" and stored.uid:
            self._counts["pods"] += 1
        owned = stored.owner is not None and stored.owner.uid in self._by_uid
        entry = self._by_uid[stored.owner.uid] if owned and stored.owner else None
        if not mode:
            self._add_outside(stored, entry, owned=owned)
        elif stored.kind == "Pod":
            self._add_pod(stored, NamespaceMode(mode), entry)
        else:
            self._add_workload(stored, NamespaceMode(mode), entry)

    def report(self) -> Report:
        """Return what was found, in an order that does not depend on that of the listing."""
        workloads = sorted(
            (
                replace(entry.workload, pods=tuple(sorted(entry.pods, key=lambda it: it.name)))
                for entry in self._entries
            ),
            key=lambda it: (it.namespace, place(it.kind), it.kind, it.name, it.file),
        )
        told = {workload.namespace for workload in workloads}
        namespaces = tuple(
            Namespace(name, it.mode, self._policy_of(name))
            for name, it in sorted(self._namespaces.items())
            if it.mode or name in told
        )
        return Report(
            source=self.source,
            policies=policy_views(self.policies),
            namespaces=namespaces,
            workloads=tuple(workloads),
            unreadable=tuple(self._unreadable),
            totals=self._totals(workloads, namespaces),
        )

    def _namespace(self, name: str) -> StoredNamespace:
        """Return a namespace; one that was made since they were listed is as yet not opted in."""
        return self._namespaces.setdefault(name, StoredNamespace(name, self.default_mode, "", ""))

    def _policy_of(self, namespace: str) -> str:
        policy = self.policies.govern(namespace)
        return policy.name if policy else ""

    def _add_workload(self, stored: Stored, mode: NamespaceMode, owner: _Entry | None) -> None:
        if owner is not None and not stored.replicas and stored.kind == "ReplicaSet":
            self._by_uid[stored.uid] = owner  # an old revision: of no pod, and of none to come
            return
        judgement = judge(stored, mode, self.policies)
        if owner is not None and (owner.workload.refusals or not judgement.refusals):
            self._by_uid[stored.uid] = owner
            return
        # What an owner's template does not explain is told, so that a forged owner hides nothing.
        workload = self._workload(judgement, mode)
        if not judgement.refusals:  # what is refused is to be mended first
            untold = stale(stored, mode, judgement.explanation.policy)
            workload = replace(workload, warnings=(*workload.warnings, *untold))
        self._keep(stored, workload)

    def _add_pod(self, stored: Stored, mode: NamespaceMode, owner: _Entry | None) -> None:
        if owner is not None:
            owner.pods.append(pod_entry(stored, mode, self.policies, owner.workload))
        elif has_ended(stored):
            self._counts[PodState.FINISHED] += 1
        else:
            workload = self._workload(judge(stored, mode, self.policies), mode)
            entry = self._keep(stored, workload)
            if stored.uid:  # a manifest runs nowhere
                entry.pods.append(pod_entry(stored, mode, self.policies, None))

    def _add_outside(self, stored: Stored, owner: _Entry | None, *, owned: bool) -> None:
        found = None
        if not owned and not (stored.kind == "Pod" and has_ended(stored)):
            found = looks_like_noxus(stored, self.policies)
        if found is not None:
            self._keep(stored, self._outside(found))
        elif stored.kind != "Pod":  # which owns nothing that is listed
            self._by_uid[stored.uid] = owner
        if found is None and not owned:
            self._counts["skipped"] += 1

    def _keep(self, stored: Stored, workload: Workload) -> _Entry:
        entry = _Entry(workload)
        self._entries.append(entry)
        if stored.uid:
            self._by_uid[stored.uid] = entry
        return entry

    def _workload(self, judgement: Judgement, mode: NamespaceMode) -> Workload:
        why, stored = judgement.explanation, judgement.stored
        identity = why.assessment.identity if why.assessment else None
        scopes = deployer_scopes(judgement)
        name = why.policy.name if why.policy else ""
        start = since(self._namespace(stored.namespace), name, self.written.get(name, ""))
        whether, how = judged(judgement, scopes, start)
        return Workload(
            kind=stored.kind,
            name=stored.name,
            namespace=stored.namespace,
            mode=str(mode),
            policy=name,
            dry_run=judgement.dry_run,
            role=judgement.role,
            recognised_by=recognised_by(identity) if identity else "",
            pool=judgement.pool,
            service_account=why.assessment.who.service_account if why.assessment else "",
            replicas=stored.replicas,
            owner=f"{stored.owner.kind}/{stored.owner.name}" if stored.owner else "",
            file=stored.file,
            verdict=judgement.verdict,
            granted=why.assessment.granted_names if why.assessment else (),
            containers=judgement.containers,
            access=access(judgement),
            refusals=judgement.refusals,
            warnings=why.notes,
            undecided=undecided(scopes),
            judged=whether,
            judged_why=how,
            outside="",
            pods=(),
        )

    def _outside(self, found: Outside) -> Workload:
        workload = self._workload(found.judgement, NamespaceMode.ENABLED)
        return replace(
            workload,
            mode="",
            policy=self._policy_of(workload.namespace),
            verdict=Verdict.OUTSIDE,
            granted=(),
            undecided=(),
            judged=Judged.YES,
            judged_why="",
            # Nobody judges, so nobody refuses.
            access=tuple(replace(it, state=State.HAS, message="") for it in workload.access),
            outside=found.why,
        )

    def _totals(self, workloads: list[Workload], namespaces: tuple[Namespace, ...]) -> Totals:
        verdicts = Counter(workload.verdict for workload in workloads)
        states = Counter(pod.state for workload in workloads for pod in workload.pods)
        return Totals(
            namespaces=sum(1 for namespace in namespaces if namespace.mode),
            entries=len(workloads) - verdicts[Verdict.OUTSIDE],
            pods=self._counts["pods"],
            refused=verdicts[Verdict.REFUSED],
            injected=verdicts[Verdict.INJECTED],
            nothing=verdicts[Verdict.NOTHING],
            outside=verdicts[Verdict.OUTSIDE],
            unjudged=sum(1 for workload in workloads if workload.judged is not Judged.YES),
            pods_current=states[PodState.CURRENT],
            pods_lacking=states[PodState.LACKS],
            pods_outdated=states[PodState.OUTDATED],
            pods_refused=states[PodState.REFUSED],
            pods_finished=states[PodState.FINISHED] + self._counts[PodState.FINISHED],
            skipped=self._counts["skipped"],
            unreadable=len(self._unreadable),
        )
