"""The insight room's front desk: rollups of the feed, and what they answer."""

from app.insight import reads
from app.insight.models import Movement, Part, Standing
from app.insight.outcomes import WARNING, Achieved, Outcome, SetOutcomes, checked_metric, influence, metrics
from app.insight.project import READER, ROLLUPS, InsightReader, catch_up, rebuild
from app.insight.reads import Bucket, Days
from app.insight.roster import Roster, read_roster
from app.insight.rules import GROUP_MEMBERS_MIN, Correlation, gini, rank_correlation, share, withheld
from app.insight.tally import Tally

__all__ = [
    "GROUP_MEMBERS_MIN",
    "READER",
    "ROLLUPS",
    "WARNING",
    "Achieved",
    "Bucket",
    "Correlation",
    "Days",
    "InsightReader",
    "Movement",
    "Outcome",
    "Part",
    "Roster",
    "SetOutcomes",
    "Standing",
    "Tally",
    "catch_up",
    "checked_metric",
    "gini",
    "influence",
    "metrics",
    "rank_correlation",
    "read_roster",
    "reads",
    "rebuild",
    "share",
    "withheld",
]
