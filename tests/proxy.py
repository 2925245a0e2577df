"""A wire between us and PostgreSQL that breaks exactly where a test wants it to: right before COMMIT, or right after."""

import asyncio
from contextlib import suppress
from enum import Enum, auto
from typing import Any

from psycopg.conninfo import conninfo_to_dict

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Cut(Enum):
    """Where the wire breaks next, once."""

    NEVER = auto()
    BEFORE_COMMIT = auto()
    """The server has done everything but COMMIT, which it never sees."""
    AFTER_COMMIT = auto()
    """The server has committed, and its answer is lost."""


class Proxy:
    """Listens on a port of this machine and passes on what PostgreSQL's protocol says, message by message."""

    def __init__(self, url: str) -> None:
        self.target: dict[str, Any] = conninfo_to_dict(url)
        self.cut = Cut.NEVER
        self.stays_broken = False
        """After a cut, nobody gets through until this is unset."""
        self.cuts = 0
        self.url = ""
        self._down = False
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server

    async def open(self) -> None:
        """Listens."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1")
        port = self._server.sockets[0].getsockname()[1]
        password = f":{self.target['password']}" if "password" in self.target else ""
        self.url = f"postgresql://{self.target['user']}{password}@127.0.0.1:{port}/{self.target['dbname']}?sslmode=disable"

    async def close(self) -> None:
        """Hangs up on everyone, for ever."""
        self._server.close()
        await self.hang_up()

    async def hang_up(self) -> None:
        """Hangs up on everyone, and lets nobody through until mended."""
        self._down = True
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0.05)

    def mend(self) -> None:
        """Whoever comes gets through again."""
        self._down = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._down:
            writer.transport.abort()
            return
        server: Pair = await self._dial()
        self._open |= {writer, server[1]}
        # A startup message has no letter in front.
        size = await reader.readexactly(4)
        server[1].write(size + await reader.readexactly(int.from_bytes(size) - 4))
        names: set[bytes] = set()
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await asyncio.gather(self._forth(reader, server[1], names), self._back(server[0], writer))
        for end in (writer, server[1]):
            end.transport.abort()
            self._open.discard(end)

    async def _dial(self) -> Pair:
        host, port = self.target.get("host", "127.0.0.1"), self.target.get("port", 5432)
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, names: set[bytes]) -> None:
        """From us to the server. COMMIT is a prepared statement: its text is sent once, later only its name."""
        while True:
            kind, content = await _message(reader)
            words = content[4:].split(b"\0")
            if kind == b"P" and words[1] == b"COMMIT":
                names.add(words[0])
            commits = kind == b"B" and words[1] in names
            if commits and self.cut is Cut.BEFORE_COMMIT:
                self._break()
            writer.write(kind + content)

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the server to us."""
        while True:
            kind, content = await _message(reader)
            if kind == b"C" and content[4:] == b"COMMIT\0" and self.cut is Cut.AFTER_COMMIT:
                self._break()
            writer.write(kind + content)

    def _break(self) -> None:
        self.cut = Cut.NEVER
        self.cuts += 1
        self._down = self.stays_broken
        raise ConnectionError("cut by the test")


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind = await reader.readexactly(1)
    size = await reader.readexactly(4)
    return kind, size + await reader.readexactly(int.from_bytes(size) - 4)
