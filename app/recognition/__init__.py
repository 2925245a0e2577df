"""The recognition room's front desk: giving, boosting, taking back, talking about it, and the policy that judges."""

from app.recognition import reads, standings
from app.recognition.adjust import Adjusted, AdjustPoints
from app.recognition.archive import archive, archive_size
from app.recognition.boost import BoostRecognition
from app.recognition.case import Wish, person_of
from app.recognition.give import CheckGiving, Given, GiveRecognition, GivingCheck
from app.recognition.history import EXTERNAL_ID_CHARS_MAX, ImportRecognition, check_history
from app.recognition.models import (
    Boost,
    Comment,
    GivingPolicyNow,
    GivingPolicyVersion,
    Grant,
    Origin,
    Reaction,
    Recognition,
    RecognitionGroup,
    RecognitionValue,
    Visibility,
)
from app.recognition.policy import SetGivingPolicy, found
from app.recognition.revoke import RevokeBoost, Revoked, RevokeRecognition
from app.recognition.rules import Case, LeftOut, Verdict, may_give, receives
from app.recognition.sight import may_read_message, may_see
from app.recognition.talk import CommentOnRecognition, DeleteComment, HideRecognition, ReactToRecognition
from app.recognition.terms import Effect, GivingLimits, GivingPolicy, GivingRule, Person, ValueRequirement, parse

__all__ = [
    "EXTERNAL_ID_CHARS_MAX",
    "AdjustPoints",
    "Adjusted",
    "Boost",
    "BoostRecognition",
    "Case",
    "CheckGiving",
    "Comment",
    "CommentOnRecognition",
    "DeleteComment",
    "Effect",
    "GiveRecognition",
    "Given",
    "GivingCheck",
    "GivingLimits",
    "GivingPolicy",
    "GivingPolicyNow",
    "GivingPolicyVersion",
    "GivingRule",
    "Grant",
    "HideRecognition",
    "ImportRecognition",
    "LeftOut",
    "Origin",
    "Person",
    "ReactToRecognition",
    "Reaction",
    "Recognition",
    "RecognitionGroup",
    "RecognitionValue",
    "RevokeBoost",
    "RevokeRecognition",
    "Revoked",
    "SetGivingPolicy",
    "ValueRequirement",
    "Verdict",
    "Visibility",
    "Wish",
    "archive",
    "archive_size",
    "check_history",
    "found",
    "may_give",
    "may_read_message",
    "may_see",
    "parse",
    "person_of",
    "reads",
    "receives",
    "standings",
]
