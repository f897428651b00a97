"""Reading policies and listing what is said of them."""

from textwrap import dedent

import pytest

from webhook.loading.load import load_text
from webhook.loading.problems import PolicyError

HEAD = """\
apiVersion: secrets.noxus.ai/v1alpha1
kind: SecretInjectionPolicy
metadata: {name: noxus}
"""


def problems(text: str, *, head: str = HEAD) -> list[str]:
    """Return what makes a policy unusable; its own text begins at line 4."""
    with pytest.raises(PolicyError) as raised:
        load_text(head + dedent(text).lstrip("\n"), name="p.yaml")
    assert str(raised.value).splitlines() == [str(problem) for problem in raised.value.problems]
    return str(raised.value).splitlines()


def warnings(text: str, *, head: str = HEAD) -> list[str]:
    loaded = load_text(head + dedent(text).lstrip("\n"), name="p.yaml")
    return [str(problem) for problem in loaded.warnings()]


def notes(text: str, *, head: str = HEAD) -> list[str]:
    loaded = load_text(head + dedent(text).lstrip("\n"), name="p.yaml")
    return [str(problem) for problem in loaded.notes()]
