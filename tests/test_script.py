"""Chinese scripts and damaged text: one form to compare in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.script import drop_readings, fold, has_han, repair, simplified, traditional


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("穩(wěn)定", "稳定"),
        ("維穩(wěn)定(dìng)", "维稳定"),
        ("遲發率", "迟发率"),
        ("迟发率", "迟发率"),
        ("LSR Over 4%", "lsr over 4%"),
        ("è¿Ÿå\x8f‘çŽ‡", "迟发率"),
        ("cafÃ©", "café"),
        ("", ""),
    ],
    ids=["reading", "two readings", "Traditional", "Simplified", "English", "wrongly decoded Chinese", "wrongly decoded French", "empty"],
)
def test_one_form_for_comparing(text: str, form: str) -> None:
    assert fold(text) == form


@pytest.mark.parametrize("text", ["机器(abc)", "型号(A4)", "重量(kg)", "a(wěn)", "稳定(第一次)"])
def test_brackets_that_are_no_readings_stay(text: str) -> None:
    assert drop_readings(text) == text


def test_plain_readings_go_when_others_beside_them_have_tones() -> None:
    assert drop_readings("穩(wěn)定(ding)") == "穩定"


def test_full_width_brackets_hold_readings_too() -> None:
    assert drop_readings("稳（wěn）定") == "稳定"


def test_scripts_are_turned_into_each_other() -> None:
    assert simplified("遲發率與帳單") == "迟发率与帐单"
    assert traditional("发货确认") == "發貨確認"
    assert simplified("no Chinese") == traditional("no Chinese") == "no Chinese"


@pytest.mark.parametrize("text", ["“quoted” – it’s 4 %", "ASIN:B0YR6HG2CM", "naïve café", "价格(含税)", "日本語のテキスト"])
def test_sound_text_is_not_repaired(text: str) -> None:
    assert repair(text) == text


@pytest.mark.parametrize(("text", "found"), [("迟发率 4%", True), ("late", False), ("ひらがな", False), ("", False)])
def test_chinese_is_recognised(text: str, found: bool) -> None:
    assert has_han(text) is found


@given(st.text(max_size=60))
def test_the_folded_form_is_stable_and_never_fails(text: str) -> None:
    once = fold(text)
    assert isinstance(once, str)
    assert simplified(once) == once or has_han(once)


@given(st.text(alphabet="abcdefghij 0123456789.%", max_size=40))
def test_plain_english_only_changes_case(text: str) -> None:
    assert fold(text) == text.lower()
