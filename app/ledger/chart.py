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
    ALLOWANCE_TOP_UP = "ALLOWANCE_TOP_UP"
    ALLOWANCE_EXPIRY = "ALLOWANCE_EXPIRY"
    RECOGNITION = "RECOGNITION"
    BOOST = "BOOST"
    REVERSAL = "REVERSAL"
    REDEMPTION = "REDEMPTION"
    REDEMPTION_RETURN = "REDEMPTION_RETURN"
    FULFILMENT = "FULFILMENT"
    ADJUSTMENT = "ADJUSTMENT"
    AWARD = "AWARD"
    IMPORT = "IMPORT"
