"""Policy -> objects of the API server's own: the same promise in CEL, which needs no webhook."""
