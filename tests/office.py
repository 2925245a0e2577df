"""An office where files are brought to, in the world of the stories."""

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from app import files
from app.files import Report
from app.organization import (
    Member,
)
from tests.world import World

SAMPLES = Path(__file__).parent / "samples"
REAL = Path(__file__).parents[2] / "shared" / "data" / "git-recognitions.csv"
HEADER = "external_id,given_at,giver_email,recipient_emails,points,value,message\n"
GOOD = "good,2024-03-01T09:00:00Z,ann@acorn.example,bob@acorn.example,7,,well done\n"
CREATING: dict[str, Any] = {"create_members": True, "create_values": True}


@pytest.fixture
def office(world: World, tmp_path: Path) -> "Office":
    return Office(world, tmp_path)


class Office:
    """Where files are brought to."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.rejects_path = folder / "rejects.csv"

    async def brings(self, content: str | bytes | Path, **options: Any) -> Report:
        return await files.import_recognitions(
            self.world.database, self.world.house, self._file(content), self.rejects_path, **options
        )

    async def brings_people(self, content: str | bytes | Path) -> Report:
        return await files.import_members(self.world.database, self.world.house, self._file(content), self.rejects_path)

    def _file(self, content: str | bytes | Path) -> Path:
        if isinstance(content, Path):
            return content
        path = self.folder / "file.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    @property
    def rejects(self) -> list[tuple[int, str]]:
        """Line and reason of each."""
        return [(int(row[0]), row[1]) for row in self.reject_rows[1:]]

    @property
    def reject_rows(self) -> list[list[str]]:
        if not self.rejects_path.exists():
            return [[]]
        return list(csv.reader(StringIO(self.rejects_path.read_text(encoding="utf-8"), newline="")))

    async def people(self) -> dict[str, Any]:
        return {row.email.removesuffix("@acorn.example"): row for row in await self.world.rows(Member)}

    async def wallets(self) -> dict[str, int]:
        owners = {row.id: name for name, row in (await self.people()).items()}
        balances = await self.world.balances()
        return {owners[owner]: points for (kind, owner), points in balances.items() if kind == "wallet" and points}

    async def exports(self, **options: Any) -> str:
        return await text_of(files.recognition_lines(self.world.database, self.world.organization_id, **options))


async def text_of(lines: Any) -> str:
    return "".join([text async for _, text in lines])
