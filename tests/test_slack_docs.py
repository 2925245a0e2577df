"""docs/slack.md: its tables are those of the code, and every command, setting, example and picture in it is real."""

import ast
import importlib.util
import inspect
import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from app import cli
from app.cli.slack import _shown
from app.core.settings import PREFIX, Settings
from app.recognition import GivingPolicy
from integrations.slack import terms
from integrations.slack.grammar import Giving, Ignored, Way, Words, read
from integrations.slack.manifest import CORE, DEFAULT_FEATURES, FEATURES, manifest
from integrations.slack.terms import Terms
from integrations.slack.words import COMMAND, WORDS

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "slack.md").read_text(encoding="utf-8")
PICTURES = DOCS / "pictures"
PICTURE_BYTES_MAX = 150_000
AT_FIRST = Terms()
LEXICON = Words(frozenset({AT_FIRST.emoji}), AT_FIRST.points_per_emoji, AT_FIRST.points_default)


def rows(heading: str) -> list[list[str]]:
    """The cells of the one table under a heading, without its head."""
    part = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines[2:]]


def meanings() -> dict[str, str]:
    """What the settings of a workspace say of themselves, by name."""
    (found,) = [node for node in ast.parse(inspect.getsource(terms)).body if getattr(node, "name", "") == "Terms"]
    assert isinstance(found, ast.ClassDef)
    said: dict[str, str] = {}
    for before, node in zip(found.body, found.body[1:], strict=False):
        match before, node:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                said[name] = " ".join(text.split())
    return said


def code() -> list[str]:
    """Every line of code and every word in backticks."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^ *```.*?^ *```", "", TEXT, flags=re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in block.splitlines()] + re.findall(r"`([^`]+)`", prose)


def as_slack_sends_it(typed: str) -> str:
    """A line with its handles as Slack escapes them."""
    said = typed.replace("@design-team", "<!subteam^S0DESIGN>").replace("@Plaudit", "")
    return re.sub(r"@(\w+)", lambda handle: f"<@U0{handle[1].upper()}|{handle[1]}>", said)


def test_the_settings_are_those_of_a_workspace():
    said = meanings()
    wanted = [[f"`{one.name}`", f"`{_shown(getattr(AT_FIRST, one.name))}`", said.get(one.name, "")] for one in fields(Terms)]

    assert rows("Settings") == wanted


def test_the_features_are_those_of_the_manifest():
    def listed(words: tuple[str, ...]) -> str:
        return ", ".join(f"`{word}`" for word in words)

    def usual(name: str) -> str:
        return "yes" if name in DEFAULT_FEATURES else "no"

    assert rows("Features and scopes") == [
        [f"`{one.name}`", one.says, listed(one.scopes), listed(one.events), "always" if one is CORE else usual(one.name)]
        for one in FEATURES
    ]


def test_every_command_is_one():
    commands = [line for line in code() if line.startswith("plaudit ")]
    root = typer.main.get_command(cli.app)

    assert len(commands) >= 10
    for line in commands:
        command: Any = root
        words = shlex.split(line)[1:]
        while words and hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line
        taken = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
        assert taken or not [word for word in words[:1] if not word.startswith("--")], line
    for line in commands:
        if chosen := re.search(r"--with (\S+)", line):
            assert manifest(public_url=None, features=chosen[1].split(","))
        if " slack settings " in line:
            changes = dict(word.split("=") for word in shlex.split(line)[3:])
            assert changes.keys() <= set(Terms.__slots__), line


def test_every_setting_of_the_server_is_one():
    named = set(re.findall(rf"{PREFIX}\w+", TEXT))

    assert {name for name in named if "SLACK" in name}
    assert named <= {PREFIX + name.upper() for name in Settings.model_fields}


def test_every_make_target_is_one():
    makefile = (DOCS.parent / "Makefile").read_text(encoding="utf-8")

    for target in {"pictures", *re.findall(r"`make (\w+)`", TEXT)}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def examples() -> list[str]:
    """Lines that give."""
    shown = [line for line in code() if re.match(r"(/kudos|@Plaudit) .*@", line)]
    assert len(shown) >= 8
    return shown


@pytest.mark.parametrize("typed", examples())
def test_every_example_gives(typed):
    reading = read(as_slack_sends_it(typed).removeprefix(COMMAND).strip(), Way.COMMAND, LEXICON)

    assert isinstance(reading, Giving)
    assert len(reading.people) + len(reading.groups) == len(re.findall(r"@(?!Plaudit)\w", typed))
    assert reading.points is not None
    assert len(reading.reason) >= GivingPolicy().message_chars_min, "it says why"


def test_what_gives_in_a_message_gives():
    shown = [line for line in code() if re.match(r"@ana (\+|:)", line)]

    assert len(shown) == 3
    for typed in shown:
        assert isinstance(read(as_slack_sends_it(typed), Way.MESSAGE, LEXICON), Giving)
    assert isinstance(read("<@U0ANA> 5 is a number", Way.MESSAGE, LEXICON), Ignored)


def test_every_word_after_the_command_is_named():
    (line,) = [line for line in TEXT.splitlines() if line.startswith("Everything else is a word after the command:")]
    named = [word.removeprefix(COMMAND).split()[0] for word in re.findall(r"`([^`]+)`", line)]

    assert named == [word.split()[0] for word, _ in WORDS if word]


def test_every_picture_is_there_is_small_and_is_shown():
    shown = re.findall(r'<img src="pictures/([\w-]+)\.png" width="720" alt="([^"]{20,})">', TEXT)
    names = [name for name, _ in shown]

    assert TEXT.count("<img") == len(names) == len(set(names))
    assert sorted(names) == sorted(picture.stem for picture in PICTURES.glob("*.png"))
    for name in names:
        picture = (PICTURES / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) < PICTURE_BYTES_MAX, name
        assert int.from_bytes(picture[16:20], "big") == 2 * 720, "as wide as it is shown, twice as fine"


def test_every_picture_is_drawn_from_a_layout():
    spec = importlib.util.spec_from_file_location("scenes", PICTURES / "scenes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    scenes = module.scenes()

    assert sorted(scenes) == sorted(picture.stem for picture in PICTURES.glob("*.png"))
    assert all(scene.get("blocks") or scene["view"]["blocks"] for scene in scenes.values())


def test_every_link_leads_somewhere():
    headings = {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }

    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert target[1:] in headings if target.startswith("#") else (DOCS / target).exists(), target
