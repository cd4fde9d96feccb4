"""Saved cases: case, raw answers, letters with versions, edits. SQLite by default, any SQLAlchemy URL (PostgreSQL) otherwise.

Values go in and come out; times are given by the caller. One call saves everything about a case, so that a page can save at every
change. A database of another layout is refused with a sentence, never converted silently.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from rag.errors import SetupError
from rag.formats import case_from, case_to, letter_from, letter_to
from rag.models import Case, Letter

LAYOUT = 1
"""Number of this layout; a database with another one is refused."""
NEVER = datetime.min.replace(tzinfo=UTC)
WAIT_SECONDS = 10
"""How long a write waits for another process that is writing."""

_tables = sa.MetaData()
_meta = sa.Table("meta", _tables, sa.Column("key", sa.String(40), primary_key=True), sa.Column("value", sa.Text, nullable=False))
_cases = sa.Table(
    "cases",
    _tables,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("store_name", sa.Text, nullable=False),
    sa.Column("case_type", sa.String(80), nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("answers", sa.Text, nullable=False),
    sa.Column("updated_at", sa.String(40), nullable=False),
)
_letters = sa.Table(
    "letters",
    _tables,
    sa.Column("case_id", sa.String(200), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("updated_at", sa.String(40), nullable=False),
)
_edits = sa.Table(
    "edits",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.String(200), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sentence", sa.Integer, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("made_at", sa.String(40), nullable=False),
)


@dataclass(frozen=True)
class SavedCase:
    """A case as it was saved."""

    case: Case
    answers: dict[str, str] = field(default_factory=dict)
    """Raw answers by question id, as typed; the case holds the facts made of them."""
    updated_at: datetime = NEVER


@dataclass(frozen=True)
class CaseRow:
    """A line of the list of cases."""

    id: str
    store_name: str
    case_type: str
    updated_at: datetime
    letters: int


@dataclass(frozen=True)
class LetterVersion:
    """One version of the letter of a case."""

    version: int
    letter: Letter
    updated_at: datetime


@dataclass(frozen=True)
class Edit:
    """A sentence that the seller changed."""

    version: int
    sentence: int
    before: str
    after: str
    made_at: datetime


class CaseStore:
    """The case store at a SQLAlchemy URL. Opened at the first call; safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: sa.Engine | None = None

    def save(self, case: Case, *, updated_at: datetime, answers: Mapping[str, str] | None = None) -> None:
        """Saves the case, new or not. Without `answers`, those saved before are kept."""
        row: dict[str, Any] = {
            "id": case.id,
            "store_name": case.store_name,
            "case_type": case.case_type,
            "data": _json(case_to(case)),
            "answers": _json(dict(answers or {})),
            "updated_at": _time_to(updated_at),
        }
        kept = {"answers"} if answers is None else set()
        with self._writing() as connection:
            connection.execute(upsert(connection.dialect.name, _cases, row, kept=kept))

    def load(self, case_id: str) -> SavedCase | None:
        """The case of that id, or None when there is none."""
        with self._reading() as connection:
            row = connection.execute(sa.select(_cases).where(_cases.c.id == case_id)).mappings().first()
        if row is None:
            return None
        case = case_from(json.loads(row["data"]), where=f"saved case {case_id}")
        return SavedCase(case, json.loads(row["answers"]), _time_from(row["updated_at"]))

    def list(self) -> tuple[CaseRow, ...]:
        """All cases, the one changed last first."""
        count = sa.select(_letters.c.case_id, sa.func.count().label("letters")).group_by(_letters.c.case_id).subquery()
        columns = (_cases.c.id, _cases.c.store_name, _cases.c.case_type, _cases.c.updated_at, sa.func.coalesce(count.c.letters, 0).label("letters"))
        query = sa.select(*columns).outerjoin(count, count.c.case_id == _cases.c.id).order_by(_cases.c.updated_at.desc(), _cases.c.id)
        with self._reading() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(CaseRow(r["id"], r["store_name"], r["case_type"], _time_from(r["updated_at"]), int(r["letters"])) for r in rows)

    def delete(self, case_id: str) -> None:
        """Removes the case with its letters and edits; no such case is no error."""
        with self._writing() as connection:
            for table, column in ((_edits, _edits.c.case_id), (_letters, _letters.c.case_id), (_cases, _cases.c.id)):
                connection.execute(sa.delete(table).where(column == case_id))

    def save_letter(self, letter: Letter, *, updated_at: datetime, version: int | None = None) -> int:
        """Saves the letter as the next version of its case, or in place of `version`; returns the version."""
        with self._writing() as connection:
            if version is None:
                highest = connection.execute(sa.select(sa.func.max(_letters.c.version)).where(_letters.c.case_id == letter.case_id)).scalar()
                version = int(highest or 0) + 1
            row = {"case_id": letter.case_id, "version": version, "data": _json(letter_to(letter)), "updated_at": _time_to(updated_at)}
            connection.execute(upsert(connection.dialect.name, _letters, row))
        return version

    def letters(self, case_id: str) -> tuple[LetterVersion, ...]:
        """All versions of the letter, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(_letters).where(_letters.c.case_id == case_id).order_by(_letters.c.version)).mappings().all()
        return tuple(
            LetterVersion(r["version"], letter_from(json.loads(r["data"]), where=f"saved letter {case_id}, version {r['version']}"), _time_from(r["updated_at"]))
            for r in rows
        )

    def save_edit(self, case_id: str, edit: Edit) -> None:
        """Remembers one changed sentence."""
        with self._writing() as connection:
            values = {"version": edit.version, "sentence": edit.sentence, "before": edit.before, "after": edit.after}
            connection.execute(sa.insert(_edits).values(case_id=case_id, made_at=_time_to(edit.made_at), **values))

    def edits(self, case_id: str) -> tuple[Edit, ...]:
        """All changed sentences of the case, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(_edits).where(_edits.c.case_id == case_id).order_by(_edits.c.id)).mappings().all()
        return tuple(Edit(r["version"], r["sentence"], r["before"], r["after"], _time_from(r["made_at"])) for r in rows)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._errors(), self._engine().connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._errors(), self._engine().begin() as connection:
            yield connection

    def _engine(self) -> sa.Engine:
        if self._opened is None:
            self._opened = _open(self._url)
        return self._opened

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, ImportError, OSError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            where = _shown(self._url)
            raise SetupError(
                f"The case store {where} cannot be used ({reason}); check POA_DATABASE and the rights to that place.",
                f"案件数据库 {where} 无法使用（{reason}）；请检查 POA_DATABASE 及该位置的读写权限。",
            ) from error


def upsert(dialect: str, table: sa.Table, row: Mapping[str, Any], *, kept: set[str] = frozenset()) -> sa.sql.dml.Insert:  # type: ignore[assignment]
    """An insert that replaces the row of the same key, except for the columns in `kept`."""
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table).values(**row)
    keys = [c.name for c in table.primary_key.columns]
    changed = {name: insert.excluded[name] for name in row if name not in keys and name not in kept}
    return insert.on_conflict_do_update(index_elements=keys, set_=changed)


def _open(url: str) -> sa.Engine:
    address = sa.engine.make_url(url)
    local = address.get_backend_name() == "sqlite"
    if local and address.database not in (None, "", ":memory:"):
        Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(address, connect_args={"timeout": WAIT_SECONDS} if local else {})
    if local:
        sa.event.listen(engine, "connect", _prepare_sqlite)
    _require_layout(engine, _shown(url))
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # readers do not wait for the autosave of another page
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _require_layout(engine: sa.Engine, where: str) -> None:
    present = set(sa.inspect(engine).get_table_names())
    if "meta" not in present:
        foreign = sorted(present & set(_tables.tables))
        if foreign:
            raise SetupError(
                f"The database {where} has a table {foreign[0]!r} but no mark of this program; set POA_DATABASE to another place.",
                f"数据库 {where} 中已有表 {foreign[0]!r}，但不是本程序建立的；请把 POA_DATABASE 设为其他位置。",
            )
        with engine.begin() as connection:
            _tables.create_all(connection)
            connection.execute(upsert(engine.dialect.name, _meta, {"key": "layout", "value": str(LAYOUT)}))
        return
    with engine.connect() as connection:
        found = connection.execute(sa.select(_meta.c.value).where(_meta.c.key == "layout")).scalar()
    if found != str(LAYOUT):
        age, age_zh = ("a newer", "较新") if (found or "").isdigit() and int(found or 0) > LAYOUT else ("an older or other", "较旧或其他")
        raise SetupError(
            f"The case store {where} was made by {age} version of the program (layout {found}, expected {LAYOUT}); use that version, or set POA_DATABASE to a new place.",
            f"案件数据库 {where} 由{age_zh}版本的程序建立（结构 {found}，应为 {LAYOUT}）；请使用对应版本，或把 POA_DATABASE 设为新位置。",
        )


def _shown(url: str) -> str:
    try:
        return sa.engine.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return repr(url)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=list)


def _time_to(moment: datetime) -> str:
    # Text, because SQLite keeps no time zones; UTC, so that text order is time order.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _time_from(text: str) -> datetime:
    return datetime.fromisoformat(text)
