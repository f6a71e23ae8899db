import os
import stat

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document as TypedText
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from bot.cli.chat import Chat
from bot.cli.chat_greeting import greeting, written_examples
from bot.cli.chat_input import prompt_session, typed_lines
from bot.settings import load_settings
from retrieval.answer import Answer
from retrieval.answering.conversation import Conversation
from retrieval.errors import StoreError
from retrieval.store.feedback import FeedbackLog
from retrieval.store.store import Store
from retrieval.types import Document, Filter, Passage

ARTICLE = Document("Der Zug kostet 3 Euro.", title="Bahn", source="BelTA", published="2024-05-17", path="/a/bahn.txt")


class OneAnswer:
    """Answers each question with "3 Euro"; a question that begins with "!" breaks it as a locked database would."""

    def ask(
        self, question: str, *, top_k: int = 5, within: Filter | None = None, favoured: int | None = None
    ) -> Answer:
        if question.startswith("!"):
            raise StoreError("Die Datenbank ist gesperrt.")
        passage = Passage(ARTICLE.text, 0, len(ARTICLE.text), 0, 0)
        return Answer(question, "3 Euro", 0.9, 15, 21, ARTICLE, passage)


def chat(*, interactive: bool, language: str = "de", articles: int = 1) -> Chat:
    settings = load_settings(language=language)
    feedback = FeedbackLog(Store(settings.home))
    return Chat(settings, Conversation(OneAnswer()), lambda: [ARTICLE] * articles, feedback, interactive=interactive)


@pytest.fixture
def keyboard():
    """Keys that are pressed, for an input line that is shown nowhere."""
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        yield keys


def test_interactive_shows_the_whole_answer(capsys):
    assert chat(interactive=True).run(["Was kostet der Zug?"])
    lines = capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert lines == [
        "",
        "3 Euro",
        "● sicher",
        "",
        "Der Zug kostet **3 Euro**.",
        "",
        "Bahn, BelTA, 17. Mai 2024",
        "",
    ]


def test_error_is_said_and_the_chat_goes_on(capsys):
    assert not chat(interactive=False).run(["! kaputt", "", "Was?"])
    output = capsys.readouterr()
    assert output.err == "Fehler: Die Datenbank ist gesperrt.\n"
    assert output.out == "\n3 Euro ● sicher (Bahn, BelTA, 17. Mai 2024)\n"


def test_a_follow_up_says_how_it_was_understood_and_new_forgets(capsys):
    talk = ["Was kostet der Zug nach Ulm?", "Und nach Köln?", "/neu", "Und nach Bonn?"]
    assert chat(interactive=True).run(talk)
    output = capsys.readouterr()
    assert [line for line in output.out.splitlines() if "Verstanden" in line] == [
        "Verstanden als: Was kostet der Zug nach Köln?"
    ]
    assert output.err == "Gut, wir fangen neu an.\n"


@pytest.mark.parametrize("line", ["/quit", " /QUIT ", "/quit now"])
def test_quit_ends_the_chat(capsys, line):
    assert chat(interactive=False).run([line, "Was?"])
    assert capsys.readouterr().out == ""


def test_typed_lines_until_ctrl_d(keyboard):
    keyboard.send_text("Wer?\rWann?\r\x04Wo?\r")
    assert list(typed_lines(PromptSession())) == ["Wer?", "Wann?"]


def test_ctrl_c_drops_the_line_and_on_an_empty_one_ends(keyboard):
    keyboard.send_text("Falsch\x03Wer?\r\x03")
    assert list(typed_lines(PromptSession())) == ["Wer?"]


@pytest.mark.parametrize(
    ("typed", "offered"), [("/h", ["/help", "/hilfe"]), ("/so", ["/sources", "/source"]), ("Wer", []), ("Wer /h", [])]
)
def test_tab_completes_commands(keyboard, tmp_path, typed, offered):
    completer = prompt_session(tmp_path).completer
    completions = completer.get_completions(TypedText(typed), CompleteEvent(completion_requested=True))
    assert [completion.text for completion in completions] == offered


def test_line_can_be_edited(keyboard):
    keyboard.send_text("Wex\x7fr?\r\x04")
    assert list(typed_lines(PromptSession())) == ["Wer?"]


def test_history_is_kept_in_the_data_directory_and_private(keyboard, tmp_path):
    keyboard.send_text("Wer?\r\x04")
    assert list(typed_lines(prompt_session(tmp_path))) == ["Wer?"]
    assert stat.S_IMODE(os.stat(tmp_path / "history").st_mode) == 0o600
    keyboard.send_text("\x1b[A\r\x04")
    assert list(typed_lines(prompt_session(tmp_path))) == ["Wer?"]


def test_history_is_not_kept_where_that_is_impossible(keyboard, tmp_path):
    (tmp_path / "file").touch()
    keyboard.send_text("Wer?\r\x04")
    assert list(typed_lines(prompt_session(tmp_path / "file"))) == ["Wer?"]


def test_examples_are_written_for_the_samples_that_are_there():
    hanau = Document("", path="/x/2024-08-22_tagfunk_hanau-weltkriegsbombe.txt")
    assert written_examples([hanau, ARTICLE], "en") == ["How many people had to leave their homes in Hanau?"]


def test_greeting_in_english(tmp_path):
    settings = load_settings(language="en", home=tmp_path)
    assert greeting(1234, 1, ["Who is Anna Ott?"], settings).splitlines()[:3] == [
        f"Indexed: 1,234 articles with one sentence ({tmp_path})",
        "Ask, for example:",
        "  Who is Anna Ott?",
    ]
    assert len(greeting(1234, 1, [], settings).splitlines()) == 2


def test_sources_of_many_articles(capsys):
    assert chat(interactive=False, articles=35).run(["/sources"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Aufgenommen:"
    assert lines[1:31] == ["  Bahn, BelTA, 17. Mai 2024"] * 30
    assert lines[31:] == ["  und 5 weitere"]
    assert chat(interactive=False, articles=0).run(["/sources"])
    assert capsys.readouterr().out == "Noch sind keine Artikel aufgenommen. Das geht mit: fundstelle index ORDNER\n"


def test_the_prompt_shows_where_is_looked(capsys):
    talk = chat(interactive=True, language="en")
    assert talk.prompt() == "? "
    talk.run(["/source BelTA", "/bis 17. Mai 2024"])
    assert talk.prompt() == "[Source: BelTA, until 17 May 2024] ? "
    talk.run(["/since morgen", "/until"])
    assert talk.prompt() == "[Source: BelTA] ? "
    assert "“morgen” is no date" in capsys.readouterr().err


def test_a_source_that_no_article_has_changes_nothing(capsys):
    talk = chat(interactive=True)
    talk.run(["/quelle bel", "/quelle Reuters"])
    assert talk.prompt() == "[Quelle: bel] ? "
    assert capsys.readouterr().err.splitlines()[1] == "Keine Quelle heißt „Reuters“. Es gibt: BelTA"


def test_months_and_years_are_days_too(capsys):
    talk = chat(interactive=True)
    talk.run(["/seit 2023", "/bis Mai 2024"])
    assert talk.prompt() == "[seit 1. Januar 2023, bis 31. Mai 2024] ? "


def test_typed_lines_come_after_the_prompt_of_the_moment(keyboard):
    prompts = iter(["eins ", "zwei ", "drei "])
    keyboard.send_text("Wer?\rWann?\r\x04")
    assert list(typed_lines(PromptSession(), lambda: next(prompts))) == ["Wer?", "Wann?"]
    assert list(prompts) == []


def test_more_shows_the_passage_and_what_else_was_found(capsys):
    assert chat(interactive=True).run(["/mehr", "Was?", "/more", "/ende", "Was?"])
    output = capsys.readouterr()
    assert output.err == "Noch gibt es keine Antwort, zu der sich mehr zeigen ließe.\n"
    assert output.out.replace("\N{NO-BREAK SPACE}", " ").endswith(
        "\nDer Zug kostet **3 Euro**.\n\nBahn, BelTA, 17. Mai 2024\n\nWeitere Stellen gibt es nicht.\n\n"
    )


def test_a_question_that_was_refused_has_no_answer_to_judge(capsys):
    assert not chat(interactive=False).run(["Was?", "! kaputt", "/gut"])
    assert capsys.readouterr().err.splitlines()[-1] == "Noch gibt es keine Antwort zu bewerten."


def test_what_an_answer_is_worth(capsys):
    assert chat(interactive=False).run(["/good", "Was?", "/GUT", "/schlecht  vier Euro ", "/bad"])
    assert capsys.readouterr().err.splitlines() == [
        "Noch gibt es keine Antwort zu bewerten.",
        *["Danke, das ist notiert. fundstelle feedback export macht daraus eine Datei."] * 3,
    ]
    with Store(load_settings().home) as store:
        (judgement,) = FeedbackLog(store).judgements()
    assert (judgement.question, judgement.answer, judgement.verdict, judgement.wanted) == ("Was?", "3 Euro", "bad", "")


def test_show_opens_the_place_of_the_last_answer(capsys):
    shown = []
    settings = load_settings()
    feedback = FeedbackLog(Store(settings.home))
    talk = Chat(settings, Conversation(OneAnswer()), lambda: [], feedback, interactive=True, show_answer=shown.append)
    talk.run(["/zeigen", "Was kostet der Zug?", "/zeigen", "/show"])
    assert capsys.readouterr().err == "Noch gibt es keine Antwort, deren Stelle sich zeigen ließe.\n"
    assert [(answer.start, answer.end) for answer in shown] == [(15, 21)] * 2
