"""The allowance hall's front desk: how much may be given, per period, and what is due when one turns."""

from app.allowance import reads
from app.allowance.calendar import Period, bounds
from app.allowance.issue import Allowance, BringUpToDate, add_to, current, expect, needs, next_points, period
from app.allowance.models import AllowancePolicyVersion, AllowanceStanding
from app.allowance.policy import Changes, Followed, SetAllowancePolicy, TopUpAllowance, found
from app.allowance.rules import AllowanceEffect, AllowancePolicy, AllowanceRule, Span, parse

__all__ = [
    "Allowance",
    "AllowanceEffect",
    "AllowancePolicy",
    "AllowancePolicyVersion",
    "AllowanceRule",
    "AllowanceStanding",
    "BringUpToDate",
    "Changes",
    "Followed",
    "Period",
    "SetAllowancePolicy",
    "Span",
    "TopUpAllowance",
    "add_to",
    "bounds",
    "current",
    "expect",
    "found",
    "needs",
    "next_points",
    "parse",
    "period",
    "reads",
]
