"""How notices are worded, language by language: kinds, requests, deadlines and the words that only look like them. All texts are invented."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from rag import knowledge
from rag.notice import read_notice

KINDS = (
    ("suspension", "Hello Orrin Tools,\nYour selling account has been deactivated because of your order defect rate. Please send us a plan of action."),
    ("suspension", "Guten Tag,\nIhr Verkäuferkonto wurde deaktiviert. Bitte senden Sie uns einen Maßnahmenplan."),
    ("suspension", "Bonjour,\nVotre compte de vente a été désactivé. Veuillez nous envoyer un plan d'action."),
    ("suspension", "Hola:\nSu cuenta de vendedor ha sido desactivada. Envíenos un plan de acción para que podamos revisarlo."),
    ("suspension", "Gentile venditore,\nIl suo account è stato disattivato. La preghiamo di inviare un piano d'azione per la nostra verifica."),
    ("suspension", "您好,您的销售权限已被移除。请提交行动计划。"),
    ("suspension", "您好,您的銷售權限已被移除。請提交行動計劃。"),
    ("suspension", "出品者様\nお客様のアカウントを停止いたしました。改善計画をお送りください。"),
    ("rejection", "We have read the plan you submitted. We uphold the decision and your account stays deactivated. You may appeal again if you have new information."),
    ("rejection", "您好,我们已审核您提交的申诉,决定不恢复您的销售权限。"),
    ("final_rejection", "We have considered your appeal again. This decision is final, and we will not reply to further messages about it."),
    ("final_rejection", "Nach erneuter Prüfung lehnen wir Ihren Einspruch ab. Diese Entscheidung ist endgültig. Weitere Nachrichten werden wir nicht mehr beantworten."),
    ("request_more_info", "Thank you for your invoices. They are incomplete: the supplier is not named. Please send us a complete copy within 5 days."),
    ("reinstated", "Hello,\nYour appeal was approved and your listings are live again. No further action is needed."),
    ("reinstated", "您好,您的账户已重新激活,您可以继续销售。"),
    ("warning", "Policy warning\n\nSome of your messages break our guidelines. If this happens again, we may suspend your account. No reply is required."),
    ("deactivation_72h", "Your account will be deactivated in 72 hours unless you submit an appeal."),
    ("listing_removal", "We removed the listing B0D4XXQ7PL because it does not comply with our policy."),
    ("ip_complaint", "A rights owner reported that your listing infringes its trademark. Complaint ID: 5512093487"),
    ("verification", "Verify your identity\n\nWe have to verify your identity before you can sell. Please upload a passport."),
)


@pytest.mark.parametrize(("kind", "text"), KINDS)
def test_the_kind_is_read_in_each_language(kind: str, text: str) -> None:
    assert read_notice(text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "To have your account reinstated, please send us a plan of action. Your account has been deactivated.",
        "Your account has been deactivated. Once it has been reinstated, your listings are live again.",
    ],
)
def test_a_condition_is_no_reinstatement(text: str) -> None:
    assert read_notice(text).kind == "suspension"


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("Please send invoices from your supplier.", "invoices"),
        ("Bitte senden Sie uns die Rechnungen Ihres Lieferanten.", "invoices"),
        ("Veuillez nous fournir les factures de votre fournisseur.", "invoices"),
        ("Por favor, envíe las facturas de su proveedor.", "invoices"),
        ("La preghiamo di inviare le fatture del suo fornitore.", "invoices"),
        ("请提供采购发票。", "invoices"),
        ("請提供採購發票。", "invoices"),
        ("仕入先の請求書をご提出ください。", "invoices"),
        ("Your plan should tell us why the parcels left late.", "root_cause"),
        ("You can ask the rights owner to withdraw the complaint.", "retraction"),
        ("Please book a video call with our associate.", "video_verification"),
        ("A specialist will call you on your emergency number.", "phone_call"),
    ],
)
def test_requests_are_read_in_each_language(text: str, item: str) -> None:
    assert item in read_notice(text).requested


@pytest.mark.parametrize(
    "text",
    [
        "You do not need to send invoices.",
        "Invoices are not necessary.",
        "We read the invoices you sent in May.",
        "Sie brauchen keine Rechnungen einzureichen.",
        "无需提供发票。",
    ],
)
def test_what_need_not_be_sent_is_not_asked_for(text: str) -> None:
    assert "invoices" not in read_notice(text).requested


def test_a_list_in_markup_is_asked_for_line_by_line() -> None:
    text = "<p>Submit the following:</p><ul><li>The root cause</li><li>What you have done to resolve it</li><li>Steps to prevent it</li></ul>"
    assert set(read_notice(text).requested) == {"root_cause", "corrective_actions", "preventive_measures"}


def test_the_sellers_own_remark_and_an_earlier_mail_ask_for_nothing() -> None:
    notice = (
        "Hello,\nThank you for your message. We have reviewed your appeal and decided not to reinstate your account. "
        "The account stays deactivated, because the explanation does not change our decision about the orders in question.\n\n"
        "On Tue, Jun 7, 2022 you wrote:\n> Dear team, please tell us which invoices we must send within 5 days.\n\n请问要不要提供发票?"
    )
    found = read_notice(notice)
    assert (found.kind, found.requested, found.deadline_hours) == ("rejection", (), None)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("Bitte antworten Sie innerhalb von 10 Tagen.", 240),
        ("Veuillez répondre sous 7 jours.", 168),
        ("Por favor, responda en un plazo de 14 días.", 336),
        ("La preghiamo di rispondere entro 5 giorni.", 120),
        ("21日以内に書類をご提出ください。", 504),
        ("请于十天内提交文件。", 240),
        ("Within three weeks you can sign the agreement.", 504),
    ],
)
def test_deadlines_are_read_in_each_language(text: str, hours: int) -> None:
    assert read_notice(text).deadline_hours == hours


@pytest.mark.parametrize(
    "text",
    [
        "Bitte senden Sie Rechnungen der letzten 365 Tage.",
        "Please send a bill that is not older than 90 days.",
        "We aim to respond in 48 hours. Please send a plan.",
        "请提供过去 90 天的账单。",
        "審査には通常2営業日ほどかかります。",
        "Your account has been reactivated. Please answer buyers within 24 hours.",
    ],
)
def test_spans_of_time_of_other_things_are_no_deadline(text: str) -> None:
    assert read_notice(text).deadline_hours is None


def test_a_text_of_the_field_always_has_a_kind() -> None:
    assert read_notice("Regarding the order defect rate.").kind is not None


def test_every_list_has_english_and_chinese() -> None:
    data = knowledge.notices()
    lists = {**data.signals, **data.requests, "asking": data.asking, "not_asking": data.not_asking, "conditions": data.conditions}
    assert [name for name, patterns in lists.items() if not patterns.en or not patterns.zh] == []


def test_a_broken_pattern_is_named() -> None:
    with pytest.raises(ValidationError, match=re.escape("'(open' is no regular expression")):
        knowledge.Patterns(en=["(open"])
