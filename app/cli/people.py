"""Commands about organizations, their members and tokens."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.session import Named, member, run, run_for, table, word
from app.core.actor import Role

if TYPE_CHECKING:
    from app.core.actor import Actor
    from app.db import Database

organizations = typer.Typer(help="Found organizations, and list them.", no_args_is_help=True)
members = typer.Typer(help="Add members, list them, change their part.", no_args_is_help=True)
tokens = typer.Typer(help="Make, list and revoke bearer tokens.", no_args_is_help=True)
PAGE = 500

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The member's e-mail address.")]


@organizations.command("create")
def create_organization(
    name: Annotated[str, typer.Option(help="What it is called.")],
    owner_name: Annotated[str, typer.Option(help="The first owner.")],
    owner_email: Annotated[str, typer.Option(help="The first owner's e-mail address.")],
    time_zone: Annotated[str, typer.Option(help="IANA name; days and periods begin at its midnight.")] = "UTC",
    period: Annotated[str, typer.Option(help="Allowance period: day, week, month or quarter.")] = "month",
    base_points: Annotated[int, typer.Option(min=0, help="Points to give that everyone gets each period.")] = 100,
    token: Annotated[bool, typer.Option("--token", help="Also make a token for the owner; it is the last line.")] = False,
) -> None:
    """Found an organization and print its id.

    \b
    Example:
      plaudit organization create --name Acme --time-zone Europe/Madrid --owner-name "Ana Lopez" --owner-email ana@acme.com
    """

    async def work(database: "Database") -> list[str]:
        from app import access, allowance
        from app.core.actor import Door, system
        from app.core.ids import new_id
        from app.founding import FoundOrganization

        actor = system(new_id(database.clock()), Door.CLI)
        rhythm = word(allowance.Period, period, "--period")
        owner_id = await database.submit(
            FoundOrganization(actor, name, time_zone, owner_name, owner_email, period=rhythm, base_points=base_points)
        )
        made = [str(actor.organization_id)]
        if token:
            made.append((await database.submit(access.CreateToken(actor, owner_id, "owner"))).secret)
        return made

    for line in run(work):
        print(line)


@organizations.command("list")
def list_organizations() -> None:
    """List all organizations: id and name."""

    async def work(database: "Database") -> None:
        from app import organization

        async with database.read() as connection:
            found = await organization.all_organizations(connection)
        table([("ID", "NAME"), *((str(row.organization_id), row.name) for row in found)])

    run(work)


@members.command("create")
def create_member(
    email: Email,
    name: Annotated[str, typer.Option(help="As others see it.")],
    job_title: Annotated[str | None, typer.Option(help="What the person does.")] = None,
    manager: Annotated[str | None, typer.Option(help="The manager's e-mail address.")] = None,
    mode: Annotated[str, typer.Option(help="NORMAL, GIVER, RECEIVER or OBSERVER.")] = "NORMAL",
    active: Annotated[bool, typer.Option("--active", help="Active at once; else invited, and active when first seen.")] = False,
    named: Named = "",
) -> None:
    """Add a member and print its id.

    \b
    Example:
      plaudit member create ben@acme.com --name "Ben Okafor" --manager ana@acme.com
    """

    async def work(database: "Database", actor: "Actor") -> None:
        from app import allowance, organization
        from app.organization import MemberStatus, ParticipationMode

        command = organization.CreateMember(
            actor,
            name,
            email=email,
            job_title=job_title,
            manager_id=(await member(database, actor, manager)).id if manager else None,
            mode=word(ParticipationMode, mode, "--mode"),
            status=MemberStatus.ACTIVE if active else MemberStatus.INVITED,
        )
        print(await database.submit(allowance.Followed(command)))

    run_for(named, work)


@members.command("list")
def list_members(
    everyone: Annotated[bool, typer.Option("--all", help="Those who have left, too.")] = False, named: Named = ""
) -> None:
    """List members by name."""

    async def work(database: "Database", actor: "Actor") -> None:
        from app import organization
        from app.db import Slice

        rows = [("E-MAIL", "NAME", "ROLE", "MODE", "STATUS")]
        wanted = organization.reads.MemberFilter(status=None)
        part = Slice(PAGE)
        while True:
            async with database.read() as connection:
                page = await organization.reads.members_page(connection, actor.organization_id, wanted, part)
            rows += [
                (row.email or "-", row.display_name, row.role, row.mode, row.status)
                for row in page.rows
                if everyone or row.status is not organization.MemberStatus.DEACTIVATED
            ]
            if not page.has_next:
                break
            part = Slice(PAGE, (page.rows[-1].name_key, page.rows[-1].id))
        table(rows)

    run_for(named, work)


@members.command("deactivate")
def deactivate_member(
    email: Email, reason: Annotated[str | None, typer.Option(help="Kept for the audit trail.")] = None, named: Named = ""
) -> None:
    """End a member's part at once; wallet and history stay."""

    async def work(database: "Database", actor: "Actor") -> None:
        from app import organization

        found = await member(database, actor, email)
        await database.submit(organization.DeactivateMember(actor, found.id, reason))

    run_for(named, work)


@members.command("reactivate")
def reactivate_member(email: Email, named: Named = "") -> None:
    """Bring a member back as it was."""

    async def work(database: "Database", actor: "Actor") -> None:
        from app import allowance, organization

        found = await member(database, actor, email)
        await database.submit(allowance.Followed(organization.ReactivateMember(actor, found.id)))

    run_for(named, work)


@members.command("role")
def set_role(
    email: Email,
    role: Annotated[Role, typer.Argument(metavar="ROLE", case_sensitive=False, help="MEMBER, ADMIN, AUDITOR or OWNER.")],
    named: Named = "",
) -> None:
    """Decide what a member may administer. The last owner stays."""

    async def work(database: "Database", actor: "Actor") -> None:
        from app import organization

        found = await member(database, actor, email)
        await database.submit(organization.SetMemberRole(actor, found.id, role))

    run_for(named, work)


@members.command("mode")
def set_mode(
    email: Email,
    mode: Annotated[str, typer.Argument(metavar="MODE", help="NORMAL, GIVER, RECEIVER or OBSERVER.")],
    named: Named = "",
) -> None:
    """Decide whether a member gives and receives. Counts from the next act."""

    async def work(database: "Database", actor: "Actor") -> None:
        from app import allowance, organization

        wanted = word(organization.ParticipationMode, mode, "MODE")
        found = await member(database, actor, email)
        await database.submit(allowance.Followed(organization.SetParticipationMode(actor, found.id, wanted)))

    run_for(named, work)


@tokens.command("create")
def create_token(
    email: Annotated[str, typer.Option("--member", metavar="EMAIL", help="Whoever shows the token acts as this member.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    expires_in_days: Annotated[int | None, typer.Option(help="Left out, it does not expire.")] = None,
    named: Named = "",
) -> None:
    """Make a token and print it, and nothing else. It is shown this once.

    \b
    Example:
      TOKEN=$(plaudit token create --member ana@acme.com --name laptop --expires-in-days 90)
    """

    async def work(database: "Database", actor: "Actor") -> None:
        from app import access

        found = await member(database, actor, email)
        print((await database.submit(access.CreateToken(actor, found.id, name, expires_in_days))).secret)

    run_for(named, work)


@tokens.command("list")
def list_tokens(
    email: Annotated[str | None, typer.Option("--member", metavar="EMAIL", help="Of this member only.")] = None, named: Named = ""
) -> None:
    """List tokens, newest first: never their secrets."""

    async def work(database: "Database", actor: "Actor") -> None:
        from app import access, organization
        from app.db import Slice

        owner_id = (await member(database, actor, email)).id if email else None
        rows: list[tuple[str, ...]] = [("ID", "MEMBER", "NAME", "MADE", "EXPIRES", "REVOKED")]
        part = Slice(PAGE)
        while True:
            async with database.read() as connection:
                wanted = access.reads.tokens(actor.organization_id, owner_id)
                page = await access.reads.tokens_page(connection, wanted, part)
                people = await organization.reads.members_by_id(
                    connection, actor.organization_id, (row.member_id for row in page.rows)
                )
            for row in page.rows:
                moments = (f"{moment:%Y-%m-%d}" if moment else "-" for moment in (row.created_at, row.expires_at, row.revoked_at))
                owner = people[row.member_id]
                rows.append((str(row.id), owner.email or owner.display_name, row.name, *moments))
            if not page.has_next:
                break
            part = Slice(PAGE, (page.rows[-1].id,))
        table(rows)

    run_for(named, work)


@tokens.command("revoke")
def revoke_token(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As token list shows it.")], named: Named = ""
) -> None:
    """Make a token useless."""

    async def work(database: "Database", actor: "Actor") -> None:
        from uuid import UUID

        from app import access

        try:
            id_ = UUID(token_id)
        except ValueError:
            raise typer.BadParameter(f"{token_id} is no id. See: plaudit token list", param_hint="ID") from None
        await database.submit(access.RevokeToken(actor, id_))

    run_for(named, work)
