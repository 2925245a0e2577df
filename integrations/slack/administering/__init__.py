"""The front desk of administering: everything that admins press and fill in."""

from integrations.slack.administering.takes import ONLY_ADMINS, Administering

__all__ = ["ONLY_ADMINS", "Administering"]
