"""The figures of all drills: a table for people, one for docs/operations.md, and JSON."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# The columns of the table, and the key of each in a row.
COLUMNS = {
    "drill": "drill",
    "pods": "asked",
    "without its sources": "without_sources",
    "wrong": "wrong_refusals",
    "failed": "failed",
    "99 % of the pods within": "p99",
    "longest pause": "pause",
    "what else was seen": "else",
}
BEGIN, END = "<!-- drills -->", "<!-- /drills -->"
NOTES = {
    "away": "{} while the API server or etcd was away",
    "connections_lost": "{} connections to the lost replica",
    "out_of_service_s": "out of the Service after {} s",
    "in_force_s": "policy in force on all replicas after {} s",
    "new_leader_s": "another leader after {} s",
    "served_s": "new leaf served by all after {} s",
    "rotation_s": "CA replaced after {} s",
    "changes_per_s": "{} changes a second",
    "back_s": "as before after {} s",
    "elsewhere_failed": "{} pods refused in other namespaces",
    "elsewhere_longest_ms": "created within {} ms there",
    "resident_mb": "{} MB a replica",
    "status_s": "status says so after {} s",
    "secret_healed_s": "Secret back after {} s",
    "bundles_healed_s": "CA bundles after {} s",
    "backup_healed_s": "old Secret put right after {} s",
    "served_afterwards_s": "new leaf served {} s after there was room",
    "leaf_by_leader_ahead_s": "new leaf by a leader a day ahead: {} s",
    "leaf_by_leader_behind_s": "by one a day behind: {} s",
    "by_controllers": "{} pods by controllers",
    "controllers_s": "each set of five within {} s",
    "reviews": "{} reviews",
    "mb_at_start": "{} MB at the start",
    "mb_least": "{} MB at least after the warm-up",
    "mb_most": "{} MB at most",
    "mb_an_hour": "slope {} MB an hour",
}

Row = Mapping[str, Any]


def markdown(rounds: Sequence[Sequence[Row]]) -> str:
    """Return the table; where there were several rounds, each figure has the values of all."""
    names = [row["drill"] for row in rounds[0]]
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    for name in names:
        rows = [_shown(row) for each in rounds for row in each if row["drill"] == name]
        cells = [name, *(_joined(rows, key) for key in list(COLUMNS.values())[1:-1])]
        lines.append(f"| {' | '.join(cells)} | {_notes(rows)} |")
    return "\n".join(lines)


def remarks(rounds: Sequence[Sequence[Row]], why: Mapping[str, str]) -> str:
    """Return what explains the figures; `why` is why some creations fail, by drill."""
    reasons: dict[str, list[str]] = {}
    for drill, reason in why.items():
        if reason:
            reasons.setdefault(reason, []).append(drill)
    loads = [row["load_average"] for each in rounds for row in each if "load_average" in row]
    machine = f"Measured on {os.cpu_count()} cores, which the API server, etcd and the load share;"
    if loads:
        machine += f" load average {min(loads)} to {max(loads)}."
    lines = [machine, "Two values are those of two rounds.", "", "Why creations fail:", ""]
    lines += [f"- {', '.join(drills)}: {reason}" for reason, drills in reasons.items()]
    return "\n".join(lines)


def write(rounds: Sequence[Sequence[Row]], why: Mapping[str, str], page: Path) -> None:
    """Put the table between the markers of a page, with remarks."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    table = f"{markdown(rounds)}\n\n{remarks(rounds, why)}"
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


def save(rounds: Sequence[Sequence[Row]], path: Path) -> None:
    """Write everything as JSON: a list of rounds, each a list of rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounds, indent=2) + "\n")


def _shown(row: Row) -> Row:
    """Add what is counted together, and what is shown with its unit."""
    more = dict(row)
    if "again" in row:
        more["failed"] = row["again"] + row["calling_errors"]
        more["p99"] = f"{row['p99_ms']:.0f} ms"
        more["pause"] = f"{row['gap_s']:.1f} s"
    return more


def _joined(rows: Sequence[Row], key: str) -> str:
    return " · ".join(str(row.get(key, "")) for row in rows).strip(" ·")


def _notes(rows: Sequence[Row]) -> str:
    found = []
    for key, words in NOTES.items():
        values = _joined(rows, key)
        # That none was refused elsewhere is worth a word; other zeros are not.
        if set(values) - set("0 ·") or (values and key == "elsewhere_failed"):
            found.append(words.format(values))
    return "; ".join(found)
