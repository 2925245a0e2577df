"""What a rule of Slack's form is compiled to, whatever rules there are: it is what giving judges, and reads as it was said."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app import recognition
from app.allowance import AllowanceEffect, AllowancePolicy, AllowanceRule, Period
from app.organization import EVERYONE, Audience, MemberStatus, ParticipationMode
from app.recognition import Case, Effect, GivingPolicy, GivingRule, Person
from integrations.slack import ruling
from integrations.slack.ruling import Line, Rule, Seen
from tests.world import NOON

GROUPS = [UUID(int=number) for number in range(100, 103)]
SOME = [
    Person(UUID(int=number), f"Person {number}", number, status, mode, frozenset(GROUPS[: number % 4]) - {GROUPS[number % 3]})
    for number, (status, mode) in enumerate(
        [(MemberStatus.ACTIVE, mode) for mode in ParticipationMode]
        + [(MemberStatus.INVITED, ParticipationMode.NORMAL)]
        + [(MemberStatus.ACTIVE, ParticipationMode.NORMAL)] * 5
    )
]
audiences = st.builds(
    Audience,
    st.booleans(),
    st.frozensets(st.sampled_from(GROUPS), max_size=2),
    st.frozensets(st.sampled_from([person.id for person in SOME]), max_size=2),
).filter(lambda audience: not audience.is_empty)
notes = st.sampled_from([None, "one", "other"])
giving_rules = st.lists(st.builds(GivingRule, st.sampled_from(Effect), audiences, audiences, notes), max_size=5)
allowance_rules = st.lists(
    st.builds(AllowanceRule, st.sampled_from(AllowanceEffect), st.integers(0, 9), audiences, per_direct_report=st.booleans()),
    max_size=5,
)


def allowances_of(rules: list[AllowanceRule]) -> AllowancePolicy:
    """A policy with these rules."""
    return AllowancePolicy(Period.MONTH, 100, "UTC", rules=tuple(rules))


@given(giving_rules, giving_rules, st.sampled_from(SOME), st.sampled_from(ParticipationMode))
@settings(max_examples=300, deadline=None)
def test_what_is_foreseen_is_what_giving_judges_pair_by_pair(
    before: list[GivingRule], after: list[GivingRule], changed: Person, mode: ParticipationMode
):
    policies = GivingPolicy(rules=tuple(before)), GivingPolicy(paused=True, rules=tuple(after))
    people = [Seen(one, replace(one, mode=mode) if one is changed else one) for one in SOME]

    def judged(rules: tuple[GivingRule, ...], people: list[Person]) -> set[tuple[UUID, UUID]]:
        cases = [(Case(GivingPolicy(rules=rules), one, (), 0, 0, NOON), other) for one in people for other in people]
        return {
            (case.giver.id, other.id)
            for case, other in cases
            if other is not case.giver and recognition.may_give(case) and recognition.receives(case, other) is None
        }

    then = judged(policies[0].rules, [seen.before for seen in people])
    later = judged(policies[1].rules, [seen.after for seen in people])
    gave, gives = ({giver for giver, _ in pairs} for pairs in (then, later))
    received, receives = ({other for _, other in pairs} for pairs in (then, later))
    lost = {giver for giver, other in then - later if giver in gives and other in receives}
    won = {giver for giver, other in later - then if giver in gave and other in received}
    expected = {
        "can no longer give": gave - gives,
        "can give now": gives - gave,
        "can no longer receive": received - receives,
        "can receive now": receives - received,
        "can give to fewer people": lost - won,
        "can give to more people": won - lost,
        "can give to other people": lost & won,
    }

    found = ruling.foreseen(*policies, people, NOON)

    assert found is not None
    assert {phrase: set(ids) for phrase, ids in found.items()} == {phrase: ids for phrase, ids in expected.items() if ids}
    assert all(len(ids) == len(set(ids)) for ids in found.values())


def test_too_many_rules_about_too_many_different_people_are_not_gone_through():
    people = [Seen(person, person) for person in (replace(SOME[0], id=UUID(int=number)) for number in range(200))]
    rules = tuple(GivingRule(Effect.DENY, Audience(member_ids=frozenset([seen.before.id])), EVERYONE) for seen in people)

    assert ruling.foreseen(GivingPolicy(), GivingPolicy(rules=rules), people, NOON) is None


@given(giving_rules, allowance_rules)
def test_every_rule_is_in_one_line_and_removing_a_line_removes_no_more(giving: list[GivingRule], more: list[AllowanceRule]):
    policies = GivingPolicy(rules=tuple(giving)), allowances_of(more)
    lines = ruling.lines(*policies)

    assert sorted(place for line in lines for place in line.giving) == list(range(len(giving)))
    assert sorted(place for line in lines for place in line.allowances) == list(range(len(more)))
    for line in lines:
        left = ruling.compiled(*policies, line, None)
        assert left[0].rules == tuple(rule for place, rule in enumerate(giving) if place not in line.giving)
        assert left[1].rules == tuple(rule for place, rule in enumerate(more) if place not in line.allowances)
        assert {giving[place].note or line.rule.note for place in line.giving} <= {line.rule.note}
        assert ruling.words(line, Period.MONTH, "everyone")


@given(audiences, st.booleans(), st.booleans(), st.none() | st.integers(0, 9), st.sampled_from(["", "one"]))
def test_what_a_rule_is_compiled_to_reads_as_that_rule(
    audience: Audience, gives: bool, receives: bool, points: int | None, note: str
):
    rule = Rule(EVERYONE if audience.everyone else audience, gives, receives, points if gives else None, note)

    lines = ruling.lines(*ruling.compiled(GivingPolicy(), allowances_of([]), None, rule))

    if rule.member_id is not None:
        assert [line.rule for line in lines] == ([Rule(rule.audience, points=points)] if rule.points is not None else [])
    elif rule.audience.everyone and not (gives and receives):
        assert all(not line.rule.gives for line in lines[:1])
    elif rule.says_nothing:
        assert lines == []
    else:
        kept = note if not (gives and receives) else ""
        assert [line.rule for line in lines] == [replace(rule, note=kept)]
        assert [line.other for line in lines] == [None]


def test_rules_with_other_reasons_stay_apart():
    team = Audience(group_ids=frozenset([GROUPS[0]]))
    rules = (
        GivingRule(Effect.DENY, team, EVERYONE, "one"),
        GivingRule(Effect.DENY, EVERYONE, team, "other"),
        GivingRule(Effect.DENY, EVERYONE, team),
    )

    lines = ruling.lines(GivingPolicy(rules=rules), allowances_of([]))

    assert [(line.giving, line.rule.note) for line in lines] == [((0, 2), "one"), ((1,), "other")]


def test_lines_in_words():
    bob, everyone = Audience(member_ids=frozenset([UUID(int=1)])), EVERYONE
    told = {
        Line(Rule(bob, gives=False)): "Give no",
        Line(Rule(bob, gives=False, points=5)): "Give no",
        Line(Rule(bob, receives=False, points=1200)): "Give 1,200 a week · receive no",
        Line(Rule(bob, receives=False, note="why")): "Receive no · “why”",
        Line(Rule(bob), other=GivingRule(Effect.ALLOW, bob, bob)): "May give to Team",
        Line(Rule(bob), other=AllowanceRule(AllowanceEffect.ADD, 5, everyone)): "Give 5 more a week",
        Line(Rule(bob), other=AllowanceRule(AllowanceEffect.REPLACE, 5, bob, per_direct_report=True)): (
            "Give 5 a week for each direct report"
        ),
    }

    assert {line: ruling.words(line, Period.WEEK, "Team") for line in told} == told
