"""Names are those that Kubernetes allows, and globs match as people expect."""

from collections.abc import Callable

import pytest

from webhook.core import names
from webhook.core.names import NameMatcher, globs_overlap

Check = Callable[[str], str]


@pytest.mark.parametrize(
    ("check", "good"),
    [
        (names.dns_label, ["a", "a-b", "0", "a" * 63]),
        (names.object_name, ["a", "a.b", "app-env", "1.2.3", "a" * 253]),
        (names.secret_key, ["a", ".dockerconfigjson", "A_b-c.d", "x..y", "a" * 253]),
        (names.env_name, ["A", "a.b-c", "1X", "with space", "~"]),
        (names.env_prefix, ["", "APP_"]),
        (names.label_value, ["", "a", "A.b_c-D", "a" * 63]),
        (names.pool_name, ["tenant-a", "Tenant_A.1"]),
        (names.label_key, ["a", "noxus.ai/role", "A_b.c", "a.b.c/D-e", f"{'a' * 253}/x", "a" * 63]),
        (names.qualified_service_account, ["argocd/argocd-application-controller", "a/b.c"]),
        (names.label_glob, ["noxus", "noxus-*", "*", "?-a", "*-a-*", f"{'a' * 62}*"]),
        (names.api_group, ["argoproj.io", f"{'a' * 250}.io"]),
        (names.api_kind, ["Rollout", "A" * 63]),
        (names.api_resource, ["rollouts", "a" * 63]),
        (names.template_path, ["spec.template", "spec.*.template", f"spec.{'a' * 248}"]),
    ],
)
def test_a_proper_name_is_returned_as_it_is(check: Check, good: list[str]) -> None:
    assert [check(name) for name in good] == good


@pytest.mark.parametrize(
    ("check", "bad", "message"),
    [
        (
            names.dns_label,
            ["", "A", "-a", "a-", "a.b", "a" * 64, "a\n", "é"],
            (
                "{!r} is not a DNS label: use up to 63 lower-case letters, digits and '-', "
                "beginning and ending with a letter or digit"
            ),
        ),
        (
            names.object_name,
            ["", "App", "a..b", ".a", "a.", "a_b", "ns/name", "a" * 254, "a\n", "a*"],
            (
                "{!r} is not an object name: use up to 253 lower-case letters, digits, '-' "
                "and '.', each part beginning and ending with a letter or digit"
            ),
        ),
        (
            names.secret_key,
            ["", ".", "..", "..data", "a/b", "a b", "a" * 254],
            (
                "{!r} is not a key of a Secret: use letters, digits, '-', '_' and '.', and do not "
                "begin with '..'"
            ),
        ),
        (
            names.env_name,
            ["", "A=B", "é", "A\n", "\x00"],
            "{!r} is not a variable name: use printable ASCII characters other than '='",
        ),
        (
            names.env_prefix,
            ["A="],
            "{!r} is not a variable name: use printable ASCII characters other than '='",
        ),
        (
            names.label_value,
            ["-a", "a-", "a b", "a/b", "a" * 64],
            (
                "{!r} is not a label value: use up to 63 letters, digits, '-', '_' and '.', "
                "beginning and ending with a letter or digit"
            ),
        ),
        (
            names.pool_name,
            [""],
            "a pool needs a name: pods carry it as the value of their pool label",
        ),
        (
            names.label_key,
            ["", "/a", "a/", "a/b/c", "A.b/c", "a b", "a" * 64, f"{'a' * 254}/x", f"a/{'x' * 64}"],
            "{!r} is not a label key: write it as name or example.com/name",
        ),
        (
            names.qualified_service_account,
            ["argocd", ""],
            "{!r} must be written as namespace/name",
        ),
        (
            names.label_glob,
            ["*.com", "A*", "[a]*", "*" * 64],
            (
                "{!r} is not a glob over names: use lower-case letters, digits and '-', '*' for "
                "any run of characters and '?' for one"
            ),
        ),
    ],
)
def test_an_improper_name_is_refused_with_what_is_allowed(
    check: Check, bad: list[str], message: str
) -> None:
    for name in bad:
        with pytest.raises(ValueError, match=r"^") as raised:
            check(name)
        assert str(raised.value) == message.format(name)


@pytest.mark.parametrize("name", ["Argo/x", "argo/X", "a.b/c", "a/b/c"])
def test_both_parts_of_a_qualified_service_account_are_checked(name: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        names.qualified_service_account(name)


def test_a_name_without_wildcards_is_no_glob_but_a_dns_label() -> None:
    with pytest.raises(ValueError, match="'No' is not a DNS label"):
        names.label_glob("No")


@pytest.mark.parametrize(
    ("patterns", "inside", "outside"),
    [
        ((), [], ["", "a"]),
        (("noxus",), ["noxus"], ["noxus-eu", "nox", ""]),
        (("noxus-*",), ["noxus-eu", "noxus-"], ["noxus", "x-noxus-eu"]),
        (("a?",), ["ab", "a1"], ["a", "abc"]),
        (("*",), ["", "anything"], []),
        (("linkerd-*", "daprd", "*-agent"), ["linkerd-x", "daprd", "my-agent"], ["dapr", "agent"]),
    ],
)
def test_a_matcher_knows_names_and_globs(
    patterns: tuple[str, ...], inside: list[str], outside: list[str]
) -> None:
    matcher = NameMatcher(patterns)
    assert [name for name in inside + outside if matcher.matches(name)] == inside


def test_a_glob_that_invites_backtracking_costs_nothing() -> None:
    matcher = NameMatcher(("*a" * 30 + "*b",))
    assert not matcher.matches("a" * 10_000)


@pytest.mark.parametrize(
    ("left", "right", "overlap"),
    [
        ("noxus", "noxus", True),
        ("noxus", "other", False),
        ("noxus", "nox*", True),
        ("nox*", "*us", True),
        ("a*", "b*", False),
        ("a?", "ab", True),
        ("a?", "a", False),
        ("*", "", True),
        ("a", "", False),
        ("*a", "*b", False),
        ("a*b", "a*c*b", True),
    ],
)
def test_globs_overlap_where_some_name_matches_both(
    left: str, right: str, *, overlap: bool
) -> None:
    assert globs_overlap(left, right) is overlap
    assert globs_overlap(right, left) is overlap


def test_of_a_service_account_written_with_two_slashes_the_name_is_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"^'b/c' is not an object name"):
        names.qualified_service_account("a/b/c")


def test_names_that_a_glob_was_asked_about_are_answered_alike_again() -> None:
    matcher = NameMatcher(("a*",))
    many = range(1500)  # more than are remembered

    for _ in range(2):
        assert all(matcher.matches(f"a{n}") for n in many)
        assert not any(matcher.matches(f"b{n}") for n in many)
