"""What a policy means for all that is there: objects in, a report out. No I/O, no clock."""
