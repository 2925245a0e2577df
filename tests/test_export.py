"""What goes out comes in again, and is no formula on the way."""

import csv
import json
import random
from io import StringIO
from typing import Any

from app import audit, files, recognition
from app.audit import sha256
from app.core.actor import system
from app.core.ids import new_id
from app.db import Database
from app.files import Report
from app.files.sheet import plain, safe
from app.founding import FoundOrganization
from app.recognition import Recognition
from tests.office import CREATING, HEADER, SAMPLES, text_of


async def test_what_goes_out_comes_in_elsewhere(office):
    await office.brings(SAMPLES / "recognitions.csv", **CREATING)
    await office.world.praises("craft")
    own_message = "=1+1 is a lovely #craft and #speed"
    given = (await office.world.ann.gives(to=[office.world.bob], message=own_message)).payload["recognition"]
    await office.world.ann.gives(to=[office.world.bob], message="Between the two of us", visibility="PRIVATE")
    undone = (await office.world.ann.gives(to=[office.world.bob])).payload["recognition"]["id"]
    await office.world.ann.revokes(undone)

    out = await office.exports()

    (own_id,) = [row.id for row in await office.world.rows(Recognition) if row.message.startswith("=1")]
    zoe, ben = "zoë.o'neil@acorn.example", "ben@acorn.example"
    assert list(csv.reader(StringIO(out, newline="")))[1:] == [
        ["two", "2024-03-01T09:00:00Z", zoe, f"ann@acorn.example;{ben}", "3", "speed", "'--pretty is prettier now"],
        ["three", "2024-04-01T00:00:00.250000Z", ben, "mia.x.lopez+plaudit@acorn.example", "0", "", "Plain thanks"],
        ["one", "2024-05-02T08:00:00Z", zoe, ben, "5", "teamwork", "Thank you, Ben, for\nthe migration 🎉"],
        [str(own_id), "2026-03-10T12:00:00Z", "ann@acorn.example", "bob@acorn.example", "10", "craft;speed", f"'{own_message}"],
    ]
    assert out.startswith(HEADER)
    assert given["totalPoints"] == 10

    elsewhere = await another(office.world.database)
    report = await files.import_recognitions(
        office.world.database, system(elsewhere), office._file(out), office.rejects_path, **CREATING
    )
    assert (report.imported, report.rejected) == (4, 0)
    assert await text_of(files.recognition_lines(office.world.database, elsewhere)) == out

    before = await office.world.snapshot()
    assert await office.brings(out, **CREATING) == Report(rows=4, already_there=4)
    assert await office.world.snapshot() == before


async def test_private_and_hidden_ones_leave_on_request_and_without_words(office):
    secret = (await office.world.ann.gives(to=[office.world.bob], message="Between the two of us", visibility="PRIVATE")).payload
    office.world.passes(minutes=1)
    rude = (await office.world.ann.gives(to=[office.world.bob], message="Something very rude")).payload
    (rude_id,) = [row.id for row in await office.world.rows(Recognition) if row.message == "Something very rude"]
    await office.world.database.submit(recognition.HideRecognition(office.world.house, rude_id, "rude"))

    assert [row["message"] for row in csv.DictReader(StringIO(await office.exports()))] == [""]
    both = [row["message"] for row in csv.DictReader(StringIO(await office.exports(include_private=True)))]
    assert both == ["Between the two of us", ""]
    assert secret["userErrors"] == rude["userErrors"] == []


async def another(database: Database) -> Any:
    """A second organization."""
    organization_id = new_id(database.clock())
    await database.submit(FoundOrganization(system(organization_id), "Birch", "UTC", "Bo Owner", "bo@birch.example"))
    return organization_id


async def test_the_audit_trail_leaves_with_the_bytes_that_were_hashed(office):
    await office.brings(SAMPLES / "recognitions.csv", **CREATING)
    database, organization_id = office.world.database, office.world.organization_id

    lines = (await text_of(files.audit_lines(database, organization_id))).splitlines()

    report = await audit.verify(database, organization_id)
    previous = "00" * 32
    for sequence, line in enumerate(map(json.loads, lines), start=1):
        assert line["sequence"] == sequence
        assert sha256(line["record"].encode()).hex() == line["hash"]
        assert json.loads(line["record"])["previous"] == previous
        previous = line["hash"]
    assert (len(lines), previous) == (report.events, report.head_hash)
    rest = (await text_of(files.audit_lines(database, organization_id, after=5))).splitlines()
    assert rest == lines[5:]


def test_a_safe_cell_is_no_formula_and_comes_back_as_it_was():
    shown = {
        "=1+1": "'=1+1",
        "@sum": "'@sum",
        "-x": "'-x",
        "+x": "'+x",
        "\tx": "'\tx",
        "\rx": "'\rx",
        "＝x": "'＝x",
        "'=1": "''=1",
        "-5": "-5",
        "+3.5": "+3.5",
        "'tis": "'tis",
        "": "",
        "a=1": "a=1",
    }
    assert {cell: safe(cell) for cell in shown} == shown
    pieces = random.Random(1)
    cells = ["".join(pieces.choices("'=+-@\t1a ", k=pieces.randint(0, 6))) for _ in range(5_000)]
    assert [plain(safe(cell)) for cell in [*shown, *cells]] == [*shown, *cells]
