"""What people do with an answer on Telegram: judge it, look around it, correct their question; inline mode."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.telegram.handlers.excerpts import Place, context_html, source_html
from bot.telegram.handlers.inline import results
from retrieval.answer import Answer
from retrieval.types import Document, Landmark
from tests.botapi import BOT, BotApi
from tests.telegram_bot import ARTICLE, HITS, PASSAGES, RunningBot, ScriptedAnswerer, answers

QUESTION, UNKNOWN = "Welches Ziel wurde genannt?", "Wie hoch ist der Mond?"
QUOTE = "0,5 Milliarden Dollar"
WANTED = "Was wäre richtig?"
GROUP = -100


def toasts(api: BotApi, count: int) -> list[str | None]:
    api.wait(lambda: len(api.calls("answerCallbackQuery")) >= count)
    return [call.params.get("text") for call in api.calls("answerCallbackQuery")]


# Feedback


def test_thumb_up_and_down(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    (answer,) = answers(api, 1)
    api.press(answer, "👍")
    assert toasts(api, 1) == ["Danke!"]
    (judgement,) = bot.collection.feedback.judgements()
    assert (judgement.question, judgement.answer, judgement.document_id) == (QUESTION, QUOTE, 1)
    assert ARTICLE.text[judgement.start : judgement.end] == QUOTE
    assert (judgement.verdict, judgement.wanted) == ("good", "")
    assert len(judgement.user) == 32

    api.press(answer, "👎")
    _, asked = answers(api, 2)
    assert asked["text"].startswith(WANTED)
    assert api.calls("sendMessage")[-1].params["reply_markup"] == {"force_reply": True, "selective": True}
    reply = api.text("Der Zug", reply_to_message=asked)
    assert answers(api, 3)[2]["text"] == "Danke, das ist notiert."
    api.edit(reply, "Der Zug kam")
    answers(api, 4)
    (judgement,) = bot.collection.feedback.judgements()
    assert (judgement.verdict, judgement.wanted) == ("bad", "Der Zug kam")
    assert bot.answerer.asked == [QUESTION]


def test_what_would_be_right_in_a_group_is_asked_of_one(api: BotApi, bot: RunningBot) -> None:
    api.text(f"/ask {UNKNOWN}", chat=GROUP)
    (answer,) = answers(api, 1, GROUP)
    api.press(answer, "👎", user=8)
    _, asked = answers(api, 2, GROUP)
    assert asked["text"].startswith(f"Person 8: {WANTED}")
    api.text(QUESTION, chat=GROUP, user=9, reply_to_message=asked)  # a question, like any reply to the bot
    api.text("nichts", chat=GROUP, user=8, reply_to_message=asked)
    assert [QUOTE in message["text"] for message in answers(api, 4, GROUP)] == [False, False, True, False]
    (judgement,) = bot.collection.feedback.judgements()
    assert (judgement.answer, judgement.document_id, judgement.wanted) == ("", 1, "nichts")
    assert bot.answerer.asked == [UNKNOWN, QUESTION]
    assert [m.question for m in bot.collection.feedback.missed_questions()] == [UNKNOWN]


def test_skip(api: BotApi, bot: RunningBot) -> None:
    api.text(UNKNOWN)
    api.press(answers(api, 1)[0], "👎")
    asked = answers(api, 2)[1]
    api.text("/skip")
    assert answers(api, 3)[2]["text"] == "In Ordnung."
    api.text("Frage 1", reply_to_message=asked)
    answers(api, 4)
    assert bot.answerer.asked == [UNKNOWN, "Frage 1"]


def test_what_would_be_right_is_waited_for_across_a_restart(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url):
        api.text(UNKNOWN)
        api.press(answers(api, 1)[0], "👎")
        asked = answers(api, 2)[1]
    with RunningBot(tmp_path, api.url) as bot:
        api.text("Es regnete", reply_to_message=asked)
        answers(api, 3)
        assert bot.collection.feedback.judgements()[0].wanted == "Es regnete"


def test_a_judgement_of_what_is_gone(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    (answer,) = answers(api, 1)
    for data in ("good:1:2:3:00000000", "bad:x", f"good:{'9' * 20}:0:0:e3b0c442"):
        api.press(answer, data=data)
    bot.collection.remove([replace(ARTICLE, id=1)])
    api.press(answer, "👍")
    api.press(answer, "Zusammenhang")
    assert {*toasts(api, 5)} == {"Diese Frage ist nicht mehr da. Bitte stellen Sie sie noch einmal."}
    assert bot.collection.feedback.judgements() == []


# Looking around


def test_context_and_source(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    (answer,) = answers(api, 1)
    api.press(answer, "Zusammenhang")
    api.press(answer, "Quelle")
    _, context, source = answers(api, 3)
    assert context["text"] == f"{ARTICLE.text}\n\nHandel <& Wandel>, BelTA, 17. Mai 2024"
    assert f"<b>{QUOTE}</b>" in api.calls("sendMessage")[1].params["text"]
    assert source["text"] == "Handel <& Wandel>\nQuelle: BelTA\nDatum: 17. Mai 2024"


def test_a_long_article_is_cut_around_the_quote() -> None:
    document = Document("Wort & " * 3000 + "ENDE" + " Wort <" * 3000, title="T" * 600, source="dpa")
    place = Place(1, 21000, 21004, "")
    html = context_html(document, place, "de")
    plain = html.replace("<b>", "").replace("</b>", "").replace("<i>", "").replace("</i>", "")
    plain = plain.replace("&amp;", "&").replace("&lt;", "<")
    assert 4000 < len(plain) <= 4096
    assert "<b>ENDE</b>" in html


def test_source_names_all_that_is_known() -> None:
    document = Document(
        "Eins. Zwei.", "Titel", "dpa", "https://x.by/a", "2024-05-17", author="A. B.", landmarks=(Landmark(0, 3),)
    )
    copy = Document("", "Kopie", "Tagfunk", "https://y.by/?a=1&b=2")
    assert source_html(document, Place(1, 6, 10, ""), (copy,), "de").split("\n") == [
        *("<b>Titel</b>", "Quelle: dpa", "Von: A. B.", "Datum: 17. Mai 2024", "Seite: 3", "Link: https://x.by/a"),
        'auch in: <a href="https://y.by/?a=1&amp;b=2">Tagfunk</a>',
    ]


def test_a_buttons_data_fits_whatever_the_numbers() -> None:
    place = Place(2**63 - 1, 20_000_000, 20_000_000, "e3b0c442ABC_-0")
    assert len(place.data("context").encode()) <= 64
    assert Place.read(place.data("context")) == place


# Groups and topics


def test_in_a_group_the_bot_is_spoken_to(api: BotApi, bot: RunningBot) -> None:
    name = f"@{BOT['username']}"

    def mention(text: str, of: str, user: int = 7) -> None:
        entity = {"type": "mention", "offset": text.index("@"), "length": len(of)}
        api.text(text, user=user, chat=GROUP, entities=[entity])

    mention(f"{name.lower()} {QUESTION}", name)
    mention(f"@Somebody {QUESTION}", "@Somebody")
    mention(f"Wie viele {name} kamen?", name, user=8)
    mention(name, name)
    assert QUOTE in answers(api, 3, GROUP)[0]["text"]
    api.text(UNKNOWN, chat=GROUP, reply_to_message=answers(api, 3, GROUP)[0])
    api.text(UNKNOWN, chat=GROUP, reply_to_message={"message_id": 2, "date": 0, "chat": {"id": GROUP, "type": "group"}})
    answers(api, 4, GROUP)
    assert bot.answerer.asked == [QUESTION, "Wie viele kamen?", UNKNOWN]


def test_an_answer_stays_in_its_topic(api: BotApi, bot: RunningBot) -> None:
    api.text(f"/ask {QUESTION}", chat=GROUP, thread=5)
    (answer,) = answers(api, 1, GROUP)
    api.press(answer, "more")
    api.press(answer, "👎")
    assert [message["message_thread_id"] for message in answers(api, 3, GROUP)] == [5, 5, 5]
    assert {call.params["message_thread_id"] for call in api.calls("sendChatAction")} == {"5"}


# Corrected questions


def test_a_corrected_question_gets_its_answer_corrected(api: BotApi, bot: RunningBot) -> None:
    asked = api.text("Welches Zeil wurde genannt?")
    (answer,) = answers(api, 1)
    api.edit(asked, QUESTION)
    api.wait(lambda: api.calls("editMessageText"))
    api.edit(asked, QUESTION)  # edited back and forth: there is nothing to change
    api.wait(lambda: api.calls("editMessageText", code=400))
    (edited,) = api.calls("editMessageText")
    assert edited.answer["message_id"] == answer["message_id"]
    assert QUOTE in edited.answer["text"]
    api.edit(asked, " ")
    api.edit(asked, "x" * 1001)
    api.text("Wer?")
    assert len(answers(api, 2)) == 2


def test_a_corrected_follow_up_goes_on_from_what_it_went_on_from(api: BotApi, bot: RunningBot) -> None:
    first = api.text("Wie hoch ist der Mond?")
    second = api.text("Und der Berk?")
    answers(api, 2)
    api.edit(second, "Und der Berg?")
    api.wait(lambda: len(api.calls("editMessageText")) == 1)
    api.edit(first, "Und der Turm?")  # It is not the last one: it goes on from nothing.
    api.wait(lambda: len(bot.answerer.asked) == 4)
    assert bot.answerer.asked[1:] == ["Wie hoch ist der Berk?", "Wie hoch ist der Berg?", "Und der Turm?"]


def test_of_a_follow_up_the_complete_question_is_judged(api: BotApi, bot: RunningBot) -> None:
    complete = "Wie hoch ist der Berg?"
    api.text("Wie hoch ist der Mond?")
    api.text("Und der Berg?")
    answer = answers(api, 2)[1]
    # The server of the tests drops the tags; Telegram makes entities of them.
    answer["entities"] = [{"type": "italic", "offset": 0, "length": len(f"Verstanden als: {complete}")}]
    api.press(answer, "👍")
    api.wait(lambda: bot.collection.feedback.judgements())
    assert [judgement.question for judgement in bot.collection.feedback.judgements()] == [complete]
    assert {missed.question for missed in bot.collection.feedback.missed_questions()} == {
        "Wie hoch ist der Mond?",
        complete,
    }


def test_after_a_restart_a_corrected_question_is_answered_anew(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url):
        asked = api.text(f"/ask {UNKNOWN}", chat=GROUP)
        answers(api, 1, GROUP)
    with RunningBot(tmp_path, api.url):
        api.edit(asked, f"/ask {QUESTION}", chat=GROUP)
        assert QUOTE in answers(api, 2, GROUP)[1]["text"]


# Inline mode


def test_inline_offers_the_quote_and_the_passages(api: BotApi, bot: RunningBot) -> None:
    api.inline(QUESTION)
    api.wait(lambda: api.calls("answerInlineQuery"))
    (call,) = api.calls("answerInlineQuery")
    quote, passage = call.params["results"]
    assert (quote["title"], quote["description"]) == (QUOTE, "🟢 sicher – Handel <& Wandel>, BelTA, 17. Mai 2024")
    assert f"<b>{QUOTE}</b>" in quote["input_message_content"]["message_text"]
    assert passage["title"] == "Es regnete. Der Zug kam."
    assert (call.params["is_personal"], call.params["cache_time"]) == ("true", "30")


def test_of_what_is_typed_only_the_last_is_answered(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url, ScriptedAnswerer(0.3)) as bot:
        for length in range(1, len(QUESTION) + 1):
            api.inline(QUESTION[:length])
        api.inline("Wer?", user=8)
        api.inline("Wie viele k", user=9)  # a pause
        api.wait(lambda: len(api.calls("answerInlineQuery")) == 3)
    assert sorted(bot.answerer.asked) == sorted([QUESTION, "Wer?", "Wie viele k"])
    nothing = api.calls("answerInlineQuery")[1].params
    assert (nothing["results"], nothing["button"]["text"]) == ([], "Dazu steht nichts in den Artikeln.")


def test_an_inline_query_hears_that_too_many_ask(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url, max_waiting=0):
        api.inline(QUESTION)
        api.wait(lambda: api.calls("answerInlineQuery"))
    (call,) = api.calls("answerInlineQuery")
    assert call.params["results"] == []
    assert call.params["button"]["text"].startswith("Gerade fragen zu viele.")


def test_an_inline_query_that_is_too_old_is_let_go(
    api: BotApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    api.forget(api.inline(QUESTION))
    api.inline("x" * 1001 + "?", user=8)
    api.inline("", user=9)
    with RunningBot(tmp_path, api.url):
        api.wait(lambda: api.calls("answerInlineQuery", code=400))
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_inline_offers_what_the_chat_shows() -> None:
    hits = tuple(replace(HITS[1], passage=replace(PASSAGES[1], start=start)) for start in range(100, 120))
    start = ARTICLE.text.index(QUOTE)
    end = start + len(QUOTE)
    answer = Answer(QUESTION, QUOTE, 0.9, start=start, end=end, document=ARTICLE, passage=PASSAGES[0], hits=hits)
    assert [result.id for result in results(answer, "de")] == [str(number) for number in range(4)]
    assert results(replace(answer, text=None), "de") == []
