"""Noxus secret webhook: gives each Noxus pod the Secrets it is entitled to, in order."""
