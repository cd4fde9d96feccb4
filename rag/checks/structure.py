"""Is the letter of the right kind and complete? Sections by stance, tense against facts, the notice's requests, references, visible gaps.

Sections count by their headings and, since a pasted letter may have none, by what their sentences do: a finished step with "we" or a date,
a measure that runs or will run, a cause. Whether the content is true is the lock's business; whether it is wise, that of
`statements`. Requests are answered when their words, their section or a named attachment stands in the letter; how well is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rag import knowledge
from rag.checks.meaning import Meaning
from rag.checks.statements import is_statement
from rag.checks.view import Line, View
from rag.kinds import DOCUMENT_OF
from rag.models import Case, Fact, Finding, Letter, Notice, Passage, Stance
from rag.script import has_han

_I = re.IGNORECASE
_PLAN = ("root_cause", "corrective_actions", "preventive_measures")
NAMES: dict[str, tuple[str, str]] = {
    "identification": ("identification (store, ASIN, order or case in the opening)", "案件标识(开头写明店铺、ASIN、订单或案件)"),
    "position": ("position (what is confirmed or contested)", "立场(确认或异议什么)"),
    "root_cause": ("root cause", "根本原因"),
    "corrective_actions": ("corrective actions", "纠正措施"),
    "preventive_measures": ("preventive measures", "预防措施"),
    "non_violation_grounds": ("grounds", "理由"),
    "evidence_list": ("evidence list", "证据清单"),
    "request": ("request (one sentence that says what is asked)", "请求(一句话写明希望亚马逊做什么)"),
    "timeline": ("timeline", "时间经过"),
    "ownership_statement": ("statement of ownership", "所有权说明"),
}


def stance_of(view: View, case: Case | None) -> Stance:
    """The stance that the letter has to keep: the seller's choice, else the letter's own."""
    return (case.stance if case else None) or view.letter.stance


def document_of(view: View, case: Case | None) -> str:
    """The kind of document that it has to be: an appeal, a contest or a verification follows from the stance, any other from the letter."""
    document = view.letter.document
    return DOCUMENT_OF[stance_of(view, case)] if document in {"appeal", "contest", "verification"} else document


# --- what sentences do --------------------------------------------------------------------------------------------------

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}\b|\b{_MONTH} \d{{1,2}}\b|\b20\d\d-\d\d-\d\d\b|\d{{1,2}}月\d{{1,2}}[日号]", _I)
_FIXES = (
    r"(?:re)?fund(?:ed)?|remov(?:ed)?|delet(?:ed)?|clos(?:ed)?|contact(?:ed)?|replac(?:ed)?|inspect(?:ed)?|train(?:ed)?|review(?:ed)?|correct(?:ed)?|updat(?:ed)?|ship(?:ped)?|dispos(?:ed)?|destroy(?:ed)?"
    r"|stopp(?:ed)?|suspend(?:ed)?|paus(?:ed)?|check(?:ed)?|audit(?:ed)?|chang(?:ed)?|cancel(?:l?ed)?|terminat(?:ed)?|hir(?:ed)?|implement(?:ed)?|introduc(?:ed)?|mov(?:ed)?|rais(?:ed)?|set|sent|resolv(?:ed)?|fix(?:ed)?"
    r"|improv(?:ed)?|revis(?:ed)?|disconnect(?:ed)?|ended|withdrawn|withdrew|created|provided|completed|conducted|adjusted|separated|relabel(?:l?ed)|recalled|returned|locked|quarantined|informed|apologi[sz]ed|assigned"
    r"|appointed|switched|established|issued|offered|searched|studied|opened|found|counted|printed|took|taken|notified|reimbursed|discarded|edited|rewrote|rewritten|installed|reduced|increased|extended|collected|gathered|read|learned|learnt|reorgani[sz]ed|reported"
)
_DONE_FIX = re.compile(
    rf"\b(?:we|i)\b(?: have| had| also| already| immediately| then| now| carefully| since| strictly| therefore| personally| promptly| \w+ly|,)* (?:been )?(?:{_FIXES})\b"
    rf"|\b(?:has|have|was|were) (?:also |already |now |all |immediately |permanently |since |then |fully |\w+ly )*(?:been )?(?:{_FIXES})\b"
    rf"|^(?:{_FIXES}) (?:the|all|our|every|each|\d)|^(?:on )?[^,.:]{{0,30}}\b{_MONTH}\b[^:]{{0,12}}: .*\b(?:{_FIXES})\b"
    r"|(?:我们|我司|本店|已|全部)[^。]{0,20}(?:删除|下架|退款|更换|检查|排查|培训|修改|更新|关闭|联系|停用|销毁|调整|补发|完成)了?",
    _I,
)
_WILL = re.compile(r"\bwill\b|\bshall\b|'ll\b|\bgoing to\b|\bplan(?:s|ned)? to\b|\b(?:is|are) (?:scheduled|planned|due)\b|将|会(?=[在由把对每])", _I)
_MEASURE = re.compile(
    r"\bfrom now on\b|\bgoing forward\b|\bin (?:the )?future\b|\bno longer\b|\bto (?:prevent|avoid|ensure)\b"
    r"|\b(?:every|each) (?:\w+ )?(?:day|week|month|monday|tuesday|wednesday|thursday|friday|quarter|morning|evening|order|unit|batch|shipment|lot|listing|parcel|carton|item|product|supplier|new)\b|\b(?:daily|weekly|monthly|quarterly|regularly)\b"
    rf"|\b(?:starting|beginning|from|as of|effective) (?:\d{{1,2}} )?{_MONTH}\b|\bonly (?:after|with)\b|每(?:天|日|周|月|次|批|单)|定期|今后|从此|以后",
    _I,
)
_CAUSE = re.compile(
    r"\bbecause\b|\bdue to\b|\bcaused? by\b|\bcause(?:s|d)?\b|\bthe reason\b|\bresult(?:ed)? (?:of|from|in)\b|\bled to\b|\bas a result\b|\bthis (?:happened|occurred) (?:when|as|since)\b|\boccurred when\b|\bowing to\b"
    r"|\b(?:failed|neglected) to\b|\bdid not (?:check|compare|verify|notice|have|know|realize|realise|update|pay|follow|inspect|review|understand|read|monitor|test)\b|\bhad (?:no|not)\b|\bwe (?:missed|overlooked|underestimated)\b|\bwas not (?:checked|set|compared|updated|aware)\b|\b(?:were|was) (?:un|not )aware\b|\boversight\b|\broot of\b"
    r"|因为|由于|原因|导致|造成",
    _I,
)
_REQUEST = re.compile(
    r"\b(?:we|i)(?:'d| would)?(?: therefore| kindly| respectfully| sincerely| only| now| hereby| also| like to| humbly| again)* (?:ask|request|hope|look forward|appeal to)\b|\bplease(?: kindly)? (?!find|see|note|be|refer|accept)\w+|\bkindly (?!find|note)\w+"
    r"|\b(?:could|can|would) you\b|\brequest(?:s|ing)? (?:that|for|the)\b|\breinstate(?:ment)? of\b|\bgive us\b|\bdemand\b|请(?:求|您|贵|审|恢复|核|予以)|希望|恳请",
    _I,
)
_POLITE = re.compile(r"^(?:dear|hello|hi|to whom|thank|thanks|best|kind|yours|sincerely|regards|warm|respectfully)\b|thank you for|感谢|此致|敬礼|您好", _I)
_EVIDENCE = re.compile(r"\battach(?:ed|ment|ments)\b|\benclos(?:ed|e|ure)\b|\bexhibits?\b|\bfiles? (?:[A-Z]\d?|\d+)\b|\.(?:pdf|jpe?g|png|xlsx?|docx?|csv)\b|\bdocuments?:|\bscreenshots? (?:of|shows?)\b|\bproof\b|placed (?:both|them|it|all)|附件|附上|证据", _I)
_POSITION = re.compile(
    r"\b(?:contest|dispute|disagree|object|confirm|accept(?:ed)?|believe|maintain)\b|\b(?:is|are|was|were) (?:wrong|mistaken|incorrect|not correct|an error)\b|\b(?:does|do|did) not (?:infringe|apply|contain|violate|concern|own|fit)\b|\bno violation\b"
    r"|\bmatch(?:es)? its\b|\bask for a new decision\b|\bin error\b|\bby mistake\b|\bthis request concerns\b|\bbelongs to\b|异议|不认可|确认|不成立",
    _I,
)
_GROUNDS = re.compile(r"\b(?:not|no|never|nothing|genuine|authentic|authori[sz]\w+|invoices?|shows?|registered|registration|proof|exhibit|attached|according to|covers|delivered|tracking|different|belongs?|own brand|scan)\b|正品|发票|授权|注册|证明|没有|未|不", _I)
_OWNER = re.compile(r"\bbelongs? to\b|\bowne[dr]s?\b|\bowns?\b|\bshareholder|\blegal representative|\bdirector\b|\bproprietor|\bregistered (?:to|in the name)|股东|法人|法定代表人|所有人", _I)
_IDENTIFIED = re.compile(
    r"\bB0[A-Z0-9]{8}\b|\b\d{3}-\d{7}-\d{7}\b|\b(?:case|complaint|notice|order|reference|registration|claim|report)\b(?: id| no\.?| number)?\W{0,3}(?:[A-Z]{0,4}-?)\d{4,}|(?<!\[)(?-i:\b[Ss]tore [A-Z]\w+)|\bASINs?\b.{0,20}[A-Z0-9]{10}"
    r"|\b(?:order defect|late shipment|late dispatch|valid tracking|cancellation|on-?time delivery)\b|\b(?:notice|warning|message|decision|email|letter|deactivated|removed|suspended|reply|request(?:ed)?)\b.{0,40}"
    + _DATE.pattern + r"|店铺|迟发率|订单缺陷率|取消率|追踪率",
    _I,
)


def _body(lines: Iterable[Line]) -> list[Line]:
    """Sentences that say something: neither greeting, thanks, request nor gap."""
    return [x for x in lines if not _POLITE.search(x.text) and not GAP.search(x.text) and not (_REQUEST.search(x.text) and not _DATE.search(x.text))]


def _by_content(name: str, view: View, case: Case | None) -> bool:
    """Whether the sentences of the letter do what this section is for, wherever they stand."""
    lines = view.lines
    text = " ".join(x.text for x in lines)
    heading_text = " ".join(s.heading for s in view.letter.sections)
    if name == "identification":
        opening = " ".join(x.text for x in lines[:5]) + " " + (view.letter.sections[0].heading if view.letter.sections else "")
        store = case.store_name if case else ""
        return bool(_IDENTIFIED.search(opening) or (store and store.lower() in opening.lower()))
    if name == "request":
        return any(_REQUEST.search(x.text) for x in lines)
    if name == "evidence_list":
        return bool(view.letter.attachments) or _EVIDENCE.search(text + heading_text) is not None
    if name == "position":
        return _POSITION.search(text) is not None or (document_of(view, case) in {"verification", "funds_appeal"} and len(_body(lines)) > 2)
    if name == "non_violation_grounds":
        return sum(bool(_GROUNDS.search(x.text)) for x in _body(lines)) >= 2
    if name == "timeline":
        return sum(bool(_DATE.search(x.text)) for x in lines) >= 3
    if name == "ownership_statement":
        return _OWNER.search(text) is not None
    return any(_does(name, x) for x in _body(lines) if x.section not in {"evidence_list", "request"})


def _does(name: str, line: Line) -> bool:
    text = re.sub(r"[“\"「][^”\"」]*[”\"」]", " ", line.text)
    future = _WILL.search(text) is not None
    if name == "root_cause":
        return not future and _CAUSE.search(text) is not None and not re.search(r"\bbecause (?:we|our) (?:did not|goods|product|records)", text, _I)
    if name == "corrective_actions":
        done = _DONE_FIX.search(text)
        return not future and done is not None and not re.search(r"\b(?:no|nobody|none|never|not)\b[^,.]{0,25}$", text[: done.start()], _I)
    return (future and re.search(r"\b(?:receive|send you|provide you|be glad|be happy|cooperate|contact you|never|not\b.{0,20}again)", text, _I) is None) or (
        _MEASURE.search(text) is not None and not (_DONE_FIX.search(text) and not re.search(r"\bnow\b", text, _I))
    )


def sections_found(letter: Letter) -> dict[str, bool]:
    """Which of the three parts of a plan the letter has, by heading or, in a plan, by what its sentences do."""
    lines = tuple(
        Line(n, text, section) for n, (section, text) in enumerate((s.id, t.text) for s in letter.sections for t in s.sentences)
    )
    view = View(lines, letter)
    plan = letter.document in {"appeal", "supplement"}
    return {name: _headed(name, view) or (plan and _by_content(name, view, None)) for name in _PLAN}


def _headed(name: str, view: View) -> bool:
    return bool(_body(view.section(name)) or (name in {"request", "evidence_list", "identification"} and view.section(name)))


# --- sections -----------------------------------------------------------------------------------------------------------


def required_sections(view: View, case: Case | None) -> tuple[str, ...]:
    """What this letter must have: by case type and stance where both are known, else by the kind of document."""
    document, stance = document_of(view, case), stance_of(view, case)
    case_type = (case.case_type if case else "") or view.letter.case_type
    if case_type in knowledge.case_type_ids() and document in {"appeal", "contest", "verification", "a_to_z_appeal", "funds_appeal"}:
        option = knowledge.case_type(case_type).option(stance)
        if option:
            # Who accepts and fixes has said the position with the root cause; the planner writes no other.
            return tuple(s for s in option.sections if s != "position" or stance != "accept_and_fix")
    wanted = knowledge.letter_rules()["documents"][document]["sections"]
    # Answered only where the notice asks for them; a supplement has the parts that the reply asked for.
    optional = {"verification": {"timeline", "ownership_statement"}, "funds_appeal": {"timeline"}, "supplement": {*_PLAN, "non_violation_grounds", "evidence_list"}}
    return tuple(s for s in wanted if s not in optional.get(document, set()))


TOLD = {"root_cause": ("cause", 1, 0.4), "corrective_actions": ("action_done", 2, 0.5), "preventive_measures": ("action_planned", 1, 0.55)}
"""What sentences of a section tell, how many of them it takes, and from which probability of the head one counts; chosen on the tuning letters."""


def told_sections(view: View, meaning: Meaning | None) -> frozenset[str] | None:
    """The sections of a plan that the sentences tell by their content, whatever stands above them; None without the trained head."""
    if meaning is None or "telling" not in meaning.heads:
        return None
    texts = [line.text for line in view.lines if is_statement(line.text)]
    if not texts:
        return frozenset()
    labels = meaning.heads["telling"].labels
    rows = meaning.probabilities("telling", texts)
    return frozenset(name for name, (label, least, limit) in TOLD.items() if (rows[:, labels.index(label)] > limit).sum() >= least)


def has_section(name: str, view: View, case: Case | None, told: frozenset[str] | None = None) -> bool:
    """Whether the letter has this section: under its heading, by its words, or by what its sentences tell.

    In a pasted letter a heading proves no action: too often mere plans or promises stand below it. There only what the sentences tell counts, if the head can tell.
    """
    if told is not None and name in {"corrective_actions", "preventive_measures"} and all(line.origin == "edited" for line in view.lines):
        return name in told
    empty = any(s.id == name and not s.sentences for s in view.letter.sections) and not view.section(name)
    return _headed(name, view) or ((name in (told or ()) or _by_content(name, view, case)) and not (empty and name in _PLAN))


def check_sections(view: View, case: Case | None, passages: Sequence[Passage], *, meaning: Meaning | None = None) -> list[Finding]:
    """Every part that this kind of letter needs is there and says something."""
    found: list[Finding] = []
    wanted = required_sections(view, case)
    told = told_sections(view, meaning)
    gaps = {x.section for x in view.lines if GAP.search(x.text)}
    for name in wanted:
        en, zh = NAMES[name]
        empty = any(s.id == name and not s.sentences for s in view.letter.sections) and not view.section(name)
        if name in gaps or has_section(name, view, case, told):
            continue
        # An appeal without a list of documents can be complete; a dispute or a verification lives by them.
        mild = name == "evidence_list" and document_of(view, case) in {"appeal", "supplement"}
        found.append(
            Finding(
                check="sections",
                severity="warn" if mild else "block",
                message=f"The letter has the heading for its {en}, but nothing under it." if empty else f"The letter has no {en}.",
                message_zh=f"信里有“{zh}”的标题,但下面没有内容。" if empty else f"信里没有{zh}。",
                why="Reviewers look for these parts one by one; a missing part is the commonest reason for a rejection.",
                why_zh="审核人员会逐项找这些部分，缺一部分是申诉被拒最常见的原因。",
                fix=f"Add the {en} from your own facts.",
                fix_zh=f"请根据你自己的事实补充{zh}。",
                kind="empty_section" if empty else "missing_section",
            )
        )
    return found


_VOLUNTARY = re.compile(r"volunt|of (?:our|my) own accord|without (?:accepting|admitting|prejudice|conceding)|自愿", _I)
_NOT = re.compile(r"\b(?:do|did|does|is|are|was|were|have|has|had|can|would)(?: not|n't)\b|\bnot\b|\bno\b|\bnever\b|\bwithout\b|\bcannot\b|\bneither\b|没有|未|并非|不(?=承认|认)", _I)
APOLOGY = re.compile(r"\bapolog(?:y|ies|i[sz]e[ds]?|i[sz]ing)\b|\b(?:are|am|feel) (?:\w+ )?(?:very |deeply |truly |sincerely |so |extremely )?sorry\b|\bsorry (?:for|that|about)\b|\b(?:deeply |sincerely |very much )?regret (?:the|that|any|this|our)\b|道歉|抱歉|致歉|对不起", _I)
_GUILT = re.compile(
    r"\b(?:correct|fix|because of|regret|due to|repair) (?:our|my) (?:own )?(?:mistakes?|faults?|errors?|wrongdoing)\b|\b(?:was|is|were) our (?:own )?(?:fault|mistake)\b|\b(?:take|accept|assume|bear)s? (?:the )?(?:full |all |complete )?responsibility\b"
    r"|\bwill (?:not|never) (?:sell|list|offer|use|do|infringe|violate|ship)\b[^.]{0,40}\bagain\b|\bwill (?:not|never) happen again\b|\bour (?:violations?|infringements?|misconduct|wrongdoing)\b"
    r"|\b(?:admit|acknowledge|concede)s? (?:that )?(?:we|i|our|the|to)\b|\bwe (?:have )?(?:violated|infringed|broke)\b|\bfor (?:the|our) (?:infringement|violation)\b|\b(?:for|of) violating\b|承认(?:侵权|违规|错误)|我们的(?:过错|错误|违规)|不再销售|不会再",
    _I,
)


def check_stance(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """No parts and no words that give away a dispute, or plead guilty where Amazon only asked for papers."""
    document = document_of(view, case)
    guarded = {"contest", "retraction_request", "counter_notice", "verification", "funds_appeal"}
    sections_barred: set[str] = set(_PLAN) if document in guarded | {"a_to_z_appeal"} else set()
    found: list[Finding] = []
    number = 0
    letter = "dispute" if document not in {"verification", "funds_appeal"} else "reply to a verification"
    letter_zh = "异议信" if document not in {"verification", "funds_appeal"} else "验证回复"
    for section in view.letter.sections:
        if section.id in sections_barred and section.sentences and not _VOLUNTARY.search(section.heading + " " + " ".join(s.text for s in section.sentences)):
            en, zh = NAMES[section.id]
            found.append(
                Finding(
                    check="stance",
                    severity="block",
                    message=f"A {letter} has no part “{section.heading or en}”.",
                    message_zh=f"{letter_zh}里不应有“{section.heading or zh}”这一部分。",
                    sentence=number,
                    quote=section.heading or section.sentences[0].text,
                    why="A plan says that something went wrong; in this letter it admits what nobody has shown." if letter == "dispute" else "Amazon asked for facts and documents. A plan answers another question and admits a fault that nobody alleged.",
                    why_zh="行动计划等于说出过错；写进异议信，就是承认了没有人证明过的事。" if letter == "dispute" else "亚马逊要的是事实和文件。行动计划答非所问，还承认了没有人指出的过错。",
                    fix="Take the part out; a change that you made of your own accord can stand as a voluntary clarification." if letter == "dispute" else "Take the part out and answer what was requested, item by item.",
                    fix_zh="删去这一部分;自愿做的改动可以注明是自愿。" if letter == "dispute" else "删去这一部分,按要求逐项回答。",
                    kind="forbidden_section",
                )
            )
        number += len(section.sentences)
    if document not in guarded:
        return found
    for line in view.lines:
        if line.origin == "fixed":
            continue
        words = _unquoted(line.text)
        hit = APOLOGY.search(words) or _GUILT.search(words)
        if hit and not _NOT.search(words[max(0, hit.start() - 40) : hit.start()]) and not _VOLUNTARY.search(line.text):
            found.append(
                Finding(
                    check="stance",
                    severity="block",
                    message=f"“{hit[0]}” is language of guilt, which a {letter} must not contain.",
                    message_zh=f"“{hit[0]}”是认错的话,{letter_zh}里不能写。",
                    sentence=line.number,
                    quote=line.text[hit.start() : hit.end()],
                    why="It concedes what the letter disputes." if letter == "dispute" else "No violation was alleged; an apology admits one.",
                    why_zh="这等于承认了信里要反驳的事。" if letter == "dispute" else "通知没有指控违规，道歉等于承认违规。",
                    fix="Take it out; state the fact and the document that shows it.",
                    fix_zh="删去这句;写事实和能证明它的文件。",
                    kind="guilt_language",
                )
            )
    return found


def _unquoted(text: str) -> str:
    """The text with quotations blanked out, every place kept."""
    return re.sub(r"[“\"「][^”\"」]*[”\"」]", lambda m: " " * len(m[0]), text)


# --- tense --------------------------------------------------------------------------------------------------------------

_PAST = re.compile(
    r"\b(?:has|have|had)\b(?: (?:also|already|now|since|then|all|both|just|recently|\w+ly))* (?:been )?(?:\w+ed|\w+en|done|made|put|set|sent|kept|held|built|found|begun|bought|brought|taught|cut|run|come|gone|led|read)\b|\b(?:was|were)\b"
    r"|\b(?:we|i)(?: (?:also|already|now|then|all|both|immediately|\w+ly))* (?:\w{2,}ed|made|put|sent|took|kept|held|built|found|began|bought|gave|wrote|ran|did|chose|came|went|told|taught|met)\b|\balready\b|已(?:经)?|了(?=[。,,]|$)",
    _I,
)
_SINCE = re.compile(rf"\bsince (?:\d{{1,2}}(?:st|nd|rd|th)? )?{_MONTH}\b|\bsince (?:then|that (?:day|date)|last)\b", _I)
_START = re.compile(rf"\b(?:from|starting|beginning|as of|effective|until|by) (?:on )?(?:\d{{1,2}}(?:st|nd|rd|th)? )?{_MONTH}\b|\b(?:is|are) to\b|将|会|计划", _I)
_VAGUE = re.compile(
    r"\bas soon as possible\b|\basap\b|\b(?:we|i)(?: will| shall|'ll)? (?:try|strive|endeavou?r|do our (?:very )?best|make every effort|aim)\b|\bdo our best\b|\b(?:we|i)(?: \w+ly)? hope (?:to|that)\b|\bwe (?:intend|wish|would like) to improve\b|\bin the near future\b"
    r"|\bwhen(?:ever)? (?:possible|we can)\b|\bwhere possible\b|\bat some point\b|\bsooner or later\b|尽快|尽力|尽量|努力|争取|希望(?:能|可以)",
    _I,
)


def told_as_done(text: str) -> bool:
    """Whether the sentence says that something has happened or is running, and nothing in it points to the future."""
    words = _unquoted(text)
    return not _WILL.search(words) and bool(_SINCE.search(words) or (_PAST.search(words) and not _START.search(words)))


def check_tense(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """Plans are told as plans, finished steps as finished, and neither as a hope."""
    found: list[Finding] = []
    facts = case.facts if case else ()
    for line in view.lines:
        if line.origin == "fixed":
            continue
        resting = line.facts or matching_facts(line.text, facts)
        kinds = {f.kind for f in resting}
        if kinds == {"action_planned"} and told_as_done(line.text):
            found.append(_tense(line, resting, planned=True))
        elif kinds == {"action_done"} and _WILL.search(line.text) and not re.search(r"\bif\b|\bwhen\b|如果", line.text, _I) and not _PAST.search(_unquoted(line.text)) and not any(re.search(r"\bwill\b|将|會|会", f.text) for f in resting):
            found.append(_tense(line, resting, planned=False))
        vague = _VAGUE.search(_unquoted(line.text))
        if vague and not (line.section in {"request", "closing"} or re.search(r"\bhope (?:that )?(?:you|our account|this|the account)\b|\bhope to\b.*\bsell", line.text, _I)):
            found.append(
                Finding(
                    check="tense",
                    severity="warn",
                    message=f"“{vague[0]}” is a hope and not a measure.",
                    message_zh=f"“{vague[0]}”只是愿望,不是措施。",
                    sentence=line.number,
                    quote=vague[0],
                    why="A reviewer looks for a step, a role and a first day; an intention cannot be checked.",
                    why_zh="审核人员要看具体措施、负责岗位和开始日期；意愿无法核实。",
                    fix="Say what will be done, by which role, how often and from which date, or leave it out.",
                    fix_zh="写明做什么、哪个岗位、多久一次、从哪天开始;没有就删去。",
                    kind="vague_intention",
                    facts=tuple(f.id for f in line.facts),
                )
            )
    return found


def _tense(line: Line, facts: Sequence[Fact], *, planned: bool) -> Finding:
    ids = tuple(f.id for f in facts)
    names = ", ".join(ids)
    return Finding(
        check="tense",
        severity="block" if planned else "warn",
        message=f"This is a plan by {names}, and the sentence tells it as done." if planned else f"This is done by {names}, and the sentence tells it as still to come.",
        message_zh=f"按 {names} 这是计划,而句子写成已经做了。" if planned else f"按 {names} 这已经做完,而句子写成将来。",
        sentence=line.number,
        quote=line.text,
        why="Amazon can see in the account whether it has happened; a plan told as done is a false statement." if planned else "A finished step counts more than a promise.",
        why_zh="是否已经做了，亚马逊在账户里看得到；把计划写成已完成就是虚假陈述。" if planned else "已经完成的措施比承诺更有分量。",
        fix="Use “will” and the date on which it starts." if planned else "Use the past tense and the date.",
        fix_zh="用“will”并写明开始日期。" if planned else "用过去时并写日期。",
        kind="tense_done_vs_planned",
        facts=ids,
    )


_STOP = frozenset(
    ["the", "and", "for", "with", "that", "this", "from", "was", "were", "are", "has", "have", "had", "been", "our", "will", "not", "all", "any", "its", "their", "which", "who", "whom", "when", "then", "than", "into", "onto", "per", "each", "every", "also", "only", "over", "under", "after", "before", "of", "to", "in", "on", "at", "by", "a", "an", "is", "it", "we", "as", "be", "or", "no", "so", "he", "she", "they", "these", "those", "there", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
)
ALIGNED = 0.45
"""Share of the words of the shorter text that a sentence and a fact have in common, from which they are taken to speak of the same thing."""


@lru_cache(maxsize=4096)
def stems(text: str) -> frozenset[str]:
    """The content words of an English text, cut to their stems, and its numbers."""
    return frozenset(re.sub(r"(?:ing|ed|es|s|ly|ion|ions)$", "", w)[:7] for w in re.findall(r"[a-z]{3,}|\d[\d.,]*\d|\d", text.lower()) if w not in _STOP)


def matching_facts(text: str, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts that a sentence of a pasted letter speaks of, by their words; empty when it is not clear. Chinese facts are not matched."""
    words = stems(text)
    if len(words) < 3:
        return ()
    scored = []
    for fact in facts:
        if has_han(fact.text):
            continue
        best = max((_share(words, stems(part)) for part in re.split(r"[;；]\s*", fact.text)), default=0.0)
        scored.append((best, fact))
    top = max((score for score, _ in scored), default=0.0)
    return tuple(f for score, f in scored if score >= max(ALIGNED, top - 0.12)) if top >= ALIGNED else ()


def _share(one: frozenset[str], two: frozenset[str]) -> float:
    common = one & two
    return len(common) / min(len(one), len(two)) if len(common) >= 3 else 0.0


# --- references and gaps ------------------------------------------------------------------------------------------------

GAP = re.compile(r"\[to be supplied:[^\]\n]*\]", _I)


def check_gaps(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """One finding for each place that still waits for the seller."""
    return [
        Finding(
            check="gaps",
            severity="block",
            message=f"Something is still missing here: {match[0][16:-1].strip()}.",
            message_zh=f"这里还缺内容:{match[0][16:-1].strip()}。",
            sentence=line.number,
            quote=match[0],
            why="The program leaves a visible gap where no fact was told; it never fills one.",
            why_zh="没有提供事实的地方，程序会留下明显的空缺，绝不自行填写。",
            fix="Tell the fact, or take the sentence out if it does not apply.",
            fix_zh="请补充这条事实;不适用就删去这句。",
            kind="gap",
            facts=tuple(f.id for f in line.facts),
        )
        for line in view.lines
        for match in GAP.finditer(line.text)
    ]


def check_references(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """Every fact and passage that a sentence names exists; passages are looked up only when some are given."""
    found: list[Finding] = []
    facts = {f.id for f in case.facts} if case else None
    known = {p.id for p in passages}
    number = 0
    for section in view.letter.sections:
        for sentence in section.sentences:
            dead_facts = tuple(f for f in sentence.facts if facts is not None and f not in facts)
            dead_passages = tuple(p for p in sentence.passages if known and p not in known)
            for what, what_zh, ids in (("fact", "事实", dead_facts), ("passage", "参考段落", dead_passages)):
                if ids:
                    found.append(
                        Finding(
                            check="references",
                            severity="block",
                            message=f"The sentence rests on {what} {', '.join(ids)}, which does not exist.",
                            message_zh=f"这句话依据的{what_zh} {'、'.join(ids)} 不存在。",
                            sentence=number,
                            quote=sentence.text,
                            why="A sentence without its source cannot be checked.",
                            why_zh="没有来源的句子无法核对。",
                            fix="Name the right source, or write the sentence anew from a fact.",
                            fix_zh="请指明正确的来源,或根据事实重写。",
                            kind=f"unknown_{what}",
                            facts=dead_facts if what == "fact" else (),
                            passages=dead_passages if what == "passage" else (),
                        )
                    )
            number += 1
    return found


# --- what the notice asks for -------------------------------------------------------------------------------------------

REQUESTS: dict[str, tuple[str, str, str]] = {
    "root_cause": ("the root cause", "根本原因", ""),
    "corrective_actions": ("the actions already taken", "已采取的纠正措施", ""),
    "preventive_measures": ("the measures that prevent it in future", "预防措施", ""),
    "plan_of_action": ("a plan of action", "行动计划", ""),
    "invoices": ("invoices", "发票", r"\binvoices?\b|\breceipts?\b|发票"),
    "supplier_contact": ("the contact data of the supplier", "供应商联系方式", r"\bsupplier\b.*\b(?:phone|e-?mail|address|contact|website)\b|\b(?:phone|tel|website|e-?mail|address)\b.*\d|供应商.*(?:电话|地址|联系)"),
    "authorization_letter": ("a letter of authorisation", "授权书", r"\bauthori[sz]|\bloa\b|\blicen[cs]e (?:agreement|from|to)|\bletter of\b|\bdistributor|授权"),
    "brand_registration": ("proof of the brand registration", "商标或品牌注册证明", r"\bregist(?:ration|ered|er|ry)\b|商标|注册"),
    "retraction": ("a retraction by the rights owner", "权利人撤诉", r"\bretract|\bwithdr|撤诉|撤回"),
    "compliance_documents": ("compliance documents", "合规文件", r"\btest reports?\b|\bcertificates?\b|\bdeclaration\b|\bcpc\b|\bsds\b|\bsafety data|\bcompliance doc|检测报告|测试报告|证书|合规"),
    "identity_documents": ("identity documents", "身份文件", r"\bpassport|\blicen[cs]e\b|\bidentity\b|\bid card|\b(?:utility|water|gas|electricity|phone) bill|\bbank statement|身份证|护照|执照|账单"),
    "related_account_info": ("information on the related account", "关联账户说明", r"\baccounts?\b|\bstore\b|账户|账号|店铺"),
    "evidence_of_compliance": ("evidence that the policy is kept", "遵守政策的证据", r"\bevidence\b|\bproof\b|\battach|\benclos|\bexhibit|\bshows?\b|\bscreenshots?\b|\.pdf\b|证据|附件|证明"),
    "tracking_information": ("tracking information", "物流追踪信息", r"\btracking\b|\bscans?\b|\bwaybill|追踪|运单|物流单号"),
    "delivery_proof": ("proof of delivery", "妥投证明", r"\bdeliver(?:y|ed)\b|\bsigned for\b|\bsignature\b|妥投|签收"),
    "buyer_correspondence": ("the messages with the buyer", "与买家的往来消息", r"\bmessages?\b|\bcorrespondence\b|\bthreads?\b|\bwrote\b|消息|邮件|沟通记录"),
    "payment_records": ("payment records", "付款记录", r"\bpayments?\b|\bbank (?:receipt|transfer|statement|record)|\bpaid\b|付款|转账"),
    "import_documents": ("import documents", "进口文件", r"\bimport|\bcustoms\b|\bbill of lading|\bwaybill|报关|提单"),
    "patent_evaluation_agreement": ("an answer on the patent evaluation", "专利中立评估的答复", r"\bevaluation\b|专利评估|中立评估"),
    "supplier_agreement": ("the agreement with the supplier", "供货协议", r"\bagreement\b|\bcontract\b|协议|合同"),
    "phone_call": ("a phone call", "电话沟通", r"\bphone\b|\bcall\b|\btelephone\b|\breach(?:ed)? (?:at|under)\b|电话"),
    "video_verification": ("a video verification", "视频验证", r"\bvideo\b|\binterview\b|视频|面谈"),
}
"""Name of each request in both languages, and the words that answer it; the parts of a plan are answered by their sections."""


def check_requests(view: View, case: Case | None, passages: Sequence[Passage], *, notice: Notice | None = None) -> list[Finding]:
    """Everything that the notice asks for is answered somewhere, or named as missing."""
    if notice is None and case is not None and case.notification.strip():
        from rag.notice import read_notice  # late: it compiles the phrases of all case types

        notice = read_notice(case.notification)
    if notice is None or document_of(view, case) in {"follow_up", "buyer_message", "retraction_request", "counter_notice"}:
        return []
    contests = document_of(view, case) in {"contest", "a_to_z_appeal", "verification", "funds_appeal"}
    attached = " ".join(f"{a.name} {a.proves}" for a in view.letter.attachments)
    text = " ".join((*(s.heading for s in view.letter.sections), *(_said(x.text) for x in view.lines), attached))
    # A visible gap is a finding of its own; the same thing is not reported twice.
    open_parts = {x.section for x in view.lines if GAP.search(x.text)} & set(_PLAN)
    found: list[Finding] = []
    for name in notice.requested:
        if name not in REQUESTS or name in open_parts or (name == "plan_of_action" and open_parts):
            continue
        en, zh, pattern = REQUESTS[name]
        if name in _PLAN:
            # A dispute answers "what was the cause" with its grounds; a missing part is reported by the sections where it is required.
            answered = contests or _headed(name, view) or _by_content(name, view, case)
        elif name == "plan_of_action":
            answered = contests or all(_headed(p, view) or _by_content(p, view, case) for p in _PLAN)
        else:
            answered = re.search(pattern, text, _I | re.DOTALL) is not None
        if not answered:
            found.append(
                Finding(
                    check="requests",
                    severity="warn",
                    message=f"The notice asks for {en}; the letter does not answer it.",
                    message_zh=f"通知要求提供{zh},信里没有回应。",
                    quote=next((q.text for q in notice.quotes if q.supports == f"requested:{name}"), ""),
                    why="Reviewers compare the letter with the notice item by item; an item without an answer is asked for again or the appeal is rejected.",
                    why_zh="审核人员会对照通知逐项检查；没有回应的项目会被再次追问，或者申诉直接被拒。",
                    fix=f"Answer it, attach it, or say openly why {en} cannot be given.",
                    fix_zh=f"请回应或附上{zh};确实没有就说明原因。",
                    kind=f"request:{name}",
                )
            )
    return found


def _said(text: str) -> str:
    return GAP.sub(" ", text)
