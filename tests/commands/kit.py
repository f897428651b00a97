"""Runs the command line in this process, and keeps what it printed."""

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from webhook.__main__ import main

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "examples" / "policy.yaml"
PODS = ROOT / "examples" / "pods"

# Whatever terminal the tests run in, output is wrapped as for this one.
os.environ["COLUMNS"] = "80"
# ... and whatever cluster their user has, it is left alone.
os.environ["KUBECONFIG"] = os.devnull


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str


def run(*words: str | Path, stdin: str = "") -> Ran:
    """Run a command with text on its standard input."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    try:
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = main([str(word) for word in words])
            except SystemExit as left:  # argparse
                code = int(left.code or 0)
    finally:
        sys.stdin = before
    return Ran(code, out.getvalue(), err.getvalue())


def pod(*, role: str = "frontend", spec: str = "", labels: str = "") -> str:
    """Return a pod as YAML, with one container."""
    return f"""\
apiVersion: v1
kind: Pod
metadata:
  name: p
  namespace: noxus
  labels: {{noxus.ai/role: {role}{labels}}}
spec:
  containers:
    - name: app
      image: example/app:1
{spec}"""
