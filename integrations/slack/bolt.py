"""Bolt's part: requests that Slack signed become calls of the desk, and their answers Slack's."""

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.core.errors import Busy, PlauditError
from integrations.slack import emoji, jobs, layouts, refusals
from integrations.slack.desk import Asker, Stopped
from integrations.slack.drafts import Typed
from integrations.slack.events import Events
from integrations.slack.grammar import Giving, Mistake, Open, Subcommand, Way, read
from integrations.slack.interactions import Answer, Press, is_private_name
from integrations.slack.layouts import Message
from integrations.slack.models import Way as Door
from integrations.slack.shopping import Shopping
from integrations.slack.workspaces import Workspace, Workspaces

NOT_INSTALLED = "Plaudit is not installed here. Ask an admin of this workspace to install it."
ANYTHING = re.compile(".*", re.DOTALL)
WORKSPACE = "plaudit_workspace"
_MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError)
"""What comes of a body in which something is not what Slack's contract says: sent again, it would be the same."""
log = logging.getLogger("plaudit.slack")
Takes = dict[str, Callable[[Press], Awaitable[Answer]]]


def endpoint(app: AsyncApp) -> Callable[[Request], Awaitable[Response]]:
    """Where Slack's requests arrive, behind the guard."""

    async def handle(request: Request) -> Response:
        body = (await request.body()).decode()
        if not body.startswith(("{", "payload=")):
            # Bolt takes every form with the word in it for one that has such a field, and loses what else is in it.
            body = body.replace("payload", "%70ayload")
        headers: dict[str, str | Sequence[str]] = dict(request.headers)
        try:
            answer = await app.async_dispatch(AsyncBoltRequest(body=body, headers=headers))
        except _MISSHAPEN as error:
            log.warning("a signed request has no shape of Slack's: %r", error)
            return PlainTextResponse("This is no request that Slack sends.", status_code=400)
        if answer.status == 404:  # A kind of request that nobody here asked for: Slack is not to count it as a failure.
            return Response(status_code=200)
        return to_starlette_response(answer)

    return handle


class KnownWorkspace(AsyncMiddleware):
    """Looks up the workspace before anything is done for it. For one that is not installed here, that is the answer."""

    def __init__(self, workspaces: Workspaces) -> None:
        self.workspaces = workspaces

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        """Goes on with the workspace in the context, or ends with 200."""
        if req.body.get("type") == "url_verification":
            return await next()
        team_id, is_command = req.context.team_id, "command" in req.body
        try:
            workspace = await self.workspaces.by_team(team_id) if isinstance(team_id, str) else None
        except Busy as busy:
            if not is_command:
                raise
            return BoltResponse(status=200, body={"text": refusals.failed(busy).text})
        if workspace is None or not workspace.connected:
            return BoltResponse(status=200, body={"text": NOT_INSTALLED} if is_command else "")
        req.context[WORKSPACE] = workspace
        return await next()


class OwnAuthorize(AsyncAuthorize):
    """Knows the bot of a workspace from our own row: no request makes a call to Slack for it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    async def __call__(
        self, *, context: AsyncBoltContext, enterprise_id: str | None, team_id: str | None, user_id: str | None, **_more: Any
    ) -> AuthorizeResult | None:
        """The bot's own facts."""
        workspace: Workspace = context[WORKSPACE]
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            user_id=user_id,
            bot_user_id=workspace.bot_user_id,
            bot_token=workspace.token,
            bot_scopes=sorted(workspace.scopes),
        )


class Listeners:
    """The listeners, one per kind of request, each of which asks the desk for an answer."""

    def __init__(self, shopping: Shopping, events: Events, takes: Takes) -> None:
        self.shopping = shopping
        self.interactions = shopping.interactions
        self.desk = self.interactions.desk
        self.words = self.interactions.words
        self.events = events
        self.takes = takes
        """By action id or callback id."""

    def bolt(self, workspaces: Workspaces, api_url: str, oauth_flow: AsyncOAuthFlow | None = None) -> AsyncApp:
        """Bolt's application. It waits for its listeners before it answers: what failed is sent again."""
        app = AsyncApp(
            name="plaudit",
            process_before_response=True,
            request_verification_enabled=False,  # The guard in front has verified the raw bytes.
            before_authorize=KnownWorkspace(workspaces),
            authorize=OwnAuthorize(),  # type: ignore[arg-type]
            client=AsyncWebClient(base_url=api_url),
            oauth_flow=oauth_flow,
        )
        app.command(ANYTHING)(self.command)
        app.event(ANYTHING)(self.event)
        app.action(ANYTHING)(self.action)
        app.view(ANYTHING)(self.submission)
        app.view_closed(ANYTHING)(self.closed)
        app.shortcut(ANYTHING)(self.shortcut)
        app.options(ANYTHING)(self.options)
        app.error(_failed)
        return app

    async def command(self, ack: Any, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """The slash command."""
        workspace: Workspace = context[WORKSPACE]
        try:
            message = await self._commanded(workspace, body)
        except Stopped as stopped:
            message = stopped.message
        except PlauditError as error:
            message = refusals.failed(error)
        except Exception as error:
            log.exception("a command of workspace %s failed", workspace.team_id)
            message = refusals.failed(error)
        if message is None:
            await ack()
        else:
            await ack(**jobs.spoken(message), response_type="ephemeral")

    async def _commanded(self, workspace: Workspace, body: dict[str, Any]) -> Message | None:
        """What the command answers; None when a form was opened instead."""
        reading = read(str(body.get("text") or ""), Way.COMMAND, emoji.words(workspace))
        named = reading.people if isinstance(reading, Giving) else ()
        asker = await self.desk.asker(workspace, str(body["user_id"]), body.get("team_id"), named)
        key = f"slack:command:{body['trigger_id']}"
        channel = {"id": body.get("channel_id")}
        opened = {"trigger_id": body["trigger_id"], "channel": channel, **_reply(body)}
        if isinstance(reading, Subcommand):
            press = Press(asker, "command", "", opened)
            if reading.word == "redeem" and await self.shopping.opens(press, reading.rest):
                return None
            return await self.words.answer(asker, reading, key)
        if isinstance(reading, Mistake):
            return refusals.mistyped(reading)
        typed = self._place(asker, body)
        if isinstance(reading, Giving):
            typed = await self.desk.typed(asker, reading, typed)
            if reading.points is not None:
                return await self.desk.give(asker, typed, key)
        assert isinstance(reading, Giving | Open), "a command is never ignored"
        await self.interactions.show_form(Press(asker, "command", "", opened), typed)
        return None

    def _place(self, asker: Asker, body: dict[str, Any]) -> Typed:
        channel = str(body.get("channel_id") or "")
        private = is_private_name(channel, str(body.get("channel_name") or ""))
        url = str(body.get("response_url") or "")
        # Where the bot may not be, this address is the only voice that it has, for half an hour.
        sealed = self.desk.seal.close(url).decode() if private and url else ""
        return Typed(Door.COMMAND, channel=channel, private=private, post_to=channel, url=sealed)

    async def event(self, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """An event. Whatever fails is raised, and Slack sends it again."""
        workspace: Workspace = context[WORKSPACE]
        try:
            await self.events.take(workspace, body)
        except PlauditError as error:
            if not refusals.is_told(error):
                raise
            log.info("an event of workspace %s came to nothing: %s", workspace.team_id, error)
        except _MISSHAPEN:
            log.exception("an event of workspace %s could not be read", workspace.team_id)

    async def action(self, ack: Any, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """Something was pressed or chosen."""
        actions = body.get("actions") or [{}]
        name, value = str(actions[0].get("action_id") or ""), _value(actions[0])
        await self._press(name, value, body, context)
        await ack()

    async def shortcut(self, ack: Any, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """A shortcut, global or on a message."""
        await self._press(str(body.get("callback_id") or ""), "", body, context)
        await ack()

    async def submission(self, ack: Any, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """A form was sent."""
        answer = await self._press(str((body.get("view") or {}).get("callback_id") or ""), "", body, context)
        await ack(**(answer or {}))

    async def closed(self, ack: Any) -> None:
        """A form was closed: nothing was sent."""
        await ack()

    async def options(self, ack: Any) -> None:
        """No list is filled while one types."""
        await ack(options=[])

    async def _press(self, name: str, value: str, body: dict[str, Any], context: AsyncBoltContext) -> Answer:
        workspace: Workspace = context[WORKSPACE]
        takes = self.takes.get(name)
        if takes is None:
            return None
        user = body.get("user") or {}
        is_form = body.get("type") == "view_submission"
        press: Press | None = None
        try:
            asker = await self.desk.asker(workspace, str(user.get("id")), user.get("team_id"))
            view = body.get("view") or {}
            press = Press(asker, name, value, body, (view.get("state") or {}).get("values") or {})
            return await takes(press)
        except Exception as error:
            if not isinstance(error, PlauditError):
                log.exception("the press %s in workspace %s failed", name, workspace.team_id)
            message = error.message if isinstance(error, Stopped) else refusals.failed(error)
            if is_form:
                return {"response_action": "update", "view": layouts.told(message)}
            if press is not None:
                await self.interactions.tell(press, message)
            return None


async def _failed(error: Exception) -> BoltResponse:
    """What a listener could not do: Slack is to send the event again, unless it would be as unreadable then."""
    if isinstance(error, _MISSHAPEN):
        log.error("a signed request could not be read", exc_info=error)
        return BoltResponse(status=400, body="This is no request that Slack sends.")
    log.error("a request of Slack failed: %s", error, exc_info=None if isinstance(error, PlauditError) else error)
    return BoltResponse(status=500, body="")


def _value(action: dict[str, Any]) -> str:
    """What was pressed or chosen, as one word."""
    if action.get("value") is not None:
        return str(action["value"])
    if action.get("selected_option"):
        return str(action["selected_option"]["value"])
    return str(action.get("selected_user") or action.get("selected_conversation") or "")


def _reply(body: dict[str, Any]) -> dict[str, Any]:
    return {"response_url": body["response_url"]} if body.get("response_url") else {}
