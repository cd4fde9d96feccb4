"""What is wrong with a wording of one fact: figures lost or added, words lost or added, tense, negation, bounds, fragments.

Exact complaints first, in words that the model is asked again with. `hard` ones may not stand in a letter; soft ones are doubts that ask for another try.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.atoms import Atom
from rag.checks.bounds import reversed_bounds
from rag.checks.lexicon import compare
from rag.checks.lock import lost, unsupported
from rag.models import Case, Fact
from rag.prepare import day_first, english_date, prepared
from rag.script import has_han, simplified
from rag.terms import glossary_matches


@dataclass(frozen=True)
class Problem:
    """What is wrong with a wording. `hard` ones may not stand in a letter; soft ones are doubts that ask for another try."""

    text: str
    hard: bool


_NEGATION_ZH = re.compile(r"没有?(?!(?:任何|什么)?问题)|沒有?|未|不(?!锈钢|同|仅|但|断|足|良|管|过|得不|锈)|无(?!线|锡|忧|纺)|非(?!常)|从不|从未|禁止|停止|(?<![区特分级个识类性差辨鉴告])别(?!家|人|的|处|名|墅|店|款)")
_NEGATION_EN = re.compile(r"\b(?:no|not|never|without|nobody|none|neither|nor|cannot|unable|fail(?:ed|s|ure)?|lack(?:ed|s|ing)?|missing|un[a-z]{4,}|in(?:correct|complete|valid|sufficient)[a-z]*|mis[a-z]{4,}|stop(?:ped|s)?|only|dis[a-z]{4,}|instead|out of|over[a-z]{4,}|absent|less|refuse[ds]?|avoid|prevent(?:ed|s)?|prohibit(?:ed|s)?|forbid(?:den|s)?|ban(?:ned)?|wrong(?:ly)?|differ(?:s|ed|ent|ence)?|free of|fell short)\b|n't\b", re.IGNORECASE)
_FUTURE = re.compile(r"\b(?:will|shall|going to|plan(?:s|ned)? to|is scheduled|are scheduled|intend)\b", re.IGNORECASE)
_PAST = re.compile(r"\b(?:was|were|had|has been|have been)\b|\b(?:we|has|have|specialist|manager|lead|supervisor|team|staff|warehouse|officer|clerk|agent)\s+(?:already\s+|now\s+|also\s+)?[a-z-]+ed\b", re.IGNORECASE)


def problems_of(text: str, fact: Fact, case: Case) -> list[Problem]:
    """What is wrong with `text` as a wording of `fact`, exact complaints first."""
    first = day_first(case.marketplace)
    found = [Problem(f"“{a.text}” is not in the fact", True) for a in unsupported(text, [fact], _bare(case), first=first)]
    # 两个ASIN:…、…: a small count written out is no figure of its own where the things counted are named.
    found += [Problem(f"{_as_written(a)} is missing", a.text not in "两兩三四") for a in lost(text, [fact], first=first)]
    found += [Problem(f"“{a.text}” has the opposite bound in the fact: more than, fewer than", True) for a in reversed_bounds(text, [fact.text], first=first)]
    if has_han(text):
        found.append(Problem("it still has Chinese characters", True))
    if not text.strip():
        found.append(Problem("it is empty", True))
    if len(text) > 60 + 9 * len(fact.text):
        found.append(Problem("it is far longer than the fact", True))
    if fact.kind == "action_planned" and not _FUTURE.search(text) and (_PAST.search(text) or not re.search(r"\b(?:every|each|before|from|always|only)\b", text, re.IGNORECASE)):
        found.append(Problem("the fact is a plan and not done yet: use “will”", True))
    if fact.kind == "action_done" and _FUTURE.search(text) and not re.search(r"将|会|will", fact.text):
        found.append(Problem("the fact is done already: use the past tense, not “will”", True))
    if has_han(fact.text):
        missed, added = compare(fact.text, text)
        found += [Problem(f"“{m}” has lost its unit", False) for m in _bare_durations(prepared(fact.text, case.marketplace), text)]
        found += [Problem(f"{m.zh} is lost: say “{plain_form(m.en[0])}”", False) for m in missed if m.strong][:4]
        found += [Problem(f"the fact does not say “{a.en}”", False) for a in added][:3]
        bare = _without_terms(simplified(fact.text))
        if fragment := _FRAGMENT.search(text):
            found.append(Problem(f"“{fragment[1]}” has no verb", False))
        if (about := _ABOUT.search(text)) and not re.search(r"约|大概|左右|上下|近|差不多|几乎|余|涉及|关于", bare):
            found.append(Problem(f"the fact does not say “{about[1]}”: the figure is exact", False))
        if (person := _GENDER.search(text)) and not PERSON.search(bare):
            found.append(Problem(f"the fact does not say “{person[0]}”", False))
        if _NEGATION_ZH.search(bare) and not _NEGATION_EN.search(text):
            found.append(Problem("the fact says that something was not so: the “not” is lost", True))
        if re.search(r"\b(?:not|never|no)\b|n't\b", text, re.IGNORECASE) and not re.search(r"没|沒|未|不|无|無|非|别|禁|停|缺|才|只|再|忘|漏|(?<![A-Za-z])(?:not|no|never)(?![A-Za-z])|n't", bare, re.IGNORECASE):
            found.append(Problem("the fact has no “not”", True))
        latin = [w for w in re.findall(r"(?<![^\W_一-鿿])(?<![@.-])[A-Za-z][A-Za-zÀ-ɏ'’-]{2,}(?![A-Za-z0-9@À-ɏ-]|\.[A-Za-z])", fact.text) if not re.search(rf"\b{re.escape(w.lower()[:5])}", text.lower())]
        # A name has to stand there; an English word inside a Chinese fact (retraction, invoice) may be put otherwise.
        found += [Problem(f"“{w}” is missing", not w.islower()) for w in sorted(set(latin))][:3]
    quoted = re.findall(r"[“\"「『]([A-Za-z][^”\"」』]{1,60})[”\"」』]", fact.text)
    found += [Problem(f"the quoted words “{q}” are missing", True) for q in quoted if q.lower() not in text.lower()]
    return found


_FRAGMENT = re.compile(r"(?:^|[.!?] )((?=[A-Z0-9-]*\d)[A-Z0-9-]{6,} \d+ \w+)(?! (?:are|is|was|were|have|had)\b)")
_ABOUT = re.compile(r"\b(about|around|approximately|roughly|nearly|almost) (?=\d)", re.IGNORECASE)
_GENDER = re.compile(r"\b(?:he|she|his|her|him|hers)\b", re.IGNORECASE)
PERSON = re.compile(r"[他她妈爸父母妻姐哥弟妹姨叔]|先生|女士|小姐|丈夫|老婆|老公|儿子|女儿")
_DURATION = re.compile(r"\b(\d+(?:\.\d+)?) (?:working )?(minute|hour|day|week|month)s?\b")


def _bare_durations(fact: str, text: str) -> list[str]:
    """Durations of the prepared fact whose number stands in the sentence without its unit: 46 SKUs from 2 days to 5 days, worded as "from 46 to 5"."""
    lower = text.lower()
    kept = {m[0] for m in re.finditer(r"(\d+(?:\.\d+)?)(?=(?:\s*(?:-|–|to|and|or|until|through)\s*(?:\d+(?:\.\d+)?))?[\s-]*(?:working |business |calendar |full |consecutive )?(?:minute|hour|day|week|month))", lower)}
    return [m[0] for m in _DURATION.finditer(fact) if re.search(rf"(?<![\d.]){re.escape(m[1])}(?!\d|\.\d)", lower) and m[1] not in kept]


def _without_terms(zh: str) -> str:
    """The fact without the glossary's terms, whose characters (不锈钢, 无线) are no negations."""
    for term, _, _ in glossary_matches(zh):
        zh = zh.replace(term, " ")
    return zh


def plain_form(pattern: str) -> str:
    """A rendering of the lexicon as a word to show: `ship\\w*` -> ship."""
    return re.sub(r"\\w\*|\\b|\(\?:([^|)]*)[^)]*\)\??|[\\?*]", lambda m: m[1] or "", pattern).strip()


def _bare(case: Case) -> Case:
    """The case without notice and documents: a wording of one fact may use that fact and the name of the store only."""
    return Case(id=case.id, marketplace=case.marketplace, store_name=case.store_name)


def _as_written(atom: Atom) -> str:
    return english_date(atom) if atom.kind == "date" and "|" not in atom.value[1] else f"“{atom.text}”"
