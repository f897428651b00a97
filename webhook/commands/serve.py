"""`noxus-secrets serve`: the admission server."""

import argparse
import os
import socket
import sys
from functools import partial
from typing import TYPE_CHECKING

from webhook.settings import FLAGS, Settings, SettingsError, settings_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from webhook.serving.sources import Sources
    from webhook.telemetry.metrics import Metrics

_EPILOG = """\
Every flag has an environment variable, NOXUS_SECRETS_POLICY for --policy and so on; flags win.

POST /mutate/enabled, /mutate/dry-run, /validate/enabled and /validate/dry-run are the hooks, on
HTTPS; GET /healthz, /readyz (?verbose) and /metrics are on the health address. Policy and
certificate are read again when their files change; what does not load never replaces what did.

SIGTERM drains: not ready at once, requests under way finish, exit 0. A second one ends at once.

example:
  noxus-secrets certs --dns localhost && noxus-secrets serve --policy policy.yaml
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "serve",
        help="the admission server",
        description="Serve the mutating and the validating admission hook.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for flag in FLAGS:
        parser.add_argument(f"--{flag.name}", metavar=flag.metavar, help=flag.help)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal; returns the exit code."""
    try:
        settings = settings_from(args, os.environ, host=socket.gethostname())
    except SettingsError as problem:
        return _refuse(problem)
    # Imported here: the server's libraries cost the other commands a quarter of a second.
    from webhook.core.deployers import CONTROLLERS  # noqa: PLC0415
    from webhook.serving import server  # noqa: PLC0415
    from webhook.serving.errors import StartError  # noqa: PLC0415
    from webhook.telemetry import logs  # noqa: PLC0415
    from webhook.wire.answer import answer  # noqa: PLC0415
    from webhook.wire.memo import Memo  # noqa: PLC0415

    plain = partial(answer, controllers=settings.controllers or CONTROLLERS)
    memo = Memo(plain, secret=os.urandom(32))
    parts = server.Parts(
        answer=memo,
        sources=_sources(settings, memo.counts),
        version=_version(),
        write=logs.configure(settings.log_level).write,
    )
    try:
        return server.run(settings, parts)
    except StartError as problem:
        return _refuse(problem)


def _sources(
    settings: Settings, counts: "Callable[[], Mapping[str, int]]"
) -> "Callable[[Settings, Metrics], Sources]":
    from webhook.telemetry.memo_metrics import MemoMetrics  # noqa: PLC0415

    source = _source(settings)

    def sources(settings: Settings, metrics: "Metrics") -> "Sources":
        MemoMetrics(metrics.registry, counts)
        return source(settings, metrics)

    return sources


def _source(settings: Settings) -> "Callable[[Settings, Metrics], Sources]":
    if settings.in_cluster:  # the client of the API server costs 20 MB and a tenth of a second
        from webhook.cluster.member import join  # noqa: PLC0415

        return join
    from webhook.loading.load import fingerprint, load_policies  # noqa: PLC0415
    from webhook.serving.sources import from_files  # noqa: PLC0415

    return from_files(load_policies, fingerprint)


def _refuse(problem: Exception) -> int:
    print(f"noxus-secrets serve: {problem}", file=sys.stderr)
    return 2


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("noxus-secret-webhook")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"
