"""The HTTPS server of the two hooks, and the plain one of health and metrics."""
