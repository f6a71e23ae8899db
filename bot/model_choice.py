"""The models chosen with ``fundstelle models use``, stored in the data directory.

A choice comes after flags, environment and ``.env``, and before the default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from bot.errors import SettingsError
from bot.messages import notice
from retrieval.files import write_json

FILE = "models.json"
KINDS = ("embedder", "reader")


def read_choices(home: Path) -> dict[str, str]:
    """The chosen models by kind (a folder, or a name on the hub); a kind without a choice is left out.

    Raises:
        SettingsError: the file cannot be read or is damaged.
    """
    path = home / FILE
    try:
        choices = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(notice("settings.choices_unreadable", path=path, error=error.strerror)) from error
    except ValueError as error:
        raise _damage_error(path) from error
    if not isinstance(choices, dict) or not all(
        kind in KINDS and isinstance(model, str) and model for kind, model in choices.items()
    ):
        raise _damage_error(path)
    return choices


def remember(home: Path, models: Mapping[str, str | None]) -> None:
    """Stores these models, by kind, as the choice; None goes back to the default one.

    Raises:
        StoreError: the data directory cannot be written; the old choice stays.
    """
    choices = {**read_choices(home), **models}
    write_json(home / FILE, {kind: model for kind, model in choices.items() if model is not None})


def _damage_error(path: Path) -> SettingsError:
    return SettingsError(notice("settings.choices_damaged", path=path))
