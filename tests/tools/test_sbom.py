"""Licences are read from a list of components, and doubtful ones are named."""

from typing import Any

from tools.sbom import table


def component(name: str, *licenses: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "licenses": list(licenses)}


def spdx(name: str) -> dict[str, Any]:
    return {"license": {"id": name}}


def test_licences_are_listed_by_their_short_names_in_alphabetical_order() -> None:
    classifier = {"license": {"name": "License :: OSI Approved :: Apache Software License"}}
    document = {
        "components": [
            component("zebra", {"expression": "Apache-2.0 OR BSD-3-Clause"}),
            component("Ant", spdx("MIT"), classifier),
        ]
    }

    assert table(document) == (
        [
            "Ant 1.0                          Apache-2.0, MIT",
            "zebra 1.0                        Apache-2.0, BSD-3-Clause",
        ],
        [],
    )


def test_terms_that_are_unknown_or_not_allowed_are_named() -> None:
    document = {
        "components": [
            component("copyleft", {"expression": "MIT AND GPL-3.0-only"}),
            component("fine", spdx("MIT")),
            component("silent"),
        ]
    }

    lines, doubtful = table(document)

    assert lines[2] == "silent 1.0                       unknown"
    assert doubtful == ["copyleft 1.0", "silent 1.0"]
