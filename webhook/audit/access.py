"""The row of a workload in the exposure matrix: each way in which it reads a managed Secret."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from webhook.audit.judge import Judgement, spelled
from webhook.audit.report import Access, State
from webhook.core.assess import NO_SPEC
from webhook.core.container_views import ContainerView
from webhook.core.entitlement import Who, judge_reference, unfit
from webhook.core.references import Reference, pod_references
from webhook.core.tables import CompiledPolicy


def access(judgement: Judgement) -> tuple[Access, ...]:
    """Return what is read and granted, gained, or refused; containers that agree are one cell."""
    why = judgement.explanation
    if why.policy is None or why.assessment is None:
        return ()
    stored, who = judgement.stored, why.assessment.who
    found = [
        _named(reference, why.policy, who, why.containers)
        for reference in pod_references(
            stored.pod.spec or NO_SPEC, stored.root, why.policy.managed.__contains__
        )
    ]
    for view in why.containers:
        found += _gained(view)
    return tuple(_merged(found))


def refused_holders(judgement: Judgement) -> list[tuple[str, ...]]:
    """Return for each refused mention of a managed Secret the scopes that hold the Secret."""
    why = judgement.explanation
    if why.policy is None or why.assessment is None:
        return []
    stored, who, policy = judgement.stored, why.assessment.who, why.policy
    mentions = pod_references(
        stored.pod.spec or NO_SPEC, stored.root, why.policy.managed.__contains__
    )
    return [
        tuple(holder.scope.name for holder in policy.managed[mention.secret])
        for mention in mentions
        if judge_reference(mention, policy, who) is not None
    ]


def _named(
    reference: Reference, policy: CompiledPolicy, who: Who, views: Iterable[ContainerView]
) -> Access:
    refused = judge_reference(reference, policy, who)
    fitting = (
        holder.scope.name
        for holder in policy.managed[reference.secret]
        if refused is None and unfit(holder.scope, who) is None
    )
    via, containers = _via(reference), reference.containers or ()
    behind: tuple[str, ...] = ()
    if via == "envFrom":
        behind = next((_behind(v, reference.secret) for v in views if v.name == containers[0]), ())
    return Access(
        secret=reference.secret,
        state=State.HAS if refused is None else State.REFUSED,
        via=via,
        containers=containers,
        keys=None if reference.keys is None else tuple(sorted(reference.keys)),
        scope=next(fitting, ""),
        overridden_by=behind,
        message=refused.message if refused else "",
    )


def _via(reference: Reference) -> str:
    if reference.volume is not None:
        return "volume"
    if reference.containers is None:
        return "imagePullSecrets"
    return "envFrom" if reference.keys is None else "env"


def _gained(view: ContainerView) -> Iterator[Access]:
    for element in view.env_from:
        if element.origin == "injected" and element.kind == "Secret":
            yield Access(
                *(element.name, State.GAINS, "envFrom", (view.name,), None, element.scope),
                _behind(view, element.name),
                "",
            )
    for variable in view.variables:
        if variable.origin == "injected":
            yield Access(
                *(variable.secret, State.GAINS, "env", (view.name,), (variable.key,)),
                *(variable.scope, (), ""),
            )


def _behind(view: ContainerView, secret: str) -> tuple[str, ...]:
    """Return the sources after the last mention of a Secret: keys that they share are theirs."""
    names = [spelled(element.kind, element.name) for element in view.env_from]
    if secret not in names:
        return ()
    last = len(names) - names[::-1].index(secret)
    return tuple(names[last:])


def _merged(found: Iterable[Access]) -> Iterator[Access]:
    """Make one of those that differ in nothing but the container, or by keys of one variable each.

    The message names the container, so what is refused stays apart.
    """
    cells: dict[Access, dict[str, None]] = {}
    for cell in found:
        cells.setdefault(replace(cell, containers=()), {}).update(dict.fromkeys(cell.containers))
    for cell, containers in cells.items():
        yield replace(cell, containers=tuple(containers))
