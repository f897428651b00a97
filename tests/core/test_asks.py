"""What the annotation asks for, and which pods are mirrors."""

import pytest

from tests.core.kit import labelled, pod
from webhook.core.asks import is_mirror_pod, requested_scopes

SCOPES = "secrets.noxus.ai/scopes"
MIRROR = "kubernetes.io/config.mirror"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ("a",)),
        ("a,b", ("a", "b")),
        (" b , a ", ("b", "a")),
        ("a,\tb,\n a", ("a", "b")),
        ("a,,b,", ("a", "b")),
        ("a b", ("ab",)),
        (" ", ()),
        ("", ()),
    ],
)
def test_scopes_are_separated_by_commas_and_spaces_are_ignored(
    text: str, names: tuple[str, ...]
) -> None:
    assert requested_scopes(pod(labelled({}, annotations={SCOPES: text}))) == names


@pytest.mark.parametrize("annotations", [None, {}, {"example.com/scopes": "a"}])
def test_without_the_annotation_nothing_is_asked_for(annotations: dict[str, str] | None) -> None:
    assert requested_scopes(pod(labelled({}, annotations=annotations))) == ()


@pytest.mark.parametrize(
    ("annotations", "groups", "mirror"),
    [
        ({MIRROR: "hash"}, ("system:nodes",), True),
        ({MIRROR: ""}, ("system:authenticated", "system:nodes"), True),
        ({MIRROR: "hash"}, ("system:masters",), False),
        ({MIRROR: "hash"}, (), False),
        ({}, ("system:nodes",), False),
        (None, ("system:nodes",), False),
    ],
)
def test_a_mirror_pod_has_the_annotation_and_comes_from_a_node(
    annotations: dict[str, str] | None, groups: tuple[str, ...], *, mirror: bool
) -> None:
    assert is_mirror_pod(pod(labelled({}, annotations=annotations)), groups) is mirror
