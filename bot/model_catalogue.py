"""The models that Fundstelle knows by name: the embedded ones, and good choices from the hub (``models.toml``)."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from bot.errors import SettingsError
from bot.messages import LANGUAGES, notice, text
from bot.model_choice import KINDS
from bot.settings import Settings

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model with what is known about it.

    ``model`` is what the setting takes: a folder or a name on the hub. ``size`` is "small", "medium", "large" or
    empty, ``languages`` are those of the questions, ``notes`` is by language of the reader of the note.
    """

    name: str
    kind: str
    model: str
    size: str = ""
    licence: str = ""
    languages: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()

    def note(self, language: str) -> str:
        """The note in a language, empty if there is none."""
        return dict(self.notes).get(language, "")

    def is_model(self, setting: str) -> bool:
        """Whether the value of a setting is this model, at any revision."""
        return setting == self.model or setting.partition("@")[0] == self.model


@cache
def catalogue() -> tuple[ListedModel, ...]:
    """All models with a name, embedders first; of each kind the embedded one first."""
    table = tomllib.loads(files("bot").joinpath("models.toml").read_text(encoding="utf-8"))
    known = [
        ListedModel(
            name,
            kind=entry["kind"],
            model=entry["model"],
            size=entry.get("size", ""),
            licence=entry.get("licence", ""),
            languages=tuple(entry.get("languages", ())),
            notes=tuple((language, entry[f"note_{language}"]) for language in LANGUAGES),
        )
        for name, entry in table.items()
    ]
    notes = tuple((language, text("cli.models_embedded", language)) for language in LANGUAGES)
    embedded = [
        ListedModel(f"{EMBEDDED}-{kind}", kind, default(kind), languages=("de", "en"), notes=notes) for kind in KINDS
    ]
    return tuple(sorted([*embedded, *known], key=lambda listed: KINDS.index(listed.kind)))


def default(kind: str) -> str:
    """The embedded model of a kind, as its setting has it."""
    return str(Settings.model_fields[kind].default)


def resolve(name: str) -> list[str]:
    """The models that a name stands for: ``embedded`` for both, one in the catalogue, a folder, or one on the hub.

    Raises:
        SettingsError: it is none of these.
    """
    bare, mark, revision = name.partition("@")
    if name == EMBEDDED:
        return [default(kind) for kind in KINDS]
    for listed in catalogue():
        if listed.name == bare:
            return [listed.model + mark + revision]
    folder = Path(os.path.expanduser(name))
    if folder.is_dir() or folder.is_absolute() or name.startswith("."):
        return [str(folder.absolute())]
    if name.count("/") == 1:
        return [name]
    raise SettingsError(notice("cli.models_unknown", name=name))
