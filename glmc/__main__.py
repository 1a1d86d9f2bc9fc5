"""``python -m glmc``."""

from glmc.cli import main

main()
