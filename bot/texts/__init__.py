"""What Fundstelle says to people: one TOML file a language, the same keys in each.

A key is ``section.name``; values are filled in with ``str.format`` (``{count}``).
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

LANGUAGES = ("de", "en")


@cache
def table(language: str) -> dict[str, dict[str, str]]:
    """All texts of one language, by section and name. Raises KeyError for a language that has no file."""
    if language not in LANGUAGES:
        raise KeyError(f"no texts in the language {language!r}")
    sections: dict[str, dict[str, str]] = tomllib.loads(
        files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    )
    return sections


def text(key: str, language: str, **values: object) -> str:
    """The text ``key`` (``"chat.no_answer"``) in ``language`` with ``values`` filled in.

    Raises KeyError for an unknown key or language and for a value that the text needs and did not get.
    """
    section, _, name = key.partition(".")
    return table(language)[section][name].format(**values)
