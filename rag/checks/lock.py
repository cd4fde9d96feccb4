"""Fact lock: every number, date, sum, identifier and name of the letter must be in the case. Code only, no model.

A sentence that names its facts is held to those facts (plus notice, store and documents, which any sentence may use). A pasted letter, where
no sentence names facts, is held to all facts together. Passages the sentence cites may supply the numbers of a rule ("4 %").
Equivalent forms are equal (see `rag.atoms`); what follows by arithmetic from the counts of one fact is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache

from rag import knowledge
from rag.atoms import Atom, derived, find_atoms, find_names, supports
from rag.checks.view import Line, View
from rag.models import Case, Fact, Finding, Passage
from rag.prepare import day_first

_KIND = {
    "date": ("date", "日期"), "time": ("time", "时间"), "percent": ("percentage", "百分比"), "money": ("amount", "金额"),
    "duration": ("duration", "时长"), "number": ("number", "数字"), "asin": ("ASIN", "ASIN"), "order_id": ("order number", "订单号"),
    "id": ("identifier", "编号"), "email": ("e-mail address", "邮箱"), "url": ("link", "链接"), "name": ("name", "名称"),
}
_ERROR = {"date": "date", "name": "name", "asin": "id", "order_id": "id", "id": "id"}

# Capitalised words that name nobody. The terms of the glossary are added.
_FIELD_WORDS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "amazon", "seller", "central", "team", "performance", "account", "health", "page", "plan", "action", "poa", "appeal", "notice", "asin", "asins", "sku", "skus", "fba", "fbm", "mfn", "odr", "lsr", "vtr", "otdr", "pdf", "id", "ids", "ip", "url", "erp", "qc", "sop", "i", "we", "our", "dear", "re", "root", "cause", "corrective", "preventive", "measures", "actions", "attachment", "annex", "appendix", "exhibit", "order", "orders", "complaint", "invoice", "registration", "box", "english", "chinese", "us", "uk", "eu", "usa", "buyer", "messages", "request", "review", "customer", "service", "policy", "store", "marketplace", "subject", "yours", "sincerely", "regards", "no", "nos", "number", "loa", "upc", "ean", "gtin", "kyc", "inform", "act", "section", "code", "conduct", "business", "solutions", "agreement", "ceo", "csv", "jpg", "png", "screenshot", "listing", "product", "products", "brand", "registry", "feedback", "the", "a", "an", "this", "these", "to", "in", "on", "of", "and", "for", "all", "each", "every", "since", "after", "before", "from", "at", "by", "with", "it", "if", "as"]


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Words in lower case that may be written with a capital without naming anybody."""
    # Places, carriers and brands of the glossary are written with a capital there: they are names and need a source like any other.
    words = (word for term in knowledge.glossary() for form in term.en for word in re.findall(r"[A-Za-z'&.-]+", form))
    return frozenset((*_FIELD_WORDS, *(w.lower() for w in words if w.islower() or w.isupper())))


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
    return found


def unsupported(text: str, facts: Sequence[Fact], case: Case, cited: Iterable[str] = (), *, first: bool | None = None) -> list[Atom]:
    """The exact parts of `text` that neither the facts nor the notice, store, documents or cited rules contain."""
    sources = [f.text for f in facts]
    background = [case.notification, case.store_name, case.marketplace, *(f"{e.name} {e.data}" for e in case.evidence), *cited]
    atoms = [a for s in (*sources, *background) for a in find_atoms(s, day_first=first)]
    atoms += [d for s in sources for d in derived(find_atoms(s, day_first=first))]
    missing = [a for a in find_atoms(text, day_first=first) if not any(supports(s, a) for s in atoms) and not _harmless(a, text)]
    letters = " ".join((*sources, *background))
    return missing + [n for n in find_names(text, known=known_words()) if not _name_in(n.text, letters)]


def lost(text: str, facts: Sequence[Fact], *, first: bool | None = None) -> list[Atom]:
    """The exact parts of the facts that `text` leaves out. A sentence made of one fact must keep all of them."""
    said = find_atoms(text, day_first=first)
    missing: list[Atom] = []
    for fact in facts:
        for atom in find_atoms(fact.text, day_first=first):
            if atom.value[0] == "1" and _one_in_words(atom, text):
                continue
            if atom.kind == "number" and (word := _ORDINALS.get(atom.value[0])) and re.search(rf"\b(?:{word})\b", text, re.IGNORECASE):
                continue  # 第2张图 -> the second picture
            if not any((supports(atom, s) or supports(s, atom)) and _as_exact(atom, s) for s in said) and not any(m.value == atom.value for m in missing):
                missing.append(atom)
    return missing


_ORDINALS = {"1": "first", "2": "second|twice|both|two", "3": "third", "4": "fourth", "5": "fifth", "6": "sixth", "7": "seventh", "8": "eighth", "9": "ninth", "10": "tenth"}


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
    if not atom.text[0].isdigit() and Decimal(atom.value[0]) <= 10 and _OWN_COUNT.match(text, atom.end):
        return True
    return atom.value == ("1",) and not atom.text.isdigit()


@lru_cache(maxsize=512)
def _pinyin(text: str) -> str:
    from pypinyin import lazy_pinyin  # imported late: a letter with English facts never needs it

    return "".join(lazy_pinyin(text))


def _name_in(name: str, sources: str) -> bool:
    """Whether every word of the name stands in the sources, directly, as pinyin, or as the glossary's word for a Chinese term there."""
    low = sources.lower()
    rest = [w for w in re.findall(r"[a-z0-9]+", name.lower()) if not re.search(rf"(?<![a-z0-9]){re.escape(w)}", low) and w not in known_words() and w not in _LEGAL_FORMS]
    if not rest:
        return True
    han = "".join(re.findall(r"[一-鿿]+", sources))
    if not han:
        return False
    spoken = _pinyin(han)
    rest = [w for w in rest if w not in spoken]
    if not rest:
        return True
    translated = {w for term in knowledge.glossary() if any(z in sources for z in (*term.zh, *term.zh_hant)) for e in term.en for w in re.findall(r"[a-z0-9]+", e.lower())}
    return all(w in translated for w in rest)


_LEGAL_FORMS = {"co", "ltd", "limited", "inc", "llc", "company", "corp", "gmbh", "trading", "technology", "electronics", "factory", "s"}
"""Words of company names that a translation of 有限公司, 贸易 ... adds."""


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
        fix="Correct it to what the facts say, add the missing fact, or take it out.",
        fix_zh="按事实改正、补充这条事实,或删掉它。",
        kind=_ERROR.get(atom.kind, "number"),
        facts=tuple(f.id for f in facts),
    )
