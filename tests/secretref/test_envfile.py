"""Files of variables: which lines are wrong, and to whom they mean different things."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.secretref.kit import linted_env
from webhook.secretref import envfile
from webhook.secretref.dialects import docker, systemd

NEEDED = "POSTGRESQL_URL=u:p@h:5432\nREDIS_URL=h\n"


def found(text: str) -> list[tuple[int, str, str, str]]:
    return [(it.line, it.rule, it.key, it.message) for it in linted_env(NEEDED + text)]


def test_plain_lines_comments_and_blank_ones_are_right() -> None:
    assert found("\n# a comment\n\nA=b\nB=c=d\n_c9=x\n") == []


DOCKER = "docker --env-file and kubectl --from-env-file"
QUOTES = f"{DOCKER} keep the quotes as a part of the value: leave them out if no program needs them"
TO_THE_END = (
    f"for {DOCKER} the value goes on to the end of the line: put comments on lines of their own"
)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("export A=b", ["only dotenv knows export: remove it"]),
        ('A="b"', [QUOTES]),
        ("A='b'", [QUOTES]),
        (
            "A=b # c",
            [
                TO_THE_END,
                (
                    "systemd knows no comments behind a value, which goes on to the end of the "
                    "line: put them on lines of their own"
                ),
            ],
        ),
        ("A=b#c", []),
        (
            r"A=b\c",
            [
                (
                    "systemd reads backslashes otherwise: leave them out, or put single quotes "
                    "around the value"
                )
            ],
        ),
        (
            "A=b${C}",
            [
                (
                    "dotenv puts the value of a variable in place of ${...}, and the others do "
                    "not: write it out"
                )
            ],
        ),
        ("A= b", [f"{DOCKER} keep the white space around the value: remove it"]),
        (
            "A = b",
            [f"{DOCKER} take no space or quote at the name: write NAME=value"],
        ),
        ('A="b\nc"', [f"{DOCKER} take the first line alone: write the value in one line"]),
        (
            "A=${C}",
            [
                (
                    "dotenv puts the value of a variable in place of ${...}, and the others do "
                    "not: write it out"
                )
            ],
        ),
        ("A=b'c'", []),
        (
            "A=b\u00a0",
            [
                f"{DOCKER} keep the white space around the value: remove it",
                (
                    "systemd keeps white space that is no blank and no tab: remove it from around "
                    "the value"
                ),
            ],
        ),
    ],
)
def test_a_line_that_means_different_things_is_told_to_whom(line: str, said: list[str]) -> None:
    assert found(f"{line}\n") == [(3, "dialect", "A", message) for message in said]


NO_ASSIGNMENT = (
    "this is no assignment, and is not shown, since it may be a part of a value: write NAME=value, "
    "and put a value of several lines in quotes"
)
NO_NAME = (
    "what stands in front of = is no name of a variable, and is not shown, since it may be a part "
    "of a value: a name has letters, digits and _, and a value of several lines needs quotes"
)


def test_a_value_of_several_lines_without_quotes_shows_none_of_its_lines() -> None:
    text = "A=-----BEGIN-----\nMIIEvQIBADAN\nBgkqhkiG9w=\nAEFAASCw==\n\nB=c\nJBSWY3DP=\n"

    assert [(line, rule, key) for line, rule, key, _ in found(text)] == [
        (4, "no-assignment", ""),
        (5, "name", ""),
        (6, "name", ""),
        (9, "name", ""),
    ]


def test_what_is_no_assignment_is_told_by_its_line_alone() -> None:
    assert found("hunter2\n") == [(3, "no-assignment", "", NO_ASSIGNMENT)]
    assert found("'unclosed\n") == [(3, "no-assignment", "", NO_ASSIGNMENT)]
    assert found("a b=c\n")[0] == (3, "no-assignment", "", NO_ASSIGNMENT)
    assert found("a-b=c\n") == [(3, "name", "", NO_NAME)]


def test_a_known_name_without_a_value_is_named() -> None:
    assert found("REDIS_USER\n") == [
        (3, "no-assignment", "REDIS_USER", "there is no = behind the name: write NAME=value")
    ]


def test_of_a_name_that_is_set_twice_the_last_counts() -> None:
    assert found("A=b\nA=c\n") == [
        (3, "repeated", "A", "it is set again in line 4, which counts: remove this one")
    ]


def test_line_ends_and_marks_of_windows_are_told_once() -> None:
    marked = linted_env("\ufeff" + NEEDED)
    returns = linted_env(NEEDED.replace("\n", "\r\n"))

    assert [(it.line, it.rule) for it in marked] == [(1, "bom")]
    assert [(it.line, it.rule) for it in returns] == [(1, "line-endings")]


def test_what_every_installation_needs_is_missed_and_halves_of_pairs_are_told() -> None:
    found = linted_env("POSTGRES_URL=u:p@h:5432\nREDIS_URL=h\nS3_ACCESS_KEY_ID=a1\n")

    assert [(it.rule, it.key) for it in found] == [
        ("missing", "POSTGRESQL_URL"),
        ("misspelt", "POSTGRES_URL"),
        ("pair", "S3_ACCESS_KEY_ID"),
    ]
    assert found[0].message == (
        "it is not there, and as far as is known no installation does without it: add it, unless "
        "it is given in another way; is POSTGRES_URL meant to be it?"
    )
    assert found[2].message == "it belongs with S3_SECRET_ACCESS_KEY, which is not there: add it"


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("A=b", "b"),
        ("A=  b  ", "b"),
        ("A='b c'", "b c"),
        ('A="b c"', "b c"),
        (r'A="b\"c"', 'b"c'),
        (r'A="b\nc"', r"b\nc"),
        (r"A=b\ c", "b c"),
        ("A=b \\\nc", "b c"),
        ('A="b\\\nc"', "bc"),
        ("A='b\nc'", "b\nc"),
        ("A='b' 'c'", "bc"),
        ("A='b'\"c\"", "bc"),
        ("A=b'c'", "b'c'"),
        ("A=b # c", "b # c"),
        ("A=b\nc", "b"),
        ("A=", ""),
    ],
)
def test_systemd_reads_an_assignment_much_as_a_shell_does(statement: str, value: str) -> None:
    assert systemd(statement) == ("A", value)


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=60))
def test_any_text_is_read_and_every_line_that_is_named_exists(text: str) -> None:
    holder, found = envfile.read(text, "f")

    lines = text.count("\n") + text.count("\r") + 1
    assert all(1 <= it.line <= lines for it in (*found, *holder.entries))
    assert all(it.key.isascii() for it in holder.entries)


@settings(deadline=None)  # the machine may be busy
@given(
    name=st.from_regex(r"[A-Z][A-Z0-9_]{0,9}", fullmatch=True),
    value=st.from_regex(r"[A-Za-z0-9:@./_+,-]{1,30}", fullmatch=True),
)
def test_a_plain_line_is_the_same_to_all(name: str, value: str) -> None:
    statement = f"{name}={value}"
    holder, found = envfile.read(f"{statement}\n", "f")

    assert [it.rule for it in found] == []
    assert [(it.key, it.value) for it in holder.entries] == [(name, value)]
    assert docker(statement) == systemd(statement) == (name, value)
