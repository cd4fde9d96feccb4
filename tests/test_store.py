"""Cases are saved, found again and deleted; another layout is refused with a sentence."""

from __future__ import annotations

import dataclasses
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from rag.errors import SetupError
from rag.models import Case, Fact, Finding, Letter, Section, Sentence
from rag.store import CaseStore, Edit, upsert

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
CASE = Case(
    "c1", "Your account ...", "DE", "late_shipment_rate", "accept_and_fix", "Lampenladen",
    facts=(Fact("f1", "cause", "打印机坏了", "what_happened", "form"),), conceded=("admits_no_process",),
)  # fmt: skip
LETTER = Letter(
    "c1", "appeal", "en", "accept_and_fix", "late_shipment_rate",
    (Section("root_cause", "Root cause", (Sentence("The printer broke.", ("f1",), ("p@en",), "model"),)),),
    findings=(Finding("fact_lock", "block", "Wrong.", "错。", sentence=0, facts=("f1",)),),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> CaseStore:
    return CaseStore(f"sqlite:///{tmp_path / 'deep' / 'cases.sqlite'}")


def test_a_saved_case_comes_back_equal_with_its_raw_answers(store: CaseStore) -> None:
    store.save(CASE, updated_at=NOON, answers={"what_happened": "打印机坏了"})
    saved = store.load("c1")
    assert saved is not None
    assert (saved.case, saved.answers, saved.updated_at) == (CASE, {"what_happened": "打印机坏了"}, NOON)


def test_saving_again_replaces_the_case_and_keeps_answers_that_were_not_given(store: CaseStore) -> None:
    store.save(CASE, updated_at=NOON, answers={"a": "b"})
    store.save(dataclasses.replace(CASE, store_name="Other"), updated_at=NOON + timedelta(hours=1))
    (row,) = store.list()
    saved = store.load("c1")
    assert saved is not None
    assert (row.store_name, row.updated_at, saved.answers) == ("Other", NOON + timedelta(hours=1), {"a": "b"})


def test_cases_are_listed_with_the_latest_change_first_whatever_the_time_zone(store: CaseStore) -> None:
    from datetime import timezone

    shanghai = timezone(timedelta(hours=8))
    store.save(CASE, updated_at=NOON)
    store.save(dataclasses.replace(CASE, id="c2"), updated_at=datetime(2026, 5, 1, 19, 0, tzinfo=shanghai))  # 11:00 UTC
    assert [row.id for row in store.list()] == ["c1", "c2"]


def test_letters_have_versions_and_an_edit_replaces_its_version(store: CaseStore) -> None:
    store.save(CASE, updated_at=NOON)
    assert [store.save_letter(LETTER, updated_at=NOON) for _ in range(2)] == [1, 2]
    changed = dataclasses.replace(LETTER, findings=())
    store.save_letter(changed, updated_at=NOON, version=1)
    store.save_edit("c1", Edit(1, 0, "before", "after", NOON))
    assert [v.letter for v in store.letters("c1")] == [changed, LETTER]
    assert store.edits("c1") == (Edit(1, 0, "before", "after", NOON),)
    assert store.list()[0].letters == 2


def test_a_deleted_case_leaves_nothing_behind(store: CaseStore) -> None:
    store.save(CASE, updated_at=NOON)
    store.save_letter(LETTER, updated_at=NOON)
    store.save_edit("c1", Edit(1, 0, "before", "after", NOON))
    store.delete("c1")
    assert (store.load("c1"), store.letters("c1"), store.edits("c1"), store.list()) == (None, (), (), ())


def test_a_second_store_on_the_same_file_sees_the_case(store: CaseStore, tmp_path: Path) -> None:
    store.save(CASE, updated_at=NOON)
    other = CaseStore(f"sqlite:///{tmp_path / 'deep' / 'cases.sqlite'}")
    assert [row.id for row in other.list()] == ["c1"]


def test_sqlite_is_opened_with_a_write_ahead_log(store: CaseStore, tmp_path: Path) -> None:
    store.save(CASE, updated_at=NOON)
    with sqlite3.connect(tmp_path / "deep" / "cases.sqlite") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(("layout", "word"), [("99", "newer"), ("0", "older")])
def test_a_database_of_another_version_is_refused_and_left_alone(store: CaseStore, tmp_path: Path, layout: str, word: str) -> None:
    store.save(CASE, updated_at=NOON)
    path = tmp_path / "deep" / "cases.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = ?", (layout,))
    with pytest.raises(SetupError, match=word) as caught:
        CaseStore(f"sqlite:///{path}").list()
    assert layout in caught.value.message_zh


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as connection:
        connection.execute("CREATE TABLE cases (x)")
    with pytest.raises(SetupError, match="no mark of this program"):
        CaseStore(f"sqlite:///{tmp_path / 'other.sqlite'}").list()


@pytest.mark.parametrize("url", ["sqlite:////proc/nowhere/cases.sqlite", "nonsense", "nosuch://host/x"], ids=["folder", "url", "driver"])
def test_a_place_that_cannot_be_used_is_one_sentence(url: str) -> None:
    with pytest.raises(SetupError, match="POA_DATABASE"):
        CaseStore(url).list()


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_text("hello, this is a letter and not a database at all", encoding="utf-8")
    with pytest.raises(SetupError, match="not a database"):
        CaseStore(f"sqlite:///{tmp_path / 'x.sqlite'}").list()


def test_a_password_in_the_address_is_not_shown() -> None:
    with pytest.raises(SetupError) as caught:
        CaseStore("nosuch://me:secret@host/x").list()
    assert "secret" not in caught.value.message


def test_the_upsert_is_written_for_postgresql_too() -> None:
    from sqlalchemy.dialects import postgresql

    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text), sa.Column("b", sa.Text))
    text = str(upsert("postgresql", table, {"id": 1, "a": "x", "b": "y"}, kept={"b"}).compile(dialect=postgresql.dialect()))
    assert "ON CONFLICT (id) DO UPDATE SET a = excluded.a" in text
    assert "b = excluded.b" not in text
