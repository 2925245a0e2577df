"""The chart of accounts: where points may stand, and for what reasons they move."""

from enum import StrEnum


class AccountKind(StrEnum):
    """A place where points stand."""

    ISSUANCE = "issuance"
    """One per organization; minus everything issued and not returned. The only one that may go below zero."""
    ALLOWANCE = "allowance"
    """One per member: points to give in this period."""
    WALLET = "wallet"
    """One per member: points received, to spend."""
    ESCROW = "escrow"
    """One per organization: held for redemptions that are not fulfilled yet."""
    REDEEMED = "redeemed"
    """One per organization: spent for good."""


MEMBER_KINDS = frozenset({AccountKind.ALLOWANCE, AccountKind.WALLET})


class TransferKind(StrEnum):
    """Why points moved; the contract's `TransferKind`."""

    ALLOWANCE_ISSUE = "ALLOWANCE_ISSUE"
    """Points to give, issued at the beginning of a period."""
    ALLOWANCE_TOP_UP = "ALLOWANCE_TOP_UP"
    """Points to give, added within a period."""
    ALLOWANCE_EXPIRY = "ALLOWANCE_EXPIRY"
    """Points to give that nobody gave, taken back at the end of a period."""
    RECOGNITION = "RECOGNITION"
    """Given in a recognition."""
    BOOST = "BOOST"
    """Added to a recognition by somebody else."""
    REVERSAL = "REVERSAL"
    """Mirrors an earlier transfer that was taken back."""
    REDEMPTION = "REDEMPTION"
    """Held for a reward."""
    REDEMPTION_RETURN = "REDEMPTION_RETURN"
    """Returned, as a redemption came to nothing."""
    FULFILMENT = "FULFILMENT"
    """Spent for good: the reward was delivered."""
    ADJUSTMENT = "ADJUSTMENT"
    """Put in or taken out by an admin."""
    AWARD = "AWARD"
    """Put in by the house, on an occasion."""
    IMPORT = "IMPORT"
    """Brought in with another system's history."""
