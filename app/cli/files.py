"""Commands that bring files in and take files out."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from app.cli.session import Named, bar, run_for

if TYPE_CHECKING:
    from app.core.actor import Actor
    from app.db import Database
    from app.files import Report

imports = typer.Typer(help="Bring in people, what they gave each other elsewhere, voucher codes, outcomes.", no_args_is_help=True)
exports = typer.Typer(help="Take out reports, recognitions, and the audit trail.", no_args_is_help=True)

File = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="CSV in UTF-8, with a header.")
]
RejectsFile = Annotated[
    Path | None,
    typer.Option(
        "--rejects", dir_okay=False, help="Where rows go that do not come in, with line and reason. [default: FILE.rejects.csv]"
    ),
]
From = Annotated[str, typer.Option("--from", metavar="DAY", help="The first day, such as 2026-01-01. [default: all before]")]
To = Annotated[str, typer.Option("--to", metavar="DAY", help="The last day, included. [default: all after]")]
Out = Annotated[Path | None, typer.Option("--out", dir_okay=False, help="The file. [default: standard output]")]


@imports.command("recognitions")
def import_recognitions(
    file: File,
    create_members: Annotated[bool, typer.Option("--create-members", help="Unknown addresses become invited members.")] = False,
    create_values: Annotated[bool, typer.Option("--create-values", help="Unknown values become company values.")] = False,
    rejects: RejectsFile = None,
    named: Named = "",
) -> None:
    """Bring in recognitions of another system.

    Columns, in any order: external_id, given_at, giver_email, recipient_emails, points, value, message. Recipients are joined
    by ; and each gets the points; value is a hashtag without #. Times say their zone: 2024-03-01T09:00:00Z.

    No rule, limit or allowance is applied: points come into the wallets. Each external_id comes in once: run it again as you
    like.

    Exit status 0 when every row is in, 1 when there are rejects. The file of rejects, put right and without its columns line and
    reason, can be brought in by itself.

    \b
    Example:
      plaudit import recognitions history.csv --create-members --create-values
    """
    rejects_path = _rejects_path(file, rejects)

    async def work(database: "Database", actor: "Actor") -> "Report":
        from app import files

        with bar("recognitions") as progress:
            return await files.import_recognitions(
                database,
                actor,
                file,
                rejects_path,
                create_members=create_members,
                create_values=create_values,
                progress=progress,
            )

    _tell(run_for(named, work), rejects_path)


@imports.command("members")
def import_members(file: File, rejects: RejectsFile = None, named: Named = "") -> None:
    """Bring in people, or bring them up to date, by e-mail address.

    Columns, in any order: email, display_name; and if wanted job_title, manager_email, groups (kind:name joined by ;), mode,
    status. What a cell leaves empty stays as it is. Groups that do not exist are made; of the kinds named, the member is in these
    groups only.

    \b
    Example:
      plaudit import members people.csv
    """
    rejects_path = _rejects_path(file, rejects)

    async def work(database: "Database", actor: "Actor") -> "Report":
        from app import files

        with bar("members") as progress:
            return await files.import_members(database, actor, file, rejects_path, progress=progress)

    _tell(run_for(named, work), rejects_path)


@imports.command("outcomes")
def import_outcomes(file: File, rejects: RejectsFile = None, named: Named = "") -> None:
    """Bring in what groups achieved, to be set beside how much they were recognised.

    Columns, in any order: group (kind:name), month (2026-11), metric (such as engagement_score), value. What is said again of the
    same group and month takes the place of what was there.

    \b
    Example:
      plaudit import outcomes engagement.csv
    """
    rejects_path = _rejects_path(file, rejects)

    async def work(database: "Database", actor: "Actor") -> "Report":
        from app import files

        with bar("outcomes") as progress:
            return await files.import_outcomes(database, actor, file, rejects_path, progress=progress)

    _tell(run_for(named, work), rejects_path)


@imports.command("vouchers")
def import_vouchers(
    file: File,
    reward: Annotated[str, typer.Option(metavar="ID", help="The reward whose codes these are, by the id that the API shows.")],
    rejects: Annotated[
        Path | None,
        typer.Option(
            "--rejects", dir_okay=False, help="Where line and reason of what does not come in go. [default: FILE.rejects.csv]"
        ),
    ] = None,
    named: Named = "",
) -> None:
    """Bring in the voucher codes of a reward.

    One column: code. They are encrypted and handed out in the order of the file; each comes in once: run it again as you like. No
    code is written anywhere in the clear, not even one that is rejected. Delete the file afterwards.

    \b
    Example:
      plaudit import vouchers codes.csv --reward UmV3YXJkOjAx…
    """
    rejects_path, reward_id = _rejects_path(file, rejects), _reward_id(reward)

    async def work(database: "Database", actor: "Actor") -> "Report":
        from app import files
        from app.core.settings import load
        from app.demo.files import with_secret_key
        from app.reward import Vouchers

        vouchers = Vouchers(database, with_secret_key(load(), make=False).secret_key.get_secret_value())
        with bar("vouchers") as progress:
            return await files.import_vouchers(database, actor, vouchers, reward_id, file, rejects_path, progress=progress)

    _tell(run_for(named, work), rejects_path)


def _reward_id(text: str) -> UUID:
    """As the API shows it, or as files do."""
    from app.api.ids import as_uuid, uuid_of

    return as_uuid(text) or uuid_of(text, "Reward", "reward")


def _rejects_path(file: Path, rejects: Path | None) -> Path:
    path = rejects if rejects is not None else file.with_name(f"{file.name}.rejects.csv")
    if path.resolve() == file.resolve():
        raise typer.BadParameter("It would overwrite the file that is read.", param_hint="--rejects")
    return path


def _tell(report: "Report", rejects_path: Path) -> None:
    print(
        f"{report.rows} rows: {report.imported} came in, {report.already_there} were there already, {report.rejected} rejected."
    )
    made = {"members": report.members_created, "values": report.values_created, "groups": report.groups_created}
    if any(made.values()):
        print(f"Made: {', '.join(f'{number} {name}' for name, number in made.items() if number)}.")
    if report.rejected:
        print(f"The rejects, each with its line and the reason, are in {rejects_path}", file=sys.stderr)
        raise typer.Exit(1)


@exports.command("recognitions")
def export_recognitions(
    out: Out = None,
    include_private: Annotated[
        bool, typer.Option("--include-private", help="Private ones, too. Wherever the file is imported, they are public.")
    ] = False,
    named: Named = "",
) -> None:
    """Take out every recognition as CSV that an import reads.

    Cells that a spreadsheet would run as a formula begin with an apostrophe; an import takes it away again. What was revoked is
    left out, boosts are not told, hidden messages are empty.

    \b
    Example:
      plaudit export recognitions --out recognitions.csv
    """

    async def work(database: "Database", actor: "Actor") -> None:
        from app import files, recognition

        total = await recognition.archive_size(database, actor.organization_id)
        lines = files.recognition_lines(database, actor.organization_id, include_private=include_private)
        await _write(lines, out, "recognitions", total)

    run_for(named, work)


@exports.command("audit")
def export_audit(
    out: Out = None,
    after: Annotated[int, typer.Option(min=0, help="Begin after the event of this number.")] = 0,
    named: Named = "",
) -> None:
    """Take out the audit trail, one JSON object a line: sequence, hash, record.

    The record is a string: its SHA-256 is the hash, and it names the hash of the one before it. So anyone can check the chain.

    \b
    Example:
      plaudit export audit --out audit.jsonl
    """

    async def work(database: "Database", actor: "Actor") -> None:
        from app import files

        total = await files.audit_size(database, actor.organization_id) - after
        await _write(files.audit_lines(database, actor.organization_id, after=after), out, "events", total)

    run_for(named, work)


@exports.command("statement")
def export_statement(
    month: Annotated[str, typer.Option(metavar="MONTH", help="Such as 2026-11.")], out: Out = None, named: Named = ""
) -> None:
    """Take out the statement of a month: what is to be paid for rewards that were delivered, and what was refunded.

    Amounts are in whole minor units of the currency (cents), at what a point was worth when it was redeemed. A month that is over
    gets no more lines.

    \b
    Example:
      plaudit export statement --month 2026-11 --out statement.csv
    """
    _report("statement", {"month": month}, out, named)


@exports.command("fulfilment")
def export_fulfilment(out: Out = None, named: Named = "") -> None:
    """Take out the orders: what is to be delivered, since when, and what was.

    \b
    Example:
      plaudit export fulfilment --out orders.csv
    """
    _report("fulfilment", {}, out, named)


@exports.command("redemptions")
def export_redemptions(first: From = "", last: To = "", out: Out = None, named: Named = "") -> None:
    """Take out who asked for which reward, and what became of it, by the day when it was asked for.

    Days are the organization's.

    \b
    Example:
      plaudit export redemptions --from 2026-01-01 --to 2026-03-31 --out redemptions.csv
    """
    _report("redemptions", {"from": first, "to": last}, out, named)


@exports.command("points")
def export_points(first: From = "", last: To = "", out: Out = None, named: Named = "") -> None:
    """Take out what moved on the ledger: one row for each account that a transfer touched.

    The points of a transfer sum to 0, those of an account to its balance. Days are the organization's.

    \b
    Example:
      plaudit export points --from 2026-01-01 --to 2026-03-31 --out points.csv
    """
    _report("points", {"from": first, "to": last}, out, named)


def _report(kind: str, given: dict[str, str], out: Path | None, named: str) -> None:
    async def work(database: "Database", actor: "Actor") -> None:
        from app import files

        paper = await files.report(database, actor, kind, given)
        await _write(paper.lines, out, kind, None)

    run_for(named, work)


async def _write(lines: AsyncIterator[tuple[int, str]], out: Path | None, title: str, total: int | None) -> None:
    """Writes the lines; shows how far it is, if it is known how many there are."""
    stream = out.open("wb") if out is not None else sys.stdout.buffer
    try:
        with bar(title) as progress:
            done = 0
            async for number, text in lines:
                stream.write(text.encode())
                done += number
                progress(done, total if total is not None else done)
        stream.flush()
    finally:
        if out is not None:
            stream.close()
