"""Home: what a person's Home tab shows, read when it is published."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from app import recognition, reward
from app.allowance import BringUpToDate, Period, bounds
from app.core.actor import Actor, Door, Permission, system
from app.db import Database, Slice
from app.recognition import Recognition
from integrations.slack import gifts, layouts, people, preferences, rewards
from integrations.slack.administration import Administration
from integrations.slack.layouts import HistoryItem, HistoryPage, Person, ShopPage, StaffHome, Standing
from integrations.slack.people import Known
from integrations.slack.workspaces import Workspace

RECENT = 5
PER_PAGE = 10
PAGE_MAX = 100


class Homes:
    """Builds Home for a person: its own numbers, its history, or for admins what they look after."""

    def __init__(self, database: Database, administration: Administration, web_url: str | None) -> None:
        self.database = database
        self.administration = administration
        self.web_url = web_url

    async def view(self, workspace: Workspace, user_id: str) -> dict[str, Any] | None:
        """The view to publish; None for somebody who is no member."""
        async with self.database.read() as connection:
            known = (await people.by_user(connection, workspace, [user_id])).get(user_id)
            preference = await preferences.of(connection, workspace, user_id)
        if known is None or known.member_id is None or known.deleted:
            return None
        state = orjson.loads(preference.home) if preference is not None and preference.home else {}
        actor = known.actor(workspace.organization_id)
        if state.get("tab") == "admin" and actor.may(Permission.POLICY_EDIT):
            return layouts.admin_home(workspace.unit, await self.administration.home(workspace))
        if state.get("tab") == "history":
            number = min(max(int(state.get("page", 0)), 0), PAGE_MAX)
            return layouts.history_home(await self.history(workspace, actor, number))
        if state.get("tab") == "rewards":
            number = min(max(int(state.get("page", 0)), 0), PAGE_MAX)
            return layouts.shop_home(workspace.unit, await self.shop(workspace, actor, number))
        return layouts.staff_home(workspace.unit, await self.staff(workspace, known))

    async def staff(self, workspace: Workspace, known: Known) -> StaffHome:
        """A member's own Home."""
        actor, now = known.actor(workspace.organization_id), self.database.clock()
        assert known.member_id is not None
        async with self.database.read() as connection:
            since = period_start("month", now, workspace.time_zone)
            numbers = await recognition.standings.numbers(connection, workspace.organization_id, known.member_id, since)
            balance = await gifts.balance(connection, workspace, known.member_id)
            page = await recognition.standings.own_page(connection, actor, Slice(RECENT))
            items = await self.items(connection, workspace, actor, page.rows)
            shown, has_more_rewards = await rewards.in_home(connection, actor, balance)
            requests, has_more_requests = await rewards.requests(connection, actor)
            held = await reward.reads.pending(connection, workspace.organization_id, [known.member_id])
        return StaffHome(
            balance=balance,
            standing=await self.standing(workspace, known.member_id),
            received_points=numbers.received_points,
            received_people=numbers.received_people,
            given_points=numbers.given_points,
            given_people=numbers.given_people,
            items=items,
            updated_at=now.astimezone(ZoneInfo(workspace.time_zone)),
            has_older=page.has_next,
            rewards=shown,
            has_more_rewards=has_more_rewards,
            requests=requests,
            has_more_requests=has_more_requests,
            pending=held[known.member_id],
            web_url=self.web_url,
            is_admin=actor.may(Permission.POLICY_EDIT),
            is_new=not page.rows,
        )

    async def standing(self, workspace: Workspace, member_id: UUID) -> Standing | None:
        """What a member has left to give; None for one who does not give."""
        act = BringUpToDate(system(workspace.organization_id, Door.SLACK), member_id)
        (found,) = await self.database.rehearse([act])
        if isinstance(found, BaseException):
            raise found
        if not found.may_be_given:
            return None
        return Standing(found.remaining, found.total, found.resets_at.astimezone(ZoneInfo(workspace.time_zone)))

    async def history(self, workspace: Workspace, actor: Actor, number: int) -> HistoryPage:
        """One page of what a member gave and received."""
        async with self.database.read() as connection:
            # Pages are asked for by number: everything before is read for its place, which nobody turns far enough to notice.
            found = await recognition.standings.own_page(connection, actor, Slice((number + 1) * PER_PAGE))
            items = await self.items(connection, workspace, actor, found.rows[number * PER_PAGE :])
        moment = self.database.clock().astimezone(ZoneInfo(workspace.time_zone))
        return HistoryPage(items, number, found.has_next, moment, actor.may(Permission.POLICY_EDIT), self.web_url)

    async def shop(self, workspace: Workspace, actor: Actor, number: int) -> ShopPage:
        """One page of what there is for a member."""
        async with self.database.read() as connection:
            shelf = await rewards.shelf(connection, workspace, actor, number)
        moment = self.database.clock().astimezone(ZoneInfo(workspace.time_zone))
        return ShopPage(shelf, moment, actor.may(Permission.POLICY_EDIT), self.web_url)

    async def items(
        self, connection: AsyncConnection, workspace: Workspace, actor: Actor, rows: Sequence[Recognition]
    ) -> tuple[HistoryItem, ...]:
        """Recognitions as the actor sees them, in their order."""
        found = await gifts.shown(connection, workspace, [row.id for row in rows])
        items = []
        zone = ZoneInfo(workspace.time_zone)
        for row in rows:
            one = found[row.id]
            mine = row.giver_id == actor.member_id
            others: tuple[Person, ...] = one.gift.recipients if mine else (one.gift.giver,)
            readable = mine or row.revoked_at is None
            items.append(
                HistoryItem(
                    others,
                    not mine,
                    row.points_each,
                    one.gift.message if readable else "",
                    row.given_at.astimezone(zone),
                    private=one.gift.private,
                    taken_back=row.revoked_at is not None,
                    permalink=one.gift.permalink,
                )
            )
        return tuple(items)


def period_start(word: str, now: datetime, time_zone: str) -> datetime:
    """When the week, month, quarter or year of this moment began, in the organization's zone."""
    zone = ZoneInfo(time_zone)
    if word == "year":
        return bounds(Period.MONTH, datetime(now.astimezone(zone).year, 1, 15, tzinfo=zone), zone)[0]
    return bounds(Period(word.upper()), now, zone)[0]
