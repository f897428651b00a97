"""An explanation with the lines of the policy that it rests on, and its form for machines."""

from dataclasses import dataclass
from typing import Any

from webhook.commands.applied import stored_pod
from webhook.commands.objects import Target
from webhook.core.decide import decide
from webhook.core.decision import Allow, Deny, Finding, Mutate, Observed
from webhook.core.explanation import Explanation, explain
from webhook.core.words import NamespaceMode
from webhook.loading.load import Loaded
from webhook.loading.yamltree import Document


@dataclass(frozen=True, slots=True)
class Explained:
    """An object, the explanation, and the document of the policy that governs, if one does."""

    target: Target
    explanation: Explanation
    document: Document | None

    def line(self, *path: str | int) -> str:
        """Return file:line of a field of the policy."""
        if self.document is None:
            return ""
        return f"{self.document.file}:{self.document.line(path)}"

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
            line = self.line("spec", "identity", "rules", identity.rule)
            return f"rule {identity.rule} of the policy, {line}"
        if identity.role_label is None:
            return "no rule matches, and it carries no role label"
        label = f"label {identity.role_label}: {identity.role_value}"
        if identity.role is None:
            return f"{label}, which is no known role"
        if identity.role == identity.role_value:
            return label
        alias = self.line("spec", "identity", "aliases", identity.role_value or "")
        return f"{label}, an alias, {alias}"


def explained(
    target: Target, loaded: Loaded, mode: NamespaceMode, groups: tuple[str, ...]
) -> Explained:
    """Explain one object under the loaded policies."""
    request = target.request(mode, groups)
    stored = stored_pod(target.raw, decide(request, loaded.policies))
    explanation = explain(request, stored, loaded.policies)
    documents = {source.policy.metadata.name: source.document for source in loaded.sources}
    return Explained(target, explanation, documents.get(explanation.policy))


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
        "policy": why.policy,
        "verdict": explained.verdict,
        "dryRun": explained.dry_run,
        "reason": why.decision.report.reason,
        "role": assessment.identity.role if assessment else None,
        "pool": assessment.identity.pool if assessment else None,
        "recognisedBy": explained.recognised_by,
        "asks": [
            {"what": ask.what, "field": ask.field, "refusal": ask.refusal or None}
            for ask in why.asks
        ],
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
        "containers": [
            {
                "list": container.list,
                "name": container.name,
                "excluded": container.excluded,
                "envFrom": [
                    {
                        "kind": element.kind,
                        "name": element.name,
                        "prefix": element.prefix,
                        "optional": element.optional,
                        "scope": element.scope or None,
                        "origin": element.origin,
                        "wins": element.wins,
                    }
                    for element in container.env_from
                ],
                "env": [
                    {
                        "name": variable.name,
                        "secret": variable.secret,
                        "key": variable.key,
                        "scope": variable.scope,
                        "origin": variable.origin,
                    }
                    for variable in container.variables
                ],
            }
            for container in why.containers
        ],
        "refusals": [
            {"reason": finding.reason, "field": finding.field, "message": finding.message}
            for finding in explained.refusals
        ],
        "warnings": list(why.decision.report.warnings),
    }
