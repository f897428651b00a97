"""The one place that talks to the API server; nothing here is on the path of a request."""
