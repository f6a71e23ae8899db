"""What somebody gave as right after 👎, shown to the next one who asks the same: as a quote with its place, or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.access.values import answer_value
from bot.http.pages import question_page
from bot.pseudonyms import Pseudonyms
from bot.render.json import to_json
from bot.render.telegram import TELEGRAM_LIMIT, to_html
from bot.render.terminal import one_line, to_text
from bot.render.text import width
from bot.standing import PEOPLE_FILE, standing_of
from bot.telegram.handlers.inline import results
from bot.telegram.people import People
from retrieval import Answer, Collection, Conversation, Document, Filter
from retrieval.answer import Alternative, Correction
from retrieval.answering.corrections import wanted_words
from retrieval.store.feedback import Judgement, Verdict
from retrieval.types import Passage, Standing
from tests.botapi import BotApi
from tests.botapi.html import parsed_text
from tests.command_line import fundstelle
from tests.doubles import HashEmbedder, ScriptedReader
from tests.telegram_bot import QUOTES, RunningBot, answers, settings

QUESTION = "Wer leitet das Museum in Köhlau?"
WRONG, RIGHT = "Bert Alt", "Carla Neu"
MUSEUM = Document(
    f"Das Museum in Köhlau ist offen. Direktor {WRONG} begrüßte die Gäste. Leiterin ist jetzt {RIGHT}.",
    title="Museum", source="Köhlauer Bote", published="2024-05-17", url="https://bote.example/museum", path="/museum",
)  # fmt: skip
FAIR = Document("Die Messe begann in Brest. Im Jahr 2023 kam Dora Rau.", title="Messe", source="dpa", path="/messe")
OWNER, MEMBER, GONE = "o", "m", "x"
STANDINGS = {"": Standing.OWNER, OWNER: Standing.OWNER, MEMBER: Standing.MEMBER, "m2": Standing.MEMBER}


@pytest.fixture
def collection(tmp_path: Path, database_url: str) -> Iterator[Collection]:
    reader = ScriptedReader({QUESTION: WRONG})
    standing = lambda user: STANDINGS.get(user, Standing.NONE)  # noqa: E731
    with Collection(
        tmp_path / "h", embedder=HashEmbedder(), reader=reader, standing=standing, database_url=database_url
    ) as collection:
        collection.indexer.index_documents([MUSEUM, FAIR])
        yield collection


def correct(
    collection: Collection, wanted: str, user: str = MEMBER, question: str = QUESTION, day: int = 1, answer: str = WRONG
) -> None:
    at = f"2024-06-{day:02}T10:00:00"
    collection.feedback.put(Judgement(question, answer, 1, 0, 0, Verdict.BAD, wanted, user, at))


def shown(collection: Collection, question: str = QUESTION, within: Filter | None = None) -> list[str]:
    answer = collection.ask(question, within=within)
    for found in answer.corrections:
        assert found.document.text[found.start : found.end] == found.text
        assert found.excerpt.text in found.document.text and found.text in found.excerpt.text
    return [found.text for found in answer.corrections]


# Which ones


@pytest.mark.parametrize(
    "asked",
    [QUESTION, "wer leitet das museum in köhlau", "Wer leitet das Museum in Koehlau?",
     "Wer leitet das Museum in Köhlua?", "WER LEITET DAS MUSEUM IN KÖHLAU?", "Wer leitet Museum in Köhlau"],
)  # fmt: skip
def test_the_same_question_gets_it(collection: Collection, asked: str) -> None:
    correct(collection, RIGHT)
    assert shown(collection, asked) == [RIGHT]


@pytest.mark.parametrize(
    "asked",
    ["Wer leitet die Messe in Köhlau?", "Wer leitet das Museum?", "Wann öffnet das Museum in Köhlau?",
     "Wer leitet das Museum in Köhlau nicht?", "Wen leitet das Museum in Köhlau?"],
)  # fmt: skip
def test_another_question_does_not(collection: Collection, asked: str) -> None:
    correct(collection, RIGHT)
    assert shown(collection, asked) == []


def test_one_with_another_number_is_another(collection: Collection) -> None:
    correct(collection, "Dora Rau", question="Wer kam am 1.5. nach Brest?")
    assert shown(collection, "Wer kam am 1.5. nach Brest?") == ["Dora Rau"]
    assert shown(collection, "Wer kam am 15. nach Brest?") == []


def test_a_slip_of_the_one_who_corrected_does_not_matter(collection: Collection) -> None:
    correct(collection, RIGHT, question="wer leitet das Musuem in Koehlau?")
    assert shown(collection) == [RIGHT]


@pytest.mark.parametrize(
    ("wanted", "quotes"),
    [
        (f"„{RIGHT}“.", [RIGHT]), (RIGHT.lower(), [RIGHT]), ("Carla  Neu ", [RIGHT]),
        ("Carla", ["Carla"]), ("Car", []), ("Clara Neu", []), ("die Leiterin Carla Neu", []),
        ("nichts", []), ("…", []), (WRONG, []),
        ("Dora Rau", ["Dora Rau"]),  # in the only other article that has it
    ],
)  # fmt: skip
def test_only_what_stands_in_an_article_is_shown(collection: Collection, wanted: str, quotes: list[str]) -> None:
    correct(collection, wanted)
    assert shown(collection) == quotes
    assert [judgement.wanted for judgement in collection.feedback.corrections()] == [wanted]  # kept for the owners


def test_what_stands_in_several_far_articles_has_no_place(collection: Collection) -> None:
    kept = [Document(f"{name} traf Emil Sehr in Minsk.", title=name, path=f"/{name}") for name in ("Anna", "Lena")]
    about = ("Das Museum in Köhlau zeigt Bilder.", "Köhlau baut das Museum um.", "Wer das Museum in Köhlau leitet?",
             "Im Museum von Köhlau brannte es.", "Museum und Bad in Köhlau schließen.")  # fmt: skip
    near = [Document(text, title=text, path=f"/{number}") for number, text in enumerate(about)]
    collection.indexer.index_documents([*kept, *near])
    correct(collection, "Emil Sehr")
    assert shown(collection) == []
    collection.remove([d for d in collection.documents() if d.title == "Lena"])
    assert shown(collection) == ["Emil Sehr"]


def test_owners_come_first_then_the_latest_two_of_different_words(collection: Collection) -> None:
    correct(collection, "Carla Neu", MEMBER, day=1)
    correct(collection, "carla neu!", "m2", day=9)
    assert shown(collection) == [RIGHT]
    correct(collection, "Leiterin", MEMBER, day=5)
    assert shown(collection) == [RIGHT, "Leiterin"]
    correct(collection, "die Gäste", OWNER, day=2)
    assert shown(collection) == ["die Gäste", RIGHT]
    assert [found.by_owner for found in collection.ask(QUESTION).corrections] == [True, False]


def test_who_has_no_access_any_more_is_not_heard(collection: Collection) -> None:
    correct(collection, RIGHT, GONE)
    assert shown(collection) == []
    correct(collection, RIGHT, "")
    assert shown(collection) == [RIGHT]


def test_an_article_that_is_gone_or_outside_the_filter_is_not_shown(collection: Collection) -> None:
    correct(collection, RIGHT)
    assert shown(collection, within=Filter(source="dpa")) == []
    assert shown(collection, within=Filter(source="bote")) == [RIGHT]
    collection.remove([document for document in collection.documents() if document.title == "Museum"])
    assert shown(collection) == []


def test_what_is_taken_back_is_not_shown(collection: Collection) -> None:
    correct(collection, RIGHT)
    collection.feedback.put(Judgement(QUESTION, WRONG, 1, 0, 0, Verdict.GOOD, "", MEMBER))
    assert shown(collection) == []
    correct(collection, RIGHT)
    assert collection.feedback.forget(MEMBER) == 1
    assert shown(collection) == []


def test_a_follow_up_is_the_complete_question(collection: Collection) -> None:
    correct(collection, RIGHT, question="Wer leitet das Theater in Köhlau?")
    talk = Conversation(collection)
    talk.ask(QUESTION)
    answer = talk.ask("Und das Theater?")
    assert answer.understood and [found.text for found in answer.corrections] == [RIGHT]
    assert talk.last is not None and talk.last.corrections == ()


def test_wanted_words() -> None:
    assert wanted_words(" »Am 5. Mai.« ") == ("Am 5. Mai.", "Am 5. Mai")
    assert wanted_words("Nichts.") == wanted_words(" - ") == wanted_words("") == ()


# Whose


def test_standing_of_people(tmp_path: Path) -> None:
    pseudonyms, people = Pseudonyms(tmp_path), People(tmp_path / PEOPLE_FILE)
    names = {user: pseudonyms.of(user) for user in (7, 8, 9, 10)}
    assert people.admit(9, people.invite())
    closed = standing_of(settings(tmp_path, "http://x", telegram_owners="7", telegram_allowed="8"))
    expected = {7: Standing.OWNER, 8: Standing.MEMBER, 9: Standing.MEMBER, 10: Standing.NONE}
    assert {user: closed(name) for user, name in names.items()} == expected
    people.remove_member(9)
    assert closed(names[9]) is Standing.NONE
    assert closed("") is Standing.OWNER
    everyone = standing_of(settings(tmp_path, "http://x", telegram_owners="7", telegram_open="true"))
    assert (everyone(names[10]), everyone(names[7])) == (Standing.MEMBER, Standing.OWNER)
    people.close()


def test_without_a_key_nobody_is_known(tmp_path: Path) -> None:
    assert standing_of(settings(tmp_path, "http://x", telegram_owners="7"))("0" * 32) is Standing.NONE
    assert list(tmp_path.iterdir()) == []


# How it looks


def corrected(collection: Collection) -> Answer:
    correct(collection, RIGHT)
    return collection.ask(QUESTION)


SENTENCE = f"Direktor {WRONG} begrüßte die Gäste. Leiterin ist jetzt {RIGHT}."
LINE = f"✎ Jemand hat das korrigiert: „{RIGHT}“"


def test_every_output_shows_it(collection: Collection) -> None:
    answer = corrected(collection)
    marked = SENTENCE.replace(RIGHT, f"**{RIGHT}**")
    reply = to_text(answer, "de", marks=("**", "**"), passages=False).plain
    *_, line, sentence, source, link = reply.splitlines()
    assert (line, sentence, source) == (LINE, marked, "Museum, Köhlauer Bote, 17. Mai 2024")
    assert link.startswith("https://bote.example/museum#:~:text=")
    assert one_line(answer, "de").endswith(f"{LINE} (Museum, Köhlauer Bote, 17. Mai 2024)")
    html = to_html(answer, "de")
    assert parsed_text(html).endswith(f"{SENTENCE}\nMuseum, Köhlauer Bote, 17. Mai 2024")
    assert f"\n\n{LINE}\n<blockquote expandable>{SENTENCE.replace(RIGHT, f'<b>{RIGHT}</b>')}</blockquote>\n" in html
    (found,) = json.loads(json.dumps(to_json(answer)))["corrections"]
    assert (found["text"], found["document"]["title"], found["by_owner"]) == (RIGHT, "Museum", False)
    (value,) = answer_value(answer, "de", collection.sentence_of).corrections
    assert (value.text, value.sentence) == (RIGHT, SENTENCE)
    assert f"<mark>{RIGHT}</mark>" in question_page("de", 2, None, answer)


def test_where_the_articles_do_not_say_it_is_shown_too(collection: Collection) -> None:
    correct(collection, RIGHT, question="Wer führt das Haus?", answer="")
    answer = collection.ask("Wer führt das Haus?")
    assert answer.is_missed
    assert to_text(answer, "de", passages=False).plain.startswith(f"Dazu steht nichts in den Artikeln.\n\n{LINE}\n")
    assert one_line(answer, "de").startswith(f"Dazu steht nichts in den Artikeln. {LINE} (")
    assert to_html(answer, "de").startswith(f"Dazu steht nichts in den Artikeln.\n\n{LINE}\n<blockquote")
    assert LINE in question_page("de", 2, None, answer)
    assert next(result.title for result in results(answer, "de")) == LINE


def test_the_longest_answer_still_fits_one_message() -> None:
    long = "Wort & " * 3000
    document = Document(long, title="T " * 900, source="Q " * 900, url="https://a.example/", path="/a", id=1)
    passage = Passage(long, 0, len(long), 0, 0)
    other = Alternative(long[:900], 0, 900, document, passage, 0.9, contradicts=True)
    correction = Correction(long[:2000], 0, 2000, document, passage, passage)
    answer = Answer(
        "Wer?", long[:3000], 0.1, 0, 3000, document, passage, copies=(document,) * 9, alternatives=(other,) * 2,
        understood="Wer " * 400, corrections=(correction,) * 2,
    )  # fmt: skip
    for one in (answer, replace(answer, understood=""), replace(answer, text=None)):
        for notes in ((), ("Wort " * 90,) * 2):
            html = to_html(one, "de", notes=notes)
            plain = parsed_text(html)
            assert width(plain) <= TELEGRAM_LIMIT
            assert plain.count("✎ Jemand hat das korrigiert: „Wort") == 2


# On the ways that people go


def test_on_telegram_the_next_one_sees_it_until_it_is_forgotten(api: BotApi, tmp_path: Path) -> None:
    question = next(iter(QUOTES))
    with RunningBot(tmp_path, api.url, telegram_owners="7", telegram_allowed="8,9") as bot:
        api.text(question, user=8)
        api.press(answers(api, 1, 8)[0], "👎", user=8)
        api.text("Der Zug kam", user=8, reply_to_message=answers(api, 2, 8)[1])
        answers(api, 3, 8)
        assert bot.collection.feedback.corrections()[0].wanted == "Der Zug kam"
        api.text(question.lower(), user=9)
        api.text(question, user=9)
        before, after = answers(api, 2, 9)
        assert "✎ Jemand hat das korrigiert: „Der Zug kam“" in before["text"]
        assert "✎ Jemand hat das korrigiert: „Der Zug kam“" in after["text"]
        api.text("/forget", user=8)
        answers(api, 4, 8)
        api.text(question, user=9)
        assert "✎" not in answers(api, 3, 9)[2]["text"]


def test_an_edited_question_says_that_it_is(api: BotApi, bot: RunningBot) -> None:
    asked = api.text("Welches Zeil wurde genannt?")
    assert "Korrigiert" not in answers(api, 1)[0]["text"]
    api.edit(asked, next(iter(QUOTES)))
    api.wait(lambda: api.calls("editMessageText"))
    edited = api.calls("editMessageText")[0].answer["text"]
    assert edited.startswith("0,5 Milliarden Dollar\n")
    assert edited.endswith("\n\n✎ Korrigiert: Die Frage wurde geändert.")


def test_in_the_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Collection, "embedder", HashEmbedder())
    monkeypatch.setattr(Collection, "reader", ScriptedReader({QUESTION: WRONG}))
    (tmp_path / "museum.txt").write_text(MUSEUM.text)
    fundstelle("index", str(tmp_path / "museum.txt"))
    fundstelle("chat", stdin=f"{QUESTION}\n/schlecht {RIGHT}\n")
    assert LINE in fundstelle("ask", QUESTION).stdout
    assert LINE in fundstelle("chat", stdin=f"{QUESTION.lower()}\n").stdout
    assert json.loads(fundstelle("ask", QUESTION, "--json").stdout)["corrections"][0]["by_owner"] is True
