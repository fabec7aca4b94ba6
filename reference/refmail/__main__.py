"""`python -m refmail`."""

from refmail.cli import main

if __name__ == "__main__":
    main(prog_name="refmail")
