"""`noxus-secrets certs`: a CA and a serving certificate in a folder."""

import argparse
import json
import shlex
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webhook.settings import duration

if TYPE_CHECKING:
    from webhook.pki.ensure import Outcome

_EPILOG = """\
A CA that is there is kept and reused. The serving certificate is kept while it names the same hosts
and more than a third of its life is left, so this may run from cron. Key files are readable by
their owner only, and every file is replaced as a whole.

example:
  noxus-secrets certs --dns localhost --ip 127.0.0.1
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "certs",
        help="create or renew a CA and a serving certificate in a folder",
        description="Create or renew a CA and a serving certificate in a folder.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--dir", type=Path, default=Path("certs"), help="the folder (default: certs)")
    add("--service", default="noxus-secret-webhook", help="name of the Service (%(default)s)")
    add("--namespace", default="noxus-secrets", help="namespace of the Service (%(default)s)")
    add("--dns", metavar="NAME", action="append", default=[], help="a further DNS name")
    add("--ip", metavar="ADDR", action="append", default=[], help="a further IP address")
    for flag, default, what in (
        ("--ca-lifetime", "365d", "a new CA"),
        ("--lifetime", "30d", "the serving certificate"),
    ):
        text = f"how long {what} is good (%(default)s)"
        add(flag, metavar="TIME", type=_lifetime, default=default, help=text)
    add("--renew", action="store_true", help="issue the serving certificate anew in any case")
    add("-o", dest="output", choices=["table", "json"], default="table", help="(%(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the files, say what was made or kept; returns the exit code."""
    return make(args, at=datetime.now(UTC))


def make(args: argparse.Namespace, *, at: datetime) -> int:
    """Do it as of `at`."""
    # Imported here: cryptography costs the other commands a tenth of a second.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    from webhook.pki.ensure import Source, Wish, ensure  # noqa: PLC0415
    from webhook.pki.errors import PkiError  # noqa: PLC0415
    from webhook.pki.names import service_names  # noqa: PLC0415
    from webhook.pki.store import locked_folder  # noqa: PLC0415

    # P-256: every Go and OpenSSL client takes it, and a handshake costs a tenth of RSA's.
    fresh = Source(
        key=lambda: ec.generate_private_key(ec.SECP256R1()), serial=x509.random_serial_number
    )
    try:
        names = service_names(args.service, args.namespace, dns=args.dns, ips=args.ip)
        wish = Wish(names, args.ca_lifetime, args.lifetime, renew=args.renew)
        with locked_folder(args.dir) as folder:
            outcomes = ensure(folder, wish, at=at, fresh=fresh)
    except PkiError as fault:
        print(f"noxus-secrets certs: {fault}", file=sys.stderr)
        return 2
    show = _json if args.output == "json" else _table
    print(show(args.dir, outcomes))
    return 0


def _lifetime(text: str) -> timedelta:
    try:
        seconds = duration(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None
    # Under an hour a certificate would be due again while it is being rolled out; over a hundred
    # years the dates no longer fit into a certificate.
    if not timedelta(hours=1) <= timedelta(seconds=seconds) <= timedelta(days=36500):
        raise argparse.ArgumentTypeError(f"{text!r} is out of range: use 1h to 36500d")
    return timedelta(seconds=seconds)


def _table(folder: Path, outcomes: "tuple[Outcome, Outcome]") -> str:
    from webhook.pki.names import names_of  # noqa: PLC0415

    ca, leaf = outcomes
    rows = [
        (str(folder / each.certificate_file), f"{each.action} ({each.why})", _until(each))
        for each in outcomes
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows]
    lines.append(f"{'':<{widths[0]}}  for {names_of(leaf.certificate)}")
    if leaf.certificate.not_valid_after_utc == ca.certificate.not_valid_after_utc:
        lines.append(
            f"{'':<{widths[0]}}  it ends with its CA: move {ca.certificate_file} and {ca.key_file} "
            "away soon and run this again"
        )
    serve = "noxus-secrets serve --policy POLICY"
    where = {each: shlex.quote(str(folder / each)) for each in ("ca.crt", "tls.crt", "tls.key")}
    lines += [
        "",
        "Next: the caBundle of the webhook configurations is the output of",
        f"        base64 < {where['ca.crt']} | tr -d '\\n'",
        "      and the server starts with",
        f"        {serve} --tls-cert {where['tls.crt']} --tls-key {where['tls.key']}",
    ]
    return "\n".join(lines)


def _until(outcome: "Outcome") -> str:
    return f"until {outcome.certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"


def _json(folder: Path, outcomes: "tuple[Outcome, Outcome]") -> str:
    from webhook.pki.names import names_of  # noqa: PLC0415

    def item(outcome: "Outcome") -> dict[str, Any]:
        certificate, names = outcome.certificate, names_of(outcome.certificate)
        return {
            "certificate": str(folder / outcome.certificate_file),
            "key": str(folder / outcome.key_file),
            "action": outcome.action,
            "why": outcome.why,
            "dns": list(names.dns),
            "ips": [str(ip) for ip in names.ips],
            "notBefore": certificate.not_valid_before_utc.isoformat(),
            "notAfter": certificate.not_valid_after_utc.isoformat(),
            "serial": f"{certificate.serial_number:x}",
        }

    return json.dumps([item(each) for each in outcomes], indent=2)
