"""The small kube-proxy of the drills does what the drills rely on."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.drills.pod import Delayed
from tests.drills.service import ServiceProxy

HOST = "127.0.0.1"


class Echo:
    """A pod that says back what it is told, with its own name before it."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        self._socket = socket.create_server((HOST, 0))
        self.address = self._socket.getsockname()
        self.held: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed alone, it would be accepted from once more
            self._socket.shutdown(socket.SHUT_RDWR)
        for it in (self._socket, *self.held):
            it.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.held.append(connection)
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection: socket.socket) -> None:
        while said := connection.recv(1000):
            connection.sendall(self._name + said)


class Scene:
    def __init__(self) -> None:
        self.one, self.two = Echo(b"one:"), Echo(b"two:")
        self.ready: list[tuple[str, int]] = []
        with socket.socket() as free:
            free.bind((HOST, 0))
            address = free.getsockname()
        self.service = ServiceProxy(address, lambda: self.ready)

    def dial(self) -> socket.socket:
        return socket.create_connection(self.service.address, timeout=5)

    def dial_soon(self) -> socket.socket:
        """Dial until the port is open."""
        end = time.monotonic() + 5
        while True:
            try:
                return self.dial()
            except ConnectionRefusedError:
                assert time.monotonic() < end
                time.sleep(0.01)


@pytest.fixture
def scene() -> Iterator[Scene]:
    it = Scene()
    with it.service:
        yield it
    it.one.close()
    it.two.close()


def test_without_a_ready_pod_a_client_is_refused_at_once(scene: Scene) -> None:
    with pytest.raises(ConnectionRefusedError):
        scene.dial()


def test_a_connection_leads_to_a_ready_pod_and_stays_there(scene: Scene) -> None:
    scene.ready = [scene.one.address]
    with scene.dial_soon() as client:
        client.sendall(b"a")
        first = client.recv(1000)
        scene.ready = [scene.two.address]
        client.sendall(b"b")
        second = client.recv(1000)
    with scene.dial() as other:
        other.sendall(b"c")
        third = other.recv(1000)

    assert (first, second, third) == (b"one:a", b"one:b", b"two:c")


def test_connections_spread_over_all_ready_pods(scene: Scene) -> None:
    scene.ready = [scene.one.address, scene.two.address]
    for _ in range(40):  # that all go to one of two happens once in 2**39 runs
        with scene.dial_soon() as client:
            client.sendall(b"a")
            client.recv(1000)

    assert sum(scene.service.made.values()) == 40
    assert set(scene.service.made) == {scene.one.address, scene.two.address}


def test_a_pod_that_has_died_resets_its_new_connections(scene: Scene) -> None:
    scene.ready = [scene.one.address]
    scene.one.close()

    with scene.dial_soon() as client, pytest.raises(ConnectionResetError):
        client.recv(1000)


def test_the_end_of_a_pods_connection_is_the_end_of_its_clients(scene: Scene) -> None:
    scene.ready = [scene.one.address]
    with scene.dial_soon() as client:
        client.sendall(b"a")
        client.recv(1000)
        scene.one.held[0].shutdown(socket.SHUT_RDWR)

        assert client.recv(1000) == b""


def test_when_the_last_pod_goes_clients_are_refused_again(scene: Scene) -> None:
    scene.ready = [scene.one.address]
    scene.dial_soon().close()
    scene.ready = []
    end = time.monotonic() + 5

    def refused() -> bool:
        try:
            scene.dial().close()
        except (ConnectionRefusedError, ConnectionResetError):
            return True
        return False

    while not refused():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_others_see_a_change_after_the_lag_only() -> None:
    ready = Delayed(lag=0.2)
    ready.set(value=True)
    before = ready.seen()
    time.sleep(0.3)

    assert (ready.value, before, ready.seen()) == (True, False, True)
