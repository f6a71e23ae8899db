import string

import pytest

from bot.texts import LANGUAGES, table, text


def keys(language: str) -> set[str]:
    return {f"{section}.{name}" for section, names in table(language).items() for name in names}


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_keys_in_each_language(language: str) -> None:
    assert keys(language) == keys("de")


@pytest.mark.parametrize("key", sorted(keys("de")))
def test_same_placeholders_in_each_language(key: str) -> None:
    section, _, name = key.partition(".")
    assert placeholders(table("en")[section][name]) == placeholders(table("de")[section][name])


@pytest.mark.parametrize("key", sorted(keys("de")))
def test_texts_are_translated_and_not_empty(key: str) -> None:
    section, _, name = key.partition(".")
    german, english = table("de")[section][name], table("en")[section][name]
    assert german.strip()
    assert english.strip()
    # What holds no words of its own, or a word that both languages have, may be the same.
    only_placeholders = not any(part.strip(" ():%") for part, *_ in string.Formatter().parse(german))
    assert german != english or only_placeholders or key in {"cli.status_index"}


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
