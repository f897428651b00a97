"""Every golden case of the mutating hook, with the real API server between request and answer."""

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e import golden
from tests.e2e.harness import Webhook
from tests.golden.cases import NAMES
from webhook.core.words import Hook

pytestmark = pytest.mark.usefixtures("golden_policies")


@pytest.mark.parametrize("name", golden.cases(Hook.MUTATE))
def test_the_api_server_does_with_it_what_the_answer_says(
    name: str, control_plane: ControlPlane, webhook: Webhook
) -> None:
    golden.check(golden.send(control_plane, webhook, name))


def test_what_is_not_sent_exists() -> None:
    assert golden.NOT_SENT.keys() <= set(NAMES)
