"""Files in and out: case files (YAML), letter files (JSON), pasted letters, findings. The layouts are promised to other people's scripts.

Every mistake in a case file is named with file, key and what was expected. Letters are written as one text, as three boxes, and as
JSON; `letter_from_text` cuts a pasted letter into sections by its headings. Nothing here judges content.
"""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import json
import re
from pathlib import Path
from typing import Any, get_args

import yaml

from rag.errors import BadInput
from rag.models import (
    AdmissionKind,
    Attachment,
    Case,
    Document,
    Evidence,
    Fact,
    FactKind,
    Finding,
    Gap,
    Letter,
    Origin,
    Run,
    Section,
    Sentence,
    Stance,
)
from rag.script import has_han

STORES = {
    "amazon.com": "US", "amazon.co.uk": "UK", "amazon.de": "DE", "amazon.fr": "FR", "amazon.it": "IT", "amazon.es": "ES", "amazon.nl": "NL",
    "amazon.se": "SE", "amazon.pl": "PL", "amazon.com.be": "BE", "amazon.ie": "IE", "amazon.com.tr": "TR", "amazon.co.jp": "JP", "amazon.ca": "CA",
    "amazon.com.mx": "MX", "amazon.com.br": "BR", "amazon.com.au": "AU", "amazon.sg": "SG", "amazon.in": "IN", "amazon.ae": "AE",
    "amazon.sa": "SA", "amazon.eg": "EG", "amazon.co.za": "ZA",
}
_CODES = {**{code: code for code in STORES.values()}, "GB": "UK"}
_CASE_KEYS = tuple(f.name for f in dataclasses.fields(Case))
_FACT_KEYS = tuple(f.name for f in dataclasses.fields(Fact) if f.name != "attached")  # the program sets that one
_EVIDENCE_KEYS = tuple(f.name for f in dataclasses.fields(Evidence))
MAX_CHARACTERS = 200_000
"""Longest text taken from one file; a notice has a few thousand."""


def store_code(name: str) -> str:
    """Two-letter store code of `amazon.de`, `DE`, `gb` ...; empty when it is none."""
    cleaned = name.strip().lower().removeprefix("https://").removeprefix("www.").rstrip("/")
    return STORES.get(cleaned) or _CODES.get(cleaned.upper(), "")


def read_text(path: str) -> str:
    """Text of a file, or of standard input for `-`. UTF-8 (with or without mark), else the usual Chinese encodings."""
    import sys

    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except FileNotFoundError as error:
        raise BadInput(f"{path}: there is no such file.", f"{path}:文件不存在。") from error
    except (IsADirectoryError, PermissionError) as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}).", f"{path}:无法读取。") from error
    if len(data) > MAX_CHARACTERS * 4:
        raise BadInput(f"{path}: {len(data):,} bytes found, at most {MAX_CHARACTERS * 4:,} expected.", f"{path}:文件过大。")
    for encoding in ("utf-8-sig", "gb18030", "big5"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput(f"{path}: is not text in UTF-8, GB18030 or Big5.", f"{path}:不是 UTF-8、GB18030 或 Big5 编码的文本。")


# --- case files ---------------------------------------------------------------------------------------------------------


def load_case(path: str) -> Case:
    """The case of a YAML file (`-` for standard input)."""
    name = "standard input" if path == "-" else Path(path).name
    try:
        data = yaml.load(read_text(path), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BadInput(f"{name}{line}: not valid YAML: {getattr(error, 'problem', error)}.", f"{name}{line}:YAML 格式错误。") from error
    return case_from(data, where=name)


def case_from(data: Any, *, where: str) -> Case:
    """A case from plain values as YAML or JSON give them."""
    if not isinstance(data, dict):
        raise BadInput(f"{where}: found {_what(data)}, expected a case with keys such as id, notification, facts.", f"{where}:不是案件文件。")
    _known_keys(data, _CASE_KEYS, where)
    if not str(data.get("id") or "").strip():
        raise BadInput(f"{where}: key id is missing; expected a unique name such as warehouse-move-us.", f"{where}:缺少 id。")
    store = _text(data, "marketplace", where) or "US"
    code = store_code(store)
    if not code:
        raise BadInput(
            f"{where}: marketplace is {store!r}; expected a store such as amazon.com or a two-letter code such as US, UK, DE, JP.",
            f"{where}:marketplace 是 {store!r},应为 amazon.com 这样的站点或 US、UK、DE、JP 这样的代码。",
        )
    facts = tuple(_fact(item, n, where) for n, item in enumerate(_list(data, "facts", where)))
    repeated = sorted({f.id for f in facts if [g.id for g in facts].count(f.id) > 1})
    if repeated:
        raise BadInput(f"{where}: fact ids {', '.join(repeated)} stand more than once; each must be unique.", f"{where}:事实编号重复:{'、'.join(repeated)}。")
    conceded = tuple(str(k) for k in _list(data, "conceded", where))
    for kind in conceded:
        if kind not in get_args(AdmissionKind):
            raise BadInput(f"{where}: conceded has {kind!r}; expected {_nearest(kind, get_args(AdmissionKind))}.", f"{where}:conceded 中的 {kind!r} 无效。")
    stance = _text(data, "stance", where)
    if stance and stance not in get_args(Stance):
        raise BadInput(f"{where}: stance is {stance!r}; expected {_nearest(stance, get_args(Stance))}.", f"{where}:stance {stance!r} 无效。")
    case_type = _text(data, "case_type", where)
    if case_type:
        from rag import knowledge

        if case_type not in knowledge.case_type_ids():
            raise BadInput(f"{where}: case_type is {case_type!r}; expected {_nearest(case_type, knowledge.case_type_ids())}.", f"{where}:case_type {case_type!r} 无效。")
    return Case(
        id=str(data["id"]),
        notification=_text(data, "notification", where),
        marketplace=code,
        case_type=case_type,
        stance=stance or None,  # type: ignore[arg-type]
        store_name=_text(data, "store_name", where),
        language=_text(data, "language", where) or "en",
        facts=facts,
        conceded=conceded,
        evidence=tuple(_evidence(item, n, where) for n, item in enumerate(_list(data, "evidence", where))),
        must_mention=tuple(str(x) for x in _list(data, "must_mention", where)),
        must_not=tuple(str(x) for x in _list(data, "must_not", where)),
        notes=_text(data, "notes", where),
    )


def case_to(case: Case) -> dict[str, Any]:
    """The case as plain values; empty values are left out."""
    data = dataclasses.asdict(case)
    data["facts"] = [{k: v for k, v in f.items() if v} for f in data["facts"]]
    data["evidence"] = [{k: v for k, v in e.items() if v} for e in data["evidence"]]
    return {k: (list(v) if isinstance(v, tuple) else v) for k, v in data.items() if v not in ("", None, (), [])}


def _fact(item: Any, number: int, where: str) -> Fact:
    place = f"{where}, fact {number + 1}"
    if isinstance(item, str):
        raise BadInput(f"{place}: found a bare text; expected id, kind and text.", f"{place}:应包含 id、kind、text。")
    if not isinstance(item, dict):
        raise BadInput(f"{place}: found {_what(item)}; expected id, kind and text.", f"{place}:应包含 id、kind、text。")
    _known_keys(item, _FACT_KEYS, place)
    for key in ("id", "kind", "text"):
        if not str(item.get(key) or "").strip():
            raise BadInput(f"{place}: key {key} is missing or empty.", f"{place}:缺少 {key}。")
    if item["kind"] not in get_args(FactKind):
        raise BadInput(f"{place}: kind is {item['kind']!r}; expected {_nearest(str(item['kind']), get_args(FactKind))}.", f"{place}:kind {item['kind']!r} 无效。")
    return Fact(**{k: str(v).strip() for k, v in item.items()})  # type: ignore[arg-type]  # the kind was looked up above


def _evidence(item: Any, number: int, where: str) -> Evidence:
    place = f"{where}, evidence {number + 1}"
    if not isinstance(item, dict):
        raise BadInput(f"{place}: found {_what(item)}; expected name and data, or path.", f"{place}:应包含 name 和 data,或 path。")
    _known_keys(item, _EVIDENCE_KEYS, place)
    values = {k: str(v) for k, v in item.items()}
    if not values.get("name") and not values.get("path"):
        raise BadInput(f"{place}: key name is missing; expected the file name of the document.", f"{place}:缺少 name。")
    values.setdefault("name", Path(values.get("path", "")).name)
    return Evidence(**values)


def _known_keys(data: dict[Any, Any], known: tuple[str, ...], where: str) -> None:
    unknown = [str(k) for k in data if k not in known]
    if unknown:
        hints = "; ".join(f"{k!r} is not a key, expected {_nearest(k, known)}" for k in unknown)
        raise BadInput(f"{where}: {hints}.", f"{where}:未知的键 {'、'.join(unknown)}。")


def _nearest(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"{near[0]!r}" if near else "one of " + ", ".join(known)


def _what(value: Any) -> str:
    return {dict: "a mapping", list: "a list", str: "text", int: "a number", float: "a number", bool: "yes/no", type(None): "nothing"}.get(type(value), type(value).__name__)


def _text(data: dict[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise BadInput(f"{where}: {key} is {_what(value)}; expected text.", f"{where}:{key} 应为文本。")
    if len(str(value)) > MAX_CHARACTERS:
        raise BadInput(f"{where}: {key} has {len(str(value)):,} characters; at most {MAX_CHARACTERS:,} are read.", f"{where}:{key} 过长。")
    return str(value).strip("\n")


def _list(data: dict[str, Any], key: str, where: str) -> list[Any]:
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadInput(f"{where}: {key} is {_what(value)}; expected a list.", f"{where}:{key} 应为列表。")
    return value


# --- letters ------------------------------------------------------------------------------------------------------------

BOXES = {
    "root_cause": ("root_cause",),
    "corrective_actions": ("corrective_actions",),
    "preventive_measures": ("preventive_measures",),
}
LISTED = {"corrective_actions", "preventive_measures", "evidence_list", "non_violation_grounds", "timeline"}
"""Sections written as numbered lines when they have several sentences."""


def sentences(letter: Letter) -> list[Sentence]:
    """All sentences in order; their places are the numbers that findings use."""
    return [s for section in letter.sections for s in section.sentences]


def section_text(section: Section) -> str:
    """The body of a section as it will be pasted."""
    texts = [s.text.strip() for s in section.sentences if s.text.strip()]
    if section.id in LISTED and len(texts) > 1:
        return "\n".join(f"{n}. {t}" for n, t in enumerate(texts, 1))
    return " ".join(texts) if section.id not in {"greeting", "closing"} else "\n".join(texts)


def letter_text(letter: Letter) -> str:
    """The whole letter as it will be pasted: plain text, headings on lines of their own."""
    return "\n\n".join("\n".join(part for part in (s.heading, section_text(s)) if part) for s in letter.sections if s.sentences) + "\n"


def boxes(letter: Letter) -> dict[str, str]:
    """The same content cut into the three boxes of Amazon's form; a box that this document does not have is empty."""
    return {name: "\n".join(section_text(s) for s in letter.sections if s.id in ids) for name, ids in BOXES.items()}


def letter_to(letter: Letter) -> dict[str, Any]:
    """The letter as plain values in the promised layout."""
    data = dataclasses.asdict(letter)
    sections = data.pop("sections")
    order = ("case_id", "document", "language", "stance", "case_type")
    head = {key: data.pop(key) for key in order}
    gaps = data.pop("gaps")
    return {**head, "sections": sections, "text": letter_text(letter), "boxes": boxes(letter), "attachments": data["attachments"], "gaps": gaps, "findings": data["findings"], "run": data["run"]}


def letter_from(data: Any, *, where: str) -> Letter:
    """The letter of a JSON file that `letter_to` (or a script with the same layout) wrote."""
    if not isinstance(data, dict) or "sections" not in data:
        raise BadInput(f"{where}: is not a letter file; expected a JSON object with sections.", f"{where}:不是信件文件。")
    try:
        sections = tuple(
            Section(
                str(s["id"]),
                str(s.get("heading", "")),
                tuple(Sentence(str(t["text"]), tuple(t.get("facts", ())), tuple(t.get("passages", ())), _origin(t.get("origin", "edited"), where)) for t in s["sentences"]),
            )
            for s in data["sections"]
        )
        document = data.get("document", "appeal")
        if document not in get_args(Document):
            raise BadInput(f"{where}: document is {document!r}; expected {_nearest(str(document), get_args(Document))}.", f"{where}:document 无效。")
        run = {k: v for k, v in data.get("run", {}).items() if k in {f.name for f in dataclasses.fields(Run)}}
        return Letter(
            case_id=str(data.get("case_id", "")),
            document=document,
            language=str(data.get("language", "en")),
            stance=data.get("stance") or "accept_and_fix",
            case_type=str(data.get("case_type", "")),
            sections=sections,
            attachments=tuple(Attachment(str(a["name"]), str(a.get("proves", "")), tuple(a.get("facts", ()))) for a in data.get("attachments", ())),
            gaps=tuple(Gap(**{k: v for k, v in g.items() if k in {f.name for f in dataclasses.fields(Gap)}}) for g in data.get("gaps", ())),
            findings=tuple(finding_from(f) for f in data.get("findings", ())),
            run=Run(**run),
        )
    except (KeyError, TypeError) as error:
        raise BadInput(f"{where}: the letter lacks {error}; expected the layout of `poa draft`.", f"{where}:信件缺少 {error}。") from error


def _origin(value: str, where: str) -> Origin:
    if value not in get_args(Origin):
        raise BadInput(f"{where}: origin is {value!r}; expected {_nearest(str(value), get_args(Origin))}.", f"{where}:origin 无效。")
    return value  # type: ignore[return-value]


def finding_to(finding: Finding) -> dict[str, Any]:
    """The finding as plain values."""
    data = dataclasses.asdict(finding)
    return {**data, "facts": list(finding.facts), "passages": list(finding.passages)}


def finding_from(data: dict[str, Any]) -> Finding:
    """A finding from plain values."""
    names = {f.name for f in dataclasses.fields(Finding)}
    return Finding(**{k: tuple(v) if k in {"facts", "passages"} else v for k, v in data.items() if k in names})  # type: ignore[arg-type]


# --- pasted letters -----------------------------------------------------------------------------------------------------

# The first pattern that fits decides, so the narrow ones come first.
_HEADINGS: tuple[tuple[str, str], ...] = (
    ("timeline", r"timeline|chronology|sequence of events|what happened (?:with|to) (?:this|the) order|history of|时间线|经过"),
    ("ownership_statement", r"ownership|who (?:owns|runs|operates)|relation(?:ship)?s? (?:to|with|between)|business and person|account (?:holder|owner)|about the (?:company|owner)|所有权|关联关系|账户所有人|持有人"),
    ("non_violation_grounds", r"\bgrounds?\b|why (?:the|this) (?:complaint|decision|notice|claim|warning)|(?:is|was|are) (?:wrong|mistaken|unfounded|not justified)|no (?:violation|infringement)|does not infringe|reasons? (?:for|of) (?:our |the )?(?:dispute|objection|contest)|explanation|理由|依据|异议"),
    ("preventive_measures", r"prevent|future|going forward|from now on|avoid (?:re|it|this|similar|such)|(?:won.t|not) happen again|long[- ]term|what (?:will )?changes?\b|next steps|预防|今后|未来|防止|避免|长期"),
    ("corrective_actions", r"corrective|corrections? made|(?:actions?|steps|measures) (?:(?:that )?(?:we|i) )?(?:(?:have|had) )?(?:already )?(?:been )?(?:taken|completed|implemented)|(?:have|has) taken|(?:we|i) (?:took|have (?:already )?(?:fixed|changed|corrected))|resol(?:ve|ution|ving)|immediate|what (?:we|i|has|was) (?:(?:have|been) )?(?:already )?(?:been )?d(?:id|one)|how (?:we|i) fixed|remed(?:y|ies|ial|iation)|纠正|整改|已采取|解决|补救"),
    ("root_cause", r"\bcauses?\b|\breasons?\b|what (?:happened|went wrong|caused|led)|why (?:it|this|these|the|our|we)\b|how (?:it|this|the|these|our)\b.*\b(?:happened|came about|came up|arose|occurred|started)|analysis of the|problem analysis|原因|问题分析"),
    ("evidence_list", r"(?<!no )\bevidence|\battach(?:ed|ments?)\b|\benclos(?:ed|ures?)\b|supporting (?:documents?|documentation|files)|\bexhibits?\b|^files?(?: list)?$|^(?:list of )?documents?(?: list| attached| enclosed)?$|证据|附件|证明"),
    ("position", r"position|what we (?:can )?(?:confirm|contest|dispute)|\borigin of|\bsource of|立场|声明"),
    ("request", r"^(?:our |the |final )?requests?(?: to amazon)?$|^what we ask|^we (?:kindly )?ask|^closing(?: remarks| statement| words)?$|^conclusion$|请求|结语"),
)
_NUMBERED = re.compile(r"^\s*(?:\(?\d{1,2}[.)、]|[-*•·]|\(?[a-z][.)])\s+")
_SENTENCE_END = re.compile(r"[.!?][\"')”’]*(?:\s+)(?=[\"'(“‘\[]?[A-Z0-9一-鿿])|[。！？][”」』’\"]*|[!?](?=[一-鿿])")
_ABBREVIATED = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Co|Inc|Ltd|Corp|Bros|St|e\.g|i\.e|etc|vs|approx|incl|a\.m|p\.m|U\.S)|^\W*[A-Z])\.$")
_STARTS = re.compile(r"(?:We|Our|The|This|These|That|It|They|On|In|At|All|From|For|As|Since|After|Before|Please|Each|Every|No|If|When|To|A|An|I|He|She|There)\b")
"""Words that begin a sentence even after "Co. Ltd."."""


def split_sentences(text: str) -> list[str]:
    """The sentences of a paragraph, English or Chinese, every character kept but the spaces between them."""
    found: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        before = text[start : match.end()].rstrip()
        if re.search(r"\bNo\.$", before) and text[match.end()].isdigit():
            continue  # No. 5
        if _ABBREVIATED.search(before) and (len(before) < 4 or not _STARTS.match(text, match.end())):
            continue
        found.append(before)
        start = match.end()
    return [s for s in (*(f.strip() for f in found), text[start:].strip()) if s]


_MARKS = re.compile(r"^\s*(?:#+|\*\*|(?:part|section|step)?\s*(?:[IVX]+|[A-D]|\d{1,2}|[一二三四五六])[.):、]|[-*•])\s*", re.IGNORECASE)
_TELLS = re.compile(r"^(?:we|i|our|the|all|this|these|there|it)\b.*\b(?:am|is|are|was|were|have|has|had|do|does|did|will|can|[a-z]{3,}ed|sold|bought|sent|made|took|knew|found|held|kept|gave|came|put|set)\b", re.IGNORECASE)
_LABEL = re.compile(r"^(?P<label>[^:：]{3,60}?)\s*[:：]\s*\**\s*(?P<rest>\S.{8,})$")
_LABELS = re.compile(
    r"(?:\S+ )?(?:root causes?(?: analysis)?|causes?|corrective (?:actions?|measures?|steps)(?: (?:already )?taken)?|(?:actions?|steps|measures) (?:we have )?(?:already )?taken(?: to (?:resolve|fix) (?:the|this) issue)?"
    r"|prevent(?:ive|ative) (?:actions?|measures?|steps)|(?:steps|measures|actions) to prevent [a-z ]+|prevention|future prevention|attach(?:ed|ments?)|enclos(?:ed|ures?)|evidence|supporting documents|documents"
    r"|根本原因|问题原因|纠正措施|整改措施|预防措施|附件|证据)",
    re.IGNORECASE,
)
"""Labels that stand on one line with their text; others ("Conclusion: ...") belong to the text."""


def heading_section(line: str) -> str:
    """Section id that a line names as a heading; empty when it is no heading. Short, no full stop at the end, not a sentence that tells something."""
    bare = _MARKS.sub("", line).strip().strip("*#:： ").strip()
    if not bare or bare[0] == "[" or len(bare) > 100 or bare[-1] in ".。;,!" or len(bare.split()) > 14 or re.search(r"\.(?:pdf|docx?|xlsx?|csv|jpe?g|png|txt|zip)\b", bare, re.IGNORECASE):
        return ""
    marked = line.strip().rstrip("*").endswith((":", "：")) or line.strip().startswith(("#", "**"))
    if _TELLS.match(bare) and not (marked and len(bare.split()) <= 8):
        return ""  # "We found the cause" without a full stop is a statement and must be checked as one
    if not (marked or bare.isupper() or len(bare.split()) <= 8 or bare.endswith("?")):
        return ""
    low = bare.lower()
    return next((name for name, pattern in _HEADINGS if re.search(pattern, low)), "")


def _labelled(line: str) -> tuple[str, str, str]:
    """(section, label, text) of a line such as `Root cause: our label printer ...`; empty strings when it is none."""
    match = _LABEL.match(_MARKS.sub("", line))
    if not match or not _LABELS.fullmatch(match["label"].strip("* ")):
        return "", "", ""
    return heading_section(match["label"] + ":"), match["label"].strip("* "), match["rest"].strip("* ")


ENTRY = 55
"""A line shorter than this that is followed by a capital or a digit is an entry of a list and not a wrapped line of text."""


def joined_lines(lines: list[str]) -> list[str]:
    """The lines of a paragraph as running texts: wrapped lines together, short entries apart; Chinese is joined without a space."""
    texts = [lines[0]]
    for before, line in itertools.pairwise(lines):
        if before.endswith((":", "：")) or (len(before) < ENTRY and not line[0].islower() and before[-1] not in ",，、"):
            texts.append(line)
        else:
            texts[-1] += line if has_han(line[0]) and (has_han(before[-1]) or before[-1] in ",，。、;；:：") else f" {line}"
    return texts


def letter_from_text(text: str, *, case_id: str = "", case_type: str = "", stance: Stance | None = None) -> Letter:
    """A pasted letter cut into sections by its headings. What stands before the first heading is section `opening`.

    Which kind of document it is, and its stance when none is given, are guessed from its words; an appeal that accepts is the default.
    """
    parts: list[tuple[str, str, list[Sentence]]] = [("opening", "", [])]
    paragraph: list[str] = []
    first = True

    def flush() -> None:
        if paragraph:
            parts[-1][2].extend(Sentence(s, origin="edited") for part in joined_lines(paragraph) for s in split_sentences(part))
            paragraph.clear()

    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = raw.strip()
        section = heading_section(line) if line else ""
        if first and section and len(line.split()) > 5:
            section = ""  # the title of the letter: "Request for the disbursement of the balance"
        first = first and not line
        label, rest = line, ""
        if line and not section:
            section, label, rest = _labelled(line)
        if not line or section or _NUMBERED.match(raw):
            flush()
        if section:
            parts.append((section, label, []))
            if rest:
                paragraph.append(rest)
        elif line:
            paragraph.append(_NUMBERED.sub("", line))
    flush()
    sections = tuple(Section(name, heading, tuple(found)) for name, heading, found in parts if found or heading)
    document = guess_document(text, {s.id for s in sections if s.sentences})
    guessed = _STANCE_OF.get(document, "accept_and_fix")
    if document == "appeal" and _DISPUTES.search(text) and "non_violation_grounds" in {s.id for s in sections}:
        guessed = "mixed"
    if stance and document in {"appeal", "contest", "verification"}:
        document = {"contest": "contest", "clarify_and_verify": "verification"}.get(stance, "appeal")  # type: ignore[assignment]
    language = "zh" if len(re.findall(r"[一-鿿]", text)) > 0.3 * max(1, len(re.sub(r"\s", "", text))) else "en"
    return Letter(case_id, document, language, stance or guessed, case_type, sections)


_STANCE_OF: dict[str, Stance] = {
    "contest": "contest", "a_to_z_appeal": "contest", "retraction_request": "contest", "counter_notice": "contest",
    "verification": "clarify_and_verify", "funds_appeal": "clarify_and_verify",
}
_DISPUTES = re.compile(r"\b(?:we|i) (?:\w+ )?(?:contest|dispute|object to|disagree)\b|\b(?:which|that) (?:we|i) (?:contest|dispute)\b|\b(?:we|i) accept\b[^.]{0,80}\b(?:contest|dispute)\b|\bcontested\b|提出异议|不予认可", re.IGNORECASE)


def guess_document(text: str, sections: set[str]) -> Document:
    """Kind of document that a pasted text looks like; `sections` are the ids found in it. Only clear signs count."""
    head, length = text[:500], len(text.split())
    plan = {"root_cause", "corrective_actions", "preventive_measures"} & sections

    def says(pattern: str, where: str = text) -> bool:
        return re.search(pattern, where, re.IGNORECASE) is not None

    if says(r"penalty of perjury"):
        return "counter_notice"
    if says(r"\byour (?:reply|answer|response) of\b|\b(?:more|additional|further) information (?:that )?you (?:asked|requested)|your request for (?:more|additional|further) information|^\W*supplement", head):
        return "supplement"
    if not plan:
        if says(r"withdraw|retract") and says(r"\byour (?:mark|brand|trademark|patent|copyright|work|complaint)|to the (?:\w+ )?(?:trademark|brand|legal|rights)\b|dear (?:rights|brand|trademark)"):
            return "retraction_request"
        if length < 200 and says(r"\bdear (?:customer|buyer)|\byour (?:parcel|package|purchase)\b|customer service of the store") and says(r"\d{3}-\d{7}-\d{7}|your order"):
            return "buyer_message"
        if length < 160 and says(r"(?:confirm|tell us|know) (?:that|whether|if)\b.*\b(?:arriv|receiv)|any update|status of (?:our|my) (?:appeal|plan)|have not (?:found|received|had) (?:a|an|any)\b"):
            return "follow_up"
        if says(r"disburse|release (?:of )?(?:the|our|my) (?:remaining )?(?:balance|funds)", head):
            return "funds_appeal"
        if says(r"\ba-?to-?z\b|\bclaim (?:was |is )?(?:granted|opened|decided)", head) and says(r"\d{3}-\d{7}-\d{7}"):
            return "a_to_z_appeal"
    if _DISPUTES.search(text) and "root_cause" not in sections:
        return "contest"
    if not plan and says(r"\b(?:documents?|information|papers)\b.{0,80}\brequest|\bas requested\b|verification (?:notice|request|of)|you (?:have )?asked for", head):
        return "verification"
    return "appeal"


def load_letter(path: str) -> Letter:
    """A letter from .json (ours), .txt, .md or .docx; `-` reads standard input, JSON or text."""
    suffix = Path(path).suffix.lower()
    if suffix == ".docx":
        return letter_from_text(_docx_text(path))
    if suffix not in {".json", ".txt", ".md", ""} and path != "-":
        raise BadInput(f"{path}: files ending in {suffix} are not read; expected .json, .txt, .md or .docx.", f"{path}:应为 .json、.txt、.md 或 .docx。")
    text = read_text(path)
    if suffix == ".json" or (path == "-" and text.lstrip().startswith("{")):
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadInput(f"{path}, line {error.lineno}: not valid JSON: {error.msg}.", f"{path} 第 {error.lineno} 行:JSON 格式错误。") from error
        return letter_from(data, where=path)
    if not text.strip():
        raise BadInput(f"{path}: is empty; expected the text of a letter.", f"{path}:文件是空的。")
    return letter_from_text(text)


def _docx_text(path: str) -> str:
    import zipfile

    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        return "\n".join(p.text for p in docx.Document(path).paragraphs)
    except (FileNotFoundError, PackageNotFoundError) as error:
        raise BadInput(f"{path}: there is no such Word document.", f"{path}:没有这个 Word 文档。") from error
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path}: is not a Word document that can be read.", f"{path}:无法读取的 Word 文档。") from error
