"""Why a pod gets what it gets: the parts of a decision, put in the order in which people ask.

Everything here comes from the functions that decide, so that the two cannot disagree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webhook.core.arrange import plan, source_key
from webhook.core.asks import requested_scopes
from webhook.core.assess import NO_SPEC, Assessment, assess, wanted_secrets
from webhook.core.compile import CompiledPolicy, CompiledScope
from webhook.core.decide import decide
from webhook.core.decision import Allow, Decision, Deny, Finding, Mutate, Observed
from webhook.core.entitlement import judge_pool, judge_reference, judge_requested, unfit
from webhook.core.pod import Container, EnvFrom, Pod
from webhook.core.policyset import PolicySet
from webhook.core.references import pod_references
from webhook.core.request import AdmissionRequest


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that the pod demands; `refusal` is empty where it is granted."""

    what: str
    field: str
    refusal: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A scope that the pod gets, and by what; `index` is its place in spec.scopes, if any."""

    scope: str
    index: int | None
    pool: str | None
    by: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A scope of the pod's role that it does not get by itself, and why."""

    scope: str
    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the final `envFrom`."""

    kind: str
    name: str
    prefix: str
    optional: bool
    scope: str  # that gives it; empty for one of the pod's own
    origin: str  # injected | there before | moved | the pod's own
    wins: bool  # over all the others, where keys overlap


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a granted scope."""

    name: str
    secret: str
    key: str
    scope: str
    origin: str  # injected | there before | overridden by the pod's own


@dataclass(frozen=True, slots=True)
class ContainerView:
    """What one container reads in the end."""

    list: str
    name: str
    excluded: bool
    env_from: tuple[Element, ...]
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer to "why did my pod get this?"; the parts are empty where no policy is."""

    decision: Decision
    policy: str
    assessment: Assessment | None
    asks: tuple[Ask, ...]
    granted: tuple[Grant, ...]
    left_out: tuple[LeftOut, ...]
    containers: tuple[ContainerView, ...]

    @property
    def verdict(self) -> Allow | Mutate | Deny:
        """What is decided, or in dry run would be."""
        return self.decision.would if isinstance(self.decision, Observed) else self.decision


def explain(request: AdmissionRequest, stored: Pod, policies: PolicySet) -> Explanation:
    """Explain the creation of a pod; `stored` is the pod with the patch of its decision applied."""
    decision = decide(request, policies)
    policy, pod = policies.govern(request.namespace), request.pod
    if policy is None or pod is None:
        return Explanation(decision, "", None, (), (), (), ())
    assessment = assess(pod, request.namespace, policy, root=request.root)
    return Explanation(
        decision=decision,
        policy=policy.name,
        assessment=assessment,
        asks=tuple(_asks(pod, assessment, policy, request.root)),
        granted=tuple(_grant(scope, pod, assessment) for scope in assessment.granted),
        left_out=tuple(_left_out(policy, assessment)),
        containers=tuple(_containers(pod, stored, assessment, policy)),
    )


def _asks(pod: Pod, assessment: Assessment, policy: CompiledPolicy, root: str) -> Iterator[Ask]:
    who, identity = assessment.who, assessment.identity
    if who.pool is not None:
        rule = f"rule {identity.rule} of spec.identity"
        claim = f"metadata.labels[{identity.pool_label}]" if identity.pool_label else rule
        verdict = judge_pool(policy, who, claim)
        refusal = verdict.message if isinstance(verdict, Finding) else ""
        unlisted = "" if verdict else "the policy does not list this pool"
        yield Ask(f"pool {who.pool}", claim, refusal or unlisted)
    for name in requested_scopes(pod):
        requested = judge_requested(name, policy, who)
        refusal = requested.message if isinstance(requested, Finding) else ""
        yield Ask(f"scope {name}", "metadata.annotations[secrets.noxus.ai/scopes]", refusal)
    for reference in pod_references(pod.spec or NO_SPEC, root, wanted_secrets(policy)):
        if reference.secret in policy.managed:
            finding = judge_reference(reference, policy, who)
            refusal = finding.message if finding else ""
            yield Ask(f"Secret {reference.secret}", reference.field, refusal)


def _grant(scope: CompiledScope, pod: Pod, assessment: Assessment) -> Grant:
    if scope.pool is not None:
        by = "its pool"
    elif scope.on_request and scope.name in requested_scopes(pod):
        by = "asked for by annotation"
    else:
        by = f"role {assessment.identity.role}"
    secrets = [source.key[1] for source in scope.sources]
    secrets += [f"{v.secret}/{v.secret_key}" for v in scope.variables]
    index = scope.index if scope.pool is None else None
    return Grant(scope.name, index, scope.pool, by, tuple(secrets))


def _left_out(policy: CompiledPolicy, assessment: Assessment) -> Iterator[LeftOut]:
    granted = {scope.name for scope in assessment.granted}
    for scope in policy.scopes.values():
        if scope.name in granted or assessment.identity.role not in scope.roles:
            continue
        lacking = unfit(scope, assessment.who)
        if lacking is not None:
            yield LeftOut(scope.name, scope.index, lacking.why)
        elif scope.on_request:
            yield LeftOut(scope.name, scope.index, "only given to pods that ask by annotation")


def _containers(
    pod: Pod, stored: Pod, assessment: Assessment, policy: CompiledPolicy
) -> Iterator[ContainerView]:
    before = (pod.spec or NO_SPEC).listed()
    after = (stored.spec or NO_SPEC).listed()
    for (members, olds), (_, news) in zip(before, after, strict=True):
        for old, new in zip(olds, news, strict=True):
            name = new.name or ""
            debug = members == "ephemeralContainers" and not policy.inject_ephemeral
            yield ContainerView(
                list=members,
                name=name,
                excluded=debug or policy.exclude.matches(name),
                env_from=tuple(_elements(old, new, assessment.granted, policy)),
                variables=tuple(_variables(old, new, assessment.granted)),
            )


def _elements(
    old: Container,
    new: Container,
    granted: Sequence[CompiledScope],
    policy: CompiledPolicy,
) -> Iterator[Element]:
    given_by = {source.key: scope.name for scope in granted for source in scope.sources}
    before = [source_key(element) for element in old.envFrom or ()]
    kept = [key for key in map(source_key, new.envFrom or ()) if key in before]
    moved = kept != list(dict.fromkeys(reversed(before)))[::-1]
    elements = new.envFrom or []
    for i, element in enumerate(elements):
        key = source_key(element)
        if key not in policy.ranks:
            origin = "the pod's own"
        elif key not in before:
            origin = "injected"
        else:
            origin = "moved" if moved else "there before"
        yield _element(
            element, given_by.get(key or ("", "", ""), ""), origin, i + 1 == len(elements)
        )


def _element(element: EnvFrom, scope: str, origin: str, wins: bool) -> Element:
    reference = element.secretRef or element.configMapRef
    return Element(
        kind="Secret" if element.secretRef else "ConfigMap",
        name=(reference and reference.name) or "",
        prefix=element.prefix or "",
        optional=bool(reference and reference.optional),
        scope=scope,
        origin=origin,
        wins=wins,
    )


def _variables(
    old: Container, new: Container, granted: Sequence[CompiledScope]
) -> Iterator[Variable]:
    given_by = {variable.name: scope.name for scope in granted for variable in scope.variables}
    own = {variable.name: variable for variable in old.env or ()}
    final = {variable.name: variable for variable in new.env or ()}
    for variable in plan(granted, new.name or "").variables:
        found = final.get(variable.name)
        source = found.valueFrom.secretKeyRef if found and found.valueFrom else None
        if variable.name not in own:
            origin = "injected" if found else "not given here"
        elif source and (source.name, source.key) == (variable.secret, variable.secret_key):
            origin = "there before"
        else:
            origin = "overridden by the pod's own"
        yield Variable(
            name=variable.name,
            secret=variable.secret,
            key=variable.secret_key,
            scope=given_by[variable.name],
            origin=origin,
        )
