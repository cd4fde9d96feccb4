"""The Chinese words of a fact with the English that belongs in the letter: names, terms of the field, general words.

Names of companies, places and people are spelled by rule; the terms stand in `knowledge/glossary.yaml`, the general words in `knowledge/words.yaml`,
and a dictionary (`rag/dictionary.py`) tells which are no names. A small model copies what it is given and guesses at the rest.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rag import dictionary, knowledge
from rag.script import simplified

MAX_TERMS = 9
"""Terms shown with a fact: more cost reading time and distract."""


@lru_cache(maxsize=1)
def _terms() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    # Not the slang: its English is an explanation ("asking for a review to be changed"), not a word for a sentence.
    found = [(simplified(zh), term.en[0], tuple(term.en)) for term in knowledge.glossary() for zh in term.zh]
    return tuple(sorted(found, key=lambda t: -len(t[0])))


@lru_cache(maxsize=1)
def _by_start() -> dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]]:
    """Terms and general words by their first character, longest first; a term goes before a word of its length."""
    found: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    for zh, en, forms in (*_terms(), *((zh, en, ()) for zh, en in knowledge.words().items())):
        found.setdefault(zh[0], []).append((zh, en, forms))
    return {first: tuple(sorted(entries, key=lambda e: -len(e[0]))) for first, entries in found.items()}


def glossary_matches(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Terms of the field in the text, longest first where they overlap, in its order: Chinese, English, all English forms."""
    clean = simplified(text)
    taken = [False] * len(clean)
    found: list[tuple[int, str, str, tuple[str, ...]]] = []
    for zh, en, forms in _terms():
        at = clean.find(zh)
        if at >= 0 and len(zh) > 1 and not any(taken[at : at + len(zh)]):
            taken[at : at + len(zh)] = [True] * len(zh)
            found.append((at, zh, en, forms))
    return [(zh, en, forms) for _, zh, en, forms in sorted(found)]


def words_in(text: str) -> list[tuple[str, str]]:
    """General words in the text that neither lie in a term nor hold one, from left to right, the longest first."""
    clean = simplified(text)
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(clean):
        entry = next((e for e in _by_start().get(clean[at], ()) if clean.startswith(e[0], at)), None)
        if entry and not entry[2]:
            found.append(entry[:2])
        at += len(entry[0]) if entry else 1
    return list(dict.fromkeys(found))


def terms_in(text: str) -> list[tuple[str, str]]:
    """(Chinese, English) of what the text names: names, terms of the field, general words. At most `MAX_TERMS`; of the words the longest stay."""
    terms = [*names_in(text), *((zh, en) for zh, en, _ in glossary_matches(text))]
    known = "|".join(zh for zh, _ in terms)
    words = [pair for pair in words_in(text) if pair[0] not in known]
    kept = set(sorted(words, key=lambda pair: -len(pair[0]))[: max(0, MAX_TERMS - len(terms))])
    return [*terms, *(pair for pair in words if pair in kept)][:MAX_TERMS]


_TRADES = {
    "贸易": "Trading", "科技": "Technology", "电子": "Electronics", "实业": "Industrial", "五金": "Hardware", "塑胶": "Plastics", "塑料": "Plastics", "包装": "Packaging",
    "物流": "Logistics", "供应链": "Supply Chain", "进出口": "Import and Export", "服饰": "Garments", "玩具": "Toys", "家居": "Home Products", "日用品": "Daily Goods",
    "国际": "International", "电器": "Electrical Appliances", "工艺品": "Crafts", "制品": "Products", "商贸": "Trading", "电商": "E-Commerce", "网络": "Network",
    "检测": "Testing", "文化": "Culture", "工业": "Industry", "照明": "Lighting", "灯饰": "Lighting", "纺织": "Textiles", "印刷": "Printing", "不锈钢": "Stainless Steel", "家居用品": "Home Products", "用品": "Products",
}
"""Usual words of company names."""
_COMPANY = re.compile(r"([一-鿿]{2,14}?)(?:股份)?有限公司")
_BEFORE_NAME = re.compile(r"^.*(?:是|为|由|向|从|和|与|找|叫|给|在|成|名|了|的|供应商|服务商|代理商|货代|工厂|厂家|公司|[收付权法]?款?人|方)(?=[一-鿿]{4,})")
_SURNAMES = frozenset("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎常武乔贺赖龚文庞樊兰殷施陶洪翟颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁耿牟卜路詹关苗凌费纪靳盛童欧甄项曲游阳裴席卫屈鲍覃霍翁隋植甘景薄单包司柏宁柯阮桂闵柴华冉辜吉饶刁瞿戚丘古滕晋苑邬臧畅宫")
"""Usual family names; what a tagger takes for a person without one is no name."""
_NO_GIVEN_NAME = re.compile(r"[的了和从里没进到错买那也都还不在是个加付周单]|[一二三四五六日天]$")


def names_in(text: str) -> list[tuple[str, str]]:
    """(Chinese, Latin) of companies, places and people in the text that the glossary does not have: trade words translated, the rest in pinyin."""
    clean = simplified(text)
    found = []
    for match in _COMPANY.finditer(clean):
        name = _BEFORE_NAME.sub("", match[1])
        if len(name) < 3 or re.search(r"公司|转成|改成|变更", name):  # 个体户转成有限公司
            continue
        found.append((match[0][len(match[1]) - len(name) :], f"{_company(name)} Co., Ltd."))
    taken = "".join(zh for zh, _ in found) + "".join(zh for zh, _, _ in glossary_matches(clean))
    before = ""
    for word, flag in _tagged(clean):
        counted, before = bool(re.search(r"[\d一二三四五六七八九十几两]$", before)), word  # 3张图: a measure word, not Mr Zhang
        if counted or flag not in {"ns", "nr", "nrt", "nt"} or len(word) < 2 or word in taken or word in _english():
            continue
        place = re.fullmatch(r"(.{2,}?)(?:仓|厂|市|区|镇|县|村|路|街|站)", word)
        bare = place[1] if place else word
        if known := _place(bare):
            found.append((bare, known))
        elif word not in knowledge.words() and not dictionary.is_common(word):  # 秋千, which the tagger takes for a person
            if flag.startswith("nr") and word[0] in _SURNAMES and len(word) <= 3 and not _NO_GIVEN_NAME.search(word[1:]):
                found.append((word, _spelled(word, person=True)))
            elif place or (flag in {"ns", "nt"} and dictionary.proper_name(word[:2]) is not None):
                found.append((bare, _spelled(bare, person=False)))
    return list(dict.fromkeys(found))[:4]


@lru_cache(maxsize=1)
def _places() -> dict[str, str]:
    return {zh: place.en[0] for place in reversed(knowledge.places().places) for zh in place.zh}


def _place(word: str) -> str | None:
    """The English name of a place: as `knowledge/places.yaml` or the dictionary has it, or its sound where the dictionary only describes it (a city in ...)."""
    return _places().get(word) or dictionary.proper_name(word)


def _company(name: str) -> str:
    parts = re.split(f"({'|'.join(sorted(_TRADES, key=len, reverse=True))})", re.sub(r"(?<=^[一-鿿]{2})[市省](?=[一-鿿]{3})", "", name))
    return " ".join(_TRADES.get(p) or _firm(p) for p in parts if p)


def _firm(name: str) -> str:
    """What is no word of a trade: the place that a name opens with, and the rest as one word."""
    first, flag = _tagged(name)[0]
    if flag == "ns" and len(first) < len(name):
        return f"{_place(first) or _spelled(first, person=False)} {_spelled(name[len(first) :], person=False)}"
    return _place(name) or _spelled(name, person=False)


@lru_cache(maxsize=512)
def _spelled(word: str, *, person: bool) -> str:
    from pypinyin import lazy_pinyin

    known = _english().get(word, "")
    sounds = lazy_pinyin(word)
    if known or not person:
        return known or "".join(sounds).capitalize()
    return f"{sounds[0].capitalize()} {''.join(sounds[1:]).capitalize()}"


@lru_cache(maxsize=512)
def _tagged(text: str) -> tuple[tuple[str, str], ...]:
    import logging

    import jieba
    import jieba.posseg

    jieba.setLogLevel(logging.ERROR)
    return tuple((pair.word, pair.flag) for pair in jieba.posseg.cut(text))


@lru_cache(maxsize=1)
def _english() -> dict[str, str]:
    """English of each term of the field; the first of two entries counts."""
    return {zh: en for zh, en, _ in reversed(_terms())}
