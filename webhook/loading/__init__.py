"""From policy files to a `PolicySet`, with messages that give file, line, field and the way out."""
