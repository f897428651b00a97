"""A plugin of pytest that makes mutmut's short way a sound one.

mutmut imports everything once, runs all tests to learn which of them executes which function, and
forks for each bug. So what a test module made when it was imported, or keeps in a cache, was made
without the bug; and a function whose result is kept seems to be executed by one test alone. Caches
are therefore cleared before each test, and our test modules imported again in each process.

Of the tests that execute a function, those in the files that are named for its module come first,
by themselves: they notice most bugs, and collecting a thousand tests takes longer than running ten.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

_FIRST_DONE: list[bool] = []


def pytest_configure() -> None:
    for name in [it for it in sys.modules if it.startswith("tests.")]:
        if name != __name__:
            del sys.modules[name]


def pytest_runtest_setup() -> None:
    for cache in _caches():
        cache.cache_clear()


def _caches() -> Iterator[Any]:
    for name, module in list(sys.modules.items()):
        if name.startswith(("webhook.core.", "tests.core.", "tests.properties.asking")):
            yield from (it for it in vars(module).values() if hasattr(it, "cache_clear"))


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Return 1 where the first tests fail already; None: run all that were asked for."""
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")  # webhook.core.arrange.x_plan__mutmut_1
    if not mutant.startswith("webhook.core.") or _FIRST_DONE:
        return None
    first = [it for it in config.args if f"test_{mutant.split('.')[2]}" in it]
    if not first or len(first) == len(config.args):
        return None
    _FIRST_DONE.append(True)
    options = [it for it in config.invocation_params.args if it not in config.args]
    code = pytest.main([*options, *first])
    return int(code) if code == pytest.ExitCode.TESTS_FAILED else None
