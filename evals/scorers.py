"""Scores of one letter, or of the letters of one writer: small pure functions, each with the words that it judged.

What comes in is plain text and the case it was written from, so that every writer is judged through the same door: our letters are
read as if they had been pasted. What comes out is a `Score`: a number, or None when there was nothing to judge, and `Extract`s.

Not judged here: whether a sentence follows from the facts in meaning (that needs a model or a person). `must_not` items of meaning are
therefore reported as `undecided` unless not one of their words stands in the letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rag import knowledge
from rag.atoms import Atom, find_atoms, supports
from rag.checks.likeness import genericity
from rag.checks.likeness import likeness as checked_likeness
from rag.checks.lock import unsupported
from rag.checks.view import view_of
from rag.formats import letter_from_text, split_sentences
from rag.models import Case, Fact, Finding, Letter, Stance
from rag.script import fold, has_han


@dataclass(frozen=True)
class Extract:
    """What was judged and how."""

    item: str
    """What was looked for or found: a must-mention, a fact id, a kind of finding."""
    verdict: str
    """One word that counts: present, missing, invented, lost, altered, tense, shown, filled, undecided ..."""
    quote: str = ""
    """Words of the letter, verbatim; empty when the point is that they are not there."""
    note: str = ""


@dataclass(frozen=True)
class Score:
    """A number with what it rests on. None: there was nothing to judge, which is not zero."""

    value: float | None
    extracts: tuple[Extract, ...] = ()

    def having(self, *verdicts: str) -> tuple[Extract, ...]:
        """The extracts with one of these verdicts."""
        return tuple(e for e in self.extracts if e.verdict in verdicts)


# --- reading a pasted letter ------------------------------------------------------------------------------------------------

PLACEHOLDER = re.compile(r"\[(?!\d{1,3}\])[^\[\]\n]{2,160}\]|_{4,}|\{\{[^}\n]{1,80}\}\}|<(?:insert|your)\b[^>\n]{1,80}>", re.IGNORECASE)
"""A visible gap or an unfilled form field; `[3]` is a reference."""
_LABEL = re.compile(r"^(?:[-*•]\s*)?(?P<label>[A-Z][\w'’/&-]*(?:\s+(?:[A-Z][\w'’/&-]*|and|of|the|for|to|in|on|with|&)){0,7})\s*[:：]\s*")
_SIGNS = re.compile(r"\*\*|__|`|^#+\s*|^>\s*", re.MULTILINE)


def plain(text: str) -> str:
    """The text without marks of Markdown, which say nothing."""
    return _SIGNS.sub("", text)


def as_letter(text: str, *, case_id: str = "", case_type: str = "", stance: Stance = "accept_and_fix") -> Letter:
    """The text read as a pasted letter. A gap on a line of its own is closed with a full stop, or its words would be read as a heading."""
    closed = re.sub(rf"(?m)^(\s*(?:{PLACEHOLDER.pattern}))\s*$", r"\1.", plain(text), flags=re.IGNORECASE)
    return letter_from_text(closed, case_id=case_id, case_type=case_type, stance=stance)


def words(text: str) -> int:
    """How many words a text has; a Chinese character counts as one."""
    return len(re.findall(r"[A-Za-z0-9][\w.,'’%/-]*|[一-鿿]", text))


def lines_of(text: str) -> list[str]:
    """The sentences of a letter as pasted, headings left out."""
    return [s.text.strip() for section in as_letter(text).sections for s in section.sentences if s.text.strip()]


def _without_gaps(sentence: str) -> str:
    return PLACEHOLDER.sub(" ", sentence)


def _is_title(sentence: str) -> bool:
    """A line such as `Subject: Appeal for Reinstatement of Selling Privileges`: capitals there name nobody."""
    found = re.findall(r"[A-Za-z]+", sentence)
    long = [w for w in found if len(w) > 3]
    return bool(long) and sentence.rstrip()[-1:] not in ".!?" and sum(w[0].isupper() for w in long) >= 0.7 * len(long)


# --- what must and must not be there ------------------------------------------------------------------------------------------


def must_mention(text: str, items: Sequence[str], *, first: bool | None = None) -> Score:
    """Share of the items that the letter states: exact parts in any usual form, names in any case, words in any ending."""
    if not items:
        return Score(None)
    extracts = tuple(_mention(text, item, first) for item in items)
    return Score(sum(e.verdict == "present" for e in extracts) / len(items), extracts)


def _mention(text: str, item: str, first: bool | None) -> Extract:
    sentences = [s for line in plain(text).splitlines() for s in split_sentences(line)]
    whole = _only_exact(item, first)
    if not whole and (at := _verbatim(item, text)) is not None:
        return Extract(item, "present", _around(text, *at), "as written")
    wanted_atoms = find_atoms(item, day_first=first)
    wanted_words = [] if whole else [stem(w) for w in _word_list(_cut_out(item, wanted_atoms))]
    for sentence in sentences:
        said = find_atoms(sentence, day_first=first)
        have = {stem(w) for w in _word_list(sentence)}
        if all(any(states(s, a) for s in said) for a in wanted_atoms) and all(w in have for w in wanted_words):
            return Extract(item, "present", sentence)
    # `P2` or `LR_4471` may be no atom in running text: the same letters and digits, not inside a longer word, will do.
    if whole and not any(a.kind in {"number", "percent", "date", "duration", "time"} for a in wanted_atoms) and (at := _verbatim(item, text)) is not None:
        return Extract(item, "present", _around(text, *at), "as written")
    return Extract(item, "missing")


def states(said: Atom, wanted: Atom) -> bool:
    """Whether an exact part of the letter says the wanted one; a sum may be wanted without its currency."""
    if wanted.kind == "number" and said.kind == "money":
        return said.value[-1] == wanted.value[0]
    if wanted.kind == "number" and said.kind not in {"number", "duration", "id"}:
        return False
    return supports(said, wanted)


def _only_exact(item: str, first: bool | None) -> bool:
    atoms = find_atoms(item, day_first=first)
    return bool(atoms) and not re.search(r"[^\W\d_]", _cut_out(item, atoms))


def _cut_out(item: str, atoms: Iterable[Atom]) -> str:
    for atom in sorted(atoms, key=lambda a: -a.start):
        item = f"{item[: atom.start]} {item[atom.end :]}"
    return item


def _folded(text: str) -> str:
    """Lower case, straight quotes, single-length replacements only, so that places hold."""
    return text.lower().translate(str.maketrans("’‘“”–—\u00a0", "''\"\"-- "))


def _verbatim(item: str, text: str) -> tuple[int, int] | None:
    pattern = r"\s+".join(re.escape(part) for part in _folded(item).split())
    match = re.search(rf"(?<![a-z0-9]){pattern}(?![a-z0-9])" if item[-1].isalnum() else rf"(?<![a-z0-9]){pattern}", _folded(text))
    return match.span() if match else None


def _around(text: str, start: int, end: int) -> str:
    before = max(text.rfind("\n", 0, start), text.rfind(". ", 0, start) + 1) + 1
    after = min((i for i in (text.find("\n", end), text.find(". ", end)) if i >= 0), default=len(text))
    return text[before : after + 1].strip()


def must_not_literal(text: str, items: Sequence[str]) -> Score:
    """How many `literal:` items stand in the letter. Case counts only for an item written in capitals."""
    literals = [i.partition(":")[2].strip() for i in items if i.lower().startswith("literal:")]
    if not literals:
        return Score(None)
    extracts = []
    for literal in literals:
        where, what = (text, literal) if literal.isupper() and len(literal) > 3 else (_folded(text), _folded(literal))
        match = re.search(rf"(?<![A-Za-z0-9]){re.escape(what)}" if what[0].isalnum() else re.escape(what), where)
        extracts.append(Extract(literal, "present", _around(text, *match.span())) if match else Extract(literal, "absent"))
    return Score(float(sum(e.verdict == "present" for e in extracts)), tuple(extracts))


def must_not_meaning(text: str, items: Sequence[str]) -> Score:
    """How many `meaning:` items code cannot rule out. `absent`: not one content word of the item stands in the letter; else `undecided`."""
    meanings = [i.partition(":")[2].strip() for i in items if i.lower().startswith("meaning:")]
    if not meanings:
        return Score(None)
    sentences = [(s, {stem(w) for w in _word_list(s)}) for s in lines_of(text)]
    extracts = []
    for meaning in meanings:
        wanted = {stem(w) for w in content_words(meaning)}
        share, nearest = max(((len(wanted & have), s) for s, have in sentences), default=(0, ""), key=lambda pair: pair[0])
        extracts.append(Extract(meaning, "undecided", nearest, f"{share} of {len(wanted)} words") if share else Extract(meaning, "absent"))
    return Score(float(sum(e.verdict == "undecided" for e in extracts)), tuple(extracts))


# --- what was invented, lost, changed -----------------------------------------------------------------------------------------


def invented(text: str, case: Case, facts: Sequence[Fact], *, first: bool | None = None) -> Score:
    """How many numbers, dates, identifiers and names of the letter stand neither in the facts nor in notice, store and documents."""
    extracts: list[Extract] = []
    for sentence in lines_of(text):
        bare = _without_gaps(sentence)
        label = _LABEL.match(bare)
        title = _is_title(bare)
        for atom in unsupported(bare, facts, case, first=first):
            if atom.kind == "name" and (title or (label and atom.start < label.end())):
                continue
            extracts.append(Extract(atom.text, "invented", sentence, "id" if atom.kind in {"asin", "order_id", "id", "email", "url"} else "number" if atom.kind not in {"date", "name"} else atom.kind))
    return Score(float(len(extracts)), tuple(extracts))


def facts_kept(text: str, facts: Sequence[Fact], *, first: bool | None = None) -> Score:
    """Share of the exact parts of all facts (numbers, dates, identifiers) that the letter still has. August is not 10 August."""
    said = [a for line in plain(text).splitlines() for a in find_atoms(line, day_first=first)]
    extracts: list[Extract] = []
    for fact in facts:
        for atom in _distinct(find_atoms(fact.text, day_first=first)):
            kept = next((s for s in said if states(s, atom)), None)
            extracts.append(Extract(fact.id, "kept" if kept else "lost", kept.text if kept else "", atom.text))
    return Score(sum(e.verdict == "kept" for e in extracts) / len(extracts) if extracts else None, tuple(extracts))


_STOCK: tuple[tuple[str, str, str], ...] = (
    # measure, words of a letter, words of the facts that allow it (any language)
    ("training", r"\b(?:re)?train(?:ed|ing|ings|s)?\b|\bworkshops?\b|\brefreshers?\b", r"train|培训|培訓|训练"),
    ("hiring", r"\bhir(?:e|ed|ing)\b|\brecruit\w*|\b(?:additional|more|new|dedicated) (?:staff|employees|team|personnel)\b", r"hire|recruit|招聘|新招|招了|聘|加人|专人"),
    ("software", r"\bsoftware\b|\b(?:new|automated|automatic|advanced|robust|comprehensive|management|monitoring|tracking) (?:\w+ )?(?:system|tool|platform)s?\b", r"software|system|tool|软件|軟件|軟體|系统|系統|工具|erp|脚本"),
    ("dismissal", r"\bdismiss(?:ed|al)\b|\bfired\b|\bdisciplin\w+|\bterminated the employ\w+", r"dismiss|fired|disciplin|terminat|开除|開除|辞退|处分|解雇"),
    ("change of supplier", r"\b(?:new|vetted|reputable|alternative) suppliers?\b|\b(?:terminated|ended|ceased|stopped)\b[^.]{0,40}\bsuppliers?\b", r"new supplier|stopped buying|换供应商|新供应商|终止|不再.{0,6}进货"),
    ("audit", r"\baudit(?:s|ed|ing)?\b", r"audit|审|稽核|抽|查|check|inspect"),
    ("apology", r"\bapologi[sz]ed\b|\bapolog(?:y|ies) to (?:the |all |every |each )?(?:affected )?(?:customer|buyer)s?\b", r"apolog|道歉|致歉"),
    ("refund", r"\brefund(?:ed|s|ing)?\b", r"refund|reimburs|退款|退了|退钱|退給|赔|賠"),
    ("study of the policy", r"\b(?:read|studied|familiari[sz]ed)\b[^.]{0,40}\bpolic(?:y|ies)\b", r"polic|政策|规则|規則"),
    ("meetings", r"\b(?:daily|weekly|monthly|quarterly|regular) (?:\w+ )?meetings?\b", r"meeting|会议|會議|开会|例会"),
    ("lawyer", r"\b(?:lawyers?|attorneys?|legal (?:counsel|team|advisors?|experts?))\b", r"lawyer|attorney|legal|律师|律師|法务"),
    ("contact with customers", r"\b(?:contacted|reached out to|wrote to)\b[^.]{0,20}\b(?:customers?|buyers?)\b", r"contact|wrote|message|联系|聯絡|发邮件|发消息|写信|客服"),
)


def stock_measures(text: str, facts: Sequence[Fact]) -> Score:
    """How many kinds of stock measures the letter tells though no fact has a word of them: trainings, new software, hired staff ...

    The commonest inventions have no number or name in them. This finds the usual ones by their words, and only those.
    """
    told = fold("\n".join(f.text for f in facts))
    extracts: list[Extract] = []
    for measure, words_of_letter, words_of_facts in _STOCK:
        if re.search(words_of_facts, told, re.IGNORECASE):
            continue
        found = next((s for s in lines_of(text) if re.search(words_of_letter, s, re.IGNORECASE) and not re.search(r"\b(?:no|not|never|without|nor)\b", s, re.IGNORECASE)), None)
        if found:
            extracts.append(Extract(measure, "invented", found))
    return Score(float(len(extracts)), tuple(extracts))


def foreign_places(text: str, case: Case, facts: Sequence[Fact]) -> Score:
    """How many Chinese places the letter names that the case does not. The lock lets the places of the glossary pass, so they are counted here."""
    sources = fold("\n".join((case.notification, case.store_name, *(f.text for f in facts), *(f"{e.name} {e.data}" for e in case.evidence))))
    extracts = [
        Extract(en, "foreign", sentence)
        for sentence in lines_of(text)
        for en, zh in _places()
        if re.search(rf"\b{en}\b", sentence) and en.lower() not in sources and not any(z in sources for z in zh)
    ]
    return Score(float(len(extracts)), tuple(extracts))


@lru_cache(maxsize=1)
def _places() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(English, Chinese forms) of the glossary's terms whose English is the sound of their Chinese: names of places."""
    from pypinyin import lazy_pinyin  # imported late: half a second

    return tuple((term.en[0], tuple(map(fold, term.zh))) for term in knowledge.glossary() if any("".join(lazy_pinyin(z)) == term.en[0].lower() for z in term.zh))


def told(case: Case, *, first: bool | None = None) -> tuple[Fact, ...]:
    """The facts that a letter may rest on: all but those with a wish that the case itself forbids: a date of its `literal:` items.

    Not the program's own detector of wishes: it would hide its mistakes.
    """
    literals = [i.partition(":")[2].strip() for i in case.must_not if i.lower().startswith("literal:")]
    forbidden = [a for text in literals for a in find_atoms(text, day_first=first) if a.kind == "date"]
    return tuple(f for f in case.facts if not any(a.value == b.value for a in find_atoms(f.text, day_first=first) for b in forbidden))


def _distinct(atoms: Iterable[Atom]) -> list[Atom]:
    return list({(a.kind, a.value): a for a in atoms}.values())


def facts_altered(text: str, case: Case, facts: Sequence[Fact], *, first: bool | None = None) -> Score:
    """How many facts are retold with another number, date or identifier: their sentence lost a part and has a foreign one of that kind."""
    extracts: list[Extract] = []
    for sentence, fact in sentence_facts(lines_of(text), facts, first=first):
        said = find_atoms(sentence, day_first=first)
        lost = [a for a in _distinct(find_atoms(fact.text, day_first=first)) if not any(states(s, a) or supports(a, s) for s in said)]
        foreign = [a for a in unsupported(_without_gaps(sentence), facts, case, first=first) if a.kind != "name"]
        pair = next(((a, b) for a in lost for b in foreign if a.kind == b.kind), None)
        if pair:
            extracts.append(Extract(fact.id, "altered", sentence, f"{pair[0].text} became {pair[1].text}"))
    return Score(float(len({e.item for e in extracts})), tuple(extracts))


def sentence_facts(sentences: Sequence[str], facts: Sequence[Fact], *, first: bool | None = None) -> list[tuple[str, Fact]]:
    """Which fact a sentence tells, by shared exact parts: the fact with most of them; none when two facts of different kinds share alike.

    Works for any writer and any language of the facts, since it looks at numbers, dates and identifiers alone. A lone small number is
    no sign of a fact.
    """
    parts = [(fact, _distinct(find_atoms(fact.text, day_first=first))) for fact in facts]
    pairs: list[tuple[str, Fact]] = []
    for sentence in sentences:
        said = find_atoms(sentence, day_first=first)
        counted = [(sum(_weight(a) for a in atoms if any(states(s, a) for s in said)), fact) for fact, atoms in parts]
        best = max((n for n, _ in counted), default=0.0)
        top = [fact for n, fact in counted if n == best]
        if best >= 1 and len({f.kind for f in top}) == 1:
            pairs.append((sentence, top[0]))
    return pairs


def _weight(atom: Atom) -> float:
    if atom.kind == "date":
        return 1.0 if atom.value[2] else 0.5
    if atom.kind == "number":
        return 0.5 if len(atom.value[0]) < 3 else 1.0
    return 0.5 if atom.kind in {"duration", "time"} else 1.0


# --- form ----------------------------------------------------------------------------------------------------------------------

_FUTURE = re.compile(r"\b(?:will|shall|going to|plans? to|planned to|is scheduled|are scheduled|intends?|to be (?:done|started|introduced)|aim to)\b|'ll\b", re.IGNORECASE)
_DONE = re.compile(r"\b(?:was|were|had|(?:has|have) (?:also |already |now |since |then )?(?:been )?[a-z]+(?:ed|en|ade|ept|ent|old|ound|un|ut)\b|(?:we|i|team|staff|manager|lead|supervisor|operator|warehouse) (?:have |has |also |already |then |immediately )*[a-z]{3,}ed\b)", re.IGNORECASE)
PLAN_SECTIONS = ("root_cause", "corrective_actions", "preventive_measures")


def tense_errors(text: str, facts: Sequence[Fact], *, first: bool | None = None) -> Score:
    """How many planned measures are told as done, and done ones as still to come. Only sentences that can be matched to one fact count."""
    extracts: list[Extract] = []
    for sentence, fact in sentence_facts(lines_of(text), [f for f in facts], first=first):
        future, done = bool(_FUTURE.search(sentence)), bool(_DONE.search(sentence))
        if fact.kind == "action_planned" and done and not future:
            extracts.append(Extract(fact.id, "told_as_done", sentence, fact.text))
        elif fact.kind == "action_done" and future and not done and not re.search(r"将|會|会|will", fact.text):
            extracts.append(Extract(fact.id, "told_as_planned", sentence, fact.text))
        elif fact.kind in {"action_planned", "action_done"}:
            extracts.append(Extract(fact.id, "right", sentence))
    return Score(float(sum(e.verdict != "right" for e in extracts)) if extracts else None, tuple(extracts))


def sections_present(letter: Letter, wanted: Sequence[str], *, plan_allowed: bool) -> Score:
    """Share of the wanted sections that stand under a heading of their own; `unwanted` names parts of a plan in a letter that must not be one."""
    bodies = {s.id: " ".join(t.text for t in s.sentences) for s in letter.sections if s.sentences}
    extracts = [Extract(name, "present" if name in bodies else "missing", bodies.get(name, "")[:160]) for name in wanted]
    if not plan_allowed:
        extracts += [Extract(name, "unwanted", bodies[name][:160]) for name in PLAN_SECTIONS if name in bodies and name not in wanted]
    return Score(sum(e.verdict == "present" for e in extracts) / len(wanted) if wanted else None, tuple(extracts))


def gaps_shown(letter: Letter, missing: Sequence[str]) -> Score:
    """Share of the sections without any fact that stay a visible gap. `filled`: the section has text though nothing was told for it."""
    extracts: list[Extract] = []
    for name in missing:
        sentences = [t.text for s in letter.sections if s.id == name for t in s.sentences]
        text = [s for s in sentences if words(_without_gaps(s)) >= 5]
        if text:
            extracts.append(Extract(name, "filled", " ".join(text)[:300]))
        else:
            extracts.append(Extract(name, "shown", " ".join(sentences)) if sentences else Extract(name, "left_out"))
    return Score(sum(e.verdict == "shown" for e in extracts) / len(missing) if missing else None, tuple(extracts))


def placeholders(text: str) -> Score:
    """How many bracketed fields stand in the letter; ours are gaps with a question, a chat window's are its template."""
    extracts = tuple(Extract(m[0], "placeholder", _around(text, *m.span())) for m in PLACEHOLDER.finditer(text))
    return Score(float(len(extracts)), extracts)


def chinese_left(text: str) -> Score:
    """How many sentences still have Chinese characters, in a letter that has to be English."""
    extracts = tuple(Extract("chinese", "left", s) for s in lines_of(text) if has_han(s))
    return Score(float(len(extracts)), extracts)


def generic(letter: Letter, case: Case) -> Score:
    """Share of the sentences that would fit any other case as well."""
    return Score(genericity(view_of(letter, case), case))


def findings_of(findings: Iterable[Finding], kinds: Iterable[str]) -> Score:
    """How many blocking findings are of these kinds."""
    wanted = set(kinds)
    extracts = tuple(Extract(f.kind, "forbidden", f.quote, f.message) for f in findings if f.severity == "block" and f.kind in wanted)
    return Score(float(len(extracts)), extracts)


# --- many letters ----------------------------------------------------------------------------------------------------------------


def containment(one: str, two: str) -> float:
    """Share of the shorter text's runs of five words that the other has too."""
    return max(checked_likeness(one, two), checked_likeness(two, one))


def likeness(texts: Mapping[str, str]) -> Score:
    """Mean containment over all pairs of letters; the extracts are the likest pairs."""
    names = sorted(texts)
    pairs = [(containment(texts[a], texts[b]), a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    if not pairs:
        return Score(None)
    top = tuple(Extract(f"{a} / {b}", "alike", "", f"{share:.2f}") for share, a, b in sorted(pairs, reverse=True)[:3])
    return Score(sum(p[0] for p in pairs) / len(pairs), top)


# --- numbers ---------------------------------------------------------------------------------------------------------------------


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing."""
    return sum(values) / len(values) if values else None


def interval(values: Sequence[float], *, seed: int = 0, rounds: int = 2000, statistic: Callable[[np.ndarray], np.ndarray] | None = None) -> tuple[float, float] | None:
    """95 % bootstrap interval of the mean over cases. None for fewer than two values."""
    if len(values) < 2:
        return None
    data = np.asarray(values, dtype=float)
    drawn = data[np.random.default_rng(seed).integers(0, len(data), (rounds, len(data)))]
    means = statistic(drawn) if statistic else drawn.mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def precision_recall(right: int, found: int, wanted: int) -> dict[str, float | int | None]:
    """Precision, recall and F1 from counts; None where nothing was found or wanted."""
    precision = right / found if found else None
    recall = right / wanted if wanted else None
    f1 = 2 * right / (found + wanted) if found + wanted else None
    return {"precision": precision, "recall": recall, "f1": f1, "right": right, "found": found, "wanted": wanted}


# --- words -----------------------------------------------------------------------------------------------------------------------

_COMMON = frozenset(
    ["a", "an", "the", "and", "or", "but", "if", "of", "in", "on", "at", "to", "for", "from", "by", "with", "without", "about", "as", "into", "than", "that", "this", "these", "those", "it", "its", "he", "she", "they", "them", "their", "we", "our", "us", "you", "your", "i", "is", "are", "was", "were", "be", "been", "being", "has", "have", "had", "do", "does", "did", "will", "would", "can", "could", "may", "might", "must", "should", "not", "no", "nor", "any", "all", "more", "most", "other", "some", "such", "only", "own", "same", "so", "there", "then", "when", "where", "which", "who", "whom", "what", "how", "why", "also", "already", "yet", "still", "just", "very", "one", "amazon", "seller", "store"]
)


def _word_list(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+(?:['’][a-z]+)?", text.lower().replace("’s", "").replace("'s", ""))


def content_words(text: str) -> list[str]:
    """The words that carry meaning."""
    return [w for w in _word_list(text) if w not in _COMMON]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """The word without its ending, roughly: `refunded`, `refunds`, `refund` are one."""
    for ending, keep in (("ations", 4), ("ation", 4), ("ings", 3), ("ing", 3), ("ied", 3), ("ies", 3), ("edly", 3), ("ed", 3), ("ers", 4), ("er", 4), ("ly", 4), ("es", 3), ("s", 3), ("e", 3), ("y", 3)):
        if word.endswith(ending) and len(word) - len(ending) >= keep and not word.endswith("ss"):
            cut = word[: -len(ending)]
            return cut[:-1] if len(cut) > 3 and cut[-1] == cut[-2] and cut[-1] not in "ls" else cut
    return word
