"""The fact lock: nothing exact stands in the letter that the case does not have. Forms may differ, values may not."""

from __future__ import annotations

import pytest

from rag.checks.lock import check_lock, lost, unsupported
from rag.checks.view import view_of
from rag.models import Case, Evidence, Fact, Letter, Passage, Section, Sentence

CASE = Case(
    id="c",
    notification="Your late shipment rate is 7.2%. ASIN B0YR6HG2CM.",
    store_name="Harrow Lamps",
    facts=(
        Fact("f1", "metric", "截至2026-03-14的30天迟发率 7.2%(41/569)"),
        Fact("f2", "action_done", "On 15 March we raised the handling time to 3 days."),
        Fact("f3", "context", "供应商是深圳市宏达电子有限公司"),
    ),
    evidence=(Evidence("invoice-0417.pdf", "Invoice INV-0417, 2025-09-03, 600 units"),),
)


def findings(text: str, facts: tuple[str, ...] = ("f1", "f2", "f3"), *, case: Case = CASE, passages: tuple[Passage, ...] = (), cites: tuple[str, ...] = (), origin: str = "model"):
    letter = Letter("c", "appeal", "en", "accept_and_fix", "", (Section("root_cause", "Root cause", (Sentence(text, facts, cites, origin),)),))  # type: ignore[arg-type]
    return check_lock(view_of(letter, case), case, passages)


@pytest.mark.parametrize(
    "text",
    [
        "In the 30 days ending 14 March 2026 the late shipment rate was 7.2 percent.",
        "41 of 569 orders were late.",
        "On 15 March we raised the handling time to three days.",
        "On March 15th the handling time became 3 days.",
        "528 orders of 569 left on time.",
        "Invoice INV-0417 of 3 September 2025 shows 600 units.",
        "Harrow Lamps sells ASIN B0YR6HG2CM.",
        "Our supplier is Shenzhen Hongda Electronics Co., Ltd.",
        "The invoice (attachment 1) is enclosed, see also exhibits 2 and 3.",
        "We answer in three points.",
        "01 licence; 02 bank statement",
    ],
    ids=["date form", "counts", "number word", "month first", "difference", "document", "store and notice", "pinyin name", "attachment numbers", "own points", "numbered list"],
)
def test_what_the_case_says_in_another_form_is_allowed(text):
    assert findings(text) == []


@pytest.mark.parametrize(
    ("text", "quote", "kind"),
    [
        ("The rate was 7.3%.", "7.3%", "number"),
        ("42 of 569 orders were late.", "42", "number"),
        ("On 16 March we raised the handling time.", "16 March", "date"),
        ("We raised the handling time to 4 days.", "4 days", "number"),
        ("Invoice INV-0418 is attached.", "INV-0418", "id"),
        ("ASIN B0YR6HG2CN was removed.", "B0YR6HG2CN", "id"),
        ("Our supplier is Guangzhou Baiyun Trading.", "Baiyun Trading", "name"),
        ("Each employee checks 12 units.", "12", "number"),
    ],
    ids=["percentage", "count", "date", "duration", "document", "asin", "name", "invented count"],
)
def test_what_the_case_does_not_say_is_blocked_with_its_words(text, quote, kind):
    found = findings(text)
    assert [(quote in f.quote or f.quote in quote, f.kind, f.severity) for f in found if f.kind == kind][:1] == [(True, kind, "block")]
    assert found[0].message_zh and found[0].fix_zh


def test_a_sentence_is_held_to_the_facts_it_names_and_the_right_fact_is_pointed_at():
    (found,) = findings("The rate was above target on 15 March.", ("f1",))
    assert found.quote == "15 March"
    assert "f2" in found.message


def test_a_cited_rule_may_give_its_number():
    rule = Passage("p1", "", "The rate must stay below 4 %.", "en", (), (), "", "", "official")
    assert findings("The target is below 4 %.", passages=(rule,), cites=("p1",)) == []
    assert findings("The target is below 4 %.", passages=(rule,)) != []


def test_frame_text_and_letters_without_a_case_are_not_locked():
    assert findings("We answer on 99 pages.", origin="fixed") == []
    letter = Letter("c", "appeal", "en", "accept_and_fix", "", (Section("x", "", (Sentence("On 9 May 77 orders.", origin="edited"),)),))
    assert check_lock(view_of(letter, None), None, ()) == []


def test_a_count_at_the_start_is_a_statement_when_it_is_no_numbering():
    assert [f.quote for f in findings("We checked 35 files and 12 parcels.")] == ["35", "12"]


def test_nothing_exact_may_get_lost_on_the_way():
    fact = CASE.facts[0]
    assert [a.text for a in lost("Until 14 March 2026 the 30-day rate was 7.2%.", [fact])] == ["41", "569"]
    assert lost("In the 30 days to 14 March 2026 the rate was 7.2% (41 of 569 orders).", [fact]) == []


def test_a_gift_of_precision_is_an_invention():
    assert [a.text for a in unsupported("on 4 March 2026", [Fact("f", "context", "in March 2026")], Case("c"))] == ["4 March 2026"]
