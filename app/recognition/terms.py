"""The giving policy as an organization sets it: its rules, limits and terms. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from app.organization import Audience, MemberStatus, ParticipationMode

RECIPIENTS_MAX = 500
"""People in one recognition, whatever the policy says."""
RECIPIENTS_MAX_DEFAULT = 50
MESSAGE_CHARS_MAX = 2_000
MESSAGE_CHARS_MIN_DEFAULT = 10
UNDO_WINDOW_MINUTES_DEFAULT = 24 * 60


class Effect(StrEnum):
    """What a giving rule says about the pairs it matches."""

    ALLOW = "ALLOW"
    """These pairs may give; once there is such a rule, pairs that match none may not."""
    DENY = "DENY"
    """These pairs may not give, whatever else allows them to."""


class ValueRequirement(StrEnum):
    """What a message must carry."""

    OPTIONAL = "OPTIONAL"
    """Nothing."""
    HASHTAG_REQUIRED = "HASHTAG_REQUIRED"
    """Any #word counts."""
    VALUE_REQUIRED = "VALUE_REQUIRED"
    """A company value, by hashtag or id."""


@dataclass(frozen=True, slots=True)
class GivingRule:
    """Allows or denies giving from one audience to another."""

    effect: Effect
    giver: Audience
    recipient: Audience
    note: str | None = None

    def matches(self, giver: "Person", recipient: "Person") -> bool:
        """Whether it speaks about this pair."""
        return self.giver.includes(giver.id, giver.group_ids) and self.recipient.includes(recipient.id, recipient.group_ids)


@dataclass(frozen=True, slots=True)
class GivingLimits:
    """Bounds on giving; None is no bound. The period is the allowance period."""

    points_per_recognition_max: int | None = None
    recipients_max: int = RECIPIENTS_MAX_DEFAULT
    pair_points_max: int | None = None
    pair_recognitions_max: int | None = None
    received_points_max: int | None = None

    @property
    def need_tallies(self) -> bool:
        """Whether what was given before matters."""
        return not (self.pair_points_max is None and self.pair_recognitions_max is None and self.received_points_max is None)


@dataclass(frozen=True, slots=True)
class GivingPolicy:
    """Who may give what to whom."""

    paused: bool = False
    rules: tuple[GivingRule, ...] = ()
    limits: GivingLimits = field(default_factory=GivingLimits)
    value_requirement: ValueRequirement = ValueRequirement.OPTIONAL
    message_chars_min: int = MESSAGE_CHARS_MIN_DEFAULT
    undo_window_minutes: int = UNDO_WINDOW_MINUTES_DEFAULT

    @property
    def has_allow_rules(self) -> bool:
        """With any ALLOW rule, a pair must match one."""
        return any(rule.effect is Effect.ALLOW for rule in self.rules)

    def document(self, *, notes: bool = True) -> dict[str, Any]:
        """As JSON; without the notes, which are free text, for the audit trail."""
        return {
            "paused": self.paused,
            "rules": [
                {"effect": rule.effect, "giver": rule.giver.document(), "recipient": rule.recipient.document()}
                | ({"note": rule.note} if notes else {})
                for rule in self.rules
            ],
            "limits": {
                "points_per_recognition_max": self.limits.points_per_recognition_max,
                "recipients_max": self.limits.recipients_max,
                "pair_points_max": self.limits.pair_points_max,
                "pair_recognitions_max": self.limits.pair_recognitions_max,
                "received_points_max": self.limits.received_points_max,
            },
            "value_requirement": self.value_requirement,
            "message_chars_min": self.message_chars_min,
            "undo_window_minutes": self.undo_window_minutes,
        }


@lru_cache(maxsize=1024)
def parse(document: bytes) -> GivingPolicy:
    """The policy from its document. Cached by content, so that a draft that is dropped cannot poison it."""
    content = orjson.loads(document)
    rules = tuple(
        GivingRule(Effect(rule["effect"]), Audience.of(rule["giver"]), Audience.of(rule["recipient"]), rule["note"])
        for rule in content["rules"]
    )
    return GivingPolicy(
        content["paused"],
        rules,
        GivingLimits(**content["limits"]),
        ValueRequirement(content["value_requirement"]),
        content["message_chars_min"],
        content["undo_window_minutes"],
    )


@dataclass(frozen=True, slots=True)
class Person:
    """A member as the rules see it."""

    id: UUID
    name: str
    ordinal: int
    status: MemberStatus
    mode: ParticipationMode
    group_ids: frozenset[UUID]
