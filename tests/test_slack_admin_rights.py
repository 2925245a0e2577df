"""Who may administer in Slack: nothing is done for whoever is no admin any more, nor to another organization."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import organization
from app.core.actor import Role, system
from app.core.ids import new_id
from app.db import metadata, scoped
from app.founding import FoundOrganization
from integrations.slack import layouts
from integrations.slack.administering import ONLY_ADMINS
from integrations.slack.layouts import AdminHome, Month, RuleLine, Setup
from integrations.slack.models import SlackWorkspace
from integrations.slack.terms import Terms
from tests.admin_office import Office, connects, errors, group_of, of, opened_office, pushed, said  # noqa: F401 (fixture)
from tests.world import NOON, World


def shown_to_admins() -> Iterator[dict[str, Any]]:
    """Every layout that admins see, with everything in it."""
    unit, rules = layouts.Unit("point", "points"), (RuleLine("1.1.0", "Guests", "Give no"),)
    bob = layouts.Person("Bob", "UBOB")
    for paused, done in ((False, False), (True, True)):
        yield layouts.admin_home(
            unit,
            AdminHome(
                Setup(done, done, done, done, done),
                (bob,),
                "Give 100 a month",
                rules,
                1,
                paused,
                Month(0, 0, 7, None),
                NOON,
                waiting=(layouts.Approval("r", bob, "Tea", 5, 5),),
                has_rewards=True,
                undelivered=1,
                web_url="https://plaudit.example.com",
            ),
        )
    yield layouts.rule_form(unit, layouts.RuleFields("group"), [("g", "Team")], "{}")
    yield layouts.rule_effect(["One line."], "{}")
    yield layouts.rule_list(rules, "{}")
    yield layouts.check_form("{}")
    for mode in ("NORMAL", "OBSERVER"):
        yield layouts.check_result(unit, layouts.Checked(bob, "m", mode, "ACTIVE", (), None, 0), "{}")
    yield layouts.adjust_form(unit, "{}")
    yield layouts.allowance_form(unit, layouts.AllowanceFields(100, "MONTH"), "{}")
    yield layouts.values_form([("teamwork", "Together")], "{}")
    yield layouts.channels_form(Terms(), "{}")
    yield layouts.settings_form(unit, Terms(), "{}")
    tea = (layouts.Article("r", "Tea", 5, 1), layouts.Article("s", "Mug", 5, 1, is_archived=True))
    yield layouts.catalog_list(unit, layouts.Catalog(tea, 1, has_more=True), "{}")
    yield layouts.reward_form(unit, layouts.RewardFields(), "{}")
    yield layouts.decline_form("<@UBOB>", "Tea", "{}")
    handed = (layouts.Handed("r", bob, "Tea", 5, NOON),)
    yield layouts.handed_list(unit, layouts.HandedPage(handed, 1, has_more=True), "{}")
    yield layouts.refund_form(unit, "<@UBOB>", "Tea", 5, "{}", restock=True)
    for step in ("decide", "deliver"):
        yield {"callback_id": "message", "blocks": layouts.asked(unit, layouts.Question("r", bob, "Tea", 5, "", step)).blocks}


def ids_in(node: Any) -> Iterator[str]:
    """Every action id."""
    if isinstance(node, dict):
        yield from [node["action_id"]] if "action_id" in node else []
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from ids_in(item)


async def test_everything_that_can_be_pressed_is_taken_and_nothing_else(office: Office):
    pressed: set[str] = set()
    sent: set[str] = set()
    for view in shown_to_admins():
        pressed.update(ids_in(view["blocks"]))
        sent.update([view["callback_id"]] if "submit" in view else [])

    assert pressed - {"v", "home_tab_me"} | sent == office.takes.keys()
    assert not office.takes.keys() & office.interactions.takes.keys()


@pytest.mark.parametrize("name", ["ada", "aud", "ann"])
async def test_whoever_is_no_admin_any_more_changes_nothing(office: Office, world: World, name: str):
    """Ada was one until a moment ago, and her Home is still open; the auditor reads, and administers nothing."""
    views = {view["callback_id"]: view for view in shown_to_admins()}
    await world.database.submit(organization.SetMemberRole(world.house, world.admin.key, Role.MEMBER))
    before = await office.record()
    for take in office.takes:
        if take in views:
            answer = await office.submits(name, views[take])
            assert answer is not None
            assert (answer["response_action"], said(answer["view"])) == ("update", [ONLY_ADMINS])
        else:
            assert await office.presses(name, take, "all") is None

    assert await office.record() == before
    notes = await office.told()
    assert notes == [ONLY_ADMINS] * len(notes)
    assert len(notes) == len(office.takes.keys() - views.keys())
    assert office.paper.calls == []


async def test_whoever_is_demoted_while_a_request_is_under_way_changes_nothing(office: Office, world: World):
    """The role was read before; the acts read it again under the lock."""
    form = {
        name: await office.presses("ada", name, "home")
        for name in ("rule_add", "adm_adjust", "adm_allowance", "adm_values", "adm_channels", "adm_settings")
    }
    effect = pushed(await office.submits("ada", form["rule_add"], give="no", note="A reason"))
    await world.praises("teamwork")
    asker = await office.asker("ada")
    await world.database.submit(organization.SetMemberRole(world.house, world.admin.key, Role.MEMBER))
    before = await office.record()
    sent: list[tuple[Any, dict[str, Any]]] = [
        (effect, {}),
        (form["rule_add"], {"give": "no", "note": "A reason"}),
        (form["adm_adjust"], {"who": "UADA", "points": 1000, "reason": "For me"}),
        (form["adm_allowance"], {"base": 1000}),
        (form["adm_values"], {"hashtag": "greed", "name": "Mine"}),
        (form["adm_channels"], {"feed_channel": "C0000FEED"}),
        (form["adm_settings"], {"emoji": "moneybag"}),
    ]
    for view, filled in sent:
        answer = await office.submits("ada", view, asker, **filled)
        assert answer is not None
        assert (answer["response_action"], said(answer["view"])) == ("update", [ONLY_ADMINS])
    pressed = [
        ("pause_all", "all", "b"),
        ("member_pause", str(world.bob.key), "b"),
        ("member_mode", "OBSERVER", f"mode:{world.bob.key}"),
        ("value_archive", "teamwork", "b"),
    ]
    for name, value, block_id in pressed:
        await office.presses("ada", name, value, asker=asker, block_id=block_id)

    assert await office.told() == [ONLY_ADMINS] * len(pressed)
    assert await office.record() == before


async def test_another_organization_is_untouched(office: Office, world: World):
    here = new_id(NOON)
    await world.database.submit(FoundOrganization(system(here), "Birch", "UTC", "Berta", "olga@acorn.example"))
    await connects(world, here, "T00000BIRCH")
    group = str(await world.database.submit(organization.CreateGroup(system(here), "Theirs", "team")))

    async def theirs() -> dict[str, Any]:
        async with world.database.read() as connection:
            found = {}
            for table in metadata.sorted_tables:
                if "organization_id" in table.c:
                    rows = await connection.execute(sa.select(table).where(table.c.organization_id == here))
                    found[table.name] = sorted(map(repr, rows))
            return found

    before = await theirs()
    await office.rules(give="no")
    await office.presses("ada", "pause_all", "all")
    await office.submits("ada", await office.presses("ada", "adm_settings", "home"), emoji="star")
    await office.submits("ada", await office.presses("ada", "adm_allowance", "home"), base=10)
    await group_of(world, "Team")
    view = await office.presses("ada", "rule_add", "new")
    view = await office.presses("ada", "scope", "group", view)
    assert view is not None
    (option,) = view["blocks"][1]["element"]["options"]
    option["value"] = group

    forged = await office.submits("ada", view, group=group, give="no", note="A reason")

    assert errors(forged) == {"group": "There is no such thing here, or it is not yours to see. Check the id."}
    assert await theirs() == before
    assert [row.settings for row in await rows_of(world, here, SlackWorkspace)] == [Terms().document()]


async def rows_of(world: World, organization_id: UUID, model: Any) -> list[Any]:
    """Rows of another organization."""
    async with world.database.read() as connection:
        return list(await connection.execute(scoped(model, organization_id)))
