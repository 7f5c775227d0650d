"""`python -m eslsync`."""

from .command_line.main import main

main(prog_name="eslsync")
