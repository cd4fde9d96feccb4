"""Every kind of document: when it is chosen, when it is refused, what it carries and what stays out, and what remains for the seller to say."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, get_args

import pytest

from rag import knowledge
from rag.errors import BadInput
from rag.formats import letter_text
from rag.frame import frames
from rag.kinds import choose, default_document, fitting, planning
from rag.models import Case, Document, Evidence, Fact, Letter, Notice, NoticeKind, Plan
from rag.pipeline import Doors, draft_letter
from rag.plan import answered, make_plan, settle_document
from tests.conftest import FakeChat

QUIET = Notice(kind=None, case_type="")
KINDS = get_args(Document)


def plan(case: Case, document: str = "", *, notice: Notice = QUIET, earlier: tuple[Letter | str, ...] = ()) -> Plan:
    return make_plan(case, notice, knowledge.case_type(case.case_type), document, earlier)


def places(found: Plan) -> dict[str, str]:
    return {f.id: section for section, points in found.sections for p in points for f in p.facts}


def out(found: Plan) -> dict[str, str]:
    return {i: entry.rule for entry in found.left_out for i in entry.facts}


def fixed(found: Plan, section: str = "") -> str:
    return " ".join(p.fixed for name, points in found.sections for p in points if p.fixed and section in ("", name))


def case_of(case_type: str, *facts: Fact, **more: Any) -> Case:
    return Case("c", case_type=case_type, store_name=more.pop("store_name", "Harrow Lamps"), facts=facts, **more)


LSR = case_of(
    "late_shipment_rate",
    Fact("metric", "metric", "The 30-day late shipment rate was 7.2% (41 of 569)."),
    Fact("cause", "cause", "Handling time was set to 1 day while packing took 2."),
    Fact("done", "action_done", "On 15 March 2026 we shipped the 64 open orders."),
    Fact("planned", "action_planned", "From 1 April 2026 the lead will check 20 orders every Monday."),
    stance="accept_and_fix",
)
TRADEMARK = case_of(
    "trademark_complaint_wrong",
    Fact("use", "context", "Our page says 'fits Ferrowick Six'; the box carries our own brand."),
    Fact("photo", "evidence", "Photo of the box of 21 May 2026."),
    Fact("removed", "action_done", "On 24 May 2026 we removed the title and trained the staff."),
    Fact("voluntary", "action_done", "On 24 May 2026, voluntarily, we removed the word from bullet 1."),
    Fact("planned", "action_planned", "From 1 June 2026 we will check every title."),
    stance="contest",
)
NOTICED = Notice(kind="ip_complaint", case_type="", asins=("B06QG3AV7T",), complaint_ids=("19940327715",))


# --- which kind ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [k for k in knowledge.case_types() if k.reply_form != "specialist"], ids=lambda kind: kind.id)
def test_what_is_chosen_without_a_wish_fits_the_case_type(kind: knowledge.CaseType) -> None:
    for option in kind.stances:
        assert default_document(kind, option.stance) in fitting(kind, "US", option.stance)


@pytest.mark.parametrize("document", KINDS)
def test_every_kind_of_document_is_written_for_some_case_and_has_all_its_frame_text(document: str) -> None:
    written = 0
    for kind in knowledge.case_types():
        for option in kind.stances:
            if document in fitting(kind, "US", option.stance):
                found = plan(dataclasses.replace(LSR, case_type=kind.id, stance=option.stance), document)
                assert found.document == document and found.sections[0][0] == "identification"
                assert "$" not in fixed(found) and "Harrow Lamps" in fixed(found, "identification")
                assert found.sections[-1][0] == "request" and fixed(found, "request")
                written += 1
    assert written
    assert len(frames()["opening"][document]) > 1


REFUSED = [
    ("late_shipment_rate", "accept_and_fix", "US", "counter_notice", "case type late_shipment_rate"),
    ("trademark_complaint_wrong", "contest", "US", "counter_notice", "case type trademark_complaint_wrong"),
    ("copyright_complaint_wrong", "contest", "DE", "counter_notice", "law of US"),
    ("late_shipment_rate", "accept_and_fix", "US", "retraction_request", "case type"),
    ("suspected_ip_violation", "contest", "US", "retraction_request", "case type"),
    ("late_shipment_rate", "accept_and_fix", "US", "a_to_z_appeal", "case type"),
    ("late_shipment_rate", "accept_and_fix", "US", "funds_appeal", "case type"),
    ("review_manipulation", "accept_and_fix", "US", "buyer_message", "case type"),
    ("late_shipment_rate", "accept_and_fix", "US", "contest", "needs the stance contest"),
    ("late_shipment_rate", "accept_and_fix", "US", "verification", "needs the stance clarify_and_verify"),
    ("trademark_complaint_wrong", "contest", "US", "appeal", "needs the stance accept_and_fix or mixed"),
    ("az_claim_appeal", "contest", "US", "contest", "case type"),
    ("funds_disbursement_appeal", "clarify_and_verify", "US", "verification", "case type"),
]


@pytest.mark.parametrize(("case_type", "stance", "store", "document", "words"), REFUSED, ids=[f"{r[3]}-{r[0]}-{r[2]}" for r in REFUSED])
def test_a_kind_that_does_not_fit_is_refused_before_any_model_is_asked(case_type: str, stance: Any, store: str, document: str, words: str) -> None:
    chat = FakeChat()
    case = dataclasses.replace(LSR, case_type=case_type, stance=stance, marketplace=store)
    with pytest.raises(BadInput) as error:
        draft_letter(case, Doors(chat), document=document)
    assert chat.asked == []
    assert words in error.value.message and f"{document!r}" in error.value.message
    fit = fitting(knowledge.case_type(case_type), store, stance)
    assert fit and document not in fit
    assert all(d in error.value.message and d in error.value.message_zh for d in fit)
    assert re.search("[一-鿿]", error.value.message_zh)


def test_an_unknown_kind_is_named_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"'poem'.*follow_up") as error:
        plan(LSR, "poem")
    assert "poem" in error.value.message_zh


def test_a_request_for_more_information_gets_a_supplement_only_if_facts_answer_it() -> None:
    asks = Notice(kind="request_more_info", case_type="", requested=("root_cause",))
    assert plan(LSR, notice=asks).document == "supplement"
    assert plan(dataclasses.replace(LSR, facts=LSR.facts[2:]), notice=asks).document == "appeal"
    assert plan(LSR, notice=QUIET).document == "appeal"
    assert choose(LSR, asks, knowledge.case_type(LSR.case_type), "accept_and_fix", "appeal", answers=True) == "appeal"


def test_nothing_but_a_wish_makes_a_follow_up() -> None:
    assert "follow_up" not in {plan(LSR, notice=Notice(kind=kind, case_type="")).document for kind in get_args(NoticeKind)}


# --- follow-up -----------------------------------------------------------------------------------------------------

SENT = Fact("sent", "context", "The plan of action was sent on 14 April 2026 for case 15520983671 with two files.")


def test_a_follow_up_says_what_was_sent_and_asks_one_question() -> None:
    case = dataclasses.replace(LSR, facts=(*LSR.facts, SENT), evidence=(Evidence("plan.pdf", "The plan"),))
    found = plan(case, "follow_up")
    assert places(found) == {"sent": "identification"}
    assert [name for name, _ in found.sections] == ["identification", "request"]
    assert fixed(found).count("?") == 1
    assert "urgent" not in fixed(found).lower() and "sorry" not in fixed(found).lower()
    assert out(found) == {"metric": "new_argument", "cause": "new_argument", "planned": "new_argument", "done": "not_the_sending", "evidence:1": "no_files"}
    assert found.attachments == ()
    assert "plan of action" in fixed(found, "identification")
    text = letter_text(draft_letter(case, document="follow_up"))
    assert len(text.split()) <= knowledge.letter_rules()["documents"]["follow_up"]["max_words"]


def test_a_follow_up_without_the_sending_shows_the_gap_and_asks_for_it() -> None:
    found = plan(LSR, "follow_up")
    (gap,) = [g for g in found.gaps if g.section == "identification"]
    assert f"[to be supplied: {gap.need}]" in fixed(found, "identification")
    assert "appealed" in gap.question_en and "申诉" in gap.question_zh


def test_an_answer_about_earlier_appeals_is_what_was_sent() -> None:
    told = Fact("told", "context", "14 April 2026, plan with two files, no answer.", question="previous_appeals")
    assert places(plan(dataclasses.replace(LSR, facts=(told,)), "follow_up")) == {"told": "identification"}
    assert places(plan(dataclasses.replace(LSR, facts=(told,)))) == {}


def test_a_follow_up_keeps_the_position_of_the_letter_before() -> None:
    before = Letter("c", "contest", "en", "contest", LSR.case_type, ())
    with pytest.raises(BadInput, match="keeps the position") as error:
        plan(LSR, "follow_up", earlier=(before,))
    assert "立场" in error.value.message_zh
    undecided = dataclasses.replace(LSR, stance=None)
    assert settle_document(undecided, QUIET, knowledge.case_type(LSR.case_type), "follow_up", (before,)) == ("follow_up", "contest")


# --- supplement ----------------------------------------------------------------------------------------------------

REPLY = Notice(kind="request_more_info", case_type="", requested=("root_cause", "invoices"))


def test_a_supplement_answers_what_the_reply_asks_for_and_leaves_the_rest() -> None:
    invoice = Fact("invoice", "evidence", "Invoice INV-0417 of 3 September 2025.")
    found = plan(dataclasses.replace(LSR, facts=(*LSR.facts, invoice)), "supplement", notice=REPLY)
    assert places(found) == {"metric": "root_cause", "cause": "root_cause", "invoice": "evidence_list"}
    assert out(found) == {"done": "not_asked", "planned": "not_asked"}
    assert "the root cause and invoices" in fixed(found, "identification")
    assert not [g for g in found.gaps if g.required]


def test_a_request_that_no_fact_answers_is_a_gap() -> None:
    found = plan(LSR, "supplement", notice=REPLY)
    assert [g.need for g in found.gaps] == ["invoices"]
    assert fixed(found, "evidence_list") == "[to be supplied: invoices]"
    assert "发票" in found.gaps[0].question_zh


def drafted(case: Case = LSR) -> Letter:
    return draft_letter(case, Doors(FakeChat()))


def test_a_supplement_brings_only_what_the_letter_before_did_not_say() -> None:
    new = Fact("new", "cause", "On 8 March 2026 the warehouse moved and nobody had the task to change the setting.")
    case = dataclasses.replace(LSR, facts=(*LSR.facts, new))
    for before in (drafted(), letter_text(drafted())):
        found = plan(case, "supplement", notice=REPLY, earlier=(before,))
        assert places(found) == {"new": "root_cause"}
        assert {out(found)[i] for i in ("metric", "cause")} == {"told_before"}


def test_a_changed_fact_is_corrected_openly() -> None:
    changed = (dataclasses.replace(LSR.facts[0], text="The 30-day late shipment rate was 8.1% (46 of 569)."), *LSR.facts[1:])
    found = plan(dataclasses.replace(LSR, facts=changed), "supplement", notice=REPLY, earlier=(drafted(),))
    assert places(found)["metric"] == "root_cause"
    assert LSR.facts[0].text in fixed(found, "identification") and "corrected" in fixed(found, "identification")
    assert "corrected" not in fixed(plan(LSR, "supplement", notice=REPLY, earlier=(drafted(),)))


def test_nothing_new_leaves_a_gap_and_no_old_text() -> None:
    found = plan(LSR, "supplement", notice=Notice(kind="request_more_info", case_type="", requested=("root_cause",)), earlier=(drafted(),))
    assert places(found) == {}
    assert [g.section for g in found.gaps] == ["root_cause"]


def test_a_supplement_says_when_it_could_not_be_compared_and_when_the_position_changed() -> None:
    alone = draft_letter(LSR, notice=REPLY, document="supplement")
    assert [(f.kind, f.severity) for f in alone.findings if f.check == "earlier_letters"] == [("not_compared", "note")]
    before = dataclasses.replace(drafted(), stance="contest")
    turned = draft_letter(LSR, notice=REPLY, document="supplement", earlier=(before,))
    assert [(f.kind, f.severity) for f in turned.findings if f.check == "earlier_letters"] == [("other_position", "warn")]
    assert all(f.message_zh for f in (*alone.findings, *turned.findings))


def test_in_a_dispute_the_answer_to_a_question_about_the_cause_are_grounds() -> None:
    found = plan(TRADEMARK, "supplement", notice=Notice(kind="request_more_info", case_type="", requested=("root_cause",)))
    assert not {"root_cause", "corrective_actions", "preventive_measures"} & {name for name, _ in found.sections}
    assert places(found)["use"] == "non_violation_grounds"


# --- retraction request --------------------------------------------------------------------------------------------


def test_a_retraction_request_names_complaint_and_listing_and_asks_for_the_retraction() -> None:
    found = plan(TRADEMARK, "retraction_request", notice=NOTICED)
    assert "19940327715" in fixed(found, "identification") and "B06QG3AV7T" in fixed(found, "identification")
    request = fixed(found, "request")
    assert "Amazon" in request and "19940327715" in request and "address" in request
    assert places(found) == {"use": "non_violation_grounds", "voluntary": "non_violation_grounds", "photo": "evidence_list"}
    assert out(found) == {"removed": "fix_in_dispute", "planned": "plan_in_dispute"}
    assert not re.search(r"\b(?:pay|compensat|sue|court|sorry|apolog|infring)", fixed(found).lower())


def test_money_and_legal_steps_stay_out_of_a_retraction_request() -> None:
    facts = (Fact("money", "context", "We offer them 500 USD to settle."), Fact("court", "context", "We will sue them in court."), Fact("付", "context", "愿意赔偿对方,请对方撤诉"))
    found = plan(dataclasses.replace(TRADEMARK, facts=(*TRADEMARK.facts, *facts)), "retraction_request", notice=NOTICED)
    assert not {"money", "court", "付"} & set(places(found))
    assert {"money", "court", "付"} <= set(out(found))


def test_who_accepts_tells_the_owner_what_was_removed_and_admits_nothing() -> None:
    facts = (Fact("removed", "action_done", "On 24 May 2026 we removed the logo."), Fact("cause", "cause", "We did not check the supplier's pictures."))
    found = plan(case_of("trademark_infringed", *facts, stance="accept_and_fix"), "retraction_request", notice=NOTICED)
    assert places(found) == {"removed": "non_violation_grounds"} and out(found) == {"cause": "cause_to_owner"}
    assert "admission" in fixed(found, "position")


def test_a_retraction_request_without_number_or_listing_has_gaps() -> None:
    found = plan(TRADEMARK, "retraction_request")
    assert {g.need for g in found.gaps} >= {"the number of the complaint", "the ASIN of the listing"}
    assert all(g.question_en and re.search("[一-鿿]", g.question_zh) for g in found.gaps)
    assert "withdraw the complaint" in fixed(found, "request")


def test_the_owner_is_addressed_and_never_told_the_own_address() -> None:
    facts = (*TRADEMARK.facts, Fact("owner", "context", "Ferrowick Instruments", question="owner_name"), Fact("mail", "context", "ip@ferrowick.example", question="owner_email"))
    found = plan(dataclasses.replace(TRADEMARK, facts=facts), "retraction_request", notice=NOTICED)
    assert fixed(found, "identification").startswith("To: Ferrowick Instruments")
    assert not {"owner", "mail"} & set(places(found))


# --- counter-notice ------------------------------------------------------------------------------------------------

ANSWERS = {
    "material_location": "ASIN B0V3JA7F5Y, images 1, 3 and 6",
    "good_faith_confirmed": "Yes",
    "full_name": "Lin Example",
    "address": "1 Example Road, Shantou, China",
    "phone": "+86 754 0000 0000",
    "consent_to_jurisdiction": "yes, I consent",
}
COPYRIGHT = case_of(
    "copyright_complaint_wrong",
    Fact("own", "context", "We took the three photos ourselves on 16 October 2025."),
    Fact("raw", "evidence", "The raw files LR_4471 and LR_4478 exist."),
    *(Fact(name, "context", text, question=name) for name, text in ANSWERS.items()),
    stance="contest",
    evidence=(Evidence("raw.pdf", "EXIF of 16 October 2025"),),
)
ELEMENTS = {"good_faith_confirmed": "penalty of perjury", "full_name": "Name: Lin Example", "address": "Address: 1 Example Road", "phone": "Telephone: +86", "consent_to_jurisdiction": "jurisdiction"}


def test_a_counter_notice_has_the_six_elements_and_the_seller_signs() -> None:
    found = plan(COPYRIGHT, "counter_notice")
    text = fixed(found)
    assert "B0V3JA7F5Y, images 1, 3 and 6" in fixed(found, "identification")
    for words in (*ELEMENTS.values(), "good faith belief", "service of process"):
        assert words in text
    assert "It is a legal statement" in text
    assert [g.need for g in found.gaps] == ["signature of the person named above"], "the signature is never made for the seller"
    assert fixed(found, "request") == "[to be supplied: signature of the person named above]"
    assert places(found)["own"] == places(found)["raw"] == "non_violation_grounds"
    assert found.attachments == () and out(found) == {"evidence:1": "no_files"}


@pytest.mark.parametrize("missing", ANSWERS)
def test_a_missing_element_is_a_gap_and_is_not_stated(missing: str) -> None:
    found = plan(dataclasses.replace(COPYRIGHT, facts=tuple(f for f in COPYRIGHT.facts if f.question != missing)), "counter_notice")
    gaps = [g for g in found.gaps if not g.need.startswith("signature")]
    assert len(gaps) == (2 if missing == "consent_to_jurisdiction" else 1)
    assert all(g.required and re.search("[一-鿿]", g.question_zh) for g in gaps)
    marks = {f"[to be supplied: {g.need}]" for g in gaps}
    text = fixed(found)
    assert all(mark in text for mark in marks)
    for mark in marks:
        text = text.replace(mark, "")
    assert ELEMENTS.get(missing, "images 1, 3 and 6") not in text


@pytest.mark.parametrize("answer", ["not sure", "maybe", "yes, but I do not consent to service", "不确定"])
def test_an_answer_that_is_no_clear_yes_is_no_statement(answer: str) -> None:
    facts = tuple(dataclasses.replace(f, text=answer) if f.question == "consent_to_jurisdiction" else f for f in COPYRIGHT.facts)
    assert "I consent" not in fixed(plan(dataclasses.replace(COPYRIGHT, facts=facts), "counter_notice"))


@pytest.mark.parametrize("answer", ["No", "no, we are not sure", "不是", "I do not believe that"])
def test_without_good_faith_there_is_no_counter_notice(answer: str) -> None:
    facts = tuple(dataclasses.replace(f, text=answer) if f.question == "good_faith_confirmed" else f for f in COPYRIGHT.facts)
    with pytest.raises(BadInput, match="good-faith belief") as error:
        plan(dataclasses.replace(COPYRIGHT, facts=facts), "counter_notice")
    assert "反通知" in error.value.message_zh


def test_the_seller_is_told_that_it_is_a_legal_act_and_to_ask_a_lawyer() -> None:
    letter = draft_letter(COPYRIGHT, document="counter_notice")
    (warning,) = [f for f in letter.findings if f.check == "document"]
    assert warning.severity == "warn" and "perjury" in warning.message and "lawyer" in warning.message
    assert "伪证" in warning.message_zh and "律师" in warning.message_zh
    assert any(f.severity == "block" and f.check == "gaps" for f in letter.findings), "unsigned"


def test_answers_for_a_counter_notice_stay_out_of_a_dispute() -> None:
    found = plan(COPYRIGHT)
    assert found.document == "contest"
    assert not {"full_name", "address", "phone", "consent_to_jurisdiction", "good_faith_confirmed"} & set(places(found))
    assert "perjury" not in fixed(found)


# --- A-to-z, funds -------------------------------------------------------------------------------------------------


def test_an_a_to_z_appeal_tells_the_order_by_date_and_proves_it() -> None:
    case = case_of(
        "az_claim_appeal",
        Fact("offer", "action_done", "On 12 September 2026 we offered a free return."),
        Fact("shipped", "context", "The set was shipped on 1 September 2026."),
        Fact("undated", "context", "The page shows six volumes."),
        Fact("scan", "evidence", "Tracking PV55208816407, delivered 7 September 2026 with signature."),
        stance="contest", evidence=(Evidence("scan.pdf", "PV55208816407, delivered 7 September 2026"),),
    )  # fmt: skip
    found = plan(case, notice=Notice(kind=None, case_type="", order_ids=("114-3390872-5561209",)))
    assert found.document == "a_to_z_appeal"
    assert [i for i, s in places(found).items() if s == "timeline"] == ["shipped", "offer"]
    assert places(found)["undated"] == places(found)["scan"] == "non_violation_grounds"
    assert places(found)["evidence:1"] == "evidence_list"
    assert "claim" in fixed(found, "position") and "claim" in fixed(found, "request") and "plan" not in fixed(found, "request")
    assert not [g for g in found.gaps if g.required]


def test_a_funds_appeal_asks_for_the_balance_only() -> None:
    case = case_of(
        "funds_disbursement_appeal",
        Fact("owner", "context", "公司是东莞李溪玩具有限公司,收款行账户也是这个公司名"),
        Fact("balance", "metric", "The balance is USD 14,238.77."),
        Fact("cause", "cause", "The suspension came from a wrong brand name."),
        Fact("licence", "evidence", "Licence of 2 June 2021."),
    )
    found = plan(case)
    assert (found.document, found.stance) == ("funds_appeal", "clarify_and_verify")
    assert places(found) == {"balance": "position", "owner": "ownership_statement", "licence": "evidence_list"}
    assert out(found) == {"cause": "cause_in_verification"}
    assert "balance" in fixed(found, "request") and "reinstate" not in fixed(found) and "release our" not in fixed(found)
    assert "ownership_statement" not in {g.section for g in found.gaps}


# --- buyer message -------------------------------------------------------------------------------------------------

ORDER, OTHER = "113-9904416-2237085", "111-5570934-1182640"


def message(*facts: Fact, stance: Any = "accept_and_fix") -> Plan:
    return plan(case_of("order_defect_rate", *facts, stance=stance), "buyer_message")


def test_a_buyer_is_told_what_was_done_for_the_one_order() -> None:
    found = message(
        Fact("missing", "context", f"Order {ORDER}: the bag with 8 screws was missing."),
        Fact("sent", "action_done", f"On 5 June 2026 we sent the screws for order {ORDER}."),
        Fact("other", "context", f"Order {OTHER} was late."),
        Fact("rate", "metric", "The order defect rate was 1.4%."),
        Fact("cause", "cause", "Two bins stood side by side."),
    )
    assert places(found) == {"missing": "identification", "sent": "corrective_actions"}
    assert out(found) == {"other": "other_order", "rate": "inside_matters", "cause": "inside_matters"}
    assert ORDER in fixed(found, "identification") and "sorry" in fixed(found, "identification")
    assert not re.search(r"review|rating|star|feedback|gift|@|http|amazon\.com", fixed(found).lower())
    assert found.gaps == () and found.attachments == ()


@pytest.mark.parametrize(
    "text",
    ["On 5 June 2026 we refunded the price and hope for a new review.", "On 5 June 2026 we gave a voucher.", "On 5 June 2026 we wrote: mail us at help@shop.example.", "6月5日退款后请买家改好评", "6月5日请买家加微信"],
)
def test_reviews_gifts_and_other_contacts_never_reach_a_buyer(text: str) -> None:
    found = message(Fact("ok", "action_done", f"On 4 June 2026 we refunded order {ORDER}."), Fact("bad", "action_done", text))
    assert set(places(found)) == {"ok"} and "bad" in out(found)


def test_no_apology_where_nothing_is_accepted_or_done() -> None:
    done = Fact("sent", "action_done", f"On 5 June 2026 we sent the screws for order {ORDER}.")
    assert "sorry" not in fixed(message(done, stance="contest"))
    empty = message(Fact("missing", "context", f"Order {ORDER}: a bag was missing."))
    assert "sorry" not in fixed(empty)
    assert [g.section for g in empty.gaps] == ["corrective_actions"]


def test_two_orders_leave_the_order_open() -> None:
    found = message(Fact("a", "action_done", f"On 5 June 2026 we refunded {ORDER}."), Fact("b", "action_done", f"On 6 June 2026 we refunded {OTHER}."))
    assert places(found) == {}
    assert "the order that the message is about" in [g.need for g in found.gaps]


# --- what stays out ------------------------------------------------------------------------------------------------


def test_a_contest_leaves_fixes_and_plans_unsaid_and_says_so() -> None:
    letter = draft_letter(TRADEMARK, Doors(FakeChat()), notice=NOTICED)
    said = {f for s in letter.sections for t in s.sentences for f in t.facts}
    assert said == {"use", "photo", "voluntary"}
    notes = [f for f in letter.findings if f.check == "left_out"]
    assert {i for f in notes for i in f.facts} == {"removed", "planned"}
    assert all(f.severity == "note" and f.message_zh and f.why for f in notes)
    assert "removed the title" not in letter_text(letter)


def test_a_cause_stays_out_of_a_verification_unless_the_notice_asks_for_it() -> None:
    case = case_of("account_verification", Fact("cause", "cause", "The room number was forgotten in 2023."), stance="clarify_and_verify")
    assert out(plan(case)) == {"cause": "cause_in_verification"}
    assert places(plan(case, notice=Notice(kind=None, case_type="", requested=("root_cause",)))) == {"cause": "position"}


@pytest.mark.parametrize("text", ["The buyer lied about the parcel.", "We will sue Amazon.", "Your system is unfair and made a mistake.", "这个买家是惯骗"])
def test_blame_and_threats_stay_out_of_every_kind(text: str) -> None:
    found = plan(dataclasses.replace(LSR, facts=(*LSR.facts, Fact("blame", "context", text))))
    assert "blame" not in places(found) and out(found) == {"blame": "blame"}


def test_reasons_are_given_in_both_languages_for_every_rule() -> None:
    from rag.keep_out import rules

    for name, rule in rules().items():
        assert rule.why.en and re.search("[一-鿿]", rule.why.zh), name


# --- mixed ---------------------------------------------------------------------------------------------------------

A, B, C = "114-2058816-4471390", "112-7719045-3308852", "111-9043327-6615098"
MIXED = case_of(
    "order_defect_rate",
    Fact("cause", "cause", f"Order {A} got a harness with the wrong strap."),
    Fact("refund", "action_done", f"On 16 June 2026 we refunded order {A}."),
    Fact("will", "action_planned", "From 29 June 2026 the packer will scan every bag."),
    Fact("denied", "context", f"Order {B} was counted in error: it was delivered on time."),
    Fact("scan", "evidence", f"Order {B}: first scan 21 May 2026."),
    stance="mixed", evidence=(Evidence("scan.pdf", f"Order {B}, first scan 21 May 2026"),),
)  # fmt: skip
LISTED = Notice(kind="warning", case_type="", order_ids=(A, B))


def test_a_mixed_answer_puts_each_item_on_its_side() -> None:
    found = plan(MIXED, notice=LISTED)
    assert places(found) == {
        "cause": "root_cause", "refund": "corrective_actions", "will": "preventive_measures", "denied": "non_violation_grounds", "scan": "non_violation_grounds",
        "evidence:1": "evidence_list",
    }  # fmt: skip
    position = fixed(found, "position")
    assert position.index(A) < position.index(B) and "contest" in position
    assert found.document == "appeal" and not [g for g in found.gaps if g.required]


def test_what_the_seller_lists_as_disputed_is_contested() -> None:
    facts = (*MIXED.facts[:3], MIXED.facts[4], Fact("list", "context", f"We dispute {B}", question="disputes_part"))
    found = plan(dataclasses.replace(MIXED, facts=facts), notice=LISTED)
    assert places(found)["scan"] == "non_violation_grounds" and "list" not in places(found)
    assert B in fixed(found, "position")


def test_a_fix_for_a_contested_item_stays_out_and_a_kindness_stays_in() -> None:
    facts = (*MIXED.facts, Fact("fix", "action_done", f"On 17 June 2026 we corrected order {B}."), Fact("kind", "action_done", f"On 17 June 2026 we voluntarily corrected order {B}."))
    found = plan(dataclasses.replace(MIXED, facts=facts), notice=LISTED)
    assert out(found) == {"fix": "fix_in_dispute"} and places(found)["kind"] == "non_violation_grounds"


def test_an_item_without_a_side_is_asked_about_and_not_named_as_contested() -> None:
    found = plan(dataclasses.replace(MIXED, facts=(*MIXED.facts, Fact("paper", "evidence", f"Order {C}: feedback of 3 June 2026."))), notice=LISTED)
    assert places(found)["paper"] == "non_violation_grounds"
    assert C not in fixed(found, "position")
    (gap,) = [g for g in found.gaps if C in g.need]
    assert C in gap.question_en and C in gap.question_zh and not gap.required


def test_facts_of_one_item_stand_together() -> None:
    facts = (Fact("a1", "cause", f"Order {A} had the wrong strap."), Fact("b1", "cause", f"Order {B} had the wrong size."), Fact("a2", "cause", f"The bin of order {A} had no label."))
    found = plan(dataclasses.replace(MIXED, facts=facts), notice=LISTED)
    assert [i for i, s in places(found).items() if s == "root_cause"] == ["a1", "a2", "b1"]


# --- gaps and frame ------------------------------------------------------------------------------------------------


def test_a_name_that_a_document_shows_answers_a_question_about_circumstances() -> None:
    question = next(q for q in knowledge.case_type("account_verification").questions if q.id == "legal_rep")
    facts = [Fact("a", "context", "The address was corrected."), Fact("b", "evidence", "Licence, legal representative Mo Lanqi.")]
    assert answered(question, facts, Case("c"))
    assert not answered(question, facts[:1], Case("c"))
    steps = [Fact("a", "action_done", "We asked the legal representative.")]
    assert not answered(question, [facts[0], *steps], Case("c")), "a step is no answer to a question about circumstances"


def test_a_need_that_a_fact_answers_elsewhere_is_no_gap() -> None:
    case = case_of("account_verification", Fact("paper", "evidence", "Licence, legal representative Mo Lanqi."), stance="clarify_and_verify")
    assert "ownership_statement" not in {g.section for g in plan(case).gaps}
    bare = dataclasses.replace(case, facts=(Fact("paper", "evidence", "Electricity bill of 10 March 2026."),))
    assert "ownership_statement" in {g.section for g in plan(bare).gaps}


def test_frame_text_of_the_new_kinds_promises_and_admits_nothing() -> None:
    for document in KINDS:
        for kind in knowledge.case_types():
            for option in kind.stances:
                if document in fitting(kind, "US", option.stance):
                    text = fixed(plan(Case("c", case_type=kind.id, stance=option.stance), document)).lower()
                    assert not any(word in text for word in ("sorry", "apolog", "never again", "guarantee that", "urgent", "we infringed", "compensation")), (document, kind.id)


def test_the_planning_data_names_only_what_exists() -> None:
    for document in KINDS:
        data = planning(document)
        assert {*data.only_for, *data.not_for} <= set(knowledge.case_type_ids()), document
    known = {q.id for kind in knowledge.case_types() for q in knowledge.questions_of(kind)}
    assert {q for e in frames()["elements"] for q in e.get("questions", ())} <= known
