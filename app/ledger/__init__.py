"""The vault's front desk: accounts, transfers and entries; points always come from somewhere and go somewhere."""

from app.ledger import reads
from app.ledger.chart import MEMBER_KINDS, AccountKind, TransferKind
from app.ledger.models import Account, Entry, Transfer
from app.ledger.post import (
    BALANCE_MAX,
    POINTS_MAX,
    Leg,
    Place,
    allowance,
    balance,
    entries,
    escrow,
    issuance,
    post,
    redeemed,
    wallet,
    want,
)
from app.ledger.proofs import LedgerReport, prove

__all__ = [
    "BALANCE_MAX",
    "MEMBER_KINDS",
    "POINTS_MAX",
    "Account",
    "AccountKind",
    "Entry",
    "LedgerReport",
    "Leg",
    "Place",
    "Transfer",
    "TransferKind",
    "allowance",
    "balance",
    "entries",
    "escrow",
    "issuance",
    "post",
    "prove",
    "reads",
    "redeemed",
    "wallet",
    "want",
]
