"""GraphQL types of points: wallet, allowance and the transfers behind them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from app import allowance as rooms
from app import ledger
from app.api.context import Info
from app.api.described import described
from app.api.ids import encode
from app.api.paging import Connection, Node, by_id, connect, counting
from app.ledger import TransferKind

strawberry.enum(TransferKind)
if TYPE_CHECKING:
    from app.api.recognitions import Recognition
    from app.api.rewards import Redemption

LazyRecognition = Annotated["Recognition", strawberry.lazy("app.api.recognitions")]
LazyRedemption = Annotated["Redemption", strawberry.lazy("app.api.rewards")]


@described
@strawberry.type
class Transfer(Node):
    """One movement of points, as seen from a wallet."""

    kind: TransferKind
    """Why the points moved."""
    points: int
    """As seen from this wallet, + in, − out."""
    posted_at: datetime
    """When it was posted."""
    memo: str | None
    """Why, in the words of whoever did it."""
    recognition_key: strawberry.Private[UUID | None]
    redemption_key: strawberry.Private[UUID | None]

    @strawberry.field
    async def recognition(self, info: Info) -> LazyRecognition | None:
        """The recognition that it is about, if the viewer sees it."""
        from app.api.recognitions import recognition_seen

        return await recognition_seen(info, self.recognition_key) if self.recognition_key is not None else None

    @strawberry.field
    async def redemption(self, info: Info) -> LazyRedemption | None:
        """The redemption that it is about, if the viewer sees it."""
        from app.api.rewards import redemption_seen

        return await redemption_seen(info, self.redemption_key) if self.redemption_key is not None else None


def transfer_of(line: ledger.reads.AccountLine) -> Transfer:
    """A transfer as GraphQL shows it from one wallet."""
    row = line.transfer
    return Transfer(
        id=encode("Transfer", f"{row.id}:{line.owner_id}"),
        kind=row.kind,
        points=line.points,
        posted_at=row.posted_at,
        memo=line.memo,
        recognition_key=row.recognition_id,
        redemption_key=row.redemption_id,
    )


@described
@strawberry.type
class TransferConnection(Connection[Transfer]):
    """A wallet's history, newest first."""


@described
@strawberry.type
class Wallet:
    """A member's received points."""

    owner_id: strawberry.Private[UUID]

    @strawberry.field
    async def balance(self, info: Info) -> int:
        """Points spendable now."""
        return await info.context.balance(self.owner_id)

    @strawberry.field
    async def pending(self, info: Info) -> int:
        """Points held for redemptions not fulfilled yet; not in balance."""
        return await info.context.pending(self.owner_id)

    @strawberry.field
    async def transfers(self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET) -> TransferConnection:
        """What came in and went out, newest first."""
        wanted = by_id(first, after)
        statement = ledger.reads.history(info.context.organization_id, self.owner_id)
        async with info.context.read() as connection:
            page = await ledger.reads.history_page(connection, statement, wanted)
        return connect(TransferConnection, page, wanted, transfer_of, lambda line: (line.transfer.id,), counting(info, statement))


@described
@strawberry.type
class Allowance:
    """Points to give in the current period."""

    total: int
    """Points issued this period, rollover and top-ups included."""
    remaining: int
    """Points left to give."""
    period_start: datetime
    """When this period began."""
    resets_at: datetime
    """When it ends, and the next amount is issued."""
    explanation: list[str]
    """What made the total, a sentence for each thing that counted."""


def allowance_of(found: rooms.Allowance) -> Allowance:
    """An allowance as GraphQL shows it."""
    return Allowance(
        total=found.total,
        remaining=found.remaining,
        period_start=found.period_start,
        resets_at=found.resets_at,
        explanation=list(found.explanation),
    )
