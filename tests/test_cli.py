"""The command line: sentences instead of tracebacks, exit statuses that scripts can trust, the same verbs as every other door."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import access, audit, cli
from app.core.ids import organization_of
from app.db import Database, driver_url

ROOT = Path(__file__).parents[1]
SAMPLES = Path(__file__).parent / "samples"
ACME = (
    "organization",
    "create",
    "--name",
    "Acme",
    "--time-zone",
    "Europe/Madrid",
    "--owner-name",
    "Ana",
    "--owner-email",
    "ana@acme.com",
)


@pytest.fixture
def acme(plaudit) -> str:
    """Ana's organization; its id."""
    return plaudit(*ACME).lines[0]


def process(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """The command as a process of its own."""
    command = [sys.executable, "-c", "from app.cli import main; main()", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def on(database_url: str, work: Any) -> Any:
    """Runs some work on the database."""

    async def whole() -> Any:
        database = Database(database_url, audit.AuditChain())
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(whole())


def test_an_organization_is_founded_and_listed(plaudit):
    made = plaudit(*ACME, "--token")

    id_, token = made.lines
    assert made.status == 0
    assert organization_of(token) == UUID(id_)
    assert plaudit("organization", "list").lines == ["ID                                    NAME", f"{id_}  Acme"]
    assert plaudit("member", "list").lines == [
        "E-MAIL        NAME  ROLE   MODE    STATUS",
        "ana@acme.com  Ana   OWNER  NORMAL  ACTIVE",
    ]


def test_a_token_is_all_that_is_printed_and_opens_the_door(plaudit, acme, database_url):
    made = plaudit("token", "create", "--member", "Ana@acme.com", "--name", "laptop", "--expires-in-days", "90")

    (secret,) = made.lines
    assert (made.status, made.err) == (0, "")
    actor = on(database_url, lambda database: access.SignIn(database).actor(f"Bearer {secret}"))
    assert str(actor.organization_id) == acme

    head, row = plaudit("token", "list", "--member", "ana@acme.com").lines
    assert head.split() == ["ID", "MEMBER", "NAME", "MADE", "EXPIRES", "REVOKED"]
    assert row.split()[:3] == [str(actor.token_id), "ana@acme.com", "laptop"]
    assert secret not in row

    assert plaudit("token", "revoke", str(actor.token_id)).status == 0
    assert not plaudit("token", "list").lines[1].endswith("-")


def test_members_are_made_and_changed(plaudit, acme):
    made = plaudit(
        "member", "create", "ben@acme.com", "--name", "Ben Bo", "--manager", "ana@acme.com", "--mode", "giver", "--active"
    )
    assert (made.status, UUID(made.out.strip()).version) == (0, 7)
    assert plaudit("member", "role", "ben@acme.com", "owner").status == 0
    assert plaudit("member", "mode", "ben@acme.com", "observer").status == 0
    assert plaudit("member", "deactivate", "ana@acme.com", "--reason", "has left").status == 0

    assert plaudit("member", "list").lines[1:] == ["ben@acme.com  Ben Bo  OWNER  OBSERVER  ACTIVE"]
    assert plaudit("member", "list", "--all").lines[1] == "ana@acme.com  Ana     OWNER  NORMAL    DEACTIVATED"

    assert plaudit("member", "reactivate", "ana@acme.com").status == 0
    assert plaudit("member", "list").lines[1] == "ana@acme.com  Ana     OWNER  NORMAL    ACTIVE"


def test_a_refusal_is_one_sentence(plaudit, acme):
    refused = plaudit("member", "deactivate", "ana@acme.com")

    assert (refused.status, refused.out) == (1, "")
    assert refused.err == "plaudit: This is the last owner. Make someone else an owner first.\n"


def test_someone_unknown_is_named(plaudit, acme):
    refused = plaudit("token", "create", "--member", "eve@acme.com")

    assert (refused.status, refused.err) == (1, "plaudit: No member has the address eve@acme.com. See: plaudit member list\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fly"], "No such command 'fly'."),
        (["member", "mode", "ana@acme.com", "upside-down"], "upside-down is not one of NORMAL, GIVER, RECEIVER, OBSERVER."),
        (["token", "revoke", "x"], "x is no id. See: plaudit token list"),
        (["import", "members", "/nowhere.csv"], "does not exist"),
        (["import", "members", str(SAMPLES / "members.csv"), "--rejects", str(SAMPLES / "members.csv")], "It would overwrite"),
        (
            ["member", "list", "--organization", "Umbrella"],
            "plaudit: There is no organization Umbrella. See: plaudit organization list",
        ),
    ],
)
def test_misuse_is_explained_with_status_2(plaudit, acme, arguments, said):
    misused = plaudit(*arguments)

    assert (misused.status, misused.out) == (2, "")
    assert said in misused.err


def test_with_two_organizations_one_says_which(plaudit, acme):
    second = plaudit("organization", "create", "--name", "Birch", "--owner-name", "Bo", "--owner-email", "bo@birch.com").lines[0]

    unsaid = plaudit("member", "list")

    assert unsaid.status == 2
    assert unsaid.err.splitlines() == [
        "plaudit: Say which organization is meant, with --organization and its id:",
        f"plaudit:   {acme}  Acme",
        f"plaudit:   {second}  Birch",
    ]
    assert plaudit("member", "list", "--organization", "birch").lines[1].startswith("bo@birch.com")
    assert plaudit("member", "list", "--organization", acme).lines[1].startswith("ana@acme.com")


def test_a_database_without_an_organization(plaudit):
    assert plaudit("member", "list").err == (
        "plaudit: There is no organization yet. Found one with: plaudit organization create --help\n"
    )
    assert plaudit("verify").out == "There is no organization yet, so there is nothing to verify.\n"


def test_a_database_that_was_never_migrated(plaudit, monkeypatch, tmp_path):
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", "")
    monkeypatch.setenv("PLAUDIT_DATA_DIR", str(tmp_path / "new"))
    missing = plaudit("verify")
    assert (missing.status, missing.err) == (
        2,
        f"plaudit: There is no database at {tmp_path}/new/plaudit.db. Make it with: plaudit migrate\n",
    )
    assert not (tmp_path / "new").exists()

    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "plaudit.db").touch()
    empty = plaudit("verify")
    assert (empty.status, empty.err) == (
        2,
        "plaudit: The database has not the shape that this version needs. Run: plaudit migrate\n",
    )

    assert plaudit("migrate").out == f"sqlite:///{tmp_path}/new/plaudit.db is up to date.\n"
    assert plaudit("migrate").status == plaudit("verify").status == 0


def test_a_database_that_was_never_migrated_on_postgresql(plaudit, monkeypatch, postgres, worker):
    name = f"bare_{worker}"
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", postgres.create(name))
    try:
        empty = plaudit("organization", "list")
        assert (empty.status, empty.err) == (
            2,
            "plaudit: The database has not the shape that this version needs. Run: plaudit migrate\n",
        )
    finally:
        postgres.drop(name)

    gone = plaudit("organization", "list")
    assert gone.status == 2
    assert gone.err.startswith("plaudit: The database cannot be reached: ")


def test_a_file_that_is_no_database(plaudit, monkeypatch, tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("Not a database at all. " * 100)
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", f"sqlite:///{path}")

    wrong = plaudit("verify")

    assert (wrong.status, wrong.err) == (2, f"plaudit: The database sqlite:///{path} cannot be used: file is not a database\n")


def test_wrong_settings_are_named(plaudit, monkeypatch):
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", "postgresql://plaudit:hunter2@db/plaudit")
    shown = plaudit("config", "check")
    assert (shown.status, "PLAUDIT_DATABASE_URL=postgresql://plaudit:***@db/plaudit" in shown.lines) == (0, True)

    monkeypatch.setenv("PLAUDIT_PORT", "eighty")

    wrong = plaudit("config", "check")
    assert (wrong.status, wrong.out) == (2, "")
    assert wrong.err.startswith("plaudit: PLAUDIT_PORT: ")


def test_verify_says_all_is_well_of_each_organization(plaudit, acme):
    second = plaudit("organization", "create", "--name", "Birch", "--owner-name", "Bo", "--owner-email", "bo@birch.com").lines[0]

    sound = plaudit("verify")

    assert sound.status == 0
    heads = [re.fullmatch(r"(\w+) \((.*)\): all is well: (\d+) events, head ([0-9a-f]{64})", line) for line in sound.lines]
    assert [head.groups()[:3] for head in heads if head] == [("Acme", acme, "5"), ("Birch", second, "5")]
    assert plaudit("verify", "--organization", "Birch").lines == sound.lines[1:]


def test_verify_names_what_is_wrong(plaudit, acme, database_url):
    engine = sa.create_engine(driver_url(database_url, asynchronous=False), poolclass=sa.NullPool)
    with engine.begin() as connection:
        if database_url.startswith("sqlite"):
            connection.execute(sa.text("DROP TRIGGER audit_event_refuses_delete"))
        else:
            connection.execute(sa.text("SET session_replication_role = replica"))
        connection.execute(sa.text("DELETE FROM audit_event WHERE sequence = 2"))
        connection.execute(sa.text("UPDATE account SET balance = balance + 1 WHERE kind = 'allowance'"))

    broken = plaudit("verify")

    assert broken.status == 1
    assert broken.lines == [
        f"Acme ({acme}): WRONG: event 2: it is missing; the next one is 3; the balances sum to 1, not to 0; "
        "accounts that are not the sum of their entries: 1"
    ]


def test_files_come_in_and_go_out(plaudit, acme, tmp_path):
    rejects = tmp_path / "rejects.csv"
    history = (str(SAMPLES / "recognitions.csv"), "--rejects", str(rejects))

    refused = plaudit("import", "recognitions", *history)
    assert (refused.status, refused.lines) == (1, ["3 rows: 0 came in, 0 were there already, 3 rejected."])
    assert refused.err == f"The rejects, each with its line and the reason, are in {rejects}\n"

    done = plaudit("import", "recognitions", *history, "--create-members", "--create-values")
    assert (done.status, done.err) == (0, "")
    assert done.lines == ["3 rows: 3 came in, 0 were there already, 0 rejected.", "Made: 4 members, 2 values."]
    again = plaudit("import", "recognitions", *history)
    assert (again.status, again.lines) == (0, ["3 rows: 0 came in, 3 were there already, 0 rejected."])

    out = tmp_path / "out.csv"
    assert plaudit("export", "recognitions", "--out", str(out)).status == 0
    assert plaudit("export", "recognitions").out == out.read_text(encoding="utf-8")
    assert plaudit("import", "recognitions", str(out)).lines == again.lines

    trail = plaudit("export", "audit")
    last = json.loads(trail.lines[-1])
    assert plaudit("verify").lines == [f"Acme ({acme}): all is well: {last['sequence']} events, head {last['hash']}"]
    assert plaudit("export", "audit", "--after", str(last["sequence"] - 1)).lines == trail.lines[-1:]


def test_people_come_in(plaudit, acme, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("email,display_name,manager_email\nben@acme.com,Ben,ana@acme.com\ncy@acme.com,Cy,eve@acme.com\n")

    done = plaudit("import", "members", str(people))

    assert (done.status, done.lines) == (
        1,
        ["2 rows: 1 came in, 0 were there already, 1 rejected.", "Made: 2 members."],
    )
    assert (tmp_path / "people.csv.rejects.csv").read_text().splitlines() == [
        "line,reason,email,display_name,manager_email",
        "3,manager_email: no member has the address eve@acme.com; the rest of the row went in,cy@acme.com,Cy,eve@acme.com",
    ]


def test_a_file_with_another_header_is_refused(plaudit, acme, tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("who,what\n")

    refused = plaudit("import", "members", str(path))

    assert (refused.status, refused.out) == (1, "")
    assert refused.err == (
        "plaudit: The column who is not known. "
        "Expected are: email, display_name, job_title, manager_email, groups, mode, status.\n"
    )


def test_a_place_that_cannot_be_written_is_named(plaudit, acme, tmp_path):
    refused = plaudit("export", "audit", "--out", str(tmp_path / "no" / "such.jsonl"))

    assert (refused.status, refused.err) == (1, f"plaudit: {tmp_path}/no/such.jsonl: No such file or directory\n")


def test_the_schema_is_written_and_compared(plaudit, tmp_path):
    path = tmp_path / "schema.graphql"
    assert plaudit("schema", "--check", "--out", str(path)).status == 1
    assert plaudit("schema", "--out", str(path)).lines == [str(path)]
    assert plaudit("schema", "--check", "--out", str(path)).status == 0

    path.write_text(path.read_text().replace("type Query {", "type Query {\n  more: Int"))

    differs = plaudit("schema", "--check", "--out", str(path))
    assert differs.status == 1
    assert "-  more: Int" in differs.lines


def test_what_nobody_expected_is_one_line_with_a_reference(plaudit, monkeypatch):
    def crash() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(cli.app, "registered_commands", list(cli.app.registered_commands))
    cli.app.command("crash")(crash)

    crashed = plaudit("crash")

    assert (crashed.status, crashed.out) == (1, "")
    said = (
        r"plaudit: internal error [0-9a-f]{8} \(ZeroDivisionError\)\. Set PLAUDIT_LOG_LEVEL=debug and run it again to see where\."
    )
    assert re.fullmatch(said, crashed.err.strip())


def test_a_traceback_is_for_whoever_asks(capsys, monkeypatch):
    def crash() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setenv("PLAUDIT_LOG_LEVEL", "debug")
    monkeypatch.setattr(cli.app, "registered_commands", list(cli.app.registered_commands))
    cli.app.command("crash")(crash)

    assert cli.run(["crash"]) == 1
    assert "ZeroDivisionError: secret" in capsys.readouterr().err


def test_help_loads_nothing_heavy():
    code = "import sys; from app.cli import run; run(['--help']); print({'sqlalchemy', 'pydantic', 'rich'} & set(sys.modules))"

    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert said.stdout.splitlines()[-1] == "set()"
    assert "Usage: plaudit" in said.stdout


@pytest.mark.parametrize("command", [["verify"], ["import", "recognitions"], ["token", "create"], ["organization", "create"]])
def test_every_command_explains_itself(plaudit, command):
    said = plaudit(*command, "--help")

    assert (said.status, said.lines[0].startswith(f"Usage: plaudit {' '.join(command)}")) == (0, True)


def test_whoever_stops_reading_stops_it_quietly(plaudit, acme):
    for number in range(40):
        plaudit("member", "mode", "ana@acme.com", ["GIVER", "NORMAL"][number % 2])
    writing = process("export", "audit", env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert writing.stdout is not None
    assert writing.stderr is not None
    writing.stdout.close()

    said = writing.stderr.read()
    assert (writing.wait(timeout=20), said) == (1, b"")
    writing.stderr.close()


def test_control_c_ends_it_quietly(sqlite_url):
    running = process("worker", env=os.environ | {"PLAUDIT_DATABASE_URL": sqlite_url, "PLAUDIT_SECRET_KEY": "s" * 32})
    log = Path(f"{sqlite_url.removeprefix('sqlite:///')}-wal")
    deadline = time.monotonic() + 30
    while not log.exists():  # it has opened its database
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)

    out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (130, b"")
    assert err.splitlines() == [
        b"INFO:plaudit.worker:the worker issues allowances that are due, counts what happens, and has rewards delivered"
    ]
