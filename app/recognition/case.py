"""Gathering the facts of a case: who, to whom, under which policy, with what left and what given before."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from app import allowance, ledger, organization
from app.core.errors import Code, Refusal, not_found
from app.core.ids import first_id
from app.core.texts import longer_than, normalized
from app.db import Draft, Reading, Want, columns, computed, identifier_column, row, rows, table_of
from app.organization import CompanyValue, Group, Member, Membership
from app.recognition import rules
from app.recognition.models import GivingPolicyNow, Grant
from app.recognition.rules import Case, LeftOut, Tally
from app.recognition.terms import MESSAGE_CHARS_MAX, RECIPIENTS_MAX, GivingPolicy, Person, parse


class PairTally(NamedTuple):
    """What one member gave another since an id's time: points of recognitions and boosts, and the number of recognitions."""

    organization_id: UUID
    giver_id: UUID
    recipient_id: UUID
    since: UUID
    points: int
    recognitions: int


class ReceivedTally(NamedTuple):
    """Points that a member received since an id's time."""

    organization_id: UUID
    recipient_id: UUID
    since: UUID
    points: int


def _tally(keys: sa.FromClause, *, pair: bool) -> sa.Select[tuple[object, ...]]:
    grant = columns(Grant)
    matches = [
        grant.organization_id == keys.c.organization_id,
        grant.recipient_id == keys.c.recipient_id,
        grant.gift_id >= keys.c.since,
        grant.revoked == sa.false(),
    ]
    points = sa.cast(sa.func.coalesce(sa.func.sum(grant.points), sa.literal_column("0")), sa.BigInteger)
    chosen = [*keys.c, points.label("points")]
    if pair:
        matches.append(grant.giver_id == keys.c.giver_id)
        recognitions = sa.func.count(sa.case((grant.is_boost == sa.false(), sa.literal_column("1"))))
        chosen.append(recognitions.label("recognitions"))
    joined = keys.outerjoin(table_of(Grant), sa.and_(*matches))
    return sa.select(*chosen).select_from(joined).group_by(*keys.c)


PAIR_TALLY = Reading(
    PairTally,
    [identifier_column(name) for name in ("organization_id", "giver_id", "recipient_id", "since")],
    lambda keys: _tally(keys, pair=True),
)
RECEIVED_TALLY = Reading(
    ReceivedTally,
    [identifier_column(name) for name in ("organization_id", "recipient_id", "since")],
    lambda keys: _tally(keys, pair=False),
)


class GroupSize(NamedTuple):
    """How many members a group has, asked before they are loaded: one that is huge is not worth the look."""

    organization_id: UUID
    group_id: UUID
    members: int


def _group_size(keys: sa.FromClause) -> sa.Select[tuple[object, ...]]:
    membership = columns(Membership)
    matches = sa.and_(membership.organization_id == keys.c.organization_id, membership.group_id == keys.c.group_id)
    joined = keys.outerjoin(table_of(Membership), matches)
    return sa.select(*keys.c, sa.func.count(membership.member_id).label("members")).select_from(joined).group_by(*keys.c)


GROUP_SIZE = Reading(GroupSize, [identifier_column(name) for name in ("organization_id", "group_id")], _group_size)
GROUPS_EXPANDED_MAX = 2_000
"""Members of the groups of one recognition, before anybody is left out."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to give, before anything is known about it."""

    giver_id: UUID
    recipient_ids: tuple[UUID, ...]
    group_ids: tuple[UUID, ...]
    points_each: int
    message: str | None
    """None: not looked at."""
    hashtags: tuple[str, ...] = ()
    """Company values named by id."""
    typed: bool = True
    """Whether somebody wrote the message; what a door wrote in its place need not be of the least length."""


class Facts(NamedTuple):
    """A case, with what it took to make it."""

    case: Case
    left_out: tuple[LeftOut, ...]
    group_ids: tuple[UUID, ...]
    hashtags: tuple[str, ...]
    """The company values it is given for."""


def needs(organization_id: UUID, wish: Wish) -> Iterable[Want]:
    """What `gather` will ask for, as far as it is known."""
    yield row(GivingPolicyNow, organization_id)
    yield from allowance.needs(organization_id, wish.giver_id)
    yield rows(Membership, organization_id, member_id=wish.giver_id)
    yield from organization.person_needs(organization_id, *wish.recipient_ids)
    yield from ledger.want(organization_id, *map(ledger.wallet, wish.recipient_ids))
    for group_id in wish.group_ids:
        yield row(Group, organization_id, group_id)
        yield computed(GROUP_SIZE, organization_id, group_id)
    for hashtag in {*wish.hashtags, *_hashtags(wish.message or "")}:
        yield row(CompanyValue, organization_id, hashtag)


def policy_now(draft: Draft) -> tuple[int, GivingPolicy]:
    """The giving policy in force, and its version."""
    policy = draft.get(GivingPolicyNow)
    assert policy is not None, "an organization is founded with a policy"
    return policy.version, parse(policy.document)


def person(draft: Draft, member_id: UUID, *field: str) -> Person:
    """A member as the rules see it. Raises NOT_FOUND."""
    member = organization.member_found(draft, member_id, *field)
    return person_of(member, organization.group_ids(draft, member_id))


def person_of(member: Member, group_ids: frozenset[UUID]) -> Person:
    """A member as the rules see it."""
    return Person(member.id, member.display_name, member.ordinal, member.status, member.mode, group_ids)


def gather(draft: Draft, wish: Wish, *, sees_numbers: bool) -> Facts:
    """Everything that giving is judged by, as it stands under the lock. Raises NOT_FOUND for what does not exist here."""
    if len(set(wish.recipient_ids)) > RECIPIENTS_MAX or len(set(wish.group_ids)) > RECIPIENTS_MAX:
        raise Refusal(Code.TOO_MANY_RECIPIENTS, f"At most {RECIPIENTS_MAX} people or groups, please.", "recipientIds")
    _, policy = policy_now(draft)
    giver = person(draft, wish.giver_id, "giverId")
    named = tuple(people_of(draft, dict.fromkeys(wish.recipient_ids), "recipientIds"))
    standing = allowance.current(draft, giver.id)
    if wish.message is not None and longer_than(wish.message, MESSAGE_CHARS_MAX):
        sentence = f"At most {MESSAGE_CHARS_MAX} characters; this has {len(wish.message)}. Shorten it."
        raise Refusal(Code.MESSAGE_TOO_LONG, sentence, "message", rule="message")
    message = None if wish.message is None else normalized(wish.message, "message")
    values, has_hashtag = _values(draft, message or "", wish.hashtags)
    case = Case(
        policy,
        giver,
        named,
        wish.points_each,
        ledger.balance(draft, ledger.allowance(giver.id)),
        standing.period_end,
        "groupIds" if wish.group_ids and not wish.recipient_ids else "recipientIds",
        message=message,
        has_hashtag=has_hashtag,
        has_value=bool(values),
        typed=wish.typed,
        sees_numbers=sees_numbers,
    )
    from_groups, left_out = rules.parted(case, _grouped(draft, wish, giver))
    case = completed(draft, replace(case, recipients=named + from_groups))
    return Facts(case, left_out, tuple(dict.fromkeys(wish.group_ids)), values)


def _grouped(draft: Draft, wish: Wish, giver: Person) -> list[Person]:
    """Who comes in by way of groups: each once, the giver and those named in person left aside."""
    draft.expect(computed(GROUP_SIZE, draft.organization_id, group_id) for group_id in wish.group_ids)
    if sum(draft.read(GROUP_SIZE, group_id).members for group_id in set(wish.group_ids)) > GROUPS_EXPANDED_MAX:
        message = f"These groups have more than {GROUPS_EXPANDED_MAX} members together. Thank smaller groups."
        raise Refusal(Code.TOO_MANY_RECIPIENTS, message, "groupIds", rule="recipients_max")
    draft.expect(rows(Membership, draft.organization_id, group_id=group_id) for group_id in wish.group_ids)
    known = {giver.id, *wish.recipient_ids}
    people = []
    for group_id in dict.fromkeys(wish.group_ids):
        if draft.get(Group, group_id) is None:
            raise not_found("groupIds")
        for membership in draft.list(Membership, group_id=group_id):
            if membership.member_id not in known:
                known.add(membership.member_id)
                people.append(membership.member_id)
    return people_of(draft, people)


def people_of(draft: Draft, member_ids: Iterable[UUID], *field: str) -> list[Person]:
    """Members as the rules see them, all loaded at once."""
    member_ids = list(member_ids)
    draft.expect(organization.person_needs(draft.organization_id, *member_ids))
    return [person(draft, member_id, *field) for member_id in member_ids]


def _values(draft: Draft, message: str, named: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """The company values of a recognition, and whether the message has any hashtag."""
    values = []
    for hashtag in dict.fromkeys(named):
        value = draft.get(CompanyValue, hashtag)
        if value is None:
            raise not_found("valueIds")
        if value.archived_at is not None:
            raise Refusal(Code.INVALID_INPUT, f"The value #{hashtag} has been archived. Choose another.", "valueIds")
        values.append(hashtag)
    tags = _hashtags(message)
    draft.expect(row(CompanyValue, draft.organization_id, hashtag) for hashtag in tags)
    for hashtag in tags:
        value = draft.get(CompanyValue, hashtag)
        if value is not None and value.archived_at is None and hashtag not in values:
            values.append(hashtag)
    return tuple(values), bool(tags)


def _hashtags(message: str) -> list[str]:
    """Hashtags of a message, as far as it may be long: what is longer is refused, and looks nothing up before."""
    return organization.hashtags(message[:MESSAGE_CHARS_MAX])


def completed(draft: Draft, case: Case) -> Case:
    """The case, now that its recipients are known, with what it takes to judge its cost and its limits."""
    if case.cost > case.remaining:
        case = replace(case, remaining_next=allowance.next_points(draft, case.giver.id))
    return _with_tallies(draft, case)


def _with_tallies(draft: Draft, case: Case) -> Case:
    """The case with what was given in this period before, where a limit asks for it."""
    if not case.policy.limits.need_tallies:
        return case
    since = first_id(period_start(draft))
    draft.expect(_tally_needs(draft.organization_id, ((case.giver.id, recipient.id) for recipient in case.recipients), since))
    tallies = {}
    for recipient in case.recipients:
        pair = draft.read(PAIR_TALLY, case.giver.id, recipient.id, since)
        received = draft.read(RECEIVED_TALLY, recipient.id, since)
        tallies[recipient.id] = Tally(pair.points, pair.recognitions, received.points)
    return replace(case, tallies=tallies)


def _tally_needs(organization_id: UUID, pairs: Iterable[tuple[UUID, UUID]], since: UUID) -> Iterable[Want]:
    for giver_id, recipient_id in pairs:
        yield computed(PAIR_TALLY, organization_id, giver_id, recipient_id, since)
        yield computed(RECEIVED_TALLY, organization_id, recipient_id, since)


def period_start(draft: Draft) -> datetime:
    """When the organization's current allowance period began: limits count from there."""
    return allowance.period(draft).start


def count(draft: Draft, policy: GivingPolicy, grants: Iterable[Grant], sign: int) -> None:
    """Tells the acts that come after in this batch what was given (sign 1) or taken back (sign −1)."""
    if not policy.limits.need_tallies:
        return
    since = first_id(period_start(draft))
    counted = [grant for grant in grants if grant.gift_id >= since]
    draft.expect(_tally_needs(draft.organization_id, ((grant.giver_id, grant.recipient_id) for grant in counted), since))
    for grant in counted:
        pair = draft.read(PAIR_TALLY, grant.giver_id, grant.recipient_id, since)
        recognitions = pair.recognitions + (0 if grant.is_boost else sign)
        draft.note(PAIR_TALLY, pair, points=pair.points + sign * grant.points, recognitions=recognitions)
        received = draft.read(RECEIVED_TALLY, grant.recipient_id, since)
        draft.note(RECEIVED_TALLY, received, points=received.points + sign * grant.points)
