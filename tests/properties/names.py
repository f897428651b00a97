"""The few names that policies and pods are made of, so that they collide all the time.

No name is contained in another, nor in a sentence of the webhook by accident: the tests look for
them in messages.
"""

from typing import Final

NAMESPACES: Final = ("noxus", "noxus-eu", "elsewhere")
ACCOUNTS: Final = ("default", "noxus-worker", "noxus-api")
ROLES: Final = ("worker", "backend", "frontend", "plugin-server", "sandbox", "indexer")
SCOPES: Final = ("amber", "blue", "crimson", "denim", "emerald", "fuchsia")
SCOPE_SECRETS: Final = ("app-env", "queue-env", "llm-keys", "mail-keys", "plugin-keys")
POOLS: Final = ("tenant-a", "tenant-b", "tenant-c", "default")
POOL_SECRETS: Final = ("pool-a-keys", "pool-b-keys", "pool-c-keys")
OWN_SECRETS: Final = ("own-one", "own-two")
SECRETS: Final = SCOPE_SECRETS + POOL_SECRETS + OWN_SECRETS
CONFIG_MAPS: Final = ("cm-app", "cm-flags", "cm-own")
PREFIXES: Final = ("", "", "", "LLM_", "X_")
KEYS: Final = ("TOKEN", "URL", "USER")
SCOPE_VARIABLES: Final = ("PLUGIN_API_KEY", "MAIL_TOKEN", "TOKEN")
OWN_VARIABLES: Final = ("LOG_LEVEL", "URL", "WORKER_SUBSCRIBE")
CONTAINERS: Final = ("api", "worker", "plugin-a", "migrate", "istio-proxy", "side-car")
CONTAINER_GLOBS: Final = (["api"], ["plugin-*", "wor?er"], ["*"], ["api", "debug*"])
CANARY: Final = "CANARY-8c1e"  # stands for the value of a variable: it must never come out again
