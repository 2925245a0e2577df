"""The vault's front desk: accounts, transfers and entries; points always come from somewhere and go somewhere."""

from app.ledger.chart import MEMBER_KINDS, AccountKind, TransferKind
from app.ledger.models import Account, Entry, Transfer
from app.ledger.post import BALANCE_MAX, POINTS_MAX, Leg, Place, allowance, balance, entries, issuance, post, wallet, want

__all__ = [
    "BALANCE_MAX",
    "MEMBER_KINDS",
    "POINTS_MAX",
    "Account",
    "AccountKind",
    "Entry",
    "Leg",
    "Place",
    "Transfer",
    "TransferKind",
    "allowance",
    "balance",
    "entries",
    "issuance",
    "post",
    "wallet",
    "want",
]
