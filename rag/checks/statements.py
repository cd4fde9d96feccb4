"""Statements a letter should not make: admissions nobody decided on, and things that never belong in an appeal. Code only, no model.

`knowledge/statements.yaml` holds the wording families of each kind; this module decides whether a match is *asserted by us about us*.
A match is excused in a denial, in what the notice, a buyer or a policy says, in quotation marks, in a condition, in a control or
commitment, in a corrective fact, or when the seller has conceded that very kind (admissions only). A confession in words that no family knows is
found by the trained head of `meaning.py`, which is given what the families found as well; without it this is a check of words only. Neither
knows whether a statement is true.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.checks.view import Line, View
from rag.errors import KnowledgeError
from rag.models import AdmissionKind, Case, Fact, Finding, NeverKind, Passage
from rag.script import has_han, simplified
from rag.settings import PROJECT

if TYPE_CHECKING:
    import numpy as np

    from rag.checks.meaning import Meaning

STATEMENTS = PROJECT / "knowledge" / "statements.yaml"
ADMISSIONS: tuple[str, ...] = get_args(AdmissionKind)
KINDS: tuple[str, ...] = (*ADMISSIONS, *get_args(NeverKind))

STRONG, WEAK, EXCUSED, NOTHING = 0.9, 0.6, 0.2, 0.05
"""Scores of a judgement: how sure the code is that a statement is forbidden. Two findings together weigh a little more than one."""

OK = "ok"
"""Label of the head for what may stand."""
SAID = 0.55
"""Cosine from which a fact counts as naming the person and act of a sentence, so that it is no invention."""
SURELY_FINE = 0.12
"""Risk below which the head overrules a weak family, and takes the block from a strong one."""

Language = Literal["en", "zh"]
Frame = Literal["report", "denial", "condition", "control", "corrective", "quotation", "refuted", "other"]

_SPEECH: frozenset[Frame] = frozenset({"quotation", "report", "denial", "refuted", "condition", "control", "other"})
_EXCUSES: dict[str, frozenset[Frame]] = {
    **{kind: _SPEECH for kind in KINDS},
    "admits_review_solicitation": _SPEECH | {"corrective"},
    "admits_review_purchase": _SPEECH | {"corrective"},
    "asks_review_change": _SPEECH | {"corrective"},
    "admits_unrelated_violation": _SPEECH - {"refuted"},
    "admits_intent_or_knowledge": _SPEECH - {"refuted"},
    "admits_no_process": frozenset({"quotation", "report", "denial", "condition", "other"}),
    "false_promise": frozenset({"quotation", "report", "denial"}),
    "template_placeholder": frozenset(),
    "buyer_pii": frozenset(),
    "unrelated_issue": frozenset({"quotation"}),
    "emotional_plea": frozenset({"quotation", "report"}),
    "threat": frozenset({"quotation", "report", "denial", "control"}),
    "blames_amazon": frozenset({"quotation", "denial", "condition"}),
    "blames_buyer": frozenset({"quotation", "denial", "condition", "report", "control"}),
    "bribe_or_money_for_retraction": frozenset({"quotation", "report", "denial", "control"}),
    "dishonest_scapegoat_invention": frozenset({"quotation", "report", "denial", "condition", "control"}),
}
"""Which frames excuse which kind. An e-mail address is personal data in a quotation too; a request in a condition is still a request."""

_FAMILIES: tuple[frozenset[str], ...] = (
    frozenset(
        {"admits_review_purchase", "admits_review_solicitation", "asks_review_change", "bribe_or_money_for_retraction"}
    ),
    frozenset({"admits_counterfeit", "admits_forged_documents"}),
    frozenset({"admits_unauthorized_sourcing", "admits_dropshipping"}),
    frozenset({"legal_liability", "bribe_or_money_for_retraction", "threat"}),
    frozenset({"admits_no_process", "admits_unauthorized_sourcing"}),
)
"""Kinds that word the same act in different ways: of two overlapping matches only the first in the data file counts."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Text(_Strict):
    en: str
    zh: str


class _Pattern(_Strict):
    match: Annotated[str, Field(min_length=1)]
    weight: Literal["strong", "weak"] = "strong"
    unless: str = ""
    """Words before the match in its sentence that give it another meaning."""
    not_for: tuple[str, ...] = ()
    """Case types and documents in which this belongs to the matter."""


class _Kind(_Strict):
    name: _Text
    reason: _Text
    safer: _Text
    en: tuple[_Pattern, ...] = ()
    zh: tuple[_Pattern, ...] = ()
    both: tuple[_Pattern, ...] = ()


class _File(_Strict):
    terms: dict[str, str]
    kinds: dict[str, _Kind]


@dataclass(frozen=True)
class Judgement:
    """What one statement is, taken for itself."""

    label: Literal["forbidden", "allowed"]
    kind: str
    """The gravest kind found; for an allowed statement the kind it resembles, or empty."""
    score: float
    """0 to 1: how sure that it is forbidden."""
    quote: str
    """The words that decided, verbatim."""


@dataclass(frozen=True)
class _Rule:
    kind: str
    language: Language | Literal["both"]
    regex: re.Pattern[str]
    unless: re.Pattern[str] | None
    strong: bool
    not_for: tuple[str, ...]
    order: int


@dataclass(frozen=True)
class _Hit:
    kind: str
    start: int
    end: int
    strong: bool
    order: int
    frames: frozenset[Frame] = frozenset()

    @property
    def excused(self) -> bool:
        return bool(self.frames & _EXCUSES[self.kind])


# --- data -----------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _file() -> _File:
    return load_statements(STATEMENTS)


def load_statements(path: Path) -> _File:
    """The file of wording families; unknown kinds, unknown terms and broken patterns are named with their place."""
    name = path.name
    try:
        data = _File.model_validate(
            yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        )
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise KnowledgeError(f"{name}: {error}") from error
    if set(data.kinds) != set(KINDS):
        wrong = sorted(set(data.kinds) ^ set(KINDS))
        raise KnowledgeError(
            f"{name}: the kinds {', '.join(wrong)} are missing or unknown; expected exactly those of the glossary of kinds."
        )
    _rules_of(data, name)
    return data


def _rules_of(data: _File, name: str) -> tuple[_Rule, ...]:
    rules: list[_Rule] = []
    for kind, entry in data.kinds.items():
        for language in ("en", "zh", "both"):
            for number, pattern in enumerate(getattr(entry, language)):
                place = f"{name}: {kind}, {language} pattern {number + 1}"
                regex, unless = (_compile(p, data.terms, place) for p in (pattern.match, pattern.unless))
                rules.append(
                    _Rule(
                        kind,
                        language,
                        regex,
                        unless if pattern.unless else None,
                        pattern.weight == "strong",
                        pattern.not_for,
                        len(rules),
                    )
                )
    return tuple(rules)


def _compile(pattern: str, terms: Mapping[str, str], place: str) -> re.Pattern[str]:
    def term(match: re.Match[str]) -> str:
        if match[1] not in terms:
            raise KnowledgeError(f"{place}: <{match[1]}> is no term; known are {', '.join(sorted(terms))}.")
        return f"(?:{terms[match[1]]})"

    while re.search(r"<[A-Z_0-9]+>", pattern):
        pattern = re.sub(r"<([A-Z_0-9]+)>", term, pattern)
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise KnowledgeError(f"{place}: is no valid pattern ({error}).") from error


@lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    return _rules_of(_file(), STATEMENTS.name)


# --- text -----------------------------------------------------------------------------------------------------------------

_PLAIN = str.maketrans({"’": "'", "‘": "'", "`": "'", "–": "-", "—": "-", "‑": "-", " ": " ", "\t": " "})
# "Review" in the sense of examining is no product review: "review this plan", "our listing review", "a review of the decision".
_EXAMINE = re.compile(
    r"\breview(?:s|ed|ing)?(?= (?:of )?(?:(?:the|this|our|all|each|every|these|those|any|your|attached|enclosed|my|its|it|that|\d+|(?!(?:on|about|for|from|in|to|with|by|at|and|or|that)\b)\w+) ){0,3}?(?:plans?|appeals?|documents?|cases?|decisions?|accounts?|evidence|listings?|invoices?|attach\w+|enclosed|files?|requests?|information|polic(?:y|ies)|measures|repl(?:y|ies)|responses?|letters?|matter|orders?|stock|inventory|records?|templates?|messages?|texts?|process|asins?|offers?|reports?|logs?|statements?|submission|complaint|step|form|board|date|meeting|checklist|did|does|was)\b)"
    r"|\breviews(?= policy)|(?<=\bto )review(?= (?:it|them|whether|how)\b)|(?<=\blisting )reviews?|(?<=weekly )review|(?<=monthly )review|(?<=\bcompliance )review",
    re.IGNORECASE,
)
_GAP_MARK = re.compile(r"\[(?:to be supplied|待补充)[^\]]*\]", re.IGNORECASE)
_WRAPPED = re.compile(r"(?<=[\w,])\n(?=[a-z])")
_ENDS = re.compile(
    r"(?<=[。!?;])|(?<=[.!?;])(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bMrs\.)(?<!\bNo\.)(?<!\bCo\.)(?<!\bInc\.)(?<!\bLtd\.)(?=\s)|\n"
)
_QUOTED = re.compile(
    r"“[^”]{1,400}”|\"[^\"]{1,400}\"|「[^」]{1,400}」|『[^』]{1,400}』|«[^»]{1,400}»|(?<![\w])'[^'\n]{2,200}'(?!\w)"
)


def _folded(text: str) -> str:
    # One character for one character, so that every place in the folded text is the same place in the letter.
    plain = text.translate(_PLAIN)
    plain = _WRAPPED.sub(" ", "".join(_narrow(c) for c in plain))
    plain = _EXAMINE.sub(lambda m: "examin" + m[0][6:], plain)
    if not has_han(plain):
        return plain
    whole = simplified(plain)
    return whole if len(whole) == len(plain) else "".join(s if len(s := simplified(c)) == 1 else c for c in plain)


def _narrow(character: str) -> str:
    if character < "\u3000":
        return character
    narrow = unicodedata.normalize("NFKC", character) if "\uff00" <= character <= "\uffef" else character
    return narrow if len(narrow) == 1 else character


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    place = 0
    for piece in _ENDS.split(text):
        start = text.index(piece, place) if piece else place
        place = start + len(piece)
        if piece.strip():
            yield start, piece


# --- judgement --------------------------------------------------------------------------------------------------------------


def judge_statement(
    text: str, *, conceded: Sequence[str] = (), case_type: str = "", facts: Sequence[str | Fact] = (), meaning: Meaning | None = None
) -> Judgement:
    """Whether this sentence or short passage may stand in a letter. `conceded` are the admissions that the seller decided to make.

    With `meaning` the trained head decides, told what the wording families found; without it they decide alone.
    """
    if meaning is not None and "statements" in meaning.heads:
        risk, kind = risks([text], meaning, conceded=conceded, matter=(case_type,), facts=_texts(facts))[0]
        words = judge_statement(text, conceded=conceded, case_type=case_type, facts=facts)
        forbidden = risk >= meaning.heads["statements"].thresholds["forbid"]
        return Judgement("forbidden" if forbidden else "allowed", kind, round(risk, 3), words.quote if words.quote and words.kind == kind else text)
    hits = _hits(text, matter=(case_type,), facts=_texts(facts))
    bad = [h for h in hits if not h.excused and h.kind not in _allowed(conceded)]
    if not bad:
        near = hits[0] if hits else None
        return Judgement(
            "allowed",
            near.kind if near else "",
            EXCUSED if near else NOTHING,
            text[near.start : near.end] if near else "",
        )
    worst = max(bad, key=lambda h: (h.strong, -h.order))
    score = min(0.99, (STRONG if worst.strong else WEAK) + 0.03 * (len(bad) - 1))
    return Judgement("forbidden", worst.kind, round(score, 2), text[worst.start : worst.end])


def features_of(text: str, *, matter: Sequence[str] = (), facts: Sequence[str] = ()) -> np.ndarray:
    """What the families found, as numbers for the head: asserted strongly, weakly, excused; each frame; Chinese."""
    import numpy as np

    hits = _hits(text, matter=matter, facts=facts)
    live = [h for h in hits if not h.excused]
    frames = {frame for h in hits for frame in h.frames}
    return np.array(
        [any(h.strong for h in live), any(not h.strong for h in live), len(live) < len(hits), *(f in frames for f in get_args(Frame)), has_han(text)], dtype=np.float32
    )


def risks(
    texts: Sequence[str], meaning: Meaning, *, conceded: Sequence[str] = (), matter: Sequence[str] = (), facts: Sequence[str] = ()
) -> list[tuple[float, str]]:
    """For each text how sure it is that it must not stand (0 to 1), and the likeliest kind. Conceded kinds are no risk, nor is a person whom the facts name."""
    import numpy as np

    if not texts:
        return []
    labels = meaning.heads["statements"].labels
    features = np.stack([features_of(t, matter=matter, facts=facts) for t in texts])
    found: list[tuple[float, str]] = []
    for text, row in zip(texts, meaning.probabilities("statements", texts, features), strict=True):
        by_kind = {label: float(p) for label, p in zip(labels, row, strict=True) if label != OK and label not in _allowed(conceded)}
        if by_kind.get("dishonest_scapegoat_invention", 0.0) > 0.2 and facts and meaning.nearness(text, facts) >= SAID:
            del by_kind["dishonest_scapegoat_invention"]
        found.append((sum(by_kind.values()), max(by_kind, key=lambda k: by_kind[k], default="")))
    return found


def is_statement(text: str) -> bool:
    """Whether a line says something by itself: no heading, salutation, label or closing formula."""
    plain = re.sub(r"^[\W\d_]*(?:[A-Za-z][.)]\s)?", "", text.strip())
    if has_han(plain):
        return len(plain) >= 8 and plain[-1] not in ":："
    return len(plain.split()) >= 5 and plain[-1] != ":" and re.match(r"(?:dear|to whom|hello|hi|kind|best|yours|sincerely|store|subject|re|to|from)\b[^.]*$", plain, re.IGNORECASE) is None


def check_statements(view: View, case: Case | None, passages: Sequence[Passage], *, meaning: Meaning | None = None) -> list[Finding]:
    """One finding per kind and line; without a case nothing is conceded.

    Families and head together: what a strong family finds blocks unless the head is sure that it is harmless; what only the head finds warns,
    and blocks where its risk is beyond the threshold at which 97 of 100 such sentences of the training set were forbidden.
    """
    allowed = _allowed(case.conceded if case else ())
    facts = tuple(f.text for f in case.facts) if case else ()
    matter = (view.letter.case_type, view.letter.document, case.case_type if case else "")
    lines = [line for line in view.lines if line.origin != "fixed"]
    judged: Sequence[tuple[float, str]] = [(-1.0, "")] * len(lines)
    limits: Mapping[str, float] = {}
    if meaning is not None and "statements" in meaning.heads:
        judged = risks([line.text for line in lines], meaning, conceded=tuple(allowed), matter=matter, facts=facts)
        limits = meaning.heads["statements"].thresholds
    found: list[Finding] = []
    for line, (risk, likely) in zip(lines, judged, strict=True):
        seen: set[str] = set()
        fine = 0 <= risk < SURELY_FINE
        for hit in _hits(line.text, matter=matter, facts=facts):
            if hit.excused or hit.kind in allowed or hit.kind in seen or (fine and not hit.strong):
                continue
            seen.add(hit.kind)
            found.append(_finding(line, hit.kind, line.text[hit.start : hit.end].strip(), blocks=hit.strong and not fine))
        if limits and risk >= limits["warn"] and not seen and is_statement(line.text):
            found.append(_finding(line, likely, line.text, blocks=risk >= limits["block"]))
    return found


def _allowed(conceded: Sequence[str]) -> set[str]:
    return {kind for kind in conceded if kind in ADMISSIONS}


def _texts(facts: Sequence[str | Fact]) -> tuple[str, ...]:
    return tuple(f if isinstance(f, str) else f.text for f in facts)


def _hits(text: str, *, matter: Sequence[str], facts: Sequence[str]) -> tuple[_Hit, ...]:
    """All matches in the order of the text, each with the frames it stands in; of matches for one act the first of the file stays."""
    return _hits_kept(text, tuple(matter), tuple(facts))


@lru_cache(maxsize=256)
def _hits_kept(text: str, matter: tuple[str, ...], facts: tuple[str, ...]) -> tuple[_Hit, ...]:
    # Kept for the letter at hand: the head is told what was found, and the finding then quotes it.
    folded = _GAP_MARK.sub(lambda m: " " * len(m[0]), _folded(text))
    chinese = has_han(folded)
    quoted = _quotations(folded)
    hits: list[_Hit] = []
    for start, sentence in _sentences(folded):
        for rule in _rules():
            if rule.language == (
                "en"
                if chinese and not re.search(r"[a-z]{3,} [a-z]{2,}", sentence, re.IGNORECASE)
                else "zh"
                if not chinese
                else ""
            ):
                continue
            if any(m and m in rule.not_for for m in matter):
                continue
            for match in rule.regex.finditer(sentence):
                if rule.unless and rule.unless.search(sentence[: match.end()]):
                    continue
                if rule.kind == "buyer_pii" and any(
                    _flat(match[0]) in _flat(f) and not _BUYER.search(f) for f in facts
                ):
                    continue
                frames = _frames(sentence, match.start(), match.end())
                if any(a <= start + match.start() and start + match.end() <= b for a, b in quoted):
                    frames |= {"quotation"}
                hits.append(
                    _Hit(
                        rule.kind,
                        start + match.start(),
                        start + match.end(),
                        rule.strong,
                        rule.order,
                        frozenset(frames),
                    )
                )
    hits.sort(key=lambda h: (h.start, h.order))
    return tuple(h for h in hits if not any(_same_act(other, h) for other in hits))


def _same_act(other: _Hit, hit: _Hit) -> bool:
    """Whether `other` already says what `hit` says, more precisely."""
    if other.order >= hit.order or other.kind == hit.kind or other.excused:
        return False
    return (
        any({other.kind, hit.kind} <= family for family in _FAMILIES)
        and other.start < hit.end
        and hit.start < other.end
    )


def _flat(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()


def _quotations(text: str) -> list[tuple[int, int]]:
    spans = [m.span() for m in _QUOTED.finditer(text)]
    return [(a, b) for a, b in spans if b - a < 0.9 * len(text.strip())]


# --- who says it, and how -----------------------------------------------------------------------------------------------------

_BUYER = re.compile(r"buyer|customer|recipient|shopper|买家|客户|顾客|收件人|收货", re.IGNORECASE)

_NEGATION_EN = re.compile(
    r"\b(?:not|never|no|none|nobody|neither|nor|without|cannot|den(?:y|ies|ied)|instead of|rather than|far from|refuse[sd]?|untrue|false|incorrect)\b|n't\b",
    re.IGNORECASE,
)
_DENIED_AFTER_EN = re.compile(
    r"^[\w\s'-]{0,40}?\b(?:(?:was|were|is|are|has|have|had|did|does|do|can|could|will)\s+(?:not|never)\b|(?:is|are|was|were) (?:untrue|false|incorrect|wrong|unfounded)|n't\b|(?:was|were|has been|have been) (?:ruled out|excluded))",
    re.IGNORECASE,
)
_SOURCES_EN = r"(?:notice|notification|e-?mail|message|letter|complaint|complainants?|rights? ?owners?|rights? holders?|brand(?: owner)?|claim(?:ant)?|amazon|you|your (?:\w+ ){0,3}\w+|buyers?|customers?|reviewers?|competitors?|polic(?:y|ies)|rules?|guidelines?|code of conduct|agreement|law|terms|report|warning|allegation|accusation|he|she|they|reason given|team)"
_SAYS_EN = r"(?:state[sd]?|stating|sa(?:ys?|id|ying)|alleg(?:e[sd]?|ing|ation|ations)|claim(?:s|ed|ing)?|writes?|wrote|written|report(?:s|ed|ing)?|assert(?:s|ed|ing)?|accus(?:e[sd]?|ing)|suspect(?:s|ed)?|believe[sd]?|thinks?|thought|assume[sd]?|complain(?:s|ed|ing)?|suggest(?:s|ed)?|mention(?:s|ed)?|describe[sd]?|call(?:s|ed)|prohibit(?:s|ed)?|forbid(?:s|den)?|ban(?:s|ned)?|require[sd]?|define[sd]?|treats?|considers?|inform(?:s|ed)|told|tells?|indicate[sd]?|fears?|feared|felt|wondered|asked whether|asks whether|names?|named|cites?|cited|quotes?|quoted|warn(?:s|ed)?|does not allow|do not allow|not allow)"
_REPORT_EN = re.compile(
    rf"\b{_SOURCES_EN}\b[^.;]{{0,50}}?\b{_SAYS_EN}\b"
    rf"|\baccording to\b|\balleged(?:ly)?\b|\ballegation\b|\baccus(?:ed|ation)\b|\bsuspected\b|\bsupposed(?:ly)?\b|\bso-called\b"
    rf"|\b(?:polic(?:y|ies)|rules?|guidelines?|code of conduct)\b[^.;]{{0,40}}\b(?:on|against|about|regarding)\b"
    rf"|\b(?:complaint|claim|allegation|accusation|report|suspicion|question|assumption|charge)s?\b[^.;]{{0,30}}\b(?:that|whether|of|about)\b"
    r"|\bsellers? (?:may|must|can|should|are)\b|\bit is (?:prohibited|forbidden|not (?:allowed|permitted))\b",
    re.IGNORECASE,
)
_HEDGED_EN = re.compile(r"\b(?:alleged|allegedly|suspected|supposed|supposedly|so-called|purported)\b", re.IGNORECASE)
_ADMITTED_EN = re.compile(
    r"\b(?:we|i) (?:\w+ )?(?:admit|confirm|agree|concede|confess|acknowledge|accept|recogni[sz]e)\b|\b(?:is|was|are|were) (?:indeed |in fact )?(?:true|correct|right|justified|accurate|well[- ]founded)\b|\b(?:rightly|correctly)\b|\bindeed\b",
    re.IGNORECASE,
)
_CONDITION_EN = re.compile(
    r"(?:^|[,;:(]\s*|\b(?:and|or|but|that|so)\s+|\b(?:even|only|as) )(?:if|whenever|in case|should (?:an?|any|the|we)|unless|in the event|when(?= (?:an?|any|the) (?:\w+ )?(?:buyer|customer|supplier|document|item|unit|agent|listing)))\b[^,;]*$|\b(?:whether|if|any time|in case) [^,;]*$",
    re.IGNORECASE,
)
_CONTROL_EN = re.compile(
    r"\b(?:check(?:s|ed|ing)?|verif(?:y|ies|ied|ying)|inspect(?:s|ed|ing)?|screen(?:s|ed|ing)?|search(?:es|ed|ing)?|review(?:s|ed|ing)?|audit(?:s|ed|ing)?|test(?:s|ed|ing)?|compar(?:es?|ed|ing)|monitor(?:s|ed|ing)?|look(?:s|ed|ing)?|scan(?:s|ned)?|examin(?:es?|ed))\b[^.;]{0,80}\b(?:for|whether|that no|if|against|so that)\b"
    r"|\b(?:so that|to (?:prevent|avoid|exclude|stop|detect|block|ensure|make sure|rule out|keep)|prevent(?:s|ed|ing)?|avoid(?:s|ed|ing)?|exclud(?:es?|ing)|ensur(?:es?|ed|ing)|make[s]? sure|rul(?:e[sd]?|ing) out|reject(?:s|ed|ing)?|prohibit(?:s|ed|ing)?|forbid(?:s|ding)?|ban(?:s|ned|ning)?|warn(?:s|ed|ing)? against|block(?:s|ed|ing)?|refus(?:es?|ed|ing)|instruct(?:s|ed|ion|ions)?|train(?:s|ed|ing)?|protect(?:s|ed|ing)?|risk of|must|may only|are told|is told|were told|was told|taught)\b",
    re.IGNORECASE,
)
_CORRECTIVE_EN = re.compile(
    r"\b(?:delet|remov|withdr[ae]w|replac|rewr[io]t|reword|chang|disabl|deactivat|stopp|switched off|took out|taken out|discard|retir|cancel)\w*\b(?: (?:\w|-)+){0,8} (?:template|sentence|message|text|wording|line|card|insert|campaign|phrase|paragraph|flyer|leaflet|rule|flow|automation|tool|programme|program)\b",
    re.IGNORECASE,
)
_OTHERS_EN = re.compile(
    r"\b(?:another|other|unknown|different|third[- ]party) sellers?\b|\bhijackers?\b|\bcompetitors?\b(?!'s)|\bthird part(?:y|ies)\b|\bcounterfeiters?\b",
    re.IGNORECASE,
)
_ENDS_REPORT_EN = re.compile(
    r"\bbut\b|\bhowever\b|\byet\b|;|\band (?:we|i|our)\b|, (?:and|so|which|because)\b", re.IGNORECASE
)
_TURN_EN = re.compile(
    r"\bbut\b|\bhowever\b|\byet\b|;|\band (?=(?:we|i|our|it|they|this|the)\b)|, (?=(?:we|i|our|which|so|and|the|this|they|it)\b)|\bwhile\b|\balthough\b|\bbecause\b|\bsince\b",
    re.IGNORECASE,
)

_NEGATION_ZH = re.compile(
    r"没有|没|未|从不|不(?!仅|但|慎|过|良|当|小心|得不|止|久)|并非|绝无|无(?!意|理|良|故)|否认|非(?!法|授权|正规|常|官方)|而不是|杜绝|避免|防止|禁止|严禁|拒绝|勿"
)
_DENIED_AFTER_ZH = re.compile(
    r"^[^,。;]{0,8}?(?:的(?:行为|情况|情形|事实|说法)?)?(?:并不|从未|并未|没有|未曾|不(?:属实|存在|实|成立|会|是)|与事实不符|系误会)"
)
_REPORT_ZH = re.compile(
    r"(?:通知|邮件|来信|来函|亚马逊|平台|贵方|贵司|贵团队|你们|投诉|投诉方|投诉人|权利人|品牌方|品牌|买家|客户|顾客|消费者|评论者|警告|政策|规定|规则|条款|准则|守则|法律|申诉指引|绩效团队)[^。;]{0,16}?"
    r"(?:称|指出|声称|宣称|认为|表示|指控|反映|反馈|说|写道|写着|投诉|怀疑|质疑|禁止|规定|要求|提到|提及|告知|显示|以为|主张|列明|载明|明确|不允许|不得|指我|描述|留言)"
    r"|涉嫌|被指|被控|疑似|所谓|据称|指控|嫌疑|根据(?:通知|邮件|政策|贵方|亚马逊)|卖家不得|任何卖家"
)
_HEDGED_ZH = re.compile(r"涉嫌|疑似|所谓|怀疑|被指|被控")
_ADMITTED_ZH = re.compile(r"承认|属实|确实|的确|确认|无误|情况是真的|说得对|不否认|没有异议|无异议|并无异议")
_CONDITION_ZH = re.compile(
    r"(?:如果|若|如(?!下|上|图|附|此|期|实|何)|假如|倘若|一旦|凡是?|万一|当(?=买家|客户|有|供应商)|只要(?=发现)|是否|有无|无论)[^,。;]*$"
)
_CONTROL_ZH = re.compile(
    r"(?:检查|核对|核查|审核|检测|抽检|检索|排查|比对|查验|筛查|搜索|扫描|确保|防止|避免|杜绝|禁止|严禁|培训|要求|规定|告知|提醒|预防|拦截|拒收|拒绝|防范|不得|不准|不许|不可|不能|不允许|必须|以免|以防|终止|举报|屏蔽|降低|风险)[^。;]*$"
)
_CORRECTIVE_ZH = re.compile(
    r"(?:删除|停用|撤下|移除|取消|下线|废止|改写|替换|清除|停止使用|停止|作废|关闭|更换)了?[^。;,]{0,40}(?:模板|语句|句子|内容|文案|邮件|消息|卡片|话术|文字|表述|功能|插件|活动)"
)
_OTHERS_ZH = re.compile(
    r"其他卖家|别的卖家|(?:另一|某|一)(?:名|个|家|位)卖家|跟卖|竞争对手|同行|第三方卖家|不明卖家|冒用"
)
_TURN_ZH = re.compile(r",(?=我们|但|然而|而|其实|不过|却|因此|所以|并|现|经|我司|这)|但是?|然而|不过|;")


def _frames(sentence: str, start: int, end: int) -> set[Frame]:
    """The frames in which the words from `start` to `end` stand."""
    return _frames_zh(sentence, start, end) if has_han(sentence) else _frames_en(sentence, start, end)


def _frames_en(sentence: str, start: int, end: int) -> set[Frame]:
    before, after = sentence[:start], sentence[end:]
    clause = before[_clause_start(_TURN_EN, sentence, start) :]
    frames: set[Frame] = set()
    if _NEGATION_EN.search(clause[-60:]):
        frames.add("denial")
    if _DENIED_AFTER_EN.search(after):
        frames.add("refuted")
    report = _last(_REPORT_EN, sentence[: start + 1])
    if (
        report
        and not _ADMITTED_EN.search(sentence[report.end() :])
        and not _ADMITTED_EN.search(before)
        and not _ENDS_REPORT_EN.search(sentence[report.end() : start])
    ):
        frames.add("report")
    if _HEDGED_EN.search(clause + sentence[start:end]):
        frames.add("report")
    if _CONDITION_EN.search(before):
        frames.add("condition")
    if _CONTROL_EN.search(clause):
        frames.add("control")
    if _CORRECTIVE_EN.search(before + sentence[start:end]):
        frames.add("corrective")
    if _OTHERS_EN.search(clause + sentence[start:end]):
        frames.add("other")
    return frames


def _frames_zh(sentence: str, start: int, end: int) -> set[Frame]:
    before, after = sentence[:start], sentence[end:]
    clause = before[_clause_start(_TURN_ZH, sentence, start) :]
    part = re.split(r"[,:]", clause)[-1]
    frames: set[Frame] = set()
    if _NEGATION_ZH.search(part):
        frames.add("denial")
    if _DENIED_AFTER_ZH.search(after):
        frames.add("refuted")
    report = _last(_REPORT_ZH, sentence[: start + 1])
    if (
        report
        and not _ADMITTED_ZH.search(sentence[report.end() :])
        and not _ADMITTED_ZH.search(before)
        and not _TURN_ZH.search(sentence[report.end() : start].lstrip(",: "))
    ):
        frames.add("report")
    if _HEDGED_ZH.search(part + sentence[start:end]):
        frames.add("report")
    if _CONDITION_ZH.search(before):
        frames.add("condition")
    if _CONTROL_ZH.search(part):
        frames.add("control")
    if _CORRECTIVE_ZH.search(sentence):
        frames.add("corrective")
    if _OTHERS_ZH.search(clause + sentence[start:end]):
        frames.add("other")
    return frames


def _last(regex: re.Pattern[str], text: str) -> re.Match[str] | None:
    return max(regex.finditer(text), key=lambda m: m.end(), default=None)


def _clause_start(turn: re.Pattern[str], sentence: str, start: int) -> int:
    return max((m.end() for m in turn.finditer(sentence) if m.end() <= start), default=0)


# --- findings -----------------------------------------------------------------------------------------------------------------


def _finding(line: Line, kind: str, quote: str, *, blocks: bool) -> Finding:
    entry = _file().kinds[kind]
    shown = quote if len(quote) <= 120 else quote[:117] + "..."
    if kind in ADMISSIONS:
        message = f"“{shown}” reads as an admission that you have not chosen to make: {entry.name.en}."
        message_zh = f"“{shown}”等于承认了你没有同意承认的事:{entry.name.zh}。"
    else:
        message = f"“{shown}” does not belong in a letter to Amazon: {entry.name.en}."
        message_zh = f"“{shown}”不应写进给亚马逊的信:{entry.name.zh}。"
    return Finding(
        check="statements",
        severity="block" if blocks else "warn",
        message=message,
        message_zh=message_zh,
        sentence=line.number,
        quote=quote,
        why=entry.reason.en,
        why_zh=entry.reason.zh,
        fix=entry.safer.en,
        fix_zh=entry.safer.zh,
        kind=kind,
        facts=tuple(f.id for f in line.facts),
    )
