"""The encoder door: shapes, lengths, kept queries, errors, and the real encoders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rag.encoder import CHUNK, KEPT_QUERIES, Door, Encoder, load_encoder
from rag.errors import ModelUnavailable, SetupError
from rag.settings import Settings
from tests.conftest import FakeEncoder


class Counting:
    """Rows of any length, by the number of letters; remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def queries(self, texts: list[str]) -> Any:
        self.asked.append(texts)
        return [[len(text), 1.0] for text in texts]

    def passages(self, texts: list[str], titles: list[str]) -> Any:
        self.asked.append([f"{title}|{text}" for text, title in zip(texts, titles, strict=True)])
        return [[len(text), 2.0] for text in texts]


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def encoder(counting: Counting) -> Encoder:
    return Encoder(Door("counting", 2, counting.queries, counting.passages))


def test_rows_come_normalised_in_float32(encoder: Encoder) -> None:
    rows = encoder.encode_queries(["one", "three"])
    assert rows.dtype == np.float32 and rows.shape == (2, 2)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1])
    assert rows[0] == pytest.approx(np.array([3, 1]) / np.sqrt(10))


def test_a_repeated_query_is_encoded_once(encoder: Encoder, counting: Counting) -> None:
    first = encoder.encode_queries(["a", "bb", "a"])
    again = encoder.encode_queries(["bb", "ccc"])
    assert counting.asked == [["a", "bb"], ["ccc"]]
    assert (first[0] == first[2]).all() and (first[1] == again[0]).all()


def test_queries_kept_are_bounded(encoder: Encoder, counting: Counting) -> None:
    encoder.encode_queries(["first"])
    encoder.encode_queries([str(n) for n in range(KEPT_QUERIES)])
    encoder.encode_queries(["first"])
    assert counting.asked[-1] == ["first"]


def test_more_queries_than_are_kept_still_all_come_back(encoder: Encoder) -> None:
    assert encoder.encode_queries([str(n) for n in range(KEPT_QUERIES + 5)]).shape == (KEPT_QUERIES + 5, 2)


def test_passages_keep_their_order_and_titles_and_report_progress(encoder: Encoder, counting: Counting) -> None:
    seen: list[tuple[int, int]] = []
    texts = ["x" * (n + 1) for n in range(CHUNK + 3)]
    rows = encoder.encode_passages(texts, [f"t{n}" for n in range(CHUNK + 3)], lambda *done: seen.append(done))
    assert seen == [(CHUNK, CHUNK + 3), (CHUNK + 3, CHUNK + 3)]
    assert counting.asked[1][0] == f"t{CHUNK}|{texts[CHUNK]}"
    assert (np.diff(rows[:, 0]) > 0).all()


def test_nothing_to_encode_is_an_empty_table(encoder: Encoder) -> None:
    assert encoder.encode_queries([]).shape == encoder.encode_passages([]).shape == (0, 2)


@pytest.mark.parametrize("text", ["", "  ", "\0"], ids=["empty", "blank", "zero byte"])
def test_an_empty_text_still_has_a_row(text: str, encoder: Encoder) -> None:
    assert np.isfinite(encoder.encode_passages([text])).all()


def test_titles_that_do_not_match_are_a_mistake(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="2 passages but 1 titles"):
        encoder.encode_passages(["a", "b"], ["t"])


def test_a_foreign_error_becomes_ours_and_keeps_its_cause() -> None:
    def broken(texts: list[str]) -> Any:
        raise RuntimeError("out of memory")

    with pytest.raises(ModelUnavailable, match="out of memory") as error:
        Encoder(Door("broken", 2, broken, Counting().passages)).encode_queries(["a"])
    assert isinstance(error.value.__cause__, RuntimeError)


def test_an_encoder_that_is_not_fetched_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(SetupError, match=r"make models.*words only") as error:
        load_encoder(settings)
    assert "make models" in error.value.message_zh


def test_the_fake_finds_equal_words_nearer(fake_encoder: FakeEncoder) -> None:
    query = fake_encoder.encode_queries(["late parcels"])[0]
    near, far = fake_encoder.encode_passages(["parcels were late", "invoice 0417"])
    assert query @ near > query @ far


PASSAGES = [
    "The late shipment rate must stay under 4 percent.",
    "Invoices must be issued within the last 365 days and show the supplier's address.",
    "A retraction comes from the rights owner by e-mail.",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["embeddinggemma", "e5"])
def test_a_chinese_question_finds_the_english_rule(name: str, real_settings: Settings) -> None:
    encoder = load_encoder(replace(real_settings, encoder=name))
    scores = (
        encoder.encode_queries(["迟发率不能超过多少？", "发票有什么要求？", "如何让权利人撤诉？"])
        @ encoder.encode_passages(PASSAGES).T
    )
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
    assert scores.shape == (3, 3) and encoder.dimensions in (768, 384)
    assert "@" in encoder.name


@pytest.mark.slow
def test_a_folder_of_ones_own_is_an_encoder_too(real_settings: Settings) -> None:
    folder = real_settings.models / "embeddinggemma-300m"
    own = load_encoder(replace(real_settings, encoder=str(folder)))
    usual = load_encoder(real_settings)
    assert own.name.startswith("embeddinggemma-300m@") and own.name != usual.name
    assert own.encode_queries(["late"]) @ usual.encode_queries(["late"]).T == pytest.approx(1, abs=1e-3)


@pytest.mark.slow
def test_a_folder_that_holds_no_model_is_one_sentence(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    with pytest.raises(ModelUnavailable, match="could not be loaded"):
        load_encoder(replace(settings, encoder=str(settings.home)))
