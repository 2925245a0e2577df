"""Forms about the whole program: pause, allowance, values, channels, settings."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from app import organization
from app.allowance import Period, SetAllowancePolicy
from app.core.errors import Refusal
from app.organization import ArchiveCompanyValue, CreateCompanyValue
from app.recognition import SetGivingPolicy
from integrations.slack import layouts
from integrations.slack.administration import Administration
from integrations.slack.interactions import Answer, Press
from integrations.slack.layouts import AllowanceFields, Json, Unit
from integrations.slack.markup import escape
from integrations.slack.ruling import PER
from integrations.slack.terms import ChangeSlackSettings, Terms
from integrations.slack.windows import Windows, metadata, needed, number, refused
from integrations.slack.words import COMMAND
from integrations.slack.workspaces import Workspace

MESSAGES = Unit("message is", "messages are")
WAYS = ("messages", "reactions", "groups")
_ALLOWANCE_BLOCKS = {"basePoints": "base", "version": "base"}


class ProgramForms:
    """Takes what admins press about the program as a whole."""

    def __init__(self, windows: Windows, administration: Administration, replay: Callable[[Workspace], Awaitable[int]]) -> None:
        self.windows = windows
        self.administration = administration
        self.replay = replay
        self.database = windows.interactions.database

    async def pause(self, press: Press) -> Answer:
        """Nobody gives until it is started again."""
        return await self._set_paused(press, paused=True)

    async def resume(self, press: Press) -> Answer:
        """Giving starts again."""
        return await self._set_paused(press, paused=False)

    async def _set_paused(self, press: Press, *, paused: bool) -> Answer:
        rules = await self.administration.rules(press.asker.workspace)
        if rules.giving.paused is not paused:
            policy = replace(rules.giving, paused=paused)
            await self.database.submit(SetGivingPolicy(press.asker.actor, rules.giving_version, policy))
        return await self.windows.home(press)

    async def allowance(self, press: Press) -> Answer:
        """Opens the form for how much everyone may give."""
        rules = await self.administration.rules(press.asker.workspace)
        policy = rules.allowances
        fields = AllowanceFields(policy.base_points, policy.period, policy.rollover)
        carrying = metadata(a=rules.allowance_version)
        return await self.windows.open(press, layouts.allowance_form(press.asker.workspace.unit, fields, carrying))

    async def allowance_set(self, press: Press) -> Answer:
        """Sets it. Sent as it was, it is a version all the same: somebody has looked at it."""
        rules = await self.administration.rules(press.asker.workspace)
        try:
            policy = replace(
                rules.allowances,
                base_points=needed(press, "base"),
                period=Period(press.chosen("period")),
                rollover=needed(press, "rollover"),
                apply_now="now" in (press.chosen("now") or ()),
            )
            await self.database.submit(SetAllowancePolicy(press.asker.actor, int(press.metadata["a"]), policy))
        except Refusal as refusal:
            return refused(press, refusal, _ALLOWANCE_BLOCKS, "base")
        return await self.windows.done(press)

    async def values(self, press: Press) -> Answer:
        """Opens the company values."""
        return await self.windows.open(press, await self._values(press))

    async def _values(self, press: Press) -> Json:
        async with self.database.read() as connection:
            known = await organization.reads.values(connection, press.asker.workspace.organization_id)
        shown = [(value.hashtag, value.name) for value in known.values() if value.archived_at is None]
        return layouts.values_form(shown, metadata(), web_url=self.administration.web_url)

    async def value_added(self, press: Press) -> Answer:
        """Makes a value, and stays open for the next one."""
        name, hashtag = str(press.chosen("name") or ""), str(press.chosen("hashtag") or "")
        try:
            await self.database.submit(CreateCompanyValue(press.asker.actor, name, hashtag))
        except Refusal as refusal:
            return refused(press, refusal, {}, "hashtag")
        await self.windows.home(press)
        return {"response_action": "update", "view": await self._values(press)}

    async def value_archived(self, press: Press) -> Answer:
        """Takes a value out of use."""
        await self.database.submit(ArchiveCompanyValue(press.asker.actor, press.value))
        await self.windows.redraw(press, await self._values(press))
        return await self.windows.home(press)

    async def channels(self, press: Press) -> Answer:
        """Opens the form for channels."""
        terms = press.asker.workspace.terms
        return await self.windows.open(press, layouts.channels_form(terms, metadata(was={"feed_channel": terms.feed_channel})))

    async def channels_set(self, press: Press) -> Answer:
        """Sets where recognitions are shown, and where nothing is given."""
        muted = tuple(press.chosen("muted_channels") or ())
        return await self._change(press, {"feed_channel": press.chosen("feed_channel") or "", "muted_channels": muted})

    async def settings(self, press: Press) -> Answer:
        """Opens the form for settings."""
        workspace = press.asker.workspace
        was = {name: getattr(workspace.terms, name) for name in Terms.__slots__ if name != "muted_channels"}
        return await self.windows.open(press, layouts.settings_form(workspace.unit, workspace.terms, metadata(was=was)))

    async def settings_set(self, press: Press) -> Answer:
        """Sets what the workspace has set."""
        ticked = press.chosen("ways") or ()
        try:
            changes = {
                "emoji": str(press.chosen("emoji") or "").strip().strip(":"),
                "points_per_emoji": needed(press, "points_per_emoji"),
                "points_default": number(press, "points_default"),
                "confirm_percent": needed(press, "confirm_percent"),
                "confirm_points": needed(press, "confirm_points"),
                "feed_channel": press.chosen("feed_channel") or "",
                **{way: way in ticked for way in WAYS},
            }
        except Refusal as refusal:
            return refused(press, refusal, {}, "emoji")
        return await self._change(press, changes)

    async def _change(self, press: Press, said: dict[str, Any]) -> Answer:
        """Changes what was changed in the form: what somebody else has changed meanwhile stays."""
        was = press.metadata.get("was") or {}
        changes = {name: value for name, value in said.items() if name not in was or was[name] != value}
        try:
            await self.database.submit(ChangeSlackSettings(press.asker.actor, tuple(changes.items())))
        except Refusal as refusal:
            return refused(press, refusal, dict.fromkeys(WAYS, "ways"), "feed_channel")
        return await self.windows.done(press)

    async def retry(self, press: Press) -> Answer:
        """Has everything told again that was given up."""
        again = await self.replay(press.asker.workspace)
        await self.windows.home(press)
        return await self.windows.say(press, f"{MESSAGES.of(again)} tried again.")

    async def invite(self, press: Press) -> Answer:
        """Gives the admin a text to tell everyone."""
        rules, unit = await self.administration.rules(press.asker.workspace), press.asker.workspace.unit
        much = f"{unit.of(rules.allowances.base_points)} {PER[rules.allowances.period]}"
        text = (
            f"From now on we say thank you with {unit.plural}. Each of us has {much} to give.\n"
            f"Type {COMMAND} @name 10 for helping with the release, or {COMMAND} alone for a form.\n"
            f"{COMMAND} help says what else there is."
        )
        return await self.windows.say(
            press, f"Tell everyone, in a channel that all of you read. For example:\n```{escape(text)}```"
        )
