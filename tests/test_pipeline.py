"""The whole way from a case to a letter, with a fake model and a fake encoder at the doors; once with the packaged ones."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rag import knowledge
from rag.atoms import find_atoms
from rag.checks.lock import lost
from rag.errors import BadInput, KnowledgeError, ModelUnavailable, Stopped
from rag.formats import letter_from, letter_to, load_case, sentences
from rag.index import PassageIndex
from rag.llm import CachedChat, Message, NoChat, Reply, ReplyStore
from rag.models import Case, Evidence, Fact, Letter
from rag.notice import read_notice
from rag.pipeline import Doors, Event, check_letter, draft_letter, open_doors, retrieve_for, settle_case_type
from rag.plan import make_plan
from rag.retrieve import Retriever
from rag.settings import PROJECT, Settings
from tests.conftest import Asked, FakeChat, FakeEncoder

CASES = PROJECT / "evals" / "cases"

ANSWERS = {
    "迟发率7.2%": "As of 14 March 2026 our 30-day late shipment rate was 7.2% (41 of 569 orders).",
    "填的1": "The handling time was set to 1 day, while packing took 2 days.",
    "发完": "On 16 March 2026 we shipped all 64 overdue orders.",
    "抽查": "From 1 April 2026 the warehouse lead will spot-check 20 orders every Monday.",
}
PLAN = Case(
    "plan", "Your selling privileges have been suspended because your late shipment rate is above our target. Send a plan within 17 days that explains the root cause.",
    store_name="Harrow Lamps",
    facts=(
        Fact("f1", "metric", "截至2026年3月14日30天迟发率7.2%(41/569)"),
        Fact("f2", "cause", "备货时间填的1天,实际打包要2天"),
        Fact("f3", "action_done", "2026年3月16日把64单逾期订单全部发完"),
        Fact("f4", "action_planned", "2026年4月1日起仓库主管每周一抽查20单"),
        Fact("f5", "context", "We sell lamps from one warehouse in Ningbo."),
    ),
    evidence=(Evidence("settings.png", "Shipping settings of 16 March 2026"),),
)  # fmt: skip


def answer(asked: Asked) -> str:
    """The right wording of a fact of `PLAN`; what it does not know is a failing test."""
    fact = asked.user if "Fact:" in asked.user else asked.examples[-1][0]
    return next(text for part, text in ANSWERS.items() if part in re.sub(r"\s", "", fact))


@pytest.fixture
def chat() -> FakeChat:
    return FakeChat(answer=answer)


def texts(letter: Letter) -> dict[str, list[str]]:
    return {s.id: [t.text for t in s.sentences] for s in letter.sections}


# --- the whole way -------------------------------------------------------------------------------------------------


def test_a_plan_from_chinese_facts(chat: FakeChat) -> None:
    letter = draft_letter(PLAN, Doors(chat))
    said = texts(letter)
    assert (letter.document, letter.stance, letter.case_type, letter.language) == ("appeal", "accept_and_fix", "late_shipment_rate", "en")
    assert said["root_cause"][:2] == [PLAN.facts[4].text, ANSWERS["迟发率7.2%"]]
    assert said["corrective_actions"] == [ANSWERS["发完"]]
    assert said["preventive_measures"] == [ANSWERS["抽查"]]
    assert said["closing"] == ["Harrow Lamps"]
    assert [f for f in letter.findings if f.severity == "block" and f.check in {"fact_lock", "wording", "tense"}] == []
    assert (letter.run.model, letter.run.calls, set(letter.run.prompts)) == ("fake", 4, {"word", "word_trained", "reword", "polish", "support"})


def test_a_contest_admits_nothing_and_needs_no_model() -> None:
    chat = FakeChat()
    letter = draft_letter(load_case(str(CASES / "tm-wrong-compat-en.yaml")), Doors(chat))
    assert letter.document == "contest"
    assert not {"root_cause", "corrective_actions", "preventive_measures"} & set(texts(letter))
    whole = " ".join(s.text for s in sentences(letter)).lower()
    assert "apolog" not in whole and "sorry" not in whole
    assert chat.asked == [], "clean English stays the seller's own"


def test_a_verification_has_no_plan() -> None:
    chat = FakeChat(answer=lambda asked: "nonsense 77")
    letter = draft_letter(load_case(str(CASES / "verify-unit-number-en.yaml")), Doors(chat))
    assert letter.document == "verification"
    assert not {"root_cause", "corrective_actions", "preventive_measures"} & set(texts(letter))
    assert "77" not in " ".join(s.text for s in sentences(letter))


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_case_gets_a_letter_in_which_each_sentence_has_facts_or_is_fixed(path: Path) -> None:
    case = load_case(str(path))
    letter = draft_letter(case, Doors(NoChat()))
    known = {f.id for f in case.facts} | {f"evidence:{n}" for n in range(1, len(case.evidence) + 1)}
    for sentence in sentences(letter):
        assert sentence.text.strip()
        assert sentence.origin == "fixed" or sentence.facts
        assert set(sentence.facts) <= known
    wished = {f for finding in letter.findings if finding.check == "dishonest_wish" for f in finding.facts}
    said = {f for s in sentences(letter) for f in s.facts}
    left = {f for finding in letter.findings if finding.check == "left_out" for f in finding.facts}
    assert {f.id for f in case.facts} - said <= wished | left | {f.id for f in case.facts if f.question}


def test_every_stated_fact_stays_whole(chat: FakeChat) -> None:
    letter = draft_letter(PLAN, Doors(chat))
    by_id = {f.id: f for f in PLAN.facts}
    for sentence in sentences(letter):
        if sentence.origin == "model":
            assert lost(sentence.text, [by_id[f] for f in sentence.facts], first=False) == []


def test_passages_are_found_and_only_point_at_the_rule() -> None:
    guide = tuple(p for p in Retriever(None)._passages if "late_shipment_rate" in p.case_types)  # the real ones, in words only
    retriever = Retriever(None, passages_=guide)
    letter = draft_letter(PLAN, Doors(FakeChat(answer=answer), retriever))
    cited = {p for s in sentences(letter) for p in s.passages}
    assert cited and cited <= {p.id for p in guide}
    plain = draft_letter(PLAN, Doors(FakeChat(answer=answer)))
    assert [s.text for s in sentences(letter)] == [s.text for s in sentences(plain)], "guidance never becomes text of the letter"


def test_the_retriever_is_asked_with_case_type_and_store(settings: Settings) -> None:
    from rag.models import Passage

    guide = tuple(
        Passage(f"{name}@en", "Late shipment rate", "late shipment rate 7.2% 迟发率", "en", ("late_shipment_rate",), (store,), "s", "d", "own") for name, store in (("us", "US"), ("de", "DE"))
    )
    index = PassageIndex(settings, FakeEncoder())
    index.build(guide)
    case = dataclasses.replace(PLAN, case_type="late_shipment_rate", marketplace="DE")
    plan = make_plan(case, read_notice(case.notification), knowledge.case_type("late_shipment_rate"))
    found, plan = retrieve_for(plan, case, Retriever(index, passages_=guide))
    assert {p.id for p in found} == {"de@en"}
    assert {i for _, points in plan.sections for p in points for i in p.passages} == {"de@en"}


def test_each_step_is_reported_in_order(chat: FakeChat) -> None:
    chat.odds = [2.0] * 4
    events: list[Event] = []
    letter = draft_letter(PLAN, Doors(chat), on_event=events.append)
    assert list(dict.fromkeys(e.step for e in events)) == ["plan", "retrieve", "word", "support"]
    worded = [e for e in events if e.step == "word"]
    assert [e.done for e in worded] == list(range(1, worded[0].total + 1))
    assert [e.sentence for e in worded] == [s for s in sentences(letter) if s.text != "Harrow Lamps"]


def test_the_same_case_gives_the_same_letter(chat: FakeChat) -> None:
    one, other = draft_letter(PLAN, Doors(chat)), draft_letter(PLAN, Doors(FakeChat(answer=answer)))
    assert one.sections == other.sections and one.findings == other.findings


def test_nothing_of_the_case_is_changed(chat: FakeChat) -> None:
    before = dataclasses.asdict(PLAN)
    draft_letter(PLAN, Doors(chat))
    assert dataclasses.asdict(PLAN) == before


# --- what goes wrong -----------------------------------------------------------------------------------------------


def test_without_a_model_chinese_facts_are_gaps_that_block() -> None:
    letter = draft_letter(PLAN)
    assert letter.run.model == NoChat().name
    gaps = [s for s in sentences(letter) if s.text.startswith("[to be supplied: English wording")]
    assert {f for s in gaps for f in s.facts} == {"f1", "f2", "f3", "f4"}
    blocked = {f for finding in letter.findings if finding.severity == "block" for f in finding.facts}
    assert {"f1", "f2", "f3", "f4"} <= blocked


def test_a_finding_points_at_its_sentence() -> None:
    letter = draft_letter(PLAN)
    all_sentences = sentences(letter)
    for finding in letter.findings:
        if finding.check == "wording" and finding.sentence is not None:
            assert all_sentences[finding.sentence].text == finding.quote


def test_a_doubt_of_the_model_is_a_warning_with_its_sentence(chat: FakeChat) -> None:
    chat.odds = [2.0, 0.1, 2.0, 2.0]
    letter = draft_letter(PLAN, Doors(chat))
    (doubt,) = [f for f in letter.findings if f.check == "support"]
    assert doubt.severity == "warn" and doubt.sentence is not None
    assert sentences(letter)[doubt.sentence].text == doubt.quote


def test_a_dishonest_wish_is_not_written_but_named(chat: FakeChat) -> None:
    case = dataclasses.replace(PLAN, facts=(*PLAN.facts, Fact("wish", "cause", "就说是物流公司的问题")))
    letter = draft_letter(case, Doors(chat))
    assert "wish" not in {f for s in sentences(letter) for f in s.facts}
    assert [f.facts for f in letter.findings if f.check == "dishonest_wish"] == [("wish",)]


def test_specialist_case_types_are_refused_with_a_sentence() -> None:
    refused = [k for k in knowledge.case_types() if k.reply_form == "specialist"]
    assert refused
    for kind in refused:
        with pytest.raises(BadInput, match="matter for a lawyer") as error:
            draft_letter(Case("c", case_type=kind.id))
        assert "律师" in error.value.message_zh


def test_an_unsure_case_type_is_asked_for_with_the_candidates() -> None:
    text = "Your account is at risk. Your order defect rate and your cancellation rate are above the target."
    with pytest.raises(BadInput, match=r"c: the case type is unsure .*(order_defect_rate|cancellation_rate)") as error:
        draft_letter(Case("c", text))
    assert "case_type" in error.value.message_zh
    with pytest.raises(BadInput, match="no known phrase"):
        draft_letter(Case("c", "Hello."))


def test_the_case_type_of_the_seller_counts_before_the_one_that_was_read() -> None:
    case = Case("c", "late shipment rate", case_type="order_defect_rate")
    assert settle_case_type(case, read_notice(case.notification)).case_type == "order_defect_rate"
    with pytest.raises(KnowledgeError, match="Did you mean"):
        draft_letter(Case("c", case_type="order_defekt_rate"))


def test_a_model_that_cannot_be_reached_is_an_error_and_no_letter() -> None:
    with pytest.raises(ModelUnavailable):
        draft_letter(PLAN, Doors(FakeChat(replies=[ModelUnavailable("gone")])))


def test_a_case_without_facts_gives_a_frame_of_gaps() -> None:
    letter = draft_letter(Case("c", case_type="late_shipment_rate", stance="accept_and_fix"))
    assert letter.gaps
    assert all(s.origin == "fixed" for s in sentences(letter))
    assert any(f.severity == "block" for f in letter.findings)


# --- stopping and going on -----------------------------------------------------------------------------------------


@dataclass
class Talking:
    """A model behind the reply store that counts what it is really asked."""

    name: str = "talking"
    identity: str = "talking-1"
    remote: bool = False
    adapters: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def talk(self, messages: list[Message], max_tokens: int, temperature: float, schema: dict[str, Any] | None, stop: list[str], latin: bool = False, adapter: str = "") -> Reply:
        self.asked.append(messages[-1][1])
        return Reply(answer(Asked("", messages[-1][1])), 10, 5, 0.0, finished=True)

    def first_tokens(self, messages: list[Message]) -> list[tuple[str, float]] | None:
        return [("Yes", -0.1), ("No", -3.0)]


def test_a_stopped_draft_is_gone_on_with_and_finished_work_is_not_asked_again(tmp_path: Path) -> None:
    store = tmp_path / "replies.sqlite"
    first = Talking()
    events: list[Event] = []
    with pytest.raises(Stopped, match=r"Stopped after \d+ of \d+ sentences") as error:
        draft_letter(PLAN, Doors(CachedChat(first, ReplyStore(store))), on_event=events.append, should_stop=lambda: len(first.asked) >= 2)
    assert error.value.message_zh
    assert len(first.asked) == 2

    second = Talking()
    letter = draft_letter(PLAN, Doors(CachedChat(second, ReplyStore(store))))
    assert len(second.asked) == 2, "only the rest"
    assert not set(second.asked) & set(first.asked)
    assert letter.run.calls == 2
    assert letter.sections == draft_letter(PLAN, Doors(FakeChat(answer=answer))).sections


def test_a_changed_fact_is_asked_again_and_the_others_are_not(tmp_path: Path) -> None:
    store = ReplyStore(tmp_path / "replies.sqlite")
    draft_letter(PLAN, Doors(CachedChat(Talking(), store)))
    changed = dataclasses.replace(PLAN, facts=(PLAN.facts[0], Fact("f2", "cause", "备货时间填的1天,打包要2天"), *PLAN.facts[2:]))
    talking = Talking()
    draft_letter(changed, Doors(CachedChat(talking, store)))
    assert len(talking.asked) == 1


def test_stopping_before_the_first_sentence() -> None:
    with pytest.raises(Stopped, match="Stopped after 0 of"):
        draft_letter(PLAN, Doors(FakeChat()), should_stop=lambda: True)


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_letter_survives_the_way_through_its_file(chat: FakeChat) -> None:
    letter = draft_letter(PLAN, Doors(chat))
    again = letter_from(json.loads(json.dumps(letter_to(letter), ensure_ascii=False)), where="letter.json")
    assert again == letter


def test_a_letter_can_be_checked_again_after_an_edit(chat: FakeChat) -> None:
    case = dataclasses.replace(PLAN, case_type="late_shipment_rate")
    letter = draft_letter(case, Doors(chat))
    assert [f for f in check_letter(letter, case) if f.check == "fact_lock"] == []
    section = next(s for s in letter.sections if s.id == "root_cause")
    changed = tuple(dataclasses.replace(t, text=t.text.replace("7.2%", "6.2%"), origin="edited") if "7.2%" in t.text else t for t in section.sentences)
    edited = dataclasses.replace(letter, sections=tuple(dataclasses.replace(s, sentences=changed) if s is section else s for s in letter.sections))
    found = [f for f in check_letter(edited, case) if f.check == "fact_lock"]
    assert [(f.quote, f.severity) for f in found] == [("6.2%", "block")]


def test_doors_without_search_open_nothing(settings: Settings) -> None:
    doors = open_doors(settings, model="none", search=False)
    assert doors.retriever is None and not doors.chat.available
    assert not settings.index_folder.exists()


# --- for real ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_packaged_model_words_real_facts_with_every_number(real_settings: Settings) -> None:
    case = load_case(str(CASES / "lsr-four-metrics-zh.yaml"))
    case = dataclasses.replace(case, facts=case.facts[:3], evidence=())
    letter = draft_letter(case, open_doors(real_settings))
    by_id = {f.id: f for f in case.facts}
    told = [s for s in sentences(letter) if s.facts]
    assert {f for s in told for f in s.facts} == set(by_id)
    for sentence in told:
        assert sentence.origin == "model", sentence.text
        assert not re.search(r"[一-鿿]", sentence.text)
        assert lost(sentence.text, [by_id[f] for f in sentence.facts], first=False) == []
    assert find_atoms(told[0].text)
    assert any(s.passages for s in told), "the packaged encoder finds guidance"
