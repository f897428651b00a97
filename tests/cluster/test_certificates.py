"""Self-managed certificates and the real API server, with the rights that manifests/base give."""

import asyncio
import base64
import copy
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cluster.certificates_kit import (
    KINDS,
    SECRET,
    SERVICE,
    Clients,
    Installation,
    Json,
    Pod,
    calling,
    figure,
    until,
)
from tests.controlplane.plane import ControlPlane
from webhook.pki.authority import certificate_pem, create_authority, key_pem, read_certificate
from webhook.pki.leaf import issue_leaf
from webhook.pki.names import service_names

ROTATE = {"metadata": {"annotations": {"secrets.noxus.ai/rotate": "ca"}}}


@pytest.fixture
def at(control_plane: ControlPlane) -> Iterator[Installation]:
    installation = Installation(control_plane)
    installation.configure()
    yield installation
    installation.remove()


@pytest.fixture
async def leader(at: Installation) -> AsyncIterator[Pod]:
    """A replica that leads, everything in place."""
    async with Pod(at, "a") as pod:
        await pod.lead()
        await until(lambda: good(at))
        await until(lambda: pod.board.step == 0)
        yield pod


def good(at: Installation) -> bool:
    """Tell whether every entry carries exactly the CA of the Secret, and nothing else."""
    ca = at.data().get("ca.crt")
    return ca is not None and at.bundles() == {base64.b64encode(ca).decode()}


def is_rotating(pod: Pod) -> bool:
    return pod.board.step > 0


def mark(at: Installation) -> Json:
    """Give the Secret as a backup would hold it."""
    return copy.deepcopy(at.secret())


async def test_the_first_start_makes_the_secret_and_publishes_its_ca(at: Installation) -> None:
    async with Pod(at, "a") as first, Pod(at, "b") as second:
        await first.lead()
        await until(lambda: good(at) and first.tls.current() and second.tls.current())
    secret = at.secret()
    assert secret["type"] == "kubernetes.io/tls"
    assert sorted(secret["data"]) == ["ca.crt", "ca.key", "tls.crt", "tls.key"]
    assert secret["metadata"]["annotations"] == {"secrets.noxus.ai/generation": "1"}
    leaf = read_certificate(at.data()["tls.crt"])
    for pod in (first, second):
        serving = pod.tls.current()
        assert serving is not None
        assert serving.not_after == leaf.not_valid_after_utc
    assert first.board.counts == {}
    assert first.board.failures == second.board.failures == 0


async def test_configurations_that_come_later_are_waited_for(control_plane: ControlPlane) -> None:
    at = Installation(control_plane)
    try:
        async with Pod(at, "a") as pod:
            await pod.lead()
            await until(lambda: pod.board.step == 0)
            at.configure()
            took = await until(lambda: good(at))
            assert took < 5
            assert pod.board.failures == 0
            assert pod.board.counts == {}
    finally:
        at.remove()


async def test_nothing_but_the_bundle_is_changed(at: Installation) -> None:
    before = {kind: at.configuration(kind) for kind in KINDS}
    async with Pod(at, "a") as pod:
        await pod.lead()
        await until(lambda: good(at))
    for kind in KINDS:
        after = at.configuration(kind)
        for entry in after["webhooks"]:
            del entry["clientConfig"]["caBundle"]
        for key in ("generation", "managedFields", "resourceVersion"):
            del after["metadata"][key], before[kind]["metadata"][key]
        assert after == before[kind]


async def test_a_deleted_secret_is_back_with_the_same_content(
    at: Installation, leader: Pod
) -> None:
    before = at.data()
    async with Pod(at, "b") as other, calling(Clients(at, [leader, other])) as clients:
        await until(lambda: other.tls.current() is not None)
        clients.failures.clear()
        at.plane.api("DELETE", at.secret_path)
        took = await until(lambda: at.data() == before)
        await asyncio.sleep(0.5)
    figure("Secret back after, s", took)
    assert took < 2
    assert leader.board.counts == {"secret": 1}
    assert clients.failures == []


@pytest.mark.parametrize("bundle", ["", "cnViYmlzaA==", "other"])
async def test_a_broken_bundle_is_mended(at: Installation, leader: Pod, bundle: str) -> None:
    await asyncio.sleep(0.3)  # the leader has looked at its own work
    entry = at.configuration(KINDS[0])["webhooks"][0]
    if bundle == "other":
        bundle = base64.b64encode(at.plane.ca_pem).decode()
    entry["clientConfig"]["caBundle"] = bundle
    at.patch(at.configuration_path(KINDS[0]), {"webhooks": [entry]}, "strategic-merge-patch")
    took = await until(lambda: good(at))
    figure("bundle mended after, s", took)
    assert took < 2
    await until(lambda: leader.board.counts == {"ca_bundle": 1})


async def test_manifests_that_are_applied_again_by_others_do_no_harm(
    at: Installation, leader: Pod
) -> None:
    at.configure()
    await asyncio.sleep(0.5)
    assert good(at)
    assert leader.board.counts == {}


async def test_entries_that_come_go_and_move_keep_their_place(
    at: Installation, leader: Pod
) -> None:
    path = at.configuration_path(KINDS[1])
    for _ in range(10):
        entries = at.configuration(KINDS[1])["webhooks"]
        for entry in entries:
            entry["clientConfig"].pop("caBundle", None)
        names = [entry["name"] for entry in entries]
        at.patch(path, {"webhooks": [*entries[1:], entries[0]]})
        await until(lambda: good(at))
        moved = [entry["name"] for entry in at.configuration(KINDS[1])["webhooks"]]
        assert moved == [*names[1:], names[0]]
    gone = at.configuration(KINDS[1])["webhooks"][1:]
    at.patch(path, {"webhooks": gone})
    await asyncio.sleep(0.5)
    assert at.configuration(KINDS[1])["webhooks"] == gone
    assert leader.board.failures == 0


async def test_an_old_backup_is_put_right_and_nobody_serves_it(
    at: Installation, leader: Pod
) -> None:
    old = mark(at)
    async with Pod(at, "b") as other, calling(Clients(at, [leader, other])) as clients:
        await until(lambda: other.tls.current() is not None)
        clients.failures.clear()
        at.patch(at.secret_path, ROTATE)
        await until(lambda: at.data().get("previous-ca.crt"))
        await until(lambda: good(at), seconds=30)
        now = at.data()
        assert now["ca.crt"] != base64.b64decode(old["data"]["ca.crt"])
        at.replace_secret(old)
        took = await until(lambda: at.data() == now)
        await asyncio.sleep(0.5)
    figure("old backup put right after, s", took)
    assert took < 2
    assert leader.board.counts == {"secret": 1}
    assert clients.failures == []


async def test_a_backup_that_nobody_puts_right_is_served_in_the_end(
    at: Installation, leader: Pod
) -> None:
    old = mark(at)
    async with Pod(at, "b") as other:
        await until(lambda: other.tls.current() is not None)
        at.patch(at.secret_path, {"metadata": {"annotations": {"secrets.noxus.ai/rotate": "leaf"}}})
        await until(lambda: other.tls.status().generation == 2)
        await leader.follow_only()
        at.replace_secret(old)
        took = await until(lambda: other.tls.status().generation == 3)
        assert 0.8 < took < 5


async def test_a_hand_that_breaks_the_key_is_put_right(at: Installation, leader: Pod) -> None:
    before = at.data()
    at.patch(at.secret_path, {"data": {"tls.key": "cnViYmlzaA==", "ca.key": None}})
    await until(lambda: at.data() == before)
    assert leader.board.counts == {"secret": 1}


async def test_what_others_put_into_the_secret_stays(at: Installation, leader: Pod) -> None:
    metadata = {"labels": {"backup": "yes"}, "annotations": {"secrets.noxus.ai/rotate": "leaf"}}
    at.patch(at.secret_path, {"metadata": metadata, "data": {"notes": "aGVsbG8="}})
    await until(lambda: "rotate" not in str(at.secret()["metadata"]["annotations"]))
    secret = at.secret()
    assert secret["metadata"]["labels"]["backup"] == "yes"
    assert secret["data"]["notes"] == "aGVsbG8="
    assert secret["metadata"]["annotations"] == {"secrets.noxus.ai/generation": "2"}
    assert leader.board.counts == {}


async def test_a_whole_rotation_fails_no_handshake(
    at: Installation, leader: Pod, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    before = at.data()["ca.crt"]
    async with Pod(at, "b") as second, Pod(at, "c") as third:
        await until(lambda: second.tls.current() and third.tls.current())
        async with calling(Clients(at, [leader, second, third])) as clients:
            await until(lambda: clients.handshakes > 20)
            at.patch(at.secret_path, ROTATE)
            steps: list[int] = []
            while not steps or steps[-1] != 0 or at.data()["ca.crt"] == before:
                if not steps or steps[-1] != leader.board.step:
                    steps.append(leader.board.step)
                await asyncio.sleep(0.02)
            await asyncio.sleep(1.5)  # the API server that hears last has heard of it
    figure("handshakes", clients.handshakes)
    assert clients.failures == []
    assert clients.handshakes > 300
    assert [step for step in steps if step] == [1, 2]
    carried = {bundle for _, seen in clients.bundles for bundle in seen}
    assert len(carried) == 3  # the old one, both, the new one
    assert leader.board.counts == {}
    assert "PRIVATE KEY" not in caplog.text + repr([it.__dict__ for it in caplog.records])


async def test_a_leader_that_is_lost_midway_leaves_a_rotation_to_the_next(
    at: Installation, leader: Pod
) -> None:
    before = at.data()["ca.crt"]
    async with Pod(at, "b") as second, calling(Clients(at, [leader, second])) as clients:
        await until(lambda: second.tls.current() is not None)
        clients.failures.clear()
        at.patch(at.secret_path, ROTATE)
        for one, other in ((leader, second), (second, leader), (leader, second)):
            await until(partial(is_rotating, one))
            await asyncio.sleep(1)
            await one.follow_only()
            await other.lead()
        await until(lambda: good(at) and at.data()["ca.crt"] != before, seconds=30)
        await asyncio.sleep(1.2)
    assert clients.failures == []
    assert leader.board.counts == second.board.counts == {}


async def test_two_leaders_at_once_do_no_harm(at: Installation) -> None:
    async with Pod(at, "a") as first, Pod(at, "b") as second:
        await first.lead()
        await second.lead()
        await until(lambda: good(at) and first.tls.current() and second.tls.current())
        await asyncio.sleep(0.5)
        made = at.data()
        assert good(at)
        async with calling(Clients(at, [first, second])) as clients:
            await until(lambda: clients.handshakes > 10)
            at.patch(at.secret_path, ROTATE)
            await until(lambda: good(at) and at.data()["ca.crt"] != made["ca.crt"], seconds=30)
            at.plane.api("DELETE", at.secret_path)
            await until(lambda: good(at))
            await asyncio.sleep(1.2)
        assert clients.failures == []
        assert first.board.failures == second.board.failures == 0
        # Three steps, and nobody took one twice: first CA, both published, switched, dropped.
        assert at.secret()["metadata"]["annotations"] == {"secrets.noxus.ai/generation": "4"}


async def test_an_api_server_that_is_away_disturbs_no_handshake(
    at: Installation, leader: Pod, caplog: pytest.LogCaptureFixture
) -> None:
    host, clients = at.plane, Clients(at, [leader], late=(0.0,))
    bundle = next(iter(at.bundles()))
    await asyncio.to_thread(host.stop_apiserver)
    try:
        for _ in range(50):
            await clients._shake(bundle, leader)
            await asyncio.sleep(0.02)
    finally:
        await asyncio.to_thread(host.start_apiserver)
    assert clients.failures == []
    host.api("DELETE", at.secret_path)
    took = await until(lambda: good(at), seconds=20)
    figure("Secret back after the API server's return, s", took)
    assert leader.board.counts == {"secret": 1}
    assert "PRIVATE KEY" not in caplog.text


async def test_a_clock_that_is_a_day_off_changes_nothing(at: Installation, leader: Pod) -> None:
    before = at.data()
    for days in (1, -1, 0):
        leader.skew = timedelta(days=days)
        await leader.certificates.look()
        assert at.data() == before
    assert good(at)


async def test_who_starts_without_the_secret_goes_on_trusting_what_is_served(
    at: Installation, leader: Pod
) -> None:
    """The Secret is lost while nobody leads; the next leader has just started and knows nothing."""
    async with Pod(at, "b") as other, calling(Clients(at, [other])) as clients:
        await until(lambda: other.tls.current() is not None)
        await leader.follow_only()
        clients.failures.clear()
        at.plane.api("DELETE", at.secret_path)
        async with Pod(at, "c") as fresh:
            await fresh.lead()
            await until(lambda: at.data().get("previous-ca.crt"))
            await until(lambda: good(at), seconds=30)
            await asyncio.sleep(1.2)
            assert fresh.board.counts == {}
    assert clients.failures == []
    cas = x509.load_pem_x509_certificates(base64.b64decode(next(iter(at.bundles()))))
    assert len(cas) == 1


async def test_another_way_of_having_certificates_is_taken_over_without_a_failing_handshake(
    at: Installation,
) -> None:
    """Their CA's key is not in the Secret, as with cert-manager: that begins a rotation."""
    now = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    theirs = create_authority(key=key, serial=1, at=now)
    names = service_names(SERVICE, at.namespace, dns=["another.example"])
    leaf = issue_leaf(theirs, names=names, key=key, serial=2, at=now)
    ca = certificate_pem(theirs.certificate)
    parts = {"ca.crt": ca, "tls.crt": certificate_pem(leaf), "tls.key": key_pem(key)}
    data = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    at.replace_secret({"type": "kubernetes.io/tls", "data": data, "metadata": {"name": SECRET}})
    for kind in KINDS:
        entries = at.configuration(kind)["webhooks"]
        for entry in entries:
            entry["clientConfig"]["caBundle"] = data["ca.crt"]
        at.patch(at.configuration_path(kind), {"webhooks": entries})
    async with Pod(at, "a") as pod, Pod(at, "b") as other:
        await until(lambda: pod.tls.current() and other.tls.current())
        async with calling(Clients(at, [pod, other])) as clients:
            await pod.lead()
            await until(lambda: at.data()["ca.crt"] != ca and good(at), seconds=30)
            await asyncio.sleep(1)
        assert clients.failures == []
        assert clients.handshakes > 100
        assert pod.board.counts == {}
