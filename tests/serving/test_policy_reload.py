"""The policy follows its files, in every way in which files change."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serving.kit import POLICY, Certificates, FakeLoader, Rig, echo, rig, settings
from webhook.loading.load import fingerprint, load_policies
from webhook.serving.errors import StartError
from webhook.serving.limits import Limits
from webhook.serving.reload import Followed, LoadError, Status
from webhook.serving.server import Parts, Service
from webhook.serving.sources import Sources, from_files
from webhook.settings import Settings
from webhook.telemetry.metrics import Metrics


class Files:
    """Contents to follow, and what became of them."""

    def __init__(self, *, try_again: bool = False) -> None:
        self.content: bytes | Exception = b"one"
        self.now = 100.0
        self.loaded: list[bytes] = []
        self.failures = 0
        self.while_loading = lambda: None
        self.followed = Followed[bytes](
            "the policy",
            fingerprint=self.read,
            load=self.load,
            clock=lambda: self.now,
            loaded=self.tell,
            failed=self.fail,
            try_again=try_again,
        )

    def read(self) -> bytes:
        if isinstance(self.content, Exception):
            raise self.content
        return self.content

    def load(self, _generation: int) -> bytes:
        content = self.read()
        self.while_loading()
        if content.startswith(b"bad"):
            raise LoadError(f"{content.decode()} is bad")
        if content == b"crash":
            raise ZeroDivisionError("value of a policy")
        return content

    def tell(self, value: bytes, _status: Status) -> None:
        if value == b"untold":
            raise ZeroDivisionError("value of a policy")
        self.loaded.append(value)

    def fail(self) -> None:
        self.failures += 1

    def become(self, content: bytes | Exception) -> None:
        self.content = content
        self.now += 10
        self.followed.poll()
        self.followed.poll()

    def error(self) -> str:
        return self.followed.status().error


@pytest.fixture
def files() -> Files:
    made = Files()
    made.followed.poll(settle=False)
    return made


def test_the_first_look_loads_at_once(files: Files) -> None:
    assert files.followed.current() == b"one"
    assert files.followed.status() == Status(generation=1, loaded_at=100.0)


def test_a_change_counts_when_it_is_seen_twice(files: Files) -> None:
    files.content = b"half"
    files.followed.poll()
    files.content = b"whole"
    files.followed.poll()
    assert files.followed.current() == b"one"
    files.followed.poll()
    assert files.followed.current() == b"whole"
    assert files.loaded == [b"one", b"whole"]
    assert files.followed.status().generation == 2


def test_the_same_content_is_not_loaded_again(files: Files) -> None:
    files.become(b"one")
    assert files.loaded == [b"one"]


def test_content_that_changes_while_it_is_read_is_read_again(files: Files) -> None:
    files.content = b"two"
    files.followed.poll()

    def change() -> None:
        files.content = b"three"

    files.while_loading = change
    files.followed.poll()
    assert files.followed.current() == b"one"
    files.while_loading = lambda: None
    files.followed.poll()
    files.followed.poll()
    assert files.followed.current() == b"three"


def test_what_does_not_load_leaves_the_last_good_one(files: Files) -> None:
    files.become(b"bad 1")
    assert files.followed.current() == b"one"
    assert files.followed.status() == Status(1, 100.0, "bad 1 is bad", failing_since=110.0)
    files.become(b"bad 2")
    assert files.followed.status() == Status(1, 100.0, "bad 2 is bad", failing_since=110.0)
    assert files.failures == 2


def test_the_same_mistake_is_told_once(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        files.become(b"bad")
    assert files.failures == 1
    assert [(r.message, r.__dict__["fields"]) for r in caplog.records if r.levelno > 20] == [
        ("the policy cannot be used; the last good one stays in force", {"reason": "bad is bad"})
    ]


def test_going_back_to_the_content_in_force_ends_the_error(files: Files) -> None:
    files.become(b"bad")
    files.become(b"one")
    assert files.followed.status() == Status(1, 100.0)
    assert files.loaded == [b"one"]


def test_a_better_content_ends_the_error(files: Files) -> None:
    files.become(b"bad")
    files.become(b"two")
    assert files.followed.status() == Status(2, 120.0)


def test_files_that_cannot_be_read_leave_the_last_good_one(files: Files) -> None:
    files.become(FileNotFoundError(2, "No such file or directory", "policy.yaml"))
    assert files.followed.current() == b"one"
    assert files.error() == "policy.yaml: No such file or directory"
    files.become(b"one")
    assert files.error() == ""


def test_a_mistake_that_was_out_of_sight_is_told_again(files: Files) -> None:
    files.become(b"bad")
    files.become(FileNotFoundError(2, "No such file or directory", "policy.yaml"))
    files.become(b"bad")
    assert files.error() == "bad is bad"


def test_a_crash_of_the_loader_is_told_without_values_and_survived(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    files.become(b"crash")
    assert files.error() == "internal error; the log has the details"
    fields = caplog.records[-1].__dict__["fields"]
    assert fields["error"] == "ZeroDivisionError"
    assert "value of a policy" not in str(fields)
    files.become(b"two")
    assert files.followed.current() == b"two"


def test_a_crash_of_the_fingerprint_is_told_once_and_survived(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    files.become(ZeroDivisionError("value of a policy"))
    assert files.error() == "internal error; the log has the details"
    assert files.failures == 1
    assert caplog.records[-1].__dict__["fields"]["error"] == "ZeroDivisionError"
    assert "value of a policy" not in str(caplog.records[-1].__dict__["fields"])
    files.become(b"two")
    assert files.followed.current() == b"two"
    assert files.error() == ""


def test_what_cannot_be_told_of_is_in_force_and_the_next_change_is_followed(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    files.become(b"untold")
    assert files.followed.current() == b"untold"
    assert caplog.records[-1].message == "the policy is in force, and telling of it failed"
    files.become(b"two")
    assert files.followed.current() == b"two"


def test_a_folder_with_a_name_that_is_not_utf8_goes_on_being_followed(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff.yaml")
    odd.write_text(POLICY)
    followed = Followed(
        "the policy",
        fingerprint=lambda: fingerprint(tmp_path),
        load=lambda generation: load_policies(tmp_path, generation).policies,
        clock=lambda: 0.0,
        loaded=lambda _value, _status: None,
        failed=lambda: None,
    )
    followed.poll(settle=False)
    assert followed.status() == Status(generation=1)
    odd.write_text(POLICY + "# changed\n")
    followed.poll(settle=False)
    assert followed.status() == Status(generation=2)


def test_a_problem_in_a_file_whose_name_is_not_utf8_can_be_shown() -> None:
    files = Files()
    files.become(FileNotFoundError(2, "No such file or directory", "\udcff.yaml"))
    assert files.error() == "\\udcff.yaml: No such file or directory"


def test_what_may_load_later_is_tried_again_and_told_once() -> None:
    files = Files(try_again=True)
    files.content = b"bad"
    for _ in range(3):
        files.followed.poll()
    assert files.failures == 1
    attempts = []
    files.while_loading = lambda: attempts.append(1)
    files.followed.poll()
    assert attempts == [1]


def test_with_nothing_ever_loaded_there_is_none(caplog: pytest.LogCaptureFixture) -> None:
    files = Files()
    files.become(b"bad")
    assert files.followed.current() is None
    assert caplog.records[-1].message == "the policy cannot be used; there is none"


async def policy_line(served: Rig) -> str:
    return (await served.health("/readyz?verbose")).body.decode().splitlines()[0]


async def generation(served: Rig, number: int) -> None:
    await served.until(lambda: served.metric("policy_generation") == number)
    policies = served.service.policies.current()
    assert policies is not None
    assert policies.generation == number


async def test_a_changed_policy_is_in_force_within_a_moment(generous: Rig) -> None:
    await generation(generous, 1)
    generous.settings.policy.write_text("better")
    await generation(generous, 2)
    assert (await generous.good()).status == 200
    assert (await policy_line(generous)).startswith("[+]policy ok: generation 2, loaded 20")


async def test_a_bad_policy_leaves_the_good_one_in_force_and_is_seen(generous: Rig) -> None:
    path = generous.settings.policy
    path.write_text("bad")
    await generous.until(lambda: generous.metric("policy_load_errors_total") == 1)
    assert (await generous.good()).status == 200
    assert (await generous.health("/readyz")).status == 200
    assert (await policy_line(generous)).endswith(
        f"; what is newer cannot be used for 0 s: {path}:3: spec.x: it is bad: make it good"
    )
    path.write_text("good again")
    await generation(generous, 2)


async def test_a_bad_policy_at_the_start_is_not_ready_until_it_is_mended(
    pki: Certificates, tmp_path: Path
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("bad")
    async with rig(pki, tmp_path, limits=Limits()) as served:
        response = await served.good()
        assert response.status == 500
        assert (await served.health("/readyz")).status == 503
        assert await policy_line(served) == (
            f"[-]policy failed: {path}:3: spec.x: it is bad: make it good"
        )
        path.write_text("good")
        await generation(served, 1)
        assert (await served.good()).status == 200


async def test_a_missing_policy_keeps_the_server_from_starting(
    pki: Certificates, tmp_path: Path
) -> None:
    missing = tmp_path / "none"
    with pytest.raises(StartError) as caught:
        async with rig(pki, tmp_path, limits=Limits(), policy=missing):
            pass
    assert str(caught.value) == f"--policy: there is no file or folder {missing}; name another"


class RealLoader(FakeLoader):
    """The loader that production uses."""

    def load(self, path: Path, generation: int) -> object:  # type: ignore[override]
        return load_policies(path, generation)

    def fingerprint(self, path: Path) -> bytes:
        return fingerprint(path)


def named(name: str) -> str:
    return POLICY.replace("name: noxus", f"name: {name}")


def names(served: Rig) -> list[str]:
    policies = served.service.policies.current()
    return [] if policies is None else [policy.name for policy in policies.policies]


async def test_a_mounted_config_map_that_swaps_its_link_is_followed(
    pki: Certificates, tmp_path: Path
) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()

    def version(number: int, name: str) -> None:
        (folder / f"..{number}").mkdir()
        (folder / f"..{number}" / "policy.yaml").write_text(named(name))
        (folder / "..data_tmp").symlink_to(f"..{number}")
        (folder / "..data_tmp").replace(folder / "..data")

    version(1, "one")
    (folder / "policy.yaml").symlink_to("..data/policy.yaml")
    for path in (folder, folder / "policy.yaml"):
        async with rig(pki, tmp_path, limits=Limits(), loader=RealLoader(), policy=path) as served:
            assert names(served) == ["one"]
            version(2, "two")
            await served.until(lambda served=served: names(served) == ["two"])
        for old in folder.glob("..2*"):
            (old / "policy.yaml").unlink()
            old.rmdir()
        (folder / "..data_tmp").symlink_to("..1")
        (folder / "..data_tmp").replace(folder / "..data")


async def test_files_come_and_go_in_a_folder(pki: Certificates, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "a.yaml").write_text(named("a"))
    async with rig(pki, tmp_path, limits=Limits(), loader=RealLoader(), policy=folder) as served:
        (folder / "b.yaml").write_text(named("b"))
        await served.until(lambda: names(served) == ["a", "b"])
        (folder / "a.yaml").unlink()
        await served.until(lambda: names(served) == ["b"])
        (folder / "b.yaml").unlink()
        await served.until(lambda: served.metric("policy_load_errors_total") == 1)
        assert names(served) == ["b"]
        assert (await policy_line(served)).endswith(
            f"{folder}: there is no SecretInjectionPolicy in it"
        )


async def test_a_file_that_is_written_slowly_is_never_taken_half(
    pki: Certificates, tmp_path: Path
) -> None:
    """Half of these documents would be a valid policy, of the first half only."""
    path = tmp_path / "policy.yaml"
    path.write_text(named("old"))
    seen: set[tuple[str, ...]] = set()
    async with rig(pki, tmp_path, limits=Limits(), loader=RealLoader(), policy=path) as served:
        with path.open("w") as file:
            for number in range(40):
                file.write("---\n" + named(f"new-{number}"))
                file.flush()
                seen.add(tuple(names(served)))
                await asyncio.sleep(0.002)
        await served.until(lambda: len(names(served)) == 40)
    assert seen == {("old",)}


async def test_a_file_that_is_replaced_as_a_whole_is_followed(
    pki: Certificates, tmp_path: Path
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(named("old"))
    async with rig(pki, tmp_path, limits=Limits(), loader=RealLoader(), policy=path) as served:
        (tmp_path / "new").write_text(named("new"))
        (tmp_path / "new").replace(path)
        await served.until(lambda: names(served) == ["new"])
        path.unlink()
        await served.until(lambda: served.metric("policy_load_errors_total") == 1)
        assert names(served) == ["new"]
        assert (await served.good()).status == 200


class Stumbling(Followed[bytes]):
    """Fails at its first look, whatever the reason."""

    looks = 0

    def poll(self, *, settle: bool = True) -> None:
        del settle
        self.looks += 1
        if self.looks == 1:
            raise ZeroDivisionError("value of a policy")


async def test_a_fault_in_following_is_told_and_not_the_end_of_it(
    pki: Certificates, quick: Limits, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = Files()
    stumbling = Stumbling(
        "the policy",
        fingerprint=files.read,
        load=files.load,
        clock=lambda: 0.0,
        loaded=files.tell,
        failed=files.fail,
    )
    loader = FakeLoader()

    def sources(settings: Settings, metrics: Metrics) -> Sources:
        made = from_files(loader.load, loader.fingerprint)(settings, metrics)
        return replace(made, followed=(stumbling, *made.followed))

    parts = Parts(
        answer=echo,
        sources=sources,
        version="1.2.3",
        write=lambda _line: None,
        limits=quick,
        poll_every=0.02,
    )
    service = Service(settings(pki, tmp_path), parts)
    async with asyncio.timeout(10):
        while stumbling.looks < 2:  # noqa: ASYNC110  it knows nothing of us
            await asyncio.sleep(0.02)
    await service.close()

    told = [it.message for it in caplog.records if it.levelname == "ERROR"]
    assert told == ["what runs beside the server failed, and begins anew"]
