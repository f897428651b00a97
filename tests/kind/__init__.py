"""Our image in a real cluster: kind, or any other by KUBECONFIG_E2E. See README.md."""
