"""What a letter should not say: found when we assert it about ourselves, left alone when somebody else says it, or nobody does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.checks.statements import ADMISSIONS, KINDS, STATEMENTS, check_statements, judge_statement, load_statements
from rag.checks.view import view_of
from rag.errors import KnowledgeError
from rag.formats import letter_from_text
from rag.models import Case, Letter, Section, Sentence
from rag.pipeline import check_letter

SEED = Path(__file__).parent / "data" / "statements_seed.jsonl"


def records(prefix: str) -> list[dict]:
    return [r for r in map(json.loads, SEED.read_text(encoding="utf-8").splitlines()) if r["id"].startswith(prefix)]


def letter(*texts: str, document: str = "appeal", case_type: str = "", origin: str = "edited") -> Letter:
    return Letter(
        "c",
        document,
        "en",
        "accept_and_fix",
        case_type,
        (Section("root_cause", "", tuple(Sentence(t, origin=origin) for t in texts)),),
    )  # type: ignore[arg-type]


ONE_OF_EACH_KIND = [
    ("admits_counterfeit", "We sold fake watches in May."),
    ("admits_counterfeit", "經檢查,這批耳機確實是仿品。"),
    ("admits_unauthorized_sourcing", "We bought the stock from an unauthorised reseller on Alibaba."),
    ("admits_unauthorized_sourcing", "这批货是从1688上采购的。"),
    ("admits_ip_infringement", "We used the brand's photographs without permission."),
    ("admits_ip_infringement", "我们的产品侵犯了对方的专利。"),
    ("admits_review_purchase", "We paid an agency for 30 five-star reviews."),
    ("admits_review_purchase", "我们三月份刷了20单。"),
    ("admits_review_solicitation", "17 messages asked buyers to change a review."),
    ("admits_review_solicitation", "我们的客服曾要求买家删除差评。"),
    ("admits_multiple_accounts", "We also operate a second seller account."),
    ("admits_multiple_accounts", "我们同时经营两个亚马逊账户。"),
    ("admits_forged_documents", "The invoice we submitted was edited in Photoshop."),
    ("admits_forged_documents", "上次提交的发票是伪造的。"),
    ("admits_intent_or_knowledge", "We knowingly listed the item in the wrong category."),
    ("admits_intent_or_knowledge", "我们明知违规仍然上架。"),
    ("admits_safety_harm", "Our charger is dangerous."),
    ("admits_safety_harm", "产品漏电,造成一名客户受伤。"),
    ("admits_dropshipping", "We bought each item at Walmart and had it shipped directly to the buyer."),
    ("admits_dropshipping", "我们采用一件代发模式。"),
    ("admits_no_process", "We had no quality control at all."),
    ("admits_no_process", "我们完全没有质检流程。"),
    ("admits_unrelated_violation", "We also admit that our other listings have the same problem."),
    ("admits_unrelated_violation", "我们还承认其他链接也存在违规。"),
    ("legal_liability", "We accept full legal liability."),
    ("legal_liability", "我们愿意承担一切法律责任。"),
    ("blames_amazon", "Your system made a mistake."),
    ("blames_amazon", "这完全是亚马逊系统误判。"),
    ("blames_buyer", "The buyer lied about the delivery."),
    ("blames_buyer", "该买家是职业买家,恶意索赔。"),
    ("threat", "If the account is not restored, we will sue Amazon."),
    ("threat", "再不处理我们就找媒体曝光。"),
    ("emotional_plea", "Please, we beg you to give us one more chance."),
    ("emotional_plea", "求求你们再给我们一次机会。"),
    ("bribe_or_money_for_retraction", "We will pay you 500 dollars if you withdraw the complaint."),
    ("bribe_or_money_for_retraction", "我们愿意支付和解金,请撤诉。"),
    ("asks_review_change", "We will contact the buyers and ask them to update their reviews."),
    ("asks_review_change", "我们会联系买家,请他们修改评价。"),
    ("buyer_pii", "The customer can be reached at jane.roe@example.com."),
    ("buyer_pii", "买家王小明,电话13812345678,已收货。"),
    ("unrelated_issue", "Our company was founded in 2012 and is a leading brand."),
    ("unrelated_issue", "另外请教一下,仓储费为什么涨了?"),
    ("false_promise", "We guarantee that this will never happen again."),
    ("false_promise", "我们保证绝不再犯。"),
    ("template_placeholder", "We are [Your Store Name]."),
    ("template_placeholder", "我们店铺XXX收到了通知。"),
    ("dishonest_scapegoat_invention", "A new employee did this without our knowledge."),
    ("dishonest_scapegoat_invention", "这是新员工擅自操作的。"),
]


@pytest.mark.parametrize(
    ("kind", "text"), ONE_OF_EACH_KIND, ids=[f"{k}-{'zh' if not t.isascii() else 'en'}" for k, t in ONE_OF_EACH_KIND]
)
def test_a_statement_of_each_kind_is_found_in_both_languages(kind: str, text: str) -> None:
    judgement = judge_statement(text)
    assert (judgement.label, judgement.kind) == ("forbidden", kind)
    assert judgement.quote in text
    assert judgement.score > 0.5


def test_the_table_above_has_every_kind_in_both_languages() -> None:
    assert {k for k, _ in ONE_OF_EACH_KIND} == set(KINDS)


LOOK_ALIKES = {
    "denial": "We did not sell counterfeit goods.",
    "denial in the passive": "No buyer was asked to change a review.",
    "denial zh": "我们没有刷单。",
    "denial traditional": "我們從未要求買家修改評價。",
    "denial after the words": "The invoices were not altered.",
    "notice states": "The notice states that we sold counterfeit items.",
    "notice zh": "通知称我们销售假货。",
    "complaint alleges": "The complaint alleges that our listing infringes trademark 1234567.",
    "according to": "According to your message, the invoice was forged.",
    "buyer's words": "The buyer wrote that the pad is dangerous and burned her hand.",
    "buyer zh": "买家反映产品漏电。",
    "words in quotation marks": "One buyer wrote: “you sold me a fake charger”.",
    "policy": "Your policy prohibits asking buyers to change reviews.",
    "policy zh": "政策禁止以返现换取好评。",
    "commitment": "We will not ask buyers for reviews.",
    "commitment zh": "今后我们不会联系买家修改评价。",
    "instruction": "Staff are told in writing never to offer a gift card for a review.",
    "control": "Each lot is checked so that no counterfeit unit enters stock.",
    "control zh": "每批货都与样品比对,以防混入假货。",
    "condition": "If a buyer mentions a review, the agent answers the product question only.",
    "condition zh": "如果供应商没有授权书,采购主管将拒绝下单。",
    "corrective": "On 6 May we deleted the template that asked buyers to change reviews.",
    "corrective zh": "5月6日我们已删除请买家改评的消息模板。",
    "narrow cause": "The packing list had no field for the variant.",
    "narrow cause zh": "装箱单上没有变体字段。",
    "neutral buyer fact": "The buyer opened a claim on 3 May.",
    "neutral carrier fact": "The carrier delivered the parcel two days late.",
    "role in a process cause": "The template was written by the operations manager.",
    "training of new staff": "New employees sign the checklist on their first day.",
    "review means examine": "We ask you to review this plan and to restore our offers.",
    "cotton": "The cover is made of 100% cotton.",
    "past figure": "4月份212个订单的有效追踪率为100%。",
    "own gap mark": "The quantity is [to be supplied: units in the second lot].",
    "size": "The size XXL was missing from the chart.",
    "own address": "Our warehouse is at 12 Harbour Road, Leeds.",
    "another seller": "测试购买显示,是另一名卖家跟卖了假货。",
}


@pytest.mark.parametrize("text", LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
def test_a_harmless_look_alike_is_allowed(text: str) -> None:
    assert judge_statement(text).label == "allowed", judge_statement(text)


def test_a_report_that_we_confirm_is_an_admission() -> None:
    assert (
        judge_statement("The notice says that we sold counterfeit goods, and we admit that this is correct.").kind
        == "admits_counterfeit"
    )
    assert judge_statement("客户投诉收到的是假货,经核查情况属实。").kind == "admits_counterfeit"


def test_a_condition_does_not_excuse_the_threat_that_follows_it() -> None:
    # The "not" of the condition was once taken for a denial of the threat.
    assert judge_statement("If the account is not restored within three days, we will sue Amazon.").kind == "threat"


def test_an_admission_is_allowed_exactly_if_the_same_kind_is_conceded() -> None:
    text = "Our agent asked buyers to remove reviews."
    assert judge_statement(text).kind == "admits_review_solicitation"
    assert judge_statement(text, conceded=["admits_review_solicitation"]).label == "allowed"
    assert judge_statement(text, conceded=["admits_review_purchase"]).label == "forbidden"


def test_what_is_never_allowed_cannot_be_conceded() -> None:
    assert judge_statement("We will sue Amazon.", conceded=["threat", *ADMISSIONS]).label == "forbidden"


def test_funds_belong_to_the_matter_only_in_a_funds_appeal() -> None:
    text = "Please release our funds."
    assert judge_statement(text).kind == "unrelated_issue"
    assert judge_statement(text, case_type="funds_disbursement_appeal").label == "allowed"
    assert check_statements(view_of(letter(text, document="funds_appeal"), None), None, ()) == []


def test_contact_data_that_the_facts_name_as_ours_is_no_buyer_data() -> None:
    text = "The order was packed by Ann, phone 555 123 4567."
    assert judge_statement(text).kind == "buyer_pii"
    assert judge_statement(text, facts=["Warehouse lead Ann, phone 555 123 4567"]).label == "allowed"


def test_findings_quote_the_letter_verbatim_and_speak_both_languages() -> None:
    text = "經檢查,這批耳機確實是仿品,共售出26件。"
    (finding,) = check_statements(view_of(letter("We checked all lots.", text), None), None, ())
    assert finding.sentence == 1
    assert finding.quote and finding.quote in text
    assert (finding.check, finding.kind, finding.severity) == ("statements", "admits_counterfeit", "block")
    assert all((finding.message, finding.message_zh, finding.why, finding.fix, finding.fix_zh))


def test_a_weak_wording_is_a_warning() -> None:
    (finding,) = check_statements(view_of(letter("Our brand is popular."), None), None, ())
    assert (finding.kind, finding.severity) == ("unrelated_issue", "warn")


def test_a_letter_without_a_case_has_nothing_conceded_and_one_with_a_case_what_it_says() -> None:
    view = view_of(letter("We paid an agency for reviews."), None)
    assert [f.kind for f in check_statements(view, None, ())] == ["admits_review_purchase"]
    assert check_statements(view, Case("c", conceded=("admits_review_purchase",)), ()) == []


def test_frame_text_of_ours_is_not_judged() -> None:
    assert check_statements(view_of(letter("We guarantee this.", origin="fixed"), None), None, ()) == []


def test_two_kinds_in_one_sentence_are_two_findings() -> None:
    view = view_of(letter("We knowingly sold counterfeit goods."), None)
    assert {f.kind for f in check_statements(view, None, ())} >= {"admits_counterfeit", "admits_intent_or_knowledge"}


def test_long_text_without_sentence_ends_is_judged_in_reasonable_time() -> None:
    import time

    start = time.perf_counter()
    judge_statement("we sold the item to the buyer and " * 150)
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("part", ["tune-", "held-"])
def test_the_seed_statements_are_told_apart(part: str) -> None:
    rows = records(part)
    wrong = [r["id"] for r in rows if judge_statement(r["text"], conceded=r["context"]["conceded"]).label != r["label"]]
    assert len(wrong) <= 0.05 * len(rows), wrong


def test_the_seed_has_both_labels_both_languages_and_every_kind() -> None:
    rows = records("")
    assert len(rows) >= 240
    assert len({r["id"] for r in rows}) == len(rows)
    assert {r["kind"] for r in rows if r["label"] == "forbidden"} == set(KINDS)
    assert {(r["label"], r["lang"]) for r in rows} == {(a, b) for a in ("forbidden", "allowed") for b in ("en", "zh")}


def test_an_unknown_kind_or_a_broken_pattern_in_the_file_is_named(tmp_path: Path) -> None:
    text = STATEMENTS.read_text(encoding="utf-8")
    wrong = tmp_path / "statements.yaml"
    wrong.write_text(text.replace("  admits_counterfeit:", "  admits_counterfit:", 1), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="admits_counterfit"):
        load_statements(wrong)
    wrong.write_text(text.replace("<FAKE>", "<FAKES>", 1), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="<FAKES>"):
        load_statements(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "We ask you to review these steps and to reinstate the listing.",
        "We ask you to take these additions into your review of what we sent before.",
        "We ask you to review this plan and to restore our seller-fulfilled offers.",
    ],
)
def test_asking_amazon_to_read_asks_nobody_for_a_review(text: str) -> None:
    found = check_letter(letter_from_text(text, case_id="c"), Case(id="c"))
    assert [f.quote for f in found if f.kind == "asks_review_change"] == []
