"""What each part of the benchmark is given, and how one is started by itself."""

import argparse
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import environment, servers
from benchmarks.processes import Cores, cores
from benchmarks.section import Section, goals_table

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / ".cache" / "benchmarks"


@dataclass(frozen=True)
class Context:
    """Where everything lies, and how much time there is."""

    files: servers.Files  # built programs, certificates, and a folder to write into
    cores: Cores  # which core serves and which one asks
    ours: str  # our command in words of a shell: `shlex.split(ours)`
    rounds: int  # how often to measure everything; interleave what is compared within each
    seconds: float  # of load for one figure
    only: tuple[str, ...]  # servers whose name contains one of these; none: all
    quick: bool  # the whole report in three minutes: leave out what is slow and not the point

    def say(self, text: str) -> None:
        """Tell how far it is; the report goes to standard output, this to standard error."""
        print(text, file=sys.stderr, flush=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every part understands."""
    add = parser.add_argument
    add("--rounds", type=int, help="(5; with --quick 2)")
    add("--seconds", type=float, help="of load for each figure (1; with --quick 0.3)")
    add("--only", action="append", default=[], help="servers whose name contains this")
    add("--quick", action="store_true", help="fewer and shorter rounds")
    add("--out", type=Path, default=OUT, help="folder of the report and of what is built")
    beside = Path(sys.executable).with_name("noxus-secrets")
    add("--ours", default=shlex.quote(str(beside)), help="our command, of another build, say")


def prepare(args: argparse.Namespace) -> Context:
    """Build the programs and make the certificates; raises SystemExit where Go is missing."""
    files = servers.Files(args.out.resolve())
    files.folder.mkdir(parents=True, exist_ok=True)
    servers.build(files)
    environment.ready(files)
    servers.prepare(files, args.ours)
    return Context(
        files=files,
        cores=cores(),
        ours=args.ours,
        rounds=args.rounds or (2 if args.quick else 5),
        seconds=args.seconds or (0.3 if args.quick else 1.0),
        only=tuple(args.only),
        quick=args.quick,
    )


def alone(measure: Callable[[Context], Section], purpose: str) -> None:
    """Measure one part and print its section: what `python -m benchmarks.PART` does."""
    parser = argparse.ArgumentParser(description=purpose)
    add_arguments(parser)
    context = prepare(parser.parse_args())
    section = measure(context)
    folder = context.files.folder / "img"
    folder.mkdir(exist_ok=True)
    for name, svg in section.images.items():
        (folder / name).write_text(svg)
    print(f"## {section.title}\n\n{section.markdown}\n\n{goals_table(section.goals)}")
