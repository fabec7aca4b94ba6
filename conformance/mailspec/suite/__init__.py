"""The suite: every check, by area; `conftest.py` and `fixtures/` hold the protocol states they start from."""
