"""Notice text -> Notice: what kind it is, which case type, what is asked for, until when, about which items. Code only, no model.

Everything read is backed by a verbatim quotation with its place in the text. What cannot be found stays empty; where two case types are
close, the first is left out and the ranking says so ("unsure" asks the seller). The wording is data: knowledge/notices.yaml for kinds,
requests and deadlines, knowledge/case_types for the case types.

Kind: each signal that the notice states has a weight for each kind; the highest sum wins. Requests: counted only in sentences that ask,
and in lists that such a sentence introduces. Earlier mails and the seller's own remarks are set aside for all of this.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rag import knowledge
from rag.atoms import find_atoms
from rag.models import Notice, NoticeKind, Quote, ReplyForm
from rag.script import simplified

_POLICY = re.compile(
    r"(?P<p>(?:[A-Z][\w&'’/-]* (?:(?:and|of|for|to|on|the|in|&) )?){1,6}(?:[Pp]olic(?:y|ies)|[Gg]uidelines|[Cc]ode of [Cc]onduct|[Aa]greement))"
    r"|(?P<q>(?i:(?:section|paragraph) \d+ of (?:the |our |amazon's )?(?:amazon )?(?:services )?business solutions agreement|seller code of conduct|section 3\b))"
    r"|(?:violat\w+|under|per|against|see|review|with|of) (?:of )?(?:our|the|amazon's|Amazon's)? ?(?P<r>(?:[a-z-]+ ){1,5}polic(?:y|ies))"
    r"|(?P<z>[一-鿿]{2,14}?政策)"
)
_COMPLAINT = re.compile(r"(?:complaint|infringement|notice|report|case|reference|claim)\s*(?:id|number|no\.?|#|ref(?:erence)?)?\s*(?:is|:|#|:|\))*\s*(?P<id>[A-Z0-9][A-Z0-9-]{5,})|投诉(?:编号|ID|号)?\s*[:：]?\s*(?P<z>[A-Z0-9][A-Z0-9-]{5,})", re.IGNORECASE)
UNSURE_RATIO = 0.8
"""When the second case type reaches this share of the first one's score, the type is left open."""
READ = 12_000
"""Characters that are read for kind, case type, requests and deadline; a notice is far shorter, a pasted page need not be."""
LONGEST_SENTENCE = 1_000
SUBJECT = 1.4
"""A signal in the first lines (subject, heading) weighs this much more."""
_LETTERS = re.compile(r"[^\W\d_]")
_HAN = re.compile(r"[㐀-鿿]")
_KANA = re.compile(r"[぀-ヿ]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_BULLET = re.compile(r"\s*(?:[-–—*•·●▪・◦○>+]+\s|[-–*•·●▪・](?=\S)|\(?[a-zA-Z\d]{1,2}[.)、\]]\s?|\[\d\]|[QA]\d{0,2}[.:]\s?|[一二三四五六七八九十]{1,2}[、.]|[①-⑩]|\(\w\))")
_END = re.compile(r"[。！？]|[!?](?=\s|$)|(?<![\s(\[]\w)(?<!\bno)(?<!\bNo)(?<!\bNr)(?<!z\. B)\.(?=\s+[^a-zäöüéèà\s]|\s*$)|\n")
_MARKUP = re.compile(r"<[^<>]{0,300}>|=(?:C2=A0|20)|=\n|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]{2,8});")
_EARLIER = re.compile(r"^(?:[>\s]*On .{4,80} (?:you )?wrote:|-{3,} ?(?:Original Message|Forwarded message|原始邮件).*|Le .{4,80} a écrit ?:|Am .{4,80} schrieb.{0,60}:)\s*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class _Sentence:
    """A sentence, or a line of a list, with its place in the notice."""

    start: int
    end: int
    text: str
    asks: bool
    listed: bool
    """In a list under a sentence that asks."""


def read_notice(text: str) -> Notice:
    """What the text says. Bad or empty input gives an empty notice, never an error: a seller may paste anything."""
    quotes: list[Quote] = []
    plain = _plain(text)
    letter = _of_amazon(plain[:READ])
    languages = _languages(letter)
    sentences = _sentences(letter, languages)
    asked = _requested(sentences, letter, languages)
    span = _deadline(sentences, languages)
    states = {"asks": bool(asked) or any(s.asks for s in sentences), "deadline": span is not None}
    kind = _kind(letter, sentences, languages, quotes, {name: 1.0 for name, stated in states.items() if stated})
    ranked = rank_case_types(text, quotes)
    sure = bool(ranked) and (len(ranked) == 1 or ranked[1][1] < UNSURE_RATIO * ranked[0][1])
    chosen = ranked[0][0] if sure else ""
    if kind is None and ranked:  # about something of the field, but nothing says what
        kind = "request_more_info" if asked else "warning"
        quotes.append(replace(quotes[0], supports=f"kind:{kind}"))
    if kind in ("reinstated", "final_rejection"):  # nothing is open any more
        asked = {}
    quotes += [Quote(plain[m.start() : m.end()].strip(), m.start() + len(m[0]) - len(m[0].lstrip()), f"requested:{name}") for name, m in asked.items()]
    if kind in ("reinstated", "final_rejection"):
        span = None
    if span:
        quotes.append(Quote(letter[span[1] : span[2]], span[1], "deadline"))
    requested = tuple(asked)
    policy = _policy(text, quotes)
    atoms = find_atoms(text)
    return Notice(
        kind=kind,
        case_type=chosen,
        case_type_ranked=ranked,
        quotes=tuple({q.supports: replace(q, text=text[q.start : q.start + len(q.text)]) for q in quotes}.values()),
        asins=_unique(a.value[0] for a in atoms if a.kind == "asin"),
        order_ids=_unique(a.value[0] for a in atoms if a.kind == "order_id"),
        complaint_ids=_complaints(text),
        deadline_hours=span[0] if span else None,
        requested=requested,
        policy_named=policy,
        language="zh" if len(re.findall(r"[一-鿿]", text)) > 0.2 * max(1, len(re.sub(r"\s", "", text))) else "en",
        reply_form=_reply_form(kind, chosen, requested),
    )


def _plain(text: str) -> str:
    """The text in Simplified Chinese, with plain apostrophes and without markup; as long as before, so that places stay right."""
    plain = text if _KANA.search(text) else simplified(text)
    plain = (plain if len(plain) == len(text) else text).replace("’", "'").replace("‘", "'").replace("\xa0", " ").replace("　", " ")
    plain = _MARKUP.sub(lambda m: ("\n" if re.match(r"<(?:br|p|li|div|tr|h\d)\b|&#10;", m[0], re.IGNORECASE) else "'" if m[0] in ("&rsquo;", "&apos;", "&#39;") else " ") + " " * (len(m[0]) - 1), plain)
    # A line that goes on in lower case was only wrapped.
    return re.sub(r"(?<=[^\n:;。])\n(?=[>\s]{0,4}[a-zäöüßéèàê])(?![>\s]*[a-z]{1,2}[.)])", " ", plain)


def _of_amazon(text: str) -> str:
    """The text with earlier mails and the seller's own remarks blanked."""
    earlier = _EARLIER.search(text)
    if earlier and earlier.start() > 120:
        text = text[: earlier.start()] + re.sub(r"[^\n]", " ", text[earlier.start() :])
    lines = text.split("\n")
    quoted = [line.lstrip().startswith(">") for line in lines]
    if sum(quoted) * 2 > sum(bool(line.strip()) for line in lines):  # the whole notice was pasted as a quotation
        lines = [re.sub(r"^[>\s]+", lambda m: " " * len(m[0]), line) for line in lines]
    else:
        # A bullet may be ">" as well: an earlier mail is told by its greeting, or by running over several lines.
        mail = any(re.match(r"\s*>\s*(?:>|On |Dear|Hello|Hi\b|Re)", line) for line in lines) or sum(quoted) > 2
        lines = [" " * len(line) if q and mail else line for line, q in zip(lines, quoted, strict=True)]
    western = [line for line in lines if _share_of_chinese(line) < 0.3]
    if sum(len(_WORD.findall(line)) for line in western) >= 30 and not _KANA.search(text):
        lines = [" " * len(line) if _share_of_chinese(line) > 0.3 else line for line in lines]
    return "\n".join(lines)


def _share_of_chinese(line: str) -> float:
    return len(_HAN.findall(line)) / max(1, len(_LETTERS.findall(line)))


def _sentences(text: str, languages: tuple[str, ...]) -> list[_Sentence]:
    """Sentences and lines of lists in order; a list asks when the line that introduces it does."""
    found: list[_Sentence] = []
    introduced = under_colon = listed = blank = False
    line_start = True
    for start, end in _spans(text):
        part = text[start:end]
        if not part.strip():
            blank = line_start = True
            continue
        asks = _asks(part, languages)
        bullet = line_start and _BULLET.match(part) is not None
        if bullet:
            listed = introduced
        elif line_start:  # lines without bullets belong to the list up to the next empty line
            listed = under_colon and (not blank or text[: start].rstrip().endswith((":", "：")))
        found.append(_Sentence(start, end, part, asks or listed, listed))
        if not bullet and not listed:
            introduced = asks
            under_colon = asks and part.rstrip().endswith((":", "："))
        blank, line_start = False, part.endswith("\n") or text[end : end + 1] == "\n"
    return found


def _asks(part: str, languages: tuple[str, ...]) -> bool:
    """Whether the words ask for something, apart from those that say it need not be sent."""
    back = _alternatives("not_asking", languages).search(part)
    asking = _alternatives("asking", languages)
    return asking.search(part[: back.start()]) is not None or asking.search(part, back.end()) is not None if back else asking.search(part) is not None


def _spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in (*(match.end() for match in _END.finditer(text)), len(text)):
        while start < end:
            yield start, min(end, start + LONGEST_SENTENCE)
            start = min(end, start + LONGEST_SENTENCE)


_COMMON = {
    "en": re.compile(r"\b(?:the|your?|and|to|of|we|is|for)\b", re.IGNORECASE),
    "de": re.compile(r"\b(?:der|die|das|und|nicht|sie|ihre?n?|wir|für|zu)\b", re.IGNORECASE),
    "fr": re.compile(r"\b(?:les?|des|vous|votre|vos|nous|pour|est|une?|du)\b", re.IGNORECASE),
    "es": re.compile(r"\b(?:los|las|el|sus?|para|que|una?|del?|por|hemos)\b", re.IGNORECASE),
    "it": re.compile(r"\b(?:il|della|che|per|di|sono|gli|abbiamo|suoi?|nostr[oi])\b", re.IGNORECASE),
    "zh": re.compile(r"[一-鿿]{2}"),
    "ja": re.compile(r"[ぁ-ヿ]{2}"),
}


def _languages(text: str) -> tuple[str, ...]:
    """The languages of the text by their commonest words; patterns of others are not tried."""
    counts = {language: len(words.findall(text)) for language, words in _COMMON.items()}
    if counts["ja"] > 3:
        counts["zh"] = 0
    most = max(counts.values())
    if most < 3:  # too short to tell
        return tuple(counts)
    return tuple(language for language, count in counts.items() if count and count * 2.5 > most)


@lru_cache(maxsize=16)
def _signals(languages: tuple[str, ...]) -> dict[str, tuple[bool, tuple[re.Pattern[str], ...]]]:
    return {name: (signal.fact, _compile_all(signal, languages)) for name, signal in knowledge.notices().signals.items()}


@lru_cache(maxsize=16)
def _requests(languages: tuple[str, ...]) -> dict[str, tuple[bool, tuple[re.Pattern[str], ...]]]:
    return {name: (request.anywhere, _compile_all(request, languages)) for name, request in knowledge.notices().requests.items()}


@lru_cache(maxsize=64)
def _alternatives(name: str, languages: tuple[str, ...]) -> re.Pattern[str]:
    """All patterns of one list of notices.yaml (or of its deadlines) as one."""
    data = knowledge.notices()
    patterns = getattr(data.deadline if hasattr(data.deadline, name) else data, name)
    end = r"\s*$" if name == "not_before" else ""
    return re.compile("|".join(f"(?:{p}){end}" for p in _expanded(patterns, languages)) or "(?!)", re.IGNORECASE)


def _compile_all(patterns: knowledge.Patterns, languages: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(p, re.IGNORECASE) for p in _expanded(patterns, languages))


def _expanded(patterns: knowledge.Patterns, languages: tuple[str, ...]) -> list[str]:
    """The patterns as `re` reads them: spaces, `~` and the start of a word written out."""
    gap = r"(?:[^.!?。！？\n]|\.(?=\w)){0,80}?"
    return [
        (r"(?<!\w)" if language not in ("zh", "ja") else "") + "(?:" + pattern.replace(" ?", r"[^\S\n]*").replace(" ", r"[^\S\n]+").replace("~", gap) + ")"
        for language in languages
        for pattern in getattr(patterns, language)
    ]


def _kind(text: str, sentences: list[_Sentence], languages: tuple[str, ...], quotes: list[Quote], weights: dict[str, float]) -> NoticeKind | None:
    """The kind with the highest sum of weights over the signals that are stated; `weights` holds what was read before."""
    found = _stated(text, sentences, languages, weights, strict=True) or _stated(text, sentences, languages, weights, strict=False)
    if not found:
        return None
    sums = {kind: sum(weight * weights[name] for name, weight in worth.items() if name in weights) for kind, worth in knowledge.notices().kinds.items()}
    chosen = max(sums, key=lambda kind: sums[kind])
    if sums[chosen] <= 0:
        return None
    worth = knowledge.notices().kinds[chosen]
    best = max(found, key=lambda name: worth.get(name, 0) * weights[name])
    quotes.append(_quote(found[best], f"kind:{chosen}"))
    return chosen


def _stated(text: str, sentences: list[_Sentence], languages: tuple[str, ...], weights: dict[str, float], *, strict: bool) -> dict[str, re.Match[str]]:
    """The signals in the text with the words they are read from; `strict` leaves out facts that stand in a condition. Fills `weights`."""
    found: dict[str, re.Match[str]] = {}
    heading = _heading_end(text)
    for name, (fact, patterns) in _signals(languages).items():
        for pattern in patterns:
            match = next((m for m in pattern.finditer(text) if not (strict and fact and _conditional(text, m, sentences, languages))), None)
            factor = SUBJECT if match and match.start() < heading else 1.0
            if match and factor > weights.get(name, 0):
                found[name], weights[name] = match, factor
    return found


def _heading_end(text: str) -> int:
    """Where the subject or heading ends: a first line without a full stop, or a line that begins with "Subject:"."""
    subject = re.search(r"^[ \t>]*(?:Subject|Betreff|Objet|Asunto|Oggetto|主题|件名|主旨) ?[:：][^\n]*$", text, re.MULTILINE | re.IGNORECASE)
    if subject:
        return subject.end()
    first = re.match(r"\s*([^\n]{8,110})(?:\n|$)", text)
    return first.end() if first and not re.search(r"[.。,，:]\s*$|^(?:Hello|Dear|Hi)\b", first[1]) else 0


def _conditional(text: str, match: re.Match[str], sentences: list[_Sentence], languages: tuple[str, ...]) -> bool:
    sentence = next((s for s in sentences if s.start <= match.start() < s.end), None)
    left = sentence.start if sentence else match.start()
    return (sentence is not None and sentence.listed) or _alternatives("conditions", languages).search(text[left : match.start() + 3]) is not None


def _unique(values: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))  # type: ignore[call-overload]


def _quote(match: re.Match[str], supports: str) -> Quote:
    return Quote(match[0].strip(), match.start() + len(match[0]) - len(match[0].lstrip()), supports)


def rank_case_types(text: str, quotes: list[Quote] | None = None) -> tuple[tuple[str, float], ...]:
    """Case types by declared phrases, best first, with a share of the evidence (0 to 1); at most five; empty when no phrase is found."""
    low = text[:READ].lower()
    plain = _plain(text[:READ]).lower()
    plain = plain if len(plain) == len(low) else low
    scores: dict[str, float] = {}
    best: dict[str, re.Match[str]] = {}
    for name, strong, weak, against in _compiled():
        score = 0.0
        for patterns, weight in ((strong, 3.0), (weak, 0.7)):
            for pattern in patterns:
                match = pattern.search(plain) or (pattern.search(low) if low != plain else None)
                if match:
                    # Longer phrases are rarer by chance.
                    score += weight * (1 + math.log1p(len(match[0])) / 4)
                    if name not in best or (weight == 3.0 and len(match[0]) > len(best[name][0])):
                        best[name] = match
        score -= 2.0 * sum(bool(p.search(plain)) for p in against)
        if score > 0:
            scores[name] = score
    total = sum(scores.values())
    ranked = sorted(scores.items(), key=lambda item: -item[1])[:5]
    if quotes is not None:
        for name, _ in ranked[:2]:
            match = best[name]
            quotes.append(Quote(text[match.start() : match.end()], match.start(), f"case_type:{name}"))
    return tuple((name, round(score / total, 3)) for name, score in ranked)


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[str, list[re.Pattern[str]], list[re.Pattern[str]], list[re.Pattern[str]]], ...]:
    return tuple(
        (kind.id, *([_phrase(p) for p in part] for part in (kind.notice_phrases.strong, kind.notice_phrases.weak, kind.notice_phrases.not_if)))  # type: ignore[misc]
        for kind in knowledge.case_types()
    )


def _phrase(words: str) -> re.Pattern[str]:
    """A declared phrase as a pattern: any white space between words; `...` for up to six words or thirty Chinese characters."""
    parts = [r"\s+".join(re.escape(w) for w in part.split()) for part in re.split(r"\s*(?:\.\.\.|…)\s*", words.lower().strip())]
    gap = r"\W+(?:[\w'’%-]+\W+){0,6}?" if words.isascii() else r"[^。\n]{0,30}?"
    body = gap.join(parts)
    return re.compile((r"(?<![a-z0-9])" if words[0].isascii() else "") + body + (r"(?![a-z0-9])" if words[-1].isascii() and words[-1].isalnum() else ""))


def _requested(sentences: list[_Sentence], text: str, languages: tuple[str, ...]) -> dict[str, re.Match[str]]:
    """What is asked for, with the words that ask: in asking sentences, lists below them, or anywhere for some."""
    found: dict[str, re.Match[str]] = {}
    for name, (anywhere, patterns) in _requests(languages).items():
        for sentence in sentences:
            if not (sentence.asks or anywhere):
                continue
            match = next((m for p in patterns for m in p.finditer(text, sentence.start, sentence.end) if not _taken_back(sentence, m, languages)), None)
            if match:
                found[name] = match
                break
    # The catalogue: plan_of_action stands for a plan asked for without its parts.
    if "plan_of_action" in found and len({"root_cause", "corrective_actions", "preventive_measures"} & set(found)) >= 1:
        del found["plan_of_action"]
    return found


def _taken_back(sentence: _Sentence, match: re.Match[str], languages: tuple[str, ...]) -> bool:
    """Whether "you need not send" (or the like) governs the words: it stands before them in their part of the sentence, or just after."""
    at = match.start() - sentence.start
    for negation in _alternatives("not_asking", languages).finditer(sentence.text):
        after = negation.start() > at
        between = sentence.text[at : negation.start()] if after else sentence.text[negation.end() : at]
        if len(between) < 90 and not re.search(r"[;；:：,，]|\. " if after else r"[;；:：]|, (?:but|sondern|mais|sino|ma) |但", between):
            return True
    return False


@lru_cache(maxsize=1)
def _spans_of_time() -> tuple[re.Pattern[str], dict[str, int]]:
    data = knowledge.notices().deadline
    numbers = {word.lower(): number for number, words in data.numbers.items() for word in words}
    words = "|".join(sorted((re.escape(w).replace(r"\-", "[- ]") for w in numbers), key=len, reverse=True))
    units = "|".join(f"(?P<u{number}>" + unit.pattern.replace(" ", r"\s+") + ")" for number, unit in enumerate(data.units))
    after_chinese = r"(?<=[一-鿿ぁ-ヿ])(?P<m>\d{1,3}|[一二三四五六七八九十两]{1,3})\s*(?:" + units.replace("?P<u", "?P<v") + ")"
    return re.compile(rf"(?<![\w.,])(?P<n>\d{{1,4}}|(?:{words}))\s*(?:\(\d+\)\s*)?-?\s*(?:{units})|{after_chinese}", re.IGNORECASE), numbers


def _deadline(sentences: list[_Sentence], languages: tuple[str, ...]) -> tuple[int, int, int] | None:
    """The shortest time that the seller has, in hours, and its place; spans of time of other things (funds, age of documents, metrics, Amazon's answer) are none."""
    pattern, numbers = _spans_of_time()
    units = knowledge.notices().deadline.units
    found: list[tuple[int, int, int]] = []
    for sentence in sentences:
        for match in pattern.finditer(sentence.text):
            before, after = sentence.text[: match.start()], sentence.text[match.end() :]
            around = f"{before[-70:]}#{after[:40]}"
            if not _alternatives("given", languages).search(around) or _alternatives("not_before", languages).search(before) or _alternatives("not_after", languages).match(after):
                continue
            word = (match["n"] or match["m"]).lower().replace(" ", "-")
            number = int(word) if word.isdigit() else numbers.get(word)
            unit = next(n for n in range(len(units)) if match[f"u{n}"] or match[f"v{n}"])
            if number and number * units[unit].hours <= knowledge.notices().deadline.longest:
                found.append((number * units[unit].hours, sentence.start + match.start(), sentence.start + match.end()))
    return min(found, default=None)


def _policy(text: str, quotes: list[Quote]) -> str:
    match = _POLICY.search(text)
    if not match:
        return ""
    quotes.append(_quote(match, "policy"))
    return (match["p"] or match["q"] or match["r"] or match["z"] or "").strip()


def _complaints(text: str) -> tuple[str, ...]:
    ids = (m["id"] or m["z"] for m in _COMPLAINT.finditer(text))
    return _unique(i for i in ids if re.search(r"\d{4}", i) and not re.fullmatch(r"B0\w{8}", i) and not re.fullmatch(r"\d{3}-\d{7}-\d{7}", i))


def _reply_form(kind: NoticeKind | None, case_type: str, requested: tuple[str, ...]) -> ReplyForm | None:
    if kind == "reinstated":
        return None
    asked = set(requested)
    if "video_verification" in asked or (kind == "verification" and not case_type):
        return "verification"
    if {"root_cause", "corrective_actions", "preventive_measures", "plan_of_action"} & asked:
        return "plan"
    if case_type:
        return knowledge.case_type(case_type).reply_form
    if "retraction" in asked:
        return "retraction"
    if asked:
        return "documents"
    return None
