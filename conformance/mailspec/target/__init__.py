"""The target: its profile, what it offers, the accounts and what may be done to them."""
