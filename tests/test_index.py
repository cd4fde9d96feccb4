"""The passage index in a real Chroma: a folder, and the same against a real server on this machine."""

from __future__ import annotations

import dataclasses
import multiprocessing
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rag import index as index_module
from rag.documents import OwnDocuments, add_document, list_documents, remove_document
from rag.errors import ModelUnavailable, Stopped
from rag.index import BATCH, Built, PassageIndex, content_hash, ensure, passages, shipped_path, shipped_vectors
from rag.models import Passage
from rag.retrieve import Retriever
from rag.settings import Settings, load_settings
from tests.conftest import FakeEncoder


def passage(number: int, text: str = "", *, language: str = "en", case_types: tuple[str, ...] = ("all",), stores: tuple[str, ...] = ("all",)) -> Passage:
    return Passage(f"p{number}@{language}", f"Title {number}", text or f"rule{number} about subject{number}", language, case_types, stores, "source", "2026-01-01", "own")


MANY = tuple(passage(n) for n in range(2 * BATCH + 5))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a `chroma run` that lives as long as these tests."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("chroma")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder / "data"), "--host", "127.0.0.1", "--port", str(port)],
            stdout=log, stderr=subprocess.STDOUT, cwd=folder,
        )  # fmt: skip
        try:
            for _ in range(600):
                if process.poll() is not None:
                    pytest.fail(f"chroma run ended: {(folder / 'log').read_text(encoding='utf-8', errors='replace')[-500:]}")
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=5):
                        break
                except (urllib.error.URLError, OSError):
                    time.sleep(0.1)
            else:
                pytest.fail("chroma run did not answer")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


class Named(FakeEncoder):
    """The fake with a name of its own: one server is shared by tests, and each encoder has its own collection."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


@pytest.fixture(params=["folder", "server"])
def place(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings for an index in a folder, and then for one on a server."""
    return settings if request.param == "folder" else dataclasses.replace(settings, index=request.getfixturevalue("server"))


@pytest.fixture
def encoder(request: pytest.FixtureRequest) -> Named:
    return Named(request.node.name)


def test_a_build_embeds_only_what_is_new(place: Settings, encoder: Named) -> None:
    assert PassageIndex(place, encoder).build(MANY) == Built(len(MANY), 0, 0)
    assert encoder.passages_encoded == len(MANY)
    again = PassageIndex(place, encoder)  # a later process
    assert again.build(MANY) == Built(0, len(MANY), 0)
    changed = (dataclasses.replace(MANY[0], text="another rule"), *MANY[1:])
    assert again.build(changed) == Built(1, len(MANY) - 1, 0)
    assert encoder.passages_encoded == len(MANY) + 1


def test_passages_that_are_gone_go(place: Settings, encoder: Named) -> None:
    index = PassageIndex(place, encoder)
    index.build(MANY[:5])
    assert index.build(MANY[:3]) == Built(0, 3, 2)
    assert index.count() == 3
    near = index.nearest(encoder.encode_queries(["rule4 subject4"])[0], 10)
    assert "p4@en" not in near


def test_a_build_that_was_stopped_half_way_answers_and_is_finished_later(place: Settings, encoder: Named) -> None:
    index = PassageIndex(place, encoder)
    seen: list[tuple[int, int]] = []
    with pytest.raises(Stopped, match=f"{BATCH} of {len(MANY)}") as error:
        index.build(MANY, on_progress=lambda done, total: seen.append((done, total)), should_stop=lambda: bool(seen))
    assert error.value.message_zh
    assert index.count() == BATCH
    assert "p1@en" in index.nearest(encoder.encode_queries(["rule1 subject1"])[0], 3)
    assert PassageIndex(place, encoder).build(MANY) == Built(len(MANY) - BATCH, BATCH, 0)
    assert encoder.passages_encoded == len(MANY), "nothing is embedded twice"


def test_old_entries_stay_until_the_new_ones_are_in(place: Settings, encoder: Named) -> None:
    index = PassageIndex(place, encoder)
    index.build(MANY[:3])
    with pytest.raises(Stopped):
        index.build(MANY[10:], should_stop=lambda: True)
    assert index.count() == 3


def test_a_crash_of_the_encoder_keeps_what_was_written(place: Settings, encoder: Named) -> None:
    class Dies(Named):
        def encode_passages(self, *args: object, **options: object) -> np.ndarray:  # type: ignore[override]
            if self.passages_encoded:
                raise KeyboardInterrupt
            return super().encode_passages(*args, **options)  # type: ignore[arg-type]

    with pytest.raises(KeyboardInterrupt):
        PassageIndex(place, Dies(encoder.name)).build(MANY)
    assert PassageIndex(place, encoder).build(MANY).kept == BATCH


class Slow(Named):
    """Takes its time over every batch, so that something can happen in between."""

    def encode_passages(self, *args: object, **options: object) -> np.ndarray:  # type: ignore[override]
        time.sleep(0.3)
        return super().encode_passages(*args, **options)  # type: ignore[arg-type]


def build_slowly(place: Settings, name: str) -> None:
    """What the other process does."""
    PassageIndex(place, Slow(name)).build(LOTS)


LOTS = tuple(passage(n) for n in range(12 * BATCH))


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "the other process wrote nothing"
        time.sleep(0.05)


def test_it_can_be_read_while_another_process_writes_and_when_that_was_killed(place: Settings, encoder: Named) -> None:
    writer = multiprocessing.get_context("spawn").Process(target=build_slowly, args=(place, encoder.name))
    PassageIndex(place, encoder).build(LOTS[:3])
    writer.start()
    try:
        question = encoder.encode_queries(["rule1 subject1"])[0]
        reader = PassageIndex(place, encoder)
        sizes = [3]

        def reads_on() -> bool:
            assert "p1@en" in reader.nearest(question, 3)
            sizes.append(reader.count())
            return sizes[-1] >= 3 * BATCH

        until(reads_on)
        assert sizes == sorted(sizes)
    finally:
        writer.kill()  # in the middle of a batch
        writer.join()
    assert sizes[-1] < len(LOTS), "it was killed before its end"
    after = PassageIndex(place, encoder)
    assert "p1@en" in after.nearest(question, 3)
    kept = after.count()
    built = after.build(LOTS)
    assert built.added + built.kept == len(LOTS) and built.kept >= kept > 2 * BATCH, "what was written stays"
    assert set(after.nearest(encoder.encode_queries(["rule300 subject300"])[0], 1)) == {"p300@en"}


def test_the_nearest_come_with_their_cosine(place: Settings, encoder: Named) -> None:
    index = PassageIndex(place, encoder)
    index.build(MANY[:8])
    near = index.nearest(encoder.encode_queries(["rule3 about subject3"])[0], 4)
    assert len(near) == 4
    assert max(near, key=lambda name: near[name]) == "p3@en"
    assert near["p3@en"] == pytest.approx(1.0, abs=1e-4)


def test_the_filters_of_store_and_case_type_hold(place: Settings, encoder: Named) -> None:
    index = PassageIndex(place, encoder)
    index.build(
        (
            passage(1, "limit of the rate", stores=("US",), case_types=("late_shipment_rate",)),
            passage(2, "limit of the rate", stores=("DE", "FR"), case_types=("late_shipment_rate",)),
            passage(3, "limit of the rate", case_types=("related_account",)),
            passage(4, "limit of the rate"),
        )
    )
    vector = encoder.encode_queries(["limit of the rate"])[0]
    assert set(index.nearest(vector, 10, marketplace="US")) == {"p1@en", "p3@en", "p4@en"}
    assert set(index.nearest(vector, 10, marketplace="FR")) == {"p2@en", "p3@en", "p4@en"}
    assert set(index.nearest(vector, 10, case_type="late_shipment_rate")) == {"p1@en", "p2@en", "p4@en"}
    assert set(index.nearest(vector, 10, case_type="late_shipment_rate", marketplace="DE")) == {"p2@en", "p4@en"}


def test_documents_of_the_seller_live_in_the_same_place_and_apart(place: Settings, encoder: Named) -> None:
    index = PassageIndex(place, encoder)
    index.build(MANY[:3])
    added = add_document("The courier Brightway collects at four.", place, name=f"courier-{encoder.name}", encoder=encoder)
    assert added.document in list_documents(place)
    found = Retriever(index, passages_=MANY[:3], documents=OwnDocuments(place, encoder)).search("courier Brightway", 1)
    assert found[0].why.startswith("your document; meaning")
    remove_document(added.document.id, place)
    assert added.document not in list_documents(place)
    assert index.count() == 3 and PassageIndex(place, encoder, collection="documents").count() == 0


def test_an_empty_index_answers_with_nothing(place: Settings, encoder: Named) -> None:
    assert PassageIndex(place, encoder).nearest(encoder.encode_queries(["x"])[0], 5) == {}


def test_another_encoder_has_its_own_vectors(place: Settings, encoder: Named) -> None:
    PassageIndex(place, encoder).build(MANY[:3])
    other = Named(encoder.name + "-other")
    assert PassageIndex(place, other).build(MANY[:3]) == Built(3, 0, 0)
    assert PassageIndex(place, encoder).build(MANY[:3]) == Built(0, 3, 0)


def test_ensure_brings_the_index_up_to_date(place: Settings, encoder: Named) -> None:
    index = PassageIndex(place, encoder)
    assert ensure(index, MANY[:4]).added == 4
    assert ensure(index, MANY[:4]).kept == 4


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(ModelUnavailable, match=address) as error:
        PassageIndex(load_settings({"POA_INDEX": address, "POA_HOME": "/nonexistent"}), FakeEncoder())
    assert error.value.__cause__ is not None and error.value.message_zh


def test_a_folder_that_cannot_be_opened_is_named(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    settings.index_folder.write_text("a file", encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="cannot be opened"):
        PassageIndex(settings, FakeEncoder())


# --- hashes and shipped vectors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["title", "text", "language", "case_types", "marketplaces"])
def test_the_hash_changes_with_everything_that_is_stored(field: str) -> None:
    other = ("x",) if field in {"case_types", "marketplaces"} else "x"
    assert content_hash(dataclasses.replace(MANY[0], **{field: other})) != content_hash(MANY[0])  # type: ignore[arg-type]
    assert content_hash(dataclasses.replace(MANY[0], score=0.5, why="because")) == content_hash(MANY[0])


@pytest.fixture
def knowledge_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for shipped vectors, so that the project's file is left alone."""
    monkeypatch.setattr(index_module.knowledge, "KNOWLEDGE", tmp_path / "knowledge")
    (tmp_path / "knowledge").mkdir()
    shipped_vectors.cache_clear()
    yield tmp_path / "knowledge"
    shipped_vectors.cache_clear()


def test_shipped_vectors_are_used_by_hash_and_only_the_rest_is_embedded(knowledge_folder: Path, settings: Settings, encoder: Named) -> None:
    index = PassageIndex(settings, encoder)
    index.build(MANY[:6])
    assert index.ship(MANY[:6]) == 6
    assert shipped_path(encoder.name).parent == knowledge_folder / "vectors"
    shipped_vectors.cache_clear()

    fresh = Named(encoder.name)
    elsewhere = PassageIndex(dataclasses.replace(settings, home=settings.home / "other"), fresh)
    changed = dataclasses.replace(MANY[0], text="new words")
    assert elsewhere.build((changed, *MANY[1:7])) == Built(7, 0, 0)
    assert fresh.passages_encoded == 2, "the changed one and the one that was not shipped"
    near = elsewhere.nearest(fresh.encode_queries(["rule3 about subject3"])[0], 1)
    assert near["p3@en"] == pytest.approx(1.0, abs=1e-3), "eight bits keep the cosine"


def test_vectors_of_another_encoder_are_not_used(knowledge_folder: Path, settings: Settings, encoder: Named) -> None:
    index = PassageIndex(settings, encoder)
    index.build(MANY[:3])
    index.ship(MANY[:3])
    shipped_vectors.cache_clear()
    assert shipped_vectors("some-other-encoder") == {}


def test_the_precision_an_encoder_runs_in_does_not_change_the_file() -> None:
    assert shipped_path("gemma@abc-bfloat16") == shipped_path("gemma@abc-float32")


# --- the passages themselves ---------------------------------------------------------------------------------------


def test_every_passage_stands_in_both_languages_with_a_source() -> None:
    found = passages()
    ids = {p.id for p in found}
    assert len(ids) == len(found)
    for p in found:
        other = {"en": "zh", "zh": "en"}[p.language]
        assert p.id.replace(f"@{p.language}", f"@{other}") in ids
        assert p.source and p.text and p.title and p.case_types and p.marketplaces
