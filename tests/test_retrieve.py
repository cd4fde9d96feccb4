"""Search: words and vectors together, filters, scripts, and a reason for every result."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from rag.index import ASKS, PassageIndex, asks, passages
from rag.models import Passage
from rag.retrieve import FITS, Retriever, cut, expand
from rag.settings import Settings
from tests.conftest import FakeEncoder


def both(name: str, en: str, zh: str, *, case_types: tuple[str, ...] = ("all",), stores: tuple[str, ...] = ("all",)) -> tuple[Passage, Passage]:
    def one(text: str, language: str) -> Passage:
        return Passage(f"{name}@{language}", name, text, language, case_types, stores, "source", "2026-01-01", "own")

    return one(en, "en"), one(zh, "zh")


GUIDE: tuple[Passage, ...] = (
    *both("limit", "The late shipment rate must stay below 4 percent.", "迟发率必须低于 4%。", case_types=("late_shipment_rate",)),
    *both("carrier", "A carrier scan shows when a parcel left.", "承运商的扫描记录显示包裹何时发出,物流要稳定。", case_types=("late_shipment_rate", "valid_tracking_rate")),
    *both("invoice", "Invoices of suppliers must cover the sold quantity within 365 days.", "供应商发票须覆盖 365 天内的销售数量。", case_types=("inauthentic_customer_complaint",)),
    *both("german", "In Germany the imprint must name the register number.", "在德国,版本说明必须写明登记号。", stores=("DE",)),
    *both("american", "In the United States the imprint may stand on the profile page.", "在美国,版本说明可以写在资料页。", stores=("US",)),
    *both("tone", "Write facts and no pleas.", "只写事实,不要恳求。"),
)


@pytest.fixture
def retriever(settings: Settings) -> Retriever:
    index = PassageIndex(settings, FakeEncoder(256))
    index.build(GUIDE)
    return Retriever(index, passages_=GUIDE)


@pytest.fixture
def words_only() -> Retriever:
    return Retriever(None, passages_=GUIDE)


def names(found: Sequence[Passage]) -> list[str]:
    return [p.id.partition("@")[0] for p in found]


def test_the_passage_that_answers_comes_first_with_score_and_reason(retriever: Retriever) -> None:
    first = retriever.search("late shipment rate below 4 percent", 3)[0]
    assert first.id == "limit@en"
    assert first.score >= FITS
    assert "meaning" in first.why and "words:" in first.why and "shipment" in first.why


def test_results_are_sorted_and_no_passage_stands_twice_in_two_languages(retriever: Retriever) -> None:
    found = retriever.search("迟发率 late shipment rate", 5)
    assert len(set(names(found))) == len(found)
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)


@pytest.mark.parametrize(
    "query",
    ["物流要稳定", "物流要穩定", "物流要穩(wěn)定(dìng)", "承运商的扫描记录", "承運商的掃描記錄"],
    ids=["Simplified", "Traditional", "with readings", "other words", "other words, Traditional"],
)
def test_every_script_finds_the_simplified_passage(query: str, retriever: Retriever, words_only: Retriever) -> None:
    assert retriever.search(query, 1)[0].id == "carrier@zh"
    assert words_only.search(query, 1)[0].id == "carrier@zh"


def test_a_traditional_query_scores_as_the_simplified_one(retriever: Retriever) -> None:
    one, other = retriever.search("物流要稳定", 3), retriever.search("物流要穩定", 3)
    assert [(p.id, p.score) for p in one] == [(p.id, p.score) for p in other]


def test_a_passage_of_another_store_is_never_shown(retriever: Retriever, words_only: Retriever) -> None:
    for search in (retriever, words_only):
        assert "german" not in names(search.search("imprint register number in Germany", 10, marketplace="US"))
        assert names(search.search("imprint register number in Germany", 10, marketplace="DE"))[0] == "german"
        assert "american" not in names(search.search("imprint profile page", 10, marketplace="JP"))


def test_the_store_stays_strict_when_the_case_type_softens(retriever: Retriever) -> None:
    only = tuple(p for p in GUIDE if p.case_types != ("all",) or p.marketplaces != ("all",))
    found = Retriever(None, passages_=only).search("imprint register number", 5, case_type="forged_documents", marketplace="US")
    assert "german" not in names(found)


def test_the_case_type_keeps_its_own_and_general_passages(retriever: Retriever) -> None:
    found = names(retriever.search("invoices of suppliers, carrier scan, facts", 10, case_type="late_shipment_rate"))
    assert "invoice" not in found
    assert {"carrier", "tone"} <= set(found)


def test_the_case_type_softens_and_says_so_when_nothing_is_left() -> None:
    special = tuple(p for p in GUIDE if p.case_types != ("all",))
    found = Retriever(None, passages_=special).search("invoices of suppliers", 2, case_type="forged_documents")
    assert names(found)[0] == "invoice"
    assert all("no passage of this case type matched" in p.why for p in found)


def test_a_passage_about_the_case_type_goes_before_a_general_one() -> None:
    equal = (*both("general", "Name the ship date.", "写明发货日期。"), *both("special", "Name the ship date.", "写明发货日期。", case_types=("late_shipment_rate",)))
    found = Retriever(None, passages_=equal).search("ship date", 2, case_type="late_shipment_rate")
    assert names(found) == ["special", "general"]


def test_without_an_encoder_words_answer_and_the_reason_says_so(words_only: Retriever) -> None:
    first = words_only.search("late shipment rate", 1)[0]
    assert first.id == "limit@en"
    assert "no encoder, words only" in first.why and "meaning" not in first.why


def test_the_language_of_the_result_can_be_chosen(retriever: Retriever) -> None:
    assert retriever.search("迟发率必须低于", 1)[0].language == "zh"
    assert retriever.search("迟发率必须低于", 1, language="en")[0].id == "limit@en"


def test_slang_finds_the_formal_term() -> None:
    assert "迟发率" in expand("LSR over 4%") or "late shipment rate" in expand("LSR over 4%")
    assert expand("zzz") == "zzz"


@pytest.mark.parametrize("query", ["", "   ", "\n\t"])
def test_an_empty_question_has_no_answer(query: str, retriever: Retriever) -> None:
    assert retriever.search(query) == ()


def test_what_nobody_knows_is_not_found_by_words(words_only: Retriever) -> None:
    assert words_only.search("quixotic zeppelin") == ()


def test_a_weak_result_says_so(retriever: Retriever) -> None:
    found = retriever.search("zeppelin", 3)
    assert all("fits weakly" in p.why for p in found if p.score < FITS)


def test_no_passages_no_answer() -> None:
    assert Retriever(None, passages_=()).search("late shipment") == ()


def test_a_long_or_strange_question_does_no_harm(retriever: Retriever) -> None:
    for query in ("迟发率" * 2000, "😀😀", "$where {'$or': []}", "a" * 10_000, "AND OR NOT (", "\x00"):
        retriever.search(query, 2, case_type="late_shipment_rate", marketplace="US")


def test_words_are_cut_in_one_form() -> None:
    assert cut("Invoices") == cut("invoice")
    assert cut("遲發率") == cut("迟发率")
    assert "rate" in cut("the rate of it") and "the" not in cut("the rate of it")


def test_a_question_that_a_passage_answers_finds_it_though_no_word_is_shared(settings: Settings) -> None:
    index, questions = PassageIndex(settings, FakeEncoder(256)), PassageIndex(settings, FakeEncoder(256), collection=ASKS)
    index.build(GUIDE)
    questions.build([dataclasses.replace(GUIDE[0], id="limit@zh?0", title="", text="红旗多少才安全", language="zh")])
    found = Retriever(index, asks=questions, passages_=GUIDE).search("红旗多少才安全", 3)
    assert names(found)[0] == "limit"
    assert names(Retriever(index, passages_=GUIDE).search("红旗多少才安全", 1)) != ["limit"]


def test_every_guidance_passage_has_questions_with_the_filters_of_its_passage() -> None:
    by_id = {p.id: p for p in passages()}
    for question in asks():
        passage = by_id[question.id.partition("?")[0]]
        assert (question.case_types, question.marketplaces) == (passage.case_types, passage.marketplaces)
    assert {q.id.partition("?")[0] for q in asks()} == set(by_id)
