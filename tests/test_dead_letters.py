"""What a reader of the feed gave up: it is seen, counted and replayed once, on the command line too."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.audit import ReaderStatus, feed, letters
from app.cli import feed as feed_commands
from app.core.errors import Code, Refusal
from app.core.ids import new_id
from app.db import Slice
from tests.command import Plaudit
from tests.diary import ALL, Diary, advance, begun_diary, given_up, happens  # noqa: F401 (fixture)
from tests.world import NOON, World


async def buried(world: World, subject: str = "", *, reader: str = "diary", error: str = "Slack said no\nto Ann") -> UUID:
    """A dead letter about the first event."""
    async with world.database.bookkeeping() as connection:
        return await letters.bury(connection, world.organization_id, reader, 1, subject, error, 3, world.now)


async def test_a_dead_letter_is_replayed_once(world: World, diary: Diary):
    letter_id = await buried(world, "message 7")

    done = await asyncio.gather(*[feed.replay(world.database, diary, world.organization_id, letter_id) for _ in range(3)])

    assert sorted(done) == [False, False, True]
    assert await given_up(world) == []
    assert await diary.pages(world) == [1]


async def test_a_replay_that_fails_says_so_and_keeps_the_letter(world: World, diary: Diary):
    letter_id = await buried(world, "message 7")
    diary.poison = {1}
    world.passes(hours=1)

    with pytest.raises(Refusal, match=r"^It failed again, .*: ValueError: still cannot stomach message 7$") as refused:
        await feed.replay(world.database, diary, world.organization_id, letter_id)

    assert (refused.value.code, refused.value.field) == (Code.INVALID_STATE, ("id",))
    (letter,) = await given_up(world)
    assert (letter.id, letter.subject, letter.sequence) == (letter_id, "message 7", 1)
    assert (letter.error, letter.tries, letter.at) == ("ValueError: still cannot stomach message 7", 4, world.now)
    assert await diary.pages(world) == []


async def test_a_letter_is_its_readers_and_its_organizations(world: World, diary: Diary):
    letter_id = await buried(world, reader="other")

    assert not await feed.replay(world.database, diary, world.organization_id, letter_id)
    assert not await feed.replay(world.database, Diary("other"), UUID(int=7), letter_id)
    assert not await feed.replay(world.database, diary, world.organization_id, new_id(NOON))

    assert len(await given_up(world, "other")) == 1


async def test_dead_letters_are_listed_counted_and_looked_up(world: World, diary: Diary):
    ids = []
    for number in range(3):
        ids.append(await buried(world, f"message {number}"))
        world.passes(seconds=1)
    other = await buried(world, reader="other", error="\0odd \ud800" + "x" * 1_000)

    async with world.database.read() as connection:
        here = world.organization_id
        first = await letters.listed(connection, here, "diary", Slice(2))
        rest = await letters.listed(connection, here, "diary", Slice(2, (first.rows[-1].id,)))
        everything = await letters.listed(connection, here, None, ALL)
        counted = [await letters.count(connection, here, reader) for reader in ("diary", "other", None, "nobody")]
        one = await letters.one(connection, here, other)
        strange = await letters.one(connection, UUID(int=7), other)

    assert [row.id for row in first.rows + rest.rows] == ids
    assert (first.has_next, rest.has_next) == (True, False)
    assert [row.id for row in everything.rows] == [*ids, other]
    assert first.rows[0].error == "Slack said no"
    assert counted == [3, 1, 4, 0]
    assert one is not None
    assert one.error == ("odd ?" + "x" * 1_000)[: letters.ERROR_CHARS_MAX]
    assert strange is None


async def test_status_tells_of_every_reader(world: World, diary: Diary):
    told = await happens(world, 3)
    other = Diary("other", poison={told[1]})
    while await advance(world, other):
        pass
    await buried(world)

    async with world.database.read() as connection:
        found = await feed.status(connection, world.organization_id)

    soon = NOON + timedelta(seconds=1)
    assert found == [
        ReaderStatus("diary", told[0] - 1, told[-1], 0, None, 1),
        ReaderStatus("other", told[0], told[-1], 1, soon, 0),
    ]
    assert [one.behind for one in found] == [3, 2]


@pytest.fixture
def beside(plaudit: Plaudit) -> Any:
    """The command, beside the running world: status, lines, errors."""

    async def run(*arguments: str) -> tuple[int, list[str], str]:
        said = await asyncio.to_thread(plaudit, *arguments)
        return said.status, said.lines, said.err

    return run


async def test_the_command_line_tells_where_readers_are(world: World, diary: Diary, beside):
    last = (await happens(world, 2))[-1]

    assert await beside("feed", "status") == (
        0,
        [
            "READER  READ  OF  BEHIND  FAILED  AGAIN AT  DEAD LETTERS",
            f"diary   {last - 2}    {last}  2       0       -         0",
        ],
        "",
    )
    letter_id = await buried(world, "message 7")

    assert await beside("feed", "dead-letters") == (
        0,
        [
            "ID                                    READER  EVENT  WHAT       TRIES  AT                   ERROR",
            f"{letter_id}  diary   1      message 7  3      2026-03-10 12:00:00  Slack said no",
        ],
        "",
    )
    assert len((await beside("feed", "dead-letters", "--reader", "other"))[1]) == 1


async def test_the_command_line_replays(world: World, diary: Diary, beside, monkeypatch):
    letter_id, stranger = await buried(world, "message 7"), await buried(world, reader="stranger")
    monkeypatch.setattr(feed_commands, "readers", lambda _database, _settings: {"diary": diary})
    nobody = "This version has no reader stranger, which gave it up. It stays as it is."

    diary.poison = {1}
    assert await beside("feed", "replay", "--id", str(letter_id)) == (
        1,
        [],
        "plaudit: It failed again, and stays a dead letter: ValueError: still cannot stomach message 7\n",
    )
    diary.poison = set()
    assert await beside("feed", "replay", "--all") == (1, [f"{stranger}: {nobody}", "1 done, 1 failed."], "")
    assert await beside("feed", "replay", "--id", str(stranger)) == (1, [], f"plaudit: {nobody}\n")
    assert await beside("feed", "replay", "--id", str(letter_id)) == (
        1,
        [],
        f"plaudit: There is no dead letter {letter_id}. See: plaudit feed dead-letters\n",
    )
    assert await diary.pages(world) == [1]

    again = await buried(world)
    assert await beside("feed", "replay", "--id", str(again)) == (0, ["It is done."], "")


@pytest.mark.parametrize("misused", [(), ("--all", "--id", str(UUID(int=7))), ("--id", "seven")])
async def test_misuse_of_replay_is_explained(beside, misused):
    status, _, said = await beside("feed", "replay", *misused)

    assert status == 2
    assert "--id" in said
