"""What must be true of a cluster for the promise to hold. Pure: what was read in, findings out."""
