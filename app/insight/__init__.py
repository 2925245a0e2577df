"""The insight room's front desk: rollups of the feed, and what they answer."""

from app.insight import reads
from app.insight.models import Movement, Part, Standing
from app.insight.project import ROLLUPS, InsightReader, catch_up, rebuild
from app.insight.reads import READER, Bucket, Days
from app.insight.roster import Roster, read_roster
from app.insight.rules import GROUP_MEMBERS_MIN, gini, share, withheld
from app.insight.tally import Tally

__all__ = [
    "GROUP_MEMBERS_MIN",
    "READER",
    "ROLLUPS",
    "Bucket",
    "Days",
    "InsightReader",
    "Movement",
    "Part",
    "Roster",
    "Standing",
    "Tally",
    "catch_up",
    "gini",
    "read_roster",
    "reads",
    "rebuild",
    "share",
    "withheld",
]
