"""The command line: one file a command. It reads flags and files and builds the rest."""
