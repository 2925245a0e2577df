"""The recognition room's front desk: giving, boosting, taking back, talking about it, and the policy that judges."""

from app.recognition.adjust import Adjusted, AdjustPoints
from app.recognition.boost import BoostRecognition
from app.recognition.case import Wish, person_of
from app.recognition.give import CheckGiving, Given, GiveRecognition, GivingCheck
from app.recognition.history import ImportRecognition
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
from app.recognition.revoke import Revoked, RevokeBoost, RevokeRecognition
from app.recognition.rules import (
    Case,
    Effect,
    GivingLimits,
    GivingPolicy,
    GivingRule,
    LeftOut,
    Person,
    ValueRequirement,
    Verdict,
    parse,
    receives,
)
from app.recognition.sight import may_read_message, may_see
from app.recognition.talk import CommentOnRecognition, DeleteComment, HideRecognition, ReactToRecognition

__all__ = [
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
    "Given",
    "GiveRecognition",
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
    "found",
    "may_read_message",
    "may_see",
    "parse",
    "person_of",
    "receives",
]
