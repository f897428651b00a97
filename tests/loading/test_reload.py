"""What a policy may say of restarts."""

import pytest

from tests.loading.kit import problems


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("quietSeconds", "1", "must be at least 2, not 1"),
        ("quietSeconds", "86401", "must be at most 86400, not 86401"),
        ("timeoutSeconds", "29", "must be at least 30, not 29"),
        ("timeoutSeconds", "soon", "expected a whole number, not 'soon'"),
        # What YAML 1.1 makes of it is no text, so that the word is another.
        ("mode", "Off", "must be 'None', 'Annotate' or 'Rollout', not false"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_words(field: str, value: str, why: str) -> None:
    found = problems(f"""
        spec:
          scopes: []
          reload:
            {field}: {value}
    """)

    assert found == [f"p.yaml:7: spec.reload.{field}: {why}"]
