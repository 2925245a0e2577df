"""A batch of acts: what they saw, what the kept ones changed, and the draft on which each decides."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.ids import Ids
from app.db.tables import TenantTable, table_of

T = TypeVar("T", bound=TenantTable)
R = TypeVar("R", covariant=True)
Row = TypeVar("Row")
Key = tuple[Any, ...]
_UNSEEN = object()


class Source:
    """One kind of question that a batch asks the database with many keys at once. Every key begins with the organization."""

    def __init__(self, name: str, keys: list[sa.Column[Any]], statement: Callable[[Any], sa.Select[Any]]) -> None:
        self.name = name
        self.keys = keys
        self.statement = statement

    def __repr__(self) -> str:
        return self.name


class Rows(Source):
    """Rows of a table by the values of some of its columns: one row by its primary key, or a list by an index."""

    def __init__(self, model: type[TenantTable], by: tuple[str, ...]) -> None:
        table = table_of(model)
        self.model = model
        self.by = by
        self.key = _getter(("organization_id", *by))

        def statement(keys: Any) -> sa.Select[Any]:
            matches = sa.and_(*[column == keys.c[column.name] for column in self.keys])
            return sa.select(*table.c).select_from(keys.join(table, matches))

        super().__init__(
            f"{table.name} by {', '.join(by)}", [table.c.organization_id, *(table.c[name] for name in by)], statement
        )


class Reading(Source, Generic[Row]):
    """One row computed by the database for each key, such as a sum. Acts of a batch change it among themselves; it is never
    written. `statement(keys)` selects the key's columns and then the values, one row for every key."""

    def __init__(self, row: type[Row], keys: list[sa.Column[Any]], statement: Callable[[Any], sa.Select[Any]]) -> None:
        super().__init__(row.__name__, keys, statement)
        self.row = row
        self.key = _getter(tuple(column.name for column in keys))


@cache
def row_type(model: type[TenantTable]) -> Any:
    """A row at work: a named tuple with the columns of its table, many times cheaper to make than an instance of the model."""
    table = table_of(model)
    fields = [(column.name, Any) for column in table.c]
    kind = NamedTuple(model.__name__, fields)  # type: ignore[misc]
    defaults = {name: field.default for name, field in model.model_fields.items() if not field.is_required()}
    kind.__new__.__defaults__ = tuple(defaults[column.name] for column in _trailing(table, defaults))
    return kind


def _trailing(table: sa.Table, defaults: dict[str, Any]) -> list[sa.Column[Any]]:
    """The columns after the last one without a default: Python wants defaults last."""
    trailing: list[sa.Column[Any]] = []
    for column in reversed(list(table.c)):
        if column.name not in defaults:
            break
        trailing.insert(0, column)
    assert len(trailing) == len(defaults), f"{table.name}: columns with a default come last"
    return trailing


def _getter(names: tuple[str, ...]) -> Callable[[Any], Key]:
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda row: (get(row),)


@cache
def one(model: type[TenantTable]) -> Rows:
    """The question for one row by its primary key."""
    names = [column.name for column in table_of(model).primary_key.columns]
    assert names[0] == "organization_id"
    return Rows(model, tuple(names[1:]))


@cache
def many(model: type[TenantTable], by: tuple[str, ...]) -> Rows:
    """The question for all rows with these values, an index away."""
    return Rows(model, by)


class Want(NamedTuple):
    """Something an act will ask its draft for. `needs()` naming it beforehand saves a round trip; forgetting it costs one."""

    source: Source
    key: Key
    listed: bool


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

    def __init__(self, now: datetime, chain: Chain) -> None:
        self.now = now
        self.chain = chain
        self.ids = Ids(now)
        self.fresh: set[UUID] = set()
        """Ids made in this batch: no row of the database names them."""
        self.rows: dict[tuple[Source, Key], Any] = {}
        """A row as of the last kept act; None where there is none."""
        self.lists: dict[tuple[Source, Key], list[Key]] = {}
        """Keys of the rows that the database held for a list, when it was loaded."""
        self.added: dict[Rows, dict[Key, None]] = {}
        self.changed: dict[Rows, dict[Key, None]] = {}
        self.removed: dict[Rows, dict[Key, None]] = {}
        self.links: dict[UUID, tuple[int, bytes]] = {}
        """Sequence and hash of each organization's last event: proof that COMMIT was done."""
        self.sealed = False
        """COMMIT has been sent."""

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
        candidates.update(self.batch.added.get(single, {}))
        candidates.update(self.batch.changed.get(single, {}))
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


def computed(reading: Reading[Any], organization_id: UUID, *key: Any) -> Want:
    """The want for one reading."""
    return Want(reading, (organization_id, *key), listed=False)


def row(model: type[TenantTable], organization_id: UUID, *key: Any) -> Want:
    """The want for one row by its key."""
    return Want(one(model), (organization_id, *key), listed=False)


def rows(model: type[TenantTable], organization_id: UUID, **by: Any) -> Want:
    """The want for a list of rows by some of their values."""
    return Want(many(model, tuple(by)), (organization_id, *by.values()), listed=True)
