"""An explanation for people: coloured where the terminal allows it, readable without."""

from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from webhook.commands.explained import Explained
from webhook.core.explanation import ContainerView

_LABELS = {"initContainers": "init container", "containers": "container"}
_STYLES = {"injected": "green", "refused": "bold red", "moved": "yellow"}


def show(explained: Explained, stream: TextIO, *, first: bool) -> None:
    """Print one explanation."""
    console = Console(file=stream, highlight=False, emoji=False, markup=False)
    with console.capture() as captured:
        _show(explained, console)
    lines = captured.get().splitlines()
    # Tables are filled up with spaces, which nobody wants in a file.
    stream.write("\n".join([*([] if first else [""]), *(line.rstrip() for line in lines), ""]))


def _show(explained: Explained, console: Console) -> None:
    console.print(_title(explained))
    console.print(_facts(explained))
    if explained.refusals:
        return
    for container in explained.explanation.containers:
        console.print(Padding(_container(container), (1, 0, 0, 2)))


def _title(explained: Explained) -> RenderableType:
    target = explained.target
    text = Text.assemble((target.title, "bold"), f" in namespace {target.namespace}")
    return Rule(text, align="left", characters="─", style="dim")


def _facts(explained: Explained) -> Table:
    why = explained.explanation
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("verdict", _verdict(explained))
    if why.assessment is None:
        return table
    identity = why.assessment.identity
    table.add_row("policy", f"{why.policy} ({explained.line()})")
    table.add_row("role", f"{identity.role or 'unknown'} ({explained.recognised_by})")
    if identity.pool is not None:
        table.add_row("pool", identity.pool)
    table.add_row("account", why.assessment.who.service_account)
    for label, rows in (
        ("asks for", _asks(explained)),
        ("granted", _granted(explained)),
        ("left out", _left_out(explained)),
        ("warnings", [Text(line, "yellow") for line in why.decision.report.warnings]),
    ):
        for i, row in enumerate(rows):
            table.add_row("" if i else label, row)
    return table


def _verdict(explained: Explained) -> RenderableType:
    style = _STYLES.get(explained.verdict, "bold")
    word = Text(explained.verdict, style)
    if explained.dry_run:
        word = Text.assemble("dry run; enforced, it would be: ", word)
    return Group(word, *(Text(f"• {finding.message}") for finding in explained.refusals))


def _asks(explained: Explained) -> list[Text]:
    return [
        Text.assemble(
            ask.what,
            (": refused, " if ask.refusal else ": granted, ", "red" if ask.refusal else "green"),
            ask.field,
        )
        for ask in explained.explanation.asks
    ]


def _granted(explained: Explained) -> list[Text]:
    if explained.refusals:
        return []  # nothing is given to a pod that is refused
    rows = [
        Text.assemble(
            (grant.scope, "bold"),
            f" ({grant.by}): {', '.join(grant.secrets) or 'no Secret of its own'} ",
            (f"({explained.scope_line(grant.index, grant.pool)})", "dim"),
        )
        for grant in explained.explanation.granted
    ]
    return rows or [Text("nothing")]


def _left_out(explained: Explained) -> list[Text]:
    return [
        Text.assemble(
            f"{out.scope}: {out.why} ", (f"({explained.scope_line(out.index, None)})", "dim")
        )
        for out in explained.explanation.left_out
    ]


def _container(container: ContainerView) -> RenderableType:
    label = _LABELS.get(container.list, "debug container")
    head = Text.assemble(f"{label} ", (container.name, "bold"))
    if container.excluded:
        head.append(" (is given nothing: excluded by the policy)", "dim")
    table = Table.grid(padding=(0, 2))
    for i, element in enumerate(container.env_from, 1):
        name = f"{element.kind} {element.name}"
        name += f" prefix {element.prefix}" if element.prefix else ""
        name += " optional" if element.optional else ""
        by = f"{element.origin}, {element.scope}" if element.scope else element.origin
        wins = "← wins" if element.wins and len(container.env_from) > 1 else ""
        table.add_row(
            "  envFrom" if i == 1 else "",
            str(i),
            name,
            Text(by, _STYLES.get(element.origin, "")),
            Text(wins, "bold"),
        )
    for i, variable in enumerate(container.variables):
        by = f"{variable.origin}, {variable.scope}"
        reads = f"{variable.name} = {variable.secret}/{variable.key}"
        style = _STYLES.get(variable.origin, "")
        table.add_row("  env" if i == 0 else "", "", reads, Text(by, style), "")
    if not container.env_from and not container.variables:
        table.add_row("  envFrom", "", "(none)", "", "")
    return Group(head, table)
