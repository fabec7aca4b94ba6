"""Blocking clients that record every octet and judge the grammar of every reply."""
