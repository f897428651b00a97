"""`make run`: start the webhook, send it three example pods, and go on serving."""

import signal
import sys
from pathlib import Path
from typing import Any

import yaml

from tools import demo
from tools.send import ApiServer, Outcome

CERTS = Path(".cache/run/certs")  # not certs/: those may be somebody's real ones


def main() -> int:
    """Show the main job at work; returns the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the server ends with us
    demo.say("A CA and a serving certificate")
    code = demo.run("certs", "--dir", CERTS, "--dns", "localhost", "--ip", demo.HOST)
    if code:
        return code
    try:
        with demo.serving(CERTS) as server:
            demo.say(f"The webhook serves {demo.POLICY} on {server.hooks}")
            api = ApiServer(server.hooks, CERTS / "ca.crt")
            for file in demo.PODS:
                _show(api, file)
            _what_next(server)
            demo.wait_for_interrupt(server)
    except demo.DemoError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _show(api: ApiServer, file: Path) -> None:
    pod: dict[str, Any] = yaml.safe_load(file.read_text())
    demo.say(f"{file} → POST /mutate/enabled, POST /validate/enabled")
    print(_told(api.create(pod, demo.NAMESPACE)))
    demo.run("explain", "--policy", demo.POLICY, "-f", file, "-n", demo.NAMESPACE)


def _told(outcome: Outcome) -> str:
    if outcome.stored is None:
        return f"refused: {outcome.message}"
    spec = outcome.stored["spec"]
    lines = ["allowed; the API server would store it with"]
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        names = [
            str((element.get("secretRef") or element.get("configMapRef"))["name"])
            for element in container.get("envFrom", [])
        ]
        lines.append(f"  {container['name']}: envFrom {', '.join(names) or '(none)'}")
    return "\n".join(lines)


def _what_next(server: demo.Server) -> None:
    demo.say("Still serving. Try a pod of your own:")
    print(f"  .venv/bin/python -m tools.send --url {server.hooks} --ca {CERTS}/ca.crt POD.yaml")
    print(f"  .venv/bin/noxus-secrets explain --policy {demo.POLICY} -n noxus -f POD.yaml")
    print(f"  curl {server.health}/metrics")
    print(f"Edit {demo.POLICY}: it is read again within a second. Ctrl-C stops.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
