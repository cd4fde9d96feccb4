"""knowledge/ is data that people edit: everything loads, and each mistake is named with its file and its key."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from rag import knowledge
from rag.checks.lexicon import entries
from rag.errors import KnowledgeError
from rag.models import AdmissionKind, Document, NeverKind, SectionId, Stance
from rag.plan import DOCUMENT_OF, frames, heading, propose_stance

# --- what is there -------------------------------------------------------------------------------------------------


def test_the_knowledge_has_no_gap() -> None:
    assert knowledge.problems() == []


def test_all_case_types_load() -> None:
    kinds = knowledge.case_types()
    assert len(kinds) == 42
    assert [k.id for k in kinds] == sorted({k.id for k in kinds})


def test_the_letter_rules_cover_every_kind_of_document() -> None:
    documents = knowledge.letter_rules()["documents"]
    assert set(documents) == set(get_args(Document))
    for name, rules in documents.items():
        assert set(rules["sections"]) <= set(get_args(SectionId)), name
        assert rules["max_words"] > 0


def test_the_letter_rules_say_what_each_admission_means() -> None:
    rules = knowledge.letter_rules()
    named = rules["admission_kinds"]
    assert set(get_args(AdmissionKind)) <= {k["kind"] if isinstance(k, dict) else k for k in named}


def test_what_no_letter_may_contain_uses_the_closed_set() -> None:
    kinds = {rule["kind"] for rule in knowledge.letter_rules()["never_write"]}
    assert kinds <= {*get_args(NeverKind), *get_args(AdmissionKind), ""}
    assert set(get_args(NeverKind)) <= kinds


def test_refused_advice_has_an_honest_way_in_both_languages() -> None:
    for advice in knowledge.letter_rules()["advice_to_refuse"]:
        for part in ("why", "instead"):
            assert advice[part]["en"].strip() and advice[part]["zh"].strip(), advice["id"]


def test_case_types_refer_to_advice_that_exists() -> None:
    known = {advice["id"] for advice in knowledge.letter_rules()["advice_to_refuse"]}
    assert {(k.id, a) for k in knowledge.case_types() for a in k.refuse if a not in known} == set()


@pytest.mark.parametrize("kind", knowledge.case_types(), ids=lambda kind: kind.id)
def test_every_allowed_stance_has_sections_and_a_document(kind: knowledge.CaseType) -> None:
    assert len({o.stance for o in kind.stances}) == len(kind.stances)
    for option in kind.stances:
        if kind.reply_form != "specialist":
            assert option.sections, option.stance
        assert DOCUMENT_OF[option.stance] in get_args(Document)
        assert len(set(option.sections)) == len(option.sections)


@pytest.mark.parametrize("kind", knowledge.case_types(), ids=lambda kind: kind.id)
def test_a_contest_has_no_sections_that_imply_guilt(kind: knowledge.CaseType) -> None:
    option = kind.option("contest")
    if option is not None:
        assert not {"root_cause", "corrective_actions", "preventive_measures"} & set(option.sections)


def test_the_glossary_loads_and_terms_are_in_their_script() -> None:
    from rag.script import has_han

    terms = knowledge.glossary()
    assert len(terms) > 100
    for term in terms:
        assert not any(has_han(word) for word in term.en), term.en
        assert {c for c in term.case_types if c not in knowledge.case_type_ids()} <= {"all"}, term.en


def test_the_lexicon_loads_and_no_form_stands_in_two_entries() -> None:
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries()):
        for form in entry.zh:
            assert seen.setdefault(form, number) == number, f"{form} stands twice"
    assert len(seen) > 300


def test_every_section_has_a_heading_and_frame_text_fills() -> None:
    for section in get_args(SectionId):
        assert section == "identification" or heading(section, stance="accept_and_fix", case_type="late_shipment_rate"), section
    assert set(frames()["subjects"]) <= set(knowledge.case_type_ids())


def test_the_seller_without_a_choice_gets_a_stance_that_the_case_type_allows() -> None:
    from rag.models import Case

    for kind in knowledge.case_types():
        assert kind.option(propose_stance(Case("c"), kind)), kind.id


def test_questions_are_asked_once_and_fit_the_stance() -> None:
    for kind in knowledge.case_types():
        for stance in get_args(Stance):
            asked = knowledge.questions_of(kind, stance)
            assert len({q.id for q in asked}) == len(asked), kind.id
            assert all(not q.stances or stance in q.stances for q in asked)


def test_an_unknown_case_type_names_the_nearest() -> None:
    with pytest.raises(KnowledgeError, match="Did you mean 'late_shipment_rate'") as error:
        knowledge.case_type("late_shipment")
    assert "late_shipment_rate" in error.value.message_zh


# --- what a mistake says -------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of knowledge/ with two case types and one file of guidance, small enough to break by hand."""
    copy = tmp_path / "knowledge"
    for name in ("sources.yaml", "glossary.yaml", "words.yaml", "questions.yaml", "evidence.yaml", "letter_rules.yaml", "notices.yaml"):
        copy.mkdir(exist_ok=True)
        shutil.copy(knowledge.KNOWLEDGE / name, copy / name)
    for name in ("late_shipment_rate", "related_account"):
        (copy / "case_types").mkdir(exist_ok=True)
        shutil.copy(knowledge.KNOWLEDGE / "case_types" / f"{name}.yaml", copy / "case_types")
    (copy / "guidance").mkdir()
    (copy / "asks.jsonl").write_text('{"id": "p-one", "zh": ["红旗多少才安全"], "en": ["safe late rate"]}\n', encoding="utf-8")
    one = {
        "id": "p-one", "topic": "limit", "case_types": ["late_shipment_rate"], "title": {"en": "Limit", "zh": "上限"},
        "text": {"en": "Below 4 %.", "zh": "低于 4 %。"}, "trust": "own", "sources": [], "as_of": "2026-01-01",
    }
    (copy / "guidance" / "small.yaml").write_text(yaml.safe_dump([one], allow_unicode=True), encoding="utf-8")
    return copy


def change(path: Path, edit: Callable[[Any], Any]) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    changed = edit(data)
    path.write_text(yaml.safe_dump(data if changed is None else changed, allow_unicode=True), encoding="utf-8")


LSR = "case_types/late_shipment_rate.yaml"


def test_the_small_copy_is_sound(folder: Path) -> None:
    assert knowledge.problems(folder) == []


def nowhere(data: Any) -> None:
    data["colour"] = "red"


def no_chinese(data: Any) -> None:
    del data["summary"]["zh"]


def empty_chinese(data: Any) -> None:
    data["questions"][0]["ask"]["zh"] = ""


def unknown_kind(data: Any) -> None:
    data["questions"][0]["kind"] = "figure"


def unknown_source(data: Any) -> None:
    data["sources"] = ["no-such-source"]


def question_twice(data: Any) -> None:
    data["questions"].append(data["questions"][0])


def no_phrases(data: Any) -> None:
    data["notice_phrases"]["strong"] = []


def other_id(data: Any) -> None:
    data["id"] = "late_shipment"


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (nowhere, ["colour", "xtra"]),
        (no_chinese, ["summary.zh", "required"]),
        (empty_chinese, ["questions.0.ask.zh"]),
        (unknown_kind, ["questions.0.kind"]),
        (unknown_source, ["'no-such-source'", "sources.yaml"]),
        (question_twice, ["stands twice"]),
        (no_phrases, ["strong notice phrases"]),
        (other_id, ["'late_shipment'", "expected 'late_shipment_rate'"]),
    ],
    ids=["unknown key", "missing translation", "empty translation", "word outside a closed set", "dead source", "question twice", "no phrases", "id and file name differ"],
)
def test_a_mistake_in_a_case_type_names_file_and_key(folder: Path, edit: Callable[[Any], None], words: list[str]) -> None:
    change(folder / LSR, edit)
    (problem,) = knowledge.problems(folder)
    assert LSR in problem
    assert all(word in problem for word in words), problem


def test_several_mistakes_of_one_file_are_named_together(folder: Path) -> None:
    change(folder / LSR, lambda data: (nowhere(data), no_chinese(data))[0])
    (problem,) = knowledge.problems(folder)
    assert "colour" in problem and "summary.zh" in problem


def test_a_syntax_error_names_file_and_line(folder: Path) -> None:
    (folder / "glossary.yaml").write_text("- en: [a]\n  zh: [b\n- en: c\n", encoding="utf-8")
    (problem,) = knowledge.problems(folder)
    assert problem.startswith("glossary.yaml, line 3")


def test_a_missing_file_is_a_problem_and_no_crash(folder: Path) -> None:
    (folder / "questions.yaml").unlink()
    problems = knowledge.problems(folder)
    assert any("questions.yaml" in p for p in problems)


def test_a_passage_id_used_twice_is_named_with_its_file(folder: Path) -> None:
    shutil.copy(folder / "guidance/small.yaml", folder / "guidance/zweite.yaml")
    (problem,) = knowledge.problems(folder)
    assert "guidance/zweite.yaml" in problem and "'p-one'" in problem and "twice" in problem


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("case_types", ["late_shipments"], ["p-one", "'late_shipments'"]),
        ("sources", ["no-such-source"], ["p-one", "'no-such-source'"]),
        ("trust", "official", ["p-one", "without a source"]),
        ("topic", "weather", ["guidance/small.yaml", "p-one", "topic"]),
        ("text", {"en": "Below 4 %."}, ["guidance/small.yaml", "p-one", "text.zh"]),
    ],
    ids=["dead case type", "dead source", "trust without source", "unknown topic", "missing translation"],
)
def test_a_mistake_in_a_passage_names_it(folder: Path, key: str, value: Any, words: list[str]) -> None:
    change(folder / "guidance/small.yaml", lambda data: data[0].__setitem__(key, value))
    (problem,) = knowledge.problems(folder)
    assert all(word in problem for word in words), problem


def test_a_mistake_in_a_shared_question_names_the_list_and_the_question(folder: Path) -> None:
    change(folder / "questions.yaml", lambda data: data["common"][0].__setitem__("typ", "text"))
    problems = [p for p in knowledge.problems(folder) if "questions.yaml" in p]
    assert problems and "common" in problems[0] and "typ" in problems[0]


def test_questions_of_a_passage_that_is_not_there_and_a_passage_without_questions_are_named(folder: Path) -> None:
    (folder / "asks.jsonl").write_text('{"id": "p-two", "zh": ["问"], "en": ["ask"]}\n', encoding="utf-8")
    missing, dead = knowledge.problems(folder)
    assert "'p-one' has no questions" in missing and "'p-two'" in dead


def test_a_word_without_its_english_is_named(folder: Path) -> None:
    (folder / "words.yaml").write_text("枕套: pillowcase\n盒:\n", encoding="utf-8")
    assert knowledge.problems(folder) == ["words.yaml has to hold Chinese words of two characters or more, each with its English word."]
