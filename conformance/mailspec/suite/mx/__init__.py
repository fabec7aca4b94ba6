"""Checks of outgoing mail: DNS, MX hosts, queue and bounces."""
