"""One object under the policies: what `explain` says of it, in the values of the report."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonpatch
import msgspec

from webhook.audit.report import Container, Refusal, Source, SourceName, Variable, Verdict
from webhook.audit.stored import Stored
from webhook.core.arrange import source_key
from webhook.core.assess import NO_SPEC
from webhook.core.container_views import ContainerView
from webhook.core.decide import decide
from webhook.core.decision import Allow, Decision, Deny, Mutate, Observed, Reason
from webhook.core.explanation import Explanation, explain
from webhook.core.identity import Identity
from webhook.core.pod import Container as PodContainer
from webhook.core.pod import EnvFrom, Pod
from webhook.core.policyset import PolicySet
from webhook.core.request import AdmissionRequest
from webhook.core.tables import CompiledPolicy
from webhook.core.words import NODES_GROUP, Hook, NamespaceMode


@dataclass(frozen=True, slots=True)
class Judgement:
    """An object, and everything that the policies say of the pod that it is or makes."""

    stored: Stored
    explanation: Explanation

    @property
    def verdict(self) -> Verdict:
        """The verdict in a word; in dry run what it would be."""
        match self.explanation.verdict:
            case Deny():
                return Verdict.REFUSED
            case Mutate(report=report) if report.reason is Reason.INJECTED:
                return Verdict.INJECTED
            case Mutate() | Allow():  # of a patch to the annotation alone nobody notices anything
                return Verdict.NOTHING

    @property
    def dry_run(self) -> bool:
        """Tell whether the verdict would only be reported."""
        return isinstance(self.explanation.decision, Observed)

    @property
    def role(self) -> str | None:
        """The role; None where it is unknown, or no policy is there to know it."""
        assessment = self.explanation.assessment
        return assessment.identity.role if assessment else None

    @property
    def pool(self) -> str | None:
        """The worker pool that it claims."""
        assessment = self.explanation.assessment
        return assessment.identity.pool if assessment else None

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What is refused, most useful first."""
        verdict = self.explanation.verdict
        found = verdict.refusals if isinstance(verdict, Deny) else ()
        return tuple(Refusal(str(it.reason), it.field, it.message) for it in found)

    @property
    def containers(self) -> tuple[Container, ...]:
        """What each container has, and what it would have in the end."""
        policy = self.explanation.policy
        if policy is None:
            return ()
        own = [c for _, members in (self.stored.pod.spec or NO_SPEC).listed() for c in members]
        views = self.explanation.containers
        return tuple(
            _container(view, tuple(managed_sources(mine.envFrom or (), policy)), _own(mine))
            for view, mine in zip(views, own, strict=True)
        )


def judge(stored: Stored, mode: NamespaceMode, policies: PolicySet) -> Judgement:
    """Judge an object as if it, or a pod of its template, were created now."""
    request = request_for(stored, mode)
    after = applied(stored.pod, verdict_of(decide(request, policies)))
    return Judgement(stored, explain(request, after, policies))


def request_for(stored: Stored, mode: NamespaceMode) -> AdmissionRequest:
    """Return the request that creates the pod; nobody is held to be its deployer."""
    return AdmissionRequest(
        hook=Hook.MUTATE,
        mode=mode,
        namespace=stored.namespace,
        operation="CREATE",
        pod=stored.pod,
        groups=(NODES_GROUP,) if stored.mirror else (),
        root=stored.root,
    )


def verdict_of(decision: Decision) -> Allow | Mutate | Deny:
    """Return what is decided, or in dry run would be."""
    return decision.would if isinstance(decision, Observed) else decision


def applied(pod: Pod, verdict: Allow | Mutate | Deny) -> Pod:
    """Return the pod as it would be stored, as far as we read it."""
    if not isinstance(verdict, Mutate):
        return pod
    operations: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(verdict.patch))
    # The view has every member that the patch is about, also those that are null.
    patched = jsonpatch.apply_patch(msgspec.to_builtins(pod), operations, in_place=True)
    return msgspec.convert(patched, Pod)


def managed_sources(elements: Iterable[EnvFrom], policy: CompiledPolicy) -> Iterator[SourceName]:
    """Yield the managed sources among the elements of an `envFrom`, in order."""
    for element in elements:
        key = source_key(element)
        if key is not None and key in policy.ranks:
            yield SourceName(*key)


def recognised_by(identity: Identity) -> str:
    """Say what decided about the role; empty where nothing did."""
    if identity.rule is not None:
        return f"rule {identity.rule}"
    if identity.role_label is None:
        return ""
    return f"label {identity.role_label}: {identity.role_value}"


def spelled(kind: str, name: str) -> str:
    """Write a source as reports name it: a Secret by its name alone."""
    return name if kind == "Secret" else f"{kind} {name}"


def _own(container: PodContainer) -> tuple[str, ...]:
    """Name the variables that a container sets itself, each once."""
    return tuple(dict.fromkeys(it.name for it in container.env or () if it.name))


def _container(view: ContainerView, has: tuple[SourceName, ...], own: tuple[str, ...]) -> Container:
    variables = tuple(Variable(v.name, v.secret, v.key, v.scope, v.origin) for v in view.variables)
    given = {it.name for it in variables if it.origin == "there before"}
    return Container(
        list=view.list,
        name=view.name,
        excluded=view.excluded,
        has=has,
        gets=tuple(
            Source(e.kind, e.name, e.prefix, e.optional, e.scope, e.origin, e.wins)
            for e in view.env_from
        ),
        variables=variables,
        own=tuple(name for name in own if name not in given),
    )
