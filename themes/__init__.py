"""Structure and palettes, as data."""
