"""The values that travel through the program. Read this first.

A `Case` (who, which notice, which facts) meets `Passage`s of guidance; a `Plan` of `Point`s says what to state where;
each point becomes a `Sentence`; sentences stand in `Section`s of a `Letter`; checks return `Finding`s. All are frozen:
a stage returns new values and changes none. Closed sets of words are literal types; docs/formats of the files are in
`rag/formats.py`, which reads and writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FactKind = Literal["context", "metric", "cause", "action_done", "action_planned", "evidence"]
Stance = Literal["accept_and_fix", "contest", "mixed", "clarify_and_verify"]
Document = Literal[
    "appeal",
    "contest",
    "verification",
    "follow_up",
    "supplement",
    "retraction_request",
    "counter_notice",
    "a_to_z_appeal",
    "buyer_message",
    "funds_appeal",
]
SectionId = Literal[
    "identification",
    "position",
    "root_cause",
    "corrective_actions",
    "preventive_measures",
    "non_violation_grounds",
    "evidence_list",
    "request",
    "timeline",
    "ownership_statement",
]
ReplyForm = Literal[
    "plan", "documents", "dispute", "questionnaire", "quiz", "retraction", "verification", "representation", "fix", "specialist"
]
NoticeKind = Literal[
    "suspension",
    "warning",
    "listing_removal",
    "ip_complaint",
    "request_more_info",
    "rejection",
    "final_rejection",
    "reinstated",
    "verification",
    "deactivation_72h",
]
Severity = Literal["block", "warn", "note"]
Origin = Literal["model", "seller", "fixed", "edited"]
AdmissionKind = Literal[
    "admits_counterfeit",
    "admits_unauthorized_sourcing",
    "admits_ip_infringement",
    "admits_review_purchase",
    "admits_review_solicitation",
    "admits_multiple_accounts",
    "admits_forged_documents",
    "admits_intent_or_knowledge",
    "admits_safety_harm",
    "admits_dropshipping",
    "admits_no_process",
    "admits_unrelated_violation",
    "legal_liability",
]
NeverKind = Literal[
    "blames_amazon",
    "blames_buyer",
    "threat",
    "emotional_plea",
    "bribe_or_money_for_retraction",
    "asks_review_change",
    "buyer_pii",
    "unrelated_issue",
    "false_promise",
    "template_placeholder",
    "dishonest_scapegoat_invention",
]


@dataclass(frozen=True)
class Fact:
    """One thing that the seller states, in the seller's own words and language."""

    id: str
    kind: FactKind
    text: str
    question: str = ""
    """Id of the question that it answers; empty for a fact told freely."""
    source: str = ""
    """Where it came from: form, story, notice, or the name of a document."""
    attached: bool = False
    """Made by the program from a document of the case (`all_facts`); never a key of a case file."""


@dataclass(frozen=True)
class Evidence:
    """A document that the seller holds and will attach."""

    name: str
    data: str = ""
    """What it says, as far as it was read."""
    path: str = ""


@dataclass(frozen=True)
class Case:
    """Everything known about one case. `facts` are the only source of statements about the seller."""

    id: str
    notification: str = ""
    marketplace: str = "US"
    case_type: str = ""
    stance: Stance | None = None
    store_name: str = ""
    language: str = "en"
    facts: tuple[Fact, ...] = ()
    conceded: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    must_mention: tuple[str, ...] = ()
    """Evaluation only."""
    must_not: tuple[str, ...] = ()
    """Evaluation only."""
    notes: str = ""


@dataclass(frozen=True)
class Quote:
    """Words of the notice, verbatim, that show why something was read from it."""

    text: str
    start: int
    """Character offset in the notice as given."""
    supports: str
    """What it supports: `kind:warning`, `case_type:late_shipment_rate`, `deadline`, `requested:invoices` ..."""


@dataclass(frozen=True)
class Notice:
    """What was read from a notice. Empty values mean: not found, or unsure; nothing is guessed."""

    kind: NoticeKind | None
    case_type: str
    case_type_ranked: tuple[tuple[str, float], ...] = ()
    quotes: tuple[Quote, ...] = ()
    asins: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    complaint_ids: tuple[str, ...] = ()
    deadline_hours: int | None = None
    requested: tuple[str, ...] = ()
    policy_named: str = ""
    language: str = "en"
    reply_form: ReplyForm | None = None


@dataclass(frozen=True)
class Passage:
    """A piece of guidance in one language, with where it comes from."""

    id: str
    title: str
    text: str
    language: str
    case_types: tuple[str, ...]
    marketplaces: tuple[str, ...]
    source: str
    as_of: str
    trust: str
    score: float = 0.0
    why: str = ""
    """Why it was found: matched words, nearness, filters that were softened."""


@dataclass(frozen=True)
class Point:
    """One thing to say, with the facts that allow it. The unit that is worded, checked and repaired."""

    id: str
    section: SectionId
    facts: tuple[Fact, ...]
    passages: tuple[str, ...] = ()
    """Ids of the passages whose requirement this point answers."""
    fixed: str = ""
    """Frame text, when the point is worded by code and not by a model."""
    tense: Literal["past", "present", "future", "as_told"] = "as_told"


@dataclass(frozen=True)
class Gap:
    """Something the letter needs and the seller has not told."""

    need: str
    why: str
    question_en: str
    question_zh: str
    section: str = ""
    required: bool = True


@dataclass(frozen=True)
class LeftOut:
    """Facts that this kind of document does not carry, and why. They are left unsaid, not denied."""

    rule: str
    """Id of the rule in `kept_out` of knowledge/letter_rules.yaml."""
    facts: tuple[str, ...]
    why: str
    why_zh: str


@dataclass(frozen=True)
class Plan:
    """What the letter will say, section by section, before any wording."""

    document: Document
    stance: Stance
    sections: tuple[tuple[SectionId, tuple[Point, ...]], ...]
    gaps: tuple[Gap, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class Sentence:
    """A piece of the letter with its sources: at least one fact, or fixed frame text."""

    text: str
    facts: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    origin: Origin = "model"


@dataclass(frozen=True)
class Section:
    """A part of the letter under one heading."""

    id: str
    heading: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Attachment:
    """A document to send along, and what it proves."""

    name: str
    proves: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a check found, where, and what to do about it."""

    check: str
    severity: Severity
    message: str
    message_zh: str = ""
    sentence: int | None = None
    """Number of the sentence in the letter, from 0, over all sections in order; None for the letter as a whole."""
    quote: str = ""
    why: str = ""
    why_zh: str = ""
    fix: str = ""
    fix_zh: str = ""
    kind: str = ""
    facts: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """How a letter was made: model, prompt digests, time and tokens."""

    model: str = ""
    prompts: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    calls: int = 0
    seconds_to_first: float = 0.0


@dataclass(frozen=True)
class Letter:
    """The letter with its findings. `text` and `boxes` follow from `sections`; see `rag/formats.py`."""

    case_id: str
    document: Document
    language: str
    stance: Stance
    case_type: str
    sections: tuple[Section, ...]
    attachments: tuple[Attachment, ...] = ()
    gaps: tuple[Gap, ...] = ()
    findings: tuple[Finding, ...] = ()
    run: Run = Run()
