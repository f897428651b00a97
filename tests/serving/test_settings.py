"""How `serve` is told to run: flags, then the environment, then defaults."""

import argparse
from pathlib import Path

import pytest

from webhook.commands import serve
from webhook.settings import FLAGS, Address, Settings, SettingsError, duration, settings_from


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="noxus-secrets")
    serve.add_parser(parser.add_subparsers())
    return parser.parse_args(["serve", *words])


def test_the_defaults_are_those_of_the_manifests() -> None:
    settings = settings_from(parse("--policy", "p.yaml"), {})
    assert settings == Settings(
        policy=Path("p.yaml"),
        listen=Address("0.0.0.0", 8443),  # noqa: S104
        tls_cert=Path("certs/tls.crt"),
        tls_key=Path("certs/tls.key"),
        client_ca=None,
        health_listen=Address("127.0.0.1", 8080),
        log_level="info",
        drain_delay=0.0,
    )


EVERYTHING = {
    "policy": "a",
    "listen": "[::1]:1",
    "tls-cert": "b",
    "tls-key": "c",
    "client-ca": "d",
    "health-listen": ":2",
    "log-level": "DEBUG",
    "drain-delay": "1m",
    "policy-from": "FILE",
    "certificates": "self-managed",
    "kubeconfig": "e",
    "namespace": "ours",
    "service": "hook",
    "webhook-configuration": "hooks",
    "identity": "one",
    "pod-uid": "u",
    "events": "off",
    "controllers": "a, system:b",
}
SETTINGS = Settings(
    policy=Path("a"),
    listen=Address("::1", 1),
    tls_cert=Path("b"),
    tls_key=Path("c"),
    client_ca=Path("d"),
    health_listen=Address("", 2),
    log_level="debug",
    drain_delay=60.0,
    certificates="self-managed",
    kubeconfig=Path("e"),
    namespace="ours",
    service="hook",
    webhook_configuration="hooks",
    identity="one",
    pod_uid="u",
    events="off",
    controllers=("a", "system:b"),
)


def test_every_setting_has_a_flag() -> None:
    # An initial policy goes with policies from the cluster, and those have no --policy.
    assert {*EVERYTHING, "initial-policy"} == {flag.name for flag in FLAGS}
    words = [word for name, value in EVERYTHING.items() for word in (f"--{name}", value)]
    assert settings_from(parse(*words), {}) == SETTINGS


def test_every_setting_has_an_environment_variable() -> None:
    environ = {
        f"NOXUS_SECRETS_{name.replace('-', '_').upper()}": value
        for name, value in EVERYTHING.items()
    }
    assert settings_from(parse(), environ) == SETTINGS


def test_flags_win() -> None:
    environ = {"NOXUS_SECRETS_POLICY": "env", "NOXUS_SECRETS_LISTEN": "env:1"}
    settings = settings_from(parse("--policy", "flag"), environ)
    assert (settings.policy, settings.listen) == (Path("flag"), Address("env", 1))


def test_an_empty_variable_counts_as_unset() -> None:
    environ = {"NOXUS_SECRETS_CLIENT_CA": "", "NOXUS_SECRETS_POLICY": "p"}
    assert settings_from(parse(), environ).client_ca is None


@pytest.mark.parametrize(
    ("words", "environ", "message"),
    [
        (
            [],
            {},
            (
                "--policy is missing: name a policy file or a folder of them, or read policies "
                "from the cluster with --policy-from cluster"
            ),
        ),
        (
            ["--policy", "p", "--policy-from", "cluster", "--namespace", "n", "--identity", "i"],
            {},
            "--policy goes with --policy-from file; leave out one of the two",
        ),
        (
            ["--policy", "p", "--initial-policy", "q"],
            {},
            "--initial-policy goes with --policy-from cluster",
        ),
        (
            ["--policy", "p", "--certificates", "self-managed", "--namespace", "n"],
            {},
            "--identity is missing: replicas tell each other apart by it",
        ),
        (
            ["--policy", "p", "--certificates", "by-magic"],
            {},
            "--certificates: 'by-magic' is not one of files, self-managed",
        ),
        (
            ["--policy", "p", "--controllers", "a,,b"],
            {},
            "--controllers: 'a,,b' names an empty user: write them with one comma between two",
        ),
        (
            ["--policy", "p", "--service", "A_B"],
            {},
            "--service: 'A_B' is no name of an object: use a-z, 0-9, '-' and '.'",
        ),
        (
            ["--listen", "8443"],
            {},
            "--listen: '8443' is not an address: write HOST:PORT, :PORT for all, or [IPV6]:PORT",
        ),
        (
            ["--listen", "::1:8443"],
            {},
            (
                "--listen: '::1:8443' is not an address: write HOST:PORT, :PORT for all, or "
                "[IPV6]:PORT"
            ),
        ),
        (
            ["--health-listen", "h:65536"],
            {},
            (
                "--health-listen: 'h:65536' is not an address: write HOST:PORT, :PORT for all, or "
                "[IPV6]:PORT"
            ),
        ),
        (
            [],
            {"NOXUS_SECRETS_LOG_LEVEL": "loud"},
            "NOXUS_SECRETS_LOG_LEVEL: 'loud' is not one of debug, info, warning, error",
        ),
        (
            ["--drain-delay", "5"],
            {},
            "--drain-delay: '5' is not a duration: write it like 500ms, 3s, 1m30s, 12h or 30d",
        ),
        (
            ["--drain-delay", "2m"],
            {},
            "--drain-delay: '2m' is too long: use at most 60s",
        ),
    ],
)
def test_a_bad_value_is_named_as_it_was_given(
    words: list[str], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from(parse(*words), environ)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("3s", 3), ("1.5s", 1.5), ("1m30s", 90), ("1h0m0s", 3600), ("30d", 2592000)],
)
def test_durations_are_gos_and_days(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "s", "-3s", "3 s", "1e3s", "3S", "٣s", "3sx"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration(text)


def test_an_address_reads_as_it_is_written() -> None:
    assert str(Address("h", 1)) == "h:1"
    assert str(Address("::1", 1)) == "[::1]:1"
    assert str(Address("", 1)) == ":1"


def test_bad_settings_are_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = parse("--log-level", "loud")
    assert args.run(args) == 2
    assert capsys.readouterr().err == (
        "noxus-secrets serve: --log-level: 'loud' is not one of debug, info, warning, error\n"
    )


def test_what_keeps_the_server_from_starting_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = tmp_path / "none"
    args = parse("--policy", str(none), "--tls-cert", str(none), "--tls-key", str(none))
    assert args.run(args) == 2
    assert capsys.readouterr().err == (
        f"noxus-secrets serve: --tls-cert: there is no file {none}; run `noxus-secrets certs` to "
        "make one, or name another\n"
    )


def test_in_a_pod_the_namespace_is_the_pods_own(tmp_path: Path) -> None:
    file = tmp_path / "namespace"
    file.write_text("noxus-secrets")

    settings = settings_from(
        parse("--policy-from", "cluster"), {}, host="pod-1", namespace_file=file
    )

    assert (settings.namespace, settings.identity) == ("noxus-secrets", "pod-1")


def test_outside_of_a_pod_the_namespace_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from(
            parse("--policy-from", "cluster"), {}, host="h", namespace_file=tmp_path / "none"
        )
    assert str(caught.value) == (
        "--namespace is missing: outside of a pod say which namespace is ours"
    )
