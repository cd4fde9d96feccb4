"""Is what a sentence says in its facts? Exact parts, words, tense, negation, scope and meaning as numbers, weighed by a trained head.

`features_of` looks at one text of facts and one sentence; `carried` gives the probability that the facts carry the sentence, taking the best
of the single facts and of all together. The head (`knowledge/heads/carried.npz`, `scripts/train_heads.py`) was trained on worded facts and on
close mistakes of them. What it cannot see well is who did what to whom; its error rates by kind of mistake stand in `docs/checks.md`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from rag.checks.lexicon import compare
from rag.checks.lock import lost, unsupported
from rag.checks.meaning import Meaning, Vectors
from rag.models import Case, Fact
from rag.script import drop_readings, has_han, repair, simplified

HEAD = "carried"
NAMES = (
    "foreign", "left_out", "missed", "missed_weak", "added", "new_words", "new_share", "future_gained", "future_lost", "past_for_plan", "negation_gained", "negation_lost",
    "negations", "scope_gained", "scope_lost", "only_gained", "cause_gained", "purpose_gained", "longer", "joined", "agents_gained", "agents_lost", "chinese",
)
"""The features that code finds, in order; behind them come the vectors' difference and product."""

_FUTURE = re.compile(r"\b(?:will|shall|going to|plans? to|intends?|is to|are to|must in future|from now on|in future)\b|将|会(?!员|计|议)|计划|打算|准备|以后|今后|拟|預計|預定|预计|日后|未来|下周|下个月|起每", re.IGNORECASE)
_PAST = re.compile(r"\b(?:was|were|had|did|has|have|been|\w{3,}ed|sent|took|made|put|set|began|found|held|sold|bought|kept|left|ran|wrote|paid|gave|came|cut)\b", re.IGNORECASE)
_DONE_ZH = re.compile(r"了|已|过(?!敏|期|滤)|曾")
_NOT_EN = re.compile(r"\b(?:not|never|no|none|nobody|neither|nor|without|cannot|unable|fail(?:ed|s)?|lack(?:ed|s)?|missed|forgot|instead of|refused?)\b|n't\b|\bun[a-z]{5,}", re.IGNORECASE)
_NOT_ZH = re.compile(r"没有?|未|不(?!锈|同|仅|但|断|足|良|过)|无(?!线|锡)|非(?!常)|别(?!人|的)|忘|漏|缺|拒")
_ALL = re.compile(r"\b(?:all|every|each|always|entire|whole|any|completely|fully|everyone|both|throughout|since .{0,12}opened)\b|全部|所有|每|都|一直|任何|整|均|凡", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:only|solely|just|exclusively|alone|nothing but)\b|只|仅|光|单单|唯", re.IGNORECASE)
_CAUSE = re.compile(r"\b(?:because|since|due to|owing to|as a result|caused|led to|therefore|so that|which is why|resulted|thanks to|given that)\b|, so\b|, as\b|因|由于|导致|所以|造成|故|使得", re.IGNORECASE)
_PURPOSE = re.compile(r"\b(?:in order to|so as to|to (?:avoid|prevent|ensure|make sure|save|reduce|pass|increase|cut|keep|protect|help|improve|speed))\b|为了|以便|避免|防止|确保|为", re.IGNORECASE)
_JOINS = re.compile(r"\band\b|\bthen\b|,|;|、|，|；", re.IGNORECASE)
_AGENTS = {
    "we": r"\bwe\b|\bour\b|\bus\b|我们|我司|我方|咱|本店|我(?!们)", "supplier": r"supplier|vendor|factory|manufacturer|供应商|供货商|工厂|厂家|厂方|廠", "buyer": r"buyer|customer|买家|客户|顾客|消费者",
    "carrier": r"carrier|forwarder|courier|logistics|快递|物流|货代|承运|FedEx|UPS|USPS", "amazon": r"amazon|亚马逊|平台", "brand": r"brand owner|rights? owner|rights? holder|trademark owner|品牌方|权利人|商标权人|品牌商",
    "agency": r"agency|service provider|agent\b|consultant|代运营|服务商|中介|代理", "lab": r"laborator|testing (?:body|institute|company)|检测机构|实验室|检测公司", "lawyer": r"lawyer|attorney|law firm|律师|律所",
    "staff": r"employee|staff|worker|operator|clerk|packer|manager|supervisor|colleague|员工|运营|仓管|客服|同事|主管|经理|打包员|采购|负责人", "friend": r"friend|partner|relative|wife|brother|朋友|合伙人|亲戚|老婆|哥",
}


def features_of(facts: str, sentence: str) -> Vectors:
    """One number per name of `NAMES`."""
    told = simplified(drop_readings(repair(facts)))
    chinese = has_han(told)
    fact = Fact("f", "context", told)
    misses, added = compare(told, sentence) if chinese else ([], [])
    new = [] if chinese else _new_words(told, sentence)
    words = max(1, len(sentence.split()))
    size = math.log(words) - (math.log(max(3, len(re.sub(r"\s", "", told)))) - 0.35 if chinese else math.log(max(1, len(told.split()))))
    says = {name: (re.search(p, told, re.IGNORECASE) is not None, re.search(p, sentence, re.IGNORECASE) is not None) for name, p in _AGENTS.items()}
    future = (bool(_FUTURE.search(told)), bool(_FUTURE.search(sentence)))
    done = bool(_DONE_ZH.search(told)) if chinese else bool(_PAST.search(told))
    nots = (len(_NOT_ZH.findall(told)) if chinese else len(_NOT_EN.findall(told)), len(_NOT_EN.findall(sentence)))
    whole, only, cause, purpose = ((bool(p.search(told)), bool(p.search(sentence))) for p in (_ALL, _ONLY, _CAUSE, _PURPOSE))
    joins = len(_JOINS.findall(sentence)) - len(_JOINS.findall(told))
    return np.array(
        [
            min(3, len(unsupported(sentence, [fact], Case(id="pair")))), min(3, len(lost(sentence, [fact]))), min(4, sum(m.strong for m in misses)),
            min(4, sum(not m.strong for m in misses)), min(4, len(added)), min(8, len(new)) / 2, len(new) / words,
            future[1] and not future[0], future[0] and not future[1], future[0] and not done and not future[1] and bool(_PAST.search(sentence)),
            nots[1] > 0 and not nots[0], nots[0] > 0 and not nots[1], max(-2, min(2, nots[1] - nots[0])),
            whole[1] and not whole[0], whole[0] and not whole[1], only[1] and not only[0], cause[1] and not cause[0], purpose[1] and not purpose[0],
            max(-1.5, min(1.5, size)), max(-3, min(3, joins)) / 2,
            sum(there and not here for here, there in says.values()), sum(here and not there for here, there in says.values()), chinese,
        ],
        dtype=np.float32,
    )


@lru_cache(maxsize=2048)
def _stems(text: str) -> frozenset[str]:
    return frozenset(w[: max(4, len(w) - 3)] for w in re.findall(r"[a-z]{3,}", text.lower()) if w not in _PLAIN)


_PLAIN = frozenset(["the", "and", "for", "was", "were", "has", "have", "had", "our", "that", "this", "with", "from", "which", "are", "its", "they", "them", "been", "also", "then", "than", "into", "who", "when", "each", "one", "two", "did", "not", "but", "will", "their", "there", "these", "those", "such", "after", "before", "since", "because", "while", "where", "only", "all", "any", "every"])


def _new_words(told: str, sentence: str) -> list[str]:
    known = _stems(told)
    return sorted(w for w in _stems(sentence) if not any(w[:4] == k[:4] for k in known))


def pair_vectors(facts: Vectors, sentences: Vectors) -> Vectors:
    """Difference, product and cosine of two vectors, row by row; scaled so that they weigh about as much as a feature."""
    product = facts * sentences
    return np.hstack([np.abs(facts - sentences) * 8, product * 60, product.sum(axis=1, keepdims=True) * 5]).astype(np.float32)


def carried(pairs: Sequence[tuple[Sequence[str], str]], meaning: Meaning) -> list[float]:
    """For each (facts, sentence) the probability that the facts carry the sentence; -1 where there are no facts."""
    asked: list[tuple[int, str, str]] = []
    for number, (facts, sentence) in enumerate(pairs):
        texts = [*facts, *(["\n".join(facts)] if len(facts) > 1 else [])]
        asked += [(number, text, sentence) for text in texts]
    if not asked:
        return [-1.0] * len(pairs)
    head = meaning.heads[HEAD]
    vectors = meaning.vectors([t for _, f, s in asked for t in (f, s)])
    inputs = pair_vectors(vectors[0::2], vectors[1::2])
    rows = head.probabilities(inputs, np.stack([features_of(f, s) for _, f, s in asked]))[:, head.labels.index("carried")]
    return [max((float(p) for (n, _, _), p in zip(asked, rows, strict=True) if n == number), default=-1.0) for number in range(len(pairs))]
