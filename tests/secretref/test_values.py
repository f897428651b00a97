"""What is wrong with a value: as documented, and whatever it means."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook.secretref import formats, values
from webhook.secretref.finding import Level
from webhook.secretref.model import Key
from webhook.secretref.reference import known


def key(name: str) -> Key:
    found = known(name)
    assert found is not None
    return found


def messages(name: str, value: str) -> list[str]:
    return [flaw.message for flaw in formats.flaws(key(name), value)]


GOOD_DATABASES = [
    "noxus:pw@postgres:5432",
    "noxus:pw@postgres.noxus.svc.cluster.local:5432",
    "noxus:p%40ss@10.0.0.1:5432",
    "noxus:pw@[::1]:5432",
    "noxus:p:w@db_1:1",
]


@pytest.mark.parametrize("value", GOOD_DATABASES)
def test_a_connection_string_as_documented_is_right(value: str) -> None:
    assert messages("POSTGRESQL_URL", value) == []


FORM = "user:password@host:5432"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("postgres://u:p@h:5432", [f"a scheme is written: remove all up to ://, and keep {FORM}"]),
        ("h:5432", [f"user and password are missing: write {FORM}"]),
        ("u@h:5432", [f"the password is missing: write {FORM}"]),
        (":p@h:5432", [f"the user is missing: write {FORM}"]),
        ("u:@h:5432", [f"the password is missing: write {FORM}"]),
        ("u:p@h", ["the port is missing: write it behind the host, as in host:5432"]),
        ("u:p@[::1]", ["the port is missing: write it behind the host, as in host:5432"]),
        ("u:p@h:0", ["the port is no number from 1 to 65535"]),
        ("u:p@h:65536", ["the port is no number from 1 to 65535"]),
        ("u:p@h:5432x", ["the port is no number from 1 to 65535"]),
        ("u:p@h:٥٤٣٢", ["the port is no number from 1 to 65535"]),
        ("u:p@:5432", ["what stands for the host is no host name and no address"]),
        (
            "u:p@h:5432/noxus",
            [f"something follows the port, which the documented form has not: {FORM}"],
        ),
        (
            "u:p/w@h:5432",
            [
                (
                    "user or password has a character that means something else in a URL: write "
                    "it percent-encoded"
                )
            ],
        ),
    ],
)
def test_a_connection_string_of_another_form_is_told_what_is_wrong(
    value: str, said: list[str]
) -> None:
    assert messages("POSTGRESQL_URL", value) == said


def test_what_is_inferred_of_the_vector_database_is_a_warning() -> None:
    (flaw,) = formats.flaws(key("VECTOR_POSTGRESQL_URL"), "postgres://u:p@h:5432")

    assert flaw.level is Level.WARNING


@pytest.mark.parametrize("value", ["redis", "redis.noxus.svc", "10.0.0.1", "::1", "[fd00::1]"])
def test_a_host_without_scheme_and_port_is_right(value: str) -> None:
    assert messages("REDIS_URL", value) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("redis:6379", ["a port is written: keep the host alone"]),
        ("[::1]:6379", ["a port is written: keep the host alone"]),
        ("redis://redis", ["a scheme is written: remove all up to ://, and keep the host alone"]),
        (
            "rediss://:pw@redis:6379/0",
            [
                "a scheme is written: remove all up to ://, and keep the host alone",
                "a path is written: keep the host alone",
                (
                    "user or password is written: move them to REDIS_USER and REDIS_PASSWORD, and "
                    "keep the host alone"
                ),
                "a port is written: keep the host alone",
            ],
        ),
        ("a,b", ["it is no host name and no address: write one host"]),
        ("a" * 254, ["it is no host name and no address: write one host"]),
    ],
)
def test_a_host_with_more_is_told_what_to_remove(value: str, said: list[str]) -> None:
    assert messages("REDIS_URL", value) == said


@pytest.mark.parametrize(
    ("name", "good", "bad", "said"),
    [
        (
            *("WORKER_SUBSCRIBE", "all_but_kb", "everything"),
            "it is none of the queues: write all, all_but_kb, flow, chat or kb",
        ),
        (
            *("PLUGIN_SERVER_URL", "http://localhost:8500", "localhost:8500"),
            "it is no URL: write http:// or https:// and a host",
        ),
    ],
)
def test_settings_have_formats_too(name: str, good: str, bad: str, said: str) -> None:
    assert messages(name, good) == []
    assert messages(name, bad) == [said]


def test_text_of_any_kind_is_right() -> None:
    assert messages("REDIS_PASSWORD", "a b:c@d/e") == []
    assert messages("WORKER_SUBSCRIBE_TENANTS", "a,b") == []


LINE = (
    "it ends with a line break, which is a part of it: leave it out, with printf or echo -n before "
    "base64, or with |- in YAML"
)
QUOTES = "it has quotes around it, which are a part of it: remove them"
SPACE = "it has white space around it: remove it"
RETURN = "it has a carriage return: save it with Unix line endings"
PLACEHOLDER = "it looks like a placeholder: fill it in"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("abc", []),
        ("abc\n", [LINE]),
        ("abc\r\n", [RETURN, LINE]),
        (" abc", [SPACE]),
        ('"abc"', [QUOTES]),
        ("'abc'\n", [LINE, QUOTES]),
        ('"', []),
        ("\ufeffabc", ["it begins with a byte order mark: save it as UTF-8 without"]),
        ("", ["it is empty: fill it in, or remove the key"]),
        ("changeme", [PLACEHOLDER]),
        ("Change-Me!", [PLACEHOLDER]),
        ("<your key>", [PLACEHOLDER]),
        ("${API_KEY}", [PLACEHOLDER]),
        ("{{ key }}", [PLACEHOLDER]),
        ("xxxx", [PLACEHOLDER]),
        ("user:password@host:5432", [PLACEHOLDER]),
        ("-----BEGIN X-----\nabc\n-----END X-----\n", []),
        ('{\n  "a": 1\n}\n', []),
        (
            "a\0b",
            [
                (
                    "it has a NUL byte, which no variable can hold, so that the container does not "
                    "start: mount it as a file instead"
                )
            ],
        ),
        (
            b"\xff",
            ["it is no UTF-8 text: mount it as a file, or encode the text as UTF-8"],
        ),
    ],
)
def test_a_value_of_the_customers_own(value: str | bytes, said: list[str]) -> None:
    assert [flaw.message for flaw in values.flaws(None, value)] == said


def test_what_breaks_a_documented_key_is_an_error() -> None:
    found = list(values.flaws(key("REDIS_PASSWORD"), "abc\n"))
    own = list(values.flaws(None, "abc\n"))

    assert [flaw.level for flaw in found] == [Level.ERROR]
    assert [flaw.level for flaw in own] == [Level.WARNING]


def test_an_empty_value_is_told_what_it_means() -> None:
    said = {
        name: [flaw.message for flaw in values.flaws(key(name), "")]
        for name in ("REDIS_URL", "WORKER_SUBSCRIBE_TENANTS", "REDIS_USER")
    }

    assert said == {
        "REDIS_URL": ["it is empty, and every installation needs it: fill it in"],
        "WORKER_SUBSCRIBE_TENANTS": ["it is empty, which means all"],
        "REDIS_USER": ["it is empty: fill it in, or remove the key"],
    }


def test_quotes_around_a_value_do_not_hide_what_is_wrong_within() -> None:
    said = [flaw.message for flaw in values.flaws(key("REDIS_URL"), '"redis:6379"')]

    assert said == [QUOTES, "a port is written: keep the host alone"]


@settings(deadline=None)  # the machine may be busy
@given(
    name=st.sampled_from(["POSTGRESQL_URL", "REDIS_URL", "REDIS_PASSWORD", "NOXUS_PLATFORM_URL"]),
    value=st.text(alphabet="aZ9:/@?#[]%. \n\r\"'\0\ufeffé", max_size=30),
)
def test_a_message_is_one_of_a_bounded_set_whatever_the_value(name: str, value: str) -> None:
    said = {flaw.message for flaw in values.flaws(key(name), value)}

    # Nothing in a message comes from the value: it does not change when all its letters do.
    other = value.translate({ord("a"): "q", ord("Z"): "x", ord("9"): "8"})
    assert {flaw.message for flaw in values.flaws(key(name), other)} == said
