"""The README: what it says is there, is there, and what it sends works."""

import re
from pathlib import Path

from tests.world import World

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_commands_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"make ([a-z]+)", README)

    assert {"run", "test", "bench"} <= set(commands)
    for command in commands:
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command


def test_its_files_exist():
    named = set(re.findall(r"`(app/[\w/]+\.py)`", README)) | set(re.findall(r"\]\(([^)]+)\)", README))

    assert len(named) >= 8
    for name in named:
        assert (ROOT / name).exists(), name


def test_its_tests_exist():
    for name in set(re.findall(r"`(test_\w+)`", README)):
        assert (ROOT / "tests" / f"{name}.py").exists(), name


def test_its_floors_are_those_of_the_house():
    drawn = README.split("## One grant through the house")[1].split("```")[1]
    rooms = {entry.stem for entry in (ROOT / "app").iterdir() if not entry.name.startswith("_") and entry.suffix in ("", ".py")}

    for room in rooms - {"static", "founding"}:
        assert re.search(rf"\b{room}\b", drawn), room


async def test_the_grant_it_sends_is_given_once(world: World):
    (document,) = re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)
    given = {
        "recipientIds": [world.bob.id],
        "pointsEach": 5,
        "message": "Thank you for the release!",
        "idempotencyKey": "my first",
    }

    first = (await world.ann.asks(document, input=given)).payload
    second = (await world.ann.asks(document, input=given)).payload

    assert first == {
        "recognition": {"id": first["recognition"]["id"], "totalPoints": 5, "recipients": [{"displayName": "Bob"}]},
        "replayed": False,
        "userErrors": [],
    }
    assert second == {**first, "replayed": True}
