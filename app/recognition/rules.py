"""Who may give what to whom: every rule in the order of judging. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.core.errors import Code, Refusal
from app.ledger import POINTS_MAX
from app.organization import GIVING_MODES, RECEIVING_MODES, MemberStatus
from app.recognition.terms import MESSAGE_CHARS_MAX, RECIPIENTS_MAX, Effect, GivingPolicy, Person, ValueRequirement


class Tally(NamedTuple):
    """What was given in the current period before this."""

    pair_points: int
    pair_recognitions: int
    received_points: int


NOTHING_YET = Tally(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that giving is judged by."""

    policy: GivingPolicy
    giver: Person
    recipients: tuple[Person, ...]
    points_each: int
    remaining: int
    """Points left in the giver's allowance."""
    period_end: datetime
    recipients_field: str = "recipientIds"
    """The input that names the recipients."""
    remaining_next: int = 0
    """Points that the next period will begin with; known where those left do not suffice."""
    tallies: Mapping[UUID, Tally] = field(default_factory=dict)
    message: str | None = None
    """None: not looked at."""
    has_hashtag: bool = False
    has_value: bool = False
    typed: bool = True
    """Whether the message is the giver's own: what a door wrote in its place is exempt from the least length."""
    is_boost: bool = False
    sees_numbers: bool = False
    """Whether whoever asks may see numbers about someone else."""

    @property
    def cost(self) -> int:
        """Points that it takes from the giver's allowance."""
        return self.points_each * len(self.recipients)

    @property
    def period_ends(self) -> str:
        """When the period ends, for people to read."""
        return f"{self.period_end:%Y-%m-%d %H:%M} UTC"

    def tally(self, recipient: Person) -> Tally:
        """What this recipient got before."""
        return self.tallies.get(recipient.id, NOTHING_YET)

    def most(self, number: Callable[[Tally], int]) -> int:
        """The largest such number among the recipients."""
        return max((number(self.tally(recipient)) for recipient in self.recipients), default=0)


Judgement = Refusal | None


def _paused(case: Case) -> Judgement:
    if case.policy.paused:
        return Refusal(Code.GIVING_PAUSED, "Giving is paused in your organization. Try again when an admin has switched it on.")
    return None


def _giver_status(case: Case) -> Judgement:
    if case.giver.status is not MemberStatus.ACTIVE:
        return Refusal(Code.GIVER_NOT_ALLOWED, "Only active members give. Ask an admin to activate the account.")
    return None


def _giver_mode(case: Case) -> Judgement:
    if case.giver.mode not in GIVING_MODES:
        return Refusal(Code.GIVER_NOT_ALLOWED, f"The participation mode {case.giver.mode} does not give. An admin can change it.")
    return None


def _self(case: Case) -> Judgement:
    if any(recipient.id == case.giver.id for recipient in case.recipients):
        return Refusal(Code.SELF_RECOGNITION, "Nobody gives to themselves. Choose someone else.", case.recipients_field)
    return None


def _status(case: Case, recipient: Person) -> Judgement:
    if recipient.status is MemberStatus.DEACTIVATED:
        return Refusal(Code.RECIPIENT_INACTIVE, f"{recipient.name} has left and cannot receive.", case.recipients_field)
    return None


def _mode(case: Case, recipient: Person) -> Judgement:
    if recipient.mode not in RECEIVING_MODES:
        return Refusal(Code.RECIPIENT_NOT_ALLOWED, f"{recipient.name} does not take part in receiving.", case.recipients_field)
    return None


def _deny(case: Case, recipient: Person) -> Judgement:
    for rule in case.policy.rules:
        if rule.effect is Effect.DENY and rule.matches(case.giver, recipient):
            return Refusal(
                Code.RECIPIENT_NOT_ALLOWED,
                f"A rule of your organization keeps you from giving to {recipient.name}.",
                case.recipients_field,
            )
    return None


def _allow(case: Case, recipient: Person) -> Judgement:
    if not case.policy.has_allow_rules:
        return None
    if any(rule.effect is Effect.ALLOW and rule.matches(case.giver, recipient) for rule in case.policy.rules):
        return None
    return Refusal(
        Code.RECIPIENT_NOT_ALLOWED, f"No rule of your organization lets you give to {recipient.name}.", case.recipients_field
    )


_PAIR = (("recipient_status", _status), ("recipient_mode", _mode), ("deny", _deny), ("allow", _allow))


def _points_each_max(case: Case) -> Judgement:
    lowest, most = (1 if case.is_boost else 0), case.policy.limits.points_per_recognition_max
    if not lowest <= case.points_each <= POINTS_MAX:
        return Refusal(Code.INVALID_POINTS, f"Between {lowest} and {POINTS_MAX} points, please.", "pointsEach")
    if most is not None and case.points_each > most:
        return Refusal(Code.LIMIT_EXCEEDED, f"At most {most} points to each person at once. Give fewer.", "pointsEach")
    return None


def _recipients_max(case: Case) -> Judgement:
    most = min(case.policy.limits.recipients_max, RECIPIENTS_MAX)
    if not case.recipients and case.is_boost:
        return Refusal(Code.NO_RECIPIENTS, "None of its recipients can receive from you now.", case.recipients_field)
    if not case.recipients:
        message = "There is nobody to give to. Name at least one person who can receive."
        return Refusal(Code.NO_RECIPIENTS, message, case.recipients_field)
    if len(case.recipients) > most and not case.is_boost:
        message = f"At most {most} people at once; these are {len(case.recipients)}. Name fewer."
        return Refusal(Code.TOO_MANY_RECIPIENTS, message, case.recipients_field)
    return None


def _pair_points(case: Case) -> Judgement:
    most = case.policy.limits.pair_points_max
    if most is None:
        return None
    for recipient in case.recipients:
        before = case.tally(recipient).pair_points
        if case.points_each and before + case.points_each > most:
            message = f"At most {most} points to one person per period; {recipient.name} has had {before} from you."
            return _over(case, message, "pointsEach", heals=case.points_each <= most)
    return None


def _pair_recognitions(case: Case) -> Judgement:
    most = case.policy.limits.pair_recognitions_max
    if most is None or case.is_boost:
        return None
    for recipient in case.recipients:
        if case.tally(recipient).pair_recognitions + 1 > most:
            times = "once" if most == 1 else f"{most} times"
            message = f"You can recognise one person {times} per period, and have done so for {recipient.name}."
            return _over(case, message, case.recipients_field, heals=most > 0)
    return None


def _received_points(case: Case) -> Judgement:
    most = case.policy.limits.received_points_max
    if most is None:
        return None
    for recipient in case.recipients:
        before = case.tally(recipient).received_points
        if case.points_each and before + case.points_each > most:
            numbers = f" ({before} of {most} points received)" if case.sees_numbers else ""
            message = f"{recipient.name} cannot receive more until {case.period_ends}{numbers}."
            return _over(case, message, case.recipients_field, heals=case.points_each <= most)
    return None


def _over(case: Case, message: str, field_name: str, *, heals: bool) -> Refusal:
    """Over a limit. `heals`: the same will be within it when the next period begins."""
    return Refusal(Code.LIMIT_EXCEEDED, message, field_name, available_again_at=case.period_end if heals else None)


def _message(case: Case) -> Judgement:
    if case.message is None:
        return None
    chars, least = len(case.message), case.policy.message_chars_min
    if chars < least and case.typed:
        message = f"Say a little more: at least {least} characters; this has {chars}."
        return Refusal(Code.MESSAGE_TOO_SHORT, message, "message")
    if chars > MESSAGE_CHARS_MAX:
        message = f"At most {MESSAGE_CHARS_MAX} characters; this has {chars}. Shorten it."
        return Refusal(Code.MESSAGE_TOO_LONG, message, "message")
    return None


def _value(case: Case) -> Judgement:
    requirement = case.policy.value_requirement
    if case.message is None or requirement is ValueRequirement.OPTIONAL or case.has_value:
        return None
    if requirement is ValueRequirement.VALUE_REQUIRED:
        return Refusal(Code.VALUE_REQUIRED, "Say which company value this is for: put its #hashtag into the message.", "message")
    if not case.has_hashtag:
        return Refusal(Code.HASHTAG_REQUIRED, "Put a #hashtag into the message.", "message")
    return None


def _allowance(case: Case) -> Judgement:
    if case.cost > case.remaining:
        message = f"This costs {case.cost} points, and {case.remaining} are left until {case.period_ends}. Give fewer."
        heals = case.cost <= case.remaining_next
        return Refusal(Code.INSUFFICIENT_ALLOWANCE, message, "pointsEach", available_again_at=case.period_end if heals else None)
    return None


def _each(check: Callable[[Case, Person], Judgement]) -> Callable[[Case], Judgement]:
    def every(case: Case) -> Judgement:
        return next((refusal for recipient in case.recipients if (refusal := check(case, recipient))), None)

    return every


def _limit(most: int | None, sentence: str, seen: int) -> str:
    return "There is no such limit." if most is None else sentence.format(most=most, seen=seen)


def _points_fine(case: Case) -> str:
    sentence = "{seen} of at most {most} points to each person at once."
    return _limit(case.policy.limits.points_per_recognition_max, sentence, case.points_each)


def _pair_points_fine(case: Case) -> str:
    sentence = "At most {most} points from you to one person per period; {seen} so far."
    return _limit(case.policy.limits.pair_points_max, sentence, case.most(lambda tally: tally.pair_points))


def _pair_recognitions_fine(case: Case) -> str:
    sentence = "At most {most} recognitions from you to one person per period; {seen} so far."
    return _limit(case.policy.limits.pair_recognitions_max, sentence, case.most(lambda tally: tally.pair_recognitions))


def _received_fine(case: Case) -> str:
    if not case.sees_numbers:
        return "Nobody here has reached a limit on receiving."
    sentence = "At most {most} points received by one person per period; {seen} so far."
    return _limit(case.policy.limits.received_points_max, sentence, case.most(lambda tally: tally.received_points))


class Rule(NamedTuple):
    """A rule by its name in the contract: what it refuses, and what it says when all is well."""

    name: str
    check: Callable[[Case], Judgement]
    fine: Callable[[Case], str]


RULES = (
    Rule("paused", _paused, lambda case: "Giving is switched on."),
    Rule("giver_status", _giver_status, lambda case: "The giver is an active member."),
    Rule("giver_mode", _giver_mode, lambda case: f"The mode {case.giver.mode} gives."),
    Rule("self", _self, lambda case: "Nobody here gives to themselves."),
    Rule("recipient_status", _each(_status), lambda case: "Nobody here has left."),
    Rule("recipient_mode", _each(_mode), lambda case: "Everybody here takes part in receiving."),
    Rule("deny", _each(_deny), lambda case: "No rule denies it."),
    Rule(
        "allow",
        _each(_allow),
        lambda case: "A rule allows it." if case.policy.has_allow_rules else "No rule is needed to allow it.",
    ),
    Rule("points_each_max", _points_each_max, _points_fine),
    Rule(
        "recipients_max",
        _recipients_max,
        lambda case: f"{len(case.recipients)} of at most {min(case.policy.limits.recipients_max, RECIPIENTS_MAX)} people.",
    ),
    Rule("pair_points", _pair_points, _pair_points_fine),
    Rule("pair_recognitions", _pair_recognitions, _pair_recognitions_fine),
    Rule("received_points", _received_points, _received_fine),
    Rule(
        "message",
        _message,
        lambda case: f"{len(case.message or '')} characters, of {case.policy.message_chars_min} to {MESSAGE_CHARS_MAX}.",
    ),
    Rule(
        "value",
        _value,
        lambda case: (
            "No value is required." if case.policy.value_requirement is ValueRequirement.OPTIONAL else "It says what it is for."
        ),
    ),
    Rule("allowance", _allowance, lambda case: f"It costs {case.cost} of the {case.remaining} points left."),
)
"""In the order of judging."""
MESSAGE_RULES = frozenset({"message", "value"})


def judge(case: Case) -> None:
    """Raises the first refusal, if there is one."""
    for rule in RULES:
        refusal = rule.check(case)
        if refusal is not None:
            refusal.rule = rule.name
            raise refusal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says."""

    rule: str
    allowed: bool
    explanation: str
    code: Code | None = None
    available_again_at: datetime | None = None


def verdicts(case: Case) -> list[Verdict]:
    """What every rule says, in the order of judging; without a message, the rules about it are left out."""
    said = []
    for rule in RULES:
        if case.message is None and rule.name in MESSAGE_RULES:
            continue
        refusal = rule.check(case)
        if refusal is None:
            said.append(Verdict(rule.name, allowed=True, explanation=rule.fine(case)))
        else:
            said.append(Verdict(rule.name, False, refusal.message, refusal.code, refusal.available_again_at))
    return said


def may_give(case: Case) -> bool:
    """Whether the giver may give at all, to whomever."""
    return _paused(case) is None and _giver_status(case) is None and _giver_mode(case) is None


def receives(case: Case, recipient: Person) -> Judgement:
    """Whether this recipient may receive from the giver at all, by status, mode and rules; limits are not looked at."""
    for name, check in _PAIR:
        refusal = check(case, recipient)
        if refusal is not None:
            refusal.rule = name
            return refusal
    return None


class LeftOut(NamedTuple):
    """A member of a group, or a recipient of what is boosted, who gets nothing, and why."""

    member_id: UUID
    refusal: Refusal


def parted(case: Case, people: Iterable[Person]) -> tuple[tuple[Person, ...], tuple[LeftOut, ...]]:
    """Those of the people who may receive, and those who are left out."""
    kept, left_out = [], []
    for person in people:
        refusal = receives(case, person)
        if refusal is None:
            kept.append(person)
        else:
            left_out.append(LeftOut(person.id, refusal))
    return tuple(kept), tuple(left_out)
