"""How old Secrets are, by their metadata alone, and which pods still run with an older one."""
