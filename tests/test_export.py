"""A letter becomes text, Word or a zip; drafts say so; what cannot be written is named."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path

import docx
import pytest

from rag.errors import BadInput
from rag.export import DRAFT, cover_sheet, export_letter, is_ready, letter_bytes
from rag.formats import letter_text, load_letter, sentences
from rag.models import Attachment, Finding, Gap, Letter, Section, Sentence

READY = Letter(
    "c1", "appeal", "en", "accept_and_fix", "order_defect_rate",
    (
        Section("identification", "", (Sentence("This is the plan of Ottaline.", origin="fixed"),)),
        Section("root_cause", "Root cause", (Sentence("The carton was too thin.", ("f1",)),)),
        Section("corrective_actions", "Corrective actions taken", (Sentence("We refunded 14 orders."), Sentence("We tested 6 lamps."))),
        Section("preventive_measures", "Preventive measures", (Sentence("We will test every change."), Sentence("We will check returns."))),
        Section("closing", "", (Sentence("Ottaline", origin="fixed"),)),
    ),
    attachments=(Attachment("refunds.xlsx", "14 refunds"),),
    gaps=(Gap("invoice", "why", "Which invoice?", "哪张发票?"),),
)  # fmt: skip
BLOCKED = dataclasses.replace(READY, findings=(Finding("fact_lock", "block", "14 is not in the case.", "案件里没有 14。", sentence=2, fix="Correct it.", fix_zh="请改正。"),))
WITH_GAP = dataclasses.replace(READY, sections=(*READY.sections, Section("request", "", (Sentence("[to be supplied: store name]", origin="fixed"),))))


def test_text_holds_the_letter_then_the_boxes_then_the_attachments() -> None:
    text = letter_bytes(READY, ".txt").decode()
    assert text.startswith(letter_text(READY))
    order = [text.index(part) for part in ("1. We refunded", "three boxes", "[Root cause]\nThe carton", "Attachments", "1. refunds.xlsx - 14 refunds")]
    assert order == sorted(order)


def test_word_document_reads_back_as_the_same_letter_without_boxes_and_attachments(tmp_path: Path) -> None:
    path = export_letter(READY, tmp_path / "letter.docx")
    assert [s.text for s in sentences(load_letter(str(path)))] == [s.text for s in sentences(READY)]
    tables = docx.Document(str(path)).tables
    assert "The carton was too thin." in tables[0]._cells[1].text
    assert "refunds.xlsx" in tables[1]._cells[1].text


def test_numbered_lists_of_the_word_document_start_at_one_in_each_section(tmp_path: Path) -> None:
    document = docx.Document(str(export_letter(READY, tmp_path / "letter.docx")))
    numbers = [p._p.pPr.numPr.numId.val for p in document.paragraphs if p.style.name == "List Number"]
    assert numbers == [numbers[0]] * 2 + [numbers[2]] * 2
    assert numbers[0] != numbers[2]


@pytest.mark.parametrize(("letter", "marked"), [(READY, False), (BLOCKED, True), (WITH_GAP, True)], ids=["ready", "blocked", "gap"])
def test_a_letter_that_cannot_be_sent_is_marked_as_draft(letter: Letter, marked: bool, tmp_path: Path) -> None:
    document = docx.Document(str(export_letter(letter, tmp_path / "letter.docx")))
    assert is_ready(letter) is not marked
    assert (document.sections[0].header.paragraphs[0].text == DRAFT) is marked
    assert (cover_sheet(letter).splitlines()[0] == DRAFT) is marked
    assert DRAFT not in letter_text(letter)  # what is pasted is never changed


def test_the_cover_sheet_gives_the_reason_in_the_language_of_the_seller_or_not_at_all() -> None:
    told = Finding("tone", "note", "Praise.", "奉承话。", why="Amazon asks for facts.", why_zh="亚马逊要求内容属实。")
    sheets = {language: cover_sheet(dataclasses.replace(READY, findings=(told,)), language=language) for language in ("en", "zh-Hans", "zh-Hant")}
    assert "why: Amazon asks for facts." in sheets["en"]
    assert "原因：亚马逊要求内容属实。" in sheets["zh-Hans"] and "原因：亞馬遜要求內容屬實。" in sheets["zh-Hant"]
    old = dataclasses.replace(READY, findings=(dataclasses.replace(told, why_zh=""),))
    assert "原因" not in cover_sheet(old, language="zh-Hans") and "Amazon asks" not in cover_sheet(old, language="zh-Hans")


def test_gaps_stay_visible_in_every_file() -> None:
    archive = zipfile.ZipFile(io.BytesIO(letter_bytes(WITH_GAP, ".zip")))
    assert "[to be supplied: store name]" in archive.read("letter.txt").decode()
    assert "[to be supplied: store name]" in letter_bytes(WITH_GAP, ".txt").decode()


def test_zip_has_a_file_for_each_filled_box_and_a_cover_sheet_in_the_language_of_the_seller() -> None:
    archive = zipfile.ZipFile(io.BytesIO(letter_bytes(BLOCKED, ".zip", language="zh-Hant")))
    assert archive.namelist() == [
        "cover-sheet.txt", "letter.txt", "letter.docx", "box-1-root-cause.txt", "box-2-corrective-actions.txt", "box-3-preventive-measures.txt", "attachments.txt",
    ]  # fmt: skip
    cover = archive.read("cover-sheet.txt").decode("utf-8-sig")
    assert "傳送前必須處理" in cover and "案件裡沒有 14" in cover and "哪張發票" in cover
    assert "發送前" not in cover or "发" not in cover


def test_equal_letters_give_equal_zips_except_for_the_word_file() -> None:
    first, second = (zipfile.ZipFile(io.BytesIO(letter_bytes(READY, ".zip"))) for _ in range(2))
    assert [first.read(n) for n in first.namelist() if not n.endswith("docx")] == [second.read(n) for n in second.namelist() if not n.endswith("docx")]


def test_a_dispute_without_the_three_parts_has_no_boxes() -> None:
    contest = dataclasses.replace(READY, sections=(Section("position", "", (Sentence("The complaint is wrong."),)),), attachments=())
    assert "three boxes" not in letter_bytes(contest, ".txt").decode()
    assert not docx.Document(io.BytesIO(letter_bytes(contest, ".docx"))).tables


@pytest.mark.parametrize("name", ["letter.pdf", "letter.html", "letter"])
def test_other_endings_are_refused_with_what_is_possible(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.txt, \.docx"):
        export_letter(READY, tmp_path / name)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        export_letter(READY, tmp_path / "no such folder" / "letter.txt")
