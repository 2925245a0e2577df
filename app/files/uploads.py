"""Uploads: `POST /upload/{kind}` takes a CSV file into memory and brings in what is in it, as the member who sent it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.core.actor import Actor, Permission
from app.core.errors import Busy, Code, Forbidden, Refusal
from app.db import Database
from app.files import members, outcomes, recognitions
from app.files.door import RequestRefused, json, parameters
from app.files.sheet import RejectsList, Report
from app.files.vouchers import check_vouchers, import_vouchers
from app.reward import Vouchers

BODY_BYTES_MAX = 10_000_000
BODY_SECONDS_MAX = 120.0
UPLOADS_AT_ONCE = 2
"""Files that one process brings in at a time. They leave most of its room to those who give."""
BUSY_SECONDS = 10
"""When to try again."""
_FLAGS = {"": False, "false": False, "true": True}


class Kind(NamedTuple):
    """What may be uploaded, the right that it needs, and what may be asked for in the address."""

    permission: Permission
    parameters: tuple[str, ...] = ()


UPLOADS = {
    "members": Kind(Permission.MEMBER_EDIT),
    "recognitions": Kind(Permission.MEMBER_EDIT, ("createMembers", "createValues")),
    "vouchers": Kind(Permission.REWARD_EDIT, ("reward",)),
    "outcomes": Kind(Permission.POLICY_EDIT),
}
OPTIONS = recognitions.Options("createMembers=true", "createValues=true")


@dataclass(frozen=True, slots=True)
class _Request:
    """What is wanted, as far as the address says."""

    kind: str
    reward_id: UUID | None
    create_members: bool
    create_values: bool


class Uploads:
    """Takes files, a few at a time."""

    def __init__(
        self,
        database: Database,
        vouchers: Vouchers,
        reward_of: Callable[[str], UUID],
        *,
        body_seconds_max: float = BODY_SECONDS_MAX,
        at_once: int = UPLOADS_AT_ONCE,
    ) -> None:
        self._database = database
        self._vouchers = vouchers
        self._reward_of = reward_of
        self._body_seconds_max = body_seconds_max
        self._room = asyncio.Semaphore(at_once)

    async def __call__(self, actor: Actor, request: Request) -> Response:
        """What came in, what was there already, and the rejects. Nothing of a body is read that would be refused anyway."""
        wanted = await self._wanted(actor, request)
        _check_content_type(request)
        if self._room.locked():
            message = "Other files are coming in at this moment. Nothing was changed; send this one again in a while."
            raise RequestRefused(503, "BUSY", message, retry_after=str(BUSY_SECONDS))
        async with self._room:
            rejects = RejectsList()
            body = await self._body(request)
            try:
                report = await self._bring_in(actor, wanted, body, rejects)
            except Busy as error:
                message = "The server is busy, and some rows may have come in. Send the file again soon: nothing comes in twice."
                raise RequestRefused(503, "BUSY", message, retry_after=str(BUSY_SECONDS)) from error
        return json(_document(report, rejects))

    async def _wanted(self, actor: Actor, request: Request) -> _Request:
        name = request.path_params["kind"]
        kind = UPLOADS.get(name)
        if kind is None:
            raise RequestRefused(404, "NOT_FOUND", f"Files are uploaded to {', '.join(f'/upload/{known}' for known in UPLOADS)}.")
        if not actor.may(kind.permission):
            raise Forbidden(f"Your role does not carry the right {kind.permission}. Ask an owner of your organization.")
        given = parameters(request, kind.parameters)
        reward_id = None
        if "reward" in kind.parameters:
            if not given.get("reward"):
                message = "Say whose codes these are: /upload/vouchers?reward= and the reward's id."
                raise Refusal(Code.INVALID_INPUT, message, "reward")
            reward_id = self._reward_of(given["reward"])
            await check_vouchers(self._database, actor, reward_id)
        return _Request(name, reward_id, _flag(given, "createMembers"), _flag(given, "createValues"))

    async def _bring_in(self, actor: Actor, wanted: _Request, body: BytesIO, rejects: RejectsList) -> Report:
        if wanted.kind == "members":
            return await members.import_members(self._database, actor, body, rejects)
        if wanted.kind == "recognitions":
            return await recognitions.import_recognitions(
                self._database,
                actor,
                body,
                rejects,
                create_members=wanted.create_members,
                create_values=wanted.create_values,
                options=OPTIONS,
            )
        if wanted.kind == "outcomes":
            return await outcomes.import_outcomes(self._database, actor, body, rejects)
        assert wanted.reward_id is not None, "vouchers are of a reward"
        return await import_vouchers(self._database, actor, self._vouchers, wanted.reward_id, body, rejects)

    async def _body(self, request: Request) -> BytesIO:
        """The body, counted while it streams in: a Content-Length may be missing, or lie."""
        length = request.headers.get("content-length", "")
        if length and not (length.isascii() and length.isdigit()):
            raise RequestRefused(400, "BAD_REQUEST", "Content-Length is not a number.")
        # Compared by its length first: int() refuses numbers of thousands of digits.
        if len(length) > 18 or (length and int(length) > BODY_BYTES_MAX):
            raise _too_large()
        body = BytesIO()
        try:
            async with asyncio.timeout(self._body_seconds_max):
                async for chunk in request.stream():
                    if body.tell() + len(chunk) > BODY_BYTES_MAX:
                        raise _too_large()
                    body.write(chunk)
        except TimeoutError:
            message = f"The file did not come within {self._body_seconds_max:g} seconds. Nothing was changed."
            raise RequestRefused(408, "TIMEOUT", message, connection="close") from None
        return body


def _flag(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "")
    if value not in _FLAGS:
        raise Refusal(Code.INVALID_INPUT, f"{name} is true or false.", name)
    return _FLAGS[value]


def _check_content_type(request: Request) -> None:
    """Only CSV in UTF-8, not compressed. That also keeps plain HTML forms of other sites out."""
    name, *pieces = (piece.strip() for piece in request.headers.get("content-type", "").split(";"))
    if name.lower() != "text/csv":
        message = (
            "Send the file as it is, with Content-Type: text/csv. With curl: -H 'Content-Type: text/csv' --data-binary @FILE"
        )
        raise RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", message)
    for piece in pieces:
        key, _, value = piece.partition("=")
        if key.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            message = "Save the file as CSV in UTF-8; other character sets are not read."
            raise RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", message)
    if request.headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        raise RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", "Send the file uncompressed, without Content-Encoding.")


def _too_large() -> RequestRefused:
    message = (
        f"The file is larger than {BODY_BYTES_MAX // 1_000_000} MB. Send it in parts, each with the header; nothing was changed."
    )
    return RequestRefused(413, "BODY_TOO_LARGE", message, connection="close")


def _document(report: Report, rejects: RejectsList) -> dict[str, object]:
    return {
        "rows": report.rows,
        "imported": report.imported,
        "alreadyThere": report.already_there,
        "rejected": report.rejected,
        "membersCreated": report.members_created,
        "valuesCreated": report.values_created,
        "groupsCreated": report.groups_created,
        "rejects": [{"line": line, "reason": reason} for line, reason in sorted(rejects.shown)],
    }
