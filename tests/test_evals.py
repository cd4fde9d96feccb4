"""The scores are counted by hand here; the runs use fakes at the doors, except the slow one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Asked, FakeChat

import evals
from evals import baselines, drafts, groundedness, letters, notices, report, retrieval, scorers, statements
from evals.records import Field, read_records
from rag import knowledge
from rag.checks.statements import Judgement
from rag.errors import BadInput, ModelUnavailable, ReplyUnusable, SetupError, Stopped
from rag.formats import letter_from_text, load_case
from rag.llm import CONTEXT, NoChat, Reply
from rag.models import Case, Evidence, Fact, Finding, Passage
from rag.pipeline import Doors
from rag.retrieve import Retriever
from rag.settings import PROJECT, Settings

DATA = Path(__file__).parent / "data"
SMOKE, SMOKE_ZH = DATA / "smoke", DATA / "smoke_zh"
QUIET: dict[str, Any] = {"limit": None, "items": None, "on_progress": lambda done, total, what: None, "should_stop": lambda: False}


def lid() -> Case:
    return load_case(str(SMOKE / "cases" / "lid-en.yaml"))


# --- scores of one letter ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "item", "there"),
    [
        pytest.param("On August 27, 2026 we shipped.", "27 August", True, id="a date in another form, with a year"),
        pytest.param("In August we shipped.", "27 August", False, id="the month alone is not the day"),
        pytest.param("The rate was 7.20 percent.", "7.2%", True, id="percent in words"),
        pytest.param("57 of 838 orders were late.", "57", True, id="a count"),
        pytest.param("57% of orders were late.", "57", False, id="a percentage is no count"),
        pytest.param("Orders worth $14,238.77 are held.", "14,238.77", True, id="a sum wanted without its currency"),
        pytest.param("We set three days.", "3 days", True, id="number words"),
        pytest.param("Invoices from CALDER ROW wholesale.", "Calder Row Wholesale", True, id="names in any case"),
        pytest.param("We cushioned every lid.", "cushion", True, id="another ending"),
        pytest.param("File LR_4471 is attached.", "LR_4471", True, id="a file name"),
        pytest.param("File LR_44710 is attached.", "LR_4471", False, id="part of a longer name is not it"),
        pytest.param("We changed the second bullet.", "bullet 2", False, id="words without the number"),
        pytest.param("In bullet 2 we changed a word.", "bullet 2", True, id="words with the number"),
        pytest.param("We read 14,238 messages.", "14", False, id="digits inside a number are not the number"),
        pytest.param("Room 502, Building 3.", "Room 502", True, id="a room"),
    ],
)
def test_must_mention_finds_any_usual_form(text: str, item: str, there: bool) -> None:
    score = scorers.must_mention(text, [item], first=False)
    assert score.value == float(there)
    assert bool(score.extracts[0].quote) == there


def test_must_mention_is_the_share_of_items_and_nothing_to_mention_is_no_score() -> None:
    score = scorers.must_mention("On 3 May we refunded 7 orders.", ["3 May", "7", "540", "1 June"])
    assert score.value == 0.5
    assert [e.item for e in score.having("missing")] == ["540", "1 June"]
    assert scorers.must_mention("anything", []).value is None


def test_literals_are_counted_and_capitals_matter_only_for_an_item_in_capitals() -> None:
    items = ["literal: never again", "literal: APPROVED", "literal: 100%", "meaning: that it was on purpose"]
    score = scorers.must_not_literal("It will Never  again happen... it was approved. Never again!", items)
    assert score.value == 1
    assert scorers.must_not_literal("APPROVED by 100% of us", items).value == 2


def test_a_meaning_is_undecided_unless_none_of_its_words_stand_there() -> None:
    items = ["meaning: that the staff were trained", "meaning: that the carrier caused the delays"]
    score = scorers.must_not_meaning("We trained our staff on 3 May.", items)
    assert score.value == 1
    assert [(e.verdict, e.quote) for e in score.extracts] == [("undecided", "We trained our staff on 3 May."), ("absent", "")]


def test_invented_parts_are_counted_by_kind_and_gaps_are_not_inventions() -> None:
    case = lid()
    text = "Root cause\nOn 9 May we refunded 12 orders through Jane Miller. [Your Name] will sign. Case QX-99812 is open.\n"
    score = scorers.invented(text, case, case.facts, first=False)
    assert sorted((e.note, e.item) for e in score.extracts) == [("date", "9 May"), ("id", "QX-99812"), ("name", "Jane Miller"), ("number", "12")]
    assert score.value == 4


def test_labels_and_titles_in_capitals_are_no_names() -> None:
    case = lid()
    text = "Subject: Appeal For Reinstatement Of Privileges\n\nDear Seller Performance Team,\n\nCorrective actions\n- Enhanced Inspection Protocol: we refunded 7 orders on 3 May.\n"
    assert scorers.invented(text, case, case.facts, first=False).value == 0


def test_kept_facts_are_the_share_of_their_exact_parts() -> None:
    facts = (Fact("f1", "action_done", "On 3 May we refunded 7 orders."), Fact("f2", "action_planned", "9月7号起每天看5箱"))
    score = scorers.facts_kept("On 3 May we refunded 7 orders. From 7 September we will look at boxes.", facts, first=False)
    assert score.value == 0.75
    assert [(e.item, e.note) for e in score.having("lost")] == [("f2", "5")]


def test_a_month_alone_does_not_keep_a_day() -> None:
    facts = (Fact("f1", "action_planned", "Every Monday from 10 August the lead checks the report."),)
    assert scorers.facts_kept("From August the lead checks the report.", facts, first=True).value == 0
    assert scorers.facts_kept("From 10 August 2026 the lead checks the report.", facts, first=True).value == 1


def test_a_wish_that_the_case_forbids_is_no_fact_to_keep() -> None:
    case = Case("c", facts=(Fact("f1", "context", "入职时间写7月"), Fact("f2", "action_done", "8月15号停止放卡")), must_not=("literal: July", "meaning: x"))
    assert [f.id for f in scorers.told(case, first=False)] == ["f2"]


def test_a_fact_retold_with_another_value_is_altered() -> None:
    case = lid()
    score = scorers.facts_altered("On 3 May we refunded 9 orders.", case, case.facts, first=False)
    assert score.value == 1
    assert score.extracts[0].item == "f3"
    assert scorers.facts_altered("On 3 May we refunded 7 orders.", case, case.facts, first=False).value == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("Since 1 June the team leader has checked 5 boxes a day.", 1.0, id="plan told as done"),
        pytest.param("From 1 June the team leader will check 5 boxes a day.", 0.0, id="plan told as plan"),
        pytest.param("On 3 May we will refund 7 orders.", 1.0, id="done told as plan"),
        pytest.param("On 3 May we refunded 7 orders.", 0.0, id="done told as done"),
        pytest.param("We are very careful.", None, id="no sentence that can be matched"),
    ],
)
def test_tenses(text: str, value: float | None) -> None:
    assert scorers.tense_errors(text, lid().facts, first=False).value == value


def test_sections_wanted_and_unwanted() -> None:
    letter = letter_from_text("Root Cause\nIt broke.\n\nEvidence\nInvoice A.\n")
    score = scorers.sections_present(letter, ["non_violation_grounds", "evidence_list"], plan_allowed=False)
    assert score.value == 0.5
    assert [e.item for e in score.having("unwanted")] == ["root_cause"]


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("[to be supplied: what will prevent it]", "shown"),
        ("We will train all of our staff every month.", "filled"),
        ("", "left_out"),
    ],
)
def test_a_missing_fact_is_shown_filled_or_left_out(body: str, verdict: str) -> None:
    letter = scorers.as_letter(f"Root cause\nThe lid broke.\n\nPreventive measures\n{body}\n")
    score = scorers.gaps_shown(letter, ["preventive_measures"])
    assert score.extracts[0].verdict == verdict
    assert score.value == float(verdict == "shown")


def test_leftover_chinese_and_placeholders_are_counted() -> None:
    assert scorers.chinese_left("We set the 备货时间 to 3 days. It holds.").value == 1
    assert scorers.placeholders("[Date]\nDear team,\nsee [3] and [Your Name].").value == 2


def test_stock_measures_count_unless_a_fact_has_a_word_of_them() -> None:
    text = "We trained our staff. We hired additional staff. We did not dismiss anybody and refunded the buyers."
    facts = (Fact("f1", "action_done", "6月2日给买家退款"), Fact("f2", "action_done", "We held a training on 3 May."))
    assert [e.item for e in scorers.stock_measures(text, facts).extracts] == ["hiring"]
    assert [e.item for e in scorers.stock_measures(text, ()).extracts] == ["training", "hiring"]


def test_a_place_of_the_glossary_that_the_case_does_not_name_is_foreign() -> None:
    case = Case("c", facts=(Fact("f1", "context", "2025年10月16日在汕头和东莞拍的"),))
    score = scorers.foreign_places("They were taken in Shenzhen and Dongguan.", case, case.facts)
    assert [e.item for e in score.extracts] == ["Shenzhen"]


def test_only_blocking_findings_of_statements_count() -> None:
    found = [Finding("statements", "block", "m", kind="threat"), Finding("statements", "warn", "m", kind="threat"), Finding("fact_lock", "block", "m", kind="number")]
    assert scorers.findings_of(found, drafts.STATEMENTS).value == 1


# --- scores of many --------------------------------------------------------------------------------------------------------


def test_likeness_is_the_mean_share_of_common_runs_of_five_words() -> None:
    # "a b c d e f" has two runs of five; "x a b c d e" has two, one of them in common.
    assert scorers.containment("a b c d e f", "x a b c d e") == 0.5
    score = scorers.likeness({"one": "a b c d e f", "two": "x a b c d e", "three": "p q r s t u"})
    assert score.value == pytest.approx(0.5 / 3)
    assert scorers.likeness({"one": "a b c d e"}).value is None


def test_the_interval_is_seeded_and_holds_the_mean() -> None:
    one = scorers.interval([0.0, 1.0, 1.0, 0.0, 1.0])
    assert one == scorers.interval([0.0, 1.0, 1.0, 0.0, 1.0])
    assert one is not None and one[0] <= 0.6 <= one[1]
    assert scorers.interval([1.0]) is None
    assert scorers.interval([2.0, 2.0, 2.0]) == (2.0, 2.0)


def test_precision_recall_and_f1_from_counts() -> None:
    assert scorers.precision_recall(3, 4, 6) == {"precision": 0.75, "recall": 0.5, "f1": 0.6, "right": 3, "found": 4, "wanted": 6}
    assert scorers.precision_recall(0, 0, 0)["f1"] is None


# --- drafts ------------------------------------------------------------------------------------------------------------------

PLAN = "Root Cause\nThe glass lid was packed without a cushion.\n\nCorrective Actions Taken\nOn 3 May we refunded 7 orders.\n\nPreventive Measures\nFrom 1 June the team leader will check 5 boxes a day.\n"


def run_drafts(tmp_path: Path, chat: Any, **options: Any) -> dict[str, Any]:
    return evals.run("drafts", **{"data": SMOKE, "out": tmp_path / "run", "doors": Doors(chat), **options})


def test_drafts_of_ours_and_a_baseline_stand_side_by_side(tmp_path: Path) -> None:
    chat = FakeChat(answer=lambda asked: PLAN)
    result = run_drafts(tmp_path, chat, writer="ours,B1", items=tmp_path / "items.jsonl")
    assert result["cases"] == ["lid-en", "no-plan-en"]
    assert list(result["writers"]) == ["ours", "B1"]
    ours, plain = (result["writers"][w]["tuning"]["metrics"] for w in ("ours", "B1"))
    # Both kept 3 May, 1 June and the cushion; the baseline's letter lacks 540 and the ASIN.
    assert ours["must_mention"]["mean"] == 1.0
    assert plain["must_mention"]["mean"] == 0.6
    assert result["writers"]["B1"]["test"]["metrics"]["gaps_filled"]["mean"] == 1.0
    assert result["writers"]["ours"]["test"]["metrics"]["gaps_shown"]["mean"] == 1.0
    assert plain["calls"]["mean"] == 1
    items = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(i["id"], i["writer"], i["status"]) for i in items] == [("lid-en", "ours", "ok"), ("no-plan-en", "ours", "ok"), ("lid-en", "B1", "ok"), ("no-plan-en", "B1", "ok")]
    assert items[2]["predicted"]["text"] == PLAN.rstrip("\n") or items[2]["predicted"]["text"] == PLAN
    assert json.loads(json.dumps(result)) == result


def test_a_finished_letter_is_not_written_again_and_a_half_line_is_dropped(tmp_path: Path) -> None:
    run_drafts(tmp_path, FakeChat(answer=lambda asked: PLAN), writer="B1", limit=1)
    path = tmp_path / "run" / "items.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + '{"key": "half', encoding="utf-8")
    second = FakeChat(replies=[PLAN])
    result = run_drafts(tmp_path, second, writer="B1")
    assert len(second.asked) == 1
    assert result["writers"]["B1"]["all"]["letters"] == 2
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def test_a_crashed_case_is_counted_apart_and_tried_again(tmp_path: Path) -> None:
    result = run_drafts(tmp_path, FakeChat(replies=[ModelUnavailable("gone"), PLAN]), writer="B1")
    summary = result["writers"]["B1"]["all"]
    assert (summary["cases"], summary["letters"], summary["crashed"]) == (2, 1, ["lid-en"])
    assert summary["metrics"]["must_mention"]["cases"] == 1
    again = run_drafts(tmp_path, FakeChat(replies=[PLAN]), writer="B1")
    assert again["writers"]["B1"]["all"]["crashed"] == []


def test_a_refused_case_is_counted_apart(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "court.yaml").write_text("id: court\ncase_type: ip_court_order_tro\nfacts: [{id: f1, kind: context, text: We got a court order.}]\n", encoding="utf-8")
    result = run_drafts(tmp_path, NoChat(), data=tmp_path / "data")
    assert result["writers"]["ours"]["all"]["refused"] == ["court"]
    assert result["writers"]["ours"]["all"]["metrics"]["likeness"]["mean"] is None


def test_a_wrong_setup_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(SetupError):
        run_drafts(tmp_path, FakeChat(replies=[SetupError("no model here")]), writer="B1")


def test_stopping_keeps_what_is_finished(tmp_path: Path) -> None:
    done: list[str] = []
    with pytest.raises(Stopped):
        run_drafts(tmp_path, FakeChat(answer=lambda asked: PLAN), writer="B1", on_progress=lambda n, total, what: done.append(what), should_stop=lambda: bool(done))
    assert done == ["B1: lid-en"]
    assert len((tmp_path / "run" / "items.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_baselines_need_a_model_but_the_static_letter_does_not(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable):
        run_drafts(tmp_path, NoChat(), writer="B1")
    assert run_drafts(tmp_path, NoChat(), writer="B0")["writers"]["B0"]["all"]["letters"] == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"writer": "B9"}, "B9"),
        ({"split": "other"}, "other"),
        ({"limit": 0}, "limit is 0"),
        ({"data": Path("/nowhere")}, "/nowhere"),
        ({"data": SMOKE_ZH, "split": "test"}, "split: test"),
    ],
)
def test_bad_options_are_named(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        run_drafts(tmp_path, NoChat(), **options)


def test_every_project_case_is_in_one_split() -> None:
    cases = drafts.load_cases(PROJECT / "evals")
    splits = [drafts.split_of(c) for c in cases]
    assert set(splits) == {"tuning", "test"} and splits.count("test") >= splits.count("tuning") >= 12


# --- baselines ----------------------------------------------------------------------------------------------------------------


def test_b1_is_one_message_with_the_facts_as_told_and_no_system_text() -> None:
    chat = FakeChat(replies=["a letter"])
    case = load_case(str(SMOKE_ZH / "cases" / "late-zh.yaml"))
    assert baselines.plain_chat(case, chat) == "a letter"
    asked = chat.asked[0]
    assert asked.system == "" and not asked.examples and asked.temperature == 0.7
    assert all(f.text in asked.user for f in case.facts) and "6.1%, above our target" in asked.user
    assert "must_mention" not in asked.user and "7 September" not in asked.user


def test_b5_gives_typed_fenced_facts_at_a_low_temperature() -> None:
    chat = FakeChat(replies=["a letter"])
    baselines.strong_prompt(lid(), chat)
    asked = chat.asked[0]
    assert asked.temperature == 0.2
    assert "<facts>\nf1 (metric): 7 of 540" in asked.user and "<notice>" in asked.user
    assert "[MISSING:" in asked.system and "350 to 600 words" in asked.system


def test_b6_asks_once_more_and_then_falls_back_to_the_sellers_words() -> None:
    bad = "On 3 May we refunded 99 orders with Jane Miller."
    chat = FakeChat(replies=[bad, bad])
    letter = baselines.gated_prompt(lid(), chat)
    assert "99, Jane Miller" in chat.asked[1].user
    assert chat.asked[1].examples[0][1] == bad
    assert "On 3 May we refunded 7 orders." in letter and "99" not in letter
    assert baselines.gated_prompt(lid(), FakeChat(replies=["On 3 May we refunded 7 orders."])) == "On 3 May we refunded 7 orders."


def b4_reply(**changes: Any) -> str:
    parts = {"root_cause": "r", "corrective_actions": "c", "preventive_measures": "p", "letter": "Dear team,\nOn 3 May we refunded 7 orders.", "checklist": ["a"], "tips": []}
    return json.dumps({k: v for k, v in {**parts, **changes}.items() if v is not None})


KIND = '{"case_type": "order_defect_rate"}'


def test_b3_writes_five_parts_after_the_likest_letters_and_sees_what_is_written() -> None:
    chat = FakeChat(replies=["Dear team.", "Root Cause\nLids.", "Corrective Actions Taken\nRefunds.", "Preventive Measures\nChecks.", "Yours"])
    letter = baselines.letters_as_examples(lid(), chat)
    assert letter == "Dear team.\n\nRoot Cause\nLids.\n\nCorrective Actions Taken\nRefunds.\n\nPreventive Measures\nChecks.\n\nYours"
    assert [a.max_tokens for a in chat.asked] == [700, 800, 800, 1000, 600]
    assert all(f.text in a.system for f in lid().facts for a in chat.asked)
    assert "none yet" in chat.asked[0].system and "Root Cause\nLids." in chat.asked[2].system
    likest = baselines.likest_letters("order defect rate, glass lid broken", knowledge.case_type("order_defect_rate"))
    assert next(e.id for e in baselines.finished_letters() if e.text == likest[0]) == "odr-variant-plan"
    assert not any(e.id.startswith("bad-") for e in baselines.finished_letters())


def test_b3_and_b4_never_ask_for_more_than_the_window_holds() -> None:
    # Replies of the full length, and facts, notice and document that are far too long; figures cost most.
    case = lid()
    long = "On 12.03.2026 we counted 1,173 of 98,765 orders. " * 300
    for told in (case, dataclasses.replace(case, notification=long, facts=(*case.facts, Fact("f9", "context", long)), evidence=(Evidence("log.txt", long),))):
        chat = FakeChat(answer=lambda asked: "We checked 12 boxes on 3 May. " * (asked.max_tokens // 8))
        assert baselines.letters_as_examples(told, chat)
        json_chat = FakeChat(replies=[KIND, b4_reply()])
        assert baselines.one_json_answer(told, json_chat)
        for asked in (*chat.asked, *json_chat.asked):
            assert baselines.tokens(asked.system) + baselines.tokens(asked.user) + asked.max_tokens < CONTEXT - baselines.SPARE // 2
        # Never so little that no letter is seen.
        assert all("END OF" in a.system and len(a.system.split("END OF THE SUCCESSFUL")[0]) > 800 for a in chat.asked)


def test_b4_asks_for_the_kind_of_case_and_then_for_one_object_of_which_the_letter_is_kept() -> None:
    chat = FakeChat(replies=[KIND, f"```json\n{b4_reply()}\n```"])
    assert baselines.one_json_answer(lid(), chat) == "Dear team,\nOn 3 May we refunded 7 orders."
    assert "order_defect_rate: order defect rate" in chat.asked[0].user and "Kind of case: order defect rate" in chat.asked[1].user
    assert chat.asked[0].schema and chat.asked[1].schema
    assert next(e.text for e in baselines.finished_letters() if e.id == "odr-variant-plan") in chat.asked[1].user


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        pytest.param(["order_defect_rate"], "is no JSON", id="a bare word"),
        pytest.param(['{"case_type": "bad_luck"}'], "no kind of case", id="a kind that does not exist"),
        pytest.param(['["order_defect_rate"]'], "lacks case_type", id="a list"),
        pytest.param([KIND, Reply(b4_reply(), 1, 1, 0.1, False)], "was cut off", id="cut off, though readable"),
        pytest.param([KIND, b4_reply()[:-9]], "is no JSON", id="half an object"),
        pytest.param([KIND, b4_reply(letter=None)], "lacks letter", id="no letter"),
        pytest.param([KIND, b4_reply(letter=["Dear team"], tips="none")], "lacks letter, tips", id="wrong types"),
        pytest.param([KIND, b4_reply(letter=" ")], "empty letter", id="an empty letter"),
    ],
)
def test_an_unusable_reply_to_baseline_b4_is_an_outcome_of_its_own(tmp_path: Path, replies: list[str | Reply | Exception], words: str) -> None:
    with pytest.raises(ReplyUnusable, match=words):
        baselines.one_json_answer(lid(), FakeChat(replies=list(replies)))
    summary = run_drafts(tmp_path, FakeChat(replies=list(replies)), writer="B4", limit=1)["writers"]["B4"]["all"]
    assert (summary["letters"], summary["crashed"], summary["unusable"]) == (0, [], ["lid-en"])
    # What the model answered stays its answer: it is not asked again.
    assert run_drafts(tmp_path, FakeChat(), writer="B4", limit=1)["writers"]["B4"]["all"]["unusable"] == ["lid-en"]


def test_b0_fills_the_letter_of_the_family() -> None:
    letter = baselines.static_fill(lid(), NoChat())
    assert "Ashmere Goods" in letter and "amazon.com" in letter and "$" not in letter


# --- the other sets -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [SMOKE, SMOKE_ZH], ids=["english", "chinese"])
def test_notices_give_numbers_and_items(tmp_path: Path, data: Path) -> None:
    result = evals.run("notices", data=data, items=tmp_path / "items.jsonl")
    assert result["records"] == 5
    assert 0 <= result["kind_accuracy"] <= 1
    assert result["asins"]["recall"] == 1.0
    item = json.loads((tmp_path / "items.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert item["id"] == "n1" and set(item["predicted"]) >= {"kind", "case_type_ranked", "deadline_hours", "requested", "quotes"}


def test_a_case_type_is_right_by_its_alternative_and_top_three_looks_at_the_ranking() -> None:
    from rag.models import Notice

    record = {"kind": "warning", "case_type": "a", "case_type_alt": ["b"], "deadline_hours": None}
    judged = notices._judge(record, Notice("warning", "", (("c", 0.4), ("b", 0.35))))
    assert (judged["case_type_top1"], judged["case_type_top3"], judged["settled"]) == (False, True, False)
    assert notices._judge(record, Notice("warning", "b"))["case_type_top1"] is True


def test_statements_are_scored_overall_by_kind_and_by_language() -> None:
    def judge(text: str, *, conceded: Sequence[str], case_type: str, facts: Sequence[Fact], meaning: None) -> Judgement:
        bad = "counterfeit" in text
        return Judgement("forbidden", "admits_counterfeit", 1.0, text) if bad else Judgement("allowed", "", 0.0, "")

    result = statements.evaluate(SMOKE, judge=judge, **QUIET)
    # Of two forbidden ones it finds one; it also forbids the denial: precision 1/2, recall 1/2.
    assert (result["precision"], result["recall"], result["f1"]) == (0.5, 0.5, 0.5)
    assert result["false_alarm_rate"] == pytest.approx(1 / 3)
    assert result["by_kind"]["admits_counterfeit"]["recall"] == 1.0
    assert result["by_kind"]["threat"]["recall"] == 0.0
    assert result["by_lang"]["en"]["wanted"] == 2


def test_groundedness_by_lock_alone_finds_numbers_and_says_what_it_cannot_find() -> None:
    result = groundedness.evaluate(SMOKE, **QUIET)
    assert result["by_error_type"]["number"]["recall"] == 1.0
    assert result["by_error_type"]["added_action"]["recall"] == 0.0
    assert (result["precision"], result["recall"]) == (1.0, 0.75)
    assert "No judge and no model was given" in result["notes"][1]


def test_groundedness_with_a_model_uses_its_odds() -> None:
    result = groundedness.evaluate(SMOKE, chat=FakeChat(odds=[2.0, 2.0, 0.1, 2.0, None]), **QUIET)
    assert result["by_error_type"]["added_action"]["recall"] == 1.0
    assert result["undecided"] == 1
    assert result["model"] == "fake"


@pytest.mark.parametrize("data", [SMOKE, SMOKE_ZH], ids=["english", "chinese"])
def test_sections_of_other_peoples_letters_are_found(tmp_path: Path, data: Path) -> None:
    result = evals.run("letters", data=data, items=tmp_path / "items.jsonl", words_only=True)
    assert [s["accuracy"] for s in result["sections"].values()] == [1.0, 1.0, 1.0]
    assert len((tmp_path / "items.jsonl").read_text(encoding="utf-8").splitlines()) == 5


def test_an_admission_is_matched_once_by_its_words_and_kind() -> None:
    record = {"admissions": [{"quote": "we knowingly sold counterfeit items", "kind": "admits_counterfeit"}]}
    findings = [Finding("s", "block", "m", quote="sold counterfeit items", kind="admits_intent_or_knowledge")]
    assert letters.matched(record, findings, with_kind=False) == 1
    assert letters.matched(record, findings, with_kind=True) == 0
    assert letters.matched({"admissions": record["admissions"] * 2}, findings, with_kind=False) == 1


def passage(name: str, text: str) -> Passage:
    return Passage(f"{name}@en", "", text, "en", ("all",), ("all",), "own", "undated", "own")


def test_retrieval_counts_the_rank_of_the_passage_that_states_the_fact() -> None:
    known = [
        passage("odr", "The order defect rate must stay under 1% over 60 days."),
        passage("lsr", "The late shipment rate must stay under 4%."),
        passage("other", "Write politely."),
    ]
    result = retrieval.evaluate(SMOKE, retriever=Retriever(None, passages_=known), **QUIET)
    # Two of five queries have a passage here, both first.
    assert (result["recall@1"], result["recall@10"], result["mrr"]) == (0.4, 0.4, 0.4)
    assert result["encoder"] is False


def test_a_passage_with_another_number_does_not_state_the_fact() -> None:
    record = {"gold_fact": "The late shipment rate must stay under 4%.", "fact_numbers": ["4"]}
    assert retrieval.why_right(passage("a", "The late shipment rate must stay under 4%."), record, 0.0) == "words"
    assert retrieval.why_right(passage("b", "The late shipment rate must stay under 14%."), record, 0.99) == ""
    assert retrieval.why_right(passage("c", "迟发率须低于4%。"), record, 0.8) == "meaning"
    assert retrieval.why_right(passage("d", "Wait 4 days."), record, 0.3) == ""


# --- bad data -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["notices", "statements", "groundedness", "letters"])
def test_a_missing_file_is_named_with_what_was_expected(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"\.jsonl: there is no such file; expected JSON Lines.* id, "):
        evals.run(name, data=tmp_path, doors=Doors(NoChat()))


def test_an_unknown_set_is_named() -> None:
    with pytest.raises(BadInput, match=r"notice.*notices"):
        evals.run("notice")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{broken", "line 2: not valid JSON"),
        ('["a"]', "line 2: found a list"),
        ('{"id": "b"}', "line 2: field 'label' is missing"),
        ('{"id": "b", "label": 3}', "line 2: field 'label' is a whole number '3'; expected text of yes, no"),
        ('{"id": "b", "label": "maybe"}', "line 2: field 'label' has 'maybe'; expected text of yes, no"),
        ('{"id": "a", "label": "yes"}', "line 2: id 'a' stands already in line 1"),
    ],
)
def test_a_wrong_record_is_named_with_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": "a", "label": "no"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(BadInput) as error:
        read_records(tmp_path, "x.jsonl", {"id": Field(str, required=True), "label": Field(str, required=True, allowed=("yes", "no"))})
    assert words in error.value.message and "x.jsonl" in error.value.message


# --- report ---------------------------------------------------------------------------------------------------------------------


def test_the_page_holds_everything_in_itself_and_escapes_letters(tmp_path: Path) -> None:
    evil = "Root Cause\nOn 9 May <script>alert(1)</script> we refunded 99 orders. [Your Name]\n"
    result = run_drafts(tmp_path, FakeChat(answer=lambda asked: evil), writer="B1,B0")
    path = report.page(result, tmp_path / "page.html")
    html = path.read_text(encoding="utf-8")
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "http://" not in html and "https://" not in html
    assert '<mark class="invented" title="invented">99</mark>' in html
    assert '<mark class="gap" title="gap">[Your Name]</mark>' in html
    assert "<svg" in html and "B1 plain chat" in html


def test_runs_of_single_writers_are_joined_in_table_and_page(tmp_path: Path) -> None:
    chat = FakeChat(answer=lambda asked: PLAN)
    runs = {w: run_drafts(tmp_path, chat, writer=w) for w in ("B1", "B0")}
    shown = report.table(runs)
    assert "B1" in shown.splitlines()[1] and "B0" in shown.splitlines()[1] and "Must-mention" in shown
    assert report.page(runs, tmp_path / "page.html").read_text(encoding="utf-8").count("<h3>B") == 4


def test_other_sets_have_a_table_and_a_page(tmp_path: Path) -> None:
    result = evals.run("notices", data=SMOKE)
    assert "kind_accuracy" in report.table(result)
    assert "kind_accuracy" in report.page(result, tmp_path / "page.html").read_text(encoding="utf-8")


# --- for real ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_small_case_is_drafted_and_scored_with_the_real_model(tmp_path: Path, real_settings: Settings) -> None:
    from rag.pipeline import open_doors

    doors = open_doors(real_settings, search=False, cache=False)
    result = evals.run("drafts", data=SMOKE_ZH, writer="ours,B5", out=tmp_path / "run", doors=doors)
    ours, rival = (result["writers"][w]["all"] for w in ("ours", "B5"))
    assert ours["letters"] == rival["letters"] == 1
    assert ours["metrics"]["invented"]["mean"] == 0
    assert ours["metrics"]["tokens_out"]["mean"] > 0 and rival["metrics"]["calls"]["mean"] == 1


def test_the_meter_counts_fresh_replies_only() -> None:
    chat = FakeChat(replies=[Reply("a", 10, 2, 0.1, True), Reply("b", 10, 2, 0.1, True, cached=True)], odds=[1.0])
    meter = drafts.Meter(chat)
    meter.complete("", "one", max_tokens=5)
    meter.complete("", "two", max_tokens=5)
    meter.yes_odds("", "three")
    assert (meter.calls, meter.tokens_in, meter.tokens_out, meter.questions) == (1, 10, 2, 1)
    assert isinstance(chat.asked[0], Asked)
