"""Into the cluster and out of it: files of variables, and the pools of the Helm values."""
