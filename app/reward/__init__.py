"""The reward room's front desk: the catalog, redeeming, deciding, delivering, and what is to be paid for it."""

from app.reward import reads, reports
from app.reward.catalog import ArchiveReward, CreateReward, UpdateReward
from app.reward.clerk import Clerk
from app.reward.decide import Decide
from app.reward.fulfilment import (
    ByHand,
    Declined,
    Delivered,
    Deliverer,
    FulfilmentReader,
    Manual,
    Order,
    Outcome,
    UnderWay,
    try_again,
)
from app.reward.models import (
    OPEN,
    FulfilmentOrder,
    LineKind,
    Provider,
    Redemption,
    RedemptionStatus,
    Reward,
    RewardKind,
    StatementLine,
    VoucherCode,
    VoucherPool,
)
from app.reward.proofs import RewardReport, prove
from app.reward.redeem import NOTE_CHARS_MAX, Redeemed, RedeemReward
from app.reward.rules import Stage, Verb, stage_of
from app.reward.vouchers import AddCodes, Added, SealedCode, Vouchers

__all__ = [
    "NOTE_CHARS_MAX",
    "OPEN",
    "AddCodes",
    "Added",
    "ArchiveReward",
    "ByHand",
    "Clerk",
    "CreateReward",
    "Decide",
    "Declined",
    "Delivered",
    "Deliverer",
    "FulfilmentOrder",
    "FulfilmentReader",
    "LineKind",
    "Manual",
    "Order",
    "Outcome",
    "Provider",
    "RedeemReward",
    "Redeemed",
    "Redemption",
    "RedemptionStatus",
    "Reward",
    "RewardKind",
    "RewardReport",
    "SealedCode",
    "Stage",
    "StatementLine",
    "UnderWay",
    "UpdateReward",
    "Verb",
    "VoucherCode",
    "VoucherPool",
    "Vouchers",
    "prove",
    "reads",
    "reports",
    "stage_of",
    "try_again",
]
