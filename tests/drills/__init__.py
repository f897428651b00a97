"""Faults under load: our server as its Deployment runs it, behind its Service, as things fail."""
