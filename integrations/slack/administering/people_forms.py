"""Forms about one person: rights are checked, a mode is set, a balance is adjusted."""

from uuid import UUID

from app import allowance, audit
from app.core.errors import Code, Refusal
from app.core.ids import new_key
from app.organization import ParticipationMode, SetParticipationMode
from app.recognition import AdjustPoints
from integrations.slack import gifts, layouts, people
from integrations.slack.administration import Administration
from integrations.slack.interactions import Answer, Press
from integrations.slack.windows import Windows, metadata, needed, refused

_BLOCKS = {"memberId": "who", "idempotencyKey": "reason"}


class PeopleForms:
    """Takes what admins press about one person."""

    def __init__(self, windows: Windows, administration: Administration) -> None:
        self.windows = windows
        self.administration = administration
        self.desk = windows.interactions.desk
        self.database = windows.interactions.database

    async def choose(self, press: Press) -> Answer:
        """Asks whom to check."""
        return await self.windows.open(press, layouts.check_form(metadata()))

    async def check(self, press: Press) -> Answer:
        """Shows the rights of whoever was chosen."""
        return await self._show(press, await self._member(press, press.value))

    async def _show(self, press: Press, member_id: UUID) -> Answer:
        workspace, asker = press.asker.workspace, press.asker.actor
        standing = await self.desk.homes.standing(workspace, member_id)
        checked = await self.administration.check(workspace, asker, member_id, standing)
        return await self.windows.redraw(press, layouts.check_result(workspace.unit, checked, metadata()))

    async def _member(self, press: Press, user_id: str) -> UUID:
        """The member behind a user. Raises INVALID_INPUT where there is none."""
        known = (await self.desk.people.known(press.asker.workspace, [user_id])).get(user_id)
        if known is None or known.member_id is None:
            sentence = "Choose a person of this company: apps and people from elsewhere take no part."
            raise Refusal(Code.INVALID_INPUT, sentence, "who")
        return known.member_id

    async def mode(self, press: Press) -> Answer:
        """Decides whether somebody gives and receives."""
        block = str(press.body["actions"][0]["block_id"])
        return await self._set(press, UUID(block.removeprefix("mode:")), ParticipationMode(press.value))

    async def pause(self, press: Press) -> Answer:
        """Somebody neither gives nor receives for now."""
        return await self._set(press, UUID(press.value), ParticipationMode.OBSERVER)

    async def resume(self, press: Press) -> Answer:
        """Somebody gives and receives again."""
        return await self._set(press, UUID(press.value), ParticipationMode.NORMAL)

    async def _set(self, press: Press, member_id: UUID, mode: ParticipationMode) -> Answer:
        act = SetParticipationMode(press.asker.actor, member_id, mode)
        await self.database.submit(allowance.Followed(act))
        await self._show(press, member_id)
        return await self.windows.home(press)

    async def adjust(self, press: Press) -> Answer:
        """Opens the form that adjusts a balance, of the person whose rights are shown or of anybody."""
        person, workspace = None, press.asker.workspace
        if press.name == "member_adjust":
            async with self.database.read() as connection:
                account = (await people.by_member(connection, workspace, [UUID(press.value)])).get(UUID(press.value))
            person = account.user_id if account is not None else None
        return await self.windows.open(press, layouts.adjust_form(workspace.unit, metadata(k=new_key()), person=person))

    async def adjusted(self, press: Press) -> Answer:
        """Adjusts the balance. Sent twice, it is done once."""
        workspace, user_id = press.asker.workspace, str(press.chosen("who") or "")
        try:
            points, reason = needed(press, "points"), str(press.chosen("reason") or "")
            member_id = await self._member(press, user_id)
            content, key = audit.canonical([str(member_id), points, reason]), f"slack:adjust:{press.metadata['k']}"
            await self.database.submit(AdjustPoints(press.asker.actor, member_id, points, reason, key, content))
        except Refusal as refusal:
            return refused(press, refusal, _BLOCKS, "who")
        async with self.database.read() as connection:
            balance = await gifts.balance(connection, workspace, member_id)
        now = layouts.points(workspace.unit, balance)
        return await self.windows.done(press, f"Adjusted by *{points:+,}*: <@{user_id}> now has *{now}*.")
