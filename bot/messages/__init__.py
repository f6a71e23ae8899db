"""What the command line and the bot say, in the same form as what ``retrieval`` says (``retrieval.messages``)."""

from __future__ import annotations

from collections.abc import Mapping

import retrieval.messages
from retrieval.messages import LANGUAGES, Notice, Texts

__all__ = ["LANGUAGES", "in_language", "notice", "table", "text"]

_TEXTS = Texts(__name__)
_LIBRARY = Texts(retrieval.messages.__name__)
table, notice = _TEXTS.table, _TEXTS.notice


def text(key: str, language: str, /, **values: object) -> str:
    """The text ``key`` (``"chat.no_answer"``) in ``language`` with ``values`` filled in, Notices in it, too.

    Raises KeyError for an unknown key or language and for a value that the text needs and did not get.
    """
    return _TEXTS.text(key, language, **_in_language(values, language))


def in_language(said: str | Exception, language: str) -> str:
    """What is shown to people of a Notice or of an error that has one; any other text stays as it is.

    The library does not know the commands and settings. Where one of them helps, section ``library`` has a text with it
    under the library's key, and that is shown in the place of the library's.
    """
    said = str(said)
    if not isinstance(said, Notice):
        return said
    values = _in_language(said.values, language)
    own = table(language)["library"].get(said.key) if said.texts == _LIBRARY else None
    return said.texts.text(said.key, language, **values) if own is None else own.format(**values)


def _in_language(values: Mapping[str, object], language: str) -> dict[str, object]:
    return {
        name: in_language(value, language) if isinstance(value, str | Exception) else value
        for name, value in values.items()
    }
