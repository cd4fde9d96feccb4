"""The rival writers: the same case in, a letter out, made the way that others make it. Only for comparison; no seller sees them.

B0 static fill, B1 plain chat, B2 persona prompt, B3 letters as examples, section by section, B4 one JSON answer, B5 strong prompt without
checks, B6 the same with a gate on words. Same chat model and the same facts, in the language in which they were told, for all.

B3 and B4 put finished letters into their prompts. They are built for models with a large window; here all models get what fits the window of the
model inside (`CONTEXT`), so that models can be compared, and what does not fit is cut (`Space`).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from string import Template
from typing import Any

from rag import knowledge
from rag.atoms import find_atoms, find_names
from rag.checks.lock import known_words
from rag.errors import ReplyUnusable
from rag.llm import CONTEXT, Chat, Reply
from rag.models import Case, Fact
from rag.plan import SITES
from rag.prompts import Prompt, fence, load_prompt
from rag.retrieve import Words, expand
from rag.settings import PROJECT
from rag.tokens import count_tokens

Baseline = Callable[[Case, Chat], str]

STATIC = PROJECT / "evals" / "static_letters.yaml"
EXAMPLES = knowledge.KNOWLEDGE / "examples"
B3 = ("baseline_b3_opening", "baseline_b3_root_cause", "baseline_b3_corrective_actions", "baseline_b3_preventive_measures", "baseline_b3_closing")
"""The five calls in the order of the letter. The first file holds the system text of all."""
B4 = ("baseline_b4_classify", "baseline_b4")
EARLIER_CASES = 5
"""Letters of the same kind that B4 shows at most."""
UPLOAD = 3000
"""Characters of each document that B3 reads."""
SPARE = 200
"""Tokens of the window left free: the marks of the chat template, and what our count misses."""


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


def letters_as_examples(case: Case, chat: Chat) -> str:
    """B3: five calls, one for each part of the letter, each with the likest finished letters, the case, and the parts written so far.

    The letters are found by words (the program that this stands for uses vectors), the same for all five calls. Of the window, the case takes half at
    most, the parts written so far half of what then is left (each cut alike at its end), the letters the rest: whole and best first; where not even
    the best fits, its beginning. Frequency and presence penalties are not asked for: our door to the models has none.
    """
    first = load_prompt(B3[0])
    values, told = _values(case), _told(case)
    kind = knowledge.case_type(case.case_type)
    likest = likest_letters("\n".join((values["violation"], case.notification, *told.values())), kind)
    fixed = {**{k: values[k] for k in ("violation", "store", "site", "asins")}, "focus": _focus(kind)}
    written: list[str] = []
    bare, _ = first.fill(**fixed, **dict.fromkeys((*told, "notice", "letters", "written"), ""))
    for name in B3:
        prompt = load_prompt(name)
        space = Space(prompt.max_tokens, bare, prompt.user)
        half = space.left // 2
        notice = space.take(case.notification.strip(), half // 2)
        # Uploads come last, so a long one costs none of the seller's own words.
        parts = {key: space.take(text, half - (space.whole - space.left)) for key, text in told.items()}
        share = space.left // 2 // max(len(written), 1)
        so_far = "\n\n".join(space.take(text, share) for text in written) or "none yet"
        letters = space.letters(likest)
        system, _ = first.fill(**fixed, **parts, notice=notice, letters=letters, written=so_far)
        written.append(chat.complete(system, prompt.user, max_tokens=prompt.max_tokens, temperature=prompt.temperature).text.strip())
    return "\n\n".join(written)


def one_json_answer(case: Case, chat: Chat) -> str:
    """B4: the kind of case is asked for, then one JSON object with everything; the letter is the `letter` in it.

    A reply that is cut off, is no JSON, or lacks a part raises ReplyUnusable: neither a kind of case nor a letter is put in its place. Of the window,
    notice and story take half each at most; letters of the same kind get what is left in the second call, and there may be none.
    """
    values = {k: v for k, v in _values(case).items() if k != "violation"}
    first = load_prompt(B4[0])
    types = "\n".join(f"{k.id}: {k.names.en[0]}" for k in knowledge.case_types())
    space = Space(first.max_tokens, *first.fill(types=types, notice="", story=""))
    asked = {"notice": space.take(case.notification.strip(), space.left // 2), "story": space.take(_story(case), space.left)}
    answer = _json(first, chat, _CLASSIFIED, types=types, **asked)
    kind = next((k for k in knowledge.case_types() if k.id == answer["case_type"]), None)
    if kind is None:
        raise ReplyUnusable(f"The model {chat.name} named {answer['case_type']!r}, which is no kind of case.", f"模型 {chat.name} 给出的案件类型 {answer['case_type']!r} 不存在。")
    second = load_prompt(B4[1])
    values["violation"] = kind.names.en[0]
    space = Space(second.max_tokens, *second.fill(**values, notice="", story="", letters=""))
    asked = {"notice": space.take(case.notification.strip(), space.left // 2), "story": space.take(_story(case), space.left)}
    letters = space.letters([e.text for e in finished_letters() if e.case_type == kind.id][:EARLIER_CASES])
    letter = _json(second, chat, _ANSWERED, letters=letters, **asked, **values)["letter"].strip()
    if not letter:
        raise ReplyUnusable(f"The JSON object of the model {chat.name} has an empty letter.", f"模型 {chat.name} 返回的 JSON 里信是空的。")
    return str(letter)


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
    "B3": ("letters as examples, section by section", letters_as_examples, B3),
    "B4": ("one JSON answer", one_json_answer, B4),
    "B5": ("strong prompt, no checks", strong_prompt, ("baseline_b5",)),
    "B6": ("strong prompt and a gate on words", gated_prompt, ("baseline_b5", "baseline_b6")),
}
"""Name, how it writes, and the prompt files it uses."""


# --- finished letters, and what of them fits ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finished:
    """An invented letter of knowledge/examples that is shown to the model as it stands."""

    id: str
    case_type: str
    text: str


@cache
def finished_letters() -> tuple[Finished, ...]:
    """The good ones; those that show mistakes are nobody's model."""
    found = [knowledge.read_yaml(path) for path in sorted(EXAMPLES.glob("*.yaml"))]
    return tuple(Finished(e["id"], e["case_type"], e["text"].strip()) for e in found if e["quality"] == "good")


@cache
def _index() -> Words:
    return Words([f"{' '.join(knowledge.case_type(e.case_type).names.en)} {e.text}" for e in finished_letters()])


def likest_letters(text: str, kind: knowledge.CaseType) -> list[str]:
    """The letters by likeness to the text of a case, best first; half as much again counts one whose id has a word of the name of the type."""
    scores, _ = _index().scores(expand(text))
    words = {w for name in kind.names.en for w in re.findall(r"[a-z]{3,}", name.lower())}
    ranked = [(float(score) * (1.5 if words & set(e.id.split("-")) else 1.0), e.text) for score, e in zip(scores, finished_letters(), strict=True)]
    return [letter for _, letter in sorted(ranked, key=lambda pair: -pair[0])]


class Space:
    """What the window still holds, in tokens, beside the longest reply and the texts that are in it already."""

    def __init__(self, reply: int, *texts: str) -> None:
        self.whole = self.left = max(0, CONTEXT - SPARE - reply - sum(map(tokens, texts)))

    def take(self, text: str, most: int) -> str:
        """The text, or as much of its beginning as `most` and the space allow."""
        text = shortened(text, min(most, self.left))
        self.left -= tokens(text)
        return text

    def letters(self, texts: Sequence[str]) -> str:
        """Whole letters as far as they go; where not even the first fits, its beginning."""
        shown: list[str] = []
        for text in texts:
            if tokens(text) > self.left:
                break
            shown.append(self.take(text, self.left))
        if texts and not shown:
            shown.append(self.take(texts[0], self.left))
        return "\n\n---\n\n".join(t for t in shown if t) or "none"


def tokens(text: str) -> int:
    """Tokens of a text at most: our table joins up to three digits, the model inside reads each for itself."""
    return count_tokens(text) + 2 * sum(c.isdigit() for c in text) // 3


def shortened(text: str, most: int) -> str:
    """The beginning of a text that has `most` tokens, with a mark where it was cut."""
    if tokens(text) <= most:
        return text
    end = bisect_right(range(1, len(text)), most - 2, key=lambda n: tokens(text[:n]))
    return f"{text[:end].rstrip()} ..." if end else ""


# --- JSON --------------------------------------------------------------------------------------------------------------------

_CLASSIFIED: dict[str, type] = {"case_type": str}
_ANSWERED: dict[str, type] = {"root_cause": str, "corrective_actions": str, "preventive_measures": str, "letter": str, "checklist": list, "tips": list}


def _json(prompt: Prompt, chat: Chat, wanted: dict[str, type], **values: str) -> dict[str, Any]:
    system, user = prompt.fill(**values)
    form: dict[str, Any] = {key: {"type": "string"} if kind is str else {"type": "array", "items": {"type": "string"}} for key, kind in wanted.items()}
    schema = {"type": "object", "properties": form, "required": list(wanted), "additionalProperties": False}
    reply = chat.complete(system, user, max_tokens=prompt.max_tokens, temperature=prompt.temperature, schema=schema)
    return json_answer(reply, wanted, model=chat.name)


def json_answer(reply: Reply, wanted: dict[str, type], *, model: str) -> dict[str, Any]:
    """The object in a reply, with all wanted keys of the right type. A code fence around it is no harm; anything else raises ReplyUnusable."""
    problem, problem_zh = "", ""
    data: Any = None
    if not reply.finished:
        problem, problem_zh = "was cut off", "被截断"
    else:
        bare = re.sub(r"\A```(?:json)?\s*|\s*```\Z", "", reply.text.strip())
        try:
            data = json.loads(bare, strict=False)  # line breaks inside strings are common and leave no doubt
        except json.JSONDecodeError as error:
            problem, problem_zh = f"is no JSON ({error.msg})", "不是有效的 JSON"
    if not problem:
        wrong = [k for k, kind in wanted.items() if not isinstance(data.get(k), kind)] if isinstance(data, dict) else list(wanted)
        if wrong:
            problem, problem_zh = f"lacks {', '.join(wrong)} in the form that was asked for", f"缺少 {'、'.join(wrong)}"
    if problem:
        raise ReplyUnusable(f"The reply of the model {model} {problem}.", f"模型 {model} 的回复{problem_zh}。")
    return dict(data)


# --- what the prompts are filled with -----------------------------------------------------------------------------------------


def _told(case: Case) -> dict[str, str]:
    """The facts under the headings of a form, as B3's seller fills it in; the uploads last."""
    kinds = {"story": ("context", "metric", "evidence"), "causes": ("cause",), "done": ("action_done",), "planned": ("action_planned",)}
    parts = {key: "\n".join(f.text for f in case.facts if f.kind in wanted) or "not told" for key, wanted in kinds.items()}
    uploads = [f"{e.name}\n{e.data[:UPLOAD]}" if e.data else f"{e.name} (no text: mention it as attached)" for e in case.evidence]
    return {**parts, "uploads": "\n".join(uploads) or "none"}


def _focus(kind: knowledge.CaseType) -> str:
    return "Such appeals are turned down for these reasons: " + " ".join(reason.en for reason in kind.rejected_because[:3])


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
