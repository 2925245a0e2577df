"""Forms about the catalog: rewards are listed, made, changed, archived and put back."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app import audit, reward
from app.core.actor import Actor
from app.core.errors import Refusal, not_found
from app.core.ids import new_key
from app.db import Draft, Slice, Want
from app.reward import ArchiveReward, CreateReward, Provider, Reward, RewardKind, UpdateReward
from integrations.slack import layouts
from integrations.slack.homes import PAGE_MAX
from integrations.slack.interactions import Answer, Press
from integrations.slack.layouts import Article, Json, RewardFields
from integrations.slack.windows import Windows, metadata, needed, number, refused

PER_PAGE = 10
KINDS = {
    RewardKind.CUSTOM: "our own",
    RewardKind.GIFT_CARD: "gift card",
    RewardKind.DONATION: "donation",
    RewardKind.EXPERIENCE: "experience",
    RewardKind.MERCHANDISE: "merchandise",
    RewardKind.TIME_OFF: "time off",
}
_BLOCKS = {"pricePoints": "price", "perMemberLimit": "limit", "requiresApproval": "approval"}
_VERB = "slackReward"
Take = Callable[[Press], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class MakeOnce:
    """A reward of a form: sent again, it makes no second one."""

    create: CreateReward
    key: str

    @property
    def actor(self) -> Actor:
        """Who makes it."""
        return self.create.actor

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from self.create.needs()
        yield audit.receipt_want(self.actor.organization_id, self.actor.member_id, _VERB, self.key)

    def decide(self, draft: Draft) -> UUID:
        """The reward's id."""
        before = audit.recall(draft, _VERB, self.key, b"")
        if before is not None:
            return before
        made = self.create.decide(draft)
        audit.remember(draft, _VERB, self.key, b"", made)
        return made


class CatalogForms:
    """Takes what admins press about the catalog."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
        self.database = windows.interactions.database
        self.takes: dict[str, Take] = {
            "adm_rewards": self._open,
            "reward_page_newer": self._turn,
            "reward_page_older": self._turn,
            "reward_add": self._add,
            "reward_edit": self._edit,
            "reward_save": self._save,
            "reward_archive": self._archive,
            "reward_restore": self._restore,
        }

    async def _open(self, press: Press) -> Answer:
        return await self.windows.open(press, await self._list(press, 0))

    async def _turn(self, press: Press) -> Answer:
        return await self.windows.redraw(press, await self._list(press, int(press.value or 0)))

    async def _list(self, press: Press, page: int) -> Json:
        """A page of the whole catalog, the cheapest first."""
        page, wanted = min(max(page, 0), PAGE_MAX), reward.reads.RewardFilter(everything=True)
        async with self.database.read() as connection:
            statement = reward.reads.catalog(press.asker.actor, wanted)
            found = await reward.reads.catalog_page(connection, statement, Slice((page + 1) * PER_PAGE))
        shown = tuple(_article(row) for row in found.rows[page * PER_PAGE :])
        return layouts.catalog_list(press.asker.workspace.unit, layouts.Catalog(shown, page, found.has_next), metadata(page=page))

    async def _add(self, press: Press) -> Answer:
        carrying = metadata(k=new_key(), page=press.metadata.get("page", 0))
        return await self.windows.open(press, layouts.reward_form(press.asker.workspace.unit, RewardFields(), carrying))

    async def _edit(self, press: Press) -> Answer:
        row = await self._read(press, UUID(press.value))
        fields = RewardFields(
            row.name,
            row.description,
            row.kind,
            row.price_points,
            row.stock,
            row.per_member_limit,
            row.requires_approval,
            row.provider,
            is_new=False,
        )
        carrying = metadata(r=str(row.id), page=press.metadata.get("page", 0), was=_was(row))
        return await self.windows.open(press, layouts.reward_form(press.asker.workspace.unit, fields, carrying))

    async def _read(self, press: Press, reward_id: UUID) -> Reward:
        async with self.database.read() as connection:
            found = await reward.reads.rewards_by_id(connection, press.asker.workspace.organization_id, [reward_id])
        if reward_id not in found:
            raise not_found("rewardId")
        return found[reward_id]

    async def _save(self, press: Press) -> Answer:
        """Makes a reward, or changes what was changed in the form: what somebody else has changed meanwhile stays."""
        carried, actor = press.metadata, press.asker.actor
        try:
            said = _said(press)
            if "r" not in carried:
                provider = Provider(str(press.chosen("provider") or Provider.MANUAL))
                create = CreateReward(actor, provider=provider, **{**said, "stock": number(press, "stock")})
                await self.database.submit(MakeOnce(create, f"slack:reward:{carried['k']}"))
            else:
                if "stock" in press.state:
                    said["stock"] = number(press, "stock")
                was = carried["was"]
                changes = {name: value for name, value in said.items() if was.get(name) != value}
                await self.database.submit(UpdateReward(actor, UUID(carried["r"]), **changes))
        except Refusal as refusal:
            return refused(press, refusal, _BLOCKS, "name")
        return await self._shown(press, self.windows.redraw_below)

    async def _archive(self, press: Press) -> Answer:
        return await self._archived(press, archived=True)

    async def _restore(self, press: Press) -> Answer:
        return await self._archived(press, archived=False)

    async def _archived(self, press: Press, *, archived: bool) -> Answer:
        await self.database.submit(ArchiveReward(press.asker.actor, UUID(press.value), archived))
        return await self._shown(press, self.windows.redraw)

    async def _shown(self, press: Press, redraw: Callable[[Press, Json], Awaitable[Answer]]) -> Answer:
        """The list and Home as they are now."""
        await redraw(press, await self._list(press, int(press.metadata.get("page", 0))))
        return await self.windows.home(press)


def _article(row: Reward) -> Article:
    facts = [KINDS[row.kind], "an admin is asked first" if row.requires_approval else "delivered without asking"]
    if row.provider is Provider.VOUCHER:
        facts.append("voucher codes")
    if row.per_member_limit is not None:
        facts.append(f"at most {row.per_member_limit:,} for each person")
    if not row.for_everyone:
        facts.append("not for everyone")
    return Article(str(row.id), row.name, row.price_points, row.stock, tuple(facts), row.archived_at is not None)


def _was(row: Reward) -> dict[str, Any]:
    """What the form shows when it opens, under the names of the act."""
    return {
        "name": row.name,
        "description": row.description,
        "kind": row.kind,
        "price_points": row.price_points,
        "stock": row.stock,
        "per_member_limit": row.per_member_limit,
        "requires_approval": row.requires_approval,
    }


def _said(press: Press) -> dict[str, Any]:
    """What stands in the form, but for the stock. Raises INVALID_INPUT for what is no number."""
    return {
        "name": str(press.chosen("name") or ""),
        "description": str(press.chosen("description") or ""),
        "kind": RewardKind(str(press.chosen("kind"))),
        "price_points": needed(press, "price"),
        "per_member_limit": number(press, "limit"),
        "requires_approval": press.chosen("approval") != "no",
    }
