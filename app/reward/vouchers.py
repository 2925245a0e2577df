"""Vouchers: codes come in by the file, encrypted; each is handed out exactly once, and read by its owner alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app import organization
from app.core.actor import Actor, Door, Permission, Role, system
from app.core.errors import Code, Refusal, not_found
from app.core.seal import Seal
from app.core.texts import clean
from app.db import Database, Draft, Want, columns, row, rows, scoped
from app.reward import catalog, decide, rules
from app.reward.catalog import STOCK_MAX
from app.reward.fulfilment import Declined, Delivered, Order, Outcome
from app.reward.models import Provider, Redemption, Reward, VoucherCode, VoucherPool
from app.reward.rules import Stage, Verb

CODE_CHARS_MAX = 500
PURPOSE = "voucher codes"
"""What the codes are sealed for."""


class SealedCode(NamedTuple):
    """A code as it is kept."""

    mark: bytes
    sealed: bytes


class Vouchers:
    """The provider that hands out codes, and what seals and opens them."""

    def __init__(self, database: Database, secret_key: str) -> None:
        self._database = database
        self._seal = Seal(secret_key, PURPOSE)

    def close(self, code: str) -> SealedCode:
        """The code, sealed. Raises INVALID_INPUT for one that cannot be."""
        code = clean(code, "code", chars_max=CODE_CHARS_MAX, chars_min=1, one_line=False)  # Blanks within are part of it.
        return SealedCode(self._seal.mark(code), self._seal.close(code))

    async def deliver(self, order: Order) -> Outcome:
        """Hands out the next code."""
        try:
            await self._database.submit(HandOut(system(order.organization_id, Door.WORKER), order.id))
        except Refusal as refusal:
            if refusal.code is Code.OUT_OF_STOCK:
                return Declined(refusal.message)
            raise
        return Delivered()

    async def codes(self, connection: AsyncConnection, actor: Actor, redemption_ids: Iterable[UUID]) -> dict[UUID, str]:
        """The codes that were handed out for these redemptions, to the actor itself; nobody else's are among them."""
        code, redemption = columns(VoucherCode), columns(Redemption)
        mine = scoped(Redemption, actor.organization_id, redemption.id).where(redemption.member_id == actor.member_id)
        wanted = code.redemption_id.in_(set(redemption_ids))
        statement = scoped(VoucherCode, actor.organization_id, code.redemption_id, code.sealed)
        found = await connection.execute(statement.where(wanted, code.redemption_id.in_(mine)))
        return {row.redemption_id: self._seal.open(row.sealed) for row in found}


@dataclass(frozen=True, slots=True)
class AddCodes:
    """Puts codes into a reward's pool, and as many into its stock. Those that are there already are left out."""

    actor: Actor
    reward_id: UUID
    codes: tuple[SealedCode, ...]

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id = self.actor.organization_id
        yield from organization.authority_needs(self.actor)
        yield row(Reward, organization_id, self.reward_id)
        yield row(VoucherPool, organization_id, self.reward_id)
        for code in self.codes:
            yield rows(VoucherCode, organization_id, reward_id=self.reward_id, mark=code.mark)

    def decide(self, draft: Draft) -> "Added":
        """Which of the codes were new."""
        organization.require(draft, Permission.REWARD_EDIT)
        reward = found(draft, self.reward_id)
        pool = draft.get(VoucherPool, reward.id)
        assert pool is not None, "vouchers have a pool"
        assert reward.stock is not None, "vouchers have a stock"
        number, new = pool.added, []
        for code in self.codes:
            is_new = not draft.list(VoucherCode, reward_id=reward.id, mark=code.mark)
            new.append(is_new)
            if is_new:
                number += 1
                draft.add(VoucherCode, reward_id=reward.id, number=number, mark=code.mark, sealed=code.sealed)
        added = number - pool.added
        if reward.stock + added > STOCK_MAX:
            raise Refusal(Code.INVALID_INPUT, f"A pool holds at most {STOCK_MAX} codes.", "code")
        if added:
            draft.change(pool, added=number)
            draft.change(reward, stock=reward.stock + added)
            draft.tell("reward.codes_added", f"reward:{reward.id}", added=added, stock=reward.stock + added)
        return Added(tuple(new))


@dataclass(frozen=True, slots=True)
class Added:
    """What became of codes that were uploaded."""

    new: Sequence[bool]
    """For each of them, whether it was new."""


@dataclass(frozen=True, slots=True)
class HandOut:
    """Gives the next code to a redemption and calls it delivered, in one act. Doing it again changes nothing."""

    actor: Actor
    redemption_id: UUID

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        return decide.needs(self.actor.organization_id, self.redemption_id)

    def decide(self, draft: Draft) -> UUID:
        """The redemption's id."""
        redemption = draft.get(Redemption, self.redemption_id)
        if redemption is None:
            raise not_found("id")
        if rules.stage_of(redemption) is Stage.FULFILLED:
            return redemption.id
        stage = rules.move(rules.stage_of(redemption), Verb.DELIVER, rules.Asker(Role.OWNER, is_house=True))
        pool = draft.get(VoucherPool, redemption.reward_id)
        assert pool is not None, "vouchers have a pool"
        if pool.handed == pool.added:
            raise Refusal(Code.OUT_OF_STOCK, "There is no code left in the pool. Upload more, and have it tried again.", "id")
        code = draft.get(VoucherCode, redemption.reward_id, pool.handed + 1)
        assert code is not None, "codes are numbered without a gap"
        assert code.redemption_id is None, "codes are handed out in their order"
        draft.change(code, redemption_id=redemption.id, handed_at=draft.now)
        draft.change(pool, handed=code.number)
        decide.step(draft, redemption, stage, {}, voucher=code.number)
        return redemption.id


def found(draft: Draft, reward_id: UUID) -> Reward:
    """The reward, if it is one of vouchers. Raises NOT_FOUND, or INVALID_INPUT."""
    reward = catalog.found(draft, reward_id, "reward")
    if reward.provider is not Provider.VOUCHER:
        raise Refusal(Code.INVALID_INPUT, f"{reward.name} is no reward of voucher codes.", "reward")
    return reward
