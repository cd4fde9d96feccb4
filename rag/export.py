"""Letter -> file: .txt, .docx or .zip, with the three boxes, the list of attachments and a cover sheet for the seller.

The letter is written as it stands, visible gaps included. While a blocking finding is open, the cover sheet and the header of the Word
document say that it is a draft. In the Word document boxes and attachments are tables, so that a program that reads the
letter back sees the letter alone. Nothing here changes or judges a word.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from rag.errors import BadInput
from rag.formats import BOXES, LISTED, boxes, letter_text, section_text, sentences
from rag.models import Finding, Letter, Section
from rag.script import traditional

SUFFIXES = (".txt", ".docx", ".zip")
DRAFT = "DRAFT - not ready to send"
DRAFT_ZH = "草稿 - 还不能发送"
BOX_TITLES = {"root_cause": "Root cause", "corrective_actions": "Corrective actions", "preventive_measures": "Preventive measures"}
GAP = "[to be supplied"
"""How every visible gap begins."""
_RULE = "=" * 72
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
"""Time of every entry of a zip: equal letters give equal files."""


def export_letter(letter: Letter, path: str | Path, *, language: str = "en") -> Path:
    """Writes the letter to `path`; the ending says what. `language` is the seller's, for the cover sheet: en, zh-Hans or zh-Hant."""
    target = Path(path)
    data = letter_bytes(letter, target.suffix.lower(), language=language)
    try:
        target.write_bytes(data)
    except OSError as error:
        raise BadInput(f"{target}: cannot be written ({error.strerror}).", f"{target}：无法写入。") from error
    return target


def letter_bytes(letter: Letter, suffix: str, *, language: str = "en") -> bytes:
    """The content of the file that `suffix` names."""
    if suffix == ".txt":
        return text_file(letter).encode()
    if suffix == ".docx":
        return _docx(letter)
    if suffix == ".zip":
        return _zip(letter, language)
    if suffix == ".pdf":
        raise BadInput(
            "PDF files are not written here; export .docx and save it as PDF in your word processor. Possible: .txt, .docx, .zip.",
            "暂不能直接导出 PDF；请导出 .docx 后在文字处理软件里另存为 PDF。可用格式：.txt、.docx、.zip。",
        )
    raise BadInput(f"Files ending in {suffix or 'nothing'} are not written; expected one of {', '.join(SUFFIXES)}.", f"不能导出 {suffix or '无后缀'} 文件；可用格式：{'、'.join(SUFFIXES)}。")


def is_ready(letter: Letter) -> bool:
    """Whether no blocking finding is open and no gap stands in the text."""
    return not any(f.severity == "block" for f in letter.findings) and GAP not in letter_text(letter)


def text_file(letter: Letter) -> str:
    """Letter, boxes and attachments as one plain text."""
    parts = [letter_text(letter)]
    if any(boxes(letter).values()):
        parts += [f"{_RULE}\nText for the three boxes of the form\n{_RULE}\n"]
        parts += [f"[{BOX_TITLES[name]}]\n{text or '(nothing in this letter)'}\n" for name, text in boxes(letter).items()]
    if letter.attachments:
        parts += [f"{_RULE}\nAttachments\n{_RULE}\n", attachments_text(letter)]
    return "\n".join(parts)


def attachments_text(letter: Letter) -> str:
    """The numbered list of attachments."""
    lines = [f"{n}. {a.name}" + (f" - {a.proves}" if a.proves else "") for n, a in enumerate(letter.attachments, 1)]
    return "\n".join(lines or ["(no attachments)"]) + "\n"


# --- cover sheet --------------------------------------------------------------------------------------------------------

_COVER: dict[str, tuple[str, str]] = {
    "title": ("Cover sheet for you (do not send)", "给你自己的说明页（不要发送）"),
    "ready": ("No blocking finding is open and no gap is left.", "没有未解决的“必须处理”问题，也没有空缺。"),
    "case": ("Case: {case_id}, {case_type}", "案件：{case_id}，{case_type}"),
    "block": ("Must be resolved before sending", "发送前必须处理"),
    "warn": ("Please look at", "请核对"),
    "note": ("For your information", "供参考"),
    "sentence": ("sentence {n}", "第 {n} 句"),
    "whole": ("whole letter", "整封信"),
    "why": ("why: {why}", "原因：{why}"),
    "fix": ("what to do: {fix}", "怎么办：{fix}"),
    "gaps": ("Still missing (shown as gaps in the letter)", "仍缺的内容（信中留有空缺标记）"),
    "attachments": ("Attach these files", "请附上这些文件"),
    "where": (
        "letter.txt and letter.docx hold the whole letter; the box files hold the same content for a form with three boxes. Read every sentence before you send it: you sign it.",
        "letter.txt 和 letter.docx 是整封信；box 文件是同样的内容，供三格表单粘贴。发送前请逐句读一遍：信由你署名。",
    ),
    "model": ("Worded with: {model}", "措辞所用模型：{model}"),
    "none": ("none", "无"),
}


def cover_sheet(letter: Letter, *, language: str = "en") -> str:
    """What the seller should know before sending, in the seller's language; first line is the draft mark while something blocks."""
    chinese = language.startswith("zh")

    def say(key: str, **values: object) -> str:
        return _COVER[key][chinese].format(**values)

    lines = [(f"{DRAFT} / {DRAFT_ZH}" if chinese else DRAFT) if not is_ready(letter) else say("ready"), "", say("title"), say("case", case_id=letter.case_id or "-", case_type=letter.case_type or "-"), ""]
    for severity in ("block", "warn", "note"):
        found = [f for f in letter.findings if f.severity == severity]
        if found:
            lines += [f"{say(severity)} ({len(found)})", *(line for f in found for line in _finding_lines(f, letter, chinese)), ""]
    if letter.gaps:
        lines += [say("gaps"), *(f"- {g.question_zh if chinese and g.question_zh else g.question_en}" for g in letter.gaps), ""]
    lines += [say("attachments"), *([f"- {a.name}" for a in letter.attachments] or [f"- {say('none')}"]), "", say("where")]
    if letter.run.model:
        lines.append(say("model", model=letter.run.model))
    text = "\n".join(lines) + "\n"
    return traditional(text) if language == "zh-Hant" else text


def _finding_lines(finding: Finding, letter: Letter, chinese: bool) -> list[str]:
    message, fix = (finding.message_zh or finding.message, finding.fix_zh or finding.fix) if chinese else (finding.message, finding.fix)
    # Letters saved earlier have the reason in English only: then it is left out rather than shown to somebody who may not read it.
    why = finding.why_zh if chinese else finding.why
    where = _COVER["whole"][chinese] if finding.sentence is None else _COVER["sentence"][chinese].format(n=finding.sentence + 1)
    lines = [f"- [{where}] {message}"]
    if finding.sentence is not None and finding.sentence < len(sentences(letter)):
        lines.append(f"    “{sentences(letter)[finding.sentence].text}”")
    lines += [f"    {_COVER['why'][chinese].format(why=why)}"] if why else []
    return lines + ([f"    {_COVER['fix'][chinese].format(fix=fix)}"] if fix else [])


# --- Word ---------------------------------------------------------------------------------------------------------------


def _docx(letter: Letter) -> bytes:
    import docx  # imported late: 0.2 s
    from docx.shared import Cm, Pt, RGBColor

    document = docx.Document()
    page = document.sections[0]
    page.left_margin = page.right_margin = Cm(2.3)
    page.top_margin = page.bottom_margin = Cm(2.0)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(11)
    for level in (1, 2):
        style = document.styles[f"Heading {level}"]
        style.font.name, style.font.color.rgb = "Calibri", RGBColor(0x1F, 0x29, 0x37)
        style.font.size = Pt(15 if level == 1 else 12)
    document.core_properties.title, document.core_properties.author, document.core_properties.comments = "Letter", "", ""
    if not is_ready(letter):
        mark = page.header.paragraphs[0].add_run(DRAFT)
        mark.bold, mark.font.color.rgb = True, RGBColor(0xB9, 0x1C, 0x1C)
    for section in letter.sections:
        _docx_section(document, section)
    if any(boxes(letter).values()) or letter.attachments:
        document.add_page_break()
    if any(boxes(letter).values()):
        _table(document, "Text for the three boxes of the form", [(BOX_TITLES[n], t or "(nothing in this letter)") for n, t in boxes(letter).items()])
        document.add_paragraph()
    if letter.attachments:
        _table(document, "Attachments", [(f"{n}. {a.name}", a.proves) for n, a in enumerate(letter.attachments, 1)])
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _docx_section(document: Any, section: Section) -> None:
    texts = [s.text.strip() for s in section.sentences if s.text.strip()]
    if not texts:
        return
    if section.heading:
        document.add_heading(section.heading, 2)
    if section.id in LISTED and len(texts) > 1:
        number = _fresh_numbering(document)
        for text in texts:
            item = document.add_paragraph(text, style="List Number")
            properties = item._p.get_or_add_pPr().get_or_add_numPr()
            properties.get_or_add_ilvl().val, properties.get_or_add_numId().val = 0, number
    else:
        for line in section_text(section).split("\n"):
            document.add_paragraph(line)


def _fresh_numbering(document: Any) -> int:
    """A numbering that starts at 1: Word would otherwise count on from the list before."""
    numbering = document.part.numbering_part.numbering_definitions._numbering
    style = document.styles["List Number"].element.pPr.numPr.numId.val
    abstract = next(n.abstractNumId.val for n in numbering.num_lst if n.numId == style)
    fresh = numbering.add_num(abstract)
    fresh.add_lvlOverride(0).add_startOverride(1)
    return int(fresh.numId)


def _table(document: Any, title: str, rows: list[tuple[str, str]]) -> None:
    table = document.add_table(rows=1, cols=1, style="Table Grid")
    table.rows[0].cells[0].paragraphs[0].add_run(title).bold = True
    for head, body in rows:
        cell = table.add_row().cells[0]
        cell.paragraphs[0].add_run(head).bold = True
        for line in body.split("\n") if body else []:
            cell.add_paragraph(line)


# --- zip ----------------------------------------------------------------------------------------------------------------


def _zip(letter: Letter, language: str) -> bytes:
    filled = boxes(letter)
    files: dict[str, bytes] = {
        "cover-sheet.txt": cover_sheet(letter, language=language).encode("utf-8-sig"),  # with mark: opens right in Windows Notepad
        "letter.txt": letter_text(letter).encode(),
        "letter.docx": _docx(letter),
        **{f"box-{n}-{name.replace('_', '-')}.txt": (filled[name] + "\n").encode() for n, name in enumerate(BOXES, 1) if filled[name]},
        "attachments.txt": attachments_text(letter).encode(),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, data)
    return stream.getvalue()
