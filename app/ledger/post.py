"""The vault: points move between accounts here, and nowhere else."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from app.core.errors import Code, Refusal
from app.db import Draft, Want, row
from app.ledger.chart import MEMBER_KINDS, AccountKind, TransferKind
from app.ledger.models import Account, Entry, Transfer

BALANCE_MAX = 2**31 - 1
"""Points that one account of a member may hold: GraphQL's Int."""
POINTS_MAX = 1_000_000
"""Points in one number that a person types."""


class Place(NamedTuple):
    """An account by its key."""

    owner_id: UUID
    kind: AccountKind


class Leg(NamedTuple):
    """One side of a transfer to be: + in, − out."""

    place: Place
    points: int


def wallet(member_id: UUID) -> Place:
    """Where a member's received points stand."""
    return Place(member_id, AccountKind.WALLET)


def allowance(member_id: UUID) -> Place:
    """Where a member's points to give stand."""
    return Place(member_id, AccountKind.ALLOWANCE)


def issuance(organization_id: UUID) -> Place:
    """Where all points come from."""
    return Place(organization_id, AccountKind.ISSUANCE)


def escrow(organization_id: UUID) -> Place:
    """Where the points of open redemptions are held."""
    return Place(organization_id, AccountKind.ESCROW)


def redeemed(organization_id: UUID) -> Place:
    """Where points that were spent for good stand."""
    return Place(organization_id, AccountKind.REDEEMED)


def want(organization_id: UUID, *places: Place) -> Iterable[Want]:
    """What posting to these places will ask for."""
    return (row(Account, organization_id, *place) for place in places)


def balance(draft: Draft, place: Place) -> int:
    """Points that stand there now."""
    account = draft.get(Account, *place)
    return account.balance if account is not None else 0


def post(
    draft: Draft,
    kind: TransferKind,
    legs: Iterable[Leg],
    *,
    recognition_id: UUID | None = None,
    boost_id: UUID | None = None,
    reverses_id: UUID | None = None,
    remark_id: UUID | None = None,
    redemption_id: UUID | None = None,
) -> Transfer:
    """Moves points: one transfer, one entry for each leg. Legs without points fall away; their sum is zero.

    Raises INSUFFICIENT_POINTS when an account would go below zero, and INVALID_POINTS when a member would hold more than an
    account can. Callers check first, to say it better; this is the law."""
    kept = [leg for leg in legs if leg.points]
    assert kept, "a transfer moves something"
    assert sum(leg.points for leg in kept) == 0, "a transfer creates nothing"
    assert len({leg.place for leg in kept}) == len(kept), "one entry for each account"
    transfer = draft.add(
        Transfer,
        id=draft.new_id(),
        kind=kind,
        posted_at=draft.now,
        recognition_id=recognition_id,
        boost_id=boost_id,
        reverses_id=reverses_id,
        remark_id=remark_id,
        redemption_id=redemption_id,
    )
    for place, points in kept:
        account = _opened(draft, place)
        if account.balance + points < 0 and place.kind is not AccountKind.ISSUANCE:
            raise Refusal(Code.INSUFFICIENT_POINTS, f"There are {account.balance} points, and {-points} are needed.")
        if account.balance + points > BALANCE_MAX and place.kind in MEMBER_KINDS:
            raise Refusal(Code.INVALID_POINTS, f"No account holds more than {BALANCE_MAX} points.")
        draft.add(Entry, owner_id=place.owner_id, account_kind=place.kind, transfer_id=transfer.id, points=points)
        draft.change(account, balance=account.balance + points)
    return transfer


def entries(draft: Draft, transfer_id: UUID) -> list[Entry]:
    """The sides of a transfer."""
    return draft.list(Entry, transfer_id=transfer_id)


def _opened(draft: Draft, place: Place) -> Account:
    """The account, opened with nothing in it at its first use."""
    account = draft.get(Account, *place)
    if account is None:
        member_id = place.owner_id if place.kind in MEMBER_KINDS else None
        account = draft.add(Account, owner_id=place.owner_id, kind=place.kind, member_id=member_id, balance=0)
    return account
