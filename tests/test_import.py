"""History comes in once and whole, and what is wrong is named by its line."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app import ledger
from app.audit import AuditEvent
from app.core.errors import Code, Refusal
from app.files import Report
from app.organization import (
    CompanyValue,
    DeactivateMember,
    MemberStatus,
    ReactivateMember,
)
from app.recognition import Grant, Origin, Recognition, RecognitionValue
from tests.office import CREATING, GOOD, HEADER, REAL, SAMPLES


async def test_history_comes_in_with_its_people_and_values(office):
    report = await office.brings(SAMPLES / "recognitions.csv", **CREATING)

    assert report == Report(rows=3, imported=3, members_created=3, values_created=2)
    assert await office.wallets() == {"ben": 8, "ann": 3}
    people = await office.people()
    new = {name: people[name] for name in ("zoë.o'neil", "ben", "mia.x.lopez+plaudit")}
    assert [person.display_name for person in new.values()] == ["Zoë O Neil", "Ben", "Mia X Lopez"]
    assert {person.status for person in new.values()} == {MemberStatus.INVITED}
    first, last = datetime(2024, 3, 1, 9, tzinfo=UTC), datetime(2024, 4, 1, 0, 0, 0, 250_000, tzinfo=UTC)
    assert [person.joined_at for person in new.values()] == [first, first, last]
    assert people["ann"].joined_at == office.world.now
    values = {row.hashtag: row.name for row in await office.world.rows(CompanyValue)}
    assert values == {"teamwork": "teamwork", "speed": "speed"}


async def test_imported_recognitions_keep_their_time_and_say_where_they_come_from(office):
    await office.brings(SAMPLES / "recognitions.csv", **CREATING)

    two, three, one = sorted(await office.world.rows(Recognition), key=lambda row: row.id)
    assert [row.message for row in (two, three, one)] == [
        "--pretty is prettier now",
        "Plain thanks",
        "Thank you, Ben, for\nthe migration 🎉",
    ]
    assert one.given_at == datetime(2024, 5, 2, 8, tzinfo=UTC)
    assert one.id.int >> 80 == int(one.given_at.timestamp() * 1000)
    assert {row.origin for row in (one, two, three)} == {Origin.IMPORT}
    assert {row.recognition_id: row.hashtag for row in await office.world.rows(RecognitionValue)} == {
        one.id: "teamwork",
        two.id: "speed",
    }
    assert {row.kind for row in await office.world.rows(ledger.Transfer) if row.recognition_id} == {"IMPORT"}
    (event,) = [row for row in await office.world.rows(AuditEvent) if row.subject == f"recognition:{one.id}"]
    assert event.at == office.world.now
    told = json.loads(event.record)["body"]
    assert (told["given_at"], told["origin"], told["points_each"], told["values"]) == (
        "2024-05-02T08:00:00Z",
        "IMPORT",
        5,
        ["teamwork"],
    )


async def test_a_second_run_changes_nothing(office):
    await office.brings(SAMPLES / "recognitions.csv", **CREATING)
    before = await office.world.snapshot()

    assert await office.brings(SAMPLES / "recognitions.csv", **CREATING) == Report(rows=3, already_there=3)
    assert await office.world.snapshot() == before


async def test_the_same_row_written_otherwise_is_the_same(office):
    await office.brings(HEADER + GOOD)

    again = HEADER + "good,2024-03-01 10:00:00+01:00,ANN@acorn.example,bob@acorn.example;,+07,, well done \n"
    assert await office.brings(again) == Report(rows=1, already_there=1)


ROW = {
    "external_id": "x",
    "given_at": "2024-01-01T00:00Z",
    "giver_email": "ann@acorn.example",
    "recipient_emails": "bob@acorn.example",
    "points": "1",
    "value": "",
    "message": "hi",
}
NO_TIME = "given_at: it is not a time such as 2024-03-01T09:00:00Z"
NO_ZONE = "given_at: it says no time zone: write 2024-03-01T09:00:00Z or …+01:00"
NOT_WHOLE = "points: it is not a whole number"
NOT_BETWEEN = "points: it is not between 0 and 1000000"
QUOTATION = "a quotation mark is not closed, or stands where none may stand"
STRANGER = "recipient_emails: no member has the address eve@acorn.example; --create-members would invite them"
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no recipient": ({"recipient_emails": ""}, "recipient_emails: there is no recipient"),
    "only separators": ({"recipient_emails": ";;"}, "recipient_emails: there is no recipient"),
    "self": (
        {"recipient_emails": "bob@acorn.example;Ann@Acorn.example"},
        "recipient_emails: giver and recipient are the same person",
    ),
    "twice": (
        {"recipient_emails": "bob@acorn.example;bob@acorn.example"},
        "recipient_emails: the same recipient is named twice",
    ),
    "many people": (
        {"recipient_emails": ";".join(f"p{number}@acorn.example" for number in range(501))},
        "recipient_emails: there are more than 500 recipients",
    ),
    "a stranger": ({"recipient_emails": "eve@acorn.example"}, STRANGER),
    "no giver": ({"giver_email": ""}, "giver_email: Between 3 and 320 characters, please; this has 0."),
    "no address": ({"giver_email": "ann"}, "giver_email: This is not an e-mail address; one looks like ana@example.com."),
    "negative": ({"points": "-5"}, NOT_BETWEEN),
    "too many": ({"points": "1000001"}, NOT_BETWEEN),
    "huge": ({"points": "9" * 5000}, "points: the number is too large"),
    "a fraction": ({"points": "1.5"}, NOT_WHOLE),
    "other digits": ({"points": "٣"}, NOT_WHOLE),
    "no points": ({"points": ""}, NOT_WHOLE),
    "no date": ({"given_at": "yesterday"}, NO_TIME),
    "no such date": ({"given_at": "2024-02-30T00:00Z"}, NO_TIME),
    "before all time": ({"given_at": "0001-01-01T00:00+23:00"}, NO_TIME),
    "no zone": ({"given_at": "2024-01-01T00:00:00"}, NO_ZONE),
    "a day": ({"given_at": "2024-01-01"}, NO_ZONE),
    "the future": ({"given_at": "2026-03-10T12:00:01Z"}, "given_at: it is in the future"),
    "long ago": ({"given_at": "1969-12-31T23:59:59Z"}, "given_at: it is before 1970"),
    "a value of words": ({"value": "team work"}, "value: A hashtag has 1 to 50 letters, digits, - or _."),
    "an unknown value": ({"value": "speed"}, "value: there is no company value #speed; --create-values would make it"),
    "a long message": ({"message": "é" * 2001}, "message: it has more than 2000 characters"),
    "a control character": ({"message": "h\x07i"}, "message: The character U+0007 cannot be kept. Leave it out."),
    "no id": ({"external_id": ""}, "external_id: Between 1 and 200 characters, please; this has 0."),
    "a long id": ({"external_id": "x" * 201}, "external_id: Between 1 and 200 characters, please; this has 201."),
    "NUL": ({"message": "h\0i"}, "it holds a NUL character"),
    "not UTF-8": ({"message": b"caf\xe9".decode("utf-8", "surrogateescape")}, "it is not UTF-8"),
    "half a character": ({"message": b"\xf0\x9f".decode("utf-8", "surrogateescape")}, "it is not UTF-8"),
    "too few cells": ({"message": None}, "it has 6 cells, and the header has 7"),
    "too many cells": ({"message": "hi,ho"}, "it has 8 cells, and the header has 7"),
    "an open quotation": ({"message": '"hi'}, QUOTATION),
    "a closed quotation": ({"message": '"hi" ho'}, QUOTATION),
    "an endless line": ({"message": "x" * 300_000}, "the line has more than 100000 characters"),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_bad_row_is_named_and_the_rest_goes_in(office, what):
    changes, reason = BAD[what]
    line = ",".join(cell for cell in (ROW | changes).values() if cell is not None)

    report = await office.brings(f"{HEADER}{line}\n{GOOD}".encode("utf-8", "surrogateescape"))

    assert (report.rows, report.imported, report.rejected) == (2, 1, 1)
    assert office.rejects == [(2, reason)]
    assert await office.wallets() == {"bob": 7}
    assert len(await office.people()) == 7


async def test_the_file_of_rejects_holds_the_rows_as_they_were(office):
    bad = 'x,2024-01-01T00:00Z,ann@acorn.example,bob@acorn.example,-5,,"=SUM(1,\n2)"\n'

    await office.brings(HEADER.encode() + bad.encode() + b"y,\xff,z\n")

    assert office.reject_rows == [
        ["line", "reason", *ROW],
        ["2", NOT_BETWEEN, *bad.split(",")[:6], "'=SUM(1,\n2)"],
        ["4", "it is not UTF-8", "y", "\\xff", "z"],
    ]

    await office.brings(HEADER + GOOD)

    assert not office.rejects_path.exists()


async def test_line_numbers_are_those_of_an_editor(office):
    quoted = GOOD.replace("good", "a").replace("well done", '"one\r\ntwo\nthree ""four"""')
    bad = GOOD.replace("good", "b").replace("7", "x")

    await office.brings("\ufeff" + HEADER + quoted + "\n" + bad + ",,,,,,\n" + bad)

    assert [line for line, _ in office.rejects] == [6, 8]
    (row,) = await office.world.rows(Recognition)
    assert row.message == 'one\ntwo\nthree "four"'


async def test_a_quotation_mark_that_is_never_closed_costs_one_line(office):
    rows = [GOOD.replace("good", name) for name in "abcde"]
    rows[1] = rows[1].replace("well done", '"well done')
    rows[3] = rows[3].replace("well done", '"quoted" as it should not')

    report = await office.brings(HEADER + "".join(rows))

    assert (report.imported, [line for line, _ in office.rejects]) == (3, [3, 5])


async def test_a_row_of_several_lines_with_too_many_cells_costs_its_lines_only(office):
    wrong = GOOD.replace("good", "a").replace("well done", '"well\ndone",more')

    report = await office.brings(HEADER + wrong + GOOD)

    assert report.imported == 1
    assert office.rejects == [(2, "it has 8 cells, and the header has 7"), (3, "it has 2 cells, and the header has 7")]


async def test_an_id_comes_in_once(office):
    other = GOOD.replace(",7,", ",8,")

    report = await office.brings(HEADER + GOOD + other + GOOD)

    assert (report.imported, report.already_there, report.rejected) == (1, 1, 1)
    assert office.rejects == [(3, "external_id: it came in before, and was something else")]
    assert await office.wallets() == {"bob": 7}


async def test_rejected_rows_create_nobody(office):
    rows = [
        "a,2024-01-01T00:00Z,new1@acorn.example,new2@acorn.example,-1,fresh,hi\n",
        "b,2024-01-01T00:00Z,new3@acorn.example,bob@acorn.example,1,fresh,hi\n",
    ]
    await office.brings(HEADER + "".join(rows), create_members=True)

    assert [line for line, _ in office.rejects] == [2, 3]
    assert len(await office.people()) == 7
    assert await office.world.rows(CompanyValue) == []


async def test_those_who_left_were_there(office):
    await office.world.database.submit(DeactivateMember(office.world.house, office.world.bob.key))

    assert (await office.brings(HEADER + GOOD)).imported == 1
    assert await office.wallets() == {"bob": 7}

    await office.world.database.submit(ReactivateMember(office.world.house, office.world.bob.key))


async def test_a_wallet_that_is_full_takes_no_more(office):
    rows = [GOOD.replace("good", f"id {n}").replace(",7,", ",1000000,") for n in range(2148)]

    report = await office.brings(HEADER + "".join(rows))

    assert (report.imported, report.rejected) == (2147, 1)
    assert office.rejects == [(2149, "No account holds more than 2147483647 points.")]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("external_id,given_at,giver_email,recipient_emails,points,value,message,mood", "The column mood is not known."),
        ("external_id,given_at,giver_email,recipient_emails,points,value,message,", "The column (without a name) is not known."),
        ("external_id,given_at,giver_email,recipient_emails,points,message", "The column value is missing."),
        ("external_id,given_at,giver_email,recipient_emails,points,value,message,points", "A column is there twice."),
        ("external_id;given_at;giver_email", "Columns are separated by commas, and here by something else."),
        ("", "The file is empty."),
        ('"external_id', "The first line cannot be read: a quotation mark is not closed, or stands where none may stand."),
    ],
)
async def test_a_file_with_another_header_is_refused_whole(office, header, sentence):
    before = await office.world.snapshot()

    with pytest.raises(Refusal) as refused:
        await office.brings(f"{header}\n{GOOD}" if header else "", **CREATING)

    expected = "Expected are: external_id, given_at, giver_email, recipient_emails, points, value, message."
    assert refused.value.code is Code.INVALID_INPUT
    assert refused.value.message.startswith(sentence)
    assert refused.value.message.endswith(expected)
    assert await office.world.snapshot() == before


async def test_a_pipe_is_refused_since_it_cannot_be_read_twice(office):
    with pytest.raises(Refusal, match="is no ordinary file"):
        await office.brings(Path("/dev/null"))


async def test_a_file_of_another_encoding_is_refused_whole(office):
    with pytest.raises(Refusal, match="Save the file as CSV in UTF-8"):
        await office.brings((HEADER + GOOD).encode("utf-16"))


@pytest.mark.long
@pytest.mark.skipif(not REAL.exists(), reason="the real file lies outside the repository, in ../shared/data")
async def test_ten_years_of_thanks_come_in(office):
    report = await office.brings(REAL, **CREATING)

    assert report == Report(rows=4991, imported=4991, members_created=1223, values_created=8)
    assert len(await office.world.rows(Grant)) == 5466
    assert len(await office.people()) == 7 + 1223
    balances = await office.world.balances()
    assert sum(points for (kind, _), points in balances.items() if kind == "wallet") == 30_084
    assert await office.brings(REAL, **CREATING) == Report(rows=4991, already_there=4991)
