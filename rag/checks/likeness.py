"""Is this letter about this case, or a copy? Likeness to earlier letters, example letters, guidance and published templates.

Texts are compared as fingerprints: the set of their runs of five words, hashed; numbers stay, since a copied letter with its own figures is a
different letter. Earlier letters may be kept as fingerprints alone. Frame text does not count: it is the same in every letter by design.
Reworded copies are not recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b

from rag import knowledge
from rag.atoms import find_atoms, find_names
from rag.checks.lock import known_words
from rag.checks.structure import document_of, stems
from rag.checks.view import View
from rag.models import Case, Finding, Passage

RUN = 5
"""Words in a run: shorter ones are shared by chance ("in the 30 days ending"), longer ones miss copies with small changes."""
LIKE = 0.3
"""Share of runs found in another text from which a letter is called like it; letters of one seller on one subject share 0.1 to 0.2."""
LENT = 0.6
"""The same for a supplement: it may quote the answer that it completes."""
MIN_RUNS = 20
"""Below this a share says nothing."""


def tokens(text: str) -> list[str]:
    """Words and numbers in lower case; each Chinese character for itself."""
    return re.findall(r"[a-z0-9]+(?:[.,'’:/-][a-z0-9]+)*|[一-鿿]", text.lower())


def fingerprint(text: str) -> frozenset[int]:
    """Hashes of all runs of five words of the text; the same on every machine, so that it can be stored instead of the letter."""
    return _fingerprint(text)


@lru_cache(maxsize=512)
def _fingerprint(text: str) -> frozenset[int]:
    found = tokens(text)
    return frozenset(_hash(found[i : i + RUN]) for i in range(len(found) - RUN + 1))


def _hash(run: Sequence[str]) -> int:
    return int.from_bytes(blake2b(" ".join(run).encode(), digest_size=7).digest(), "big")


def likeness(a: str | frozenset[int], b: str | frozenset[int]) -> float:
    """Share of the runs of `a` that stand in `b` as well, 0 to 1; texts or fingerprints."""
    one = fingerprint(a) if isinstance(a, str) else a
    two = fingerprint(b) if isinstance(b, str) else b
    return len(one & two) / len(one) if one else 0.0


def shared_run(text: str, other: frozenset[int]) -> str:
    """The longest run of words of `text` that the other text has too, as written; empty when there is none."""
    places = list(re.finditer(r"[a-z0-9]+(?:[.,'’:/-][a-z0-9]+)*|[一-鿿]", text, re.IGNORECASE))
    best, start = (0, 0), None
    low = [m[0].lower() for m in places]
    for i in range(len(low) - RUN + 1):
        if _hash(low[i : i + RUN]) in other:
            start = i if start is None else start
            if i + RUN - start > best[1] - best[0]:
                best = (start, i + RUN)
        else:
            start = None
    return text[places[best[0]].start() : places[best[1] - 1].end()] if best[1] else ""


@lru_cache(maxsize=1)
def examples() -> dict[str, str]:
    """Texts of the example letters by id."""
    files = sorted((knowledge.KNOWLEDGE / "examples").glob("*.yaml"))
    return {str(d["id"]): str(d["text"]) for d in map(knowledge.read_yaml, files)}


@lru_cache(maxsize=1)
def _published() -> tuple[tuple[str, str, frozenset[int]], ...]:
    """(kind, id, fingerprint) of the example letters and the guidance."""
    letters = [("example", name, fingerprint(text)) for name, text in examples().items()]
    # One fingerprint for all guidance of a file's worth would hide which; passages are short, so they are kept one by one.
    return (*letters, *(("guidance", g.id, fingerprint(g.text.en)) for g in knowledge.guidance()))


@lru_cache(maxsize=1)
def stock_phrases() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """(phrase, pattern) of knowledge/stock_phrases.yaml."""
    data = knowledge.read_yaml(knowledge.KNOWLEDGE / "stock_phrases.yaml")
    return tuple((phrase, _pattern(phrase)) for language in ("en", "zh") for phrase in data[language])


def _pattern(phrase: str) -> re.Pattern[str]:
    """The phrase with either spelling of -ize, short forms and up to four words for `...`."""
    if not phrase.isascii():
        return re.compile(".{0,8}?".join(re.escape(p.strip()) for p in phrase.split("...")))
    parts = [r"[\s,]+".join(re.sub(r"(i)[sz](e|ing|ed)", r"\1[sz]\2", re.escape(w.strip(","))) for w in part.split()) for part in phrase.split("...")]
    return re.compile(r"\b" + r"\s+(?:[\w'’-]+\s+){0,4}?".join(parts) + r"\b", re.IGNORECASE)


def _own_text(view: View) -> str:
    return "\n".join(x.text for x in view.lines if x.origin != "fixed")


def check_likeness(view: View, case: Case | None, passages: Sequence[Passage], *, earlier: Sequence[str | frozenset[int]] = ()) -> list[Finding]:
    """Copies of earlier letters, of examples and of guidance, and phrases of templates."""
    text = _own_text(view)
    found = _earlier(view, case, text, earlier)
    own = fingerprint(text)
    if len(own) >= MIN_RUNS:
        shares = sorted(((likeness(own, print_), kind, name, print_) for kind, name, print_ in _published()), key=lambda x: -x[0])
        for share, kind, name, print_ in shares[:1]:
            if share > LIKE:
                en, zh = ("an example letter", "示例信") if kind == "example" else ("a text of guidance", "参考资料")
                found.append(_like(text, share, print_, f"{en} ({name})", f"{zh}({name})", kind=f"like_{kind}"))
    return found + _phrases(view)


def _earlier(view: View, case: Case | None, text: str, earlier: Iterable[str | frozenset[int]]) -> list[Finding]:
    own = fingerprint(text)
    best: tuple[float, frozenset[int]] | None = None
    for other in earlier:
        print_ = fingerprint(other) if isinstance(other, str) else other
        share = likeness(own, print_)
        if best is None or share > best[0]:
            best = (share, print_)
    if best is None or len(own) < RUN:
        return []
    supplement = document_of(view, case) == "supplement"
    limit = float(knowledge.letter_rules()["limits"]["supplement_similarity_block"])
    share, print_ = best
    if supplement and share > limit:
        return [_like(text, share, print_, "an earlier letter", "以前的信", kind="same_as_before", block=True)]
    return [_like(text, share, print_, "an earlier letter", "以前的信", kind="like_earlier")] if share > (LENT if supplement else LIKE) else []


def _like(text: str, share: float, other: frozenset[int], what: str, what_zh: str, *, kind: str, block: bool = False) -> Finding:
    return Finding(
        check="likeness",
        severity="block" if block else "warn",
        message=f"{share:.0%} of this letter stands word for word in {what}.",
        message_zh=f"这封信有 {share:.0%} 与{what_zh}逐字相同。",
        quote=shared_run(text, other),
        why="Reviewers recognise repeated text; a supplement has to bring something new." if block else "Reviewers recognise repeated and copied text; each letter has to tell its own case.",
        why_zh="审核人员认得出重复的文字；补充材料必须有新内容。" if block else "审核人员认得出重复和抄来的文字；每封信都要写自己的案件。",
        fix="Answer only what the reply asked for, with new facts." if block else "Write these parts from your own facts.",
        fix_zh="只回答对方要求的内容,并给出新的事实。" if block else "请用你自己的事实重写这些部分。",
        kind=kind,
    )


def _phrases(view: View) -> list[Finding]:
    found: list[Finding] = []
    for line in view.lines:
        if line.origin == "fixed":
            continue
        taken: list[tuple[int, int]] = []
        for phrase, pattern in stock_phrases():
            match = pattern.search(line.text)
            if not match or any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            found.append(
                Finding(
                    check="likeness",
                    severity="warn",
                    message=f"“{match[0]}” is a phrase of published templates.",
                    message_zh=f"“{match[0]}”是网上模板里的套话。",
                    sentence=line.number,
                    quote=match[0],
                    why="It fits every letter and tells nothing about this case; templates are recognised.",
                    why_zh="这种话放在哪封信里都一样，与本案无关；模板一眼就会被认出来。",
                    fix="Say instead what happened, was done or will be done here, with dates and numbers, or leave it out.",
                    fix_zh="改写成这个案件里具体发生、已做或将做的事(日期、数量),或删去。",
                    kind=f"stock_phrase:{phrase}"[:60],
                    facts=tuple(f.id for f in line.facts),
                )
            )
    return found


# --- genericity ---------------------------------------------------------------------------------------------------------

GENERIC = 0.5
"""Share of sentences without anything of the case from which the letter would fit any store."""


def genericity(view: View, case: Case | None) -> float:
    """Share of the sentences, frame text aside, with no number, date, identifier or name and no word of the facts; 0 for an empty letter."""
    lines = [x for x in view.lines if x.origin != "fixed" and len(tokens(x.text)) >= 4]
    if not lines:
        return 0.0
    facts = frozenset(w for f in (case.facts if case else ()) for w in stems(f.text)) - _COMMON
    store = (case.store_name if case else "").lower()
    return sum(_generic(x.text, facts, store) for x in lines) / len(lines)


_COMMON = frozenset(stem for word in ["amazon", "account", "order", "seller", "product", "item", "list", "customer", "buyer", "store", "ship", "check", "review", "polici", "policy", "plan", "action", "sell", "team", "process", "problem", "staff", "company", "quality", "time"] for stem in stems(word))
"""Words that stand in most facts of most cases, so that they tie a sentence to none."""


def _generic(text: str, facts: frozenset[str], store: str) -> bool:
    if find_atoms(text) or (store and store in text.lower()):
        return False
    names = [n for n in find_names(text, known=known_words()) if n.start]
    # One word in common may be chance; two tie the sentence to the facts.
    return not names and len(stems(text) & facts) < 2


def check_genericity(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """A letter that would fit any other case is named."""
    share = genericity(view, case)
    if share <= GENERIC or len(view.lines) < 5:
        return []
    return [
        Finding(
            check="genericity",
            severity="note",
            message=f"{share:.0%} of the sentences would fit any other case: they have no number, date, name or word of your facts.",
            message_zh=f"{share:.0%} 的句子放到别的案件也一样:没有数字、日期、名称,也没有你事实里的内容。",
            why="A reviewer looks for what happened in this account.",
            why_zh="审核人员要看的是这个账户里究竟发生了什么。",
            fix="Replace them by facts: what, when, how many, which document.",
            fix_zh="请换成事实:什么事、何时、多少、哪份文件。",
            kind="generic",
        )
    ]
