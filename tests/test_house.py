"""The rules of the house, read from its own source; each is shown a line that it must catch."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
LINES_MAX = 400
FUNCTION_LINES_MAX = 60
GENERATED = "app/migrations/versions/"
"""Migrations are written by Alembic, once, and are as long as what they make."""

Finder = Callable[[ast.Module], Iterator[int]]


def tracked() -> list[str]:
    """Every file that git keeps, or would keep with the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in names if (ROOT / name).is_file()]


FILES = tracked()
APP = [name for name in FILES if name.startswith(("app/", "integrations/")) and name.endswith(".py")]
TREES = {name: ast.parse((ROOT / name).read_text(encoding="utf-8")) for name in APP}


def dotted(node: ast.AST) -> str:
    """`a.b.c` of names and attributes; a call in between is left out."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return dotted(node.func) if isinstance(node, ast.Call) else ""


def words(pattern: str) -> Finder:
    """Lines that import or use a dotted name which matches."""
    sought = re.compile(pattern)

    def find(tree: ast.Module) -> Iterator[int]:
        for node in ast.walk(tree):
            names = [dotted(node)] if isinstance(node, (ast.Name, ast.Attribute)) else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            if any(sought.search(name) for name in names):
                yield getattr(node, "lineno", 0)

    return find


def transactions(tree: ast.Module) -> Iterator[int]:
    """`.begin(`, `.commit(` and SQL that begins or ends a transaction."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"begin", "begin_nested", "commit"}
        ):
            yield node.lineno
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.match(r"\s*(BEGIN|COMMIT|SAVEPOINT)\b", node.value)
        ):
            yield node.lineno


def bare_selects(tree: ast.Module) -> Iterator[int]:
    """`select(…)` of a table's columns, which `scoped(…)` alone may do, as it names the organization."""
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and not _is_across(function):
            yield from _bare_selects(function)


def _bare_selects(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[int]:
    columns: set[str] = set()

    def shows_columns(node: ast.AST) -> bool:
        match node:
            case ast.Name(id=name):
                return name in columns
            case ast.Call(func=ast.Name(id="columns" | "table_of")):
                return True
            case ast.Call(func=ast.Name(id="scoped")):
                return False
            case ast.Call(func=ast.Attribute() as method) if not dotted(method).startswith("sa."):
                return shows_columns(method.value)
        return any(map(shows_columns, ast.iter_child_nodes(node)))

    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = (
                    zip(target.elts, getattr(node.value, "elts", ()), strict=False)
                    if isinstance(target, ast.Tuple)
                    else [(target, node.value)]
                )
                columns |= {dotted(name) for name, value in pairs if shows_columns(value)}
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and dotted(node.func) in {"select", "sa.select"} and any(map(shows_columns, node.args)):
            yield node.lineno


def _is_across(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """The named exceptions: the lists of all organizations and workspaces, and a reading's statement, whose keys begin with the
    organization."""
    if function.name in {"all_organizations", "all_workspaces"}:
        return True
    return bool(function.args.args and function.args.args[0].arg == "keys")


class Rule(NamedTuple):
    """Words that have one home."""

    name: str
    homes: str
    find: Finder
    caught: str
    let_through: str


RULES = [
    Rule(
        "hashing",
        r"app/audit/chain\.py|integrations/slack/guard\.py",
        words(r"^hashlib|^hmac\b"),
        "import hashlib",
        "from app.audit import sha256",
    ),
    Rule(
        "the time",
        r"app/core/",
        words(r"\bdatetime\.(now|utcnow|today)$|\bdate\.today$|\btime\.time(_ns)?$"),
        "moment = datetime.now(UTC)",
        "until = time.monotonic()",
    ),
    Rule(
        "ids and secrets",
        r"app/core/ids\.py|app/demo/files\.py",  # The demo makes its own secret key.
        words(r"\buuid[1-8]$|^uuid_utils|^secrets\b|\burandom$"),
        "from uuid import uuid4",
        "from uuid import UUID",
    ),
    Rule(
        "the environment",
        r"app/core/settings\.py",
        words(r"\bos\.(environ|getenv|putenv)\b"),
        "home = os.environ['HOME']",
        "folder = os.getcwd()",
    ),
    Rule(
        "transactions",
        r"app/(db|migrations)/",
        transactions,
        "connection.execute('BEGIN IMMEDIATE')",
        "database.submit(act)",
    ),
    Rule(
        "bare selects",
        r"app/db/",
        bare_selects,
        "def f():\n    member = columns(Member)\n    wanted = [member.id]\n    return sa.select(*wanted)",
        "def f():\n    rows = scoped(Member, here).where(columns(Member).id == id_).subquery()\n    return sa.select(rows.c.id)",
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name.replace(" ", "-"))
def test_every_dangerous_word_has_one_home(rule: Rule):
    assert list(rule.find(ast.parse(rule.caught))), "the rule catches nothing"
    assert list(rule.find(ast.parse(rule.let_through))) == []
    assert any(re.match(rule.homes, name) for name in TREES), "there is no such home"

    strays = [f"{name}:{line}" for name, tree in TREES.items() if not re.match(rule.homes, name) for line in rule.find(tree)]

    assert strays == []


@pytest.mark.parametrize("line", ["session.commit()", "with connection.begin(): pass", "run('COMMIT')", "run('SAVEPOINT a')"])
def test_transactions_are_caught_in_every_form(line: str):
    assert list(transactions(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ["sa.select(columns(Member).id)", "select(*table_of(Member).c)", "sa.select(sa.func.max(columns(Member).id))"]
)
def test_bare_selects_are_caught_in_every_form(line: str):
    assert list(bare_selects(ast.parse(f"def f():\n    return {line}")))


def undescribed(tree: ast.Module) -> Iterator[str]:
    """What is public in a module, or in a class of it, and says nothing of itself."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else []
        for place, found in [("", node), *((f"{node.name}.", member) for member in inside if isinstance(node, ast.ClassDef))]:
            if isinstance(found, kinds) and not found.name.startswith("_") and ast.get_docstring(found) is None:
                yield place + found.name


def test_everything_public_says_what_it_is():
    assert list(undescribed(ast.parse("class A:\n    '''An A.'''\n    def b(self): ...\ndef c(): ...\ndef _d(): ..."))) == [
        "A.b",
        "c",
    ]

    assert [
        f"{name}: {what}" for name, tree in TREES.items() if not name.startswith(GENERATED) for what in undescribed(tree)
    ] == []


def begins_with_a_sentence(source: str) -> bool:
    """Whether the first line is a docstring that says what lives here."""
    return re.match(r'"""[^"\n]{10,}', source) is not None


def test_the_first_line_of_a_file_says_what_lives_there():
    assert not begins_with_a_sentence("import os\n")
    assert not begins_with_a_sentence('"""\nToo late."""\n')

    sources = {name: (ROOT / name).read_text(encoding="utf-8") for name in FILES if name.endswith(".py")}

    assert [name for name, source in sources.items() if not begins_with_a_sentence(source)] == []


def too_long(tree: ast.Module) -> Iterator[str]:
    """Functions that nobody takes in at a glance."""
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
        ):
            yield node.name


def test_files_and_functions_stay_short():
    assert list(too_long(ast.parse("def f():\n" + "    pass\n" * FUNCTION_LINES_MAX))) == ["f"]
    assert list(too_long(ast.parse("def f():\n" + "    pass\n" * (FUNCTION_LINES_MAX - 1)))) == []

    lines = {name: (ROOT / name).read_text(encoding="utf-8").count("\n") for name in APP if not name.startswith(GENERATED)}

    assert {name: count for name, count in lines.items() if count > LINES_MAX} == {}
    assert [f"{name}: {f}" for name, tree in TREES.items() if not name.startswith(GENERATED) for f in too_long(tree)] == []


def misplaced(name: str) -> bool:
    """A name that says nothing, or one that would hide graphql-core."""
    path = Path(name)
    if path.stem in {"utils", "util", "helpers", "helper", "common", "base", "misc"} and path.suffix == ".py":
        return True
    if path.parts[0] == "graphql":
        return path.suffix == ".py"
    return "graphql" in path.parts[:-1] or path.name == "graphql.py" or name in {"tests/__init__.py", "bench/__init__.py"}


def test_names_say_something_and_hide_nobody():
    caught = [
        "app/utils.py",
        "tests/helpers.py",
        "graphql/__init__.py",
        "tests/graphql/test_a.py",
        "app/graphql.py",
        "tests/__init__.py",
    ]
    assert [name for name in caught if not misplaced(name)] == []
    assert not misplaced("graphql/operations/feed.graphql")

    assert [name for name in FILES if misplaced(name)] == []
    assert [name for name in FILES if name.startswith("tests/") and name.count("/") > 1 and name.endswith(".py")] == [], (
        "tests lie flat"
    )


def test_graphql_is_the_library():
    import graphql

    assert graphql.version_info[:2] == (3, 3)


BETRAYS = re.compile(
    rf"{re.escape(str(ROOT.parent))}/\w|/Users/\w|/home/\w|(?<![\w.])/root/\w|https?://[^\s\"']*/simple\b|https?://registry\."
    r"|--(extra-)?index-url[ =]|registry="
)
"""A path of somebody's machine, or the address of a package registry."""


def test_no_file_tells_of_a_machine_or_a_registry():
    caught = [
        "--index-url=x",
        "registry=x",
        "/home/ann/x",
        "https://packages.example/simple",
        "https://registry.example/x",
        f"cd {ROOT}/x",
    ]
    assert [line for line in caught if not BETRAYS.search(line)] == []

    found = []
    for name in FILES:
        if name != "tests/test_house.py":
            lines = (ROOT / name).read_text(encoding="utf-8", errors="replace").splitlines()
            found += [f"{name}:{number}" for number, line in enumerate(lines, 1) if BETRAYS.search(line)]
    assert found == []


WATCH = """
import sys
done = []
def watch(event, given):
    if event in ("socket.bind", "socket.connect", "sqlite3.connect", "subprocess.Popen", "os.mkdir", "os.remove"):
        done.append(f"{event} {given}")
    if event == "open" and isinstance(given[1], str) and set(given[1]) & set("wax+"):
        done.append(f"open {given[:2]}")
    if event == "open" and isinstance(given[0], str) and given[0].startswith(ROOT) and not given[0].endswith((".py", ".pyc")):
        done.append(f"open {given[0]}")
sys.addaudithook(watch)
"""


def done_by(code: str) -> list[str]:
    """What running the code in a fresh Python opens, connects to or starts, besides reading modules."""
    script = f"ROOT = {str(ROOT / 'app')!r}{WATCH}{code}\nprint(*done, sep='\\n')"
    command = [sys.executable, "-B", "-c", script]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return output.split("\n")[:-1] if output.strip() else []


def test_nothing_happens_at_import():
    assert done_by("import sqlite3; sqlite3.connect(':memory:')") == ["sqlite3.connect (':memory:',)"]
    assert done_by("open(ROOT + '/static/graphql.html')") == [f"open {ROOT}/app/static/graphql.html"]

    modules = [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in APP if "/migrations/" not in name]
    imports = "\n".join(f"import {name}" for name in modules)
    built = "\nfrom app.api import schema\nassert schema.build.cache_info().currsize == 0, 'the schema was built'"

    assert done_by(imports + built) == []
