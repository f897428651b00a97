"""The example pods, applied as anybody would."""

from tests.e2e.world import Namespace, frontend, sources, worker


def test_a_frontend_gets_the_shared_secret(namespace: Namespace) -> None:
    assert sources(namespace.created(frontend())) == {"app": ["app-env"]}


def test_a_worker_of_a_pool_gets_the_secret_of_its_pool_last(namespace: Namespace) -> None:
    stored = namespace.created(worker())
    assert sources(stored) == {"app": ["app-env", "worker-env", "tenant-a-llm"]}
