"""What the webhook costs beside others that do the same; see README.md."""
