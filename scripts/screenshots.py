"""Walks one invented case through the page in a real browser and writes docs/img/app-en.png and docs/img/app-zh.png.

    .venv/bin/python scripts/screenshots.py            both languages, with the models of this computer
    .venv/bin/python scripts/screenshots.py en         one of them
    .venv/bin/python scripts/screenshots.py en --model none --out /tmp/look

The app runs on a free port with a home of its own, so no saved case is touched. The Chinese page needs a Chinese font on this computer
(Debian: fonts-noto-cjk); without one that picture is not written, since it would show empty boxes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from rag import knowledge  # noqa: E402
from rag.formats import load_case  # noqa: E402
from rag.models import Case  # noqa: E402
from rag.settings import load_settings  # noqa: E402
from ui.text import STRINGS, Say, language_of  # noqa: E402

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
CASES = {"en": "tm-wrong-compat-en.yaml", "zh": "lsr-four-metrics-zh.yaml"}
WIDTH = 1440
MARGIN, PICTURE = 280, 1900
"""Pixels of the window left of the page's text, and the height of a picture."""
START_SECONDS = 60
DRAFT_SECONDS = 900
"""A small model on two slow cores needs minutes for a dozen sentences."""


def chromium() -> str:
    """The browser of this computer, or an empty text."""
    return next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")


def has_chinese_font() -> bool:
    """Whether Chinese characters can be drawn here."""
    try:
        return bool(subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, text=True, check=False).stdout.strip())
    except FileNotFoundError:  # no fontconfig: not Linux, where the system brings its fonts
        return sys.platform != "linux"


@contextlib.contextmanager
def app(home: Path, **environment: str) -> Iterator[str]:
    """The app in a process of its own; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**{k: v for k, v in os.environ.items() if not k.startswith("POA_")}, "POA_HOME": str(home), **environment}
    command = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py"), "--server.port", str(port), "--server.headless", "true"]
    with (home / "app.log").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, process)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(address: str, process: subprocess.Popen[Any]) -> None:
    """Waits until the page answers."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the app ended with {process.returncode}; see app.log in its home")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as reply:
            if reply.status == 200:
                return
        time.sleep(0.2)
    raise RuntimeError(f"the app did not answer at {address} within {START_SECONDS} seconds")


def fill_case(page: Any, address: str, case: Case, say: Say) -> None:
    """Types the case into the page, as a seller would, up to the button that writes the letter."""
    page.goto(f"{address}/?lang={say.language}")
    page.get_by_label(say("notice_label"), exact=True).fill(case.notification)
    page.get_by_label(say("store_name"), exact=True).fill(case.store_name)
    page.keyboard.press("Tab")
    page.get_by_role("button", name=say("read"), exact=True).click()
    page.get_by_text(say("stance_hint")).wait_for()
    if case.case_type:  # a notice cannot tell a right complaint from a wrong one: the seller does
        choose(page, page.get_by_label(say("case_type"), exact=True), say.case_type(knowledge.case_type(case.case_type)))
    if case.stance:
        page.get_by_role("radiogroup", name=say("stance_hint")).get_by_text(say.word("stance", case.stance), exact=True).click()
        settle(page)
    for number, fact in enumerate(case.facts, 1):
        page.get_by_role("button", name=say("fact_add")).click()
        fields = page.get_by_label(say("fact_text"), exact=True)
        fields.nth(number - 1).wait_for()
        fields.nth(number - 1).fill(fact.text)
        page.keyboard.press("Tab")
        choose(page, page.get_by_label(say("fact_kind"), exact=True).nth(number - 1), say.word("fact", fact.kind))
    for number, evidence in enumerate(case.evidence, 1):
        page.get_by_role("button", name=say("document_add")).click()
        fields = page.get_by_label(say("document_name"), exact=True)
        fields.nth(number - 1).wait_for()
        fields.nth(number - 1).fill(evidence.name)
        page.keyboard.press("Tab")
        page.get_by_label(say("document_data"), exact=True).nth(number - 1).fill(evidence.data)
        page.keyboard.press("Tab")


def choose(page: Any, box: Any, option: str) -> None:
    """Picks an option of a select box."""
    settle(page)
    box.click()
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)


def settle(page: Any) -> None:
    """Waits until the page has nothing left to redraw."""
    page.wait_for_function("() => !document.querySelector('[data-testid=\"stStatusWidget\"]')", timeout=30_000)
    page.wait_for_timeout(250)


def picture(page: Any, path: Path, heading: str) -> None:
    """The page from a heading on: the window grows to the height of the content, since the page scrolls inside itself."""
    settle(page)
    height = page.evaluate("() => Math.max(...[...document.querySelectorAll('[data-testid=\"stMain\"], [data-testid=\"stSidebarContent\"]')].map(e => e.scrollHeight))")
    page.set_viewport_size({"width": WIDTH, "height": min(int(height) + 40, 12_000)})
    page.evaluate("() => document.querySelectorAll('[data-testid=\"stMain\"]').forEach(e => { e.scrollTop = 0 })")
    page.wait_for_timeout(600)
    top = page.get_by_role("heading", name=heading).first.bounding_box()["y"] - 24
    page.screenshot(path=str(path), clip={"x": MARGIN, "y": top, "width": WIDTH - MARGIN, "height": PICTURE})
    page.set_viewport_size({"width": WIDTH, "height": 900})


def walk(language: str, model: str, encoder: str, out: Path) -> None:
    """One language: fills the case, writes the letter, takes the pictures."""
    from playwright.sync_api import sync_playwright

    say = Say(language_of("zh-Hans" if language == "zh" else "en"))
    case = load_case(str(PROJECT / "evals" / "cases" / CASES[language]))
    knowledge.case_type(case.case_type)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        home = Path(folder)
        (home / "models").symlink_to(load_settings().models, target_is_directory=True)
        environment = {"POA_OFFLINE": "1", "POA_MODEL": model, "POA_ENCODER": encoder}
        with app(home, **environment) as address:
            browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
            page = browser.new_page(viewport={"width": WIDTH, "height": 900}, locale="zh-CN" if language == "zh" else "en-US")
            fill_case(page, address, case, say)
            page.get_by_role("button", name=say("draft"), exact=True).click()
            page.get_by_role("button", name=STRINGS["export_zip"][say.chinese]).first.wait_for(timeout=DRAFT_SECONDS * 1000)
            picture(page, out / f"app-{language}.png", say("step_letter"))
            browser.close()


def main() -> int:
    """Command line; 0 when every picture asked for was written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("languages", nargs="*", default=["en", "zh"], help="en, zh or both")
    parser.add_argument("--model", default="local", help="as POA_MODEL")
    parser.add_argument("--encoder", default="embeddinggemma", help="as POA_ENCODER")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "img")
    options = parser.parse_args()
    if not chromium():
        print("No Chromium here: install it (Debian: apt-get install chromium).", file=sys.stderr)  # noqa: T201
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    missed = 0
    for language in options.languages:
        if language == "zh" and not has_chinese_font():
            print("No Chinese font here, so app-zh.png is not written (Debian: apt-get install fonts-noto-cjk).", file=sys.stderr)  # noqa: T201
            missed = 1
            continue
        walk(language, options.model, options.encoder, options.out)
        print(options.out / f"app-{language}.png")  # noqa: T201
    return missed


if __name__ == "__main__":
    sys.exit(main())
