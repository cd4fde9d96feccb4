"""How the letter is written: left-over Chinese, length, links, repetition, figures that disagree, flattery, too many apologies.

Limits are those of knowledge/letter_rules.yaml. Judges form only; template remains and dangerous statements are the business of
`statements`, and whether a figure is true is the lock's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag import knowledge
from rag.atoms import Atom, find_atoms
from rag.checks.structure import APOLOGY, document_of
from rag.checks.view import Line, View
from rag.formats import boxes
from rag.models import Case, Finding, Passage, Severity

_I = re.IGNORECASE
_QUOTED = re.compile(r"[“\"「『《][^”\"」』》]*[”\"」』》]|'[^'\n]{2,80}'(?![a-z])")
_HAN_RUN = re.compile(r"[一-鿿][一-鿿，。、；：（）\d\w]*")


def words(text: str) -> int:
    """Length in words; two Chinese characters count as one."""
    return len(re.findall(r"[A-Za-z0-9][\w'’.,/%-]*", text)) + len(re.findall(r"[一-鿿]", text)) // 2


def _blank(text: str) -> str:
    return _QUOTED.sub(lambda m: " " * len(m[0]), text)


def _warn(
    check: str, kind: str, message: str, message_zh: str, *, why: str, why_zh: str, fix: str, fix_zh: str, severity: Severity = "warn", line: Line | None = None, quote: str = ""
) -> Finding:
    return Finding(
        check=check, severity=severity, message=message, message_zh=message_zh, sentence=line.number if line else None,
        quote=quote, why=why, why_zh=why_zh, fix=fix, fix_zh=fix_zh,
        kind=kind, facts=tuple(f.id for f in line.facts) if line else (),
    )


def check_language(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """No Chinese outside quotation marks in an English letter."""
    language = (case.language if case else "") or view.letter.language
    if not language.startswith("en") or (case is None and view.letter.language != "en"):
        return []
    found = []
    for line in view.lines:
        run = _HAN_RUN.search(_blank(line.text))
        if run:
            found.append(
                _warn(
                    "language", "chinese_left", "There is Chinese left in this sentence of an English letter.", "英文信的这句话里还留有中文。", severity="block", line=line,
                    quote=line.text[run.start() : run.end()].strip(), why="The reviewer may not read Chinese, and a mixed sentence looks unfinished.",
                    why_zh="审核人员可能不懂中文，中英混杂的句子看起来像没写完。",
                    fix="Put it into English; the words of a document may stay in quotation marks.", fix_zh="请改成英文;文件原文可以放在引号里。",
                )
            )
    return found


def check_length(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """Letter, sentences and boxes within the limits."""
    rules = knowledge.letter_rules()
    limits, document = rules["limits"], document_of(view, case)
    total = sum(words(x.text) for x in view.lines)
    most = int(rules["documents"][document]["max_words"])
    block = max(most, limits["words_block"]) if document in {"appeal", "contest"} else most * 3 // 2
    warn = min(most, limits["words_warn"])
    found: list[Finding] = []
    if total > warn:
        too_long = total > block
        found.append(
            _warn(
                "length", "too_long", f"The letter has {total} words; {'at most ' + str(block) if too_long else 'up to ' + str(warn)} are wanted for this kind of letter.",
                f"这封信有 {total} 个词,这类信{'最多' if too_long else '宜在'} {block if too_long else warn} 个词{'' if too_long else '以内'}。", severity="block" if too_long else "warn",
                why="A reviewer has a few minutes; what is long is not read.",
                why_zh="审核人员只有几分钟，太长就不会细看。", fix="Leave out what the notice did not ask for; put long lists into an attachment.",
                fix_zh="删去通知没有问的内容;长清单放到附件里。",
            )
        )
    if document in {"appeal", "contest"} and 0 < total < limits["words_min"]:
        found.append(
            _warn(
                "length", "too_short", f"The letter has only {total} words; fewer than {limits['words_min']} seldom hold a cause, actions and prevention.",
                f"这封信只有 {total} 个词,少于 {limits['words_min']} 个词很难写清原因、整改和预防。", why="A letter without details is answered with a request for more.",
                why_zh="信里没有细节，得到的答复就是要求补充信息。",
                fix="Add the facts: what happened, when, how many, what was done.", fix_zh="补充事实:发生了什么、何时、多少、做了什么。",
            )
        )
    for line in view.lines:
        count = max(words(s) for s in re.split(r"(?<=[.!?])\s+(?=[A-Z])", line.text))  # a fact may be told in several sentences
        # Lists of files or numbers are read by the eye, not as a sentence.
        if count > limits["sentence_words_warn"] and line.text.count(";") < 3 and line.section != "evidence_list":
            found.append(
                _warn(
                    "length", "long_sentence", f"This sentence has {count} words; above {limits['sentence_words_warn']} it is hard to read.", f"这句话有 {count} 个词,超过 {limits['sentence_words_warn']} 个词很难读。",
                    line=line, quote=line.text, why="Many reviewers are not native speakers and read fast.",
                    why_zh="很多审核人员的母语不是英语，而且读得很快。", fix="Cut it into two or three sentences.", fix_zh="拆成两三句。",
                )
            )
    for name, text in boxes(view.letter).items():
        if len(text) > limits["box_characters_warn"]:
            found.append(
                _warn(
                    "length", "long_box", f"The box {name.replace('_', ' ')} has {len(text)} characters; above {limits['box_characters_warn']} the form may cut it off.",
                    f"“{name}”一栏有 {len(text)} 个字符,超过 {limits['box_characters_warn']} 可能被表单截断。", why="Amazon's form does not tell its limit beforehand.",
                    why_zh="亚马逊的表单不会事先告知字数上限。",
                    fix="Shorten it, or check the limit that the form shows.", fix_zh="缩短,或查看表单显示的上限。",
                )
            )
    return found


_STORAGE = re.compile(
    r"(?:https?://|www\.)\S+|\b(?:drive|docs)\.google\.\S+|\bdropbox\.\S+|\b1drv\.ms\S*|\bonedrive\.\S+|\bwetransfer\.\S+|\bbox\.com\S*|\bmega\.nz\S*|\bpan\.baidu\.\S+|\bimgur\.\S+|\bwe\.tl/\S+"
    r"|\b(?:google drive|dropbox|onedrive|wetransfer|icloud) (?:link|folder|share)|网盘(?:链接)?|提取码",
    _I,
)
_AMAZON = re.compile(r"^(?:https?://)?(?:www\.|sellercentral(?:-\w+)?\.)?amazon\.[a-z.]+(?:/|$)", _I)


def check_links(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """No links to storage elsewhere; a supplier's website may be named, a link to a page of Amazon may stand."""
    found = []
    for line in view.lines:
        for match in _STORAGE.finditer(line.text):
            link = match[0].rstrip(".,;)")
            named = case is not None and any(link.lower() in f"{f.text}".lower() for f in case.facts)
            storage = re.search(r"drive|docs\.google|dropbox|1drv|wetransfer|box\.com|mega\.nz|baidu|imgur|we\.tl|icloud|网盘|提取码", link, _I) is not None
            if _AMAZON.match(link) or (named and not storage):
                continue
            found.append(
                _warn(
                    "links", "outside_link", f"“{link}” leads outside; reviewers do not open links.", f"“{link}”是站外链接,审核人员不会打开。", severity="block" if storage else "warn", line=line, quote=link,
                    why="Notices say that files behind links are not looked at.",
                    why_zh="通知里写明，链接里的文件不会查看。", fix="Upload the file with the appeal and name it in the evidence list.", fix_zh="把文件随申诉上传,并写进证据清单。",
                )
            )
    return found


_DOUBLED = re.compile(r"\b([A-Za-z]{2,})\s+\1\b", _I)
_MAY_DOUBLE = {"that", "had", "very", "please", "many", "never"}


def check_repetition(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """No sentence twice, no word doubled by mistake."""
    found: list[Finding] = []
    seen: dict[str, Line] = {}
    for line in view.lines:
        key = " ".join(re.findall(r"\w+", line.text.lower()))
        if words(line.text) >= 6 and key in seen and line.origin != "fixed":
            found.append(
                _warn(
                    "repetition", "repeated_sentence", f"This sentence already stands above (sentence {seen[key].number + 1}).", f"这句话前面已经写过(第 {seen[key].number + 1} 句)。", line=line, quote=line.text,
                    why="Repetition costs reading time and looks like a copied text.", why_zh="重复既浪费阅读时间，又像是抄来的文字。", fix="Say it once.", fix_zh="只写一次。",
                )
            )
        seen.setdefault(key, line)
        for match in _DOUBLED.finditer(_blank(line.text)):
            if match[1].lower() not in _MAY_DOUBLE:
                found.append(
                    _warn(
                        "repetition", "doubled_word", f"“{match[0]}”: the word stands twice.", f"“{match[0]}”:重复的词。", line=line, quote=line.text[match.start() : match.end()], why="A slip of writing.",
                        why_zh="笔误。", fix="Take one out.", fix_zh="删去一个。",
                    )
                )
    return found


_RATES = (
    ("late shipment rate", r"late (?:shipment|dispatch) rate|\blsr\b|\bldr\b|迟发率"),
    ("order defect rate", r"order defect rate|\bodr\b|订单缺陷率"),
    ("cancellation rate", r"cancell?ation rate|\bcr\b|取消率"),
    ("valid tracking rate", r"valid tracking rate|\bvtr\b|有效追踪率"),
    ("on-time delivery rate", r"on-?time delivery rate|\botdr\b|准时(?:交货|送达)率"),
)
_OTHER_TIME = re.compile(
    r"\b\d+-day\b|\b(?:short|long)-term\b|\b(?:now|since|then|today|currently|before|after|earlier|previous\w*|first|instead of|down to|up to|dropped|fell|fallen|rose|risen|reduced|improved|from .{1,20} to|target|limit|below|above|under|over|threshold|less than|at least|requires?|must)\b|目标|低于|高于|要求|降到|降至",
    _I,
)


def check_figures(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """The same rate has one value, unless a window, a date or a target tells the values apart."""
    found: list[Finding] = []
    for name, pattern in _RATES:
        first: tuple[str, Line, Atom] | None = None
        for line in view.lines:
            for match in re.finditer(pattern, line.text, _I):
                rest = line.text[match.end() : match.end() + 60]
                near = [a for a in find_atoms(rest) if a.kind == "percent"]
                if not near or re.search(pattern, rest[: near[0].start], _I):
                    continue
                atom = near[0]
                around = line.text[max(0, match.start() - 40) : match.end() + 60]
                if _OTHER_TIME.search(around):
                    continue
                if first is None:
                    first = (atom.value[0], line, atom)
                elif atom.value[0] != first[0] and not (_dates(line) and _dates(first[1]) and _dates(line) != _dates(first[1])):
                    found.append(
                        _warn(
                            "figures", "figures_differ", f"The {name} is {atom.text} here and {first[2].text} in sentence {first[1].number + 1}.", f"这里的 {name} 是 {atom.text},第 {first[1].number + 1} 句是 {first[2].text}。",
                            line=line, quote=atom.text, why="Reviewers compare the figures with the account; two values for one rate make both doubtful.",
                            why_zh="审核人员会拿数字与账户数据核对；同一指标有两个数值，两个都不可信。",
                            fix="Use the figure of the Account Health page, or name the window or date of each.", fix_zh="以账户状况页面为准,或分别写明统计窗口或日期。",
                        )
                    )
    return found


def _dates(line: Line) -> frozenset[tuple[str, ...]]:
    return frozenset(a.value for a in find_atoms(line.text) if a.kind == "date")


_FLATTERY = re.compile(
    r"\b(?:great|wonderful|amazing|fantastic|excellent|best|wise|respected|esteemed|world'?s (?:best|leading|largest)|beloved) (?:\w+ )?(?:amazon\b|platform|marketplace|team|polic(?:y|ies)|company|family|work\b)|\bloved? (?:selling (?:on|with) )?amazon\b|\bhono(?:u)?r(?:ed)? to (?:sell|be)"
    r"|\b(?:proud|excited|privileged|grateful|thrilled) to (?:be|sell|work) [^.]{0,40}amazon|\bamazon family\b|\bcustomer[- ]obsess|\bloyal (?:seller|partner)|\blong[- ](?:term|standing) (?:partner|seller|cooperation)|\b(?:deeply|highly|greatly|always) (?:value|appreciate|cherish|respect) [^.]{0,30}(?:amazon|platform|trust)|优秀的(?:平台|团队)|伟大的|感恩|长期合作",
    _I,
)
_COMPANY = re.compile(
    r"\b(?:founded|established|incorporated) in\b|\bour company (?:is|was|has|specializ|specialis)|\bwe are an? (?:\w+ ){0,4}(?:company|manufacturer|seller|store|business|brand|team|factory)\b|\bwe (?:have been|'ve been) (?:selling|in business)|\byears of experience\b|\bour (?:mission|vision|annual sales|turnover)\b|\bemploy(?:s|ing)? (?:over |more than )?\d+ (?:people|staff|employees)|\bloyal customers\b|成立于|我们是一家|多年经验|年销售额",
    _I,
)


def check_tone(view: View, case: Case | None, passages: Sequence[Passage]) -> list[Finding]:
    """No flattery, no history of the company, one apology at most."""
    found: list[Finding] = []
    company: list[tuple[Line, re.Match[str]]] = []
    sorry: list[tuple[Line, re.Match[str]]] = []
    for line in view.lines:
        text = _blank(line.text)
        if match := _FLATTERY.search(text):
            found.append(
                _warn("tone", "flattery", f"“{match[0]}” praises and says nothing about the case.", f"“{match[0]}”是奉承话,与案件无关。", severity="note", line=line, quote=line.text[match.start() : match.end()],
                      why="Amazon asks for a factual and direct text.", why_zh="亚马逊要求内容属实、直接。", fix="Take it out.", fix_zh="删去。")
            )
        if match := _COMPANY.search(text):
            company.append((line, match))
        sorry += [(line, m) for m in APOLOGY.finditer(text) if not re.search(r"\bno\b|\bnot\b|without", text[max(0, m.start() - 12) : m.start()])]
    wanted = document_of(view, case) in {"verification", "funds_appeal", "counter_notice"}
    if company and not wanted and (len(company) > 1 or sum(words(line.text) for line, _ in company) > 25):
        line, match = company[0]
        found.append(
            _warn("tone", "company_introduction", "The letter introduces the company; the reviewer has the account data and looks for the case.", "信里在介绍公司;审核人员有账户资料,要看的是案件。", severity="note", line=line, quote=line.text[match.start() : match.end()],
                  why="Amazon asks to leave introductions of the business out.",
                  why_zh="亚马逊要求不要写公司介绍。", fix="Leave it out, unless the notice asked for it.", fix_zh="删去,除非通知要求说明。")
        )
    lines = list(dict.fromkeys(line.number for line, _ in sorry))
    if len(lines) > 1:
        line, match = next((x, m) for x, m in sorry if x.number == lines[1])
        found.append(
            _warn("tone", "many_apologies", f"The letter apologises {len(lines)} times; once is enough.", f"信里道歉了 {len(lines)} 次,一次就够。", line=line, quote=line.text[match.start() : match.end()],
                  why="Repeated apologies take the place of facts.", why_zh="反复道歉占去了写事实的篇幅。", fix="Keep the first one at most.", fix_zh="最多保留第一次。")
        )
    return found
