"""Measurements of built packages; see `run` and `selftests`. Needs torch and triton, not glmc."""
