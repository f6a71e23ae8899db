"""Small JSON files that are there whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retrieval.errors import StoreError


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes ``value``, making the folder if need be; whenever the machine stops, there is the old file or the new one.

    Raises:
        StoreError: the folder cannot be written; the old file stays.
    """
    temporary = path.with_name(f".{path.name}-{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"Die Datei {path} kann nicht geschrieben werden ({error.strerror}). Bitte Rechte und freien Platz prüfen."
        ) from error
