"""docs/secret-reference.md says what the reference says."""

from pathlib import Path

from tools.secret_reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "secret-reference.md"


def test_the_page_is_what_the_reference_says() -> None:
    assert PAGE.read_text() == reference(), (
        "run: python -m tools.secret_reference > docs/secret-reference.md"
    )


def test_what_is_inferred_is_marked_so() -> None:
    lines = PAGE.read_text().splitlines()
    (database,) = [line for line in lines if line.startswith("| `POSTGRESQL_URL`")]
    (user,) = [line for line in lines if line.startswith("| `REDIS_USER`")]

    assert database == (
        "| `POSTGRESQL_URL` | Connection string of the primary PostgreSQL | "
        "user:password@host:5432 | required° | global | backend, worker, relay | medium° |  |"
    )
    assert "| optional | global° |" in user
