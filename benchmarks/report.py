"""Sections -> the report in Markdown."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.section import Row, Section, goals_table

_QUIET = 0.1  # of a core, used by others, that a figure bears


def markdown(about: Mapping[str, Any], sections: Sequence[Section]) -> str:
    """Write the whole report."""
    goals = [goal for section in sections for goal in section.goals]
    reached = sum(goal.reached for goal in goals)
    parts = [
        "# Performance report",
        _about(about),
        "## Goals",
        f"{reached} of {len(goals)} reached, by the median of the rounds.",
        goals_table(goals),
        *(text for section in sections for text in (f"## {section.title}", section.markdown)),
        "## Honesty",
        _honesty(about, [row for section in sections for row in section.rows]),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _about(about: Mapping[str, Any]) -> str:
    machine, settings = about["machine"], about["settings"]
    pinning = (
        "the server on one, the load generator on another"
        if machine["separateCores"]
        else "**server and load generator share one, so latencies and throughput are worthless**"
    )
    quick = " **Quick: fewer and shorter rounds.**" if settings["quick"] else ""
    sizes = ", ".join(f"{name} {size:,} bytes" for name, size in about["bodies"].items())
    return (
        f"Made by `make bench` at {about['startedAt']}: {machine['system']}, {machine['cpu']}, "
        f"{machine['cores']} cores, {pinning}. Up to {settings['rounds']} interleaved rounds, "
        f"{settings['seconds']:g} s of load for a figure.{quick} TLS with ECDSA P-256, HTTP/1.1, "
        f"kept-alive connections. Bodies, as an API server sent them: {sizes}.\n\n"
        "Absolute figures move from machine to machine and from hour to hour: compare only within "
        "one run. [benchmarks/README.md](../benchmarks/README.md) says what is measured, and "
        "how.\n\n"
        "**Pods of one Deployment** differ in uid, name, times and the name of the token's volume, "
        "as replicas do: a server may remember its decision. **Each different**: a value in the "
        "spec differs in every request, and nothing can be remembered."
    )


def _honesty(about: Mapping[str, Any], rows: Sequence[Row]) -> str:
    build = "with" if about["machine"]["pythonOptimised"] else "without"
    lines = [
        *_noise(rows),
        f"- Load average when it began: {about['machine']['loadAverage']:.2f}.",
        f"- Python was compiled {build} --enable-optimizations.",
        "- In a closed loop, latency at many connections is mostly waiting for the others.",
        "- The peers do less: no entitlement, no references, no order of what is there, no log.",
    ]
    return "\n".join(lines)


def _noise(rows: Sequence[Row]) -> list[str]:
    """Say how many answers were wrong, and how much of the machine others had."""
    counted = [row for row in rows if "requests" in row and "errors" in row]
    asked, errors = (sum(row[key] for row in counted) for key in ("requests", "errors"))
    lines = [f"- {asked:,} requests, {errors:,} errors."]
    others = [row["othersBusy"] for row in rows if "othersBusy" in row]
    if others:
        noisy = sum(each > _QUIET for each in others)
        middle, most = median(others), max(others)
        lines += [
            f"- Others used {middle:.0%} of a core in the median, {most:.0%} at most.",
            f"- They used more than a tenth of a core in {noisy} of {len(others)} measurements.",
        ]
    stolen = [row["stolen"] for row in rows if "stolen" in row]
    if stolen:
        lines.append(f"- The host took {max(stolen):.0%} of a core at most.")
    firsts = {row["firstError"] for row in rows if row.get("firstError")}
    return [*lines, *(f"- error: {text}" for text in sorted(firsts))]
