"""The page without a browser: Streamlit's AppTest with fakes at the doors, the whole way in both languages, and the pure parts of ui/."""

from __future__ import annotations

import dataclasses
import re
import string
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from conftest import FakeChat
from streamlit.testing.v1 import AppTest

import ui.machine
from rag import knowledge
from rag.errors import FetchError
from rag.formats import case_to, letter_text
from rag.knowledge import Question
from rag.models import Finding, Letter, Notice, Quote, Section, Sentence
from rag.settings import load_settings
from ui import notice as notice_part
from ui.letter import edited, summary
from ui.machine import Machine
from ui.text import STRINGS, WORDS, Say, language_of
from ui.work import Work, case_of, corrected, facts_of, statement

PROJECT = Path(__file__).resolve().parent.parent
NOTICE = """Hello,

Your seller-fulfilled offers were deactivated because your late shipment rate was above 4%.
Please send a plan of action within 7 days with the root cause of the late shipments.
Order: 112-5093841-7720136
"""


class FakeRetriever:
    """Finds nothing, at once."""

    _index = object()

    def search(self, query: str, k: int = 5, **filters: str) -> tuple[()]:
        return ()


def translated(asked: Any) -> str:
    """A model that words the one Chinese fact of these tests."""
    return "The label printer failed on 2 March 2026." if "打印机" in asked.user else "Our staff checked the open orders."


@pytest.fixture
def chat() -> FakeChat:
    return FakeChat(answer=translated)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, chat: FakeChat) -> Iterator[Machine]:
    """A machine with fakes at its doors and a home of the test's own, as the page finds it."""
    made = Machine(
        load_settings(), open_chat=lambda settings: chat, open_retriever=lambda settings: FakeRetriever(), fetch=lambda settings: [],
        now=lambda: datetime(2026, 5, 1, 12, 0, tzinfo=UTC),
    )  # fmt: skip
    made._retriever = made._open_retriever(made.settings)
    monkeypatch.setattr(ui.machine, "build", lambda: made)
    st.cache_resource.clear()
    yield made
    st.cache_resource.clear()


def page(language: str, case: str = "") -> AppTest:
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    app.query_params["lang"] = language
    if case:
        app.query_params["case"] = case
    return quiet(app.run())


def quiet(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error, [e.value for e in app.error]
    return app


def field(app: AppTest, part: str) -> Any:
    return next(f for f in (*app.text_area, *app.text_input) if f.key.endswith(part))


def read_notice(app: AppTest, text: str = NOTICE, stance: str = "accept_and_fix") -> AppTest:
    field(app, "/notification").set_value(text)
    field(app, "/store_name").set_value("Dozenpaw Beds")
    app.run()
    quiet(app.button(key="read").click().run())
    return choose_stance(app, stance) if app.radio and stance else app


def choose_stance(app: AppTest, stance: str) -> AppTest:
    app.radio(key=f"{work(app).id}/stance").set_value(stance)
    return quiet(app.run())


def drafted(app: AppTest) -> AppTest:
    app.button(key="draft").click().run()
    until = time.monotonic() + 30
    while not app.get("download_button"):
        assert time.monotonic() < until, "the letter did not come"
        time.sleep(0.1)
        quiet(app.run())
    return app


def shown(app: AppTest) -> str:
    """Everything that the page shows as text."""
    plain = [e.value for kind in (app.markdown, app.caption, app.info, app.warning, app.success, app.subheader, app.code) for e in kind]
    blocks = [element.proto.body for element in app.get("html")]
    labels = [e.label for kind in (app.button, app.text_area, app.text_input, app.selectbox, app.multiselect, app.radio, app.checkbox, app.expander) for e in kind]
    return "\n".join([*plain, *blocks, *labels])


# --- the whole way ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_the_whole_way_from_notice_to_files(here: Machine, language: str) -> None:
    say = Say(language_of(language))
    app = read_notice(page(language))
    assert app.selectbox(key=f"{work(app).id}/case_type").value == "late_shipment_rate"
    assert "<mark" in shown(app) and "112-5093841-7720136" in shown(app)

    fact = "2026年3月2日打印机坏了" if say.chinese else "The label printer failed on 2 March 2026."
    field(app, "/answer/what_happened").set_value(fact)
    drafted(quiet(app.run()))
    (version,) = here.store.letters(work(app).id)
    assert "The label printer failed on 2 March 2026." in letter_text(version.letter)
    assert fact in shown(app)  # beside the sentence, in the seller's own words
    assert say("export_zip") in [b.proto.label for b in app.get("download_button")]

    number = next(n for n, s in enumerate(all_sentences(version.letter)) if "printer" in s.text)
    edit(app, version.version, number, "The label printer failed on 9 March 2026.")
    after = here.store.letters(work(app).id)[0].letter
    assert all_sentences(after)[number].origin == "edited"
    assert any(f.check == "fact_lock" and f.sentence == number and f.severity == "block" for f in after.findings)
    assert say("severity_block") in shown(app)

    edit(app, version.version, number, "The label printer failed on 2 March 2026.")
    assert not [f for f in here.store.letters(work(app).id)[0].letter.findings if f.check == "fact_lock" and f.sentence == number]
    assert [e.after for e in here.store.edits(work(app).id)][-1] == "The label printer failed on 2 March 2026."


def test_a_letter_that_comes_after_another_is_chosen_and_agrees_with_it(here: Machine) -> None:
    app = read_notice(page("en"))
    field(app, "/answer/what_happened").set_value("The label printer failed on 2 March 2026.")
    quiet(app.run())
    box = app.selectbox(key=f"{work(app).id}/document")
    assert box.value == "" and "counter_notice" not in box.options, "only kinds that fit the case"
    box.set_value("supplement")
    quiet(app.run())
    sent = "Plan of action\n\nThe label printer failed on 2 March 2026."
    app.text_area(key=f"{work(app).id}/earlier").set_value(sent)
    drafted(quiet(app.run()))
    (version,) = here.store.letters(work(app).id)
    assert version.letter.document == "supplement"
    assert any(f.check == "left_out" and f.kind == "told_before" for f in version.letter.findings), "what was sent before is not sent again"
    again = page("en", work(app).id)
    assert again.selectbox(key=f"{work(app).id}/document").value == "supplement" and again.text_area(key=f"{work(app).id}/earlier").value == sent


def work(app: AppTest) -> Work:
    found: Work = app.session_state["work"]
    return found


def all_sentences(letter: Letter) -> list[Sentence]:
    return [s for section in letter.sections for s in section.sentences]


def edit(app: AppTest, version: int, number: int, text: str) -> None:
    place = f"{work(app).id}/{version}/{number}"
    app.button(key=f"edit/{place}").click().run()
    app.text_area(key=f"text/{place}").set_value(text)
    quiet(app.button(key=f"save/{place}").click().run())


def test_an_unsure_notice_asks_for_the_type_and_goes_on_when_it_is_chosen(here: Machine) -> None:
    app = read_notice(page("en"), "We looked at your account.")
    assert STRINGS["nothing_found"][0] in shown(app)
    assert not app.radio
    app.selectbox(key=f"{work(app).id}/case_type").set_value("order_defect_rate")
    quiet(app.run())
    assert app.radio[0].value is None and STRINGS["choose_stance"][0] in shown(app) and not has_draft_button(app)
    choose_stance(app, "contest")
    assert work(app).stance == "contest" and has_draft_button(app)
    again = page("en", work(app).id)
    assert again.radio[0].value == "contest"
    app.selectbox(key=f"{work(app).id}/case_type").set_value("late_shipment_rate")
    quiet(app.run())
    assert app.radio[0].value is None, "the position belongs to the case type that it was chosen for"


def has_draft_button(app: AppTest) -> bool:
    return any(b.key == "draft" for b in app.button)


def test_all_case_types_can_be_chosen_and_drawn(here: Machine) -> None:
    app = read_notice(page("en"))
    box = app.selectbox(key=f"{work(app).id}/case_type")
    assert len(box.options) == len(knowledge.case_type_ids()) + 1
    for name in ("ip_court_order_tro", "copyright_complaint_wrong", "az_claim_appeal", "product_safety"):
        app.selectbox(key=f"{work(app).id}/case_type").set_value(name)
        quiet(app.run())
        assert [o for o in app.radio[0].options] == [Say("en").word("stance", o.stance) for o in knowledge.case_type(name).stances]


def test_a_conceded_admission_reaches_the_case(here: Machine) -> None:
    app = read_notice(page("en"))
    box = app.checkbox[0]
    assert box.key.split("/")[-1].startswith(("admits_", "legal_liability"))
    box.check()
    quiet(app.run())
    assert case_of(work(app)).conceded == (box.key.split("/")[-1],)


def test_a_matter_for_a_lawyer_gives_one_sentence_and_no_letter(here: Machine) -> None:
    app = read_notice(page("zh-Hans"))
    app.selectbox(key=f"{work(app).id}/case_type").set_value("ip_court_order_tro")
    app.run()
    app.button(key="draft").click().run()
    for _ in range(50):
        if app.error:
            break
        time.sleep(0.1)
        app.run()
    assert "律师" in app.error[0].value
    assert not app.exception


def test_what_was_typed_just_before_the_draft_is_in_the_letter(here: Machine) -> None:
    app = read_notice(page("en"))
    field(app, "/answer/what_happened").set_value("The label printer failed on 2 March 2026.")
    drafted(app)  # typed and clicked in one go, as a hurried seller does
    assert "printer" in letter_text(here.store.letters(work(app).id)[0].letter)


def test_stopping_keeps_the_page_and_says_so(here: Machine, chat: FakeChat) -> None:
    app = read_notice(page("zh-Hans"))
    field(app, "/answer/what_happened").set_value("\n".join(f"2026年3月{n}日打印机坏了" for n in range(1, 8)))
    app.run()

    def slow(asked: Any) -> str:
        time.sleep(0.4)
        return translated(asked)

    chat.answer = slow
    app.button(key="draft").click().run()
    quiet(app.button(key="stop").click().run())
    for _ in range(60):
        if not here.jobs[work(app).id].running:
            break
        time.sleep(0.1)
    quiet(app.run())
    assert STRINGS["stopped_note"][1] in shown(app)
    assert app.button(key="draft")


# --- cases --------------------------------------------------------------------------------------------------------------


def test_a_reload_and_a_restart_keep_the_case(here: Machine) -> None:
    app = read_notice(page("en"))
    field(app, "/answer/what_happened").set_value("The printer failed.")
    app.button(key="free_add").click().run()
    field(app, "/text").set_value("We ship from Ningbo.")
    app.button(key="document_add").click().run()
    field(app, "/name").set_value("log.pdf")
    quiet(app.run())
    again = page("en", work(app).id)
    assert case_to(case_of(work(again))) == case_to(case_of(work(app)))
    assert field(again, "/answer/what_happened").value == "The printer failed."
    assert field(again, "/store_name").value == "Dozenpaw Beds"


def test_new_open_and_delete(here: Machine) -> None:
    app = read_notice(page("en"))
    first = work(app).id
    quiet(app.button(key="case_new").click().run())
    assert work(app).id != first and not work(app).notification
    quiet(app.button(key=f"open/{first}").click().run())
    assert work(app).id == first
    app.button(key="case_delete").click().run()
    quiet(app.button(key="case_delete_yes").click().run())
    assert here.store.list() == ()


def test_an_untouched_case_is_not_saved(here: Machine) -> None:
    page("en")
    assert here.store.list() == ()


def test_a_database_of_another_version_is_one_sentence_on_the_page(here: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    here.store.list()
    with sqlite3.connect(here.settings.home / "cases.sqlite") as connection:
        connection.execute("UPDATE meta SET value = '99'")
    here.store._opened = None
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    app.query_params["lang"] = "zh-Hans"
    app.run()
    assert not app.exception
    assert "较新版本" in app.error[0].value


# --- models -------------------------------------------------------------------------------------------------------------


def test_the_page_opens_while_models_are_missing_and_says_what_works(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[object] = []
    made = Machine(dataclasses.replace(load_settings(), encoder="e5"), open_retriever=lambda s: FakeRetriever(), fetch=fetched.append)
    made.start()
    monkeypatch.setattr(ui.machine, "build", lambda: made)
    st.cache_resource.clear()
    app = page("zh-Hans")
    assert STRINGS["model_waiting"][1] in shown(app)
    assert len(fetched) == 1
    assert not made.doors().chat.available


def test_a_draft_asked_for_at_once_waits_for_the_encoder_that_is_being_loaded() -> None:
    loaded = threading.Event()

    def slowly(settings: object) -> FakeRetriever:
        assert loaded.wait(10)
        return FakeRetriever()

    machine = Machine(dataclasses.replace(load_settings(), chat_model="none", encoder="e5", offline=True), open_retriever=slowly).start()
    machine.wait_for_search(lambda: True)
    assert machine.loading, "stopped at once"
    threading.Timer(0.3, loaded.set).start()
    machine.wait_for_search()
    assert isinstance(machine.doors().retriever, FakeRetriever)


def test_nothing_is_fetched_when_switched_off_or_not_wanted() -> None:
    fetched: list[object] = []
    for changes in ({"offline": True}, {"chat_model": "none", "encoder": "e5"}):
        machine = Machine(dataclasses.replace(load_settings(), **changes), open_retriever=lambda s: FakeRetriever(), fetch=fetched.append)
        machine.start()
    assert fetched == []


def test_a_failed_fetch_does_not_end_the_page() -> None:
    def fail(settings: object) -> None:
        raise FetchError("No connection.", "没有网络。")

    machine = Machine(load_settings(), open_retriever=lambda s: FakeRetriever(), fetch=fail)
    machine.fetch_models()
    assert machine._fetching is not None
    machine._fetching.join(5)
    assert not machine.fetching


def test_a_remote_model_is_named_with_what_is_sent(here: Machine) -> None:
    here.settings = dataclasses.replace(here.settings, chat_model="openai:some-model")
    text = shown(page("en"))
    assert "openai:some-model" in text and "each fact" in text
    assert STRINGS["leaves_nothing"][0] not in text


# --- words --------------------------------------------------------------------------------------------------------------

_NAMES = re.compile(r"ASIN|Amazon|Word|Hello|Your Amazon seller account has been deactivated|POA_OFFLINE|MB|zip|docx|txt|\{[^}]*\}", re.IGNORECASE)

_MODELS = re.compile(r"https?://[^\s）]+|EmbeddingGemma[\w-]*|Gemma|Qwen[\w.-]*|multilingual-e5-small|LIGHT=1|MIT|Apache", re.IGNORECASE)
"""Names of models and licences stay as they are in every language."""


@pytest.mark.parametrize("key", sorted(STRINGS))
def test_every_string_has_both_languages_with_the_same_placeholders(key: str) -> None:
    english, chinese = STRINGS[key]
    places = [sorted(f for _, f, _, _ in string.Formatter().parse(text) if f) for text in (english, chinese)]
    assert english and chinese and places[0] == places[1]
    assert not re.search(r"[㐀-鿿]", english)
    assert not re.search(r"[A-Za-z]{2}", _NAMES.sub("", chinese)), chinese


def test_every_value_has_a_name_in_both_languages() -> None:
    from typing import get_args

    from rag.models import FactKind, NoticeKind, ReplyForm, SectionId, Stance
    from rag.plan import SITES

    for family, values in (("kind", NoticeKind), ("stance", Stance), ("fact", FactKind), ("reply_form", ReplyForm), ("section", SectionId)):
        assert set(get_args(values)) <= set(WORDS[family])
    assert set(WORDS["store"]) == set(SITES)


def test_every_string_is_used_and_every_used_string_exists() -> None:
    files = [PROJECT / "app.py", *(p for p in (PROJECT / "ui").glob("*.py") if p.name != "text.py")]
    code = "\n".join(p.read_text(encoding="utf-8") for p in files)
    used = set(re.findall(r"""["']([a-z0-9_]+)["']""", code))
    made = {k for k in STRINGS if k.startswith(("step_", "origin_", "severity_", "box_", "progress_", "summary_", "need_", "export_", "fetch_"))}
    assert set(re.findall(r"""say\(["']([a-z0-9_]+)["'][,)]""", code)) <= set(STRINGS)
    assert set(STRINGS) - made <= used


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant"])
def test_no_english_is_left_on_the_chinese_page(here: Machine, language: str) -> None:
    app = page(language)
    labels = [e.label for kind in (app.button, app.text_area, app.text_input, app.selectbox) for e in kind] + [e.value for e in (*app.caption, *app.subheader)]
    left = [text for text in labels if re.search(r"[A-Za-z]{3}", _NAMES.sub("", _MODELS.sub("", text)))]
    assert left == []


@pytest.mark.parametrize(
    ("locale", "language"),
    [("zh-CN", "zh-Hans"), ("zh-TW", "zh-Hant"), ("zh-Hant-HK", "zh-Hant"), ("en-US", "en"), ("de", "en"), (None, "zh-Hans")],
)
def test_the_language_follows_the_browser(locale: str | None, language: str) -> None:
    assert language_of(locale) == language


# --- the pure parts -----------------------------------------------------------------------------------------------------


def question(**values: Any) -> Question:
    text = {"en": "What is the 10-day late shipment rate?", "zh": "10 天迟发率是多少?"}
    return Question(**{"id": "q", "type": "percent", "kind": "metric", "ask": text, "why": text, **values})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("7.2%", "The 10-day late shipment rate is 7.2%"),
        ("7.2%,41 单", "10 天迟发率：7.2%,41 单"),
        ("The rate was 7.2%.", "The rate was 7.2%."),
        ("迟发率为7.2%", "迟发率为7.2%"),
    ],
)
def test_a_bare_answer_takes_its_subject_from_the_question(answer: str, told: str) -> None:
    assert statement(question(), answer) == told


def filled(**answers: str) -> Work:
    return Work("c1", NOTICE, True, "US", "Store", "late_shipment_rate", "accept_and_fix", answers=dict(answers))


def test_each_sentence_of_an_answer_is_a_fact_of_its_own() -> None:
    facts = facts_of(filled(what_happened="打印机坏了。没有人检查积压。"))
    assert [(f.id, f.text, f.question, f.kind, f.source) for f in facts] == [
        ("what_happened", "打印机坏了。", "what_happened", "cause", "form"),
        ("what_happened-2", "没有人检查积压。", "what_happened", "cause", "form"),
    ]


def test_a_choice_alone_says_nothing_in_the_letter() -> None:
    assert facts_of(filled(**{"pick:late_or_confirmed_late": "both"})) == ()


def test_answers_of_another_position_are_kept_but_not_used() -> None:
    work = filled(what_happened="打印机坏了。")
    work.case_type = "account_verification"
    work.stance = "clarify_and_verify"
    asked = {q.id for q in knowledge.questions_of(knowledge.case_type("account_verification"), "clarify_and_verify")}
    assert {f.question for f in facts_of(work)} <= asked
    assert work.answers["what_happened"]


def test_corrections_replace_what_was_read() -> None:
    read = Notice(None, "late_shipment_rate", asins=("B0ABCDEFGH",), deadline_hours=168)
    work = filled(**{"notice:kind": "suspension", "notice:deadline_hours": "", "notice:asins": "B000000001，B000000002"})
    found = corrected(read, work)
    assert (found.kind, found.deadline_hours, found.asins) == ("suspension", None, ("B000000001", "B000000002"))


def test_the_notice_is_shown_as_text_whatever_it_holds() -> None:
    text = "<script>alert(1)</script> late shipment rate & B0ABCDEFGH"
    read = Notice(None, "", quotes=(Quote("late shipment rate", text.index("late"), "case_type:late_shipment_rate"), Quote("shipment", text.index("shipment"), "kind:warning")), asins=("B0ABCDEFGH",))
    shown = notice_part.highlighted(text, read, Say("en"))
    assert "<script>" not in shown and "&lt;script&gt;" in shown and "&amp;" in shown
    assert shown.count("<mark") == 2  # the quotation inside another one is not marked twice


LETTER = Letter(
    "c1", "appeal", "en", "accept_and_fix", "late_shipment_rate",
    (Section("root_cause", "Root cause", (Sentence("The printer failed.", ("what_happened",), (), "model"), Sentence("We ship.", ("what_happened",), (), "model"))),),
    findings=(Finding("support", "warn", "Doubt.", "存疑。", sentence=0, kind="added_action"), Finding("support", "warn", "?", "?", sentence=1, kind="undecided")),
)  # fmt: skip


def test_an_edit_drops_what_the_model_said_about_the_old_sentence_and_keeps_the_rest() -> None:
    changed = edited(LETTER, 0, "The printer broke.", case_of(filled(what_happened="The printer broke.")), Notice(None, ""))
    assert all_sentences(changed)[0] == Sentence("The printer broke.", ("what_happened",), (), "edited")
    assert [f.sentence for f in changed.findings if f.check == "support"] == [1]


def test_the_summary_names_what_was_not_checked_and_no_odds() -> None:
    say = Say("en")
    changed = edited(LETTER, 0, "The printer broke.", case_of(filled(what_happened="The printer broke.")), Notice(None, ""))
    text = " ".join(" ".join(part) for part in summary(changed, say))
    assert "1 sentences that you edited" in text and "1 sentences where the model could not tell" in text
    assert not re.search(r"chance|probab|likely|odds|%", text)


def test_a_draft_that_fails_in_an_unexpected_way_is_one_sentence(here: Machine) -> None:
    from ui import jobs

    def broken(*args: Any, **options: Any) -> Letter:
        raise ZeroDivisionError

    job = jobs.start(here, case_of(filled()), Notice(None, ""), "mark", broken)
    assert job.thread is not None
    job.thread.join(10)
    assert job.error is not None and "ZeroDivisionError" in job.error.message and not job.running


def test_two_clicks_start_one_draft(here: Machine) -> None:
    import threading

    from ui import jobs

    gate = threading.Event()
    calls: list[int] = []

    def waiting(*args: Any, **options: Callable[..., Any]) -> Letter:
        calls.append(1)
        gate.wait(10)
        return LETTER

    first = jobs.start(here, case_of(filled()), Notice(None, ""), "mark", waiting)
    second = jobs.start(here, case_of(filled()), Notice(None, ""), "mark", waiting)
    gate.set()
    assert first is second and first.thread is not None
    first.thread.join(10)
    assert calls == [1] and first.version == 1
