"""Short ways to lint text, and to say what was found."""

from webhook.core.policy import Policy
from webhook.loading.load import load_text
from webhook.loading.yamltree import read_documents
from webhook.secretref import envfile, lint, manifests
from webhook.secretref.finding import Finding, Holder

HEAD = "apiVersion: secrets.noxus.ai/v1alpha1\nkind: SecretInjectionPolicy\nmetadata: {name: p}\n"


def policy(spec: str) -> Policy:
    return load_text(f"{HEAD}spec:\n{spec}").sources[0].policy


def read(text: str, namespace: str | None = None) -> tuple[list[Holder], list[Finding]]:
    holders: list[Holder] = []
    found: list[Finding] = []
    for document in read_documents(text, "s.yaml"):
        source = manifests.Source("s.yaml", document.line, namespace)
        for holder, findings in manifests.read(document.value, source):
            holders.append(holder)
            found += findings
    return holders, found


def linted(text: str, *policies: Policy) -> list[Finding]:
    holders, found = read(text)
    return lint.ordered([*found, *lint.judge(holders, policies or None)])


def linted_env(text: str) -> list[Finding]:
    holder, found = envfile.read(text, "env.vm")
    return lint.ordered([*found, *lint.judge([holder], None)])


def secret(name: str, kind: str = "Secret", **values: str) -> str:
    lines = "".join(f"  {key}: {value!r}\n" for key, value in values.items())
    field = "stringData" if kind == "Secret" else "data"
    return f"---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n{field}:\n{lines}"


def brief(found: list[Finding]) -> list[str]:
    return [f"{it.level} {it.rule} {it.object} {it.key}".replace("  ", " ") for it in found]
