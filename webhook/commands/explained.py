"""An explanation with the lines of the policy that it rests on, and its form for machines."""

from dataclasses import asdict, dataclass
from typing import Any

from webhook.commands.applied import stored_pod
from webhook.commands.objects import Target
from webhook.core.container_views import ContainerView
from webhook.core.decide import decide
from webhook.core.decision import Allow, Deny, Finding, Mutate, Observed, Reason
from webhook.core.explanation import Ask, Explanation, explain
from webhook.core.words import NamespaceMode
from webhook.loading.load import Loaded
from webhook.loading.yamltree import Document, field_name


@dataclass(frozen=True, slots=True)
class Explained:
    """An object, the explanation, and the document of the policy that governs, if one does."""

    target: Target
    explanation: Explanation
    document: Document | None
    mode: NamespaceMode

    def line(self, *path: str | int) -> str:
        """Return file:line of a field of the policy; empty for one that is not written there.

        A policy of the cluster has no lines: its name and the field.
        """
        if self.document is None or path not in self.document.lines:
            return ""
        line = self.document.line(path)
        file = self.document.file
        return f"{file}:{line}" if line else f"{file} {field_name(path)}".rstrip()

    def scope_line(self, index: int | None, pool: str | None) -> str:
        """Return file:line of a scope or pool."""
        if pool is not None:
            return self.line("spec", "worker", "pools", pool)
        return self.line("spec", "scopes", index if index is not None else 0)

    @property
    def dry_run(self) -> bool:
        """Tell whether the decision would only be reported."""
        return isinstance(self.explanation.decision, Observed)

    @property
    def verdict(self) -> str:
        """Say the verdict in a word or two."""
        match self.explanation.verdict:
            case Deny():
                return "refused"
            case Mutate(report=report) if report.reason is not Reason.INJECTED:
                return "allowed, only its annotation is changed"
            case Mutate():
                return "injected"
            case Allow():
                return "allowed, nothing to do"

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """Return what is refused, most useful first."""
        verdict = self.explanation.verdict
        return verdict.refusals if isinstance(verdict, Deny) else ()

    @property
    def recognised_by(self) -> str:
        """Say how the role was recognised."""
        assessment = self.explanation.assessment
        if assessment is None:
            return ""
        identity = assessment.identity
        if identity.rule is not None:
            return f"rule {identity.rule}, {self._rule_line(identity.rule)}"
        if identity.role_label is None:
            rules = self.explanation.policy and self.explanation.policy.rules
            return f"{'no rule matches, and it' if rules else 'it'} carries no role label"
        label = f"label {identity.role_label}: {identity.role_value}"
        if identity.role is None:
            return f"label {identity.role_label}: {identity.role_value!r} is no known role"
        if identity.role == identity.role_value:
            return label
        alias = self.line("spec", "identity", "aliases", identity.role_value or "")
        return f"{label}, an alias, {alias}"

    @property
    def pool_by(self) -> str:
        """Say where the pool was read from, and where the policy has it."""
        assessment = self.explanation.assessment
        if assessment is None or assessment.identity.pool is None:
            return ""
        identity = assessment.identity
        said = f"label {identity.pool_label}"
        if identity.rule is not None:
            rule = f"rule {identity.rule}, {self._rule_line(identity.rule)}"
            said = f"{said}, by {rule}" if identity.pool_label else rule
        line = self.line("spec", "worker", "pools", identity.pool or "")
        return f"{said}; {f'listed at {line}' if line else 'the policy does not list it'}"

    @property
    def excluded_by(self) -> str:
        """Say by which field a container is excluded."""
        field = ("spec", "containers", "exclude")
        return self.line(*field) or f"the default of {'.'.join(field)}"

    @property
    def dry_run_by(self) -> str:
        """Say what makes it a dry run; empty where it is none."""
        if not self.dry_run:
            return ""
        if self.mode is NamespaceMode.DRY_RUN:
            return "the namespace's label"
        return f"mode DryRun, {self.line('spec', 'mode')}"

    def _rule_line(self, rule: int) -> str:
        return self.line("spec", "identity", "rules", rule)


def explained(
    target: Target,
    loaded: Loaded,
    mode: NamespaceMode,
    groups: tuple[str, ...] = (),
    user: str | None = None,
) -> Explained:
    """Explain one object under the loaded policies; without a user, deployers stay undecided."""
    request = target.request(mode, groups, user)
    stored = stored_pod(target.raw, decide(request, loaded.policies))
    explanation = explain(request, stored, loaded.policies)
    documents = {source.policy.metadata.name: source.document for source in loaded.sources}
    document = documents[explanation.policy.name] if explanation.policy else None
    return Explained(target, explanation, document, mode)


def as_dict(explained: Explained) -> dict[str, Any]:
    """Return the form of `-o json`."""
    why, target = explained.explanation, explained.target
    assessment = why.assessment
    return {
        "object": {
            "kind": target.kind,
            "name": target.name,
            "namespace": target.namespace,
            "file": target.file,
            "line": target.line,
        },
        "policy": why.policy.name if why.policy else "",
        "verdict": explained.verdict,
        "dryRun": explained.dry_run,
        "reason": why.decision.report.reason,
        "role": assessment.identity.role if assessment else None,
        "pool": assessment.identity.pool if assessment else None,
        "recognisedBy": explained.recognised_by,
        "poolBy": explained.pool_by or None,
        "serviceAccount": assessment.who.service_account if assessment else None,
        "mirror": why.mirror,
        "asks": [_ask(ask) for ask in why.asks],
        "granted": [
            {
                "scope": grant.scope,
                "by": grant.by,
                "sources": list(grant.secrets),
                "line": explained.scope_line(grant.index, grant.pool),
            }
            for grant in why.granted
        ],
        "leftOut": [
            {"scope": out.scope, "why": out.why, "line": explained.scope_line(out.index, None)}
            for out in why.left_out
        ],
        "containers": [_container(container) for container in why.containers],
        "refusals": [
            {"reason": finding.reason, "field": finding.field, "message": finding.message}
            for finding in explained.refusals
        ],
        "warnings": list(why.decision.report.warnings),
        "notes": list(why.notes),
        "undecided": list(why.undecided),
    }


def _ask(ask: Ask) -> dict[str, Any]:
    return {
        "what": ask.what,
        "field": ask.field,
        "grantedBy": list(ask.scopes),
        "refusal": ask.refusal or None,
        "ignored": ask.passed or None,
    }


def _container(container: ContainerView) -> dict[str, Any]:
    return {
        "list": container.list,
        "name": container.name,
        "excluded": container.excluded,
        "repeated": list(container.repeated),
        "envFrom": [{**asdict(e), "scope": e.scope or None} for e in container.env_from],
        "env": [asdict(variable) for variable in container.variables],
    }
