"""Where a model is: a local folder or a name on the hub with an optional ``@revision``."""

from __future__ import annotations

import gc
import hashlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from retrieval.errors import FundstelleError, ModelError
from retrieval.messages import notice

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Model = TypeVar("Model")

#: Lies beside a reader's weights; ``retrieval.answering.calibration`` reads and writes it.
CALIBRATION_FILE = "calibration.json"
#: What is downloaded of a hub model: no pickles, which can hold code, and no exports for other runtimes.
_WANTED = ["*.json", "*.safetensors", "*.txt", "*.model"]
_UNWANTED = ["onnx/*", "openvino/*"]
_HUB_TIMEOUT = 10.0  # seconds; without it an unreachable hub is tried for minutes


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """No garbage is looked for while the libraries are imported and a model is read, nor later among what stays.

    Hundreds of thousands of objects come then and stay; looking through them again and again took a fifth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


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
        path = Path(os.path.expanduser(self.name))
        if os.path.isdir(path):  # Path.is_dir() raises for names that are too long, and where it may not look
            if not _is_model(path):
                raise ModelError(notice("models.no_model", folder=path))
            return path
        if path.is_absolute() or self.name.startswith((".", "~")) or self.name.count("/") != 1:
            raise ModelError(notice("models.no_folder", folder=path))
        return None

    @property
    def revision(self) -> str | None:
        """The pinned revision of a hub model."""
        return None if self.folder else (self.name.partition("@")[2] or None)

    @cached_property
    def signature(self) -> str:
        """Tells one model from another.

        Of a folder it is the name and a SHA-256 over weights, tokenizer and configuration; of a hub model its name
        and revision.

        Raises:
            ModelError: the folder holds no model, or it cannot be read.
        """
        folder = self.folder
        if folder is None:
            return self.name
        _check_weights(folder)
        digest = hashlib.sha256()
        try:
            for path in sorted([*folder.rglob("*.safetensors"), *folder.rglob("*.json")]):
                if path.name != CALIBRATION_FILE:  # no part of the model: it says what the model's scores mean
                    with path.open("rb") as file:
                        digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise ModelError(notice("models.cannot_read", folder=folder, error=first_line(error))) from error
        return f"{folder.name}:{digest.hexdigest()[:16]}"

    @_nothing_collected()
    def load(self, loader: Callable[[Path], Model]) -> Model:
        """Calls ``loader`` with the folder of the model's files, a hub model is downloaded first if need be.

        Raises:
            ModelError: the model is missing, damaged, of another kind, or cannot be downloaded.
        """
        # Read with the first multiplication. For every shape of its matrices, and so for every length of texts, oneDNN
        # keeps a program: with the 1024 it keeps by itself, indexing 100,000 sentences took 400 MB more in the end.
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
        _quieten()
        folder = self.folder or self._cached() or self._downloaded()
        _check_weights(folder)
        try:
            return loader(folder)
        except FundstelleError:
            raise
        except Exception as error:  # the loaders raise whatever their file parsers raise
            where = self.name if self.folder is None else notice("models.in_folder", folder=folder)
            raise ModelError(notice("models.cannot_load", model=where, error=first_line(error))) from error

    def files(self) -> Path:
        """The folder of the model's files, downloaded first if need be. Raises ModelError like ``load``."""
        return self.load(lambda folder: folder)

    def pinned(self) -> ModelReference:
        """The same model by the exact revision that is here now, downloaded first if need be.

        A hub model without one, or with a branch, may be another model tomorrow. A folder is what it is.

        Raises:
            ModelError: like ``load``.
        """
        if self.folder is not None:
            return self
        # The cache keeps each revision in a folder that has the commit's name.
        return ModelReference(f"{self.name.partition('@')[0]}@{self.files().name}")

    def _cached(self) -> Path | None:
        """The folder of a hub model that was downloaded earlier, without asking the hub."""
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

        try:
            folder = Path(
                snapshot_download(
                    self.name.partition("@")[0],
                    revision=self.revision,
                    local_files_only=True,
                    allow_patterns=_WANTED,
                    ignore_patterns=_UNWANTED,
                )
            )
        except (LocalEntryNotFoundError, HFValidationError):
            return None
        # Other programs share the cache; they may have fetched only some of the files.
        return folder if _is_model(folder) and any(folder.rglob("*.safetensors")) else None

    def _downloaded(self) -> Path:
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        name = self.name.partition("@")[0]
        try:
            # Downloads retry for minutes and ask without a time limit: find out first whether anybody answers.
            HfApi().model_info(name, revision=self.revision, timeout=_HUB_TIMEOUT)
            folder = snapshot_download(name, revision=self.revision, allow_patterns=_WANTED, ignore_patterns=_UNWANTED)
        except (RepositoryNotFoundError, RevisionNotFoundError) as error:
            raise ModelError(notice("models.not_on_hub", name=self.name)) from error
        except Exception as error:  # network, disk, a name that the hub does not allow
            raise ModelError(notice("models.no_download", name=self.name, error=first_line(error))) from error
        if not _is_model(Path(folder)):
            raise ModelError(notice("models.no_model_on_hub", name=self.name))
        return Path(folder)


def _is_model(folder: Path) -> bool:
    return (folder / "config.json").is_file() or (folder / "modules.json").is_file()


def _check_weights(folder: Path) -> None:
    """Raises ModelError unless all weights are in safetensors files; pickles can hold code and are never read."""
    if not any(folder.rglob("*.safetensors")):
        raise ModelError(notice("models.no_weights", folder=folder))
    for path in folder.rglob("pytorch_model.bin"):
        if not any(path.parent.glob("*.safetensors")):
            raise ModelError(notice("models.pickle", path=path))


def _quieten() -> None:
    """No bar for each model that is read from disk, and no remarks on stderr; a download still shows its progress."""
    from huggingface_hub.utils import logging as hub_logging
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, enable_progress_bars
    from transformers.utils import logging as transformers_logging

    hub_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    hub_bars = not are_progress_bars_disabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if hub_bars:  # transformers has just switched them off as well
        enable_progress_bars()


def first_line(error: BaseException) -> str:
    """The first line of an error's text without the full stop, for a message of one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(" .:")


def check_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Raises ModelError without a fast tokenizer that has a vocabulary: transformers goes on without one."""
    if not tokenizer.is_fast or set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise ModelError(notice("models.no_tokenizer", folder=folder))


def positions(model: PreTrainedModel) -> int:
    """How many tokens a model reads at once; a very high number if there is no limit.

    RoBERTa and its family count positions from behind the padding's: of 514 they use 512.
    """
    limit = getattr(model.config, "max_position_embeddings", None) or sys.maxsize
    tables = [module for name, module in model.named_modules() if name.endswith("position_embeddings")]
    paddings = [getattr(table, "padding_idx", None) for table in tables]
    return int(limit) - max((padding + 1 for padding in paddings if padding is not None), default=0)


def torch_device(setting: str) -> str:
    """Where torch computes: "cpu" or "cuda". "auto" is the graphics card if torch sees one.

    Raises:
        ModelError: "cuda" is set and torch sees none.
    """
    import torch

    if setting == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if setting == "cuda" and not torch.cuda.is_available():
        raise ModelError(notice("models.no_cuda"))
    return setting


def fast_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware; without that it is slower than float32."""
    import torch

    # Intel's matrix units, and the instructions of AMD's Zen 4 and 5: matrices of this size took 0.2 of the time there.
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))
