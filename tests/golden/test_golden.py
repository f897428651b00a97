"""Every golden case is answered as its folder says, and what its patch makes is what people meant.

`response.json` is what the program answers, read and approved; `outcome` and `after` of
`case.yaml` are written by hand, so that a mistake in the one does not excuse one in the other.
"""

import pytest

from tests.golden.cases import (
    FILES,
    FOLDER,
    INJECTED,
    NAMES,
    applied,
    ask,
    containers,
    outcome,
    read_case,
    render,
    sources,
    with_object,
    without_sources,
)
from webhook.core.words import Hook

each_case = pytest.mark.parametrize("name", NAMES)
patched = pytest.mark.parametrize(
    "name", [name for name in NAMES if read_case(name).outcome == "injected"]
)


@each_case
def test_the_answer_is_the_one_in_the_folder(name: str, request: pytest.FixtureRequest) -> None:
    case = read_case(name)
    given = render(ask(case)) + "\n"
    if given != case.expected and request.config.getoption("--update-golden"):
        (case.folder / "response.json").write_text(given)
        pytest.fail(f"{name}/response.json is rewritten: read the diff")
    assert given == case.expected


@each_case
def test_the_outcome_is_the_one_that_the_case_is_about(name: str) -> None:
    case = read_case(name)
    assert outcome(ask(case)) == case.outcome


@patched
def test_applying_the_patch_makes_the_sources_that_the_case_names(name: str) -> None:
    case = read_case(name)
    pod = applied(case, ask(case))
    before, after = sources(case.request["object"]), sources(pod)
    assert {c: what for c, what in after.items() if what != before[c]} == case.after


@patched
def test_the_patch_changes_nothing_but_sources_and_the_annotation(name: str) -> None:
    case = read_case(name)
    pod = case.request["object"]
    assert without_sources(applied(case, ask(case))) == without_sources(pod)


@patched
def test_elements_of_the_pod_survive_in_their_order(name: str) -> None:
    case = read_case(name)
    pod = case.request["object"]
    patched_pod = applied(case, ask(case))
    for before, after in zip(containers(pod), containers(patched_pod), strict=True):
        own = before.get("env") or []
        assert (after.get("env") or [])[-len(own) :] == own or not own


@patched
def test_asking_again_gives_no_patch(name: str) -> None:
    case = read_case(name)
    again = ask(case, with_object(case, applied(case, ask(case))))
    assert again["allowed"]
    assert "patch" not in again


@patched
def test_the_validating_hook_accepts_what_the_patch_made(name: str) -> None:
    case = read_case(name)
    final = with_object(case, applied(case, ask(case)))
    assert ask(case, final, Hook.VALIDATE)["allowed"]


@each_case
def test_the_annotation_names_what_was_granted_or_is_absent(name: str) -> None:
    case = read_case(name)
    response = ask(case)
    if "patch" not in response or case.request.get("subResource"):
        return
    annotations = applied(case, response)["metadata"].get("annotations") or {}
    assert annotations.get(INJECTED) == response["auditAnnotations"].get("scopes")


def test_each_folder_holds_the_four_files_and_no_other() -> None:
    folders = [path for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert {f.name: {p.name for p in f.iterdir()} for f in folders} == dict.fromkeys(NAMES, FILES)


def test_the_requests_are_written_for_readers() -> None:
    for name in NAMES:
        for line in (FOLDER / name / "request.json").read_text().splitlines():
            assert len(line) <= 100, name


def test_each_case_has_a_uid_of_its_own() -> None:
    uids = [
        read_case(name).request["uid"] for name in NAMES if read_case(name).outcome != "malformed"
    ]
    assert len(set(uids)) == len(uids)
