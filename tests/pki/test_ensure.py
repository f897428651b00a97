"""What happens to a folder of certificates over its life."""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from webhook.pki.authority import certificate_pem, create_authority, key_pem, read_certificate
from webhook.pki.ensure import Outcome, Source, Wish, ensure
from webhook.pki.errors import PkiError
from webhook.pki.leaf import issue_leaf
from webhook.pki.names import service_names
from webhook.pki.store import Folder, locked_folder

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)
NAMES = service_names("hook", "noxus")
RESTART = (
    "to begin with a new CA, move ca.crt and ca.key away, run this again and put the new CA into "
    "the caBundle of the webhook configurations"
)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def serials() -> Iterator[int]:
    return count(1)


def run(
    folder: Path,
    serials: Iterator[int],
    *,
    at: datetime = AT,
    extra: tuple[str, ...] = (),
    renew: bool = False,
) -> tuple[Outcome, Outcome]:
    names = service_names("hook", "noxus", dns=extra)
    wish = Wish(names, timedelta(days=365), timedelta(days=30), renew=renew)
    with locked_folder(folder) as locked:
        return ensure(locked, wish, at=at, fresh=Source(new_key, lambda: next(serials)))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def actions(outcomes: tuple[Outcome, Outcome]) -> list[tuple[str, str]]:
    return [(each.action, each.why) for each in outcomes]


def test_an_empty_folder_gets_a_ca_and_a_leaf(tmp_path: Path, serials: Iterator[int]) -> None:
    folder = tmp_path / "deep" / "certs"
    outcomes = run(folder, serials)
    assert actions(outcomes) == [("created", "there was none"), ("created", "there was none")]
    assert sorted(contents(folder)) == ["ca.crt", "ca.key", "tls.crt", "tls.key"]
    assert read_certificate((folder / "tls.crt").read_bytes()) == outcomes[1].certificate


def test_keys_are_for_their_owner_only_whatever_the_umask(
    tmp_path: Path, serials: Iterator[int]
) -> None:
    before = os.umask(0)
    try:
        run(tmp_path / "certs", serials)
    finally:
        os.umask(before)
    folder = tmp_path / "certs"
    assert mode(folder) == 0o700
    assert {path.name: mode(path) for path in folder.iterdir()} == {
        "ca.crt": 0o644,
        "ca.key": 0o600,
        "tls.crt": 0o644,
        "tls.key": 0o600,
    }


def test_a_second_run_changes_nothing(tmp_path: Path, serials: Iterator[int]) -> None:
    run(tmp_path, serials)
    before = contents(tmp_path)
    outcomes = run(tmp_path, serials, at=AT + timedelta(days=19))
    assert actions(outcomes) == [("kept", "still good"), ("kept", "still good")]
    assert contents(tmp_path) == before


def test_a_due_leaf_is_renewed_by_the_same_ca_with_a_new_key(
    tmp_path: Path, serials: Iterator[int]
) -> None:
    run(tmp_path, serials)
    before = contents(tmp_path)
    outcomes = run(tmp_path, serials, at=AT + timedelta(days=21))
    after = contents(tmp_path)
    assert actions(outcomes) == [("kept", "still good"), ("renewed", "due")]
    assert {name for name in after if after[name] != before[name]} == {"tls.crt", "tls.key"}


Spoil = Callable[[Path], object]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(
            lambda f: (f / "tls.key").unlink(), "its key was missing or another's", id="missing"
        ),
        pytest.param(
            lambda f: (f / "tls.key").write_bytes(key_pem(new_key())),
            "its key was missing or another's",
            id="another",
        ),
        (lambda f: (f / "tls.key").write_bytes(b"rubbish"), "its key could not be read"),
        (lambda f: (f / "tls.crt").unlink(), "there was none"),
    ],
)
def test_a_spoilt_leaf_is_issued_anew(
    tmp_path: Path, serials: Iterator[int], spoil: Spoil, why: str
) -> None:
    run(tmp_path, serials)
    spoil(tmp_path)
    outcome = run(tmp_path, serials)[1]
    assert outcome.action == ("created" if why == "there was none" else "renewed")
    assert outcome.why == why


def test_other_names_issue_a_new_leaf(tmp_path: Path, serials: Iterator[int]) -> None:
    run(tmp_path, serials)
    assert actions(run(tmp_path, serials, extra=("localhost",)))[1] == ("renewed", "other names")


def test_renew_issues_a_new_leaf_in_any_case(tmp_path: Path, serials: Iterator[int]) -> None:
    run(tmp_path, serials)
    assert actions(run(tmp_path, serials, renew=True))[1] == ("renewed", "asked for")


def test_a_kept_key_that_others_could_read_is_closed(
    tmp_path: Path, serials: Iterator[int]
) -> None:
    run(tmp_path, serials)
    (tmp_path / "ca.key").chmod(0o644)
    (tmp_path / "tls.key").chmod(0o640)
    outcomes = run(tmp_path, serials)
    assert outcomes[0].why == "still good; its key is now readable by its owner only"
    assert mode(tmp_path / "ca.key") == 0o600
    assert mode(tmp_path / "tls.key") == 0o600


def foreign_leaf(folder: Path) -> None:
    other = create_authority(key=new_key(), serial=1, at=AT)
    leaf = issue_leaf(other, names=NAMES, key=new_key(), serial=2, at=AT)
    (folder / "tls.crt").write_bytes(certificate_pem(leaf))


def other_key(folder: Path) -> None:
    (folder / "ca.key").write_bytes(key_pem(new_key()))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda f: (f / "ca.key").unlink(),
            f"{{}}/ca.crt is there but ca.key is missing: put it back; {RESTART}",
        ),
        (
            lambda f: (f / "ca.crt").unlink(),
            f"{{}}/ca.key is there but ca.crt is missing: put it back; {RESTART}",
        ),
        (other_key, f"{{}}/ca.crt: the key does not belong to the certificate; {RESTART}"),
        (
            lambda f: (f / "ca.crt").write_bytes(b"half a"),
            f"{{}}/ca.crt: the certificate cannot be read as PEM; {RESTART}",
        ),
        (
            foreign_leaf,
            (
                "{}/tls.crt was not issued by ca.crt: name another folder with --dir, or replace "
                "it with --renew"
            ),
        ),
        (
            lambda f: (f / "tls.crt").write_bytes(b"a note"),
            (
                "{}/tls.crt is no certificate: name another folder with --dir, or replace it with "
                "--renew"
            ),
        ),
        (
            lambda f: ((f / "ca.key").unlink(), (f / "ca.key").mkdir()),
            "{}/ca.key: cannot be read: Is a directory",
        ),
    ],
)
def test_what_is_the_users_is_never_overwritten(
    tmp_path: Path, serials: Iterator[int], spoil: Spoil, message: str
) -> None:
    run(tmp_path, serials)
    spoil(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(PkiError) as caught:
        run(tmp_path, serials)
    assert str(caught.value) == message.format(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_expired_ca_is_refused_with_the_way_out(tmp_path: Path, serials: Iterator[int]) -> None:
    run(tmp_path, serials)
    with pytest.raises(PkiError) as caught:
        run(tmp_path, serials, at=AT + timedelta(days=400))
    assert str(caught.value) == (
        f"{tmp_path}/ca.crt: the certificate expired on 2031-01-01; {RESTART}"
    )


def test_renew_replaces_another_cas_leaf(tmp_path: Path, serials: Iterator[int]) -> None:
    run(tmp_path, serials)
    foreign_leaf(tmp_path)
    assert actions(run(tmp_path, serials, renew=True))[1] == ("renewed", "asked for")


def test_renew_replaces_what_is_no_certificate(tmp_path: Path, serials: Iterator[int]) -> None:
    run(tmp_path, serials)
    (tmp_path / "tls.crt").write_bytes(b"a note")
    assert actions(run(tmp_path, serials, renew=True))[1] == ("renewed", "there was none")


def test_runs_at_once_take_their_turns_and_end_with_one_ca(tmp_path: Path) -> None:
    folder, serials = tmp_path / "certs", count(1)
    results: list[tuple[Outcome, Outcome]] = []
    threads = [
        threading.Thread(target=lambda: results.append(run(folder, serials))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.action for each, _ in results) == ["created", *["kept"] * 7]
    assert len({each.certificate for _, each in results}) == 1
    assert sorted(contents(folder)) == ["ca.crt", "ca.key", "tls.crt", "tls.key"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    folder, seen, stop = Folder(tmp_path), set(), threading.Event()
    old, new = b"a" * 200_000, b"b" * 200_000
    folder.write("tls.crt", old, private=False)

    def read() -> None:
        while not stop.is_set():
            seen.add((tmp_path / "tls.crt").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        folder.write("tls.crt", new, private=False)
        folder.write("tls.crt", old, private=False)
    stop.set()
    reader.join()
    assert seen <= {old, new}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "tls.crt").mkdir()
    with pytest.raises(PkiError) as caught:
        folder.write("tls.crt", b"x", private=False)
    assert str(caught.value) == f"{tmp_path}/tls.crt: cannot be written: Is a directory"
    assert [path.name for path in tmp_path.iterdir()] == ["tls.crt"]


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path, serials: Iterator[int]) -> None:
    (tmp_path / "certs").write_text("")
    with pytest.raises(PkiError) as caught:
        run(tmp_path / "certs", serials)
    assert str(caught.value) == f"{tmp_path}/certs: is a file; name a folder with --dir"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, serials: Iterator[int]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PkiError) as caught:
        run(tmp_path / "file" / "certs", serials)
    assert (
        str(caught.value) == f"{tmp_path}/file/certs: cannot be used as a folder: Not a directory"
    )
