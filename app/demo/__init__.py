"""The front desk of the demo: Farola, a company with a year of thanks, ready at the first start."""

from app.core.settings import Settings


def run(settings: Settings) -> None:
    """Makes what is missing, says who is who, and serves until told to stop."""
    from app.demo import start  # Whoever asks only for the demo's files need not wait for the whole house.

    start.run(settings)


__all__ = ["run"]
