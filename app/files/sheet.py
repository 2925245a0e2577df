"""CSV as people send it and as we do: rows with their line numbers, whatever is wrong with a few of them, and the rejects.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it (`safe`), and every cell that is read
loses it again (`plain`), so that what we write comes back as it was."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, NamedTuple, Self

from app.core.errors import Code, Refusal

LINE_CHARS_MAX = 100_000
"""Longer lines are not looked at; nor does a quoted cell reach further than that."""
CHUNK = 500
"""Rows that are worked on at a time."""
REJECTS_SHOWN_MAX = 1_000
"""Rejects that are kept in memory; the others are counted."""
REASON_CHARS_MAX = 500
Source = Path | BytesIO
"""Where rows are read from: a file, or what is held in memory and never reaches a disk."""
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_UNDECODED = re.compile("[\udc80-\udcff]")
_ENDS = ("\n", "\r")
_COLUMN_OF = {
    "displayName": "display_name",
    "jobTitle": "job_title",
    "managerId": "manager_email",
    "groupIds": "groups",
    "memberId": "status",
}
"""What acts call a field, and what files do."""


def safe(cell: str) -> str:
    """The cell as a spreadsheet shows it, and not as a formula that it runs. Plain numbers stay as they are."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def plain(cell: str) -> str:
    """The cell that `safe` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def lines_of(rows: Iterable[Sequence[str]]) -> str:
    """Rows as lines of CSV, none of whose cells is a formula."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow(map(safe, row))
    return text.getvalue()


def moment(at: datetime | None) -> str:
    """A moment in UTC, such as 2026-03-01T09:00:00Z; empty where there is none."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else ""


class Row(NamedTuple):
    """One row of a file."""

    line: int
    """Where it begins; the header is on line 1, if nothing stands before it."""
    cells: dict[str, str]
    """By column; empty where the file has no such column."""
    original: list[str]


class Reject(NamedTuple):
    """A row that did not go in, and why."""

    line: int
    reason: str
    original: list[str]


@dataclass(slots=True)
class Report:
    """What an import did."""

    rows: int = 0
    imported: int = 0
    """Rows that changed something."""
    already_there: int = 0
    """Rows that changed nothing."""
    rejected: int = 0
    members_created: int = 0
    values_created: int = 0
    groups_created: int = 0


class Sheet:
    """CSV that is open, with a header of known columns in any order. Opening it raises INVALID_INPUT for another header, without
    a word of it where the content is secret."""

    def __init__(self, source: Source, required: Sequence[str], optional: Sequence[str] = (), *, secret: bool = False) -> None:
        if isinstance(source, Path):
            if not source.is_file():
                raise _refused(f"{source} is no ordinary file, and it is read twice. Put the rows into one first.")
            self.bytes_total = source.stat().st_size
            self._raw: BinaryIO = source.open("rb")
        else:
            self.bytes_total = len(source.getbuffer())
            source.seek(0)
            self._raw = source
        self._closes_source = isinstance(source, Path)
        # A byte that is not UTF-8 becomes a character of its own that we can find, and costs only its row.
        self._file = TextIOWrapper(self._raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._line = 0
        self._again: deque[tuple[str, bool]] = deque()
        self._columns = (*required, *optional)
        self._is_secret = secret
        try:
            self.header = self._header(required)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._close()

    def _close(self) -> None:
        # Left to itself, the wrapper would close what it wraps, and what is in memory may be read again.
        raw = self._file.detach()
        if self._closes_source:
            raw.close()

    @property
    def bytes_read(self) -> int:
        """How far the file has been read."""
        return self._raw.tell()

    def chunks(self) -> Iterator[list[Row | Reject]]:
        """All rows in order, some at a time."""
        chunk: list[Row | Reject] = []
        for found in self._rows():
            chunk.append(found)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _rows(self) -> Iterator[Row | Reject]:
        for line, cells, problem in self._records():
            if not any(cells):
                continue
            if problem is None and len(cells) != len(self.header):
                problem = f"it has {len(cells)} cells, and the header has {len(self.header)}"
            if problem is not None:
                yield Reject(line, problem, cells)
                continue
            given = dict(zip(self.header, map(plain, cells), strict=True))
            yield Row(line, {name: given.get(name, "").strip() for name in self._columns}, cells)

    def _records(self) -> Iterator[tuple[int, list[str], str | None]]:
        """Line number, cells, and what is wrong with them as CSV. A quotation mark that is never closed would swallow the rows
        below it: whatever is wrong costs one line, and reading goes on with the next."""
        while True:
            first, taken = self._line + 1, list[tuple[str, bool]]()
            problem = None
            try:
                cells = next(csv.reader(self._take(taken), strict=True))
            except StopIteration:
                return
            except csv.Error:
                cells, problem = [], "a quotation mark is not closed, or stands where none may stand"
            if not all(whole for _, whole in taken):
                problem = f"the line has more than {LINE_CHARS_MAX} characters"
            elif len(taken) > 1 and self._is_header_known and len(cells) != len(self.header):
                problem = problem or f"it has {len(cells)} cells, and the header has {len(self.header)}"
            elif problem is None:
                text = "".join(text for text, _ in taken)
                problem = "it is not UTF-8" if _UNDECODED.search(text) else "it holds a NUL character" if "\0" in text else None
                yield first, cells, problem
                continue
            self._again.extendleft(reversed(taken[1:]))
            self._line -= len(taken) - 1
            yield first, [taken[0][0].rstrip("\r\n")], problem

    def _take(self, taken: list[tuple[str, bool]]) -> Iterator[str]:
        chars = 0
        while chars < LINE_CHARS_MAX:
            line = self._again.popleft() if self._again else self._next_line()
            if not line[0]:
                return
            self._line += 1
            taken.append(line)
            chars += len(line[0])
            yield line[0]

    def _next_line(self) -> tuple[str, bool]:
        """The next line with its end, and whether that is all of it."""
        text = self._file.readline(LINE_CHARS_MAX)
        whole = len(text) < LINE_CHARS_MAX or text.endswith(_ENDS)
        rest = "" if whole else text
        while rest and not rest.endswith(_ENDS):
            rest = self._file.readline(LINE_CHARS_MAX)
        return text, whole

    _is_header_known = False

    def _header(self, required: Sequence[str]) -> list[str]:
        expected = f"Expected are: {', '.join(self._columns)}."
        _, cells, problem = next(self._records(), (1, [], None))
        names = [name.strip().lower() for name in cells]
        if not any(names):
            raise _refused(f"The file is empty. {expected}")
        if problem is not None:
            raise _refused(f"The first line cannot be read: {problem}. Save the file as CSV in UTF-8. {expected}")
        if len(names) == 1 and re.search("[;\t]", names[0]):
            raise _refused(f"Columns are separated by commas, and here by something else. {expected}")
        unknown = [name for name in names if name not in self._columns]
        if unknown and self._is_secret:
            raise _refused(f"The first line is not the names of the columns. {expected}")
        if unknown:
            raise _refused(f"The column {unknown[0][:100] or '(without a name)'} is not known. {expected}")
        missing = [name for name in required if name not in names]
        if missing:
            raise _refused(f"The column {missing[0]} is missing. {expected}")
        if len(set(names)) < len(names):
            raise _refused(f"A column is there twice. {expected}")
        self._is_header_known = True
        return names


def _refused(sentence: str) -> Refusal:
    return Refusal(Code.INVALID_INPUT, sentence, "file")


class RejectsFile:
    """The file of rejects: line, reason, then the row as it was. There is none when everything went in."""

    def __init__(self, path: Path, header: Iterable[str]) -> None:
        self.path = path
        self.count = 0
        self._header = ["line", "reason", *header]
        self._file: IO[str] | None = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
        elif kind is None:
            self.path.unlink(missing_ok=True)  # of an earlier run

    def add(self, reject: Reject) -> None:
        """Writes one down."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(self._header)
        self._writer.writerow([str(reject.line), reject.reason, *(safe(_shown(plain(cell))) for cell in reject.original)])
        self.count += 1


class RejectsList:
    """The rejects in memory: line and reason of the first ones, and how many there are. The rows themselves are not kept."""

    def __init__(self) -> None:
        self.count = 0
        self.shown: list[tuple[int, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """There is nothing to let go of."""

    def add(self, reject: Reject) -> None:
        """Notes one."""
        if self.count < REJECTS_SHOWN_MAX:
            self.shown.append((reject.line, _shown(reject.reason[:REASON_CHARS_MAX])))
        self.count += 1


Rejects = RejectsFile | RejectsList
RejectsTo = Path | RejectsList
"""Where rejects go to."""


def rejects_to(where: RejectsTo, header: Iterable[str]) -> Rejects:
    """What takes the rejects of a file with these columns."""
    return where if isinstance(where, RejectsList) else RejectsFile(where, header)


def _shown(cell: str) -> str:
    """Bytes that were not UTF-8 as \\xNN."""
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def reason(refusal: Refusal) -> str:
    """A refusal as the reason of a reject: the column at fault, and the sentence."""
    return ": ".join([*(_COLUMN_OF.get(name, name) for name in refusal.field[:1]), refusal.message])
