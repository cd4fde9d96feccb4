"""The pair judge: tokens under words, verdicts kept, and the real one telling a right wording from a wrong one."""

from __future__ import annotations

import numpy as np
import pytest

from rag.checks.meaning import Meaning, open_meaning
from rag.checks.support import check_support
from rag.checks.view import view_of
from rag.judge import Judge, Row, Verdict, doubted
from rag.models import Case, Fact, Letter, Section, Sentence
from rag.pipeline import Doors, draft_letter
from rag.settings import Settings
from rag.word import word_point
from tests.conftest import FakeChat, FakeEncoder

FACT = Fact("f1", "action_done", "8月27日退款给61个买家")
CASE = Case("c", facts=(FACT,), case_type="late_shipment_rate", stance="accept_and_fix")


class FakeJudge(Judge):
    """Doubts what it is told to doubt."""

    def __init__(self, doubts: dict[str, float], omits: dict[str, float] | None = None) -> None:
        self.thresholds = {"doubt": 0.5, "omits": 0.5}
        self.doubts, self.omits = doubts, omits or {}

    def judge(self, pairs: object) -> list[Verdict]:
        return [Verdict(self.doubts.get(sentence, 0.0), self.omits.get(sentence, 0.0), ()) for _, sentence in pairs]  # type: ignore[attr-defined]


def meaning_with(judge: Judge) -> Meaning:
    return Meaning(FakeEncoder(), {}, judge)


def letter_of(*sentences: Sentence) -> Letter:
    return Letter("c", "appeal", "en", "accept_and_fix", "late_shipment_rate", (Section("corrective_actions", "", sentences),))


def test_doubted_tokens_are_shown_as_whole_words_and_neighbours_together() -> None:
    text = "We refunded all 61 buyers at once."
    row = Row((), (0, 0), (0, 0), tuple((m, m + 1) for m in range(len(text))))
    chances = [0.9 if 12 <= n < 15 or text.find("at once") <= n < len(text) - 1 else 0.1 for n in range(len(text))]
    assert doubted(text, row, chances) == ("all", "at once")
    assert doubted(text, row, [0.2] * len(text)) == ()


def test_a_doubted_sentence_is_warned_about_with_its_facts_and_a_sure_one_is_not() -> None:
    letter = letter_of(Sentence("We refunded 61 buyers on 27 August.", ("f1",)), Sentence("We refunded and called 61 buyers.", ("f1",)))
    (found,) = check_support(view_of(letter, CASE), CASE, meaning=meaning_with(FakeJudge({"We refunded and called 61 buyers.": 0.9})))
    assert (found.check, found.severity, found.sentence, found.facts) == ("support", "warn", 1, ("f1",))
    assert found.why_zh and found.fix_zh


def test_what_is_left_out_is_a_note_for_our_own_sentences_only() -> None:
    text = "We refunded 61 buyers."
    judge = FakeJudge({}, {text: 0.9})
    assert [f.kind for f in check_support(view_of(letter_of(Sentence(text, ("f1",))), CASE), CASE, meaning=meaning_with(judge))] == ["omission"]
    assert check_support(view_of(letter_of(Sentence(text, ("f1",), origin="edited")), CASE), CASE, meaning=meaning_with(judge)) == []


def test_a_sentence_without_pointers_is_held_against_the_nearest_facts() -> None:
    text = "8月27日退款给61个买家"  # the fake encoder knows only equal words
    found = check_support(view_of(letter_of(Sentence(text, (), origin="edited")), CASE), CASE, meaning=meaning_with(FakeJudge({text: 0.9})))
    assert [f.facts for f in found] == [("f1",)]
    far = letter_of(Sentence("Please review our appeal.", (), origin="edited"))
    assert check_support(view_of(far, CASE), CASE, meaning=meaning_with(FakeJudge({"Please review our appeal.": 0.9}))) == []


def test_of_several_wordings_the_least_doubted_stands() -> None:
    wrong, right = "On 27 August we refunded 61 sellers.", "On 27 August we refunded 61 buyers."
    chat = FakeChat(replies=[wrong, right])
    from rag.models import Point

    worded = word_point(Point("p", "corrective_actions", (FACT,)), CASE, chat, FakeJudge({wrong: 0.95}))
    assert worded.sentence.text == right and worded.calls == 2


@pytest.mark.slow
def test_the_real_judge_prefers_the_right_wording_and_leaves_the_vectors_alone(real_settings: Settings) -> None:
    meaning = open_meaning(real_settings)
    assert meaning is not None and meaning.judge is not None
    before = meaning._encoder.encode_passages(["The label printer failed."])
    fact = ("搬仓前没人去后台调备货时间,也没降可售数量",)
    right = "Before the move, nobody adjusted the handling time in Seller Central, and the available quantity was not lowered either."
    wrong = "Before the move, we adjusted the handling time in Seller Central and lowered the available quantity."
    good, bad = meaning.judge.judge([(fact, right), (fact, wrong)])
    assert good.doubt < bad.doubt and bad.doubt > meaning.judge.thresholds["doubt"]
    assert np.array_equal(before, meaning._encoder.encode_passages(["The label printer failed."]))


@pytest.mark.slow
def test_a_draft_with_the_real_judge_is_checked_by_it_and_not_by_the_chat_model(real_settings: Settings) -> None:
    chat = FakeChat(answer=lambda asked: "On 27 August we refunded 61 buyers.")
    letter = draft_letter(CASE, Doors(chat, None, open_meaning(real_settings)))
    assert chat.odds_asked == []
    assert not [f for f in letter.findings if f.check == "undecided"]
