"""The variables that Noxus documents, as data, and what is wrong with Secrets that hold them."""
