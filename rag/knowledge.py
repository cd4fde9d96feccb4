"""knowledge/ as typed values: case types, guidance, glossary, sources, evidence blocks, letter rules, frame text.

The files are written by people; this module says exactly what they may contain. Unknown keys, missing translations and dead
references are errors that name the file and the key. Nothing here decides anything about a case.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rag.errors import KnowledgeError
from rag.models import AdmissionKind, FactKind, NeverKind, NoticeKind, ReplyForm, SectionId, Stance
from rag.settings import PROJECT

KNOWLEDGE = PROJECT / "knowledge"

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Words = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    """A value from a file: unknown keys are refused, content is frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Strict):
    """The same sentence in English and Simplified Chinese (Traditional is made from it by conversion)."""

    en: Words
    zh: Words


class Names(Strict):
    """Names or words in three scripts."""

    en: list[Words] = []
    zh: list[Words] = []
    zh_hant: list[Words] = []

    def all(self) -> list[str]:
        """All of them, in one list."""
        return [*self.en, *self.zh, *self.zh_hant]


class Phrases(Strict):
    """Words of a notice that identify a case type. `...` stands for up to six words (or thirty Chinese characters)."""

    strong: list[Words]
    """One of them is enough to think of this case type first."""
    weak: list[Words] = []
    """Support it, but also stand in notices of other types."""
    not_if: list[Words] = []
    """Words that speak against this case type."""


QuestionType = Literal[
    "text", "long_text", "percent", "count", "money", "date", "date_range", "duration", "yes_no", "choice", "list", "asins", "order_ids"
]


class Choice(Strict):
    value: Id
    label: Text


class Question(Strict):
    """One thing to ask the seller."""

    id: Id
    type: QuestionType
    unit: Text | None = None
    """What the answer is counted in or which form it has, when the type does not say it."""
    required: bool = False
    """Without an answer the letter shows a gap."""
    kind: FactKind
    """The kind of fact that the answer becomes."""
    ask: Text
    """The question as the seller reads it: one sentence, plain words."""
    why: Text
    """Why Amazon (or the writer) needs it: one sentence."""
    choices: list[Choice] = []
    stances: list[Stance] = []
    """Asked only under these stances; empty: under all."""
    signals: Names = Names()
    """Words that, in a fact told freely, show that the question is answered already."""
    sources: list[str] = []


class Criteria(Strict):
    """When a document is accepted, as data that code can check."""

    max_age_days: int | None = None
    """Issued at most this long before the notice."""
    min_validity_days: int | None = None
    """Still valid at least this long."""
    must_state: list[
        Literal[
            "supplier_name", "supplier_address", "supplier_phone", "supplier_website", "buyer_name", "buyer_address", "date",
            "quantity", "product_name", "product_identifier", "asin", "order_id", "signature", "licensor", "licensee", "grant",
            "territory", "term", "registration_number", "owner", "tracking_number", "delivery_date", "before_and_after", "issuer",
            "expiry_date", "account_name", "units",
        ]
    ] = []
    """What must be readable on it."""
    formats: list[Literal["pdf", "jpg", "png", "gif", "tiff", "docx", "xlsx", "csv", "txt"]] = []
    quantity_at_least: str = ""
    """Id of the question whose answer the quantities must cover."""
    not_accepted: list[Text] = []
    notes: list[Text] = []


class EvidenceKind(Strict):
    """A document that supports this kind of case."""

    id: Id
    name: Text
    proves: Text
    need: Literal["required", "if_available", "if_contested"]
    block: Literal["", "INV", "LOA", "ID", "FILE"] = ""
    """Shared acceptance criteria of knowledge/evidence.yaml that apply as well."""
    criteria: Criteria = Criteria()
    sources: list[str] = []


class StanceOption(Strict):
    """A position that the seller can take in this kind of case."""

    stance: Stance
    when: Text
    """When it is the honest choice."""
    means: Text
    """What choosing it means for the letter and the seller."""
    reply_form: ReplyForm
    sections: list[SectionId]
    """Required sections, in the order of the letter."""


class DangerousAdmission(Strict):
    """Words that must not stand in the letter unless the seller concedes that kind."""

    kind: AdmissionKind | NeverKind
    example: Text
    why: Text
    instead: Text
    """What to say instead when it is true, as advice with no facts of its own."""
    sources: list[str] = []


class Limit(Strict):
    """A number or deadline that matters for this case type."""

    id: Id
    value: float
    unit: Literal["percent", "days", "hours", "count", "points", "business_days", "usd", "months", "weeks", "words"]
    text: Text
    sources: list[str]
    valid_until: str = ""
    """ISO date after which it has to be looked up again, where the rule is known to move."""


class Reminders(Strict):
    """Questions that help the seller remember what really happened. Never text for the letter."""

    cause: list[Text] = []
    action_done: list[Text] = []
    action_planned: list[Text] = []


class CaseType(Strict):
    """One kind of case: knowledge/case_types/<id>.yaml."""

    id: Id
    family: Literal["performance", "product", "ip", "reviews", "accounts", "listings_funds"]
    level: list[Literal["account", "listing", "order", "inventory", "offer", "funds", "messaging", "category"]]
    names: Names
    sellers_say: Names
    summary: Text
    """What happened when this notice arrives, in two sentences."""
    notice_phrases: Phrases
    reply_form: ReplyForm
    """What Amazon normally wants."""
    stances: list[StanceOption]
    """The default first."""
    ask_lists: list[Literal["common", "ip_common"]]
    """Shared lists of knowledge/questions.yaml that are asked as well."""
    questions: list[Question]
    evidence: list[EvidenceKind]
    remember: Reminders
    dangerous: list[DangerousAdmission]
    may_concede: list[Text]
    limits: list[Limit]
    rejected_because: list[Text]
    refuse: list[str] = []
    """Ids of advice to refuse that is common in this kind of case."""
    sources: list[str]

    def option(self, stance: str) -> StanceOption | None:
        """The stance option, or None when this case type does not allow the stance."""
        return next((o for o in self.stances if o.stance == stance), None)


class Asks(Strict):
    """Questions as sellers type them, which the guidance passage of that id answers."""

    id: Id
    zh: Annotated[tuple[Words, ...], Field(min_length=1)]
    en: Annotated[tuple[Words, ...], Field(min_length=1)]


class Guidance(Strict):
    """One subject in one self-contained passage, in both languages: knowledge/guidance/*.yaml hold lists of them."""

    id: Id
    topic: Literal[
        "definition", "trigger", "limit", "deadline", "evidence", "stance", "cause", "correction", "prevention", "admission",
        "rejection", "process", "format", "tone", "document", "marketplace", "health", "refuse", "language", "conflict",
    ]
    case_types: list[str]
    """Ids, or `all`."""
    marketplaces: list[str] = ["all"]
    """Two-letter store codes, or `all`."""
    title: Text
    text: Text
    trust: Literal["official", "quoted", "practitioner", "article", "own"]
    """Of the strongest source: Amazon or law; Amazon's text as pasted by others; consultants; early articles; own judgement."""
    sources: list[str]
    as_of: str
    """Date of the newest source as given, or `undated`."""
    valid_until: str = ""


class Term(Strict):
    """One term of the field."""

    en: list[Words]
    """Preferred form first."""
    zh: list[Words]
    zh_hant: list[Words] = []
    slang: list[Words] = []
    """What sellers say, any language."""
    note: str = ""
    case_types: list[str] = []


Pattern = Annotated[str, Field(min_length=1)]


class Patterns(Strict):
    """Regular expressions by language (zh: Simplified). A space stands for any white space, `~` for a gap inside the sentence."""

    en: list[Pattern] = []
    de: list[Pattern] = []
    fr: list[Pattern] = []
    es: list[Pattern] = []
    it: list[Pattern] = []
    zh: list[Pattern] = []
    ja: list[Pattern] = []

    @model_validator(mode="after")
    def _sound(self) -> Patterns:
        for language in ("en", "de", "fr", "es", "it", "zh", "ja"):
            for pattern in getattr(self, language):
                try:
                    re.compile(pattern)
                except re.error as error:
                    raise ValueError(f"{language}: {pattern!r} is no regular expression ({error})") from None
        return self


class Signal(Patterns):
    """One thing that a notice can state."""

    fact: bool = False
    """Does not count in the part of a sentence that follows "if", "until", "once"."""


class Request(Patterns):
    """One thing that a notice can ask for."""

    anywhere: bool = False
    """Counts in any sentence, not only in those that ask."""


class TimeUnit(Strict):
    hours: int
    pattern: Pattern


class Deadlines(Strict):
    """Which spans of time are the seller's."""

    units: list[TimeUnit]
    numbers: dict[int, list[Words]]
    longest: int
    """Hours; a longer span of time is no deadline."""
    given: Patterns
    not_before: Patterns
    not_after: Patterns


class Notices(Strict):
    """knowledge/notices.yaml: how notices are worded."""

    signals: dict[str, Signal]
    kinds: dict[NoticeKind, dict[str, float]]
    """What each signal is worth for each kind; `asks` and `deadline`: that something is asked for, or a time is set."""
    conditions: Patterns
    asking: Patterns
    not_asking: Patterns
    requests: dict[str, Request]
    deadline: Deadlines

    @model_validator(mode="after")
    def _known(self) -> Notices:
        unknown = sorted({name for weights in self.kinds.values() for name in weights} - {*self.signals, "asks", "deadline"})
        if unknown:
            raise ValueError(f"kinds name signals that do not exist: {', '.join(unknown)}")
        return self


class Place(Strict):
    """A place, or another name with one form in Chinese and another in English."""

    zh: list[Words]
    en: list[Words]
    """The usual form first."""
    also: list[Words] = []
    """Adjectives, people, short forms: they follow from the name."""


class Places(Strict):
    """knowledge/places.yaml."""

    places: list[Place]
    names: list[Place]
    """Platforms, holidays, offices."""
    trades: list[Place]
    """What companies are called by."""


class Source(Strict):
    tag: Literal["official", "quoted", "practitioner", "article"]
    title: Words
    address: str
    date: str


def read_yaml(path: Path) -> Any:
    """Content of one YAML file; a syntax error names file, line and problem."""
    try:
        with path.open(encoding="utf-8") as file:
            return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise KnowledgeError(f"{path.name}{where}: not valid YAML ({getattr(error, 'problem', error)}).") from error


Kind = TypeVar("Kind", bound=Strict)


def parse(kind: type[Kind], data: Any, *, where: str) -> Kind:
    """`data` as a value of `kind`; every mistake is named with its place, up to eight of them in one message."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        problems = [f"{'.'.join(str(part) for part in e['loc']) or 'file'}: {e['msg']}" for e in error.errors()]
        more = f" and {len(problems) - 8} more" if len(problems) > 8 else ""
        raise KnowledgeError(f"{where}: {'; '.join(problems[:8])}{more}.") from error


@cache
def sources(folder: Path = KNOWLEDGE) -> dict[str, Source]:
    """All sources by id."""
    return {key: parse(Source, value, where=f"sources.yaml, {key}") for key, value in read_yaml(folder / "sources.yaml").items()}


@cache
def case_type_ids(folder: Path = KNOWLEDGE) -> tuple[str, ...]:
    """Ids of all case types that have a file."""
    return tuple(sorted(path.stem for path in (folder / "case_types").glob("*.yaml")))


@cache
def case_type(name: str, folder: Path = KNOWLEDGE) -> CaseType:
    """The case type of that id."""
    path = folder / "case_types" / f"{name}.yaml"
    if not path.exists():
        near = difflib.get_close_matches(name, case_type_ids(folder), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise KnowledgeError(
            f"There is no case type {name!r}; expected one of the {len(case_type_ids(folder))} in knowledge/case_types.{hint}",
            f"没有名为 {name!r} 的案件类型。" + (f"是否为 {near[0]!r}?" if near else ""),
        )
    found = parse(CaseType, read_yaml(path), where=f"case_types/{path.name}")
    if found.id != name:
        raise KnowledgeError(f"case_types/{path.name}: id is {found.id!r}, expected {name!r}.")
    return found


def case_types(folder: Path = KNOWLEDGE) -> tuple[CaseType, ...]:
    """All case types, sorted by id."""
    return tuple(case_type(name, folder) for name in case_type_ids(folder))


@cache
def guidance(folder: Path = KNOWLEDGE) -> tuple[Guidance, ...]:
    """All guidance passages, in file order; ids are unique over all files."""
    found: dict[str, Guidance] = {}
    for path in sorted((folder / "guidance").glob("*.yaml")):
        for number, item in enumerate(read_yaml(path) or []):
            passage = parse(Guidance, item, where=f"guidance/{path.name}, passage {number + 1} ({item.get('id', 'no id')})")
            if passage.id in found:
                raise KnowledgeError(f"guidance/{path.name}: id {passage.id!r} is used twice.")
            found[passage.id] = passage
    return tuple(found.values())


@cache
def asks(folder: Path = KNOWLEDGE) -> dict[str, Asks]:
    """The questions that each guidance passage answers, by its id: asks.jsonl, one passage a line."""
    found: dict[str, Asks] = {}
    for number, line in enumerate((folder / "asks.jsonl").read_text(encoding="utf-8").splitlines(), 1):
        asked = parse(Asks, json.loads(line), where=f"asks.jsonl, line {number}")
        found[asked.id] = asked
    return found


@cache
def glossary(folder: Path = KNOWLEDGE) -> tuple[Term, ...]:
    """All terms."""
    return tuple(parse(Term, item, where=f"glossary.yaml, entry {n + 1}") for n, item in enumerate(read_yaml(folder / "glossary.yaml")))


@cache
def words(folder: Path = KNOWLEDGE) -> dict[str, str]:
    """General words of sellers' facts, Chinese to English."""
    data = read_yaml(folder / "words.yaml")
    if not isinstance(data, dict) or not all(isinstance(k, str) and isinstance(v, str) and len(k) > 1 and v.strip() for k, v in data.items()):
        raise KnowledgeError("words.yaml has to hold Chinese words of two characters or more, each with its English word.")
    return data


@cache
def question_lists(folder: Path = KNOWLEDGE) -> dict[str, tuple[Question, ...]]:
    """Shared lists of questions by name (`common`, `ip_common`)."""
    data = read_yaml(folder / "questions.yaml")
    return {
        name: tuple(parse(Question, item, where=f"questions.yaml, {name}, {item.get('id', 'no id')}") for item in items)
        for name, items in data.items()
    }


def questions_of(kind: CaseType, stance: str = "", folder: Path = KNOWLEDGE) -> tuple[Question, ...]:
    """The questions to ask: the case type's own first, then the shared lists; each id once; filtered by stance if given."""
    asked: dict[str, Question] = {}
    for question in (*kind.questions, *(q for name in kind.ask_lists for q in question_lists(folder).get(name, ()))):
        if not (stance and question.stances and stance not in question.stances):
            asked.setdefault(question.id, question)
    return tuple(asked.values())


@cache
def evidence_blocks(folder: Path = KNOWLEDGE) -> dict[str, Criteria]:
    """Shared acceptance criteria by block (INV, LOA, ID, FILE)."""
    return {name: parse(Criteria, item, where=f"evidence.yaml, {name}") for name, item in read_yaml(folder / "evidence.yaml").items()}


@cache
def notices(folder: Path = KNOWLEDGE) -> Notices:
    """How notices are worded."""
    return parse(Notices, read_yaml(folder / "notices.yaml"), where="notices.yaml")


@cache
def places(folder: Path = KNOWLEDGE) -> Places:
    """Names that differ between Chinese and English."""
    return parse(Places, read_yaml(folder / "places.yaml"), where="places.yaml")


@cache
def letter_rules(folder: Path = KNOWLEDGE) -> dict[str, Any]:
    """letter_rules.yaml: limits, documents, never_write, advice_to_refuse, admission_kinds."""
    return dict(read_yaml(folder / "letter_rules.yaml"))


def problems(folder: Path = KNOWLEDGE) -> list[str]:
    """Every gap of the knowledge base, one line each; empty when all is well. Used by the tests and `poa index`."""
    found: list[str] = []

    def attempt(load: Callable[[], Any]) -> Any:
        try:
            return load()
        except (KnowledgeError, FileNotFoundError) as error:
            found.append(str(error))
            return None

    known_sources = attempt(lambda: sources(folder)) or {}
    for load in (lambda: glossary(folder), lambda: words(folder), lambda: question_lists(folder), lambda: evidence_blocks(folder), lambda: notices(folder)):
        attempt(load)
    ids = set(case_type_ids(folder))
    for name in sorted(ids):
        kind = attempt(partial(case_type, name, folder))
        if kind is None:
            continue
        where = f"case_types/{name}.yaml"
        found += [f"{where}: no {part}." for part in _missing_parts(kind)]
        found += [f"{where}: source {s!r} is not in sources.yaml." for s in sorted(_source_ids(kind)) if s not in known_sources]
        own = {q.id for q in attempt(partial(questions_of, kind, folder=folder)) or kind.questions}
        for evidence in kind.evidence:
            wanted = evidence.criteria.quantity_at_least
            if wanted and wanted not in own:
                found.append(f"{where}: evidence {evidence.id!r} counts on question {wanted!r}, which is not asked.")
        repeated = [q for q, n in Counter(q.id for q in kind.questions).items() if n > 1]
        found += [f"{where}: question {q!r} stands twice." for q in repeated]
    passages = attempt(lambda: guidance(folder)) or ()
    asked = attempt(lambda: asks(folder))
    if passages and asked is not None:
        found += [f"asks.jsonl: {p.id!r} has no questions." for p in passages if p.id not in asked]
        found += [f"asks.jsonl: there is no guidance passage {name!r}." for name in sorted(set(asked) - {p.id for p in passages})]
    for passage in passages:
        where = f"guidance passage {passage.id}"
        found += [f"{where}: case type {c!r} does not exist." for c in passage.case_types if c != "all" and c not in ids]
        found += [f"{where}: source {s!r} is not in sources.yaml." for s in passage.sources if s not in known_sources]
        if not passage.sources and passage.trust != "own":
            found.append(f"{where}: trust {passage.trust!r} without a source.")
    return list(dict.fromkeys(found))


def _missing_parts(kind: CaseType) -> Iterable[str]:
    if not kind.stances:
        yield "stances"
    if not kind.names.en or not kind.names.zh or not kind.names.zh_hant:
        yield "names in all three scripts"
    if not kind.notice_phrases.strong and kind.id not in {"az_claim_appeal"}:
        yield "strong notice phrases"
    for part in ("questions", "dangerous", "may_concede", "rejected_because", "sources"):
        if not getattr(kind, part):
            yield part
    for question in kind.questions:
        if question.type == "choice" and not question.choices:
            yield f"choices of question {question.id!r}"


def _source_ids(kind: CaseType) -> set[str]:
    lists = (kind.questions, kind.evidence, kind.dangerous, kind.limits)
    return {*kind.sources, *(s for items in lists for item in items for s in item.sources)}
