"""The stone everything stands on: an append-only hash chain of what happened, in order, for ever."""

from app.audit.chain import AuditChain, canonical, remark, salted, sha256, subject
from app.audit.models import AuditEvent, ChainHead, Receipt, Remark
from app.audit.receipts import checked_key, recall, remember
from app.audit.receipts import want as receipt_want

__all__ = [
    "AuditChain",
    "AuditEvent",
    "ChainHead",
    "Receipt",
    "Remark",
    "canonical",
    "checked_key",
    "recall",
    "receipt_want",
    "remark",
    "remember",
    "salted",
    "sha256",
    "subject",
]
