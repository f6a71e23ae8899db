"""Where a model is: a local folder or a name on the hub with an optional ``@revision``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from retrieval.errors import ModelError

Model = TypeVar("Model")


@dataclass(frozen=True)
class ModelReference:
    """A model by the text of its setting: ``/a/folder`` or ``owner/name`` or ``owner/name@revision``."""

    name: str

    @cached_property
    def folder(self) -> Path | None:
        """The local folder, None for a name on the hub.

        Raises:
            ModelError: the text looks like a path, and there is no model folder.
        """
        path = Path(self.name).expanduser()
        if path.is_dir():
            if not (path / "config.json").is_file() and not (path / "modules.json").is_file():
                raise ModelError(f"Im Ordner {path} liegt kein Modell (config.json oder modules.json fehlt).")
            return path
        if path.is_absolute() or self.name.startswith((".", "~")) or self.name.count("/") != 1:
            raise ModelError(
                f"Den Modellordner {path} gibt es nicht. Bitte FUNDSTELLE_EMBEDDER oder FUNDSTELLE_READER prüfen."
            )
        return None

    @property
    def location(self) -> str:
        """What the libraries' loaders want: the folder's path or the hub's name."""
        return str(self.folder or self.name.partition("@")[0])

    @property
    def revision(self) -> str | None:
        """The pinned revision of a hub model."""
        return None if self.folder else (self.name.partition("@")[2] or None)

    @cached_property
    def signature(self) -> str:
        """Tells one model from another: of a folder its name and the SHA-256 of its weights, else name and revision."""
        if self.folder is None:
            return self.name
        weights = sorted(self.folder.rglob("*.safetensors"))
        if not weights:
            raise ModelError(
                f"Im Ordner {self.folder} fehlen die Gewichte (model.safetensors). Bitte den Ordner wiederherstellen."
            )
        digest = hashlib.sha256()
        for path in weights:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return f"{self.folder.name}:{digest.hexdigest()[:16]}"

    def load(self, loader: Callable[[bool], Model]) -> Model:
        """Calls ``loader(local_files_only)``: first without the network, then, for a hub model, with it.

        Raises:
            ModelError: the model is missing, damaged, of another kind, or cannot be downloaded.
        """
        folder = self.folder
        _quieten()
        if folder is not None:
            try:
                return loader(True)
            except Exception as error:  # the loaders raise whatever their file parsers raise
                raise ModelError(f"Das Modell in {folder} lässt sich nicht laden: {first_line(error)}") from error
        try:
            return loader(True)
        except Exception:
            pass
        try:
            return loader(False)
        except Exception as error:
            raise ModelError(
                f"Das Modell {self.name} lässt sich nicht vom Hub laden: {first_line(error)} Ohne Netz bitte einen "
                "lokalen Ordner angeben oder die Einstellung weglassen, dann gilt das eingebaute Modell."
            ) from error


def _quieten() -> None:
    """No bar for each model that is read from disk, and no remarks on stderr; a download still shows its progress."""
    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging

    hub_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]


def first_line(error: BaseException) -> str:
    """The first line of an error's text, for a message of one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def fast_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware (AMX); without that it is slower than float32."""
    import torch

    return bool(torch.cpu._is_amx_tile_supported())
