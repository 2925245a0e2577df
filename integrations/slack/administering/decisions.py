"""Decisions about redemptions: approved, declined, delivered by hand, tried again, refunded."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from app import reward
from app.core.errors import Code, Refusal, not_found
from app.reward import Decide, Provider, Redemption, Verb
from integrations.slack import layouts, rewards
from integrations.slack.homes import PAGE_MAX
from integrations.slack.interactions import Answer, Press
from integrations.slack.layouts import Json, Person
from integrations.slack.markup import escape
from integrations.slack.windows import Windows, carried, metadata, refused

TRIED = "It is being tried again."
NO_ORDER = "There is nothing to try again: it was delivered or declined meanwhile."
Take = Callable[[Press], Awaitable[Answer]]


class Decisions:
    """Takes what admins press about redemptions."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
        self.database = windows.interactions.database
        self.takes: dict[str, Take] = {
            "redeem_admin": self._chosen,
            "redeem_approve": self._approve,
            "redeem_deliver": self._deliver,
            "redeem_decline": self._decline,
            "redeem_declined": self._declined,
            "redeem_refund": self._refund,
            "redeem_refunded": self._refunded,
            "reward_handed": self._handed,
            "handed_newer": self._turn,
            "handed_older": self._turn,
        }

    async def _chosen(self, press: Press) -> Answer:
        """What was chosen behind the three dots: `ok:…`, `no:…`, `done:…` or `again:…`."""
        verb, _, id_ = press.value.partition(":")
        takes = {"ok": self._approved, "no": self._asked_why, "done": self._delivered, "again": self._again}
        return await takes[verb](press, UUID(id_))

    async def _approve(self, press: Press) -> Answer:
        return await self._approved(press, UUID(press.value))

    async def _approved(self, press: Press, id_: UUID) -> Answer:
        return await self._step(press, id_, Verb.APPROVE)

    async def _deliver(self, press: Press) -> Answer:
        return await self._delivered(press, UUID(press.value))

    async def _delivered(self, press: Press, id_: UUID) -> Answer:
        return await self._step(press, id_, Verb.FULFIL)

    async def _step(self, press: Press, id_: UUID, verb: Verb) -> Answer:
        """Does it; what the feed then says of it takes the place of the buttons."""
        try:
            await self.database.submit(Decide(press.asker.actor, id_, verb))
        except Refusal as refusal:
            await self._home(press)
            return await self.windows.say(press, escape(await self._why_not(press, id_, verb, refusal)))
        return await self._home(press)

    async def _home(self, press: Press) -> Answer:
        """Home as it is now, where it was pressed in."""
        if (press.body.get("view") or {}).get("type") == "home":
            await self.windows.home(press)
        return None

    async def _why_not(self, press: Press, id_: UUID, verb: Verb, refusal: Refusal) -> str:
        async with self.database.read() as connection:
            return await rewards.why_not(connection, press.asker.workspace, id_, verb, refusal)

    async def _decline(self, press: Press) -> Answer:
        return await self._asked_why(press, UUID(press.value))

    async def _asked_why(self, press: Press, id_: UUID) -> Answer:
        row, person = await self._read(press, id_)
        return await self.windows.open(press, layouts.decline_form(person.mention, row.reward_name, metadata(r=str(id_))))

    async def _declined(self, press: Press) -> Answer:
        return await self._with_reason(press, Verb.REJECT)

    async def _refund(self, press: Press) -> Answer:
        row, person = await self._read(press, UUID(press.value))
        restock = row.took_stock and row.provider is not Provider.VOUCHER
        asked = layouts.refund_form(
            press.asker.workspace.unit,
            person.mention,
            row.reward_name,
            row.price_points,
            metadata(r=str(row.id)),
            restock=restock,
        )
        return await self.windows.open(press, asked)

    async def _refunded(self, press: Press) -> Answer:
        return await self._with_reason(press, Verb.REFUND, restock="restock" in (press.chosen("restock") or ()))

    async def _with_reason(self, press: Press, verb: Verb, *, restock: bool = False) -> Answer:
        id_, reason = UUID(press.metadata["r"]), str(press.chosen("reason") or "")
        try:
            await self.database.submit(Decide(press.asker.actor, id_, verb, reason, restock=restock))
        except Refusal as refusal:
            if refusal.code is Code.INVALID_INPUT:
                return refused(press, refusal, {}, "reason")
            await self.windows.home(press)
            return await self.windows.say(press, escape(await self._why_not(press, id_, verb, refusal)))
        return await self.windows.done(press)

    async def _again(self, press: Press, id_: UUID) -> Answer:
        """Has an order tried again that its provider could not deliver."""
        here, now = press.asker.workspace.organization_id, self.database.clock()
        async with self.database.bookkeeping() as connection:
            is_there = await reward.try_again(connection, here, id_, now)
        await self._home(press)
        return await self.windows.say(press, TRIED if is_there else NO_ORDER)

    async def _handed(self, press: Press) -> Answer:
        """Opens what was delivered lately."""
        return await self.windows.open(press, await self._list(press, metadata()))

    async def _turn(self, press: Press) -> Answer:
        return await self.windows.redraw(press, await self._list(press, carried(press)))

    async def _list(self, press: Press, carrying: str) -> Json:
        workspace, number = press.asker.workspace, min(max(int(press.value or 0), 0), PAGE_MAX)
        async with self.database.read() as connection:
            shown = await rewards.handed(connection, workspace, press.asker.actor, number)
        return layouts.handed_list(workspace.unit, shown, carrying)

    async def _read(self, press: Press, id_: UUID) -> tuple[Redemption, Person]:
        """A redemption and its member. Raises NOT_FOUND."""
        async with self.database.read() as connection:
            row = await rewards.redeemed(connection, press.asker.workspace, id_)
            if row is None:
                raise not_found("id")
            return row, await rewards.who(connection, press.asker.workspace, row.member_id)
