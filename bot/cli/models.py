"""``fundstelle models``: the models there are, and choosing another one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.command import Json, command
from bot.cli.console import busy, progress, say, show, show_json, show_lines
from bot.cli.usage import Commands, Group
from bot.errors import SettingsError
from bot.messages import notice, text
from bot.model_catalogue import ListedModel, catalogue, default, resolve
from bot.model_choice import KINDS, remember
from bot.render.text import decimal, megabytes
from bot.settings import PREFIX, Settings, is_set_outside
from bot.wiring import open_collection
from retrieval.collection import Collection
from retrieval.errors import StoreError


class _ListByDefault(Group):
    """``fundstelle models`` is short for ``fundstelle models list``, with its options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and not set(ctx.help_option_names) & set(args)):
            args = ["list", *args]
        return super().parse_args(ctx, args)


models = Commands(cls=_ListByDefault, no_args_is_help=False)


@models.command("list")
@command
def list_models(settings: Settings, as_json: Json = False) -> None:
    """Show the embedded models and good choices from the hub, and which are in use."""
    rows = [(listed, listed.is_model(getattr(settings, listed.kind))) for listed in catalogue()]
    for kind in KINDS:
        if not any(used for listed, used in rows if listed.kind == kind):
            own = getattr(settings, kind)
            rows.append((ListedModel(own, kind, own), True))
    if as_json:
        show_json({"models": [_to_json(listed, used, settings.language) for listed, used in rows]})
    else:
        show_lines(_table(rows, settings.language))


@models.command("use")
@command
def use(
    settings: Settings,
    model: Annotated[str, typer.Argument(metavar="NAME|FOLDER|HUB-ID[@REVISION]")],
    as_json: Json = False,
) -> None:
    """Try a model and use it from now on; if anything fails, all stays as it was."""
    language = settings.language
    chosen = dict(_locate(name) for name in resolve(model))
    with open_collection(settings.model_copy(update=chosen), say) as collection:
        if collection.store.read_only:
            raise StoreError(text("cli.models_read_only", language, home=settings.home))
        with busy(text("chat.loading", language)):
            trials = {kind: _try_out(collection, kind, language) for kind in chosen}
        if "embedder" in chosen:
            with progress(text("cli.embedding_anew", language), at_once=False) as advance:
                collection.match_embedder(advance)
        remember(settings.home, {kind: None if name == default(kind) else name for kind, name in chosen.items()})
        # A cache: were it not built now, the next question would do it.
        if "embedder" in chosen and collection.store.article_count():
            collection.vectors.load()
        if as_json:
            listed = [{"kind": kind, "model": name, "trial": trials[kind]} for kind, name in chosen.items()]
            show_json({"chosen": listed})
        else:
            for kind, name in chosen.items():
                label = text(f"cli.status_{kind}", language)
                show(text("cli.models_trial", language, kind=label, trial=trials[kind]))
                show(text("cli.models_chosen", language, kind=label, model=name))
        _remind_of_calibration(collection, chosen, language)


def _locate(name: str) -> tuple[str, str]:
    """Kind and exact name of a model; one on the hub is downloaded, with the hub's own progress bar."""
    from retrieval.inference.model_files import ModelReference
    from retrieval.inference.self_test import model_kind

    reference = ModelReference(name).pinned()
    kind = model_kind(reference.files())
    if is_set_outside(kind):
        raise SettingsError(notice("cli.models_set_outside", setting=PREFIX + kind.upper()))
    return kind, reference.name


def _try_out(collection: Collection, kind: str, language: str) -> str:
    """The result of a short self-test, in words."""
    from retrieval.inference.self_test import QUESTION, try_embedder, try_reader

    if kind == "reader":
        return text("cli.models_answers", language, question=QUESTION, answer=try_reader(collection.reader))
    near, far = (decimal(cosine, language) for cosine in try_embedder(collection.embedder))
    return text("cli.models_compares", language, near=near, far=far)


def _remind_of_calibration(collection: Collection, chosen: Mapping[str, str], language: str) -> None:
    """Says so if the confidence was not calibrated for the models in use."""
    from retrieval.answering.calibration import HOME_FILE, Calibrations
    from retrieval.inference.model_files import CALIBRATION_FILE

    if "reader" not in chosen:
        if (collection.home / HOME_FILE).is_file():
            say(text("cli.models_calibrate_again", language))
        return
    folder = collection.reader_folder
    beside = folder is not None and (folder / CALIBRATION_FILE).is_file()
    if not beside and Calibrations.read_home(collection.home, collection.reader.signature) is None:
        say(text("cli.models_calibrate", language))


def _to_json(listed: ListedModel, used: bool, language: str) -> dict[str, Any]:
    return {
        "name": listed.name,
        "kind": listed.kind,
        "model": listed.model,
        "in_use": used,
        "size": listed.size or None,
        "bytes": _bytes(listed) or None,
        "licence": listed.licence or None,
        "languages": list(listed.languages),
        "note": listed.note(language) or None,
    }


def _table(rows: list[tuple[ListedModel, bool]], language: str) -> str:
    """A block a kind, a line a model with columns as wide as their widest cell, and its note below."""
    cells = [_cells(listed, used, language) for listed, used in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    blocks = []
    for kind in KINDS:
        lines = [text(f"cli.models_{kind}s", language)]
        for (listed, _), row in zip(rows, cells, strict=True):
            if listed.kind == kind:
                lines.append("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
                lines += [f"     {note}" for note in [listed.note(language)] if note]
        blocks.append("\n".join(lines))
    return "\n\n".join([*blocks, text("cli.models_hint", language)])


def _cells(listed: ListedModel, used: bool, language: str) -> tuple[str, ...]:
    size = _bytes(listed)
    known = text(f"cli.models_{listed.size}", language) if listed.size else ""
    return (
        "*" if used else " ",
        listed.name,
        megabytes(size, language) if size else known,
        listed.licence,
        ", ".join(listed.languages),
    )


def _bytes(listed: ListedModel) -> int:
    """The size of a model that lies in a folder here, 0 of any other."""
    from bot.status import total_bytes

    return total_bytes(Path(listed.model).rglob("*")) if Path(listed.model).is_absolute() else 0
