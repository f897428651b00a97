"""The decision alone, without TLS and HTTP: bytes in, bytes out, in µs, for shapes and policies.

Each figure is the lowest of several batches: noise only ever adds.
"""

import argparse
import cProfile
import gc
import pstats
import time
from collections.abc import Callable

from benchmarks import bodies, checking, policies
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import answer

POOLS = (1, 100, 10_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=0.2, help="for each batch (%(default)s)")
    parser.add_argument("--batches", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--profile", metavar="SHAPE", help="profile one shape instead")
    args = parser.parse_args()
    shapes = _shapes()
    tables = {pools: policies.compiled(pools) for pools in POOLS}
    gc.collect()
    gc.freeze()  # as the server does when it has started
    if args.profile:
        _profile(_decision(*shapes[args.profile], tables[POOLS[0]]))
        return
    print("| µs a decision | bytes | " + " | ".join(f"{n:,} pools" for n in POOLS) + " |")
    print("| --- | ---: |" + " ---: |" * len(POOLS))
    for name, (body, hook) in shapes.items():
        times = [
            _microseconds(_decision(body, hook, table), args.seconds, args.batches)
            for table in tables.values()
        ]
        print(f"| {name} | {len(body):,} | " + " | ".join(f"{t:,.1f}" for t in times) + " |")


def _shapes() -> dict[str, tuple[bytes, Hook]]:
    """Return what is decided about, and by which hook."""
    final = bodies.worker()
    final["request"]["object"] = checking.expected(final["request"]["object"])
    asked = {
        "small": bodies.small(),
        "worker": bodies.worker(),
        "20 containers": bodies.many_containers(),
        "1,000 sources": bodies.many_sources(),
        "2.9 MB": bodies.large(),
        "refused": bodies.greedy(),
    }
    shapes = {f"mutate: {name}": (bodies.encode(r), Hook.MUTATE) for name, r in asked.items()}
    shapes["validate: injected worker"] = (bodies.encode(final), Hook.VALIDATE)
    shapes["validate: refused"] = (bodies.encode(asked["refused"]), Hook.VALIDATE)
    return shapes


def _decision(body: bytes, hook: Hook, table: PolicySet) -> Callable[[], object]:
    return lambda: answer(body, hook=hook, mode=NamespaceMode.ENABLED, policies=table)


def _microseconds(decide: Callable[[], object], seconds: float, batches: int) -> float:
    """Return the CPU time of one decision."""
    begin = time.process_time()
    decide()
    count = max(1, int(seconds / max(time.process_time() - begin, 1e-6)))
    best = float("inf")
    for _ in range(batches):
        begin = time.process_time()
        for _ in range(count):
            decide()
        best = min(best, (time.process_time() - begin) / count)
    return best * 1e6


def _profile(decide: Callable[[], object]) -> None:
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(20_000):
        decide()
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()
