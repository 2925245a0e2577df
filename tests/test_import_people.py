"""People come in with managers, groups and modes, and are brought up to date."""

from app.files import Report
from app.organization import (
    Group,
    Membership,
    MemberStatus,
    ParticipationMode,
)
from tests.office import SAMPLES, Office


async def test_people_come_in_with_managers_groups_and_modes(office):
    report = await office.brings_people(SAMPLES / "members.csv")

    assert report == Report(rows=4, imported=4, members_created=3, groups_created=3)
    people = await office.people()
    kim, lee, max_, ann = (people[name] for name in ("kim", "lee", "max", "ann"))
    assert [(row.display_name, row.job_title, row.mode, row.status) for row in (kim, lee, max_, ann)] == [
        ("Kim Kay", "Engineer", ParticipationMode.NORMAL, MemberStatus.ACTIVE),
        ("Lee Lu", None, ParticipationMode.GIVER, MemberStatus.INVITED),
        ("Max Moe", None, ParticipationMode.NORMAL, MemberStatus.DEACTIVATED),
        ("Ann Archer", "Writer", ParticipationMode.RECEIVER, MemberStatus.ACTIVE),
    ]
    assert [row.manager_id for row in (kim, lee, max_, ann)] == [lee.id, people["olga"].id, None, lee.id]
    assert await groups_of(office, "kim") == {"team:Platform", "location:Madrid"}
    assert await groups_of(office, "ann") == {"team:Docs"}
    balances = await office.world.balances()
    assert (balances["allowance", kim.id], ("allowance", lee.id) in balances) == (100, False)


async def groups_of(office: Office, name: str) -> set[str]:
    member_id = (await office.people())[name].id
    names = {row.id: f"{row.kind}:{row.name}" for row in await office.world.rows(Group)}
    return {names[row.group_id] for row in await office.world.rows(Membership) if row.member_id == member_id}


async def test_people_who_are_known_change_nothing_in_a_second_run(office):
    await office.brings_people(SAMPLES / "members.csv")
    before = await office.world.snapshot()

    assert await office.brings_people(SAMPLES / "members.csv") == Report(rows=4, already_there=4)
    assert await office.world.snapshot() == before


async def test_people_are_brought_up_to_date(office):
    await office.brings_people(SAMPLES / "members.csv")

    report = await office.brings_people(
        "email,display_name,groups,status,mode\n"
        "kim@acorn.example,Kim Kay-Lu,team:Docs,,\n"
        "max@acorn.example,Max Moe,,ACTIVE,observer\n"
        "lee@acorn.example,Lee Lu,,DEACTIVATED,\n"
        "ann@acorn.example,Ann Archer,,INVITED,\n"
    )

    assert (report.imported, report.already_there, report.rejected) == (3, 1, 0)
    people = await office.people()
    assert (people["kim"].display_name, people["kim"].job_title) == ("Kim Kay-Lu", "Engineer")
    assert await groups_of(office, "kim") == {"team:Docs", "location:Madrid"}
    # Was never seen, so what ends is only that max had left.
    assert (people["max"].status, people["max"].mode) == (MemberStatus.INVITED, ParticipationMode.OBSERVER)
    assert people["lee"].status is MemberStatus.DEACTIVATED
    assert people["ann"].status is MemberStatus.ACTIVE


async def test_people_who_cannot_come_in_are_named_by_line(office):
    report = await office.brings_people(
        "display_name,email,manager_email,groups,mode,status\n"
        ",kim@acorn.example,,,,\n"
        "Lee,lee,,,,\n"
        "Ann,ann@acorn.example,,Platform,,\n"
        "Ann,ann@acorn.example,,team:,,\n"
        "Bob,bob@acorn.example,,,SOMETIMES,\n"
        "Bob,bob@acorn.example,,,,GONE\n"
        "Bob Bee,bob@acorn.example,nobody@acorn.example,,,\n"
        "Bob Bow,bob@acorn.example,,,,\n"
        "Cem,cem@acorn.example,cem@acorn.example,,,\n"
        "Olga Owner,olga@acorn.example,,,,DEACTIVATED\n"
        "Dee Dow,dee@acorn.example,bob@acorn.example,,,\n"
    )

    assert sorted(office.rejects) == [
        (2, "display_name: Between 1 and 200 characters, please; this has 0."),
        (3, "email: This is not an e-mail address; one looks like ana@example.com."),
        (4, "groups: Platform is not written as kind:name, such as team:Platform"),
        (5, "groups: team: cannot be the kind and name of a group"),
        (6, "mode: it is one of NORMAL, GIVER, RECEIVER, OBSERVER"),
        (7, "status: it is one of INVITED, ACTIVE, DEACTIVATED"),
        (8, "manager_email: no member has the address nobody@acorn.example; the rest of the row went in"),
        (9, "email: line 8 has the same address"),
        (10, "manager_email: Nobody reports to themselves, directly or by way of others."),
        (11, "status: This is the last owner. Make someone else an owner first."),
    ]
    assert (report.rows, report.imported, report.already_there, report.rejected) == (11, 1, 0, 10)
    people = await office.people()
    assert (people["dee"].display_name, people["dee"].manager_id) == ("Dee Dow", people["bob"].id)
    assert people["bob"].display_name == "Bob Bee"
    assert len(people) == 7
