"""Outcomes: they come in by the file, and are set beside recognition without saying more than the numbers do."""

import random
from datetime import date
from pathlib import Path

import pytest

from app import files
from app.api.ids import uuid_of
from app.core.errors import Forbidden
from app.insight import Outcome, SetOutcomes, rank_correlation
from tests.test_insights import asks, crowd
from tests.world import World

SHOWN = 'influence(metric: "engagement", kind: "team") { number correlation low high warning '
SHOWN += "groups { group { name } withheld months recognitionsPerMember outcome } }"


async def teams(world: World, number: int, size: int = 5) -> list[str]:
    """Teams of so many people: as many as their number receive something from Ann this month."""
    people = await crowd(world, number * size)
    names = []
    await world.sets_allowance_policy(basePoints=1_000, applyNow=True)
    for place in range(number):
        members = people[place * size : (place + 1) * size]
        await world.groups(f"Team {place}", *members)
        names.append(f"Team {place}")
        for somebody in members[:place]:
            assert (await world.ann.gives(to=[somebody], points=0)).user_errors == []
    return names


async def brings(world: World, tmp_path: Path, text: str) -> files.Report:
    """The admin brings in a file."""
    file = tmp_path / "outcomes.csv"
    file.write_text(text)
    return await files.import_outcomes(world.database, world.admin.actor, file, tmp_path / "rejects.csv")


async def test_recognition_is_set_beside_an_outcome(world: World, tmp_path: Path):
    await teams(world, 6)
    rows = [f"team:Team {place},2026-03,Engagement,{5 + place * place}" for place in range(6)]
    report = await brings(world, tmp_path, "group,month,metric,value\n" + "\n".join(rows))
    assert (report.rows, report.imported, report.already_there, report.rejected) == (6, 6, 0, 0)

    found = (await asks(world.admin, f"metrics {SHOWN}")).payload

    assert found["metrics"] == ["engagement"]
    influence = found["influence"]
    assert (influence["number"], influence["correlation"], influence["low"], influence["high"]) == (6, 1.0, 1.0, 1.0)
    assert "not what causes it" in influence["warning"]
    assert [
        (one["group"]["name"], one["months"], one["recognitionsPerMember"], one["outcome"]) for one in influence["groups"]
    ] == [(f"Team {place}", 1, place / 5, 5.0 + place * place) for place in range(6)]


async def test_small_groups_are_neither_shown_nor_counted(world: World, tmp_path: Path):
    await teams(world, 3)
    await world.groups("Pair", world.bob, world.cem)
    rows = [f"team:{name},2026-03,engagement,7" for name in ("Team 0", "Team 1", "Team 2", "Pair")]
    await brings(world, tmp_path, "group,month,metric,value\n" + "\n".join(rows))

    admin, owner = (await asks(world.admin, SHOWN)).payload, (await asks(world.owner, SHOWN)).payload

    assert admin["influence"]["number"] == 2
    hidden = [one["group"]["name"] for one in admin["influence"]["groups"] if one["withheld"]]
    assert len(hidden) == 2, "the pair, and one of the teams, which are all of one size"
    assert "Pair" in hidden
    assert {one["outcome"] for one in admin["influence"]["groups"] if one["withheld"]} == {None}
    assert owner["influence"]["number"] == 4
    assert owner["influence"]["correlation"] is None, "all outcomes are the same"
    assert (await asks(world.ann, SHOWN)).error_codes == ["FORBIDDEN"]


async def test_rows_that_cannot_be_are_rejected_with_their_line(world: World, tmp_path: Path):
    await world.groups("Kitchen", world.bob)
    text = """group,month,metric,value
team:Kitchen,2026-03,engagement,7.5
team:Kitchen,2026-03,engagement,8
Kitchen,2026-03,engagement,7.5
team:Garden,2026-03,engagement,7.5
team:Kitchen,2026-13,engagement,7.5
team:Kitchen,2026-04,what is it?,7.5
team:Kitchen,2026-04,engagement,a lot
team:Kitchen,2026-04,engagement,nan
"""

    report = await brings(world, tmp_path, text)

    assert (report.rows, report.imported, report.rejected) == (8, 1, 7)
    reasons = [line.split(",", 2)[:2] for line in (tmp_path / "rejects.csv").read_text().splitlines()[1:]]
    assert sorted((int(line), reason.split(":")[0].strip('"')) for line, reason in reasons) == [
        (3, "month"),
        (4, "group"),
        (5, "group"),
        (6, "month"),
        (7, "metric"),
        (8, "value"),
        (9, "value"),
    ]


async def test_saying_it_again_changes_nothing_and_saying_otherwise_replaces(world: World, tmp_path: Path):
    await world.groups("Kitchen", world.bob)
    text = "group,month,metric,value\nteam:Kitchen,2026-03,engagement,7\n"
    await brings(world, tmp_path, text)
    before = await world.snapshot()

    again = await brings(world, tmp_path, text)
    assert await world.snapshot() == before
    other = await brings(world, tmp_path, text.replace(",7", ",8"))

    assert (again.imported, again.already_there, other.imported) == (0, 1, 1)
    assert [body["changed"] for body in await world.told("insight.outcomes_set")] == [1, 1]


async def test_only_admins_say_what_groups_achieved(world: World):
    group = uuid_of(await world.groups("Kitchen", world.bob), "Group")
    before = await world.snapshot()

    for who in (world.ann, world.auditor):
        with pytest.raises(Forbidden):
            await world.database.submit(SetOutcomes(who.actor, "engagement", (Outcome(group, date(2026, 3, 1), 7.0),)))

    assert await world.snapshot() == before


def test_rank_correlation_is_that_of_the_textbook():
    # Nine runners of Gibbons (1993), without ties: rho = 1 − 6·Σd² / (n·(n² − 1)) with Σd² = 44.
    ones = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    others = [3, 1, 2, 7, 5, 9, 4, 6, 8]
    squares = sum((one - other) ** 2 for one, other in zip(ones, others, strict=True))
    found = rank_correlation(list(zip(map(float, ones), map(float, others), strict=True)))

    assert found.rho == pytest.approx(1 - 6 * squares / (9 * 80))
    assert None not in found
    assert -1 < (found.low or 0) < (found.rho or 0) < (found.high or 0) < 1


@pytest.mark.parametrize(
    ("pairs", "number", "rho"),
    [
        ([], 0, None),
        ([(1.0, 2.0), (2.0, 3.0)], 2, None),
        ([(1.0, 2.0), (2.0, 2.0), (3.0, 2.0)], 3, None),
        ([(1.0, 9.0), (2.0, 5.0), (3.0, 1.0)], 3, -1.0),
        ([(1.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 3.0)], 4, pytest.approx(8 / 9)),
    ],
)
def test_rank_correlation_at_its_edges(pairs: list[tuple[float, float]], number: int, rho: float | None):
    found = rank_correlation(pairs)

    assert (found.number, found.rho, found.low, found.high) == (number, rho, None, None)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Of 400 samples from a bivariate normal distribution whose rank correlation is known, about 95 % of intervals hold it."""
    chance, true, held = random.Random(1), 0.483, 0
    for _ in range(400):
        pairs = []
        for _ in range(25):
            one = chance.gauss(0, 1)
            pairs.append((one, 0.5 * one + (1 - 0.25) ** 0.5 * chance.gauss(0, 1)))
        found = rank_correlation(pairs)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= true <= found.high
    assert 0.92 <= held / 400 <= 0.98
