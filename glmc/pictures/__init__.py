"""Patterns as pictures: in a terminal, as PNG and SVG, in notebooks. Nothing here prints or touches the disk."""
