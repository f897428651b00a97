"""docs/secret-reference.md: `python -m tools.secret_reference > docs/secret-reference.md`."""

from collections.abc import Iterator

from webhook.secretref.keys import KEYS
from webhook.secretref.model import Category, DefaultScope, Group, Key, Risk, Sort, Stated

HEAD = """\
# The secret reference

Every variable that the public documentation of Noxus names, and what is known of it. A statement
marked ° is inferred: it follows from what is documented, by our reading, and Noxus does not say it.
All others are documented. What `noxus-secrets lint` finds by an inferred statement is a warning at
most. A key that is not on this page is your own, and never wrong.

This page is generated from `webhook/secretref/keys.py`: change that, then run
`python -m tools.secret_reference > docs/secret-reference.md`.
"""

INTRODUCTIONS = {
    Group.ROUTING: "No secrets: the chart sets them for each pool from `worker.pools`.",
    Group.PLUGINS: "Named by the public SDK, which plugins and their server are made with.",
    Group.CLIENT: "Of programs that call the API from outside; no pod of the platform reads them.",
}

SCOPES = {
    DefaultScope.GLOBAL: "every service: the primary Helm values (`app-env`), or `/env.vm`",
    DefaultScope.ROLES: "single keys for the roles that read them, by `env` of a scope",
    DefaultScope.WORKER: "workers alone, so that web-facing services never have it",
    DefaultScope.POOL: "one worker pool: `worker.pools.<name>.envSecretRef`",
}

CATEGORIES = {
    Category.INFRASTRUCTURE: "credentials of databases, Redis and storage",
    Category.IDENTITY: "client secrets of OIDC or SAML, and signing keys",
    Category.AI_PROVIDERS: "global keys of model providers",
    Category.INTEGRATIONS: "credentials of other tools that are used across the platform",
}

RISKS = {
    Risk.HIGH: "API keys, of which Noxus says it, and access keys° that work from anywhere",
    Risk.MEDIUM: "passwords° of what is reached from inside only, and your own keys° by default",
    Risk.LOW: "names° and addresses° that are no use alone",
}


def reference() -> str:
    """Return the page."""
    groups = [line for group in Group for line in _group(group)]
    return "\n".join([HEAD, *groups, *_categories(), *_scopes(), *_risks()])


def _group(group: Group) -> Iterator[str]:
    keys = [key for key in KEYS if key.group is group]
    yield f"## {group}\n"
    if group in INTRODUCTIONS:
        yield f"{INTRODUCTIONS[group]}\n"
    yield "| key | what it is | format | needed | scope | read by | risk | belongs with |"
    yield "|---|---|---|---|---|---|---|---|"
    for key in keys:
        yield f"| {' | '.join(_cells(key))} |"
    yield ""
    pages = ", ".join(f"`{page}`" for page in dict.fromkeys(key.source for key in keys))
    categories = ", ".join(dict.fromkeys(_said(key.category) for key in keys))
    yield f"Category: {categories}. Source: {pages}.\n"


def _cells(key: Key) -> Iterator[str]:
    yield f"`{key.name}`"
    yield key.description
    yield _said(key.format)
    yield _said(key.need)
    yield _said(key.scope) if key.sort is not Sort.CLIENT else ""
    yield ", ".join(key.readers.value) + _mark(key.readers) if key.readers.value else ""
    yield _said(key.risk) if key.sort is not Sort.SETTING else ""
    yield f"`{key.partner.value}`{_mark(key.partner)}" if key.partner else ""


def _said(statement: Stated[str]) -> str:
    return f"{statement.value}{_mark(statement)}"


def _mark(statement: Stated[str] | Stated[tuple[str, ...]]) -> str:
    return "" if statement.documented else "°"


def _categories() -> Iterator[str]:
    yield "## Categories\n"
    yield "What belongs in Secrets. Of identity and of AI providers no key is documented by name.\n"
    yield "| category | what it is | keys |"
    yield "|---|---|---|"
    for category, meaning in CATEGORIES.items():
        keys = [k for k in KEYS if k.category.value is category and k.sort is Sort.SECRET]
        names = ", ".join(f"`{key.name}`{_mark(key.category)}" for key in keys)
        yield f"| {category} | {meaning} | {names or 'none is named'} |"
    yield ""


def _scopes() -> Iterator[str]:
    yield "## Scopes\n"
    yield "| scope | who reads it, and where it is kept |"
    yield "|---|---|"
    for scope, meaning in SCOPES.items():
        yield f"| {scope} | {meaning} |"
    yield ""


def _risks() -> Iterator[str]:
    yield "## Rotation\n"
    yield "Noxus asks for high-risk credentials, such as API keys, to be replaced every 30 to 90"
    yield "days. How the days fall to the risks is inferred.\n"
    yield "| risk | replaced after | what it is |"
    yield "|---|---|---|"
    for risk, meaning in RISKS.items():
        yield f"| {risk} | {risk.days} days° | {meaning} |"
    yield ""


if __name__ == "__main__":
    print(reference(), end="")
