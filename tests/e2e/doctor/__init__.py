"""`doctor` on a real installation."""
