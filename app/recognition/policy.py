"""Setting the giving policy: a new version, in force from the next act."""

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from app import organization
from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal
from app.core.texts import clean
from app.db import Draft, Want, row
from app.ledger import POINTS_MAX
from app.recognition.models import GivingPolicyNow, GivingPolicyVersion
from app.recognition.terms import MESSAGE_CHARS_MAX, RECIPIENTS_MAX, GivingPolicy

RULES_MAX = 200
NOTE_CHARS_MAX = 500
UNDO_WINDOW_MINUTES_MAX = 60 * 24 * 366


@dataclass(frozen=True, slots=True)
class SetGivingPolicy:
    """The whole policy at once; `version` guards against changes that somebody else made in between."""

    actor: Actor
    version: int
    policy: GivingPolicy

    stands_alone = True
    """Acts judged by the old policy keep no count of what a new limit would want to know."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield row(GivingPolicyNow, self.actor.organization_id)
        audiences = [audience for rule in self.policy.rules for audience in (rule.giver, rule.recipient)]
        yield from organization.audience_needs(self.actor.organization_id, audiences)

    def decide(self, draft: Draft) -> int:
        """The new version's number."""
        organization.require(draft, Permission.POLICY_EDIT)
        now = draft.get(GivingPolicyNow)
        assert now is not None, "an organization is founded with a policy"
        if self.version != now.version:
            raise Refusal(
                Code.VERSION_CONFLICT, f"The policy has changed to version {now.version}. Read it again first.", "version"
            )
        _check(draft, self.policy)
        version, document = now.version + 1, orjson.dumps(self.policy.document())
        draft.change(now, version=version, document=document)
        draft.add(GivingPolicyVersion, version=version, set_at=draft.now, document=document)
        draft.tell("giving.policy_set", f"giving_policy:{version}", version=version, **self.policy.document(notes=False))
        return version


def found(draft: Draft, policy: GivingPolicy) -> None:
    """The first version."""
    document = orjson.dumps(policy.document())
    draft.add(GivingPolicyNow, version=1, document=document)
    draft.add(GivingPolicyVersion, version=1, set_at=draft.now, document=document)
    draft.tell("giving.policy_set", "giving_policy:1", version=1, **policy.document(notes=False))


def _check(draft: Draft, policy: GivingPolicy) -> None:
    if len(policy.rules) > RULES_MAX:
        raise Refusal(Code.INVALID_INPUT, f"At most {RULES_MAX} rules, please.", "rules")
    for number, rule in enumerate(policy.rules):
        organization.check_audience(draft, rule.giver, "rules", str(number), "giver")
        organization.check_audience(draft, rule.recipient, "rules", str(number), "recipient")
        if rule.note is not None:
            clean(rule.note, "rules", str(number), "note", chars_max=NOTE_CHARS_MAX)
    limits = policy.limits
    _within("limits", "maxRecipients", limits.recipients_max, 1, RECIPIENTS_MAX)
    _within("limits", "maxPointsPerRecognition", limits.points_per_recognition_max, 0, POINTS_MAX)
    _within("limits", "maxPointsToSamePersonPerPeriod", limits.pair_points_max, 0, POINTS_MAX)
    _within("limits", "maxRecognitionsToSamePersonPerPeriod", limits.pair_recognitions_max, 0, POINTS_MAX)
    _within("limits", "maxPointsReceivedPerPeriod", limits.received_points_max, 0, POINTS_MAX)
    _within("", "minMessageLength", policy.message_chars_min, 0, MESSAGE_CHARS_MAX)
    _within("", "undoWindowMinutes", policy.undo_window_minutes, 0, UNDO_WINDOW_MINUTES_MAX)


def _within(group: str, name: str, number: int | None, least: int, most: int) -> None:
    if number is not None and not least <= number <= most:
        raise Refusal(Code.INVALID_INPUT, f"Between {least} and {most}, please.", *filter(None, (group, name)))
