"""Fact lock: every number, date, sum, identifier and name of the letter must be in the case. Code only, no model.

A sentence that names its facts is held to those facts (plus notice, store and documents, which any sentence may use). A pasted letter, where
no sentence names facts, is held to all facts together. Passages the sentence cites may supply the numbers of a rule ("4 %").
Equivalent forms are equal (see `rag.atoms`); second readings and what follows by one step of arithmetic are allowed (see `rag.derive`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from rag import knowledge
from rag.atoms import CURRENCY_WORDS, TITLES, Atom, find_atoms, find_names, supports
from rag.checks.bounds import reversed_bounds
from rag.checks.view import Line, View
from rag.derive import follows, readings
from rag.models import Case, Fact, Finding, Passage
from rag.prepare import day_first
from rag.script import simplified

_KIND = {
    "date": ("date", "日期"), "time": ("time", "时间"), "percent": ("percentage", "百分比"), "money": ("amount", "金额"),
    "duration": ("duration", "时长"), "number": ("number", "数字"), "asin": ("ASIN", "ASIN"), "order_id": ("order number", "订单号"),
    "id": ("identifier", "编号"), "email": ("e-mail address", "邮箱"), "url": ("link", "链接"), "name": ("name", "名称"),
}
_ERROR = {"date": "date", "name": "name", "asin": "id", "order_id": "id", "id": "id"}

# Capitalised words that name nobody. The terms of the glossary are added.
_FIELD_WORDS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "amazon", "seller", "central", "team", "performance", "account", "health", "page", "plan", "action", "poa", "appeal", "notice", "asin", "asins", "sku", "skus", "fba", "fbm", "mfn", "odr", "lsr", "vtr", "otdr", "pdf", "id", "ids", "ip", "url", "erp", "qc", "sop", "i", "we", "our", "dear", "re", "root", "cause", "corrective", "preventive", "measures", "actions", "attachment", "annex", "appendix", "exhibit", "order", "orders", "complaint", "invoice", "registration", "box", "english", "chinese", "us", "uk", "eu", "usa", "buyer", "messages", "request", "review", "customer", "service", "policy", "store", "marketplace", "subject", "yours", "sincerely", "regards", "no", "nos", "number", "loa", "upc", "ean", "gtin", "kyc", "inform", "act", "section", "code", "conduct", "business", "solutions", "agreement", "ceo", "csv", "jpg", "png", "screenshot", "listing", "product", "products", "brand", "registry", "feedback", "the", "a", "an", "this", "these", "to", "in", "on", "of", "and", "for", "all", "each", "every", "since", "after", "before", "from", "at", "by", "with", "it", "if", "as"]

_TECHNICAL = [
    "bluetooth", "wifi", "wi-fi", "usb", "qr", "led", "lcd", "oled", "hdmi", "pdf", "xlsx", "docx", "png", "jpeg", "mp4", "gps", "nfc", "rfid", "sim",
    "ssd", "hdd", "cpu", "pc", "tv", "pcb", "abs", "pvc", "pu", "pe", "epe", "pet", "pp", "tpu", "eva", "mdf", "slr", "dslr", "uv", "ir", "ac", "dc", "hz",
    "khz", "mhz", "ghz", "mah", "kwh", "kw", "cm", "mm", "kg", "ml", "lb", "lbs", "oz", "psi", "dpi", "rpm", "db", "iso", "ce", "fcc", "fda", "cpc", "cpsc",
    "cpsia", "ukca", "rohs", "reach", "weee", "epr", "gpsr", "vat", "eori", "ioss", "gst", "tin", "ein", "ssn", "dot", "astm", "en", "ansi", "ul", "etl",
    "doc", "msds", "sds", "hs", "coo", "moq", "oem", "odm", "eta", "etd", "pod", "bol", "awb", "rma", "crm", "wms", "api", "ip", "http", "https", "id",
    "pin", "otp", "sms", "hr", "it", "pr", "ai", "faq", "kpi", "oos", "iqc", "oqc", "ipqc", "qa", "aql", "excel", "word", "photoshop", "building", "floor",
    "room", "unit", "town", "district", "city", "province", "county", "road", "street", "party", "rating", "version", "simplified", "traditional", "a+",
    "b2b", "b2c", "3pl", "t-shirt", "t-shirts", "x-ray", "e-commerce", "e-mail", "monday", "tuesday", "ok", "am", "pm", "utc", "gmt", "pst", "est",
]
"""Technical words and units that are written with capitals; they describe things and identify none."""


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Words in lower case that may be written with a capital without naming anybody."""
    # Places, carriers and brands of the glossary are written with a capital there: they are names and need a source like any other.
    words = (word for term in knowledge.glossary() for form in term.en for word in re.findall(r"[A-Za-z'&.-]+", form))
    return frozenset((*_FIELD_WORDS, *_TECHNICAL, *CURRENCY_WORDS, *(w.lower() for w in words if w.islower() or w.isupper())))


def check_lock(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """One finding per exact part of the letter that the case does not allow."""
    if case is None:
        return []
    first = day_first(case.marketplace)
    by_id = {p.id: p for p in passages}
    found: list[Finding] = []
    for line in view.lines:
        if line.origin == "fixed":
            continue
        facts = line.facts or case.facts
        cited = [by_id[p].text for p in line.passages if p in by_id]
        for atom in unsupported(line.text, facts, case, cited, first=first):
            elsewhere = [f.id for f in case.facts if f not in facts and _allows([f], atom, first)]
            found.append(_finding(line, atom, facts, elsewhere))
        found += [_turned(line, atom, facts) for atom in reversed_bounds(line.text, [f.text for f in facts], first=first)]
    return found


def unsupported(text: str, facts: Sequence[Fact], case: Case, cited: Iterable[str] = (), *, first: bool | None = None) -> list[Atom]:
    """The exact parts of `text` that neither the facts nor the notice, store, documents or cited rules contain."""
    sources = [f.text for f in facts]
    background = [case.notification, case.store_name, case.marketplace, *(f"{e.name} {e.data}" for e in case.evidence), *cited]
    said = [find_atoms(s, day_first=first) for s in sources]
    last: Atom | None = None
    other = []
    for text_of, own in zip(sources, said, strict=True):
        other.append(readings(text_of, day_first=first, month=last))
        last = next((a for a in reversed(own) if a.kind == "date" and a.value[1] and "|" not in a.value[1]), last)
    behind = [find_atoms(b, day_first=first) for b in background]
    atoms = [a for group in (*said, *behind) for a in group]
    second = [a for group in (*other, *(readings(b, day_first=first) for b in background)) for a in group]
    # Counts read out of any Chinese numeral support themselves only: as figures to work with they would make almost every small number.
    each = [[*own, *(a for a in more if a.kind != "number" or a.text[0].isascii())] for own, more in zip(said, other, strict=True)]
    together = [a for own in each for a in own]
    missing = [
        a
        for a in find_atoms(text, day_first=first)
        if not _harmless(a, text)
        and not any(supports(s, a) for s in atoms)
        and not any(supports(s, a) for s in second if s.kind != "number" or a.kind == "number")
        and not _month_and_count(a, text, [*atoms, *second]) and not follows(a, text, together, each)
    ]
    letters = " ".join((*sources, *background))
    names = find_names(text, known=known_words())
    missing += [n for n in names if not _name_in(_with_neighbours(n, text), letters, quoted=_in_quotes(n, text, letters))]
    return missing + _misspelt(text, names, letters)


def _with_neighbours(name: Atom, text: str) -> str:
    """The name with the capitalised word on either side of it: a title, or a part that is also a word of the field (Hong)."""
    before, after = re.search(r"\b[A-Z][a-z]*\.? $", text[: name.start]), re.match(r" [A-Z][a-z]+\b", text[name.end :])
    return f"{before[0] if before else ''}{name.text}{after[0] if after else ''}"


def _misspelt(text: str, names: Sequence[Atom], sources: str) -> list[Atom]:
    """Capitalised words at the start of a sentence or quotation that differ from a name of the facts by a letter or two."""
    own = {_bare(p) for n in find_names(sources, known=known_words()) for p in n.text.split() if len(p) > 4}
    words = _known_in(sources)[0] if own else frozenset()
    found = []
    for match in re.finditer(r"(?<![\w'’-])(?=[A-Z][A-Za-z-]{4})[A-Z][A-Za-z]+(?:-[A-Za-z]+)*", text) if own else ():
        word = _bare(match[0])
        if word in words or word in known_words() or any(n.start <= match.start() < n.end for n in names):
            continue
        near = process.extractOne(word, own, scorer=Levenshtein.distance, score_cutoff=1 + (len(word) > 7))
        # Order and Orders, Train and Trained are forms of one word.
        if near and not near[0].startswith(word) and not word.startswith(near[0]):
            found.append(Atom("name", (word,), match[0], *match.span()))
    return found


def _month_and_count(atom: Atom, text: str, atoms: Sequence[Atom]) -> bool:
    """`In August 7 batches`: a month and a count that look like a day."""
    match = re.fullmatch(r"([A-Z][a-z]+) (\d{1,2})", atom.text)
    if atom.kind != "date" or not match or not re.match(r" [a-z]+", text[atom.end :]):
        return False
    readings_ = (Atom("date", ("", atom.value[1], ""), match[1], 0, 0), Atom("number", (match[2],), match[2], 0, 0))
    return all(any(supports(s, r) for s in atoms) for r in readings_)


def lost(text: str, facts: Sequence[Fact], *, first: bool | None = None) -> list[Atom]:
    """The exact parts of the facts that `text` leaves out. A sentence made of one fact must keep all of them."""
    said = find_atoms(text, day_first=first)
    missing: list[Atom] = []
    for fact in facts:
        second = readings(fact.text, day_first=first)
        for atom in find_atoms(fact.text, day_first=first):
            if any(supports(r, s) and r.kind == s.kind for r in second if r.start <= atom.start and atom.end <= r.end <= atom.end + 4 for s in said):
                continue  # 110V -> 110 V, 8.30 -> 30 August
            if atom.value[0] == "1" and _one_in_words(atom, text):
                continue
            if atom.kind == "number" and (word := _ORDINALS.get(atom.value[0])) and re.search(rf"\b(?:{word})\b", text, re.IGNORECASE):
                continue  # 第2张图 -> the second picture
            if not any((supports(atom, s) or supports(s, atom)) and _as_exact(atom, s) for s in said) and not any(m.value == atom.value for m in missing):
                missing.append(atom)
    return missing


_ORDINALS = {"1": "first", "2": "second|twice|both|two|neither|either|pair|respectively", "3": "third", "4": "fourth", "5": "fifth", "6": "sixth", "7": "seventh", "8": "eighth", "9": "ninth", "10": "tenth"}


def _as_exact(atom: Atom, said: Atom) -> bool:
    """A day told by the seller is not kept by naming its month only."""
    return atom.kind != "date" or said.kind != "date" or not atom.value[2] or bool(said.value[2])


def _one_in_words(atom: Atom, text: str) -> bool:
    """只剩1个人 -> only one person; 一天30单 -> 30 orders a day, daily; 前一周 -> the previous week."""
    if atom.kind == "number":
        return re.search(r"\b(?:one|an?|single|only|sole)\b", text, re.IGNORECASE) is not None
    return atom.kind == "duration" and re.search(rf"\b{atom.value[1][:3]}|\bdaily\b", text, re.IGNORECASE) is not None


def _allows(facts: Sequence[Fact], atom: Atom, first: bool | None) -> bool:
    if atom.kind == "name":
        return _name_in(atom.text, " ".join(f.text for f in facts))
    return any(supports(s, atom) for f in facts for s in find_atoms(f.text, day_first=first))


_REFERENCE = re.compile(
    r"\b(?:attachments?|exhibits?|annex(?:es)?|append(?:ix|ices)|enclosures?|files?|items?|steps?|sections?|parts?|points?|grounds?|requests?|groups?|box(?:es)?|bullets?|pages?|photos?|figures?|tables?|(?:corrective |preventive )?actions?|measures?)"
    r" (?:no\. ?|number )?(?:[A-Z\d]{1,2}(?:, | and | to | or |-|–|, and ))*$",
    re.IGNORECASE,
)
_NUMBERING = re.compile(r"[.)、:：]\s|\s+(?:(?!Amazon)[A-Z][a-z]+ [a-z]|\S+\.(?:pdf|docx?|xlsx?|csv|jpe?g|png)\b)")
"""What follows the number of a list entry: "3. ", "3 Page as of", "3 contract.pdf"; "41 of 569 orders" is a count."""
_OWN_COUNT = re.compile(r" (?:\w+ )?(?:grounds|points|items|parts|groups|reasons|files|documents|papers|steps|measures|kinds|exhibits|attachments|sections|questions)\b", re.IGNORECASE)


_DEFINITE = re.compile(r"\b(?:the|these|those|both|all) $", re.IGNORECASE)
"""A small count after these words takes up what was named before: "the two documents"."""
_TWO_STEP = re.compile(r"two-(?:step|factor|way)\b", re.IGNORECASE)


def _harmless(atom: Atom, text: str) -> bool:
    # Numbering of lists, attachments and sections ("file 3", "exhibits 1 and 2", "03 bank statement"), how many points the letter itself has
    # ("three grounds"), and a written-out one are not statements about the case.
    if atom.kind != "number":
        return False
    before = text[max(0, atom.start - 40) : atom.start]
    if _REFERENCE.search(before) or re.fullmatch(r"0\d", atom.text):
        return True
    if re.search(r"(?:^|\n)\s*\(?$", before) and atom.text.isdigit() and len(atom.text) < 3 and _NUMBERING.match(text, atom.end):
        return True
    if not atom.text[0].isdigit() and (_TWO_STEP.match(text, atom.start) or (Decimal(atom.value[0]) <= 4 and _DEFINITE.search(before))):
        return True
    if not atom.text[0].isdigit() and Decimal(atom.value[0]) <= 10 and _OWN_COUNT.match(text, atom.end):
        return True
    return atom.value == ("1",) and not any(c.isdigit() for c in atom.text)


# --- names --------------------------------------------------------------------------------------------------------------

_LEGAL_FORMS = {"co", "ltd", "limited", "inc", "llc", "company", "corp", "corporation", "gmbh", "factory", "group", "firm", "s"}
"""Words of company names that a translation of 有限公司, 贸易 ... adds."""
_LATIN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_INITIAL = "zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]"
_FINAL = "iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ueng|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|ve|a|e|i|o|u|v"
_PINYIN = re.compile(rf"(?:(?:{_INITIAL})(?:{_FINAL})|ai|an|ang|ao|e|en|er|ou|a)+")
_WEEK = re.compile(r"[每上下本这那一两二三四五几半\d]个?周|周(?=[一二三四五六日天末])")


def _plain(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def _bare(word: str) -> str:
    """The word as it is compared: without 's and apostrophes."""
    return re.sub(r"['’-]", "", _plain(re.sub(r"['’]s$", "", word)))


def _words(text: str) -> set[str]:
    """Latin words of a text; those written together or with a hyphen also as one."""
    found = set()
    for match in re.finditer(r"[^\W_]+(?:[-'’&.][^\W_]+)*", text):
        parts = re.split(r"[-'’&.]", _plain(match[0]))
        found |= {*parts, "".join(parts)}
        # Mixed writing, 云途YunExpress: the Latin part is a word.
        found |= {_plain(m) for m in re.findall(r"[^\W_一-鿿]+", match[0])}
    return found


_COUNTRY_ROW = re.compile(r"[美英德法意西日加墨澳荷波](?:[、/][美英德法意西日加墨澳荷波])+|[美英德法意西日加墨澳]{2,6}(?=[两三四五]?[站国])")
"""美、英、德三国, 英德法站: countries by one character each."""


@lru_cache(maxsize=256)
def _known_in(sources: str) -> tuple[frozenset[str], tuple[str, ...], frozenset[str]]:
    """Latin words, Chinese runs, and the English words of the places, names and terms that the sources name in any form."""
    clean = _COUNTRY_ROW.sub(lambda m: "".join(f"{c}站" for c in m[0] if c not in "、/"), simplified(sources))
    words = _words(sources)
    tables = knowledge.places()
    named = set()
    for place in (*tables.places, *tables.names):
        if any(z in clean for z in place.zh) or any(_stands(form, sources) for form in (*place.en, *place.also)):
            named |= {w for form in (*place.en, *place.also) for w in (*re.findall(r"[^\W_]+", _plain(form)), _plain(form).replace(".", ""))}
    for term in knowledge.glossary():
        if any(z in sources for z in (*term.zh, *term.zh_hant)):
            named |= {w for form in term.en for w in re.findall(r"[a-z0-9]+", form.lower())}
    return frozenset(words), tuple(re.findall(r"[一-鿿]+", _WEEK.sub(" ", clean))), frozenset(named)


def _stands(form: str, text: str) -> bool:
    """A code such as US or IN counts only as written; other forms in any case."""
    flags = 0 if len(form) < 4 else re.IGNORECASE
    return form.lower() in text.lower() and re.search(rf"(?<![A-Za-z0-9]){re.escape(form)}(?![A-Za-z0-9])", text, flags) is not None


@lru_cache(maxsize=8192)
def _sounds(character: str) -> tuple[str, ...]:
    from pypinyin import Style, pinyin  # imported late: a letter with English facts never needs it

    found = {s.replace("ü", "v") for readings_ in pinyin(character, style=Style.NORMAL, heteronym=True) for s in readings_}
    return tuple({*found, *(s.replace("v", "u") for s in found), *(s.replace("v", "yu") for s in found)})


def _spoken(word: str, run: str, start: int) -> list[int]:
    """Where a reading of the characters from `start` that spells the word can end."""
    ends = [start] if not word else []
    if word and start < len(run):
        for sound in _sounds(run[start]):
            if word.startswith(sound):
                ends += _spoken(word[len(sound) :], run, start + 1)
    return ends


def _heard(word: str, runs: Sequence[str]) -> list[tuple[int, int, int]]:
    """All places (run, start, end) of the Chinese text that are read as the word."""
    return [(r, i, end) for r, run in enumerate(runs) for i in range(len(run)) for end in _spoken(word, run, i)]


def _name_in(name: str, sources: str, *, quoted: bool = False) -> bool:
    """Whether every word of the name stands in the sources: as written, as pinyin, or as the English of a Chinese name or term there.

    A word has to be the same to the letter, a plural apart. Single syllables count only beside another part of the same name (Xu Min) or
    after a title (Mr Zhou). What is left of a Chinese company's name is its trade, which is translated and identifies nobody.
    """
    words, runs, named = _known_in(sources)
    known = known_words()
    parts = [m[0] for m in _LATIN.finditer(name)]
    titled = any(p in TITLES for p in parts)
    asked = []
    for part in parts:
        word = _bare(part)
        # The tail of CPSC-accepted and the size L are no names.
        if part[0].islower() or len(word) < 2 or part in TITLES or word in known or word in _LEGAL_FORMS or word in named or word in CURRENCY_WORDS:
            continue
        if not {word, word.removesuffix("s"), word.removesuffix("es"), word + "s"} & words and not (word.endswith("s") and word[:-1] in known | named):
            asked.append(word)
    if not asked or "".join(_plain(p) for p in parts) in words:
        return True
    if not runs:
        return False
    every = [_bare(part) for part in parts]
    heard = [_heard(word, runs) for word in every]
    matched = [
        any(end - i > 1 or titled or _called(runs[r], i, end) or _beside((r, i, end), (*heard[max(0, n - 1) : n], *heard[n + 1 : n + 2])) for r, i, end in spans)
        for n, spans in enumerate(heard)
    ]
    left = [word for word, found in zip(every, matched, strict=True) if not found and word in asked]
    # A word nearly that of the facts is a misspelt name, one that sounds Chinese another name.
    if any(_PINYIN.fullmatch(word) or (len(word) > 3 and process.extractOne(word, words, scorer=Levenshtein.distance, score_cutoff=1 + (len(word) > 6))) for word in left):
        return False
    # 义乌市锦禾体育用品有限公司 -> Yiwu Jinhe Sporting Goods: some of the name is heard, the rest is translated.
    heard_runs = {r for spans, found in zip(heard, matched, strict=True) if found for r, *_ in spans}
    if any(not any(z in run for run in runs for z in zh) for word in left if (zh := _trades().get(word))):
        return False
    return not left or (any(len(runs[r]) >= 4 for r in heard_runs) and len(left) <= 5) or quoted


@lru_cache(maxsize=1)
def _trades() -> dict[str, tuple[str, ...]]:
    """Chinese forms of the trades that companies are called by, by English word."""
    found: dict[str, tuple[str, ...]] = {}
    for trade in knowledge.places().trades:
        for word in {w for form in (*trade.en, *trade.also) for w in form.lower().split()}:
            found[word] = (*found.get(word, ()), *trade.zh)
    return found


_CALLED_BEFORE, _CALLED_AFTER = "姓阿小老大", re.compile("律师|先生|女士|小姐|经理|主管|老师|师傅|厂长|会计|店长|部长|医生|博士|[工总姐哥叔姨]")


def _called(run: str, start: int, end: int) -> bool:
    """Whether a single character is a name by what stands around it: 小李, 姓梁, 黄工."""
    return (run[max(0, start - 1) : start] in _CALLED_BEFORE and start > 0) or _CALLED_AFTER.match(run, end) is not None


def _beside(span: tuple[int, int, int], others: Iterable[Sequence[tuple[int, int, int]]]) -> bool:
    """Whether a part of the same name stands next to the span."""
    return any(r == span[0] and (i == span[2] or end == span[1]) for spans in others for r, i, end in spans)


_QUOTED = re.compile(r"[“\"'‘]([^“”\"'‘’]{2,80})[”\"'’]")


def _in_quotes(atom: Atom, text: str, sources: str) -> bool:
    """The English of a title that the fact quotes in Chinese: 《评论行为守则》 -> 'Code of Conduct for Reviews'."""
    return re.search(r"[“「『《‘][^”」』》’]{0,30}[一-鿿]|([\"'])[^\"']{0,30}[一-鿿][^\"']{0,30}\1", sources) is not None and any(m.start(1) <= atom.start and atom.end <= m.end(1) for m in _QUOTED.finditer(text))


def _finding(line: Line, atom: Atom, facts: Sequence[Fact], elsewhere: list[str]) -> Finding:
    name, name_zh = _KIND[atom.kind]
    if elsewhere:
        message = f"The {name} “{atom.text}” is not in the facts of this sentence; it stands in {', '.join(elsewhere)}."
        message_zh = f"{name_zh}“{atom.text}”不在这句话所依据的事实里,而在 {'、'.join(elsewhere)} 里。"
    else:
        message = f"The {name} “{atom.text}” is not in the case."
        message_zh = f"案件资料里没有{name_zh}“{atom.text}”。"
    return Finding(
        check="fact_lock",
        severity="block",
        message=message,
        message_zh=message_zh,
        sentence=line.number,
        quote=atom.text,
        why="A number, date or name that the seller did not give is an invented fact, and reviewers compare it with the account.",
        why_zh="卖家没有提供的数字、日期或名称就是编造的事实，审核人员会与账户资料核对。",
        fix="Correct it to what the facts say, add the missing fact, or take it out.",
        fix_zh="按事实改正、补充这条事实,或删掉它。",
        kind=_ERROR.get(atom.kind, "number"),
        facts=tuple(f.id for f in facts),
    )


def _turned(line: Line, atom: Atom, facts: Sequence[Fact]) -> Finding:
    return Finding(
        check="fact_lock",
        severity="block",
        message=f"“{atom.text}” stands with the opposite bound in the facts: more than is not fewer than.",
        message_zh=f"“{atom.text}”的界限与事实相反(“超过”和“不到”弄反了)。",
        sentence=line.number,
        quote=atom.text,
        why="A bound that points the other way states another fact, and reviewers compare it with the account.",
        why_zh="界限方向相反就是另一个事实,审核人员会与账户资料核对。",
        fix="Write the bound as the facts have it.",
        fix_zh="按事实改正界限的方向。",
        kind="number",
        facts=tuple(f.id for f in facts),
    )
