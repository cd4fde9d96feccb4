"""The trained heads: loading, what they add to statements and sections, and that the checks do without them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rag.checks.meaning import HEADS, PAIRS, Head, Meaning, load_head, open_meaning, save_head
from rag.checks.statements import KINDS, OK, check_statements, features_of, is_statement, judge_statement
from rag.checks.structure import has_section, told_sections
from rag.checks.view import view_of
from rag.formats import letter_from_text
from rag.settings import Settings


class Axis:
    """An encoder of two dimensions: texts with `bad` in them point one way, all others the other way."""

    name = "axis"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode_passages(self, passages: Sequence[str], titles: Sequence[str] | None = None) -> np.ndarray:
        self.encoded += passages
        return np.array([[1.0, 0.0] if "bad" in p else [0.0, 1.0] for p in passages], dtype=np.float32)


def statements_head(kind: str = "threat") -> Head:
    width = len(features_of("x"))
    weights = np.zeros((2, 2 + width), np.float32)
    weights[0, 0] = weights[1, 1] = 8.0
    return Head((kind, OK), weights, np.zeros(2, np.float32), "axis", {"forbid": 0.5, "warn": 0.6, "block": 0.9})


@pytest.fixture
def meaning() -> Meaning:
    return Meaning(Axis(), {"statements": statements_head()})


def test_a_head_survives_its_file(tmp_path: Path) -> None:
    save_head(tmp_path / "h.npz", statements_head())
    again = load_head(tmp_path / "h.npz")
    assert (again.labels, again.encoder) == (("threat", OK), "axis")
    assert again.thresholds["warn"] == pytest.approx(0.6)
    assert np.allclose(again.weights, statements_head().weights)


def test_the_head_decides_and_a_conceded_kind_is_no_risk(meaning: Meaning) -> None:
    judged = judge_statement("This is a bad sentence without any known word.", meaning=meaning)
    assert (judged.label, judged.kind) == ("forbidden", "threat")
    assert judge_statement("This is a fine sentence.", meaning=meaning).label == "allowed"
    admission = Meaning(Axis(), {"statements": statements_head("admits_counterfeit")})
    assert judge_statement("A bad sentence.", meaning=admission).label == "forbidden"
    assert judge_statement("A bad sentence.", meaning=admission, conceded=["admits_counterfeit"]).label == "allowed"


def test_a_person_whom_the_facts_name_is_no_invention() -> None:
    head = Meaning(Axis(), {"statements": statements_head("dishonest_scapegoat_invention")})
    assert judge_statement("A bad clerk did it.", meaning=head).label == "forbidden"
    assert judge_statement("A bad clerk did it.", meaning=head, facts=["Our bad clerk did it."]).label == "allowed"


def test_findings_of_the_head_name_the_sentence_and_spare_headings(meaning: Meaning) -> None:
    letter = letter_from_text("Dear bad team:\n\nThis is quite a bad thing to write in a letter.\n\nWe shipped all 64 orders on 27 August.")
    found = check_statements(view_of(letter, None), None, (), meaning=meaning)
    assert [(f.kind, f.severity, f.quote) for f in found] == [("threat", "block", "This is quite a bad thing to write in a letter.")]
    assert check_statements(view_of(letter, None), None, ()) == []


@pytest.mark.parametrize(("line", "says"), [("Dear Seller Performance Team,", False), ("Root cause", False), ("Store: Example Trading, amazon.com", False), ("尊敬的卖家绩效团队:", False), ("We counted the stock on 3 May.", True), ("我们在5月3日盘点了库存。", True)])
def test_headings_and_salutations_say_nothing_by_themselves(line: str, says: bool) -> None:
    assert is_statement(line) is says


def test_an_unchanged_sentence_is_not_encoded_again() -> None:
    encoder = Axis()
    meaning = Meaning(encoder, {"statements": statements_head()})
    for _ in range(2):
        judge_statement("A bad one.", meaning=meaning)
    assert encoder.encoded == ["A bad one."]


def test_in_a_pasted_letter_a_heading_alone_proves_no_corrective_action() -> None:
    weights = np.array([[8.0, 0.0], [0.0, 8.0]], np.float32)
    labels = ("action_done", "other")
    padded = Head((*labels, "cause", "action_planned"), np.vstack([weights, np.full((2, 2), -8.0, np.float32)]), np.zeros(4, np.float32), "axis", {})
    meaning = Meaning(Axis(), {"telling": padded})
    plans = view_of(letter_from_text("Corrective actions\n\nWe will look into everything with care.\n\nWe will train all of our people soon."), None)
    done = view_of(letter_from_text("Corrective actions\n\nWe refunded the bad parcels on 3 May.\n\nWe removed the bad listing on 4 May."), None)
    assert not has_section("corrective_actions", plans, None, told_sections(plans, meaning))
    assert has_section("corrective_actions", done, None, told_sections(done, meaning))
    assert has_section("corrective_actions", plans, None, told_sections(plans, None)), "without the head the heading counts"


def test_the_shipped_heads_fit_the_encoder_and_know_every_kind() -> None:
    shipped = {path.stem: load_head(path) for path in HEADS.glob("*.npz") if path != PAIRS}
    assert set(shipped) == {"statements", "telling"} and PAIRS.exists()
    assert set(shipped["statements"].labels) == {*KINDS, OK}
    assert {"forbid", "warn", "block"} <= set(shipped["statements"].thresholds)
    assert len({head.encoder for head in shipped.values()}) == 1


def test_another_encoder_has_no_heads(settings: Settings) -> None:
    import dataclasses

    assert open_meaning(dataclasses.replace(settings, encoder="e5")) is None


@pytest.mark.slow
def test_the_real_head_sees_an_admission_that_no_family_knows(real_settings: Settings) -> None:
    meaning = open_meaning(real_settings)
    assert meaning is not None
    said = "The units that reached the customers were not what the brand itself makes."
    assert judge_statement(said).label == "allowed"
    assert judge_statement(said, meaning=meaning).label == "forbidden"
    assert judge_statement("We counted the stock in both warehouses on 3 May and found 212 units.", meaning=meaning).label == "allowed"
