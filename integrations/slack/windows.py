"""Windows: what an admin has open is shown anew, spoken over or closed."""

import logging
from collections.abc import Mapping
from typing import Any

import orjson

from app.core.errors import Code, Refusal
from integrations.slack import layouts
from integrations.slack.api import Denied, SlackError
from integrations.slack.interactions import OPEN_SECONDS, Answer, Interactions, Press
from integrations.slack.layouts import Json

log = logging.getLogger("plaudit.slack")


class Windows:
    """Shows and says things to whoever pressed."""

    def __init__(self, interactions: Interactions) -> None:
        self.interactions = interactions
        self.slack = interactions.slack

    async def open(self, press: Press, view: Json) -> Answer:
        """Opens a form, over the one that was pressed in."""
        await self.interactions.open(press, view)
        return None

    async def say(self, press: Press, sentence: str) -> Answer:
        """Says something where it is seen: in the place of the form that was sent, over the one that was pressed in, or beside.
        `sentence` is mrkdwn, escaped already."""
        message = layouts.note(sentence)
        if press.body.get("type") == "view_submission":
            return {"response_action": "update", "view": layouts.told(message)}
        if _view(press).get("type") == "modal":
            return await self.open(press, layouts.told(message))
        await self.interactions.tell(press, message)
        return None

    async def redraw_below(self, press: Press, view: Json) -> Answer:
        """Shows anew what the sent form was opened over, and closes the form."""
        below = str(_view(press).get("previous_view_id") or "")
        if below:
            await self._update(press, view, view_id=below)
        return None

    async def redraw(self, press: Press, view: Json) -> Answer:
        """Shows the open form anew. What was done stays done, whether Slack shows it or not."""
        await self._update(press, view, view_id=str(_view(press).get("id") or ""), hash=str(_view(press).get("hash") or ""))
        return None

    async def _update(self, press: Press, view: Json, **which: str) -> None:
        workspace = press.asker.workspace
        arguments: dict[str, Any] = {"view_id": which["view_id"], "view": view, "seconds": OPEN_SECONDS}
        try:
            try:
                await self.slack.call(workspace, "views.update", **{**arguments, **which})
            except Denied as denied:
                if denied.error != "hash_conflict":
                    raise
                # It was shown anew since it was pressed in: what was chosen last is what counts.
                await self.slack.call(workspace, "views.update", **arguments)
        except SlackError as error:
            log.info("a form in workspace %s is not shown anew: %s", workspace.team_id, error)

    async def home(self, press: Press) -> Answer:
        """Shows the admin's Home as it is now."""
        await self.interactions.show_home(press, tab="admin")
        return None

    async def done(self, press: Press, sentence: str = "") -> Answer:
        """Closes the forms, shows Home as it is now, and says what was done where that is not seen."""
        await self.home(press)
        if sentence:
            await self.interactions.tell(press, layouts.note(sentence))
        return {"response_action": "clear"}


def metadata(**carried: Any) -> str:
    """What a form carries along."""
    return orjson.dumps({"v": 1, **carried}).decode()


def carried(press: Press) -> str:
    """What the open form carries along, as it is written."""
    return str(_view(press).get("private_metadata") or metadata())


def filled(press: Press) -> dict[str, Any]:
    """What stands in the open form so far, by block."""
    return press.state or (_view(press).get("state") or {}).get("values") or {}


def number(press: Press, block: str) -> int | None:
    """A whole number that was filled in; None: nothing was. Raises INVALID_INPUT for anything else."""
    written = press.chosen(block)
    try:
        return None if written in (None, "") else int(str(written))
    except ValueError:
        raise Refusal(Code.INVALID_INPUT, "A whole number, please.", block) from None


def needed(press: Press, block: str) -> int:
    """The same where a number must be. Raises INVALID_INPUT."""
    found = number(press, block)
    if found is None:
        raise Refusal(Code.INVALID_INPUT, "A whole number, please.", block)
    return found


def refused(press: Press, refusal: Refusal, blocks: Mapping[str, str], otherwise: str) -> Answer:
    """A refusal beside what was filled in wrongly. `blocks`: where inputs of the contract stand in the form, if not under their
    own name; `otherwise`: the block for all that stands nowhere."""
    places = [blocks.get(name, name) for name in reversed(refusal.field)]
    block = next((place for place in places if place in press.state), otherwise)
    return {"response_action": "errors", "errors": {block: refusal.message}}


def _view(press: Press) -> dict[str, Any]:
    return press.body.get("view") or {}
