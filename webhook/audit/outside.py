"""What looks like Noxus in a namespace that is not opted in, where nobody judges it."""

from dataclasses import dataclass

from webhook.audit.judge import Judgement, recognised_by, request_for
from webhook.audit.stored import Stored
from webhook.core.assess import NO_SPEC, assess
from webhook.core.container_views import container_views
from webhook.core.decision import Allow, Reason, Report
from webhook.core.explanation import Explanation
from webhook.core.identity import Identity, identify
from webhook.core.policyset import PolicySet
from webhook.core.references import pod_references
from webhook.core.tables import CompiledPolicy
from webhook.core.words import NamespaceMode


@dataclass(frozen=True, slots=True)
class Outside:
    """An object as it is, seen through a policy, and why it is worth a look."""

    judgement: Judgement
    identity: Identity
    why: str


def looks_like_noxus(stored: Stored, policies: PolicySet) -> Outside | None:
    """Look through the policy that would govern, else through each; None: it is another's.

    A worker pool alone, without a role, is a label that other software has, too.
    """
    governing = policies.govern(stored.namespace)
    for policy in (governing,) if governing else policies.policies:
        identity = identify(stored.pod, policy)
        spec = stored.pod.spec or NO_SPEC
        mentions = pod_references(spec, stored.root, policy.managed.__contains__)
        secrets = tuple(dict.fromkeys(mention.secret for mention in mentions))
        if identity.role is None and not secrets:
            continue
        return Outside(_as_it_is(stored, policy), identity, _why(stored, policy, identity, secrets))
    return None


def _as_it_is(stored: Stored, policy: CompiledPolicy) -> Judgement:
    request = request_for(stored, NamespaceMode.ENABLED)
    return Judgement(
        stored,
        Explanation(
            decision=Allow(Report(Reason.NOT_JUDGED, policy.label)),
            policy=policy,
            assessment=assess(stored.pod, stored.namespace, policy, root=request.root),
            mirror=stored.mirror,
            notes=(),
            asks=(),
            granted=(),
            left_out=(),
            containers=tuple(container_views(stored.pod, stored.pod, (), policy)),
        ),
    )


def _why(
    stored: Stored, policy: CompiledPolicy, identity: Identity, secrets: tuple[str, ...]
) -> str:
    found = []
    if identity.role is not None:
        found.append(f"is a {identity.role} by {recognised_by(identity)}")
    if secrets:
        listed = ", ".join(repr(secret) for secret in secrets)
        found.append(f"names Secret {listed}, which the policy manages")
    return (
        f"it {' and '.join(found)}, under policy {policy.name!r}; namespace {stored.namespace!r} "
        "is not opted in, so it is given nothing and nothing of it is judged"
    )
