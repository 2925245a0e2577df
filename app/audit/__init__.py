"""The stone everything stands on: an append-only hash chain of what happened, in order, for ever."""

from app.audit import feed, letters, reads
from app.audit.chain import AuditChain, canonical, previous_of, remark, salted, sha256, subject
from app.audit.feed import Reader, ReaderStatus
from app.audit.models import AuditEvent, ChainHead, ChainMark, DeadLetter, FeedCursor, Receipt, Remark
from app.audit.receipts import checked_key, recall, remember
from app.audit.receipts import want as receipt_want
from app.audit.verify import ChainReport, Progress, verify, verify_from_mark

__all__ = [
    "AuditChain",
    "AuditEvent",
    "ChainHead",
    "ChainMark",
    "ChainReport",
    "DeadLetter",
    "FeedCursor",
    "Progress",
    "Reader",
    "ReaderStatus",
    "Receipt",
    "Remark",
    "canonical",
    "checked_key",
    "feed",
    "letters",
    "previous_of",
    "reads",
    "recall",
    "receipt_want",
    "remark",
    "remember",
    "salted",
    "sha256",
    "subject",
    "verify",
    "verify_from_mark",
]
