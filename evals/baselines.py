"""The rival writers: the same case in, a letter out, made the way that others make it. Only for comparison; no seller sees them.

B0 static fill, B1 plain chat, B2 persona prompt, B5 strong prompt without checks, B6 the same with a gate on words. Same chat model
and the same facts, in the language in which they were told, for all. Letters copied from examples (section by section) and one JSON answer
are not built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from string import Template

from rag import knowledge
from rag.atoms import find_atoms, find_names
from rag.checks.lock import known_words
from rag.llm import Chat
from rag.models import Case, Fact
from rag.plan import SITES
from rag.prompts import fence, load_prompt
from rag.settings import PROJECT

Baseline = Callable[[Case, Chat], str]

STATIC = PROJECT / "evals" / "static_letters.yaml"


@cache
def _static() -> dict[str, str]:
    return dict(knowledge.read_yaml(STATIC))


def static_fill(case: Case, chat: Chat) -> str:
    """B0: a fixed letter of the family with store, ASINs and date pasted in."""
    values = _values(case)
    dates = [a.text for a in find_atoms(case.notification) if a.kind == "date" and a.value[2]]
    letter = _static()[knowledge.case_type(case.case_type).family]
    return Template(letter).substitute(store=values["store"], site=values["site"], asins=values["asins"], violation=values["violation"], date=dates[-1] if dates else "[DATE]")


def plain_chat(case: Case, chat: Chat) -> str:
    """B1: one message in a chat window."""
    values = _values(case)
    return _ask(chat, "baseline_b1", notice=case.notification.strip(), story=_story(case), **{k: values[k] for k in ("violation", "store", "site")})


def persona(case: Case, chat: Chat) -> str:
    """B2: the former investigator."""
    return _ask(chat, "baseline_b2", notice=case.notification.strip(), story=_story(case), **_values(case))


def strong_prompt(case: Case, chat: Chat) -> str:
    """B5: typed facts, fenced, with honest rules; one call."""
    system, user = _strong(case)
    prompt = load_prompt("baseline_b5")
    return chat.complete(system, user, max_tokens=prompt.max_tokens, temperature=prompt.temperature).text


def gated_prompt(case: Case, chat: Chat) -> str:
    """B6: B5, then every number, date and name must occur in the material; asked once more; else the seller's own words."""
    system, user = _strong(case)
    first = load_prompt("baseline_b5")
    letter = chat.complete(system, user, max_tokens=first.max_tokens, temperature=first.temperature).text
    offending = not_in_material(letter, case)
    if not offending:
        return letter
    again = load_prompt("baseline_b6")
    _, complaint = again.fill(offending=", ".join(offending))
    letter = chat.complete(system, complaint, max_tokens=again.max_tokens, temperature=again.temperature, examples=[(user, letter)]).text
    return own_words(case) if not_in_material(letter, case) else letter


def not_in_material(letter: str, case: Case) -> list[str]:
    """Numbers and names of the letter that do not occur, as strings of digits or words, in facts, notice, store or documents."""
    material = "\n".join((case.notification, case.store_name, *(f.text for f in case.facts), *(f"{e.name} {e.data}" for e in case.evidence)))
    digits = set(re.findall(r"\d+", material))
    low = material.lower()
    found = [n for n in re.findall(r"\d+", re.sub(r"(?m)^\s*\d{1,2}[.)]\s", "", letter)) if n not in digits]
    bare = re.sub(r"\[[^\]]*\]", " ", letter)
    found += [a.text for a in find_names(bare, known=known_words()) if a.text.lower() not in low]
    return list(dict.fromkeys(found))


def own_words(case: Case) -> str:
    """The facts as the seller told them, under three headings."""
    parts = {
        "Root Cause": ("context", "metric", "cause"),
        "Corrective Actions Taken": ("action_done", "evidence"),
        "Preventive Measures": ("action_planned",),
    }
    return "\n\n".join(f"{heading}\n" + "\n".join(f.text for f in case.facts if f.kind in kinds) for heading, kinds in parts.items())


BASELINES: dict[str, tuple[str, Baseline, tuple[str, ...]]] = {
    "B0": ("static fill", static_fill, ()),
    "B1": ("plain chat", plain_chat, ("baseline_b1",)),
    "B2": ("persona prompt", persona, ("baseline_b2",)),
    "B5": ("strong prompt, no checks", strong_prompt, ("baseline_b5",)),
    "B6": ("strong prompt and a gate on words", gated_prompt, ("baseline_b5", "baseline_b6")),
}
"""Name, how it writes, and the prompt files it uses."""


def _strong(case: Case) -> tuple[str, str]:
    values = _values(case)
    documents = "\n".join(f"{e.name}: {e.data}" if e.data else e.name for e in case.evidence) or "none"
    return load_prompt("baseline_b5").fill(
        violation=values["violation"],
        stance=(case.stance or "accept_and_fix").replace("_", " "),
        store=values["store"],
        site=values["site"],
        notice=fence("notice", case.notification),
        facts=fence("facts", _typed(case.facts)),
        documents=fence("document", documents),
    )


def _typed(facts: Sequence[Fact]) -> str:
    return "\n".join(f"{f.id} ({f.kind}): {f.text}" for f in facts) or "none"


def _story(case: Case) -> str:
    """The facts as a seller would tell them, then the documents at hand; kinds are ours and not told."""
    documents = [f"I have this document: {e.name}. {e.data}".strip() for e in case.evidence]
    return "\n".join((*(f.text for f in case.facts), *documents))


def _values(case: Case) -> dict[str, str]:
    asins = list(dict.fromkeys(a.value[0] for a in find_atoms(case.notification) if a.kind == "asin"))
    return {
        "store": case.store_name or "not given",
        "site": SITES[case.marketplace],
        "asins": ", ".join(asins) or "none named",
        "violation": knowledge.case_type(case.case_type).names.en[0],
    }


def _ask(chat: Chat, name: str, **values: str) -> str:
    prompt = load_prompt(name)
    system, user = prompt.fill(**values)
    return chat.complete(system, user, max_tokens=prompt.max_tokens, temperature=prompt.temperature).text
