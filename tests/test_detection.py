"""The language of a question and of an article."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.language.detection import question_language, text_language

TEXTS = {
    "Börsenkurse Frankfurt: DAX minus 0,4 Prozent, MDAX plus 0,2 Prozent. Gewinner: Siemens, Allianz, Bayer. "
    "Umsätze schwach, Anleger zurückhaltend vor Zinsentscheid der Notenbank in der kommenden Woche.": "de",
    "Siemens": "de",
    "": "de",
    "The mayor said that the new swimming pool will open next year, and that costs are lower than expected. "
    "Residents are happy with the decision.": "en",
    "De regering heeft maandag bekendgemaakt dat het nieuwe zwembad in Utrecht volgend jaar wordt geopend. "
    "Volgens de burgemeester zijn de kosten lager dan verwacht.": "other",
    "Le gouvernement a annoncé lundi que la nouvelle piscine de Lyon ouvrira l'année prochaine. Selon le maire, "
    "les travaux ont beaucoup avancé ces derniers mois.": "other",
    "Regeringen meddelade på måndagen att den nya simhallen i Uppsala öppnar nästa år. Enligt borgmästaren har "
    "arbetet gått framåt mycket under de senaste månaderna.": "other",
    "Hükümet pazartesi günü Ankara'daki yeni yüzme havuzunun gelecek yıl açılacağını duyurdu. Belediye başkanına "
    "göre çalışmalar son aylarda çok ilerledi ve maliyetler düşük.": "other",
    "Правительство сообщило в понедельник, что новый бассейн в Перми откроется в следующем году. По словам мэра, "
    "работы сильно продвинулись за последние месяцы, и жители довольны.": "other",
}


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Welches Handelsvolumen wird mittelfristig angestrebt?", "de"),
        ("what trade target was named?", "en"),
        ("Wer ist Gouverneur der Region Perm?", "de"),
        ("Which ministry is responsible for the cooperation in forestry?", "en"),
        ("Was will man in Minsk?", "de"),
        ("How many people live in Gießen?", "en"),
        ("Who is Dmitri Krutoi?", "en"),
        ("Was sagte der Sprecher von Apple Inc.?", "de"),
        ("Und Perm?", "de"),
        ("and Perm?", "en"),
        ("Arbeitslosenquote Minsk", "de"),
        ("trade volume target of Belarus", "en"),
        ("Botschafter?", "de"),
        ("", "de"),
        ("12 345", "de"),
    ],
)
def test_question_language(question: str, language: str) -> None:
    assert question_language(question) == language


@given(st.text(max_size=60))
def test_question_language_is_always_one_of_two(text: str) -> None:
    assert question_language(text) in ("de", "en")


@pytest.mark.parametrize("text", TEXTS)
def test_text_language(text: str) -> None:
    assert text_language(text) == TEXTS[text]
