"""A file or a pasted text of the seller -> its visible text as blocks, each with its headings and its page.

Read are pdf, docx, html, md and txt. What a person would not see (comments, scripts, hidden elements, zero-width and direction marks) is left
out, marks of chat templates lose their brackets; the rest is text and nothing but text. A file that cannot be read safely is refused with one
sentence. Not covered: pictures of text (there is no character recognition), text hidden by a style sheet's classes or by colour,
headers, footers and notes of Word files.
"""

from __future__ import annotations

import html
import io
import logging
import re
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from rag.errors import BadInput
from rag.formats import joined_lines
from rag.prompts import neutral
from rag.script import repair

MAX_BYTES = 20 * 1024 * 1024
"""Largest file that is read."""
MAX_TEXT = 1_500_000
"""Most characters of one document: 500 pages of 3,000."""
MAX_PAGES = 500
PDF_SECONDS = 240
"""Longest reading of one pdf, looked at between two pages: some are made to take hours."""
MAX_MEMBERS = 2_000
"""Most parts of a docx; long ones with pictures have some hundred."""
MAX_UNPACKED = 100 * 1024 * 1024
"""Most bytes of a docx unpacked, by its own word and counted."""
MAX_XML = 30 * 1024 * 1024
"""Most bytes of one XML part: the parser needs about ten times as much memory."""
MAX_RATIO = 100
"""How many times its size a docx may unpack to once it is beyond `RATIO_FROM`; XML of Word packs about 10 to 30 times."""
RATIO_FROM = 5 * 1024 * 1024
FORMATS = {".pdf": "pdf", ".docx": "docx", ".html": "html", ".htm": "html", ".md": "md", ".markdown": "md", ".txt": "txt"}

_MAGIC = (
    (b"%PDF-", "a pdf", "pdf 文件"), (b"PK\x03\x04", "a zip or Office file", "zip 或 Office 文件"), (b"\xd0\xcf\x11\xe0", "an old Office file", "旧版 Office 文件"),
    (b"\x89PNG", "a picture", "图片"), (b"\xff\xd8\xff", "a picture", "图片"), (b"GIF8", "a picture", "图片"), (b"\x7fELF", "a program", "程序"),
    (b"MZ", "a program", "程序"), (b"\x1f\x8b", "a packed file", "压缩文件"), (b"Rar!", "a packed file", "压缩文件"), (b"7z\xbc\xaf", "a packed file", "压缩文件"),
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A paragraph, or a line of a list or table."""

    text: str
    headings: tuple[str, ...] = ()
    """The headings above it, the widest first."""
    page: int = 0
    """Page of a pdf, from 1; 0 where there are no pages."""


@dataclass(frozen=True)
class Extract:
    """What was read from one document."""

    name: str
    """File name without folder; for a pasted text the name given, or empty."""
    format: str
    """pdf, docx, html, md, txt or pasted."""
    blocks: tuple[Block, ...]
    silent_pages: tuple[int, ...] = ()
    """Pages of a pdf without any text, probably scanned."""


def extract_file(path: Path, *, name: str = "") -> Extract:
    """The text of a file. `name` replaces the file's own. Raises BadInput, naming the file, for whatever cannot be read."""
    shown = path.name or str(path)
    try:
        if not path.exists():
            raise BadInput(f"{path}: there is no such file; give the path of a {_kinds()} file.", f"{path}:文件不存在,请检查路径。")
        if not path.is_file():  # a folder, a pipe, or a device that never ends
            raise BadInput(f"{path}: is a folder or a device; give the path of a {_kinds()} file.", f"{path}:不是普通文件,请给出文件的路径。")
        _size(path.stat().st_size, shown)
        _suffix(shown)  # before reading: an unknown kind is not worth it
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{path}: cannot be read ({reason}); check its rights.", f"{path}:无法读取,请检查文件权限。") from error
    return extract_bytes(data, shown, name=name)


def extract_bytes(data: bytes, filename: str, *, name: str = "") -> Extract:
    """The text of a file's content, e.g. of an upload; the kind follows from the end of `filename`."""
    shown = _label(name) or _label(re.split(r"[/\\]", filename)[-1])
    kind = FORMATS[_suffix(filename)]
    _size(len(data), shown)
    if not data.strip():
        raise BadInput(f"{shown}: is empty (0 characters); choose the file that holds the text.", f"{shown}:文件是空的,请选择有内容的文件。")
    silent: tuple[int, ...] = ()
    if kind == "pdf":
        blocks, silent = _pdf(data, shown)
    elif kind == "docx":
        blocks = _docx(data, shown)
    else:
        text = decode(data, shown)
        blocks = _html(text, shown) if kind == "html" else _plain(text)
    return Extract(shown, kind, _checked(blocks, shown, kind), silent)


def extract_text(text: str, *, name: str = "") -> Extract:
    """A pasted text; headings and hidden parts as in Markdown."""
    shown = _label(name)
    if len(text) > MAX_TEXT:
        raise _too_long(shown or "pasted text", len(text))
    return Extract(shown, "pasted", _checked(_plain(text), shown or "pasted text", "pasted"))


# --- limits and clean text ----------------------------------------------------------------------------------------------


def _kinds() -> str:
    return ", ".join(sorted(FORMATS))


def _suffix(filename: str) -> str:
    suffix = Path(filename).suffix.lower()
    if suffix not in FORMATS:
        hint, zh = ("save it as .docx in Word", "请在 Word 中另存为 .docx") if suffix in {".doc", ".rtf", ".odt", ".wps"} else ("convert it, or paste its text", "请转换格式,或直接粘贴文字")
        found = f"files ending in {suffix}" if suffix else "files without an ending"
        raise BadInput(f"{_label(filename)}: {found} are not read; expected {_kinds()}; {hint}.", f"{_label(filename)}:不支持这种文件,可用 {_kinds()};{zh}。")
    return suffix


def _size(size: int, shown: str) -> None:
    if size > MAX_BYTES:
        megabytes = MAX_BYTES // 1024**2
        raise BadInput(
            f"{shown}: is larger than {megabytes} MB ({size / 1024**2:.1f} MB found); split it, or leave out the pictures.",
            f"{shown}:文件超过 {megabytes} MB({size / 1024**2:.1f} MB);请拆分或去掉图片。",
        )


def _too_long(shown: str, length: int) -> BadInput:
    return BadInput(
        f"{shown}: holds more text than {MAX_TEXT:,} characters ({length:,} found so far); add only the part that matters.",
        f"{shown}:文字超过 {MAX_TEXT:,} 个字符;请只添加需要的部分。",
    )


def _checked(blocks: Iterable[Block], shown: str, kind: str) -> tuple[Block, ...]:
    found: list[Block] = []
    length = 0
    for block in blocks:
        text = clean(block.text)
        if not re.search(r"\w", text):
            continue
        length += len(text)
        if length > MAX_TEXT:
            raise _too_long(shown, length)
        found.append(Block(text, tuple(h for h in (clean(h)[:100] for h in block.headings) if h), block.page))
    if found:
        return tuple(found)
    if kind == "pdf":
        raise BadInput(
            f"{shown}: holds no text, only pictures of pages (a scan); run it through text recognition (OCR) first, or paste its text.",
            f"{shown}:没有文字,只有扫描图片;请先做文字识别(OCR),或直接粘贴文字。",
        )
    raise BadInput(f"{shown}: holds no visible text; choose a file with text, or paste it.", f"{shown}:没有可见的文字;请选择有文字的文件,或直接粘贴。")


# Invisible though of another class than the format characters: fillers, joiners, variation selectors, a blank Braille cell.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]")


def clean(text: str) -> str:
    """One block of text: repaired, without invisible characters and chat marks, every run of blanks one space."""
    text = repair(text)
    if not text.isascii():
        text = _UNSEEN.sub("", text)
        text = "".join(c for c in text if (kind := unicodedata.category(c)) not in {"Cf", "Cs", "Co", "Cn"} and (kind != "Cc" or c.isspace()))
    text = re.sub(r"[\x00-\x08\x0e-\x1f\x7f]", "", text)
    # Lines of Chinese are joined without a space.
    text = re.sub(r"(?<=[㐀-鿿，。、；：])[ \t]*\n\s*(?=[㐀-鿿])", "", text)
    return neutral(" ".join(text.split()))


def _label(name: str) -> str:
    # A name is shown in lists and sources: one short line.
    name = clean(name[:500])
    return name if len(name) <= 120 else f"{name[:100]}…{Path(name).suffix[:12]}"


# --- text ---------------------------------------------------------------------------------------------------------------


def decode(data: bytes, shown: str) -> str:
    """Bytes as text: UTF-8, UTF-16, GB18030 or Big5, whichever fits. BadInput for binary data and other encodings."""
    for magic, what, what_zh in _MAGIC:
        if data.startswith(magic):
            raise BadInput(f"{shown}: is {what} and not text; give it its right ending, or paste its text.", f"{shown}:内容是{what_zh},不是文本;请改正扩展名,或直接粘贴文字。")
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark) and (text := _decoded(data, encoding)) is not None:
            return text
    if b"\0" not in data:
        if (text := _decoded(data, "utf-8")) is not None:
            return text
        # GB18030 gives some reading of nearly all Big5 bytes, so both are read and the one with the more usual characters is right.
        for share, text in sorted(_readings(data, _usual, "gb18030", "big5"), key=lambda pair: -pair[0])[:1]:
            if share > 0.5:
                return text
    # Last, because any bytes of even number give some characters.
    for share, text in sorted(_readings(data, _plausible, "utf-16-le", "utf-16-be"), key=lambda pair: -pair[0])[:1]:
        if share > 0.9:
            return text
    if b"\0" in data:
        raise BadInput(f"{shown}: is binary data and not text; expected a text file, or paste the text.", f"{shown}:是二进制数据,不是文本;请选择文本文件,或直接粘贴文字。")
    raise BadInput(
        f"{shown}: is not text in UTF-8, UTF-16, GB18030 or Big5; save it as UTF-8, or paste its text.",
        f"{shown}:不是 UTF-8、UTF-16、GB18030 或 Big5 编码的文本;请另存为 UTF-8,或直接粘贴文字。",
    )


def _readings(data: bytes, share: Callable[[str, str], float], *encodings: str) -> list[tuple[float, str]]:
    return [(share(text, encoding), text) for encoding in encodings if (text := _decoded(data, encoding)) is not None]


def _plausible(text: str, encoding: str) -> float:
    """Share of Latin, Chinese and their punctuation."""
    sample = text[:20_000]
    return sum(c <= "ÿ" or "\u2000" <= c <= "\u206f" or "\u3000" <= c <= "\u303f" or "一" <= c <= "鿿" or "\uff00" <= c <= "\uffef" for c in sample) / max(1, len(sample))


def _decoded(data: bytes, encoding: str) -> str | None:
    """The text, or None when the bytes are not in that encoding or give what nobody writes."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    sample = text[:50_000]
    odd = sum(unicodedata.category(c) in {"Cn", "Co", "Cs"} or (c < " " and c not in "\t\n\r\f\v") for c in sample)
    return text if odd <= 0.01 * len(sample) else None


def _usual(text: str, encoding: str) -> float:
    """Share of the characters beyond ASCII that are everyday ones of the script that the encoding is for."""
    other = [c for c in text[:20_000] if not c.isascii()]

    def everyday(char: str) -> bool:
        code = char.encode(encoding, "replace")
        if encoding == "big5":  # symbols and the 5,401 frequent characters
            return len(code) == 2 and 0xA1 <= code[0] <= 0xC6
        return len(code) == 2 and 0xA1 <= code[0] <= 0xD7 and code[1] >= 0xA1  # symbols and the 3,755 frequent characters of GB 2312

    return sum(map(everyday, other)) / len(other) if other else 0.0


class _Outline:
    """Collects blocks under the headings that stand above them."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._path: list[tuple[int, str]] = []
        self._bare = False
        """The last heading has nothing below it yet."""

    def heading(self, level: int, text: str) -> None:
        text = " ".join(text.split())
        if not text:
            return
        if self._path and level <= self._path[-1][0]:
            self._settle()
        self._path = [*((n, t) for n, t in self._path if n < level), (level, text)]
        self._bare = True

    def add(self, text: str) -> None:
        if text.strip():
            self._blocks.append(Block(text, tuple(t for _, t in self._path)))
            self._bare = False

    def _settle(self) -> None:
        if self._bare:  # a heading alone is text too
            self.add(self._path[-1][1])

    def done(self) -> list[Block]:
        self._settle()
        return self._blocks


_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_LISTED = re.compile(r"\s*(?:[-*+•·|>]|\d{1,3}[.)、])\s*")


def _plain(text: str) -> list[Block]:
    outline = _Outline()
    lines: list[str] = []

    def flush() -> None:
        if lines:
            for part in joined_lines(lines):
                outline.add(part)
            lines.clear()

    for raw in _seen(text).splitlines():
        line = raw.strip().strip("\0")
        match = _HEADING.match(raw) if line.startswith("#") else None
        if match or not line or _LISTED.match(raw):
            flush()
        if match:
            outline.heading(len(match[1]), match[2])
        elif line and not re.fullmatch(r"[-=*_|: `~]+", line):
            lines.append(line)
    flush()
    return outline.done()


# --- html ---------------------------------------------------------------------------------------------------------------

_NEVER = frozenset(["script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math", "head", "canvas", "audio", "video", "datalist"])
"""Elements whose content nobody sees as text."""
_BLOCKS = frozenset(["address", "article", "aside", "blockquote", "body", "br", "caption", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"])
_INLINE = frozenset(["a", "abbr", "b", "bdi", "bdo", "big", "button", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img", "input", "ins", "kbd", "label", "mark", "q", "s", "samp", "select", "small", "span", "strike", "strong", "sub", "sup", "td", "th", "textarea", "time", "tt", "u", "var", "wbr", "center", "link", "meta", "title", "col", "colgroup"])
_HIDING = re.compile(r"(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0*\.?0+(?![.\d])|(?:text-indent|left|top)\s*:\s*-\s*\d{3,})", re.IGNORECASE)
_FLAT = re.compile(r"(?<![\w-])(?:max-)?(?:height|width)\s*:\s*0+(?![.\d])", re.IGNORECASE)
_NO_OVERFLOW = re.compile(r"(?<![\w-])overflow(?:-[xy])?\s*:\s*(?:hidden|clip)", re.IGNORECASE)
_FONT_SIZE = re.compile(r"(?<![\w-])font-size\s*:\s*(?P<zero>0*\.?0+(?![.\d]))?", re.IGNORECASE)
_HIDDEN_ATTRIBUTE = re.compile(r"(?:^|[\s\"'])hidden(?=[\s=/]|$)|aria-hidden\s*=\s*[\"']?true", re.IGNORECASE)
# No "<" within a tag: the search for its end stops at the next one, so that no text takes quadratic time.
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})(?=[\s/>])([^<>]{0,2000})>")


def _seen(text: str) -> str:
    """Plain text or Markdown without HTML comments, scripts, styles and hidden elements; known tags go, whatever else has brackets stays."""
    text = _without_comments(text)
    tags = list(_TAG.finditer(text))
    found: list[str] = []
    at, number, endless = 0, 0, set()
    while number < len(tags):
        tag = tags[number]
        name = tag[2].lower()
        found.append(text[at : tag.start()])
        at = tag.end()
        hides = not tag[1] and (name in _NEVER or (name in _BLOCKS | _INLINE and (_hides(tag[3]) or _HIDDEN_ATTRIBUTE.search(tag[3]))))
        if hides and name not in endless and not tag[3].endswith("/"):
            depth, last = 1, number
            while depth and last + 1 < len(tags):
                last += 1
                if tags[last][2].lower() == name:
                    depth += -1 if tags[last][1] else 1
            if depth:
                endless.add(name)  # it never ends: what follows is text that a reader of the file sees
            else:
                number, at = last, tags[last].end()
        elif name not in _BLOCKS | _INLINE | _NEVER:
            found.append(tag[0])
        elif name in _BLOCKS:
            found.append("\n")
        number += 1
    # Only those with their semicolon: "?a=1&copy=2" is an address.
    return re.sub(r"&#?\w{1,10};", lambda m: html.unescape(m[0]), "".join((*found, text[at:])))


def _without_comments(text: str) -> str:
    found: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        found.append(text[at:start])
        at = end + 3
    return "".join((*found, text[at:]))


def _html(text: str, shown: str) -> list[Block]:
    # The standard library's parser takes minutes for a hundred kilobytes of "<a "; this one comes with python-docx and takes no time.
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.HTMLParser(encoding="utf-8", no_network=True)
    try:
        root = etree.fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser)
    except etree.LxmlError as error:
        raise BadInput(f"{shown}: is not HTML that can be read ({_first_line(error)}); paste its text instead.", f"{shown}:无法读取这个 HTML;请直接粘贴文字。") from error
    if any("excessive depth" in entry.message.lower() for entry in parser.error_log):
        raise BadInput(f"{shown}: its elements are nested more than 250 deep; paste its text instead.", f"{shown}:HTML 嵌套过深;请直接粘贴文字。")
    outline = _Outline()
    pieces: list[str] = []
    level = 0
    hidden: Any = None
    # Mails set the font size of cells to 0 against gaps, and that of the text within them to something.
    sizeless = [False]

    def flush() -> None:
        said = "".join(pieces).strip(" |\n\t")
        pieces.clear()
        if level:
            outline.heading(level, said)
        else:
            outline.add(said)

    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")) if root is not None else ():
        name = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            size = _FONT_SIZE.search(element.get("style", ""))
            sizeless.append(bool(size["zero"]) if size else sizeless[-1])
            if hidden is None and _is_hidden(name, element):
                hidden = element
            if hidden is None:
                if name in _BLOCKS:
                    flush()
                    level = int(name[1]) if re.fullmatch(r"h[1-6]", name) else level
                pieces.append("" if sizeless[-1] else element.text or "")
            continue
        if event == "end":
            sizeless.pop()
        if event == "end" and hidden is None:
            if name in _BLOCKS:
                flush()
                level = 0 if re.fullmatch(r"h[1-6]", name) else level
            elif name in {"td", "th"}:
                pieces.append(" | ")
        if element is hidden:
            hidden = None
            pieces.append(" ")
        if hidden is None:
            pieces.append("" if sizeless[-1] else element.tail or "")
    flush()
    return outline.done()


def _is_hidden(name: str, element: Any) -> bool:
    return name in _NEVER or "hidden" in element.attrib or element.get("aria-hidden", "").lower() == "true" or _hides(element.get("style", ""))


def _hides(style: str) -> bool:
    return _HIDING.search(style) is not None or (_FLAT.search(style) is not None and _NO_OVERFLOW.search(style) is not None)


# --- pdf ----------------------------------------------------------------------------------------------------------------


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """The library's remarks on damaged files would stand beside our one sentence."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _pdf(data: bytes, shown: str) -> tuple[list[Block], tuple[int, ...]]:
    import pypdf

    if b"%PDF-" not in data[:1024]:
        raise BadInput(f"{shown}: is not a pdf (it does not begin as one); export it again as pdf, or paste its text.", f"{shown}:不是 PDF 文件;请重新导出为 PDF,或直接粘贴文字。")
    blocks: list[Block] = []
    silent: list[int] = []
    try:
        with _quiet("pypdf"):
            reader = pypdf.PdfReader(io.BytesIO(data))
            if reader.is_encrypted and not _opens(reader):
                raise BadInput(f"{shown}: is a pdf locked with a password; save a copy without one, or paste its text.", f"{shown}:PDF 有密码保护;请另存一份没有密码的,或直接粘贴文字。")
            pages = len(reader.pages)
            if pages > MAX_PAGES:
                raise BadInput(f"{shown}: has {pages:,} pages, at most {MAX_PAGES} are read; add only the pages that matter.", f"{shown}:有 {pages:,} 页,最多读取 {MAX_PAGES} 页;请只添加需要的页。")
            end = time.monotonic() + PDF_SECONDS
            length = 0
            for number, page in enumerate(reader.pages, 1):
                if time.monotonic() > end:
                    raise BadInput(f"{shown}: reading took more than {PDF_SECONDS} seconds and stopped at page {number}; add fewer pages, or paste the text.", f"{shown}:读取超过 {PDF_SECONDS} 秒,已在第 {number} 页停止;请减少页数,或直接粘贴文字。")
                text = page.extract_text() or ""
                length += len(text)
                if length > 2 * MAX_TEXT:
                    raise _too_long(shown, length)
                if not re.search(r"\w", text):
                    silent.append(number)
                for full, lines in groupby((line.strip() for line in text.splitlines()), key=bool):
                    blocks += [Block(part, page=number) for part in joined_lines(list(lines))] if full else []
    except BadInput:
        raise
    except Exception as error:  # damaged files raise errors of every kind, from KeyError to RecursionError
        raise BadInput(f"{shown}: the pdf is damaged and cannot be read ({_first_line(error)}); export it again, or paste its text.", f"{shown}:PDF 已损坏,无法读取;请重新导出,或直接粘贴文字。") from error
    return blocks, tuple(silent)


def _opens(reader: Any) -> bool:
    """Whether an encrypted pdf opens without a password, as those do that only forbid printing or copying."""
    from pypdf.errors import DependencyError

    try:
        return bool(reader.decrypt(""))
    except (DependencyError, NotImplementedError):
        return False


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:120] or type(error).__name__


# --- docx ---------------------------------------------------------------------------------------------------------------

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def _docx(data: bytes, shown: str) -> list[Block]:
    import docx

    _unpacks(data, shown)
    try:
        document = docx.Document(io.BytesIO(data))
        # By id, because a paragraph names its style so; "Heading 2", in a Chinese Word "标题 2".
        levels = {s.style_id: int(m[1] or 1) for s in document.styles if (m := re.match(r"(?:heading|标题|標題|title$)\s*([1-9]?)", s.name or "", re.IGNORECASE))}
        outline = _Outline()
        _body(document.element.body, outline, levels)
        return outline.done()
    except Exception as error:  # as with pdf
        raise BadInput(f"{shown}: the Word file is damaged and cannot be read ({_first_line(error)}); save it again as .docx, or paste its text.", f"{shown}:Word 文件已损坏,无法读取;请重新另存为 .docx,或直接粘贴文字。") from error


def _unpacks(data: bytes, shown: str) -> None:
    """Refuses what is no Word file, and one that unpacks to more than a letter or invoice ever does."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadInput(f"{shown}: is a Word file of the old kind or with a password; save it as .docx without a password, or paste its text.", f"{shown}:是旧版 Word 文件或有密码保护;请另存为没有密码的 .docx,或直接粘贴文字。")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            declared = sum(m.file_size for m in members)
            if len(members) > MAX_MEMBERS:
                raise _bomb(shown, f"{len(members):,} parts, at most {MAX_MEMBERS:,} are expected")
            if declared > MAX_UNPACKED or (declared > RATIO_FROM and declared > MAX_RATIO * len(data)):
                raise _bomb(shown, f"{declared / 1024**2:,.0f} MB when unpacked, {declared / len(data):,.0f} times its size")
            if any(m.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} or m.flag_bits & 1 for m in members):
                raise BadInput(f"{shown}: is packed or locked in a way that Word does not use; save it again as .docx, or paste its text.", f"{shown}:压缩方式不正常或有密码;请重新另存为 .docx,或直接粘贴文字。")
            if not {"[Content_Types].xml", "word/document.xml"} <= {m.filename for m in members}:
                raise BadInput(f"{shown}: is a zip file but no Word document; save it as .docx in Word, or paste its text.", f"{shown}:不是 Word 文档;请在 Word 中另存为 .docx,或直接粘贴文字。")
            really = 0
            for member in members:
                size = 0
                with archive.open(member) as part:
                    while piece := part.read(1 << 16):
                        size += len(piece)
                        really += len(piece)
                        if really > MAX_UNPACKED or (size > MAX_XML and member.filename.lower().endswith((".xml", ".rels"))):
                            raise _bomb(shown, f"more than {max(size, really) // 1024**2:,} MB when unpacked")
    except BadInput:
        raise
    except Exception as error:  # zipfile raises BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError ...
        raise BadInput(f"{shown}: the Word file is damaged and cannot be unpacked ({_first_line(error)}); save it again as .docx, or paste its text.", f"{shown}:Word 文件已损坏,无法解压;请重新另存为 .docx,或直接粘贴文字。") from error


def _bomb(shown: str, what: str) -> BadInput:
    return BadInput(f"{shown}: the Word file is not read, because it has {what}; save it again as .docx, or paste its text.", f"{shown}:解压后过大或部件过多,不予读取;请重新另存为 .docx,或直接粘贴文字。")


def _body(element: Any, outline: _Outline, levels: dict[str, int]) -> None:
    for child in element:
        if child.tag == f"{_W}p":
            style = child.find(f"{_W}pPr/{_W}pStyle")
            level = levels.get(style.get(f"{_W}val", "")) if style is not None else None
            text = _words(child)
            if level:
                outline.heading(level, text)
            else:
                for line in text.split("\n"):
                    outline.add(line)
        elif child.tag == f"{_W}tbl":
            for row in child.iterchildren(f"{_W}tr"):
                cells = [" ".join(_words(cell).split()) for cell in row.iterchildren(f"{_W}tc")]
                outline.add(" | ".join(c for c in cells if c))
        elif child.tag in {f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"}:
            _body(child, outline, levels)


def _words(paragraph: Any) -> str:
    """The text of a paragraph or cell, with inserted text and text boxes, without deleted and hidden text."""
    found: list[str] = []
    for run in paragraph.iter(f"{_W}r", f"{_W}p"):
        if run.tag == f"{_W}p":  # the next one in a cell or text box
            found.append("\n" if found else "")
            continue
        vanish = run.find(f"{_W}rPr/{_W}vanish")
        if vanish is not None and vanish.get(f"{_W}val", "true") not in {"0", "false"}:
            continue
        if any(a.tag in {f"{_W}del", f"{_W}moveFrom", _FALLBACK} for a in run.iterancestors()):
            continue
        for piece in run:
            if piece.tag == f"{_W}t":
                found.append(piece.text or "")
            elif piece.tag in {f"{_W}br", f"{_W}cr"}:
                found.append("\n")
            elif piece.tag == f"{_W}tab":
                found.append(" ")
    return "".join(found)
