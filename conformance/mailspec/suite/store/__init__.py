"""Checks of the mail store."""
