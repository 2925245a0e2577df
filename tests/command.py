"""The command line as the tests run it: in this process, its words caught."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from app import cli


class Said(NamedTuple):
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Plaudit = Callable[..., Said]


@pytest.fixture
def plaudit(capsys, monkeypatch, database_url) -> Plaudit:
    """The command, on a database of its own."""
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", database_url)

    def run(*arguments: str) -> Said:
        status = cli.run(arguments)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Said(status, said.out, said.err)

    return run
