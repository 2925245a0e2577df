"""Voucher codes come in here. Whoever reads a code can spend it, so none is repeated: not in rejects, not in their reasons."""

from dataclasses import dataclass, field
from uuid import UUID

from app import reward
from app.audit import Progress
from app.core.actor import Actor
from app.core.errors import Code, Refusal
from app.db import Database
from app.files.sheet import Reject, Rejects, RejectsTo, Report, Row, Sheet, Source, reason, rejects_to
from app.reward import SealedCode, Vouchers

COLUMN = "code"
CODES_AT_ONCE = 100
"""Codes in one act: few enough that nobody else waits long for the lock."""


async def check_vouchers(database: Database, actor: Actor, reward_id: UUID) -> None:
    """Raises what adding codes to this reward would raise now: Forbidden, NOT_FOUND, INVALID_INPUT for a reward without codes."""
    (outcome,) = await database.rehearse([reward.AddCodes(actor, reward_id, ())])
    if isinstance(outcome, BaseException):
        raise outcome


async def import_vouchers(
    database: Database,
    actor: Actor,
    vouchers: Vouchers,
    reward_id: UUID,
    source: Source,
    rejects_where: RejectsTo,
    *,
    progress: Progress | None = None,
) -> Report:
    """Puts every good code of the file into the reward's pool, in the order of the file, and adds line and reason of the others
    to the rejects. A second run changes nothing. Raises what `check_vouchers` does, and INVALID_INPUT for a wrong header."""
    await check_vouchers(database, actor, reward_id)
    with Sheet(source, [COLUMN], secret=True) as sheet, rejects_to(rejects_where, ()) as rejects:
        run = _Run(database, actor, vouchers, reward_id, rejects)
        for chunk in sheet.chunks():
            await run.bring_in(chunk)
            if progress is not None:
                progress(sheet.bytes_read, sheet.bytes_total)
        run.report.rejected = rejects.count
        return run.report


@dataclass(slots=True)
class _Run:
    """One import on its way."""

    database: Database
    actor: Actor
    vouchers: Vouchers
    reward_id: UUID
    rejects: Rejects
    report: Report = field(default_factory=Report)
    line_of: dict[bytes, int] = field(default_factory=dict)
    """Where each code was seen first, by its mark."""

    async def bring_in(self, chunk: list[Row | Reject]) -> None:
        """One chunk, in acts one after the other."""
        codes: dict[int, SealedCode] = {}
        for row in chunk:
            self.report.rows += 1
            found = self._read(row)
            if isinstance(found, str):
                self.rejects.add(Reject(row.line, found, []))
            else:
                codes[row.line] = found
        lines = list(codes)
        for start in range(0, len(lines), CODES_AT_ONCE):
            await self._add({line: codes[line] for line in lines[start : start + CODES_AT_ONCE]})

    async def _add(self, codes: dict[int, SealedCode]) -> None:
        """Puts the codes of these lines into the pool."""
        try:
            added = await self.database.submit(reward.AddCodes(self.actor, self.reward_id, tuple(codes.values())))
        except Refusal as refusal:
            if refusal.code is not Code.INVALID_INPUT:
                raise
            # The pool is full: not one of them went in.
            for line in codes:
                self.rejects.add(Reject(line, reason(refusal), []))
            return
        self.report.imported += sum(added.new)
        self.report.already_there += len(codes) - sum(added.new)

    def _read(self, row: Row | Reject) -> SealedCode | str:
        """The code, or what is wrong with it."""
        if isinstance(row, Reject):
            return row.reason
        if not row.cells[COLUMN]:
            return f"{COLUMN}: there is none"
        try:
            code = self.vouchers.close(row.cells[COLUMN])
        except Refusal as refusal:
            return reason(refusal)
        first = self.line_of.setdefault(code.mark, row.line)
        return code if first == row.line else f"{COLUMN}: line {first} has the same code"
