"""Policies come from a file or a folder, all problems at once or none."""

from pathlib import Path

import pytest

from tests.loading.kit import HEAD
from webhook.loading.load import fingerprint, load_policies, load_text, policy_files
from webhook.loading.problems import PolicyError

EXAMPLES = Path(__file__).parents[2] / "examples"


def policy(name: str, spec: str = "spec: {}") -> str:
    return f"{HEAD.replace('{name: noxus}', f'{{name: {name}}}')}{spec}\n"


def names(path: Path) -> list[str]:
    return [compiled.name for compiled in load_policies(path).policies.policies]


def complaint(path: Path) -> list[str]:
    with pytest.raises(PolicyError) as raised:
        load_policies(path)
    return str(raised.value).replace(f"{path.parent}/", "").splitlines()


def test_a_file_holds_one_policy_or_several(tmp_path: Path) -> None:
    file = tmp_path / "any.name"
    file.write_text(policy("one"))
    assert names(file) == ["one"]
    file.write_text(f"# a comment\n---\n{policy('two')}---\n---\n{policy('one')}---\n")
    assert names(file) == ["two", "one"]


def test_a_folder_is_read_in_the_order_of_its_file_names(tmp_path: Path) -> None:
    for file, name in (("2.yaml", "b"), ("1.yml", "c"), ("3.json", "a")):
        (tmp_path / file).write_text(policy(name))
    (tmp_path / "README.md").write_text("no policy")
    (tmp_path / ".hidden.yaml").write_text("no policy")
    (tmp_path / "folder.yaml").mkdir()
    assert names(tmp_path) == ["c", "b", "a"]
    assert [file.name for file in policy_files(tmp_path)] == ["1.yml", "2.yaml", "3.json"]


def test_json_is_yaml(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(
        '{"apiVersion": "secrets.noxus.ai/v1alpha1", "kind": "SecretInjectionPolicy",'
        ' "metadata": {"name": "one"}, "spec": {}}'
    )
    assert names(file) == ["one"]


def test_a_mounted_configmap_is_read_through_its_links(tmp_path: Path) -> None:
    hidden = tmp_path / "..2026_01"
    hidden.mkdir()
    (hidden / "p.yaml").write_text(policy("one"))
    (tmp_path / "..data").symlink_to(hidden)
    (tmp_path / "p.yaml").symlink_to(tmp_path / "..data" / "p.yaml")
    assert names(tmp_path) == ["one"]


def test_the_generation_counts_loads_and_reaches_the_policies(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(policy("one"))
    loaded = load_policies(file, 7)
    assert loaded.policies.generation == 7
    assert [compiled.label for compiled in loaded.policies.policies] == ["one/7"]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + policy("one").encode())
    assert names(file) == ["one"]


def test_all_problems_of_all_files_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "a.yaml").write_bytes(b"\xff\xfe\x00")
    (folder / "b.yaml").write_text("a: [")
    (folder / "c.yaml").write_text(policy("one", "spec: {mode: Never}"))
    (folder / "d.yaml").write_text(policy("two"))
    (folder / "e.yaml").write_text(policy("two"))
    assert complaint(folder) == [
        "policies/a.yaml: not YAML: the file is not UTF-8 text",
        "policies/b.yaml:2: not YAML: did not find expected node content",
        "policies/c.yaml:4: spec.mode: must be 'Enforce' or 'DryRun', not 'Never'",
        (
            "policies/e.yaml:3: metadata.name: policy 'two' is already defined at "
            "policies/d.yaml:3: give this one another name"
        ),
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n---\n", "null\n"])
def test_a_file_without_a_policy_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(text)
    assert complaint(file) == ["p.yaml: there is no SecretInjectionPolicy in it"]


def test_a_folder_without_a_policy_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert complaint(folder) == ["empty: there is no SecretInjectionPolicy in it"]


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_policies(tmp_path / "none.yaml")
    with pytest.raises(FileNotFoundError):
        fingerprint(tmp_path / "none.yaml")


def test_text_is_named_as_the_caller_says() -> None:
    with pytest.raises(PolicyError, match=r"^policy\.yaml:1: expected a SecretInjectionPolicy, a"):
        load_text("5")
    with pytest.raises(PolicyError, match=r"^stdin:1: expected"):
        load_text("5", name="stdin")


def test_the_fingerprint_changes_with_content_and_names_and_with_nothing_else(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    first = folder / "a.yaml"
    first.write_text("one")
    seen = [fingerprint(folder)]
    (folder / "README").write_text("x")
    first.touch()
    assert fingerprint(folder) == seen[0]
    first.write_text("two")
    seen.append(fingerprint(folder))
    first.rename(folder / "b.yaml")
    seen.append(fingerprint(folder))
    (folder / "c.yaml").write_text("")
    seen.append(fingerprint(folder))
    assert len(set(seen)) == len(seen)


def test_loaded_policies_keep_the_lines_of_their_fields(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(policy("one", "spec:\n  mode: DryRun\n  guard:\n    shadowing: Deny"))
    (source,) = load_policies(file).sources
    assert source.policy.spec.mode == "DryRun"
    assert source.document.line(("spec", "guard", "shadowing")) == 7
    assert source.document.line(("spec", "guard", "unknownRole")) == 6  # the nearest around it


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("polic*.yaml")), ids=lambda file: file.name)
def test_the_example_policies_load_without_a_warning(file: Path) -> None:
    assert load_policies(file).warnings() == []
