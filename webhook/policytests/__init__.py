"""Unit tests for policies: what a case says, what becomes of its object, and what differs."""
