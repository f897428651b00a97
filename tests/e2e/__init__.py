"""The webhook behind a real API server."""

import pytest

pytest.register_assert_rewrite("tests.e2e.golden", "tests.e2e.world")
