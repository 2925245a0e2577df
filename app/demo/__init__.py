"""The front desk of the demo: Farola, a company with a year of thanks, ready at the first start."""

from app.demo.start import run

__all__ = ["run"]
