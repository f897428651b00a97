"""No value that `lint` reads, and no part of one, is in anything that it writes."""

import base64
import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands.kit import POLICY, Ran, run

pytestmark = pytest.mark.slow

PART = 4  # characters: of a shorter part, words of the messages would hold some by chance
# Letters that hardly follow one another in any text, and digits, as secrets have them.
_ALPHABET = "QXZJKVW7"
KEYS = (
    "POSTGRESQL_URL",
    "VECTOR_POSTGRESQL_URL",
    "REDIS_URL",
    "REDIS_PASSWROD",
    "S3_ACCESS_KEY_ID",
    "PLUGIN_SERVER_API_KEY",
    "WORKER_SUBSCRIBE",
    "NOXUS_PLATFORM_URL",
    "OWN_KEY",
    "own-key",
)
_random = random.Random(20261124)  # noqa: S311 - for tests


class Canaries:
    """Makes values that are unique, and remembers them."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, length: int = 24) -> str:
        # A letter first, so that it could pass for a name.
        value = "Q" + "".join(_random.choice(_ALPHABET) for _ in range(length - 1))
        self.made.append(value)
        return value

    def encoded(self, tail: bytes = b"") -> str:
        """Return one in base64, which is as good as the value itself."""
        value = base64.b64encode(self(30).encode() + tail).decode()
        self.made.append(value)
        return value

    def parts(self) -> set[str]:
        return {value[i : i + PART] for value in self.made for i in range(len(value) - PART + 1)}


def secret(body: str, name: str = "app-env") -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: noxus}}\n{body}"


def manifests(c: Canaries) -> Iterator[str]:
    """Yield manifests with canaries in every form and in the way of every message."""
    for key in KEYS:
        for shape in (
            "{0}",
            "postgres://{0}:{1}@{2}:5432/{3}",
            "{0}:{1}@{2}:{3}",
            "{0}:{1}/%{2}@{3}:99999",
            "redis://:{0}@{1}:6379/0?{2}",
            "{0}@{1}",
            "http://{0}",
            "  {0}  ",
            '"{0}"',
            "'{0}'",
            "<{0}>",
            "${{{0}}}",
            "{0}\n",
            "{0}\r\n{1}\r\n",
            "\ufeff{0}",
            "{0}\0{1}",
        ):
            value = shape.format(*(c() for _ in range(4)))
            yield secret(f"stringData:\n  {key}: {json.dumps(value)}\n")
            encoded = base64.b64encode(value.encode()).decode()
            c.made.append(encoded)
            yield secret(f"data:\n  {key}: {encoded}\n")
    yield secret(f"data:\n  A: {c.encoded(bytes([255, 254]))}\n")
    yield secret(f"data:\n  REDIS_URL: {c.encoded()}=\n  A: '{c()} {c()}'\n  B: {c()[:-1]}é\n")
    yield secret(f"stringData:\n  A: {{{c()}: {c()}}}\n  B: [{c()}]\n  C: 7{c()}\n  D: 5\n")
    yield secret(f"stringData: {c()}\ndata: [{c()}]\n")
    yield secret(f"stringData:\n  A: {c()}\ndata:\n  A: {c.encoded()}\n")
    yield secret(f"stringData:\n  '{c()} {c()}': {c()}\n  ..{c()}: x\n")
    yield secret(f"stringData: {{A: {c()}}}\n", name=c())
    yield f"kind: Secret\nmetadata: {c()}\nstringData: {{REDIS_URL: {c()}}}\ntype: {c()}\n"
    applied = json.dumps({"stringData": {"A": c()}})
    yield secret(f"stringData: {{A: {c()}}}\n").replace(
        "{name:",
        "{annotations: {kubectl.kubernetes.io/last-applied-configuration: "
        f"{json.dumps(applied)}}}, name:",
    )
    yield f"kind: List\nitems: [{c()}, {{kind: {c()}}}]\n"
    yield json.dumps({"kind": "SecretList", "items": [{"data": {"REDIS_URL": c()}}]})
    yield secret(f"stringData: {{REDIS_URL: {c()}}}\n").replace("Secret", "ConfigMap")
    yield secret(f"data: {{POSTGRESQL_URL: {c()}}}\n").replace("Secret", "ConfigMap")


def broken_manifests(c: Canaries) -> Iterator[str]:
    """Yield what is no YAML, at a value."""
    for line in (
        f"A: *{c()}",
        f"A: !{c()} {c()}",
        f"A: !!{c()} {c()}",
        f"A: !!int {c()}",
        f"A: !!binary {c()}",
        f"A: !!timestamp {c()}",
        f"A: b: {c()}",
        f'A: "{c()}',
        f'A: "{c()}" {c()}',
        f'A: "\\{c()}"',
        f"A: '{c()}' '{c()}'",
        f"A: @{c()}",
        f"A: `{c()}",
        f"A: %{c()}",
        f"A: {{{c()}",
        f"A: [{c()}",
        f"A: &{c()} {{x: *{c()}}}",
        f"A: {c()}\n{c()}",
        f"A: {c()}\n\t{c()}: {c()}",
        f"A: |\n {c()}\n {c()}",
        f"{c()}: x\n  {c.made[-1]}: y",
        f"? {{{c()}: {c()}}}\n  : {c()}",
        f"<<: {c()}",
        f"<<: [{c()}]",
        f"A: \x01{c()}",
        f"A: {c()}\ud800",
    ):
        yield secret(f"stringData:\n  {line}\n")
        yield f"%{c()} {c()}\n---\n{secret(f'stringData: {line}')}"


def env_files(c: Canaries) -> Iterator[str]:
    """Yield files of variables, good and broken."""
    yield from (
        f"A={c()}\nB='{c()}'\nC=\"{c()}\"\nexport D={c()} # {c()}\nE={c()}\\\n{c()}\n",
        f"A={c()}\n{c()}\n{c()}=\n{c()}==\n\nB={c()}\n",
        f"A={c()}\n{c()}7=\n",
        f"KEY=-----BEGIN {c()}-----\n{c()}\n{c()}==\n-----END {c()}-----\nB={c()}\n",
        f'A="{c()}\n{c()}={c()}\n\nB={c()}\n',
        f"A='{c()}\nB={c()}'{c()}\n",
        f"{c()}\n",
        f"export {c()}\n",
        f"{c()} {c()}={c()}\n",
        f"'{c()}'={c()}\n\"{c()}\"={c()}\n",
        f"={c()}\n==={c()}\n",
        f";{c()}={c()}\n#{c()}\n",
        f"A: {c()}\n{{{c()}}}\n",
        f"A={c()}\nA={c()}\r\nB=${{{c()}}}\n",
        f"\ufeffPOSTGRESQL_URL=postgres://{c()}:{c()}@{c()}\nREDIS_URL={c()}:{c()}\n",
        f'POSTGRES_URL={c()}\nREDIS_URL="\n',
        f"A={c()}\0{c()}\nB= {c()}\nC ={c()}\nD={c()} \n",
        f"A={c()}\u2028{c()}\x0b{c()}\x0c{c()}\x85{c()}\n",
        f"{c()}\r{c()}=\r{c()}==\r",
    )


@contextmanager
def watched_folder(folder: Path) -> Iterator[None]:
    """Let temporary files go there, if there are any."""
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def written(ran: Ran, folder: Path) -> str:
    files = [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
    return "\n".join([ran.out, ran.err, *files])


def leaks(c: Canaries, text: str) -> set[str]:
    return c.parts() & {text[i : i + PART] for i in range(len(text) - PART + 1)}


@pytest.mark.parametrize("forms", [manifests, broken_manifests, env_files])
@pytest.mark.parametrize("output", ["table", "json"])
def test_no_part_of_a_value_is_in_anything_that_is_written(
    forms: object, output: str, tmp_path: Path
) -> None:
    c = Canaries()
    inputs, temporary = tmp_path / "inputs", tmp_path / "tmp"
    inputs.mkdir()
    temporary.mkdir()
    assert callable(forms)
    texts = list(forms(c))
    suffix = ".env" if forms is env_files else ".yaml"
    for i, text in enumerate(texts):
        content = text.encode("utf-8", "surrogatepass")
        (inputs / f"{i}{suffix}").write_bytes(content)
        (inputs / f"{i}-utf16{suffix}").write_bytes(text.encode("utf-16", "surrogatepass"))
    (inputs / f"utf16{suffix}").write_bytes(texts[0].encode("utf-16"))
    everything = ""
    with watched_folder(temporary):
        for options in (("--policy", str(POLICY), "--strict"), ()):
            ran = run("lint", "-o", output, *options, inputs)
            assert ran.code == 1
            everything += written(ran, temporary)
        for i in range(len(texts)):
            # In the place of a policy by mistake.
            if i % 7 == 0:
                ran = run("lint", "--policy", inputs / f"{i}{suffix}", inputs / f"{i}{suffix}")
                assert ran.code == 2
                everything += written(ran, temporary)
        for text in texts[:: max(len(texts) // 25, 1)]:
            if "\ud800" not in text:
                everything += written(run("lint", "-o", output, "-", stdin=text), temporary)

    assert len(everything) > 10 * len(texts)  # each was linted, and said to be so
    assert leaks(c, everything) == set()
    assert list(temporary.iterdir()) == []


def test_the_search_finds_what_is_there() -> None:
    c = Canaries()
    value = c()

    assert leaks(c, f"prefix {value[7:11]} suffix") == {value[7:11]}


@settings(deadline=None)  # the machine may be busy
@given(
    before=st.text(max_size=20),
    after=st.text(max_size=20),
    kind=st.sampled_from(["", "A=", "stringData:\n  A: ", "- ", '{"kind": "Secret", "data": ']),
    suffix=st.sampled_from(["", "\n", "=\n", "==\n", ": x\n", "\n\tB=", '"', "'", "}"]),
)
def test_whatever_stands_around_a_value_lint_ends_with_a_message_and_without_it(
    before: str, after: str, kind: str, suffix: str
) -> None:
    c = Canaries()
    text = f"{before}{kind}{c(32)}7{suffix}{after}"
    content = text.encode("utf-8", "replace").decode()

    ran = run("lint", "-", stdin=content)

    assert ran.code in {0, 1}
    assert leaks(c, ran.out + ran.err) == set()
