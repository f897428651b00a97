"""External Secrets Operator manifests for what a policy names. Pure: no value is ever at hand."""
