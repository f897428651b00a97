"""Options of the whole suite; pytest reads them here only, wherever it is started."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the response.json files that changed, and fail so that the diff is read",
    )
