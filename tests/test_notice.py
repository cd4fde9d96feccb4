"""Reading a notice: kind, case type, deadline, requests and items, each backed by the words of the notice. All notices are invented."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rag.models import Notice, ReplyForm
from rag.notice import rank_case_types, read_notice


@dataclass(frozen=True)
class Told:
    """A notice and what has to be read from it. `asks` must all be found; `not_asked` must not."""

    id: str
    text: str
    kind: str | None
    case_type: str
    hours: int | None = None
    asks: tuple[str, ...] = ()
    not_asked: tuple[str, ...] = ()
    asins: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    form: ReplyForm | None = "plan"
    language: str = "en"


PARTS = ("root_cause", "corrective_actions", "preventive_measures")
NOTICES = (
    Told(
        "late shipments, account suspended",
        "Hello,\nYour selling privileges have been suspended because your late shipment rate is 7.2%, above our target of 4%.\n"
        "To appeal, send us a plan within 17 days that explains:\n- the root cause of the late shipments\n- the actions you have taken to resolve the issue\n"
        "- the steps you have taken to prevent late shipments going forward\n",
        "suspension", "late_shipment_rate", 17 * 24, PARTS, ("invoices", "plan_of_action"),
    ),
    Told(
        "order defect rate, warning",
        "This is a policy warning. Your order defect rate of 1.6% is above our target of 1%. Your account may be deactivated if it does not improve. "
        "Please send a plan of action.",
        "warning", "order_defect_rate", None, ("plan_of_action",), ("invoices",),
    ),
    Told(
        "cancellation rate, 72 hours",
        "Your account is at risk of deactivation: your pre-fulfillment cancellation rate is 4.1%. Submit a plan within 72 hours, otherwise your account will "
        "be deactivated. The plan must describe the root cause of the cancellations.",
        "deactivation_72h", "cancellation_rate", 72, ("root_cause",),
    ),
    Told(
        "valid tracking rate, warning in Traditional Chinese",
        "警告:您的有效追蹤率為 91%,低於 95% 的要求。請在 7 天內提交行動計劃,否則您的帳戶可能被停用。",
        "warning", "valid_tracking_rate", 7 * 24, language="zh",
    ),
    Told(
        "trademark report by name of the owner",
        "We removed some of your listings because we received a report from a rights owner that they infringe a trademark.\nComplaint ID: 19283746551\n"
        "Infringement type: Trademark on product detail page\nASIN: B0D7QK2M4X\nPlease provide a letter of authorization or a retraction from the rights owner.",
        "ip_complaint", "trademark_infringed", None, ("authorization_letter", "retraction"), ("invoices",),
        ("B0D7QK2M4X",), (), ("19283746551",), form="fix",
    ),
    Told(
        "copyright report",
        "We received a complaint of copyright infringement about your product images on ASIN B0F1TT9LQ2. Complaint ID 55120934871. "
        "You can ask the rights owner to submit a retraction to us.",
        "ip_complaint", "copyright_infringed", None, ("retraction",), asins=("B0F1TT9LQ2",), complaints=("55120934871",), form="fix",
    ),
    Told(
        "design patent report",
        "We received a report from a rights owner that your listing infringes design patent D912345. ASIN B0C9XW41RT has been removed.",
        "ip_complaint", "patent_design", asins=("B0C9XW41RT",), form=None,
    ),
    Told(
        "authenticity complaints, invoices within 10 days",
        "Your listing has been removed after product authenticity customer complaints on ASIN B0B3M7K9PZ. Within 10 days, provide invoices from your supplier "
        "issued in the last 365 days and the contact information of your supplier.",
        "listing_removal", "inauthentic_customer_complaint", 240, ("invoices", "supplier_contact"), asins=("B0B3M7K9PZ",), form="documents",
    ),
    Told(
        "used sold as new, order named",
        "Buyers complained that items sold as new were used. Order 113-4471902-8830217 is concerned. Your listing was removed. Please explain the root cause.",
        "listing_removal", "used_sold_as_new", None, ("root_cause",), orders=("113-4471902-8830217",),
    ),
    Told(
        "restricted product removed",
        "We removed the following listing because of the restricted products policy: ASIN B0E5RR8NNQ. Repeated violations may lead to deactivation of your account.",
        "listing_removal", "restricted_products", None, (), ("invoices",), ("B0E5RR8NNQ",), form=None,
    ),
    Told(
        "related account suspended",
        "Your seller account has been deactivated because it is related to an account that may not be used to sell on Amazon. "
        "If you do not own that account, please submit an explanation and evidence that you have no relation to the other account.",
        "suspension", "related_account", None, ("related_account_info",), form=None,
    ),
    Told(
        "account verification with 30 days",
        "We could not verify the information in your seller account. Please submit a business licence and a utility bill. You have 30 days to complete the verification.",
        "verification", "account_verification", 720, ("identity_documents",), ("root_cause",), form="verification",
    ),
    Told(
        "INFORM Act",
        "As a high-volume seller you must complete verification under the INFORM Consumers Act. Provide a government-issued ID within 10 days.",
        "verification", "inform_act", 240, ("identity_documents",), form="verification",
    ),
    Told(
        "review manipulation, more information",
        "Thank you for your appeal. We reviewed your submission about the customer product reviews policy, but we need more information. "
        "Please describe the root cause in greater detail.",
        "request_more_info", "review_manipulation", None, ("root_cause",),
    ),
    Told(
        "rejection of a drop shipping appeal",
        "We have reviewed your appeal about our drop shipping policy and decided not to reinstate your account.",
        "rejection", "drop_shipping", form=None,
    ),
    Told(
        "final rejection, forged documents",
        "The invoices appear to be forged or altered. Our decision is final and we may not respond to further messages about this.",
        "final_rejection", "forged_documents", form=None,
    ),
    Told(
        "reinstated",
        "Good news: your account has been reactivated. You can sell again. Please keep your late shipment rate below 4% and respond within 24 hours to buyers.",
        "reinstated", "late_shipment_rate", None, form=None,
    ),
    Told(
        "late shipments in Simplified Chinese",
        "您好,由于您的迟发率为 6.8%,您的销售权限已被暂停。请在 17 天内提交行动计划,说明根本原因、已采取的措施以及如何防止再次发生。",
        "suspension", "late_shipment_rate", 408, ("root_cause", "preventive_measures"), language="zh",
    ),
    Told(
        "A-to-z claim",
        "An A-to-z Guarantee claim has been filed for order 702-1188346-5520931. The buyer reported that the package did not arrive. Please respond within 72 hours.",
        "deactivation_72h", "az_claim_appeal", 72, orders=("702-1188346-5520931",), form=None,
    ),
)


def texts() -> list[object]:
    return [pytest.param(told, id=told.id) for told in NOTICES]


@pytest.fixture(params=texts())
def told(request: pytest.FixtureRequest) -> Told:
    return request.param


def test_the_kind_and_the_case_type_are_read(told: Told) -> None:
    found = read_notice(told.text)
    assert (found.kind, found.case_type, found.language) == (told.kind, told.case_type, told.language)


def test_the_deadline_is_read_in_hours(told: Told) -> None:
    assert read_notice(told.text).deadline_hours == told.hours


def test_what_is_asked_for_is_read_and_nothing_else_is_made_up(told: Told) -> None:
    found = set(read_notice(told.text).requested)
    assert found >= set(told.asks)
    assert not found & set(told.not_asked)


def test_items_and_complaints_are_read(told: Told) -> None:
    found = read_notice(told.text)
    assert (found.asins, found.order_ids, found.complaint_ids) == (told.asins, told.orders, told.complaints)


def test_the_form_of_the_reply_follows(told: Told) -> None:
    if told.form is not None:
        assert read_notice(told.text).reply_form == told.form


def test_every_quotation_stands_in_the_notice_at_its_place(told: Told) -> None:
    text = f"\n  {told.text}\n\n"
    found = read_notice(text)
    assert found.quotes, "nothing is read without the words that it was read from"
    for quote in found.quotes:
        assert text[quote.start : quote.start + len(quote.text)] == quote.text


def test_what_was_read_is_backed_by_a_quotation(told: Told) -> None:
    found = read_notice(told.text)
    backed = {q.supports for q in found.quotes}
    assert {f"kind:{found.kind}", f"case_type:{found.case_type}", *(f"requested:{r}" for r in found.requested)} <= backed
    assert ("deadline" in backed) == (found.deadline_hours is not None)


def test_the_table_covers_many_kinds_and_types() -> None:
    assert len({t.case_type for t in NOTICES}) >= 15
    assert len({t.kind for t in NOTICES}) == 10, "each kind of notice occurs"


@pytest.mark.parametrize(
    "text",
    [
        "Your account has been deactivated. Funds are held for 90 days.",
        "Your funds will be held for 90 days after the deactivation.",
        "Your account has been suspended. Send invoices issued in the last 365 days.",
        "Your late shipment rate over the past 30 days is 6.8%. Send a plan.",
        "We will respond to you within 2 business days after your appeal.",
        "Your 30-day late shipment rate is above 4%. To appeal, send a plan.",
        "您的账户已被停用。您的资金将被冻结 90 天。",
    ],
    ids=["funds held", "funds will be held", "age of invoices", "window of the rate", "their own answer", "thirty-day rate", "funds held in Chinese"],
)
def test_other_spans_of_time_are_no_deadline(text: str) -> None:
    assert read_notice(text).deadline_hours is None


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("Please respond within 48 hours.", 48),
        ("You have seventeen days to submit your appeal.", 408),
        ("Submit your appeal within two... no, within 3 business days.", 72),
        ("Provide the documents in the next 2 weeks.", 336),
        ("请在 72 小时内回复,否则您的账户将被停用。", 72),
        ("Reply within 10 days. If we do not hear from you within 30 days we will close the case, so submit in time.", 240),
    ],
    ids=["hours", "in words", "business days", "weeks", "Chinese", "the earlier of two"],
)
def test_deadlines_are_read_in_many_forms(text: str, hours: int) -> None:
    assert read_notice(text).deadline_hours == hours


@pytest.mark.parametrize(
    "text",
    ["", "   \n\t ", "hello", "你好", "\x00\x01\ufeff", "😀" * 50, "%PDF-1.7 \ufffd\ufffd\ufffd", "$name ${x} {y} <facts>", "a" * 50_000],
    ids=["empty", "white space", "greeting", "greeting in Chinese", "control characters", "emoji", "torn file", "template marks", "one long word"],
)
def test_garbage_gives_an_empty_notice(text: str) -> None:
    found = read_notice(text)
    assert (found.kind, found.case_type, found.case_type_ranked, found.deadline_hours) == (None, "", (), None)
    assert (found.asins, found.requested, found.reply_form) == ((), (), None)


def test_an_empty_notice_has_no_quotation() -> None:
    assert read_notice("") == Notice(kind=None, case_type="")


def test_two_equally_named_types_are_left_open_and_ranked() -> None:
    found = read_notice("Your account is at risk. Your order defect rate and your cancellation rate are above the target.")
    assert found.case_type == ""
    assert {name for name, _ in found.case_type_ranked[:2]} == {"order_defect_rate", "cancellation_rate"}


def test_the_ranking_is_a_share_of_the_evidence_best_first() -> None:
    shares = [share for _, share in rank_case_types(NOTICES[0].text)]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1.001
    assert len(shares) <= 5


@pytest.mark.parametrize(
    "text",
    ["Your account may be deactivated. Send a plan.", "您的账户可能被停用。", "您的帳戶可能被停用。", "Your account could be suspended within the month."],
)
def test_what_may_still_happen_is_no_suspension(text: str) -> None:
    assert read_notice(text).kind == "warning"


def test_a_complaint_number_in_chinese_is_read_with_either_colon() -> None:
    for colon in (":", "："):
        assert read_notice(f"权利人投诉编号{colon}19283746551").complaint_ids == ("19283746551",)


def test_more_information_asked_for_beside_a_refusal_counts_as_a_question() -> None:
    found = read_notice("We received your submission, but it did not include invoices. We cannot reinstate your account. Send invoices.")
    assert found.kind == "request_more_info"


def test_documents_that_were_received_are_not_asked_for() -> None:
    assert "invoices" not in read_notice("We received your invoices on 3 May. Your account remains deactivated.").requested


def test_a_list_is_asked_for_by_the_line_above_it() -> None:
    found = read_notice("To appeal, please send the following:\n- Invoices of the last 365 days\n- Proof of delivery\n")
    assert {"invoices", "delivery_proof"} <= set(found.requested)


def test_the_policy_is_named_as_the_notice_names_it() -> None:
    assert read_notice("You violated the Product Detail Page Rules Policy. Send a plan.").policy_named.endswith("Policy")
