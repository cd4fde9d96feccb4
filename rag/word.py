"""Point -> Sentence: one fact into plain English, with the terms of the field, then checked on the spot and asked again when wrong.

Facts in good English stay as the seller wrote them. Chinese facts go to the model one at a time, with their dates already in English and
the glossary's words for the terms in them. What comes back must keep every number, date and name, add none, keep the tense and the negations. A reply
that does not is asked again with the exact complaint, at most twice; then the seller's own words stand, or, where those
are Chinese, a visible gap. Nothing unchecked gets through here, whatever the model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.atoms import find_atoms
from rag.errors import ReplyUnusable
from rag.llm import Chat
from rag.misread import PERSON, Problem, problems_of
from rag.models import Case, Fact, Origin, Point, Sentence
from rag.prepare import elliptical, english_date, prepared
from rag.prompts import Prompt, load_prompt
from rag.script import drop_readings, has_han, repair
from rag.terms import terms_in

TRIES = 3
"""The first wording and two repairs."""
if TYPE_CHECKING:
    from rag.judge import Judge

KINDS = {"metric": "figure", "cause": "cause", "action_done": "done", "action_planned": "planned", "evidence": "document", "context": "background"}
ADAPTER = "wording"
"""Name of the trained change of the model inside that words facts; models elsewhere are shown worked examples instead."""
FREER = 0.6
"""Temperature of the last try."""
WEIGHT, WELL, POOR, GAP = 4.0, 1.0, 2.0, 100.0
"""What full doubt of the judge costs; the cost below which no other wording is sought, from which a long fact is tried in pieces, and that of a gap."""
CHUNK = 22
"""Characters of Chinese after which a comma may end a chunk."""


@dataclass(frozen=True)
class Wording:
    """A sentence and how it came about."""

    sentence: Sentence
    tries: int = 0
    problems: tuple[str, ...] = ()
    """What is still wrong with it, in words for people; empty when nothing is."""
    tokens_in: int = 0
    tokens_out: int = 0
    calls: int = 0
    cost: float = 0.0
    """What speaks against it: soft problems count 1 each, the judge's doubt up to WEIGHT; a gap costs GAP."""


def word_point(point: Point, case: Case, chat: Chat, judge: Judge | None = None) -> Wording:
    """The sentence of a point. Frame text is returned as it is; a point of several facts is worded from all of them, one after another.

    The judge, where there is one, compares each wording with its fact; of several the one that it doubts least is taken.
    """
    if point.fixed:
        return Wording(Sentence(point.fixed, passages=point.passages, origin="fixed"))
    if len(point.facts) > 1 and all(elliptical(f.text) for f in point.facts[1:]):
        # Worded together: what the figures of the others count stands in the first.
        whole = replace(point.facts[0], text="；".join(f.text.rstrip("。；; ") for f in point.facts))
        made = _word_fact(whole, point, case, chat, judge)
        if made.cost < GAP:
            return replace(made, sentence=replace(made.sentence, facts=tuple(f.id for f in point.facts)))
    parts = [_word_fact(fact, point, case, chat, judge) for fact in point.facts]
    if len(parts) == 1:
        return parts[0]
    origin: Origin = "model" if any(p.sentence.origin == "model" for p in parts) else "seller"
    return Wording(
        Sentence(" ".join(p.sentence.text for p in parts), tuple(f for p in parts for f in p.sentence.facts), point.passages, origin),
        max(p.tries for p in parts), tuple(x for p in parts for x in p.problems),
        sum(p.tokens_in for p in parts), sum(p.tokens_out for p in parts), sum(p.calls for p in parts),
    )


def _word_fact(fact: Fact, point: Point, case: Case, chat: Chat, judge: Judge | None) -> Wording:
    if not has_han(fact.text):
        own = Sentence(tidy(repair(fact.text)), (fact.id,), point.passages, "seller")
        if fact.kind == "evidence" or is_clean_english(fact.text) or not chat.available:
            return Wording(own)
        return _ask(fact, point, case, chat, load_prompt("polish"), judge, fallback=own)
    if not chat.available:
        return Wording(_gap(fact, point), problems=("Chinese text and no language model: please write this fact in English.",))
    best: Wording | None = None
    spent = (0, 0, 0)
    # In pieces there is less to lose, but also less to understand each clause by: only where the whole does not come out well.
    for pieces in dict.fromkeys(((fact.text,), tuple(chunks(fact.text)))):
        parts = [_ask(replace(fact, text=piece), point, case, chat, load_prompt("word"), judge, fallback=None) for piece in pieces]
        spent = (spent[0] + sum(p.tokens_in for p in parts), spent[1] + sum(p.tokens_out for p in parts), spent[2] + sum(p.calls for p in parts))
        gap = next((p for p in parts if p.sentence.origin == "fixed"), None)
        made = Wording(
            gap.sentence if gap else Sentence(" ".join(p.sentence.text for p in parts), (fact.id,), point.passages, "model"),
            max(p.tries for p in parts),
            tuple(problem for p in ([gap] if gap else parts) for problem in p.problems),
            cost=GAP if gap else parts[0].cost if len(parts) == 1 else _doubt(" ".join(p.sentence.text for p in parts), fact, case, judge) + sum(len(p.problems) for p in parts),
        )
        if best is None or made.cost < best.cost:
            best = made
        if best.cost < POOR:
            break
    assert best is not None
    return replace(best, tokens_in=spent[0], tokens_out=spent[1], calls=spent[2])


def _doubt(text: str, fact: Fact, case: Case, judge: Judge | None) -> float:
    """0 where the judge finds text and fact to say the same, up to 2 x its weight where it is sure that they do not; 0 without a judge."""
    if judge is None:
        return 0.0
    verdict = judge.judge([((prepared(fact.text, case.marketplace),), text)])[0]
    over = max(0.0, verdict.doubt - judge.thresholds["doubt"] / 2) + 0.5 * max(0.0, verdict.omits - judge.thresholds["omits"])
    return WEIGHT * over


def chunks(text: str) -> list[str]:
    """A long Chinese fact cut at its full stops and, where both sides are long enough, at its commas.

    A small model that is given four clauses at once may drop or swap one; fewer at a time come out right, if they can stand alone.
    """
    found: list[str] = []
    for sentence in re.split(r"(?<=[。;；!！])", drop_readings(repair(text))):
        parts = re.split(r"(?<=[,，])(?!\d)", sentence)
        for number, part in enumerate(parts):
            size = len(found[-1]) if number and found else 0
            rest = sum(len(p) for p in parts[number:])
            if number and (size < CHUNK or rest < CHUNK // 2):
                found[-1] += part
            elif part.strip():
                found.append(part)
    return [f.strip(" ,，;；。") for f in found if f.strip(" ,，;；。")]


def asked_values(prompt: Prompt, kind: str, text: str, marketplace: str = "US") -> dict[str, str]:
    """What fills the places of a wording prompt: kind and text of the fact and, where the prompt wants them, the terms in it."""
    values = {"kind": KINDS[kind], "fact": prepared(text, marketplace)}
    if "terms" in prompt.variables():
        values["terms"] = ("; ".join(f"{zh} = {en}" for zh, en in _with_window(terms_in(text), values["fact"])) if has_han(text) else "") or "none"
    return values


def _with_window(terms: list[tuple[str, str]], fact: str) -> list[tuple[str, str]]:
    """30-day 迟发率: the window is part of the term."""
    found = ((re.search(rf"\d+-day (?={re.escape(zh)})", fact), zh, en) for zh, en in terms)
    return [(f"{window[0]}{zh}", f"{window[0]}{en}") if window else (zh, en) for window, zh, en in found]


def _ask(fact: Fact, point: Point, case: Case, chat: Chat, prompt: Prompt, judge: Judge | None, *, fallback: Sentence | None) -> Wording:
    trained = ADAPTER if ADAPTER in chat.adapters else ""
    if trained:
        prompt = load_prompt("word_trained")
    system, user = prompt.fill(**asked_values(prompt, fact.kind, fact.text, case.marketplace))
    examples = prompt.examples.get("all", ())
    best: tuple[float, Sentence, list[Problem]] | None = None
    tokens_in = tokens_out = calls = 0
    asked, turns, temperature = user, tuple(examples), prompt.temperature
    for attempt in range(TRIES):
        try:
            reply = chat.complete(system, asked, max_tokens=prompt.max_tokens, temperature=temperature, examples=turns, latin=True, adapter=trained)
        except ReplyUnusable:
            calls += 1
            continue
        calls, tokens_in, tokens_out = calls + (not reply.cached), tokens_in + reply.tokens_in, tokens_out + reply.tokens_out
        sentence = Sentence(dated(cleaned(reply.text, fact), fact, case), (fact.id,), point.passages, "model")
        found = problems_of(sentence.text, fact, case) + ([] if reply.finished else [Problem("it was cut off before its end", True)])
        hard = any(p.hard for p in found)
        cost = sum(100 if p.hard else 1 for p in found) + (0.0 if hard else _doubt(sentence.text, fact, case, judge))
        if best is None or cost < best[0]:
            best = (cost, sentence, found)
        if cost < WELL:
            break
        if attempt == 0 and not trained:  # the exact complaint, as the next turn of the same conversation
            wrong = "; ".join(p.text for p in found)
            asked, turns = load_prompt("reword").fill(complaint=wrong)[1], (*examples, (user, sentence.text))
        else:  # a fresh start, a little freer: the same mistake twice is seldom mended by pointing at it again
            asked, turns, temperature = user, tuple(examples), temperature + FREER / 2 if trained else FREER
    if best is None or any(p.hard for p in best[2]):
        complaint = tuple(p.text for p in best[2]) if best else ("the model gave no usable reply",)
        return Wording(fallback or _gap(fact, point), TRIES, complaint, tokens_in, tokens_out, calls, GAP)
    return Wording(best[1], attempt + 1, tuple(p.text for p in best[2]), tokens_in, tokens_out, calls, best[0])


def _gap(fact: Fact, point: Point) -> Sentence:
    return Sentence(f"[to be supplied: English wording of fact {fact.id}]", (fact.id,), point.passages, "fixed")


# --- what comes out -----------------------------------------------------------------------------------------------------


def cleaned(reply: str, fact: Fact) -> str:
    """The reply without what small models add around it: quotation marks, labels, notes after a blank line."""
    text = reply.strip().split("\n\n")[0].replace("\n", " ").strip()
    text = re.sub(r"^(?:Sentence|English|Answer|Translation|Letter|Fact)\s*:\s*", "", text, flags=re.IGNORECASE)
    if len(text) > 1 and text[0] in "\"“'" and text[-1] in "\"”'":
        text = text[1:-1].strip()
    text = uniform_dates(text)
    text = _COUNTS.sub(lambda m: f"There were {_PER.sub(lambda n: f'{n[2]} for {n[1]}', m[0])}", text)
    text = re.sub(r"\bin advance by (\d+ [a-z]+)", r"\1 in advance", text)  # 提前7天
    if has_han(fact.text) and not PERSON.search(fact.text):
        text = re.sub(r"\b(?:him|her)self\b", "personally", text)  # 自己 tells nobody's sex
    if fact.kind == "action_planned":
        text = re.sub(r"\bSince (?=\d{1,2} [A-Z][^.]*\bwill\b)", "From ", text)  # what begins on a day to come has not begun
    return tidy(text) if fact.kind != "evidence" else text


def dated(text: str, fact: Fact, case: Case) -> str:
    """The text with the day that opens the fact (8月27号退了款), where it was left out and the first words allow it to stand before them."""
    opening = re.match(r"\s*(\d{1,2} [A-Z][a-z]+(?: \d{4})?) (?=[一-鿿])(?!起|前|之前|以前|至|到|开始|后|之后|以后|左右|晚|早)", prepared(fact.text, case.marketplace))
    if opening is None or fact.kind not in {"action_done", "context", "cause"} or opening[1].split(" ")[1] in text:
        return text
    return re.sub(r"^We (?:have (?=[a-z]+ed\b))?(?=[a-z]+ed\b)", f"On {opening[1]} we ", text)


_PER = re.compile(r"\b((?=[A-Z0-9-]*\d)[A-Z0-9-]{6,}) (\d+ [a-z]+)")
_COUNTS = re.compile(rf"(?:^|(?<=[.!?] )){_PER.pattern}(?:(?:, and |, | and ){_PER.pattern})*(?=\.)")
"""B0... 22 messages and B0... 15 messages: figures beside listings, without a verb."""


def uniform_dates(text: str) -> str:
    """Every full date in the one unambiguous form, 14 March 2026, whatever form the model chose."""
    for atom in sorted(find_atoms(text, day_first=False), key=lambda a: -a.start):
        if atom.kind == "date" and atom.value[1] and atom.value[2] and "|" not in atom.value[1] and re.search(r"[A-Za-z]", atom.text):
            text = text[: atom.start] + english_date(atom) + text[atom.end :]
    return text


def tidy(text: str) -> str:
    """White space folded, capital first, full stop last. Words are left alone."""
    text = re.sub(r"\s+", " ", text).strip()
    # A file name or a product name with its own spelling keeps it.
    if text and text[0].islower() and not re.match(r"[a-z]+[A-Z\d]|e-|\S*[._\d]\S*[a-z]", text):
        text = text[0].upper() + text[1:]
    return text if not text or text[-1] in ".!?:”\"" else text.rstrip(";,，；。") + "."


_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|do|does|did|will|can|could|may|must|[a-z]{2,}(?:ed|es|s)|went|sent|took|made|put|set|began|found|held|sold|bought|kept|left|got|ran|wrote|built|told|paid|gave|came|cut|hit|lost|met|read|saw|said)\b", re.IGNORECASE)


def is_clean_english(text: str) -> bool:
    """Whether the fact can stand in the letter as it is: whole sentences with a capital, a verb and no notes style."""
    stripped = text.strip()
    if not stripped or not (stripped[0].isupper() or stripped[0].isdigit() or stripped[0] in "\"“"):
        return False
    if re.search(r"\b(?:i|im|dont|didnt|pls|u|thx|cuz|gonna|wanna)\b|&|\.\.\.|->|=>|!!|\bw/", stripped):
        return False
    sentences = re.split(r"(?<=[.!?])\s+", stripped)
    # Clumsy English of the usual kind: a bare verb after "we/already/have", a missing article does no harm.
    if re.search(r"\b(?:already|have|has) (?:ship|refund|delete|change|check|train|close|remove|send|stop)\b|\b(?:he|she|it|supplier|worker|staff) (?:do|have|not|forget|use|make)\b", stripped, re.IGNORECASE):
        return False
    return all(_VERB.search(s) for s in sentences if len(s.split()) > 2)
