"""The fixed words around the seller's facts: opening, references, position, request, headings. Filled from knowledge/frames.yaml, worded by nobody.

A line whose placeholder is unknown is left out. Of several variants the case picks one, so that two letters of one seller do not open alike.
Nothing here says what no fact, no notice and no choice of the seller says.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Template
from typing import Any

from rag import knowledge
from rag.atoms import find_atoms
from rag.checks.structure import REQUESTS
from rag.items import Items
from rag.knowledge import CaseType
from rag.models import Case, Document, Fact, Letter, Notice, SectionId, Stance
from rag.script import has_han

SITES = {
    "US": "amazon.com", "UK": "amazon.co.uk", "DE": "amazon.de", "FR": "amazon.fr", "IT": "amazon.it", "ES": "amazon.es", "NL": "amazon.nl",
    "SE": "amazon.se", "PL": "amazon.pl", "BE": "amazon.com.be", "IE": "amazon.ie", "TR": "amazon.com.tr", "JP": "amazon.co.jp", "CA": "amazon.ca",
    "MX": "amazon.com.mx", "BR": "amazon.com.br", "AU": "amazon.com.au", "SG": "amazon.sg", "IN": "amazon.in", "AE": "amazon.ae",
    "SA": "amazon.sa", "EG": "amazon.eg", "ZA": "amazon.co.za",
}
STORE = "store name"
"""Need of the gap that the opening itself shows."""
MOST_NAMED = 10
"""Items that one sentence about the position names at most."""


@dataclass(frozen=True)
class Task:
    """What every step of planning looks at."""

    case: Case
    notice: Notice
    kind: CaseType
    document: Document
    stance: Stance
    earlier: tuple[Letter | str, ...]
    """Letters that were sent before, the newest last."""
    facts: tuple[Fact, ...]
    """All but dishonest wishes."""
    items: Items
    order: str
    """The order of a message to a buyer; empty in any other document, or when it is not clear."""


@cache
def frames() -> dict[str, Any]:
    """knowledge/frames.yaml."""
    return dict(knowledge.read_yaml(knowledge.KNOWLEDGE / "frames.yaml"))


def heading(section: str, *, stance: str, case_type: str, document: str = "") -> str:
    """The heading of a section in this kind of letter."""
    special = frames()["headings_for"]
    for key in (document, case_type, stance):
        if section in special.get(key, {}):
            return str(special[key][section])
    return str(frames()["headings"].get(section, ""))


def fixed_lines(section: SectionId, task: Task, by_section: Mapping[SectionId, Sequence[Fact]], corrections: Sequence[str] = ()) -> list[str]:
    """The fixed sentences that open a section. `corrections` are sentences of an earlier letter that this one corrects."""
    if section == "identification":
        opening = _fill(frames()["opening"][task.document], task)
        lines = [_fill(frames()["references"]["owner"], task) if task.document == "retraction_request" else ""]
        lines += [opening[:1].upper() + opening[1:], *_references(task, by_section, corrections)]
    elif section == "position":
        lines = [_position(task, has_evidence=bool(by_section.get("evidence_list")))]
    elif section == "request" and task.document != "counter_notice":
        lines = [_request(task)]  # a counter-notice ends with the signature
    else:
        lines = []
    return [line for line in lines if line]


def complaints(task: Task) -> str:
    """Numbers of the complaint, from the notice or as the seller told them."""
    told = [f.text for f in task.case.facts if f.question in frames()["complaint_number"]["questions"] and not has_han(f.text)]
    return listed(task.notice.complaint_ids) or ", ".join(told)


def listings(task: Task) -> str:
    """ASINs of the notice, else of the facts."""
    named = [a.value[0] for f in task.facts for a in find_atoms(f.text) if a.kind == "asin"]
    return listed(task.notice.asins or tuple(dict.fromkeys(named)))


def listed(items: Sequence[str]) -> str:
    """Identifiers in one line; a list of hundreds belongs into an attachment."""
    return ", ".join(items[:20])


def _references(task: Task, by_section: Mapping[SectionId, Sequence[Fact]], corrections: Sequence[str]) -> list[str]:
    frame, references = frames(), frames()["references"]
    if task.document == "buyer_message":
        done = any(f.kind == "action_done" for f in by_section.get("corrective_actions", ()))
        return [_fill(frame["buyer_order"], task), _fill(frame["apology"]["buyer_message"], task) if task.stance == "accept_and_fix" and done else ""]
    if task.document == "retraction_request":
        return [_fill(references["asins_disputed"], task), _fill(references["complaints"], task)]
    lines = [_fill(references["asins_and_orders"], task) or _fill(references["asins"], task) or _fill(references["orders"], task)]
    lines.append(_fill(references["complaints"], task) if task.notice.complaint_ids else "")
    if task.document == "follow_up":
        return lines  # the date that counts there is that of the letter, which a fact tells
    if task.document != "supplement":
        return [_fill(references["notice_date"], task), *lines]
    lines = [_fill(references["reply_date"], task), *lines, _fill(references["asked"], task)]
    if any(isinstance(e, Letter) for e in task.earlier) and by_section.get("evidence_list"):
        lines.append(frame["supplement"]["new"])
    return lines + [Template(frame["supplement"]["correction"]).substitute(old=old) for old in dict.fromkeys(corrections)]


def _position(task: Task, *, has_evidence: bool) -> str:
    position = frames()["position"]
    own = position.get(task.document)
    if isinstance(own, dict):
        return _fill(own.get(task.stance, []), task)
    if task.stance == "mixed":
        few = len(task.items.conceded) + len(task.items.contested) <= MOST_NAMED
        return (_fill(position["mixed_items"], task) if few else "") or str(position["mixed"])
    if task.document == "contest":
        return str(position["contest" if has_evidence else "contest_bare"])
    return ""


_OWN_SHIPPING = re.compile(r"(?:seller|merchant)[- ]fulfilled|\b(?:MFN|FBM)\b|自发货|自配送", re.IGNORECASE)
"""A metric of own shipping takes down all offers of that kind, and no listing by name."""


def _request(task: Task) -> str:
    request = frames()["request"]
    own = request.get(task.document)
    if isinstance(own, dict):
        return _fill(own.get(task.stance) or own.get("any", []), task) or _fill(own.get("bare", []), task)
    kind = task.notice.kind
    scope = "account" if kind == "suspension" else "listing" if kind in {"listing_removal", "ip_complaint"} else "warning" if kind in {"warning", "deactivation_72h"} else "plain"
    if scope == "listing" and not task.notice.asins and _OWN_SHIPPING.search(task.case.notification):
        scope = "offers"
    if task.stance == "clarify_and_verify":
        return str(request["verification"])
    if task.stance == "contest":
        return str(request.get(f"contest_{scope}", request["contest_plain"]))
    return str(request[scope])


def _values(task: Task) -> dict[str, str]:
    """What the placeholders of the frame stand for; empty where nothing is known."""
    date = next((f.text for f in task.case.facts if f.question == "notice_date"), "")
    return {
        "subject": frames()["subjects"].get(task.kind.id, task.kind.names.en[0]),
        "store": task.case.store_name or f"[to be supplied: {STORE}]",
        "site": SITES[task.case.marketplace],
        "called": frames()["called"][task.stance],
        "notice_date": _plain_date(date),
        "asins": listings(task) if task.document == "retraction_request" else listed(task.notice.asins),
        "asins_named": _named("ASIN", task.notice.asins),
        "orders_named": _named("order", task.notice.order_ids),
        "complaints": complaints(task),
        "asked": _joined([REQUESTS[item][0] for item in task.notice.requested if item in REQUESTS]),
        "owner": next((f.text for f in task.case.facts if f.question == "owner_name" and not has_han(f.text)), ""),
        "order": task.order,
        "conceded": _joined(task.items.conceded),
        "contested": _joined(task.items.contested),
    }


def _named(what: str, items: Sequence[str]) -> str:
    """`ASIN A`, `ASINs A and B`; empty for none."""
    return f"{what}{'s' if len(items) > 1 else ''} {_joined(items[:20])}" if items else ""


def _fill(templates: Sequence[str] | str, task: Task) -> str:
    """One of the templates whose placeholders are all known, filled; empty when there is none."""
    values = _values(task)
    whole = [t for t in ([templates] if isinstance(templates, str) else templates) if all(values[i] for i in Template(t).get_identifiers())]
    return Template(_pick(whole, task.case)).substitute(values) if whole else ""


def _pick(variants: Sequence[str], case: Case) -> str:
    """One of the variants by the content of the case: the same case always opens alike, two cases seldom do."""
    digest = hashlib.sha256(f"{case.id}{case.store_name}{case.notification}".encode()).digest()
    return variants[digest[0] % len(variants)]


def _joined(items: Sequence[str]) -> str:
    return ", ".join(items[:-1]) + (" and " if len(items) > 1 else "") + items[-1] if items else ""


def _plain_date(text: str) -> str:
    from rag.prepare import english_date  # the one place that writes dates

    atom = next((a for a in find_atoms(text) if a.kind == "date"), None)
    return english_date(atom) if atom else ""
