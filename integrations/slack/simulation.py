"""The simulation: a signed command as Slack would send it, and what Slack would show, in letters."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from unicodedata import combining, normalize
from urllib.parse import urlencode

import aiohttp

from app.allowance import Allowance, BringUpToDate
from app.core.actor import Door, system
from app.core.clock import now
from app.core.errors import Misconfigured
from app.core.ids import new_key
from app.db import Database, columns, scoped, table_of
from app.organization import Member, MemberStatus
from integrations.slack.guard import sign
from integrations.slack.models import SlackPerson
from integrations.slack.people import Known, by_user
from integrations.slack.recorder import CHANNELS, GENERAL
from integrations.slack.workspaces import Workspace

ASKED_MAX = 60
_HANDLE = re.compile(r"(?<![\w<])@([^\W\d_][\w.-]*)")
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_CHANNEL = re.compile(r"<#([A-Z0-9]+)(?:\|([^>]*))?>")
_FALLBACK = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_LINK = re.compile(r"<(https?://[^|>]+)(?:\|([^>]*))?>")


def plain(name: str) -> str:
    """A name as it is typed on any keyboard: lower case, without accents."""
    return "".join(letter for letter in normalize("NFKD", name.casefold()) if not combining(letter))


class Cast:
    """Who is who in the workspace: people by the first word of their name, in lower case, and by their id."""

    def __init__(self, people: Iterable[tuple[str, str, str | None]]) -> None:
        self.names: dict[str, str] = {}
        self.emails: dict[str, str] = {}
        """Ids by e-mail address."""
        self.ids: dict[str, list[str]] = {}
        for user_id, name, email in people:
            self.names[user_id] = name
            self.emails |= {email: user_id} if email else {}
            for handle in {plain(name.split()[0]), plain(name).replace(" ", ".")}:
                self.ids.setdefault(handle, []).append(user_id)

    def one(self, handle: str) -> str:
        """The id of the person with this handle. Raises Misconfigured for nobody, or for several."""
        found = self.ids.get(plain(handle.removeprefix("@")), [])
        if len(found) == 1:
            return found[0]
        if not found:
            some = ", ".join(sorted(handle for handle, ids in self.ids.items() if len(ids) == 1 and "." not in handle)[:8])
            raise Misconfigured(f"There is nobody called {handle} in this workspace. There are: {some}, …")
        several = ", ".join(plain(self.names[id_]).replace(" ", ".") for id_ in found)
        raise Misconfigured(f"Several people are called {handle}. Say which: {several}")

    def mentioned(self, text: str) -> str:
        """The text with its handles as Slack sends them: `<@U123|ana>`."""
        return _HANDLE.sub(lambda match: f"<@{self.one(match[1])}|{match[1]}>", text)


async def speaker(database: Database, workspace: Workspace, cast: Cast) -> str:
    """Somebody who has points left to give: the first of the workspace, in the order of joining."""
    known = await _known(database, workspace, list(cast.names)[:ASKED_MAX])
    actor = system(workspace.organization_id, Door.CLI)
    acts = [BringUpToDate(actor, person.member_id) for person in known if person.member_id is not None]
    found = await database.rehearse(acts)
    for person, allowance in zip(known, found, strict=True):
        if isinstance(allowance, Allowance) and allowance.remaining * 2 >= allowance.total > 0:
            return person.user_id
    return known[0].user_id


async def _known(database: Database, workspace: Workspace, user_ids: list[str]) -> list[Known]:
    async with database.read() as connection:
        found = await by_user(connection, workspace, user_ids)
    return [found[user_id] for user_id in user_ids if found[user_id].member_id is not None]


async def cast_of(database: Database, workspace: Workspace) -> Cast:
    """Everyone in the workspace who has not left."""
    person, member = columns(SlackPerson), columns(Member)
    statement = (
        scoped(SlackPerson, workspace.organization_id, person.user_id, member.display_name, member.email)
        .join_from(
            table_of(SlackPerson),
            table_of(Member),
            (member.organization_id == person.organization_id) & (member.id == person.member_id),
        )
        .where(member.status != MemberStatus.DEACTIVATED)
        .order_by(member.ordinal)
    )
    async with database.read() as connection:
        return Cast((row.user_id, row.display_name, row.email) for row in await connection.execute(statement))


class Simulation:
    """Plays Slack towards a running server: signs, sends, and asks the recorder what came of it."""

    def __init__(self, address: str, signing_secret: str) -> None:
        self.address = address.rstrip("/")
        self.signing_secret = signing_secret

    async def command(self, workspace: Workspace, user_id: str, text: str) -> tuple[dict[str, Any], list[dict[str, Any]] | None]:
        """Sends a slash command; returns the answer, and what was shown besides (None: the server has no recorder).

        Raises Misconfigured when the server is not there, or does not know the secret."""
        command, _, rest = text.partition(" ")
        form = {
            "command": command,
            "text": rest,
            "team_id": workspace.team_id,
            "user_id": user_id,
            "channel_id": GENERAL,
            "channel_name": CHANNELS[GENERAL],
            "trigger_id": f"simulated.{new_key()}",
            "api_app_id": workspace.app_id,
        }
        try:
            async with aiohttp.ClientSession() as session:
                before = await self._recorded(session, 0)
                last = before[-1]["number"] if before else 0
                answer = await self._post(session, "/slack/events", urlencode(form), "application/x-www-form-urlencoded")
                shown = await self._recorded(session, last) if before is not None else None
        except aiohttp.ClientError as error:
            raise Misconfigured(f"No server answers at {self.address}. Start plaudit demo, or name it with --url.") from error
        return answer or {}, shown

    async def _recorded(self, session: aiohttp.ClientSession, since: int) -> list[dict[str, Any]] | None:
        answer = await self._post(session, "/slack/recorded", f'{{"since": {since}}}', "application/json")
        return list(answer["shown"]) if answer is not None else None

    async def _post(self, session: aiohttp.ClientSession, path: str, body: str, kind: str) -> dict[str, Any] | None:
        headers = sign(self.signing_secret, body.encode(), int(now().timestamp())) | {"content-type": kind}
        async with session.post(self.address + path, data=body.encode(), headers=headers) as response:
            text = await response.text()
            if response.status == 404:
                return None
            if response.status != 200:
                raise Misconfigured(f"{self.address}{path} answers {response.status}: {text.strip()[:200]}")
            return dict(await response.json(content_type=None)) if text.strip() else {}


def told(answer: Mapping[str, Any], shown: Iterable[Mapping[str, Any]], cast: Cast, speaker: str) -> str:
    """Everything that Slack would show, in letters."""
    parts = [_framed(f"only {cast.names[speaker]} sees", answer, cast)] if answer.get("text") else []
    for one in shown:
        method, channel, user = one["method"], str(one.get("channel") or ""), str(one.get("user") or one.get("user_id") or "")
        if method in {"views.open", "views.push"}:
            parts.append(_framed("a form opens", one["view"], cast))
        elif method == "chat.postEphemeral":
            parts.append(_framed(f"only {cast.names.get(user, user)} sees, in {_place(channel, cast)}", one, cast))
        elif method in {"chat.postMessage", "chat.update"}:
            what = "" if method == "chat.postMessage" else ", changed"
            parts.append(_framed(f"{_place(channel, cast)}{what}", one, cast))
        elif method == "chat.delete":
            parts.append(f"── {_place(channel, cast)}: a message is gone")
    return "\n\n".join(parts) or "(Slack shows nothing.)"


def _place(channel: str, cast: Cast) -> str:
    if channel in cast.names:
        return f"direct message to {cast.names[channel]}"
    return f"#{CHANNELS[channel]}" if channel in CHANNELS else f"channel {channel}"


def _framed(title: str, message: Mapping[str, Any], cast: Cast) -> str:
    lines = [line for block in message.get("blocks") or [] for line in _lines(block, cast)]
    if not lines:
        lines = [_words(str(message.get("text") or ""), cast)]
    return "\n".join([f"── {title}", *(f"   {line}" for text in lines for line in text.split("\n"))])


def _lines(block: Mapping[str, Any], cast: Cast) -> list[str]:
    """A block in letters."""
    kind = block["type"]
    if kind in {"section", "header"}:
        texts = [block["text"], *block.get("fields", ())] if "text" in block else list(block.get("fields", ()))
        lines = [_words(one["text"], cast) for one in texts]
        if "accessory" in block and "text" in block["accessory"]:
            lines[-1] += f"  [{block['accessory']['text']['text']}]"
        return lines
    if kind == "context":
        return [" ".join(_words(one.get("text", ""), cast) for one in block["elements"])]
    if kind == "rich_text":
        said = "".join(leaf.get("text", "") for part in block["elements"] for leaf in part["elements"])
        return [f"│ {line}" for line in said.split("\n")]
    if kind == "actions":
        named = [one["text"]["text"] for one in block["elements"] if "text" in one]
        named += [option["text"]["text"] for one in block["elements"] for option in one.get("options", ())]
        return ["  ".join(f"[{name}]" for name in named)]
    if kind == "input":
        return [f"{block['label']['text']}: {block['element'].get('initial_value', '…')}"]
    return []


def _words(text: str, cast: Cast) -> str:
    """Markup as it would be read."""
    text = _MENTION.sub(lambda match: f"@{cast.names.get(match[1], match[1])}", text)
    text = _CHANNEL.sub(lambda match: f"#{match[2] or CHANNELS.get(match[1], match[1])}", text)
    text = _LINK.sub(lambda match: match[2] or match[1], _FALLBACK.sub(r"\1", text))
    text = re.sub(r"\*([^*\n]+)\*", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
