import ast
import copy
import pickle
import re
import string
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

import bot.messages
import retrieval.messages
from bot.messages import text
from retrieval.errors import StoreError
from retrieval.messages import LANGUAGES, Notice, Texts, in_language, mapped, notice, restored, stored

ROOT = Path(__file__).resolve().parents[1]
ALL = {"bot": Texts(bot.messages.__name__), "retrieval": Texts(retrieval.messages.__name__)}
# The same word in both languages.
ALIKE = {"models.in_folder"}


def keys(texts: Texts, language: str) -> set[str]:
    return {f"{section}.{name}" for section, names in texts.table(language).items() for name in names}


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def template(texts: Texts, key: str, language: str) -> str:
    section, _, name = key.partition(".")
    return texts.table(language)[section][name]


EVERY_KEY = [pytest.param(texts, key, id=key) for texts in ALL.values() for key in sorted(keys(texts, "de"))]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("texts", ALL.values(), ids=ALL.keys())
def test_same_keys_in_each_language(texts: Texts, language: str) -> None:
    assert keys(texts, language) == keys(texts, "de")


@pytest.mark.parametrize(("texts", "key"), EVERY_KEY)
def test_same_placeholders_in_each_language(texts: Texts, key: str) -> None:
    assert placeholders(template(texts, key, "en")) == placeholders(template(texts, key, "de"))


@pytest.mark.parametrize(("texts", "key"), EVERY_KEY)
def test_texts_are_translated_and_not_empty(texts: Texts, key: str) -> None:
    german, english = template(texts, key, "de"), template(texts, key, "en")
    assert german.strip()
    assert english.strip()
    # What holds no words of its own, or a word that both languages have, may be the same.
    only_placeholders = not any(part.strip(" ():%") for part, *_ in string.Formatter().parse(german))
    assert german != english or only_placeholders or key in ALIKE


def modules(package: str) -> Iterator[ast.Module]:
    for path in (ROOT / package).rglob("*.py"):
        yield ast.parse(path.read_text("utf-8"), str(path))


def written_out(package: str) -> list[ast.Call]:
    """The calls of ``text`` and ``notice`` whose key is a literal."""
    return [
        node
        for module in modules(package)
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("text", "notice")
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]


@pytest.mark.parametrize("package", ALL)
def test_texts_that_are_used_exist_and_get_their_values(package: str) -> None:
    calls = written_out(package)
    assert calls
    for call in calls:
        assert isinstance(call.args[0], ast.Constant)
        names = {keyword.arg for keyword in call.keywords}
        wanted = placeholders(template(ALL[package], call.args[0].value, "de"))
        assert names == wanted or None in names, ast.unparse(call)


def test_texts_of_retrieval_are_all_used() -> None:
    nodes = [node for module in modules("retrieval") for node in ast.walk(module)]
    assert keys(ALL["retrieval"], "de") <= {node.value for node in nodes if isinstance(node, ast.Constant)}


def test_values_are_filled_in() -> None:
    assert text("chat.articles_many", "de", count=7) == "7 Artikel"
    assert text("chat.articles_many", "en", count=7) == "7 articles"


def test_values_are_not_formatted_again() -> None:
    assert text("cli.error", "de", message="{home}") == "Fehler: {home}"


def test_the_sentence_for_no_answer() -> None:
    assert text("chat.no_answer", "de") == "Dazu steht nichts in den Artikeln."


@pytest.mark.parametrize("key", ["chat.nonsense", "nonsense.help", "help"])
def test_unknown_key(key: str) -> None:
    with pytest.raises(KeyError):
        text(key, "de")


def test_missing_value() -> None:
    with pytest.raises(KeyError, match="count"):
        text("chat.articles_many", "de")


def test_unknown_language() -> None:
    with pytest.raises(KeyError, match="fr"):
        text("chat.help", "fr")


# Notices: what retrieval says before anybody knows who will read it


def test_a_notice_is_german_and_can_be_had_in_english() -> None:
    slow = notice("loading.slow", name="a.pdf", seconds=0.5)
    assert slow == "a.pdf dauerte länger als 0.5 s und wurde übergangen."
    assert in_language(slow, "de") == slow
    assert in_language(slow, "en") == "a.pdf took longer than 0.5 s and was skipped."
    assert in_language("Ein anderer Text.", "en") == "Ein anderer Text."


def test_an_error_has_the_notice_it_was_raised_with() -> None:
    error = StoreError(notice("store.empty", path=Path("/a")))
    assert isinstance(str(error), Notice)
    assert str(error).startswith("Die Datenbank /a ist leer")
    assert in_language(error, "en").startswith("The database /a is empty")
    assert text("cli.error", "en", message=error).startswith("Error: The database /a is empty")
    assert text("cli.error", "de", message=error) == f"Fehler: {error}"
    assert in_language(OSError(2, "No such file"), "en") == "[Errno 2] No such file"


@pytest.mark.parametrize(
    ("error", "german", "english"),
    [
        (FileNotFoundError(2, "No such file or directory", "/a/b"), "nicht vorhanden", "it does not exist"),
        ("Is a directory", "das ist ein Ordner", "it is a folder"),
        (PermissionError(13, "whatever the system says"), "keine Berechtigung", "no permission"),
        (OSError(28, "No space left on device"), "kein Platz mehr", "no space left"),
        (OSError(4711, "Something rare"), "[Errno 4711] Something rare", "[Errno 4711] Something rare"),
        ("What no system says", "What no system says", "What no system says"),
    ],
)
def test_what_the_system_reports_is_said_in_the_user_s_words(error: str | OSError, german: str, english: str) -> None:
    said = notice("store.cannot_write_file", path="/a/b", error=error)
    assert said == f"Die Datei /a/b kann nicht geschrieben werden ({german}). Bitte Rechte und freien Platz prüfen."
    assert f"({english})" in in_language(said, "en")
    assert text("telegram.stopped", "de", error=error) == f"Der Bot wurde beendet: {german}"
    within = notice("exchange.line", line=3, error=StoreError(notice("exchange.cannot_read", path="x", error=error)))
    assert within == f"Zeile 3: Die Datei x ist nicht lesbar ({german})."


def test_only_what_is_called_an_error_is_taken_for_one() -> None:
    assert text("chat.understood", "de", question="Is a directory") == "Verstanden als: Is a directory"


def test_notices_and_errors_within_notices_are_in_the_same_language() -> None:
    error = StoreError(notice("store.damaged", path="x", name="x", error=notice("store.cut_off")))
    said = notice("index.vectors_not_saved", error=error)
    assert "sie ist abgeschnitten" in said
    english = in_language(said, "en")
    assert english.startswith("The vector index could not be saved (The database x is damaged (it is cut off).")


def test_a_time_is_written_as_the_language_does() -> None:
    holder = notice("store.holder", process=17, since=datetime(2024, 5, 17, 8, 30))
    assert holder == "Der Prozess 17 schreibt seit 17.05.2024 08:30:00 in diese Sammlung."
    assert in_language(holder, "en") == "Process 17 has been writing to this collection since 2024-05-17 08:30:00."


NESTED = notice("loading.no_article", place=notice("loading.place", name="{a}\n.json", member="3"))


def test_what_is_stored_is_the_same_notice_again() -> None:
    again = restored(stored(NESTED))
    assert again == NESTED
    assert in_language(again, "en") == in_language(NESTED, "en")
    assert in_language(again, "en").startswith("{a}\n.json, article 3: An article is an object")
    for plain in ("Der Ordner ist nicht zu lesen.", "", "17", '{"a": 1}'):
        assert restored(stored(plain)) == plain


@pytest.mark.parametrize("key", ["loading.long_ago", "ages.empty"])
def test_a_notice_of_another_version_is_shown_as_it_was(key: str) -> None:
    assert restored(stored(NESTED).replace("loading.no_article", key)) == NESTED
    assert type(restored(stored(NESTED).replace("loading.no_article", key))) is str


def test_what_was_filled_in_can_be_changed() -> None:
    tidied = mapped(NESTED, lambda value: " ".join(value.split()))
    assert tidied.startswith("{a} .json, Artikel 3: ")
    assert in_language(tidied, "en").startswith("{a} .json, article 3: ")
    assert mapped("a\nb", str.upper) == "A\nB"


def test_copies_of_a_notice_are_notices() -> None:
    for copied in (copy.deepcopy(NESTED), pickle.loads(pickle.dumps(NESTED))):
        assert (copied, in_language(copied, "en")) == (NESTED, in_language(NESTED, "en"))


def test_a_notice_without_a_text_or_a_value_shows_at_once() -> None:
    with pytest.raises(KeyError):
        notice("loading.nonsense")
    with pytest.raises(KeyError, match="name"):
        notice("loading.empty")


# What the library reports, with the command or the setting that helps


def test_the_library_names_no_command_or_setting() -> None:
    for key in keys(ALL["retrieval"], "de"):
        for language in LANGUAGES:
            assert not re.search(r"FUNDSTELLE_|fundstelle |\beval\b", template(ALL["retrieval"], key, language)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_bot_says_in_its_place_is_the_library_s_with_a_remedy(language: str) -> None:
    own = ALL["bot"].table(language)["library"]
    assert own
    for key, said in own.items():
        library = template(ALL["retrieval"], key, language)
        assert said != library
        assert placeholders(said) <= placeholders(library)


READ_ONLY = {
    "de": "Das Datenverzeichnis /a ist schreibgeschützt. Bitte Schreibrechte geben oder mit FUNDSTELLE_HOME ein "
    "anderes wählen.",
    "en": "The data directory /a is write-protected. Please give permission to write, or choose another one with "
    "FUNDSTELLE_HOME.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_remedy_is_named_to_people_wherever_the_notice_stands(language: str) -> None:
    error = StoreError(notice("store.read_only", home=Path("/a")))
    assert "FUNDSTELLE_HOME" not in in_language(error, language)
    assert bot.messages.in_language(error, language) == READ_ONLY[language]
    assert text("cli.error", language, message=error).endswith(f": {READ_ONLY[language]}")
    within = notice("web.no_robots", host="h", error=error)
    assert bot.messages.in_language(within, language).endswith(f": {READ_ONLY[language]}")


def test_what_the_bot_has_no_words_of_its_own_for_is_said_in_the_library_s() -> None:
    said = notice("loading.slow", name="a.pdf", seconds=0.5)
    assert bot.messages.in_language(said, "en") == "a.pdf took longer than 0.5 s and was skipped."
    assert bot.messages.in_language(bot.messages.notice("settings.env_file", error="x"), "en").startswith(
        "The file .env"
    )
    assert bot.messages.in_language("Ein anderer Text.", "en") == "Ein anderer Text."


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (notice("models.no_folder", folder="m"), "Bitte FUNDSTELLE_EMBEDDER oder FUNDSTELLE_READER prüfen."),
        (notice("models.no_embedder", name="m"), "Bitte FUNDSTELLE_EMBEDDER prüfen."),
        (notice("models.no_reader", name="m"), "Bitte FUNDSTELLE_READER prüfen."),
        (
            notice("models.no_cuda"),
            "Die Einstellung FUNDSTELLE_DEVICE ist „cuda“, aber",
        ),
        (notice("store.damaged", path="p", name="n", error="e"), "die Artikel mit „fundstelle index“ neu einlesen."),
        (notice("store.damaged_article", path="p", id=7), "oder mit „fundstelle remove 7“ herausnehmen."),
        (notice("index.folder_gone", error="e"), "bis er wieder da ist; fundstelle remove nimmt sie heraus."),
        (notice("web.host_not_allowed", host="h", port=80), "h:80 steht nicht in FUNDSTELLE_WEB_HOSTS."),
        (notice("web.perhaps_a_feed", url="u", kind="k"), "Ein Feed geht mit: fundstelle feed add"),
    ],
    ids=lambda value: value.key if isinstance(value, Notice) else "",
)
def test_remedies(said: Notice, remedy: str) -> None:
    assert remedy in bot.messages.in_language(said, "de")
