"""Doors to outside systems, one folder each: they translate, and own no rules."""
