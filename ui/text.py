"""Every word of the interface, in English and Simplified Chinese; Traditional is made from Simplified by conversion.

`Say` speaks one of the three: `say("read")` for the strings below, `say.pick(...)` for texts of knowledge/. Nothing here draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from rag.errors import AppealError
from rag.knowledge import CaseType, Text
from rag.models import Finding
from rag.script import traditional

Language = Literal["zh-Hans", "zh-Hant", "en"]
LANGUAGES: dict[Language, str] = {"zh-Hans": "简体", "zh-Hant": "繁體", "en": "English"}

STRINGS: dict[str, tuple[str, str]] = {
    # page
    "title": ("Amazon appeal writer", "亚马逊申诉信助手"),
    "promise": (
        "Says only what you told it. Admits nothing that you do not concede. Shows what every sentence rests on.",
        "只写你说过的事实，不替你承认任何事，每句话都标明依据。",
    ),
    "step_notice": ("Notice", "通知"),
    "step_stance": ("Position", "立场"),
    "step_facts": ("Facts", "事实"),
    "step_letter": ("Letter", "信件"),
    "step_export": ("Export", "导出"),
    "unexpected": ("Something unexpected went wrong ({what}). Your case is saved; reload the page to go on.", "出现意外错误（{what}）。案件已保存，刷新页面即可继续。"),
    "language": ("Language", "语言"),
    # cases
    "cases": ("Saved cases", "已保存的案件"),
    "case_new": ("New case", "新建案件"),
    "case_delete": ("Delete this case", "删除当前案件"),
    "case_delete_ask": ("Delete this case with its letters? This cannot be undone.", "确定删除此案件及其信件？删除后无法恢复。"),
    "case_delete_yes": ("Yes, delete", "确定删除"),
    "cancel": ("Cancel", "取消"),
    "case_none": ("None yet. A case is saved as soon as you type.", "还没有案件。输入内容后会自动保存。"),
    "case_unnamed": ("No store name yet", "未填店铺名"),
    "case_type_open": ("type open", "类型未定"),
    "case_letters": ("{n} letter versions", "{n} 版信件"),
    "saved_at": ("Saved on this computer, {time}", "已保存在本机，{time}"),
    # models
    "models": ("On this computer", "本机状态"),
    "model_inside": ("Language model: {name}, inside this program", "语言模型：{name}，在程序内运行"),
    "model_none": ("No language model is set: English facts are used as you write them, Chinese facts stay open.", "未设置语言模型：英文事实按原文使用，中文事实会留空。"),
    "model_remote": ("Remote model: {name}", "远程模型：{name}"),
    "model_waiting": ("The language model is not here yet. Until then: reading notices, questions, checks and export work, and drafting from English facts.", "语言模型尚未就绪。在此之前可以：读通知、答问题、做检查、导出，并用英文事实写信。"),
    "search_ready": ("Rules: found by meaning and words", "规则检索：按语义和词语"),
    "search_words": ("Rules: found by words only", "规则检索：仅按词语"),
    "search_loading": ("Rules: found by words; search by meaning is being prepared", "规则检索：先按词语，语义检索准备中"),
    "fetching": ("Fetching models: {done} of {total} MB", "正在下载模型：{done} / {total} MB"),
    "fetch_row": ("{title}: {done} of {total} MB", "{title}：{done} / {total} MB"),
    "fetch_ready": ("{title}: ready", "{title}：就绪"),
    "fetch_waiting": ("{title}: waiting", "{title}：等待中"),
    "fetch_offline": ("Models are missing and fetching is switched off (POA_OFFLINE).", "缺少模型，且已关闭下载（POA_OFFLINE）。"),
    "fetch_again": ("Try again", "重试"),
    "terms": ("Licences of the models", "模型许可"),
    "leaves": ("What leaves this computer", "什么会离开本机"),
    "leaves_nothing": ("Nothing. Notice, answers, documents and letters stay here; models are fetched once.", "没有。通知、回答、文件和信件都留在本机；模型只需下载一次。"),
    "leaves_remote": (
        "To {name}: each fact with its glossary terms, and each worded sentence with its facts. Not sent: the notice as a whole, your documents' files, saved cases.",
        "发往 {name}：逐条事实及相关术语、逐句译文及其事实。不发送：通知全文、文件本身、已保存的案件。",
    ),
    # step 1
    "notice_hint": ("Paste the whole e-mail or notification, down to its last line.", "请粘贴整封邮件或通知，直到最后一行。"),
    "notice_label": ("Notice from Amazon", "亚马逊的通知"),
    "notice_placeholder": ("Hello,\n\nYour Amazon seller account has been deactivated ...", "Hello,\n\nYour Amazon seller account has been deactivated ...\n（中文通知也可以）"),
    "marketplace": ("Amazon store", "站点"),
    "store_name": ("Store name", "店铺名称"),
    "store_placeholder": ("as buyers see it", "买家看到的名称"),
    "read": ("Read the notice", "读取通知"),
    "no_notice": ("I have no notice text", "没有通知原文"),
    "notice_change": ("Change the text", "修改原文"),
    "what_was_read": ("What was read", "读到的内容"),
    "correct_it": ("Please correct what is wrong.", "有误请直接改正。"),
    "kind": ("Kind of notice", "通知类别"),
    "case_type": ("Case type", "案件类型"),
    "case_type_choose": ("Please choose", "请选择"),
    "unsure": ("Unsure. The notice fits several types; please choose the right one.", "不确定。通知符合多种类型，请选择正确的一种。"),
    "nothing_found": ("No known phrase stands in the text; please choose the type.", "原文中没有已知的表述，请自行选择类型。"),
    "ranking": ("Fit: {items}", "匹配度：{items}"),
    "deadline": ("Time to answer (hours)", "答复期限（小时）"),
    "deadline_is": ("{n} hours from the notice ({days} days)", "自通知起 {n} 小时（{days} 天）"),
    "deadline_none": ("No deadline was found in the text.", "原文中没有找到期限。"),
    "requested": ("What is asked for", "要求提供"),
    "asins": ("ASINs", "ASIN"),
    "order_ids": ("Order numbers", "订单号"),
    "complaint_ids": ("Complaint numbers", "投诉编号"),
    "policy": ("Policy named", "提到的政策"),
    "not_found": ("not found", "未找到"),
    "reply_form": ("Amazon normally wants: {form}", "亚马逊通常要的是：{form}"),
    "comma_list": ("separated by commas", "用逗号分隔"),
    "confirm_type": ("Choose the case type above to go on.", "请先在上面选择案件类型。"),
    # step 2
    "stance_hint": ("Which position is true? It decides the kind of letter.", "哪种立场符合事实？它决定信的写法。"),
    "choose_stance": ("Choose the position that is true to go on; what the program asks and writes depends on it.", "请先选择符合事实的立场，后面要问的问题和信的写法都由它决定。"),
    "stance_when": ("Honest when", "适用于"),
    "stance_means": ("What it means", "意味着"),
    "concede_title": ("Admissions", "承认事项"),
    "concede_hint": (
        "Leave these empty unless it is true and you want to say it. What is not ticked may not stand in the letter.",
        "除非属实且你愿意写明，否则都不要勾选。没勾选的内容不会允许写进信里。",
    ),
    "concede_none": ("Nothing is conceded.", "目前不承认任何事项。"),
    "concede_some": ("You concede: {items}", "你承认：{items}"),
    "specialist": ("This is a matter for a lawyer. The program writes no letter for it.", "这类案件需要律师处理，本程序不写这类信。"),
    "document": ("Kind of letter", "信的类型"),
    "document_hint": ("Which letter do you need?", "你需要哪种信？"),
    "document_usual": ("the usual answer: {name}", "通常的回复：{name}"),
    "document_earlier": ("The letter that you sent before", "你之前发出的信"),
    "document_earlier_hint": (
        "Paste its text. The new letter must not contradict it and must not repeat it.",
        "请粘贴原文。新信不会与它矛盾，也不会重复它。",
    ),
    # step 3
    "facts_hint": ("Answer in Chinese or English, in whole sentences, with dates and numbers. What you leave empty stays a visible gap.", "用中文或英文回答都行，尽量写完整句子，带日期和数字。没填的会在信里留出明显空缺。"),
    "questions_more": ("More questions ({n})", "更多问题（{n}）"),
    "answered_of": ("{done} of {all} answered", "已答 {done}/{all}"),
    "choice_sentence": ("In one sentence, for the letter (optional)", "用一句话说明，写进信里（可不填）"),
    "choice_note": ("The choice alone is not said in the letter; a sentence is.", "只选择不会写进信里；写了句子才会。"),
    "yes": ("Yes", "是"),
    "no": ("No", "否"),
    "one_per_line": ("one per line", "每行一条"),
    "remember": ("Help me remember", "帮我回忆"),
    "remember_hint": ("Only what really happened belongs in the letter. These questions help to recall it.", "信里只写真实发生的事。下面的问题帮你回忆。"),
    "free_facts": ("Further facts", "补充事实"),
    "free_hint": ("One fact a row, in your own words.", "每行一条事实，用你自己的话。"),
    "fact_kind": ("Kind", "类别"),
    "fact_text": ("Fact", "事实"),
    "fact_add": ("Add a fact", "添加事实"),
    "remove": ("Remove", "移除"),
    "documents": ("Documents you hold", "你手上的文件"),
    "documents_hint": ("Name each file and write what it says. Only what you write here is used.", "写上文件名和文件内容。只会用到你写在这里的内容。"),
    "document_name": ("File name", "文件名"),
    "document_data": ("What it says", "文件内容"),
    "document_placeholder": ("Invoice number, date, supplier, quantities ...", "发票号、日期、供应商、数量……"),
    "document_add": ("Add a document", "添加文件"),
    "documents_helpful": ("Documents that help in this kind of case", "这类案件有用的文件"),
    "need_required": ("required", "必需"),
    "need_if_available": ("if you have it", "有则附上"),
    "need_if_contested": ("when you dispute", "提异议时"),
    "facts_used": ("The facts as they will be used ({n})", "将要用到的事实（{n} 条）"),
    # step 4
    "draft": ("Write the letter", "写信"),
    "draft_again": ("Write a new version", "重新写一版"),
    "stop": ("Stop", "停止"),
    "stopping": ("Stopping after this sentence ...", "这一句写完就停止……"),
    "no_facts": ("No fact is stated yet: the letter would consist of gaps.", "还没有填写事实：信里会全是空缺。"),
    "progress_plan": ("Planning the letter", "正在规划信件"),
    "progress_retrieve": ("Finding the rules that apply", "正在查找适用的规则"),
    "progress_word": ("Sentence {done} of {total}", "第 {done}/{total} 句"),
    "progress_support": ("Comparing with your facts, {done} of {total}", "正在与事实核对，{done}/{total}"),
    "progress_prepare": ("Getting ready", "正在准备"),
    "stopped_note": ("Stopped. Finished sentences are kept; writing again goes on from there.", "已停止。写好的句子已保留，再次写信会接着进行。"),
    "facts_changed": ("You changed facts or position after this version was written.", "写完这一版后，你改动了事实或立场。"),
    "version": ("Version", "版本"),
    "version_at": ("Version {n}, {time}", "第 {n} 版，{time}"),
    "legend": ("Where a sentence comes from", "句子来源"),
    "origin_model": ("worded from your fact", "按你的事实措辞"),
    "origin_seller": ("your own words", "你的原话"),
    "origin_fixed": ("fixed frame", "固定格式"),
    "origin_edited": ("edited by you", "你改过"),
    "rests_on_nothing": ("No fact is named.", "没有标明事实。"),
    "rests_on_frame": ("Fixed frame text: store, notice, numbers of the notice.", "固定格式文字：店铺、通知及其中的编号。"),
    "rules_used": ("Rules for this point ({n})", "相关规则（{n}）"),
    "rule_as_of": ("as of {date}", "截至 {date}"),
    "rule_undated": ("undated", "无日期"),
    "edit": ("Edit", "修改"),
    "save": ("Save", "保存"),
    "edit_label": ("Sentence (empty: leave it out)", "句子（留空则删去）"),
    "left_out": ("left out", "已删去"),
    "severity_block": ("Must be resolved", "必须处理"),
    "severity_warn": ("Please look", "请核对"),
    "severity_note": ("Note", "提示"),
    "why": ("Why", "原因"),
    "fix": ("What to do", "怎么办"),
    "whole_letter": ("About the whole letter", "关于整封信"),
    "gaps": ("Still missing", "仍缺的内容"),
    "gap_required": ("needed", "必需"),
    "gap_useful": ("useful", "有则更好"),
    "summary_complete": ("Complete", "完整性"),
    "summary_checked": ("Checked", "已检查"),
    "summary_unchecked": ("Could not be checked", "无法检查"),
    "complete_sections": ("{n} sections, {sentences} sentences", "{n} 个部分，{sentences} 句"),
    "complete_gaps": ("{n} needed things are missing", "缺少 {n} 项必需内容"),
    "complete_no_gaps": ("nothing needed is missing", "没有缺少必需内容"),
    "checked_exact": ("numbers, dates, names and admissions of all {n} sentences, by code", "全部 {n} 句的数字、日期、名称和承认事项（由程序检查）"),
    "checked_meaning": ("the meaning of {n} sentences, by the language model, which errs at times", "{n} 句的含义（由语言模型核对，可能出错）"),
    "checked_blocks": ("{n} must be resolved, {m} to look at", "{n} 处必须处理，{m} 处请核对"),
    "checked_clean": ("nothing to resolve", "没有需要处理的问题"),
    "unchecked_edited": ("whether {n} sentences that you edited say only what happened", "你改过的 {n} 句是否只写了事实"),
    "unchecked_undecided": ("{n} sentences where the model could not tell", "{n} 句模型无法判断"),
    "unchecked_own": ("whether your facts are true; the program takes your word", "你的事实是否属实；程序以你说的为准"),
    "unchecked_documents": ("the documents themselves; only what you wrote about them was read", "文件本身；程序只看到你写的文件内容"),
    "boxes": ("For a form with three boxes", "三格表单"),
    "whole_text": ("The whole letter", "整封信"),
    "box_root_cause": ("Root cause", "根本原因"),
    "box_corrective_actions": ("Corrective actions", "纠正措施"),
    "box_preventive_measures": ("Preventive measures", "预防措施"),
    "box_empty": ("This letter has nothing for this box.", "这封信没有这一格的内容。"),
    "attachments": ("Attach these files", "请附上这些文件"),
    "attachments_none": ("No document is named.", "没有列出文件。"),
    "made_with": ("Model: {model}, {seconds} seconds", "模型：{model}，用时 {seconds} 秒"),
    # step 5
    "export_draft": ("{n} points must be resolved before sending. Exported files are marked as draft.", "还有 {n} 处必须处理后才能发送。导出的文件会标为草稿。"),
    "export_ready": ("No blocking point is open. Read every sentence once more before you send it: you sign it.", "没有必须处理的问题。发送前请再逐句读一遍：信由你署名。"),
    "export_txt": ("Text (.txt)", "文本（.txt）"),
    "export_docx": ("Word (.docx)", "Word（.docx）"),
    "export_zip": ("Everything (.zip)", "全部（.zip）"),
    "export_zip_hint": ("letter, three boxes, attachment list and a cover sheet in your language", "信件、三格内容、附件清单，以及中文说明页"),
}  # fmt: skip

WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "kind": {
        "suspension": ("Account deactivated", "账户停用"),
        "warning": ("Warning", "警告"),
        "listing_removal": ("Listing removed", "商品下架"),
        "ip_complaint": ("Intellectual property complaint", "知识产权投诉"),
        "request_more_info": ("More information wanted", "要求补充信息"),
        "rejection": ("Appeal rejected", "申诉被拒"),
        "final_rejection": ("Final rejection", "最终拒绝"),
        "reinstated": ("Reinstated", "已恢复"),
        "verification": ("Verification", "身份或资质验证"),
        "deactivation_72h": ("Deactivation in 72 hours", "72 小时内停用"),
    },
    "stance": {
        "accept_and_fix": ("It happened, and we fixed it", "确有其事，已整改"),
        "contest": ("The notice is wrong", "通知有误，提出异议"),
        "mixed": ("Partly right, partly wrong", "部分承认，部分异议"),
        "clarify_and_verify": ("Explain and prove", "说明情况并提供证明"),
    },
    "fact": {
        "context": ("Background", "背景"),
        "metric": ("Figure", "数据"),
        "cause": ("Cause", "原因"),
        "action_done": ("Done", "已做的事"),
        "action_planned": ("Planned", "计划做的事"),
        "evidence": ("Proof", "证据"),
    },
    "reply_form": {
        "plan": ("a plan: cause, correction, prevention", "行动计划：原因、整改、预防"),
        "documents": ("documents", "文件"),
        "dispute": ("a dispute with evidence", "附证据的异议"),
        "questionnaire": ("answers to a questionnaire", "填写问卷"),
        "quiz": ("a quiz", "完成测试题"),
        "retraction": ("a retraction by the rights owner", "权利人撤诉"),
        "verification": ("verification of identity or business", "身份或资质验证"),
        "representation": ("a statement on the claim", "对索赔的陈述"),
        "fix": ("a correction of the listing", "修改商品页面"),
        "specialist": ("a lawyer", "律师处理"),
    },
    "requested": {
        "root_cause": ("root cause", "根本原因"),
        "corrective_actions": ("corrective actions", "纠正措施"),
        "preventive_measures": ("preventive measures", "预防措施"),
        "plan_of_action": ("plan of action", "行动计划"),
        "invoices": ("invoices", "发票"),
        "supplier_contact": ("supplier contact", "供应商联系方式"),
        "authorization_letter": ("letter of authorisation", "授权书"),
        "brand_registration": ("brand registration", "品牌注册"),
        "retraction": ("retraction", "撤诉"),
        "compliance_documents": ("compliance documents", "合规文件"),
        "identity_documents": ("identity documents", "身份证明"),
        "related_account_info": ("details of related accounts", "关联账户信息"),
        "evidence_of_compliance": ("evidence of compliance", "合规证据"),
        "tracking_information": ("tracking information", "追踪信息"),
        "delivery_proof": ("proof of delivery", "妥投证明"),
        "buyer_correspondence": ("correspondence with buyers", "买家往来消息"),
        "payment_records": ("payment records", "付款记录"),
        "import_documents": ("import documents", "进口文件"),
        "patent_evaluation_agreement": ("patent evaluation agreement", "专利评估协议"),
        "supplier_agreement": ("supplier agreement", "供应商协议"),
        "phone_call": ("phone call", "电话沟通"),
        "video_verification": ("video verification", "视频验证"),
    },
    "section": {
        "identification": ("Opening", "开头"),
        "position": ("Position", "立场"),
        "root_cause": ("Root cause", "根本原因"),
        "corrective_actions": ("Corrective actions", "纠正措施"),
        "preventive_measures": ("Preventive measures", "预防措施"),
        "non_violation_grounds": ("Grounds", "异议理由"),
        "evidence_list": ("Evidence", "证据"),
        "request": ("Request", "请求"),
        "timeline": ("Timeline", "时间线"),
        "ownership_statement": ("Ownership", "所有权说明"),
        "opening": ("Opening", "开头"),
        "greeting": ("Greeting", "称呼"),
        "closing": ("Signature", "落款"),
    },
    "store": {
        "US": ("United States", "美国"), "CA": ("Canada", "加拿大"), "MX": ("Mexico", "墨西哥"), "BR": ("Brazil", "巴西"),
        "UK": ("United Kingdom", "英国"), "DE": ("Germany", "德国"), "FR": ("France", "法国"), "IT": ("Italy", "意大利"),
        "ES": ("Spain", "西班牙"), "NL": ("Netherlands", "荷兰"), "SE": ("Sweden", "瑞典"), "PL": ("Poland", "波兰"),
        "BE": ("Belgium", "比利时"), "IE": ("Ireland", "爱尔兰"), "TR": ("Turkey", "土耳其"), "JP": ("Japan", "日本"),
        "AU": ("Australia", "澳大利亚"), "SG": ("Singapore", "新加坡"), "IN": ("India", "印度"), "AE": ("United Arab Emirates", "阿联酋"),
        "SA": ("Saudi Arabia", "沙特阿拉伯"), "EG": ("Egypt", "埃及"), "ZA": ("South Africa", "南非"),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Say:
    """Speaks the language of the interface."""

    language: Language

    @property
    def chinese(self) -> bool:
        """Whether either Chinese script is shown."""
        return self.language != "en"

    def __call__(self, key: str, **values: object) -> str:
        """The interface string of that key."""
        return self.script(STRINGS[key][self.chinese].format(**values) if values else STRINGS[key][self.chinese])

    def word(self, family: str, key: str) -> str:
        """The name of a value such as a fact kind; the value itself when it is not known."""
        pair = WORDS[family].get(key)
        return self.script(pair[self.chinese]) if pair else key

    def pick(self, text: Text) -> str:
        """The sentence of the knowledge base in this language."""
        return self.script(text.zh) if self.chinese else text.en

    def case_type(self, kind: CaseType) -> str:
        """The name of a case type, capitalised."""
        if self.language == "zh-Hant" and kind.names.zh_hant:
            return kind.names.zh_hant[0]
        name = kind.names.zh[0] if self.chinese else kind.names.en[0]
        return self.script(name) if self.chinese else name[:1].upper() + name[1:]

    def error(self, error: AppealError) -> str:
        """The one sentence of an error."""
        return self.script(error.message_zh) if self.chinese else error.message

    def message(self, finding: Finding) -> str:
        """What a finding says."""
        return self.script(finding.message_zh or finding.message) if self.chinese else finding.message

    def why(self, finding: Finding) -> str:
        """Why it matters; letters saved earlier have the reason in English only, so in Chinese it is left out there."""
        return self.script(finding.why_zh) if self.chinese else finding.why

    def fix(self, finding: Finding) -> str:
        """What to do about a finding."""
        return self.script(finding.fix_zh or finding.fix) if self.chinese else finding.fix

    def script(self, text: str) -> str:
        """Simplified text in the chosen script."""
        return _traditional(text) if self.language == "zh-Hant" else text


def language_of(name: str | None) -> Language:
    """The interface language for a browser's locale or an address parameter; Chinese when nothing is known."""
    if name in get_args(Language):
        return name  # type: ignore[return-value]
    low = (name or "zh").lower()
    if low.startswith("zh"):
        return "zh-Hant" if any(part in low for part in ("hant", "tw", "hk", "mo")) else "zh-Hans"
    return "en"


@lru_cache(maxsize=4096)
def _traditional(text: str) -> str:
    return traditional(text)
