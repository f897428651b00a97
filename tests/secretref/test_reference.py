"""What is known of the variables that Noxus documents."""

import pytest

from webhook.core.words import BUILT_IN_ROLES
from webhook.secretref.keys import KEYS
from webhook.secretref.model import Category, DefaultScope, Format, Need, Risk, Sort
from webhook.secretref.reference import known, nearest, risk

# The table "Secret Reference" of the documentation, by its headings.
SECRET_REFERENCE = {
    "Database": ["POSTGRESQL_URL", "VECTOR_POSTGRESQL_URL"],
    "Redis": ["REDIS_URL", "REDIS_PASSWORD", "REDIS_USER"],
    "Object storage": ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"],
    "Observability": ["PROM_REMOTE_WRITE_USERNAME", "PROM_REMOTE_WRITE_PASSWORD"],
    "Integrations": ["PLUGIN_SERVER_API_KEY", "PLUGIN_SERVER_PLATFORM_KEY"],
}


def test_every_key_of_the_documentation_is_there_under_its_heading() -> None:
    page = [key for key in KEYS if key.source == "deployment/configuration/secrets"]

    assert {
        heading: [key.name for key in page if key.group == heading] for heading in SECRET_REFERENCE
    } == SECRET_REFERENCE
    assert len(page) == 11


def test_no_key_is_there_twice() -> None:
    assert len({key.name for key in KEYS}) == len(KEYS)


def test_what_the_documentation_does_not_say_is_not_presented_as_documented() -> None:
    of_need = [key.name for key in KEYS if key.need.documented and key.sort is Sort.SECRET]
    of_format = [key.name for key in KEYS if key.format.documented and key.sort is Sort.SECRET]
    of_scope = [key.name for key in KEYS if key.scope.documented and key.sort is Sort.SECRET]

    # It marks one key optional and none required; the SDK raises without that of Nango.
    assert of_need == ["REDIS_USER", "NANGO_SECRET_KEY"]
    assert of_format == ["POSTGRESQL_URL", "REDIS_URL"]
    assert of_scope == ["POSTGRESQL_URL", "VECTOR_POSTGRESQL_URL", "REDIS_URL"]
    assert [key.name for key in KEYS if key.partner and key.partner.documented] == []


def test_the_formats_are_those_of_the_documentation() -> None:
    database, redis = known("POSTGRESQL_URL"), known("REDIS_URL")

    assert database is not None
    assert redis is not None
    assert database.format.value is Format.POSTGRESQL
    assert Format.POSTGRESQL == "user:password@host:5432"
    assert redis.format.value is Format.HOST


def test_a_pair_is_one_from_either_side() -> None:
    pairs = {key.name: key.partner.value for key in KEYS if key.partner}

    assert len(pairs) == 6
    assert {b: a for a, b in pairs.items()} == pairs


def test_readers_are_roles() -> None:
    assert {role for key in KEYS for role in key.readers.value} <= BUILT_IN_ROLES


def test_no_category_without_a_documented_name_has_a_key_that_claims_to_be() -> None:
    unnamed = {Category.IDENTITY, Category.AI_PROVIDERS}

    assert [key.name for key in KEYS if key.category.value in unnamed] == []


def test_only_what_every_installation_needs_is_required() -> None:
    assert [key.name for key in KEYS if key.need.value is Need.REQUIRED] == [
        "POSTGRESQL_URL",
        "REDIS_URL",
    ]


def test_settings_are_of_pools_or_of_plugins() -> None:
    settings = [key for key in KEYS if key.sort is Sort.SETTING]

    assert {key.scope.value for key in settings} == {DefaultScope.POOL, DefaultScope.ROLES}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("POSTGRES_URL", "POSTGRESQL_URL"),
        ("POSTGRESQL_URI", "POSTGRESQL_URL"),
        ("postgresql_url", "POSTGRESQL_URL"),
        ("postgresql-url", "POSTGRESQL_URL"),
        ("REDIS_PASSWROD", "REDIS_PASSWORD"),
        ("S3_ACCESS_KEY", "S3_ACCESS_KEY_ID"),
        ("PROM_REMOTE_WRITE_USER", "PROM_REMOTE_WRITE_USERNAME"),
    ],
)
def test_a_misspelt_key_is_recognised(written: str, meant: str) -> None:
    found = nearest(written)

    assert found is not None
    assert found.name == meant


@pytest.mark.parametrize(
    "own",
    [
        "OPENAI_API_KEY",
        "DATABASE_URL",
        "ETL_POSTGRESQL_URL",
        "REDIS_URL_2",
        "MY_POSTGRESQL_URL2",
        "S3_BUCKET",
        "MY_SECRET_NAME",
        "NOXUS_BASE_URLS",
    ],
)
def test_a_customers_own_key_is_never_wrong(own: str) -> None:
    assert known(own) is None
    assert nearest(own) is None


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_a_key_that_is_right_is_not_near_another(key: object) -> None:
    assert nearest(getattr(key, "name", "")) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("POSTGRESQL_URL", Risk.MEDIUM),
        ("PLUGIN_SERVER_API_KEY", Risk.HIGH),
        ("REDIS_USER", Risk.LOW),
        ("OPENAI_API_KEY", Risk.HIGH),
        ("stripe-token", Risk.HIGH),
        ("BANK_KEY", Risk.HIGH),
        ("ETL_DATABASE", Risk.MEDIUM),
    ],
)
def test_the_risk_of_a_key_is_that_of_the_reference_or_by_its_name(
    name: str, expected: Risk
) -> None:
    assert risk(name) is expected


def test_the_days_are_within_the_documented_range() -> None:
    assert {level: level.days for level in Risk} == {
        Risk.HIGH: 30,
        Risk.MEDIUM: 60,
        Risk.LOW: 90,
    }
