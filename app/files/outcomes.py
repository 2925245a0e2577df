"""Outcomes come in here: what groups achieved in a month, by measures of the organization's own."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from app import insight, organization, reward
from app.audit import Progress
from app.core.actor import Actor
from app.core.errors import Code, Refusal
from app.db import Database
from app.files.sheet import Reject, Rejects, RejectsTo, Report, Row, Sheet, Source, reason, rejects_to

COLUMNS = ("group", "month", "metric", "value")
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,9})?")


class _Measured(NamedTuple):
    """A row that can be read."""

    row: Row
    group: tuple[str, str]
    """Kind and name."""
    metric: str
    month: date
    value: float


async def import_outcomes(
    database: Database, actor: Actor, source: Source, rejects_where: RejectsTo, *, progress: Progress | None = None
) -> Report:
    """Keeps every good row, and adds the others to the rejects with line and reason. A later file says it anew: what is in both
    is as in the later one. Raises INVALID_INPUT for a wrong header, and Forbidden without the right policy.edit."""
    with Sheet(source, COLUMNS) as sheet, rejects_to(rejects_where, sheet.header) as rejects:
        run = _Run(database, actor, rejects)
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
    rejects: Rejects
    report: Report = field(default_factory=Report)
    line_of: dict[tuple[tuple[str, str], str, date], int] = field(default_factory=dict)
    """Where each group's month was seen first."""

    async def bring_in(self, chunk: list[Row | Reject]) -> None:
        """One chunk: an act for each measure."""
        measured: dict[str, list[_Measured]] = defaultdict(list)
        for row in chunk:
            self.report.rows += 1
            found = self._read(row)
            if isinstance(found, Reject):
                self.rejects.add(found)
            else:
                measured[found.metric].append(found)
        names = {one.group for some in measured.values() for one in some}
        async with self.database.read() as connection:
            groups = await organization.groups_by_name(connection, self.actor.organization_id, names)
        for metric, some in measured.items():
            await self._keep(metric, some, {name: group.id for name, group in groups.items()})

    async def _keep(self, metric: str, some: list[_Measured], group_ids: dict[tuple[str, str], UUID]) -> None:
        known = []
        for one in some:
            group_id = group_ids.get(one.group)
            if group_id is None:
                self.rejects.add(Reject(one.row.line, f"group: there is no group {':'.join(one.group)}", one.row.original))
            else:
                known.append(insight.Outcome(group_id, one.month, one.value))
        changed = await self.database.submit(insight.SetOutcomes(self.actor, metric, tuple(known)))
        self.report.imported += changed
        self.report.already_there += len(known) - changed

    def _read(self, row: Row | Reject) -> _Measured | Reject:
        if isinstance(row, Reject):
            return row
        try:
            kind, colon, name = row.cells["group"].partition(":")
            if not (colon and kind.strip() and name.strip()):
                raise Refusal(Code.INVALID_INPUT, "it is not of the form kind:name, such as team:Kitchen", "group")
            month = reward.reports.month_of(row.cells["month"], "month")
            metric = insight.checked_metric(row.cells["metric"], "metric")
            if not _NUMBER.fullmatch(row.cells["value"]):
                raise Refusal(Code.INVALID_INPUT, "it is not a number such as 7.5", "value")
        except Refusal as refusal:
            return Reject(row.line, reason(refusal), row.original)
        found = _Measured(row, (kind.strip().lower(), name.strip()), metric, month, float(row.cells["value"]))
        first = self.line_of.setdefault((found.group, metric, month), row.line)
        return found if first == row.line else Reject(row.line, f"month: line {first} has the same group and month", row.original)
