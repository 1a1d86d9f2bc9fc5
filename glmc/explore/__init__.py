"""Search: families of row sets → candidates → measured points → the best trade-offs (docs/explore.md)."""
