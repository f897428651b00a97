"""The whole benchmark: every part that there is, and the report; see README.md.

Writes report.md, report.json and img/ into the folder of `--out`, and prints the first.
"""

import argparse
import importlib
import importlib.util
import json
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine, workloads
from benchmarks.context import ROOT, Context, add_arguments, prepare
from benchmarks.report import markdown
from benchmarks.section import Section

# In the order of the report. A part that is not there is left out.
PARTS = (
    "comparison",
    "large",
    "apiserver",
    "scale",
    "replicas",
    "startup",
    "storm",
    "reload",
)


def main() -> int:
    args = _arguments()
    context = prepare(args)
    about = {
        "startedAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(context.cores),
        "settings": {"rounds": context.rounds, "seconds": context.seconds, "quick": context.quick},
        "bodies": workloads.sizes(),
    }
    sections: list[Section] = []
    for section in _sections(args.part or PARTS, context):
        sections.append(section)  # written at once: whoever interrupts it has what was measured
        _write(context.files.folder, about, sections)
    text = markdown(about, sections)
    if args.publish:
        _publish(text, sections)
    print(text)
    return int(any(section.failed for section in sections))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--part", action="append", choices=PARTS, help="this part only; repeatable")
    parser.add_argument(
        "--publish", action="store_true", help="also write docs/performance-report.md and its plots"
    )
    return parser.parse_args()


def _sections(parts: Sequence[str], context: Context) -> Iterator[Section]:
    """Measure part by part; one that fails is told in the report, and the others go on."""
    for part in parts:
        name = f"benchmarks.{part}"
        if importlib.util.find_spec(name) is None:
            continue
        begin = time.monotonic()
        context.say(f"== {part}")
        try:
            section: Section = importlib.import_module(name).measure(context)
        except (Exception, SystemExit) as error:  # noqa: BLE001  of whatever a part is made
            context.say(traceback.format_exc())
            section = Section.failure(part, error)
        context.say(f"== {part}: {time.monotonic() - begin:.0f} s")
        yield section


def _write(folder: Path, about: dict[str, Any], sections: list[Section]) -> None:
    told = [
        {
            "title": section.title,
            "failed": section.failed,
            "goals": [{**asdict(goal), "reached": goal.reached} for goal in section.goals],
            "rows": list(section.rows),
        }
        for section in sections
    ]
    (folder / "report.json").write_text(json.dumps({**about, "sections": told}, indent=1))
    (folder / "report.md").write_text(markdown(about, sections))
    _write_images(folder / "img", sections)


def _publish(text: str, sections: list[Section]) -> None:
    (ROOT / "docs" / "performance-report.md").write_text(text)
    _write_images(ROOT / "docs" / "img", sections)


def _write_images(folder: Path, sections: list[Section]) -> None:
    folder.mkdir(exist_ok=True)
    for section in sections:
        for name, svg in section.images.items():
            (folder / name).write_text(svg)


if __name__ == "__main__":
    sys.exit(main())
