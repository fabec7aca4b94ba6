"""Several servers with one fake DNS in one process, for people who want to see mail travel."""
