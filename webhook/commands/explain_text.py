"""An explanation for people: coloured where the terminal allows it, readable without."""

from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from webhook.commands.explained import Explained
from webhook.core.container_views import ContainerView, Element, Variable
from webhook.core.explanation import Ask
from webhook.report.console import SafeConsole
from webhook.terminal import raw

_LABELS = {"initContainers": "init container", "containers": "container"}
_STYLES = {"injected": "green", "refused": "bold red", "moved": "yellow"}
_BESIDE = 36  # columns beside what is read: 16 for the label and number, 20 for the origin
_NONE = "(none)"
_WORDS = {"granted": "green", "refused": "red", "ignored": "yellow"}


def show(explained: Explained, stream: TextIO, *, first: bool) -> None:
    """Print one explanation."""
    console = SafeConsole(stream)
    with console.capture() as captured:
        _show(explained, console)
    lines = captured.get().splitlines()
    # Tables are filled up with spaces, which nobody wants in a file.
    raw(stream).write("\n".join([*([] if first else [""]), *(line.rstrip() for line in lines), ""]))


def _show(explained: Explained, console: Console) -> None:
    console.print(_title(explained))
    console.print(_facts(explained))
    if explained.refusals:
        return
    for container in explained.explanation.containers:
        shown = _container(container, explained.excluded_by, console.width)
        console.print(Padding(shown, (1, 0, 0, 2)))


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
    table.add_row("policy", _said(why.policy.name if why.policy else "", explained.line()))
    table.add_row("role", _said(identity.role or "unknown", explained.recognised_by))
    if identity.pool is not None:
        table.add_row("pool", _said(identity.pool, explained.pool_by))
    table.add_row("account", why.assessment.who.service_account)
    if why.mirror:
        table.add_row("mirror", "of a static pod, so nothing is injected; its Secrets are checked")
    for label, rows in (
        ("asks for", _asks(explained)),
        ("granted", _granted(explained)),
        ("left out", _left_out(explained)),
        ("undecided", _undecided(explained)),
        ("warnings", [Text(note, "yellow") for note in why.notes]),
    ):
        for i, row in enumerate(rows):
            table.add_row("" if i else label, row)
    return table


def _verdict(explained: Explained) -> RenderableType:
    style = _STYLES.get(explained.verdict, "bold")
    word = Text(explained.verdict, style)
    if explained.dry_run:
        why = f"dry run ({explained.dry_run_by}); enforced, it would be: "
        word = Text.assemble(why, word)
    refusals = Table.grid(padding=(0, 1))
    for finding in explained.refusals:
        refusals.add_row("•", finding.message)
    return Group(word, refusals) if explained.refusals else word


def _said(what: str, how: str) -> Text:
    return Text.assemble((what, "bold"), (f" ({how})", "dim"))


def _asks(explained: Explained) -> list[Text]:
    return [_ask(ask) for ask in explained.explanation.asks]


def _ask(ask: Ask) -> Text:
    word, how = "granted", f" by {' and '.join(ask.scopes)}"
    if ask.refusal:
        word, how = "refused", ""
    elif ask.passed:
        word, how = "ignored", f": {ask.passed}"
    return Text.assemble(ask.what, ", ", (word, _WORDS[word]), how, (f" ({ask.field})", "dim"))


def _granted(explained: Explained) -> list[Text]:
    if explained.refusals or explained.explanation.mirror:
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


def _undecided(explained: Explained) -> list[Text]:
    return [
        Text(f"{scope}: only its deployers may deploy this; say who does with --as")
        for scope in explained.explanation.undecided
    ]


def _container(container: ContainerView, excluded_by: str, width: int) -> RenderableType:
    debug = container.list == "ephemeralContainers"
    head = Text.assemble(
        f"{_LABELS.get(container.list, 'debug container')} ", (container.name, "bold")
    )
    if container.excluded:
        excluded_by = "spec.containers.ephemeral" if debug else excluded_by
        head.append(f" (is given nothing: excluded by {excluded_by})", "dim")
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    # What is read stays in one piece, and what is said of it gives way.
    read = [_source(e) for e in container.env_from] + [_key(v) for v in container.variables]
    read += container.repeated
    longest = max((len(line) for text in read for line in text.splitlines()), default=len(_NONE))
    table.add_column(overflow="fold", width=max(1, min(longest, width - _BESIDE)))
    table.add_column(overflow="fold", ratio=1)
    for i, element in enumerate(container.env_from, 1):
        origin = _origin(element, wins=element.wins and len(container.env_from) > 1)
        table.add_row("  envFrom" if i == 1 else "", str(i), _source(element), origin)
    for i, variable in enumerate(container.variables):
        by = Text(f"{variable.origin}, {variable.scope}", _STYLES.get(variable.origin, ""))
        table.add_row("  env" if i == 0 else "", "", _key(variable), by)
    for i, name in enumerate(container.repeated):
        table.add_row("  dropped" if i == 0 else "", "", name, "repeated; the last one stays")
    if not container.env_from and not container.variables:
        table.add_row("  envFrom", "", _NONE, "")
    return Group(head, table)


def _source(element: Element) -> str:
    name = f"{element.kind} {element.name}"
    name += f" prefix {element.prefix}" if element.prefix else ""
    return name + (" optional" if element.optional else "")


def _key(variable: Variable) -> str:
    return f"{variable.name}\n= {variable.secret}/{variable.key}"


def _origin(element: Element, *, wins: bool) -> Text:
    by = f"{element.origin}, {element.scope}" if element.scope else element.origin
    if element.corrected:
        by += f", optional set to {str(element.optional).lower()}"
    style = "yellow" if element.corrected else _STYLES.get(element.origin, "")
    return Text.assemble((by, style), ("  ← wins" if wins else "", "bold"))
