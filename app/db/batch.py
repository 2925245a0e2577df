"""A batch of acts: what they saw, what the kept ones changed, and the draft on which each decides."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeVar, cast
from uuid import UUID

from app.core.actor import Actor
from app.core.ids import Ids
from app.db.sources import Key, Reading, Row, Rows, Source, Want, many, one, row_type
from app.db.tables import TenantTable, table_of

T = TypeVar("T", bound=TenantTable)
R = TypeVar("R", covariant=True)
_UNSEEN = object()


class Missing(Exception):
    """A draft was asked for what its batch has not loaded; the batch loads it and the act decides again."""

    def __init__(self, *wants: Want) -> None:
        super().__init__(*wants)
        self.wants = wants


class Event(NamedTuple):
    """One fact for the audit trail. `subject` is `kind:id`; `body` holds ids, numbers and salted digests, no names or texts."""

    action: str
    subject: str
    body: dict[str, Any]


class Chain(Protocol):
    """What the batch must know of the audit trail: the row that is locked, and how an event is appended to a draft."""

    head: type[TenantTable]

    def link(self, draft: "Draft", event: Event) -> tuple[int, bytes]:
        """Appends the event to the organization's chain; returns its sequence and hash."""

    def event_key(self, sequence: int) -> tuple[type[TenantTable], str, Key]:
        """Where the event of that sequence stands: its table, the column of its hash, and its key after the organization."""


class Batch:
    """What the acts of one transaction saw, and what the kept ones changed."""

    def __init__(self, clock: Callable[[], datetime], chain: Chain) -> None:
        self.clock = clock
        self.chain = chain
        self.locked()
        self.fresh: set[UUID] = set()
        """Ids made in this batch: no row of the database names them."""
        self.rows: dict[tuple[Source, Key], Any] = {}
        """A row as of the last kept act; None where there is none."""
        self.lists: dict[tuple[Source, Key], list[Key]] = {}
        """Keys of the rows that the database held for a list, when it was loaded."""
        self.added: dict[Rows, dict[Key, None]] = {}
        self.changed: dict[Rows, dict[Key, None]] = {}
        self.removed: dict[Rows, dict[Key, None]] = {}
        self.listed: dict[Rows, dict[Key, dict[Key, None]]] = {}
        """For each list that was asked for: keys of the rows that kept acts added or changed, by the list they came to be in."""
        self.links: dict[UUID, tuple[int, bytes]] = {}
        """Sequence and hash of each organization's last event: proof that COMMIT was done."""
        self.sealed = False
        """COMMIT has been sent."""

    def locked(self) -> None:
        """The moment of this batch is that of its turn: whoever had the lock before is in its past."""
        self.now = self.clock()
        self.ids = Ids(self.now)

    def loaded(self, source: Source, wants: Iterable[Want], found: Iterable[Any]) -> None:
        """Takes what the database answered."""
        here = self.rows
        if isinstance(source, Reading):
            for row in found:
                here.setdefault((source, source.key(row)), row)
            return
        assert isinstance(source, Rows)
        single = one(source.model)
        for want in wants:
            if want.listed:
                self.lists[source, want.key] = []
            else:
                here.setdefault((source, want.key), None)
        for row in found:
            at = (single, single.key(row))
            if here.get(at) is None and at[1] not in self.changed.get(single, ()) and at[1] not in self.removed.get(single, ()):
                here[at] = row
            listed = self.lists.get((source, source.key(row)))
            if listed is not None and source is not single:
                listed.append(at[1])

    def knows(self, want: Want) -> bool:
        """Whether this has been loaded already, or names an id that was made here and so cannot be in the database."""
        if (want.source, want.key) in (self.lists if want.listed else self.rows):
            return True
        return isinstance(want.source, Rows) and not self.fresh.isdisjoint(want.key)

    def inserts(self) -> list[tuple[type[TenantTable], list[Any]]]:
        """New rows by table, parents first."""
        return [(rows.model, [self.rows[rows, key] for key in keys]) for rows, keys in _parents_first(self.added) if keys]

    def updates(self) -> list[tuple[type[TenantTable], list[Any]]]:
        """Changed rows by table."""
        return [(rows.model, [self.rows[rows, key] for key in keys]) for rows, keys in _parents_first(self.changed) if keys]

    def deletes(self) -> list[tuple[type[TenantTable], list[Key]]]:
        """Keys of removed rows by table, children first."""
        return [(rows.model, list(keys)) for rows, keys in reversed(_parents_first(self.removed)) if keys]

    def touched_in(self, source: Rows) -> dict[Key, dict[Key, None]]:
        """Rows that kept acts added or changed, by the list that they are in; put together when a list is first asked for."""
        index = self.listed.get(source)
        if index is None:
            index = self.listed[source] = {}
            single = one(source.model)
            for key in (*self.added.get(single, ()), *self.changed.get(single, ())):
                self._note(source, index, key)
        return index

    def note_lists(self, rows: Iterable[tuple[Source, Key]]) -> None:
        """A draft was kept: its rows come to the lists that were asked for before."""
        for source, index in self.listed.items():
            single = one(source.model)
            for place, key in rows:
                if place is single:
                    self._note(source, index, key)

    def _note(self, source: Rows, index: dict[Key, dict[Key, None]], key: Key) -> None:
        """Notes in which list a row is now. Where it was before, its values no longer match."""
        row = self.rows.get((one(source.model), key))
        if row is not None:
            index.setdefault(source.key(row), {})[key] = None

    def touched(self, model: type[TenantTable]) -> bool:
        """Whether rows of this table were changed or removed."""
        single = one(model)
        return bool(self.changed.get(single) or self.removed.get(single))

    @property
    def dirty(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.added or self.changed or self.removed)


@cache
def _depth(model: type[TenantTable]) -> int:
    table = table_of(model)
    return table.metadata.sorted_tables.index(table)


def _parents_first(tables: dict[Rows, dict[Key, None]]) -> list[tuple[Rows, dict[Key, None]]]:
    return sorted(tables.items(), key=lambda item: _depth(item[0].model))


class Draft:
    """One act's uncommitted changes over the batch: dropped by a refusal, kept otherwise."""

    __slots__ = ("_added", "_changed", "_events", "_removed", "_rows", "actor", "batch", "now", "organization_id")

    def __init__(self, batch: Batch, actor: Actor) -> None:
        self.batch = batch
        self.actor = actor
        self.organization_id = actor.organization_id
        self.now = batch.now
        self._rows: dict[tuple[Source, Key], Any] = {}
        self._added: dict[tuple[Rows, Key], None] = {}
        self._changed: list[tuple[Source, Key]] = []
        self._removed: dict[tuple[Rows, Key], None] = {}
        self._events: list[Event] = []

    def new_id(self) -> UUID:
        """A time-ordered id that sorts after all ids given out in this batch before."""
        id_ = self.batch.ids.next()
        self.batch.fresh.add(id_)
        return id_

    def expect(self, wants: Iterable[Want]) -> None:
        """Says what will be asked for next. Without it a loop over many keys would find them missing one by one."""
        missing = [want for want in wants if not self.batch.knows(want)]
        if missing:
            raise Missing(*missing)

    def get(self, model: type[T], *key: Any) -> T | None:
        """The row as this act sees it: its own changes first, then those kept before it, then the database."""
        source = one(model)
        return cast(T | None, self._see(source, (self.organization_id, *key)))

    def read(self, reading: Reading[Row], *key: Any) -> Row:
        """What the database computes for this key, with the changes that acts of this batch have made to it."""
        return cast(Row, self._see(reading, (self.organization_id, *key)))

    def _see(self, source: Source, key: Key) -> Any:
        at = (source, key)
        row = self._rows.get(at, _UNSEEN)
        if row is _UNSEEN:
            row = self.batch.rows.get(at, _UNSEEN)
            if row is _UNSEEN:
                want = Want(source, key, listed=False)
                if not self.batch.knows(want):
                    raise Missing(want)
                row = None
        return row

    def list(self, model: type[T], **by: Any) -> list[T]:
        """All rows with these values as this act sees them, in the order of their keys."""
        source, single = many(model, tuple(by)), one(model)
        key = (self.organization_id, *by.values())
        stored = self.batch.lists.get((source, key))
        if stored is None:
            want = Want(source, key, listed=True)
            if not self.batch.knows(want):
                raise Missing(want)
            stored = []
        candidates = dict.fromkeys(stored)
        candidates.update(self.batch.touched_in(source).get(key, {}))
        candidates.update((touched, None) for place, touched in self._rows if place is single)
        found = [row for touched in candidates if (row := self._see(single, touched)) is not None and source.key(row) == key]
        return sorted(found, key=single.key)

    def add(self, model: type[T], **values: Any) -> T:
        """A new row."""
        row = row_type(model)(organization_id=self.organization_id, **values)
        single = one(model)
        key = single.key(row)
        self._rows[single, key] = row
        self._added[single, key] = None
        return cast(T, row)

    def change(self, row: T, **values: Any) -> T:
        """The row with other values. Its key stays."""
        new = cast(Any, row)._replace(**values)
        single = one(_model_of(row))
        key = single.key(new)
        self._rows[single, key] = new
        self._changed.append((single, key))
        return cast(T, new)

    def note(self, reading: Reading[Row], row: Row, **values: Any) -> None:
        """The reading with other values, for the acts that come after in this batch."""
        new = cast(Any, row)._replace(**values)
        self._rows[reading, reading.key(new)] = new
        self._changed.append((reading, reading.key(new)))

    def remove(self, row: TenantTable) -> None:
        """Takes the row away. Only for rows that are no history, such as who is in a group now."""
        single = one(_model_of(row))
        key = single.key(row)
        self._rows[single, key] = None
        if (single, key) in self._added:
            del self._added[single, key]
        else:
            self._removed[single, key] = None

    def tell(self, action: str, subject: str, **body: Any) -> None:
        """Appends an audit event; it is chained when the draft is kept."""
        self._events.append(Event(action, subject, body))

    def keep(self) -> None:
        """Makes the draft part of its batch."""
        batch = self.batch
        links = [batch.chain.link(self, event) for event in self._events]
        if links:
            batch.links[self.organization_id] = links[-1]
        batch.rows.update(self._rows)
        for rows, key in self._removed:
            if key in batch.added.get(rows, ()):
                del batch.added[rows][key]
            else:
                batch.removed.setdefault(rows, {})[key] = None
                batch.changed.get(rows, {}).pop(key, None)
        for rows, key in self._added:
            if key in batch.removed.get(rows, ()):
                del batch.removed[rows][key]
                batch.changed.setdefault(rows, {})[key] = None
            else:
                batch.added.setdefault(rows, {})[key] = None
        for source, key in self._changed:
            if isinstance(source, Rows) and batch.rows[source, key] is not None and key not in batch.added.get(source, ()):
                batch.changed.setdefault(source, {})[key] = None
        batch.note_lists(self._rows)


_MODELS: dict[type, type[TenantTable]] = {}


def _model_of(row: Any) -> type[TenantTable]:
    kind = type(row)
    model = _MODELS.get(kind)
    if model is None:
        model = next(m for m in _all_models() if row_type(m) is kind)
        _MODELS[kind] = model
    return model


def _all_models() -> Iterable[type[TenantTable]]:
    from app.db.tables import tenant_models

    return tenant_models()


class Act(Protocol[R]):
    """One change as submitted: a frozen command that knows how to decide itself, without I/O."""

    @property
    def actor(self) -> Actor:
        """Who acts."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for, as far as known beforehand."""

    def decide(self, draft: Draft) -> R:
        """Raises a Refusal and nothing has changed, or changes the draft and returns the answer."""
