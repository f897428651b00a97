"""Reports for machines: the fields of `webhook.audit`, in camelCase as Kubernetes writes them.

The schema is stable: fields may be added, and none is renamed or removed. One item is in memory at
a time.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from textwrap import indent
from typing import Any, TextIO

from webhook.audit.changes import Plan
from webhook.audit.report import Report


def write_audit_json(report: Report, stream: TextIO) -> None:
    """Write an audit, `kind: Audit`."""
    head = {
        "kind": "Audit",
        "source": report.source,
        "refused": report.refused,
        "totals": plain(report.totals),
        "policies": plain(report.policies),
        "namespaces": plain(report.namespaces),
        "unreadable": plain(report.unreadable),
        "flows": plain(report.flows),
    }
    _write(head, "workloads", report.workloads, stream)


def write_plan_json(plan: Plan, stream: TextIO) -> None:
    """Write a plan, `kind: Plan`."""
    head = {
        "kind": "Plan",
        "from": plan.before,
        "to": plan.after,
        "source": plan.source,
        "empty": plan.is_empty,
        "compared": plan.entries,
        "unreadable": plain(plan.unreadable),
        "widenings": plain(plan.widenings),
    }
    _write(head, "changes", plan.changes, stream)


def plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a frozen value as JSON knows it."""
    if is_dataclass(value) and not isinstance(value, type):
        names = _names(type(value))
        return {camel: plain(getattr(value, name)) for name, camel in names.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


@cache
def _names(kind: type) -> Mapping[str, str]:
    return {it.name: _camel(it.name) for it in fields(kind)}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _write(head: dict[str, object], name: str, items: Iterable[object], stream: TextIO) -> None:
    begin = json.dumps(head, indent=4, ensure_ascii=False).removesuffix("\n}")
    stream.write(f'{begin},\n    "{name}": [')
    written = False
    for item in items:
        text = json.dumps(plain(item), indent=4, ensure_ascii=False)
        stream.write(f"{',' if written else ''}\n{indent(text, ' ' * 8)}")
        written = True
    stream.write("\n    ]\n}\n" if written else "]\n}\n")
