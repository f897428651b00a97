"""The command line that the Deployment starts is one that starts."""

import argparse
from pathlib import Path

import yaml

from webhook.commands import serve
from webhook.serving.limits import DEFAULT_LIMITS
from webhook.settings import settings_from

ROOT = Path(__file__).parents[2]


def test_the_arguments_of_the_deployment_are_settings_and_leave_time_to_drain() -> None:
    deployment = yaml.safe_load((ROOT / "manifests" / "base" / "40-deployment.yaml").read_text())
    spec = deployment["spec"]["template"]["spec"]
    parser = argparse.ArgumentParser()
    serve.add_parser(parser.add_subparsers())

    settings = settings_from(parser.parse_args(spec["containers"][0]["args"]), {})

    needed = settings.drain_delay + DEFAULT_LIMITS.drain_time
    assert settings.drain_delay == 10
    assert needed < spec["terminationGracePeriodSeconds"]
