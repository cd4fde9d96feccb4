"""The real page in a real Chromium: the app as a process of its own, no language model, English facts, the whole way, reload and restart."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.formats import load_case
from ui.text import Say

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "scripts"))

import screenshots as walk  # noqa: E402

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not walk.chromium(), reason="no Chromium on this computer (Debian: apt-get install chromium)"),
]
WITHOUT_MODELS = {"POA_MODEL": "none", "POA_ENCODER": "e5", "POA_OFFLINE": "1"}
LETTER = 300_000
"""Milliseconds for a letter without a model while search is being prepared on the same cores: 30 seconds on two free ones."""
WAIT = 90_000
"""Milliseconds for one redraw: the first start prepares search in the background on the same cores."""


@pytest.fixture
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=walk.chromium(), args=walk.FLAGS)
        yield opened
        opened.close()


@contextlib.contextmanager
def window(browser: Any, locale: str = "en-US") -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1400, "height": 1000}, locale=locale)
    page.set_default_timeout(WAIT)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    elsewhere = [url for url in asked if not re.match(r"(?:http|ws)s?://127\.0\.0\.1[:/]|data:|blob:", url)]
    assert elsewhere == []  # the page loads nothing from other machines
    page.close()


def write_letter(page: Any, say: Say) -> None:
    page.get_by_role("button", name=say("draft"), exact=True).click()
    page.get_by_role("button", name=say("export_zip")).first.wait_for(timeout=LETTER)


def test_a_case_from_notice_to_files_then_reload_and_restart(browser: Any, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    say = Say("en")
    case = load_case(str(PROJECT / "evals" / "cases" / "lsr-41-of-569-en.yaml"))
    with walk.app(tmp_path, **WITHOUT_MODELS) as address, window(browser) as page:
        few = [f for f in case.facts if f.id in {"f2", "f6", "f10"}]
        walk.fill_case(page, address, dataclasses.replace(case, facts=tuple(few)), say)
        assert page.locator("mark").count() >= 2
        write_letter(page, say)
        assert "LabelKite" in " ".join(page.locator(".poa-sentence").all_inner_texts())

        with page.expect_download() as download:
            page.get_by_role("button", name=say("export_zip")).first.click()
        archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
        assert "LabelKite" in archive.read("letter.txt").decode()

        row = page.locator('[data-testid="stHorizontalBlock"]', has=page.locator(".poa-sentence", has_text="second printer")).last
        row.locator("button").first.click()
        box = page.get_by_label(say("edit_label"), exact=True)
        box.fill("On 8 March we installed 99 printers.")
        page.get_by_role("button", name=say("save"), exact=True).click()
        page.locator(".poa-finding.poa-block", has_text="99").first.wait_for()
        assert page.locator(".poa-sentence.poa-origin-edited", has_text="99 printers").count() == 1
        page.wait_for_url(re.compile("case="))
        saved = page.url

        page.reload()
        page.locator(".poa-sentence", has_text="99 printers").wait_for()
        expect(page.get_by_label(say("store_name"), exact=True)).to_have_value(case.store_name, timeout=LETTER)  # drawn anew after the reload

    with walk.app(tmp_path, **WITHOUT_MODELS) as address, window(browser) as page:
        page.goto(re.sub(r"^http://[^/]+", address, saved))
        page.locator(".poa-sentence", has_text="99 printers").wait_for()
        page.get_by_role("button", name=say("case_new")).click()
        page.get_by_label(say("notice_label"), exact=True).wait_for()
        page.get_by_role("button", name=re.compile(case.store_name)).click()
        page.locator(".poa-sentence", has_text="99 printers").wait_for()


@pytest.mark.parametrize(("locale", "language"), [("zh-CN", "zh-Hans"), ("zh-TW", "zh-Hant")])
def test_the_page_opens_in_the_language_of_the_browser_and_switches(browser: Any, tmp_path: Path, locale: str, language: str) -> None:
    from playwright.sync_api import expect

    say = Say(language)  # type: ignore[arg-type]
    with walk.app(tmp_path, **WITHOUT_MODELS) as address, window(browser, locale) as page:
        page.goto(address)
        page.get_by_role("button", name=say("read"), exact=True).wait_for()
        page.get_by_text(say("leaves_nothing")).wait_for()
        page.get_by_role("button", name="English").or_(page.get_by_role("radio", name="English")).first.click()
        page.get_by_role("button", name=Say("en")("read"), exact=True).wait_for()
        # The page is redrawn from top to bottom, so the last Chinese line goes a moment after the first English one comes.
        expect(page.locator('[data-testid="stMain"]')).not_to_contain_text(re.compile(r"[㐀-鿿]"), timeout=20_000)
