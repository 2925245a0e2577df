"""Shopping: what members press and fill in to see rewards, to redeem one, to take that back, and to read its code."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson

from app import reward
from app.core.errors import Code, Refusal
from app.core.ids import new_key
from app.reward import Decide, RedeemReward, Redemption, RedemptionStatus, Reward, Verb, Vouchers
from integrations.slack import gifts, layouts, markup, rewards
from integrations.slack.desk import Asker, Stopped
from integrations.slack.homes import PAGE_MAX
from integrations.slack.interactions import Answer, Press
from integrations.slack.layouts import Json, News
from integrations.slack.markup import escape
from integrations.slack.windows import Windows, metadata

GONE = "This reward cannot be had any more. Choose another."
NO_CODE = "There is no code of yours here."
_FROM_HOME = "home"
Take = Callable[[Press], Awaitable[Answer]]


class Shopping:
    """Takes what members press about rewards."""

    def __init__(self, windows: Windows, vouchers: Vouchers, public_url: str) -> None:
        self.windows = windows
        self.interactions = windows.interactions
        self.database = windows.interactions.database
        self.vouchers = vouchers
        self.public_url = public_url.rstrip("/")
        takes: dict[str, Take] = {
            "home_rewards": self._browse,
            "home_shop_newer": self._browse,
            "home_shop_older": self._browse,
            "open_shop": self._shop,
            "shop_newer": self._turn,
            "shop_older": self._turn,
            "redeem_open": self._open,
            "redeem_short": self._short,
            "redeem_cancel": self._cancel,
            "redeem": self._submitted,
            "show_code": self._code,
        }
        self.takes: dict[str, Take] = {name: self._kindly(take) for name, take in takes.items()}

    def _kindly(self, take: Take) -> Take:
        """A refusal is said where it is seen."""

        async def taken(press: Press) -> Answer:
            try:
                return await take(press)
            except Refusal as refusal:
                return await self.windows.say(press, escape(refusal.message))

        return taken

    async def opens(self, press: Press, text: str) -> bool:
        """Opens the form for the one reward that is called so, of a command. False: there is none, or several. Raises Stopped
        with why it cannot be had."""
        said = markup.plain(text, {}, {}, {})
        if not said:
            return False
        async with self.database.read() as connection:
            found = await rewards.named(connection, press.asker.actor, said)
        if len(found) != 1:
            return False
        try:
            await self._show(press, found[0])
        except Refusal as refusal:
            raise Stopped(layouts.note(escape(refusal.message))) from refusal
        return True

    async def _browse(self, press: Press) -> Answer:
        """Turns Home to a page of the catalog."""
        await self.interactions.show_home(press, tab="rewards", page=_page(press))
        return None

    async def _shop(self, press: Press) -> Answer:
        """Opens the catalog over whatever was pressed in."""
        return await self.windows.open(press, await self._shelf(press, 0, metadata(ch=press.channel)))

    async def _turn(self, press: Press) -> Answer:
        return await self.windows.redraw(press, await self._shelf(press, _page(press), orjson.dumps(press.metadata).decode()))

    async def _shelf(self, press: Press, number: int, carrying: str) -> Json:
        workspace = press.asker.workspace
        async with self.database.read() as connection:
            shelf = await rewards.shelf(connection, workspace, press.asker.actor, number)
        return layouts.shop_modal(workspace.unit, shelf, carrying)

    async def _open(self, press: Press) -> Answer:
        """Opens the form for redeeming; for what cannot be had now, says why."""
        await self._show(press, await self._found(press.asker, UUID(press.value)))
        return None

    async def _short(self, press: Press) -> Answer:
        """Says why a reward cannot be had now. Since it was shown, it may have come into reach: then the form opens."""
        return await self._open(press)

    async def _found(self, asker: Asker, reward_id: UUID) -> Reward:
        async with self.database.read() as connection:
            row = await rewards.offered_to(connection, asker.actor, reward_id)
        if row is None:
            raise Refusal(Code.REWARD_UNAVAILABLE, GONE, "rewardId")
        return row

    async def _show(self, press: Press, row: Reward) -> None:
        carried = {"k": new_key(), "ch": press.channel, "from": str((press.body.get("view") or {}).get("type") or "")}
        picture = self._picture(row.image_url)
        view = await self._form(press.asker, row, carried, picture)
        bare = await self._form(press.asker, row, carried, None) if picture else None
        await self.interactions.open(press, view, otherwise=bare)

    def _picture(self, url: str | None) -> str | None:
        """A picture's address, as Slack can load it; None where it cannot."""
        whole = f"{self.public_url}{url}" if url and url.startswith("/") else url or ""
        return whole if whole.startswith("https://") else None

    async def _form(
        self, asker: Asker, row: Reward, carried: dict[str, Any], picture: str | None, *, note: str = "", news: str = ""
    ) -> Json:
        """The form for redeeming. It carries the price that is seen, and a key by which it redeems once. Raises what redeeming
        would be refused with."""
        workspace = asker.workspace
        async with self.database.read() as connection:
            hindrance = (await reward.reads.hindrances(connection, asker.actor, [row]))[row.id]
            balance = await gifts.balance(connection, workspace, asker.member_id)
        if hindrance is not None:
            raise hindrance
        offer = layouts.Offer(row.name, row.description, row.price_points, balance, row.requires_approval, picture)
        carrying = metadata(**{**carried, "r": str(row.id), "price": row.price_points, "i": picture is not None})
        return layouts.redeem_form(workspace.unit, offer, carrying, note_chars_max=reward.NOTE_CHARS_MAX, note=note, news=news)

    async def _submitted(self, press: Press) -> Answer:
        """Redeems. Sent twice, it is done once. At another price than was seen, the form is shown anew with that."""
        carried, note = press.metadata, str(press.chosen("note") or "")
        # The key says by itself whether it is the same request, as with every form.
        act = RedeemReward(
            press.asker.actor, UUID(carried["r"]), int(carried["price"]), note, f"slack:redeem:{carried['k']}", b"slack"
        )
        try:
            redeemed = await self.database.submit(act)
        except Refusal as refusal:
            try:
                if refusal.code is Code.PRICE_CHANGED:
                    return await self._anew(press, note)
                raise
            except Refusal as final:
                return {"response_action": "errors", "errors": {"note": final.message}}
        row = redeemed.row
        if row is None:
            async with self.database.read() as connection:
                row = await rewards.redeemed(connection, press.asker.workspace, redeemed.id)
        assert row is not None, "it was redeemed"
        if carried.get("from") == _FROM_HOME:
            await self.interactions.show_home(press, tab="me")
        await self.interactions.tell(press, await self._follows(press.asker, row), once=f"form:{carried['k']}")
        return {"response_action": "clear"}

    async def _anew(self, press: Press, note: str) -> Answer:
        """The form with the price of now."""
        carried, asker = press.metadata, press.asker
        row = await self._found(asker, UUID(carried["r"]))
        picture = self._picture(row.image_url) if carried.get("i") else None  # Slack has not taken it before.
        before, after = (asker.workspace.unit.of(price) for price in (int(carried["price"]), row.price_points))
        news = f"The price changed from {before} to {after}. Look at it again."
        return {
            "response_action": "update",
            "view": await self._form(asker, row, carried, picture, note=note, news=news),
        }

    async def _follows(self, asker: Asker, row: Redemption) -> layouts.Message:
        """What happens next."""
        async with self.database.read() as connection:
            balance = await gifts.balance(connection, asker.workspace, asker.member_id)
        step: News = "requested" if row.status is RedemptionStatus.PENDING_APPROVAL else "ordered"
        shown = layouts.Claimed(str(row.id), row.reward_name, row.price_points, step, balance)
        return layouts.claimed(asker.workspace.unit, shown)

    async def _cancel(self, press: Press) -> Answer:
        """Takes a request back."""
        workspace, id_ = press.asker.workspace, UUID(press.value)
        try:
            await self.database.submit(Decide(press.asker.actor, id_, Verb.CANCEL))
        except Refusal as refusal:
            async with self.database.read() as connection:
                why = await rewards.why_not(connection, workspace, id_, Verb.CANCEL, refusal)
            await self.windows.say(press, escape(why))
        await self.interactions.show_home(press, tab="me")
        return None

    async def _code(self, press: Press) -> Answer:
        """Shows a voucher's code to its owner, in a window that nobody else sees and that is kept nowhere."""
        asker, id_ = press.asker, UUID(press.value)
        async with self.database.read() as connection:
            code = (await self.vouchers.codes(connection, asker.actor, [id_])).get(id_)
            row = await rewards.redeemed(connection, asker.workspace, id_)
        if code is None or row is None:
            return await self.windows.say(press, NO_CODE)
        return await self.windows.open(press, layouts.code_modal(row.reward_name, code))


def _page(press: Press) -> int:
    return min(max(int(press.value or 0), 0), PAGE_MAX)
