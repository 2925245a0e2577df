"""Plaudit: people give each other points with a message; every point is accounted for."""
