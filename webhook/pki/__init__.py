"""A small certificate authority for the webhook. Every time, key and serial is an argument."""
