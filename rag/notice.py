"""Notice text -> Notice: what kind it is, which case type, what is asked for, until when, about which items. Code only, no model.

Everything read is backed by a verbatim quotation with its place in the text. What cannot be found stays empty; where two case types are
close, the first is left out and the ranking says so ("unsure" asks the seller). Patterns of kinds and requests are below; the
phrases of case types are data in knowledge/case_types.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import lru_cache

from rag import knowledge
from rag.atoms import find_atoms
from rag.models import Notice, NoticeKind, Quote, ReplyForm
from rag.script import simplified

# The order decides between kinds that are found together: what ends or changes a case comes first.
_KINDS: tuple[tuple[NoticeKind, str], ...] = (
    ("reinstated", r"(?:has been|have been|is now|was|were) (?:reactivated|reinstated|restored)|(?:we have|we've) (?:reactivated|reinstated|restored)|selling privileges (?:are|have been) (?:active|restored|reinstated)|appeal (?:has been|was) (?:accepted|approved)|已(?:经)?(?:被)?(?:恢复|重新激活)|申诉(?:已)?(?:获|被)?(?:批准|通过)"),
    ("final_rejection", r"(?:may|will|can) (?:not|no longer) (?:respond|reply) to (?:any )?(?:further|additional|future)|(?:this|our) decision is final|final decision|不再(?:回复|答复)|最终决定"),
    ("request_more_info", r"(?:need|require|requires?|provide|send) (?:us )?(?:some )?(?:more|additional|further|greater) (?:information|detail)|more (?:information|details?) (?:is|are) (?:needed|required)|did not (?:provide|include|contain|sufficiently)|does not (?:provide|include|contain|sufficiently|adequately)|(?:is|was|are|were) (?:incomplete|insufficient|missing)|(?:received|reviewed) your (?:appeal|submission|plan|documents?|response)[^.]{0,120}(?:but|however|not|unable|cannot)|(?:could|can)(?:not| not) (?:verify|validate|accept)[^.]{0,60}(?:document|invoice)|more detail|需要(?:您提供)?(?:更多|补充)|补充(?:信息|材料|资料)"),
    ("rejection", r"(?:have )?decided (?:not to|that we (?:will|can)not|against) (?:reinstat|reactivat|restor)|(?:cannot|can not|will not|unable to|not able to) (?:reinstate|reactivate|restore)|(?:your )?appeal (?:has been|was|is) (?:denied|rejected|declined|unsuccessful)|remains? (?:deactivated|suspended)|申诉(?:已)?(?:被)?(?:驳回|拒绝)|(?:不予|无法)恢复"),
    ("deactivation_72h", r"(?:within|in|next|have|after) (?:the next )?72 hours|72-hour|72\s?小时"),
    ("ip_complaint", r"(?:received|submitted|filed) (?:a |an |the )?(?:report|complaint|notice|notification|claim)[^.]{0,140}(?:infring|rights? owner|trademark|copyright|patent|intellectual property|counterfeit)|rights? owner[^.]{0,120}(?:report|complain|claim|infring|alleg)|(?:infring\w+|intellectual property|trademark|copyright|patent)[^.]{0,80}(?:complaint|report|notice|claim)|complaint id|知识产权(?:投诉|侵权)|权利人"),
    ("verification", r"verif(?:y|ication)[^.]{0,80}(?:identity|account|business|information|document|seller)|(?:identity|business|account|seller|video) verification|confirm your identity|know your customer|\bkyc\b|inform consumers act|utility bill|身份(?:验证|信息)|视频(?:验证|面试)|(?:账户|账号|帐户|帐号|资质)(?:验证|审核)"),
    ("suspension", r"(?:has|have|had)(?: now)? been (?:temporarily |permanently )?(?:deactivated|suspended|removed|blocked|closed)[^.]{0,20}|(?:we (?:have )?|is |was |are )(?:temporarily |permanently )?(?:deactivated|suspended)|(?:removed|suspended|revoked|withdrawn) your (?:amazon )?(?:selling|seller)|selling privileges (?:have been |were |are )?(?:removed|suspended|revoked)|(?:account|privileges)[^.]{0,40}(?:deactivat|suspend)|(?:can|may) no longer sell|(?:账户|账号|帐户|帐号|销售权限|店铺)[^。]{0,16}(?:停用|暂停|移除|冻结|撤销)"),
    ("listing_removal", r"(?:listings?|offers?|products?|items?|asins?|detail pages?)[^.]{0,60}(?:have been|has been|was|were|is|are) (?:removed|taken down|deactivated|suppressed|blocked|made inactive)|(?:removed|deactivated|suppressed|taken down|blocked) (?:the following |some of |one or more of |certain |your |these |this )+(?:listings?|offers?|products?|items?|asins?|content)|(?:商品|listing)[^。]{0,16}(?:下架|移除|删除|停售)"),
    ("warning", r"policy warning|(?:this is a )?(?:final |first )?warning|at risk of (?:deactivation|suspension)|(?:may|could|can) (?:result in|lead to)[^.]{0,80}(?:deactivat|suspen|removal|loss)|(?:may|could|will) be (?:deactivated|suspended)|(?:above|below|exceeds?|does not meet) (?:our|the) (?:target|performance)|警告|可能(?:会)?(?:被)?(?:停用|暂停)|面临停用"),
)

_ACCOUNT = re.compile(r"(?:seller |selling |amazon )account|selling privileges|seller-fulfilled offers|账户|账号|帐户|帐号|销售权限|店铺", re.IGNORECASE)

_REQUESTS: tuple[tuple[str, str], ...] = (
    ("root_cause", r"root causes?|(?:the )?(?:causes?|reasons?) (?:of|for|that|why)|what (?:caused|led to)|how (?:the|this|you)[^.]{0,60}(?:happened|violated|occurred|was broken)|issues? that (?:caused|led)|根本原因|原因"),
    ("corrective_actions", r"corrective actions?|(?:actions?|steps) (?:you|that you|you have|that have|have been|were)[^.]{0,30}(?:taken|take) to (?:resolve|address|fix|correct)|(?:actions?|steps) you (?:have|'ve) taken|how you (?:have )?(?:resolved|fixed|addressed)|(?:actions?|steps) (?:taken )?to (?:resolve|fix|correct)|纠正措施|整改措施|已(?:经)?采取的(?:措施|行动)|解决"),
    ("preventive_measures", r"prevent(?:ive|ative)? (?:measures?|actions?|steps)|(?:to|will) prevent|avoid (?:this|similar|future|such|re)|(?:not|never) (?:happen|occur) again|going forward|prevention|预防|防止|避免(?:今后|再次|类似)"),
    ("plan_of_action", r"plan of action|\bpoa\b|appeal plan|行动计划|整改计划"),
    ("invoices", r"invoices?|receipts? from your supplier|发票"),
    ("supplier_contact", r"supplier(?:'s)?[^.]{0,50}(?:contact|name|phone|address|website|e-?mail)|(?:contact|name|phone|address)[^.]{0,40}(?:of|for) (?:your |the )?suppliers?|供应商[^。]{0,20}(?:联系|姓名|电话|地址|信息)"),
    ("authorization_letter", r"letters? of authori[sz]ation|authori[sz]ation letters?|\bloa\b|licens(?:e|ing) agreement|(?:proof|evidence) of authori[sz]ation|authori[sz]ed (?:by|to sell)|授权(?:书|信|证明)"),
    ("brand_registration", r"(?:brand|trademark) registr(?:y|ation)[^.]{0,40}(?:certificate|number|proof|document|enrol|provide)|(?:proof|certificate) of (?:brand|trademark)|商标(?:注册)?证|品牌(?:注册|备案)"),
    ("retraction", r"retract(?:ion|s|ed)?|withdraw(?:al|s|n)?[^.]{0,40}(?:complaint|notice|claim|report)|撤(?:诉|销投诉|回投诉|回)"),
    ("compliance_documents", r"compliance (?:documents?|documentation|certificates?)|test(?:ing)? reports?|certificates? of (?:conformity|compliance|analysis)|declaration of conformity|\bcpc\b|safety data sheets?|\bsds\b|\bul \d+|合规(?:文件|证书|资料)|检测报告|测试报告"),
    ("identity_documents", r"(?:passport|driver'?s licen[cs]e|identity (?:card|document)|government[- ]issued|national id|\bid (?:card|document)|utility bill|business licen[cs]e|bank statement|proof of (?:identity|address))|身份证|护照|营业执照|水电费|账单"),
    ("related_account_info", r"(?:related|linked|other|another|associated|multiple) (?:selling |seller |amazon )?accounts?|do not (?:own|operate)|关联(?:账户|账号|帐户|帐号)|其他(?:账户|账号|帐户|帐号)"),
    ("evidence_of_compliance", r"(?:evidence|proof|documentation)[^.]{0,60}(?:compl(?:y|ies|iance)|not violat|does not infringe|did not violate|in accordance|policy)|(?:explain|show|demonstrate)[^.]{0,60}(?:not violat|compl(?:y|ied|ies)|in compliance)|遵守|符合[^。]{0,16}政策"),
    ("tracking_information", r"tracking (?:information|numbers?|ids?|details?)|carrier (?:name|information|scan)|追踪(?:编号|信息)|物流单号|运单号"),
    ("delivery_proof", r"proof of delivery|delivery (?:confirmation|proof)|signature confirmation|妥投|签收"),
    ("buyer_correspondence", r"(?:correspondence|communications?|messages?)[^.]{0,40}(?:with|from|to) (?:the |your )?(?:buyers?|customers?)|buyer[- ]seller messag|(?:与|和)买家[^。]{0,10}(?:沟通|邮件|消息)"),
    ("payment_records", r"(?:proof of )?payment (?:records?|proof|receipts?)|bank (?:transfer|records?)|付款(?:记录|凭证)"),
    ("import_documents", r"import (?:documents?|records?|declarations?)|bills? of lading|customs (?:declarations?|documents?)|报关|提单|进口"),
    ("patent_evaluation_agreement", r"patent (?:neutral )?evaluation|evaluation agreement|neutral (?:patent )?evaluation|专利(?:中立)?评估"),
    ("supplier_agreement", r"(?:supplier|dropship\w*|wholesale|distribution) (?:agreement|contract)|agreement with your supplier|(?:供应|供货|代发)(?:协议|合同)"),
    ("phone_call", r"(?:call|phone|speak (?:with|to)|telephone) (?:you|us|an? |our )|phone (?:call|interview|number to reach)|we will call|致电|电话(?:沟通|联系)"),
    ("video_verification", r"video (?:call|verification|interview)|(?:live|virtual) (?:verification|interview)|视频(?:通话|验证|面试)"),
)

# Asking verbs near the words: "send invoices" asks, "we received your invoices" does not.
_ASKS = re.compile(r"please|provide|submit|send|include|includ|attach|upload|must|need|require|explain|describe|tell us|following|share|should|to appeal|in order to|ask|want|expect|contain|list|contact|complete|sign|请|提供|提交|说明|附上|上传|包括|需要|要求|应", re.IGNORECASE)
_DEADLINE = re.compile(
    r"(?:within|in|next|have|by|before|up to|until|after|least|give you|以内|在|于)?\s*(?:the\s+)?(?:next\s+)?(?P<n>\d{1,4}|seventy[- ]two|forty[- ]eight|twenty[- ]four|seventeen|fourteen|ten|seven|thirty|sixty|ninety|three|five)\s*(?:\((?:\d+)\)\s*)?[-\s]?(?P<u>business days?|working days?|calendar days?|hours?|days?|weeks?|个?小时|小時|个?工作日|天|日内|周)",
    re.IGNORECASE,
)
_NOT_DEADLINE = re.compile(
    r"(?:last|past|previous|prior|preceding|over the|trailing|rolling|during the|most recent|issued (?:with)?in|dated (?:with)?in|from the|older than|hold|held|funds?|balance|disburse|reserve|payment|we (?:will|aim to|usually|typically|normally)?\s*(?:respond|reply|review|get back|contact|call)|respond to you|hear (?:back )?from us|window|period of|invoices?[^.]{0,40}|receipts?[^.]{0,40}|rate[^.]{0,40}|old\b|过去|最近|近)\W*(?:\w+\W+){0,4}$",
    re.IGNORECASE,
)
_DEADLINE_HINT = re.compile(r"within|in the next|you have|by |before|deadline|appeal|respond|reply|submit|provide|send|complete|otherwise|if (?:you|we) do(?:n't| not)|deactivat|以内|之内|内|截止|期限|否则", re.IGNORECASE)
_POLICY = re.compile(
    r"(?P<p>(?:[A-Z][\w&'’/-]* (?:(?:and|of|for|to|on|the|in|&) )?){1,6}(?:[Pp]olic(?:y|ies)|[Gg]uidelines|[Cc]ode of [Cc]onduct|[Aa]greement))"
    r"|(?P<q>(?i:(?:section|paragraph) \d+ of (?:the |our |amazon's )?(?:amazon )?(?:services )?business solutions agreement|seller code of conduct|section 3\b))"
    r"|(?:violat\w+|under|per|against|see|review|with|of) (?:of )?(?:our|the|amazon's|Amazon's)? ?(?P<r>(?:[a-z-]+ ){1,5}polic(?:y|ies))"
    r"|(?P<z>[一-鿿]{2,14}?政策)"
)
_COMPLAINT = re.compile(r"(?:complaint|infringement|notice|report|case|reference|claim)\s*(?:id|number|no\.?|#|ref(?:erence)?)?\s*(?:is|:|#|:|\))*\s*(?P<id>[A-Z0-9][A-Z0-9-]{5,})|投诉(?:编号|ID|号)?\s*[:：]?\s*(?P<z>[A-Z0-9][A-Z0-9-]{5,})", re.IGNORECASE)
_HOURS = {"hour": 1, "小时": 1, "小時": 1, "day": 24, "天": 24, "日": 24, "week": 168, "周": 168, "business": 24, "working": 24, "calendar": 24, "工作日": 24}
_WORD_NUMBERS = {"seventy two": 72, "forty eight": 48, "twenty four": 24, "seventeen": 17, "fourteen": 14, "ten": 10, "seven": 7, "thirty": 30, "sixty": 60, "ninety": 90, "three": 3, "five": 5}
UNSURE_RATIO = 0.8
"""When the second case type reaches this share of the first one's score, the type is left open."""


def read_notice(text: str) -> Notice:
    """What the text says. Bad or empty input gives an empty notice, never an error: a seller may paste anything."""
    quotes: list[Quote] = []
    # The patterns below are written in Simplified; the phrases of case types and all quotations are taken from the text as it is.
    plain = simplified(text)
    plain = plain if len(plain) == len(text) else text
    kind = _kind(plain, quotes)
    ranked = rank_case_types(text, quotes)
    sure = bool(ranked) and (len(ranked) == 1 or ranked[1][1] < UNSURE_RATIO * ranked[0][1])
    chosen = ranked[0][0] if sure else ""
    requested = _requested(plain, quotes)
    deadline = _deadline(plain, quotes) if kind != "reinstated" else None
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
        deadline_hours=deadline,
        requested=requested,
        policy_named=policy,
        language="zh" if len(re.findall(r"[一-鿿]", text)) > 0.2 * max(1, len(re.sub(r"\s", "", text))) else "en",
        reply_form=_reply_form(kind, chosen, requested),
    )


def _unique(values: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))  # type: ignore[call-overload]


def _quote(match: re.Match[str], supports: str) -> Quote:
    return Quote(match[0].strip(), match.start() + len(match[0]) - len(match[0].lstrip()), supports)


def _kind(text: str, quotes: list[Quote]) -> NoticeKind | None:
    found = {name: match for name, pattern in _KINDS if (match := re.search(pattern, text, re.IGNORECASE))}
    if not found:
        return None
    order = [name for name, _ in _KINDS]
    chosen = min(found, key=order.index)
    # A first notice may say "provide more information" in its instructions; a reply speaks of an appeal or documents already sent.
    answered = re.search(r"(?:your|the) (?:appeal|submission|plan of action|response|documents?|information)[^.]{0,30}(?:you (?:sent|submitted|provided)|we received)?|thank you for (?:submitting|sending|your (?:appeal|submission|response|patience))|(?:have|we) (?:received|reviewed) (?:your|the)|你?您?(?:提交|发送)的", text, re.IGNORECASE)
    if chosen == "request_more_info" and not answered and len(found) > 1:
        del found["request_more_info"]
        chosen = min(found, key=order.index)
    # "We reviewed your appeal and decided not to reinstate" asks for nothing: the "not" is that of the rejection.
    if chosen == "request_more_info" and "rejection" in found:
        start, end = found["rejection"].span()
        if not re.search(dict(_KINDS)["request_more_info"], text[:start] + " " * (end - start) + text[end:], re.IGNORECASE):
            chosen = "rejection"
    # Deadline of 72 hours is the kind only while the account is still open.
    if chosen == "deactivation_72h" and "suspension" in found and not re.search(r"(?:will|may|could|would) (?:be )?(?:deactivat|suspend)|otherwise|or (?:we|your)", text, re.IGNORECASE):
        chosen = "suspension"
    if chosen == "suspension" and "listing_removal" in found and not _ACCOUNT.search(found["suspension"][0]):
        chosen = "listing_removal"
    if chosen == "suspension" and re.search(r"(?:\b(?:may|could|will|at risk of)\b|可能|面临|否则)[^.。]{0,30}$", _up_to_verb(text, found["suspension"]), re.IGNORECASE):
        chosen = "listing_removal" if "listing_removal" in found else "warning"
    if chosen in found:
        quotes.append(_quote(found[chosen], f"kind:{chosen}"))
    return chosen


def _up_to_verb(text: str, match: re.Match[str]) -> str:
    """What stands before the deactivation that was found: "your account may be " of "your account may be deactivated"."""
    verb = re.search(r"(?:be )?(?:deactivat|suspend|remov|revok|withdr|block|clos)|停用|暂停|移除|冻结|撤销", match[0], re.IGNORECASE)
    return text[max(0, match.start() - 40) : match.start() + (verb.start() if verb else 0)]


def rank_case_types(text: str, quotes: list[Quote] | None = None) -> tuple[tuple[str, float], ...]:
    """Case types by declared phrases, best first, with a share of the evidence (0 to 1); at most five; empty when no phrase is found."""
    low = text.lower()
    scores: dict[str, float] = {}
    best: dict[str, re.Match[str]] = {}
    for name, strong, weak, against in _compiled():
        score = 0.0
        for patterns, weight in ((strong, 3.0), (weak, 0.7)):
            for pattern in patterns:
                match = pattern.search(low)
                if match:
                    # Longer phrases are rarer by chance.
                    score += weight * (1 + math.log1p(len(match[0])) / 4)
                    if name not in best or (weight == 3.0 and len(match[0]) > len(best[name][0])):
                        best[name] = match
        score -= 2.0 * sum(bool(p.search(low)) for p in against)
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


def _sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    left = max(text.rfind(c, 0, start) for c in ".。!?\n")
    right = min((p for p in (text.find(c, end) for c in ".。!?\n") if p >= 0), default=len(text))
    return left + 1, right


def _requested(text: str, quotes: list[Quote]) -> tuple[str, ...]:
    found: list[str] = []
    for name, pattern in _REQUESTS:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            left, right = _sentence_around(text, *match.span())
            # A list item is asked for by the line that introduces the list.
            introduced = text[max(0, left - 400) : left].rfind(":") >= 0 or ":" in text[max(0, left - 200) : left]
            listed = re.match(r"\s*(?:[-*•–]|\d+[.)])", text[left:right]) is not None
            if _ASKS.search(text[left:right]) or (listed and introduced):
                found.append(name)
                quotes.append(_quote(match, f"requested:{name}"))
                break
    parts = {"root_cause", "corrective_actions", "preventive_measures"} & set(found)
    # The catalogue: plan_of_action stands for a plan asked for without its parts.
    if "plan_of_action" in found and len(parts) >= 2:
        found.remove("plan_of_action")
    return tuple(found)


def _deadline(text: str, quotes: list[Quote]) -> int | None:
    best: tuple[int, re.Match[str]] | None = None
    for match in _DEADLINE.finditer(text):
        left, right = _sentence_around(text, *match.span())
        before, sentence = text[left : match.start("n")], text[left:right]
        if _NOT_DEADLINE.search(before) or not _DEADLINE_HINT.search(sentence) or re.match(r"[-\s](?:old|window|period|rate|average|supply|rolling)", text[match.end() :], re.IGNORECASE):
            continue
        number = match["n"].lower().replace("-", " ")
        value = int(number) if number.isdigit() else _WORD_NUMBERS[number]
        unit = match["u"].lower()
        hours = value * next(h for word, h in _HOURS.items() if word in unit)
        if best is None or hours < best[0]:
            best = (hours, match)
    if best is None:
        return None
    quotes.append(_quote(best[1], "deadline"))
    return best[0]


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
