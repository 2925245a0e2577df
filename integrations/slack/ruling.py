"""Ruling: a rule as an admin says it in Slack stands for rules of two policies or one person's mode, set by one act."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app import allowance, audit, organization, recognition
from app.allowance import AllowanceEffect, AllowancePolicy, AllowancePolicyVersion, AllowanceRule
from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal
from app.db import Act, Draft, Want, row, rows
from app.organization import EVERYONE, Audience, MemberStatus, Organization, ParticipationMode
from app.recognition import Case, Effect, GivingPolicy, GivingPolicyNow, GivingRule, Person, SetGivingPolicy

VERB = "slackRule"
STEPS_MAX = 3_000_000
"""Pairs of people times rules that are gone through to foresee what changes: about a second."""
PER = {period: f"a {period.lower()}" for period in allowance.Period}
PHRASES = (
    "can no longer give",
    "can give now",
    "can no longer receive",
    "can receive now",
    "can give to fewer people",
    "can give to more people",
    "can give to other people",
)
"""What a rule can change for somebody, in the order in which it is told."""
MODES = {
    (True, True): ParticipationMode.NORMAL,
    (True, False): ParticipationMode.GIVER,
    (False, True): ParticipationMode.RECEIVER,
    (False, False): ParticipationMode.OBSERVER,
}
"""By whether somebody gives, and receives."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the form says it."""

    audience: Audience
    gives: bool = True
    receives: bool = True
    points: int | None = None
    """To give per period; None: as before."""
    note: str = ""

    @property
    def member_id(self) -> UUID | None:
        """The one person whom it is about. Such a rule is that person's mode."""
        alone = not self.audience.everyone and not self.audience.group_ids and len(self.audience.member_ids) == 1
        return next(iter(self.audience.member_ids)) if alone else None

    @property
    def says_nothing(self) -> bool:
        """Whether there would be nothing to set."""
        return self.gives and self.receives and self.points is None and self.member_id is None


@dataclass(frozen=True, slots=True)
class Line:
    """What stands in the policies as one rule of the form, or as one rule that the form cannot say."""

    rule: Rule
    giving: tuple[int, ...] = ()
    """Places among the giving rules."""
    allowances: tuple[int, ...] = ()
    """Places among the allowance rules."""
    other: GivingRule | AllowanceRule | None = None
    """What the form cannot say: who may give to whom, points besides others, points for each direct report."""


def lines(giving: GivingPolicy, allowances: AllowancePolicy) -> list[Line]:
    """The rules of both policies, each in one line, in their order."""
    found: list[Line] = []
    for place, rule in enumerate(giving.rules):
        if rule.effect is Effect.DENY and rule.recipient.everyone:
            _join(found, Line(Rule(_plain(rule.giver), gives=False, note=rule.note or ""), giving=(place,)))
        elif rule.effect is Effect.DENY and rule.giver.everyone:
            _join(found, Line(Rule(rule.recipient, receives=False, note=rule.note or ""), giving=(place,)))
        else:
            found.append(Line(Rule(_plain(rule.giver), note=rule.note or ""), giving=(place,), other=rule))
    for place, more in enumerate(allowances.rules):
        if more.effect is AllowanceEffect.REPLACE and not more.per_direct_report:
            _join(found, Line(Rule(_plain(more.audience), points=more.points), allowances=(place,)))
        else:
            found.append(Line(Rule(_plain(more.audience)), allowances=(place,), other=more))
    return found


def _plain(audience: Audience) -> Audience:
    return EVERYONE if audience.everyone else audience


def _join(found: list[Line], said: Line) -> None:
    """Adds what is said to the line about the same people that does not say it yet, so that removing one removes no more."""
    for place, line in enumerate(found):
        one, other = line.rule, said.rule
        if line.other is not None or one.audience != other.audience or (one.note and other.note and one.note != other.note):
            continue
        if (one.gives or other.gives) and (one.receives or other.receives) and (one.points is None or other.points is None):
            points = other.points if one.points is None else one.points
            gives, receives = one.gives and other.gives, one.receives and other.receives
            both = Rule(one.audience, gives, receives, points, one.note or other.note)
            found[place] = Line(both, line.giving + said.giving, line.allowances + said.allowances)
            return
    found.append(said)


def words(line: Line, period: allowance.Period, recipient: str) -> str:
    """What a line says: `Give no · receive no`. `recipient`: those whom the giving rule that the form cannot say is about."""
    per, other, rule = PER[period], line.other, line.rule
    if isinstance(other, GivingRule):
        said = [f"{'may' if other.effect is Effect.ALLOW else 'may not'} give to {recipient}"]
    elif other is not None:
        more = " more" if other.effect is AllowanceEffect.ADD else ""
        said = [f"give {other.points:,}{more} {per}" + (" for each direct report" if other.per_direct_report else "")]
    else:
        said = [] if rule.gives else ["give no"]
        said += [f"give {rule.points:,} {per}"] if rule.gives and rule.points is not None else []
        said += [] if rule.receives else ["receive no"]
    text = " · ".join(said + ([f"“{rule.note}”"] if rule.note else []))
    return text[:1].upper() + text[1:]


def compiled(
    giving: GivingPolicy, allowances: AllowancePolicy, line: Line | None, rule: Rule | None
) -> tuple[GivingPolicy, AllowancePolicy]:
    """The policies with the rule in the place of the line. None: no line, or no rule."""
    kept = [one for place, one in enumerate(giving.rules) if line is None or place not in line.giving]
    at = min(line.giving) if line is not None and line.giving else len(kept)
    made = _denials(rule) if rule is not None else []
    paid = [one for place, one in enumerate(allowances.rules) if line is None or place not in line.allowances]
    if rule is not None and rule.gives and rule.points is not None:
        more = AllowanceRule(AllowanceEffect.REPLACE, rule.points, rule.audience)
        same = line is not None and bool(line.allowances) and line.rule.audience == rule.audience
        place = min(line.allowances) if line is not None and same else _place(paid, rule.audience)
        paid.insert(place, more)
    return (
        replace(giving, rules=(*kept[:at], *made, *kept[at:])),
        # A version says by itself whether it counts at once; one made for a rule counts from the next period on.
        replace(allowances, rules=tuple(paid), apply_now=False),
    )


def _denials(rule: Rule) -> list[GivingRule]:
    """What the rule forbids. One person is not forbidden anything: it has a mode."""
    if rule.member_id is not None:
        return []
    note = rule.note or None
    made = [] if rule.gives else [GivingRule(Effect.DENY, rule.audience, EVERYONE, note)]
    # Among everyone, whoever gives nothing gives nothing to everyone: the same rule again would say no more.
    if not rule.receives and not (rule.audience.everyone and made):
        made.append(GivingRule(Effect.DENY, EVERYONE, rule.audience, note))
    return made


def _place(rules: Sequence[AllowanceRule], audience: Audience) -> int:
    """Where an amount belongs: a later rule counts over an earlier one, so what is about more people stands before."""
    return next((place for place, one in enumerate(rules) if _rank(one.audience) > _rank(audience)), len(rules))


def _rank(audience: Audience) -> int:
    return 0 if audience.everyone else 1 if audience.group_ids else 2


@dataclass(frozen=True, slots=True)
class Applied:
    """What a rule made of the policies, and of one person's mode."""

    before: tuple[GivingPolicy, AllowancePolicy]
    after: tuple[GivingPolicy, AllowancePolicy]
    modes: Mapping[UUID, ParticipationMode]
    resets_at: datetime
    """When the current period ends, from which on an allowance policy counts."""


@dataclass(frozen=True, slots=True)
class ApplyRule:
    """Sets giving policy, allowance policy and mode as one rule says, all of it or nothing."""

    actor: Actor
    giving_version: int
    allowance_version: int
    """The versions that the admin saw; VERSION_CONFLICT otherwise."""
    line: int | None
    """The line that the rule stands in the place of; None: it is new."""
    rule: Rule | None
    """None: the line is removed."""
    key: str

    stands_alone = True
    """As setting a giving policy does."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        here = self.actor.organization_id
        yield from organization.authority_needs(self.actor)
        yield audit.receipt_want(here, self.actor.member_id, VERB, self.key)
        yield row(GivingPolicyNow, here)
        yield rows(AllowancePolicyVersion, here)
        yield row(Organization, here)
        if self.rule is not None:
            yield from organization.audience_needs(here, [self.rule.audience])

    def decide(self, draft: Draft) -> Applied | None:
        """What it made; None when the same had been sent before."""
        organization.require(draft, Permission.POLICY_EDIT)
        if audit.recall(draft, VERB, self.key, b"slack") is not None:
            return None
        giving, allowances = self._policies(draft)
        known = lines(giving, allowances)
        line = known[self.line] if self.line is not None else None
        after = compiled(giving, allowances, line, self.rule)
        modes = self._modes()
        acts: list[Act[object]] = []
        if after[0].rules != giving.rules:
            acts.append(SetGivingPolicy(self.actor, self.giving_version, after[0]))
        if after[1].rules != allowances.rules:
            acts.append(allowance.SetAllowancePolicy(self.actor, self.allowance_version, after[1]))
        for member_id, mode in modes.items():
            acts.append(allowance.Followed(organization.SetParticipationMode(self.actor, member_id, mode)))
        draft.expect(want for act in acts for want in act.needs())
        for act in acts:
            act.decide(draft)
        self._tell(draft, line, modes)
        return Applied((giving, allowances), after, modes, allowance.period(draft).end)

    def _policies(self, draft: Draft) -> tuple[GivingPolicy, AllowancePolicy]:
        """The policies, if they are those that the admin saw: what was shown to change depends on both."""
        giving, newest = draft.get(GivingPolicyNow), draft.list(AllowancePolicyVersion)[-1]
        assert giving is not None, "an organization is founded with a policy"
        for known, now in ((self.giving_version, giving.version), (self.allowance_version, newest.version)):
            if known != now:
                raise Refusal(Code.VERSION_CONFLICT, f"The policy has changed to version {now}. Read it again first.", "version")
        return recognition.parse(giving.document), allowance.parse(newest.document)

    def _modes(self) -> dict[UUID, ParticipationMode]:
        rule = self.rule
        return {rule.member_id: MODES[rule.gives, rule.receives]} if rule is not None and rule.member_id is not None else {}

    def _tell(self, draft: Draft, line: Line | None, modes: Mapping[UUID, ParticipationMode]) -> None:
        """One event says that these changes belong together, and why."""
        giving, newest = draft.get(GivingPolicyNow), draft.list(AllowancePolicyVersion)[-1]
        assert giving is not None
        why = audit.remark(draft, self.rule.note, "note", needed=True) if self.rule is not None else {}
        draft.tell(
            "slack.rule_applied" if self.rule is not None else "slack.rule_removed",
            f"giving_policy:{giving.version}",
            giving_version=giving.version,
            allowance_version=newest.version,
            new=line is None,
            modes={str(member_id): mode for member_id, mode in modes.items()},
            **why,
        )
        audit.remember(draft, VERB, self.key, b"slack", draft.actor.member_id or draft.organization_id)


@dataclass(frozen=True, slots=True)
class ForeseePoints:
    """Points to give of some members in the next period, before and after a rule. Only ever rehearsed."""

    apply: ApplyRule
    member_ids: tuple[UUID, ...]

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return self.apply.actor

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        return self.apply.needs()

    def decide(self, draft: Draft) -> dict[UUID, int]:
        """How many points more, by member."""
        allowance.expect(draft, self.member_ids)
        before = [allowance.next_points(draft, member_id) for member_id in self.member_ids]
        self.apply.decide(draft)
        allowance.expect(draft, self.member_ids)
        after = [allowance.next_points(draft, member_id) for member_id in self.member_ids]
        return {id_: later - then for id_, then, later in zip(self.member_ids, before, after, strict=True)}


class Seen(NamedTuple):
    """Somebody as the rules see it, before and after."""

    before: Person
    after: Person


def foreseen(before: GivingPolicy, after: GivingPolicy, people: Sequence[Seen], now: datetime) -> dict[str, list[UUID]] | None:
    """Who can no longer give, who can receive now and the like, judged as giving is judged; a pause is not looked at. None:
    there are too many rules about too many different people to go through."""
    rules = [*before.rules, *after.rules]
    kinds = _kinds(rules, people)
    if len(kinds) ** 2 * max(len(rules), 1) > STEPS_MAX:
        return None
    then = _reach(before, [[seen.before for seen in kind] for kind in kinds], now)
    later = _reach(after, [[seen.after for seen in kind] for kind in kinds], now)
    received, receives = [[any(column) for column in zip(*reach, strict=True)] for reach in (then, later)]
    # Whoever can no longer receive is told of by itself: it is no news about all who could give to it.
    others = [there for there in range(len(kinds)) if received[there] and receives[there]]
    found: dict[str, list[UUID]] = {phrase: [] for phrase in PHRASES}
    for here, kind in enumerate(kinds):
        gave, gives = any(then[here]), any(later[here])
        lost = any(then[here][there] and not later[here][there] for there in others)
        won = any(later[here][there] and not then[here][there] for there in others)
        partly = gave and gives
        true = (
            gave and not gives,
            gives and not gave,
            received[here] and not receives[here],
            receives[here] and not received[here],
            partly and lost and not won,
            partly and won and not lost,
            partly and lost and won,
        )
        for phrase, is_so in zip(PHRASES, true, strict=True):
            found[phrase] += [seen.before.id for seen in kind] if is_so else []
    return {phrase: ids for phrase, ids in found.items() if ids}


def _kinds(rules: Sequence[GivingRule], people: Sequence[Seen]) -> list[list[Seen]]:
    """The people by what the rules can tell of them: those of one kind are judged alike."""
    groups = frozenset(id_ for rule in rules for id_ in rule.giver.group_ids | rule.recipient.group_ids)
    named = frozenset(id_ for rule in rules for id_ in rule.giver.member_ids | rule.recipient.member_ids)
    alike: dict[tuple[MemberStatus, ParticipationMode, ParticipationMode, frozenset[UUID], UUID | None], list[Seen]] = {}
    for seen in people:
        who, inside = seen.before, seen.before.group_ids & groups
        key = (who.status, who.mode, seen.after.mode, inside, who.id if who.id in named else None)
        alike.setdefault(key, []).append(seen)
    kinds: dict[object, list[Seen]] = {}
    for (status, mode, mode_after, inside, _), some in alike.items():
        first = some[0].before.id
        told = tuple((rule.giver.includes(first, inside), rule.recipient.includes(first, inside)) for rule in rules)
        kinds.setdefault((status, mode, mode_after, told), []).extend(some)
    return list(kinds.values())


def _reach(policy: GivingPolicy, kinds: Sequence[Sequence[Person]], now: datetime) -> list[list[bool]]:
    """For each kind of people, which kinds they may give to."""
    policy = replace(policy, paused=False)
    reach = []
    for givers in kinds:
        case = Case(policy, givers[0], (), 0, 0, now)
        others = [next((person for person in kind[:2] if person.id != case.giver.id), None) for kind in kinds]
        may = recognition.may_give(case)
        reach.append([may and other is not None and recognition.receives(case, other) is None for other in others])
    return reach
