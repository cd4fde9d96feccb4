"""The checks without a model: what they find, and what they leave alone. `lock`, `statements` and `lexicon` have files of their own."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rag.checks import CHECKS, Given, run_checks
from rag.checks.likeness import (
    check_genericity,
    check_likeness,
    fingerprint,
    genericity,
    likeness,
    shared_run,
    stock_phrases,
)
from rag.checks.structure import (
    NAMES,
    REQUESTS,
    check_gaps,
    check_references,
    check_requests,
    check_sections,
    check_stance,
    check_tense,
    required_sections,
    sections_found,
    told_as_done,
)
from rag.checks.view import View, view_of
from rag.checks.wording import check_figures, check_language, check_length, check_links, check_repetition, check_tone
from rag.formats import case_from, letter_from_text
from rag.knowledge import KNOWLEDGE, read_yaml
from rag.models import Attachment, Case, Fact, Finding, Letter, Notice, Passage, Quote, Section, Sentence
from rag.settings import PROJECT

PLAN = """Late shipment rate of the store Harrow, notice of 3 March 2026

Root cause
The handling time was 1 day because nobody had changed it after the move.

Corrective actions
On 4 March we shipped the 41 open orders.

Preventive measures
From 16 March the lead will open the report every morning.

We ask you to restore our offers."""


def view(text: str, **changes: str) -> View:
    return view_of(dataclasses.replace(letter_from_text(text), **changes), None)


def of(sentence: str | Sentence, section: str = "opening", **changes: str) -> View:
    one = sentence if isinstance(sentence, Sentence) else Sentence(sentence)
    letter = Letter("c", "appeal", "en", "accept_and_fix", "", (Section(section, "", (one,)),))
    return view_of(dataclasses.replace(letter, **changes), None)


def kinds(findings: list[Finding]) -> list[str]:
    return [f.kind for f in findings]


# --- sections -------------------------------------------------------------------------------------------------------


def test_a_plan_with_its_three_parts_has_nothing_missing_but_the_evidence():
    assert [(f.severity, "evidence" in f.message) for f in check_sections(view(PLAN), None, ())] == [("warn", True)]


@pytest.mark.parametrize("name", ["root_cause", "corrective_actions", "preventive_measures"])
def test_a_missing_part_of_a_plan_blocks_and_is_named_in_both_languages(name):
    parts = {"root_cause": ("Root cause", "because"), "corrective_actions": ("Corrective", "On 4"), "preventive_measures": ("Preventive", "From 16")}
    text = "\n".join(line for line in PLAN.split("\n") if not any(part in line for part in parts[name]))
    (found,) = (f for f in check_sections(view(text), None, ()) if f.severity == "block")
    assert found.kind == "missing_section"
    assert NAMES[name][0] in found.message and NAMES[name][1] in found.message_zh


def test_a_heading_with_nothing_under_it_is_empty():
    (found,) = (f for f in check_sections(view(PLAN.replace("On 4 March we shipped the 41 open orders.", "")), None, ()) if f.severity == "block")
    assert found.kind == "empty_section"


def test_parts_count_by_what_the_sentences_do_where_headings_are_missing():
    text = """We write about the late shipment rate in the notice of 3 March 2026.
    Parcels left late because the handling time was still 1 day. On 4 March we shipped all 41 orders that were open.
    From now on the shift lead checks the report every morning. We ask you to restore our offers."""
    assert sections_found(letter_from_text(text)) == {"root_cause": True, "corrective_actions": True, "preventive_measures": True}


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Parcels were late due to a wrong setting.", {"root_cause"}),
        ("Nobody compared the list, which led to the error.", {"root_cause"}),
        ("We refunded all 9 buyers on 4 May.", {"corrective_actions"}),
        ("All 52 waiting orders were shipped on 24 February.", {"corrective_actions"}),
        ("5 May: the template was deleted.", {"corrective_actions"}),
        ("The lead will check ten parcels a day.", {"preventive_measures"}),
        ("Going forward, invoices are compared with the list.", {"preventive_measures"}),
        ("Every week the manager reads the claims.", {"preventive_measures"}),
        ("The store sells lamps.", set()),
        ("We ask you to review this plan.", set()),
        ("Thank you for your time.", set()),
        ("我们已经退款给所有买家。", {"corrective_actions"}),
    ],
    ids=lambda v: v if isinstance(v, str) else None,
)
def test_what_a_sentence_does(sentence, found):
    letter = Letter("c", "appeal", "en", "accept_and_fix", "", (Section("opening", "", (Sentence(sentence),)),))
    assert {name for name, there in sections_found(letter).items() if there} == found


def test_a_dispute_has_no_parts_of_a_plan_just_because_it_tells_what_was_done():
    text = "We contest complaint 20375516648. The registration covers clothing, because the extract says so. On 4 May we changed bullet 4."
    assert not any(sections_found(letter_from_text(text)).values())


def test_the_case_type_and_stance_decide_what_is_required():
    plan, contest = Case("c", case_type="late_shipment_rate", stance="accept_and_fix"), Case("c", case_type="late_shipment_rate", stance="contest")
    assert required_sections(view(PLAN), plan) == ("identification", "root_cause", "corrective_actions", "preventive_measures")
    assert "non_violation_grounds" in required_sections(view(PLAN), contest)
    assert required_sections(view(PLAN, document="follow_up"), plan) == ("identification", "request")


@pytest.mark.parametrize(
    ("opening", "known"),
    [
        ("This is about ASIN B0YR6HG2CM.", True),
        ("Order 111-3907715-8826640 is late.", True),
        ("Case 15520983671, cancellation rate", True),
        ("We answer your notice of 3 March 2026.", True),
        ("The store Harrow Lamps writes.", True),
        ("This is [Store Name] about our account.", False),
        ("We do not understand the decision.", False),
    ],
    ids=lambda v: v if isinstance(v, str) else None,
)
def test_an_opening_identifies_the_case_or_not(opening, known):
    text = PLAN.replace("Late shipment rate of the store Harrow, notice of 3 March 2026", opening).replace("41 open orders", "open parcels")
    assert known is not any(NAMES["identification"][0] in f.message for f in check_sections(view(text), None, ()))


def test_a_section_that_waits_for_the_seller_is_a_gap_and_not_missing_as_well():
    waiting = PLAN.replace("The handling time was 1 day because nobody had changed it after the move.", "[to be supplied: what caused the problem]")
    assert [f for f in check_sections(view(waiting), None, ()) if f.severity == "block"] == []
    (found,) = check_gaps(view(waiting), None, ())
    assert (found.kind, found.severity, found.quote) == ("gap", "block", "[to be supplied: what caused the problem]")
    assert "what caused the problem" in found.message


def test_each_gap_is_a_finding_of_its_own():
    assert len(check_gaps(of("On [to be supplied: date] we shipped [to be supplied: count] orders."), None, ())) == 2


# --- stance ---------------------------------------------------------------------------------------------------------

CONTEST = Case("c", stance="contest")
VERIFICATION = Case("c", stance="clarify_and_verify")


@pytest.mark.parametrize(
    "sentence",
    ["We are sorry for the infringement.", "We apologise for this.", "To correct our mistake we removed the name.", "We will not sell it again.", "We take full responsibility.", "We admit the violation.", "我们不会再销售该商品。"],
    ids=lambda v: v,
)
def test_guilt_in_a_dispute_blocks(sentence):
    (found,) = check_stance(of(sentence), CONTEST, ())
    assert (found.kind, found.severity) == ("guilt_language", "block")
    assert found.quote in sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "We do not admit any violation.",
        "The notice says \"we are sorry\" on its first page.",
        "Without accepting the complaint, we changed bullet 4.",
        "Voluntarily we will not list it again.",
        "The complaint concerns registration 9271150.",
        "The buyer wrote 'sorry for the delay'.",
    ],
    ids=lambda v: v,
)
def test_denials_quotations_and_voluntary_steps_are_no_guilt(sentence):
    assert [f for f in check_stance(of(sentence), CONTEST, ()) if "'" not in sentence] == []


def test_an_apology_in_a_plan_is_no_matter_of_stance():
    assert check_stance(of("We are sorry for the delay."), Case("c", stance="accept_and_fix"), ()) == []


def test_parts_of_a_plan_are_barred_from_disputes_and_verifications():
    for case in (CONTEST, VERIFICATION):
        assert kinds(check_stance(view(PLAN), case, ())) == ["forbidden_section"] * 3


def test_a_voluntary_clarification_may_stand_in_a_dispute():
    letter = Letter("c", "contest", "en", "contest", "", (Section("corrective_actions", "Voluntary correction", (Sentence("We changed bullet 4."),)),))
    assert check_stance(view_of(letter, None), None, ()) == []


# --- tense ----------------------------------------------------------------------------------------------------------

DONE = Fact("f1", "action_done", "On 15 March we raised the handling time to 3 days")
PLANNED = Fact("f2", "action_planned", "From 16 March the listing manager checks unshipped orders every morning")
CASE = Case("c", facts=(DONE, PLANNED), stance="accept_and_fix")


def tense(sentence: str, *facts: str) -> list[tuple[str, str]]:
    letter = Letter("c", "appeal", "en", "accept_and_fix", "", (Section("preventive_measures", "", (Sentence(sentence, facts),)),))
    return [(f.kind, f.severity) for f in check_tense(view_of(letter, CASE), CASE, ())]


@pytest.mark.parametrize(
    "sentence",
    ["We have introduced a morning check.", "The listing manager was told to check the orders.", "Since 16 March the listing manager checks the orders every morning.", "We already check them every morning.", "We started a morning check."],
    ids=lambda v: v,
)
def test_a_plan_told_as_done_blocks(sentence):
    assert tense(sentence, "f2") == [("tense_done_vs_planned", "block")]


@pytest.mark.parametrize(
    "sentence",
    [
        "From 16 March the listing manager will check the orders every morning.",
        "The listing manager checks the orders every morning from 16 March on.",
        "The check is planned for 16 March.",
        "The listing manager has been told that she will check the orders from 16 March.",
        "The check starts on 16 March.",
    ],
    ids=lambda v: v,
)
def test_a_plan_told_as_a_plan_is_right(sentence):
    assert tense(sentence, "f2") == []


def test_a_finished_step_told_as_future_warns():
    assert tense("We will raise the handling time to 3 days.", "f1") == [("tense_done_vs_planned", "warn")]
    assert tense("On 15 March we raised the handling time.", "f1") == []


def test_a_sentence_of_a_pasted_letter_is_held_to_the_plan_it_speaks_of():
    assert tense("Since 10 March the listing manager checks unshipped orders every morning.") == [("tense_done_vs_planned", "block")]
    assert tense("We have nothing else to say about the weather.") == []


@pytest.mark.parametrize("sentence", ["We will ship as soon as possible.", "We will try to be faster.", "We hope to improve.", "We will do our best.", "我们会尽快处理。"], ids=lambda v: v)
def test_a_vague_intention_warns(sentence):
    assert ("vague_intention", "warn") in tense(sentence)


@pytest.mark.parametrize(
    ("sentence", "done"),
    [("The signed list is filed.", False), ("We tested it.", True), ("It has been tested.", True), ("It will have been tested.", False), ("\"We tested it\" is printed there.", False), ("Both rules start on 27 April.", False)],
    ids=lambda v: v if isinstance(v, str) else None,
)
def test_done_is_read_from_verbs_outside_quotations(sentence, done):
    assert told_as_done(sentence) is done


# --- requests -------------------------------------------------------------------------------------------------------


def asked(text: str, *names: str, attachments: tuple[Attachment, ...] = ()) -> list[str]:
    letter = dataclasses.replace(letter_from_text(text), attachments=attachments)
    notice = Notice("suspension", "", requested=names, quotes=tuple(Quote(f"send {n}", 0, f"requested:{n}") for n in names))
    return kinds(check_requests(view_of(letter, None), None, (), notice=notice))


def test_a_request_without_an_answer_is_named_in_both_languages():
    notice = Notice("suspension", "", requested=("invoices",), quotes=(Quote("send invoices", 0, "requested:invoices"),))
    (found,) = check_requests(view(PLAN), None, (), notice=notice)
    assert (found.severity, found.quote) == ("warn", "send invoices")
    assert "invoices" in found.message and "发票" in found.message_zh


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("invoices", "Invoice DW-508 is attached."),
        ("supplier_contact", "Supplier: Hollin Trade Supply, phone 555-0188."),
        ("authorization_letter", "The brand authorises us by its letter of 3 May."),
        ("compliance_documents", "The test report of lab L is attached."),
        ("identity_documents", "The business licence is enclosed."),
        ("tracking_information", "All 57 parcels have tracking numbers."),
        ("delivery_proof", "It was delivered on 14 July."),
        ("buyer_correspondence", "The messages are file A."),
        ("import_documents", "The sea waybill is enclosed."),
        ("phone_call", "You can call us on working days."),
    ],
)
def test_a_request_is_answered_by_words_of_its_kind(name, answer):
    assert asked(PLAN, name) == [f"request:{name}"]
    assert asked(PLAN + "\n" + answer, name) == []


def test_an_attachment_answers_and_a_gap_does_not():
    assert asked(PLAN, "invoices", attachments=(Attachment("invoice-0417.pdf", ""),)) == []
    assert asked(PLAN + "\n[to be supplied: invoices]", "invoices") == ["request:invoices"]


def test_the_parts_of_a_plan_are_answered_by_their_sections():
    assert asked(PLAN, "root_cause", "corrective_actions", "preventive_measures", "plan_of_action") == []
    assert asked("Harrow answers.\nWe checked the 41 orders on 4 March.", "root_cause", "plan_of_action") == ["request:root_cause", "request:plan_of_action"]


def test_every_request_of_a_notice_has_a_name_in_both_languages():
    from rag import knowledge

    assert set(knowledge.notices().requests) <= set(REQUESTS)


def test_the_notice_of_the_case_is_read_when_none_is_given():
    case = Case("c", notification="Please provide invoices from your supplier of the last 365 days.")
    assert kinds(check_requests(view(PLAN), case, ())) == ["request:invoices"]


# --- references -----------------------------------------------------------------------------------------------------


def test_a_fact_that_does_not_exist_blocks():
    (found,) = check_references(of(Sentence("x", ("f1", "f9"))), CASE, ())
    assert (found.kind, found.facts, found.severity) == ("unknown_fact", ("f9",), "block")


def test_passages_are_looked_up_only_when_some_are_given():
    passage = Passage("p1", "", "", "en", (), (), "", "", "official")
    assert check_references(of(Sentence("x", (), ("p9",))), CASE, ()) == []
    (found,) = check_references(of(Sentence("x", (), ("p1", "p9"))), CASE, (passage,))
    assert (found.kind, found.passages) == ("unknown_passage", ("p9",))


# --- wording --------------------------------------------------------------------------------------------------------


def test_chinese_in_an_english_letter_blocks_but_not_in_quotation_marks():
    (found,) = check_language(of("We asked the 客服 team."), None, ())
    assert (found.severity, found.quote) == ("block", "客服")
    assert check_language(of("The box says “不锈钢”."), None, ()) == []
    assert check_language(of("客服。", language="zh"), None, ()) == []


@pytest.mark.parametrize(
    ("count", "document", "wanted"),
    [(300, "appeal", []), (850, "appeal", ["warn"]), (1250, "appeal", ["block"]), (130, "follow_up", ["warn"]), (190, "follow_up", ["block"]), (40, "appeal", ["warn"])],
    ids=["fits", "long", "too long", "long follow-up", "too long follow-up", "short"],
)
def test_the_length_of_a_letter(count, document, wanted):
    letter = Letter("c", document, "en", "accept_and_fix", "", (Section("x", "", tuple(Sentence("word " * 10) for _ in range(count // 10))),))  # type: ignore[arg-type]
    assert [f.severity for f in check_length(view_of(letter, None), None, ())] == wanted


def test_a_sentence_of_more_than_forty_words_warns():
    assert "long_sentence" in kinds(check_length(of("word " * 41), None, ()))
    assert "long_sentence" not in kinds(check_length(of("word " * 40), None, ()))


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("See https://drive.google.com/file/d/1", "block"),
        ("The files are in our Dropbox folder.", "block"),
        ("资料在网盘链接里。", "block"),
        ("See www.example.com/page", "warn"),
        ("See https://www.amazon.com/dp/B0YR6HG2CM", None),
        ("See https://sellercentral.amazon.com/help", None),
    ],
    ids=["drive", "folder", "chinese", "website", "detail page", "seller central"],
)
def test_links_to_storage_elsewhere_block(text, severity):
    assert [f.severity for f in check_links(of(text), None, ())] == ([severity] if severity else [])


def test_a_website_of_the_facts_may_be_named():
    assert check_links(of("Website www.hollintrade.example"), Case("c", facts=(Fact("f1", "context", "www.hollintrade.example"),)), ()) == []


def test_repeated_sentences_and_doubled_words_warn():
    twice = Letter("c", "appeal", "en", "accept_and_fix", "", (Section("x", "", (Sentence("We checked all of the open orders."), Sentence("We checked all of the open orders!"))),))
    (found,) = check_repetition(view_of(twice, None), None, ())
    assert (found.kind, found.sentence) == ("repeated_sentence", 1)
    assert [f.quote for f in check_repetition(of("We shipped the the orders."), None, ())] == ["the the"]
    assert check_repetition(of("We know that that is so."), None, ()) == []


@pytest.mark.parametrize(
    ("text", "differ"),
    [
        ("Our late shipment rate was 5.2%. The late shipment rate of 5.4% is too high.", True),
        ("Our late shipment rate was 5.2%. The LSR of 5.2% is too high.", False),
        ("Our 30-day late shipment rate was 5.2%. The 10-day late shipment rate was 3.1%.", False),
        ("The late shipment rate was 5.2% on 8 March. The late shipment rate was 3.1% on 9 April.", False),
        ("The late shipment rate was 5.2%. The late shipment rate must be below 4%.", False),
        ("The late shipment rate was 5.2%. The cancellation rate was 3.1%.", False),
    ],
    ids=["two values", "same", "windows", "dates", "target", "two rates"],
)
def test_one_rate_has_one_value(text, differ):
    assert bool(check_figures(view(text), None, ())) is differ


def test_flattery_is_noted_and_a_second_apology_warns():
    assert kinds(check_tone(of("We are so excited to be part of the great Amazon family."), None, ())) == ["flattery"]
    assert kinds(check_tone(view("We apologise.\n\nWe are sorry for it."), None, ())) == ["many_apologies"]
    assert check_tone(view("We are sorry for the delay."), None, ()) == []


def test_a_long_introduction_of_the_company_is_noted_but_not_in_a_verification():
    text = "We are a professional lighting company. Our company was founded in 2009 and has loyal customers."
    assert kinds(check_tone(view(text), None, ())) == ["company_introduction"]
    assert check_tone(view(text), VERIFICATION, ()) == []


# --- likeness -------------------------------------------------------------------------------------------------------

LONG = " ".join(f"On {n} March we checked {n * 7} parcels of group {n} and found the label of lot {n * 11} complete." for n in range(1, 20))


def test_a_text_is_wholly_like_itself_and_not_at_all_like_another():
    assert likeness(LONG, LONG) == 1.0
    assert likeness(LONG, "Another letter about another matter altogether, nothing in common.") == 0.0
    assert likeness("", LONG) == 0.0


def test_likeness_is_containment_and_depends_on_the_numbers():
    assert likeness(LONG[: len(LONG) // 2], LONG) > 0.9
    assert likeness(LONG, LONG[: len(LONG) // 2]) < 0.6
    assert likeness(LONG, LONG.replace("parcels of group", "parcels in group")) < 0.7
    assert fingerprint("one two three 4 five") != fingerprint("one two three 5 five")


def test_fingerprints_can_be_kept_instead_of_the_letter_and_are_the_same_everywhere():
    code = "from rag.checks.likeness import fingerprint; print(*fingerprint('one two three four five'))"
    seen = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=KNOWLEDGE.parent, env={"PYTHONHASHSEED": seed, "PATH": ""}).stdout for seed in "12"}
    assert seen == {f"{next(iter(fingerprint('one two three four five')))}\n"}


def test_the_longest_shared_run_is_quoted_as_written():
    assert shared_run("In short: We checked 9 parcels, twice a day, and so on.", fingerprint("then we checked 9 parcels twice a day")) == "We checked 9 parcels, twice a day"
    assert shared_run("nothing at all of this is shared", fingerprint(LONG)) == ""


def test_a_supplement_like_an_earlier_letter_blocks_and_an_appeal_warns():
    for earlier in (LONG, fingerprint(LONG)):
        (block,) = check_likeness(view(LONG, document="supplement"), None, (), earlier=[earlier])
        assert (block.severity, block.kind) == ("block", "same_as_before") and "100%" in block.message
        (warn,) = check_likeness(view(LONG), None, (), earlier=["something else", earlier])
        assert (warn.severity, warn.kind) == ("warn", "like_earlier") and warn.quote.split() == LONG[: len(warn.quote)].split()


def test_frame_text_does_not_count_for_likeness():
    letter = Letter("c", "appeal", "en", "accept_and_fix", "", (Section("x", "", (Sentence(LONG, origin="fixed"),)),))
    assert check_likeness(view_of(letter, None), None, (), earlier=[LONG]) == []


def test_a_copied_example_letter_is_recognised():
    example = read_yaml(KNOWLEDGE / "examples" / "lsr-holiday-plan.yaml")
    assert "like_example" in kinds(check_likeness(view(example["text"]), None, ()))


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("We sincerely apologise for any inconvenience caused.", "We sincerely apologise for any inconvenience"),
        ("We take full responsibility.", "We take full responsibility"),
        ("We provided systematic training to all employees.", "We provided systematic training to all employees"),
        ("对此我们深表歉意。", "对此我们深表歉意"),
    ],
    ids=["spelling", "plain", "gap", "chinese"],
)
def test_a_stock_phrase_warns_with_its_words(sentence, quote):
    assert [f.quote for f in check_likeness(of(sentence), None, ())] == [quote]


def test_there_are_at_least_sixty_stock_phrases_each_once():
    data = yaml.safe_load((KNOWLEDGE / "stock_phrases.yaml").read_text(encoding="utf-8"))
    phrases = [*data["en"], *data["zh"]]
    assert len(phrases) == len(set(phrases)) == len(stock_phrases()) >= 60
    assert all(p == p.lower() for p in phrases)


def test_a_letter_that_fits_any_store_is_generic_and_one_with_facts_is_not():
    generic = view("We value our customers.\n\nWe improved our work.\n\nWe will do better from now on.\n\nOur team has studied the rules.\n\nWe check everything twice.")
    specific = view("On 15 March we raised the handling time to 3 days.\n\nThe listing manager checks unshipped orders every morning.")
    assert genericity(generic, CASE) == 1.0
    assert genericity(specific, CASE) == 0.0
    assert kinds(check_genericity(generic, CASE, ())) == ["generic"]


# --- all together ---------------------------------------------------------------------------------------------------

EXAMPLES = {path.stem: read_yaml(path) for path in sorted((KNOWLEDGE / "examples").glob("*.yaml"))}
OTHERS = {"fact_lock", "statements"}
"""Checks of other files; their false alarms are counted in their own tests."""


def example(name: str) -> tuple[Letter, Case]:
    data = EXAMPLES[name]
    case = case_from({key: data[key] for key in ("id", "case_type", "stance", "facts")}, where=name)
    return letter_from_text(data["text"]), case


@pytest.mark.parametrize("name", [n for n, d in EXAMPLES.items() if d["quality"] == "good"])
def test_a_good_example_letter_is_not_blocked(name):
    letter, case = example(name)
    assert letter.document == EXAMPLES[name]["document"]
    assert [(f.check, f.message) for f in run_checks(letter, case) if f.severity == "block" and f.check not in OTHERS] == []


@pytest.mark.parametrize("name", [n for n, d in EXAMPLES.items() if d["quality"] == "bad"])
def test_a_bad_example_letter_has_findings(name):
    letter, case = example(name)
    assert [f for f in run_checks(letter, case) if f.kind != "like_example" and f.severity != "note"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_findings_are_whole_and_quote_the_letter(name):
    letter, case = example(name)
    texts = [t.text for s in letter.sections for t in s.sentences]
    everything = "\n".join([EXAMPLES[name]["text"], *texts])
    for found in run_checks(letter, case):
        assert found.message and found.message_zh and found.why and found.fix and found.fix_zh, found
        assert found.check in {"statements", "likeness"} or not found.quote or found.quote in everything, found
        assert found.sentence is None or found.quote in texts[found.sentence] or found.kind == "forbidden_section" or found.check == "statements", found


BAD = Case(
    "bad", "Please provide the root cause of the issue, the invoices and your supplier's contact information.", case_type="order_defect_rate", stance="accept_and_fix", store_name="Harrow",
    facts=(Fact("f1", "metric", "The order defect rate was 1.3%."), Fact("f2", "action_planned", "From 1 June the team leader checks five boxes each morning before the courier arrives.")),
)  # fmt: skip
BAD_TEXT = """Dear Amazon,

We are so excited to be part of the great Amazon family. Founded in 2009, our company is a leading seller. We have years of experience.

Root cause
The order defect rate was 1.3%. The order defect rate was 2.9%. 我们的员工不小心。 The the box broke. We apologize. We are sorry for that.
We bought reviews and we deeply regret it and we looked at the boxes and at the shelves and at the tape and at the labels and at the scales and at the lamps and at the bulbs and at the glass and at the foam and at the paper. [to be supplied: what happened]

Corrective actions
On 1 June the team leader checked five boxes each morning before the courier arrives. We will try our best to improve.
We refunded 99 orders with Jane Miller, see https://drive.google.com/x1. We refunded 99 orders with Jane Miller, see https://drive.google.com/x1.
"""


def test_a_finding_has_its_reason_in_both_languages_or_in_neither():
    letters = [example(name) for name in EXAMPLES]
    bad = letter_from_text(BAD_TEXT, case_id="bad", case_type="order_defect_rate", stance="accept_and_fix")
    verification = dataclasses.replace(bad, document="verification", stance="clarify_and_verify")
    lost = dataclasses.replace(bad, sections=(*bad.sections, Section("position", "", (Sentence("We sell lamps.", ("f77",)),))))
    found = [f for letter, case in (*letters, (bad, BAD), (verification, dataclasses.replace(BAD, stance="clarify_and_verify")), (lost, BAD)) for f in run_checks(letter, case, earlier=[BAD_TEXT])]
    # The letters are bad enough only if hardly a check is silent.
    assert {f.check for f in found if f.why} >= {"statements", "sections", "requests", "references", "gaps", "stance", "tense", "likeness", "genericity"}
    assert {f.kind for f in found} >= {"chinese_left", "outside_link", "repeated_sentence", "doubled_word", "figures_differ", "flattery", "company_introduction", "many_apologies", "long_sentence"}
    for one in found:
        assert bool(one.why) == bool(one.why_zh), one
        assert not one.why_zh or re.search("[一-鿿]", one.why_zh), one


def test_findings_come_in_the_order_of_the_letter_and_those_about_the_whole_come_last():
    letter, case = example("bad-wrong-form-verification")
    places = [f.sentence for f in run_checks(letter, case)]
    known = [p for p in places if p is not None]
    assert known == sorted(known) and places[: len(known)] == known


def test_an_empty_letter_is_checked_without_an_error():
    for case in (None, CASE):
        assert run_checks(Letter("c", "appeal", "en", "accept_and_fix", "", ()), case)


def test_the_checks_of_a_letter_of_six_hundred_words_feel_instant():
    letter, case = example("used-open-box-plan")
    letter = dataclasses.replace(letter, sections=letter.sections * 2)
    one = view_of(letter, case)
    assert 550 < len(one.text.split()) < 650
    run_checks(letter, case)  # the first call reads the knowledge files
    assert min(_seconds(lambda: [c.run(Given(one, case)) for c in CHECKS if c.name != "statements"]) for _ in range(3)) < 0.2
    assert min(_seconds(lambda: run_checks(letter, case)) for _ in range(3)) < 0.6  # 0.3 on a quiet machine


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def test_checking_loads_neither_models_nor_chinese_dictionaries():
    code = "import sys, rag.checks; print([m for m in ('torch', 'chromadb', 'jieba', 'pypinyin', 'opencc', 'langchain_core') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    assert done.stdout.strip() == "[]"


def test_the_page_of_the_checks_names_every_check_of_the_registry():
    text = (PROJECT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert [c.name for c in CHECKS if f"| `{c.name}` |" not in text] == []


def test_no_check_makes_a_graver_finding_than_the_registry_says():
    grave = {"note": 0, "warn": 1, "block": 2}
    for name in EXAMPLES:
        letter, case = example(name)
        for check in CHECKS:
            for found in check.run(Given(view_of(letter, case), case)):
                assert found.check == check.name and grave[found.severity] <= grave[check.worst], (check.name, found)


def test_a_line_of_several_sentences_is_as_long_as_its_longest() -> None:
    line = "The handling time was always set to 1 day. It has never been changed since the store was opened. " * 5
    assert "long_sentence" not in kinds(check_length(of(line.strip()), None, ()))
