import gc
import json
import logging
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from retrieval.answering.calibration import Calibrations
from retrieval.errors import ModelError
from retrieval.inference import model_files
from retrieval.inference.embedder import SentenceTransformerEmbedder
from retrieval.inference.model_files import ModelReference
from retrieval.inference.reader import TransformersReader
from tests import tiny_models
from tests.tiny_models import refusal

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return tiny_models.save_all(tmp_path_factory.mktemp("models"))


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    hint = "Bitte den Pfad prüfen."
    for name in (str(tmp_path / "nix"), "./nix", "~niemand/nix", "nix", "a/b/nix"):
        assert refusal("reader", name).endswith(f"nix gibt es nicht. {hint}")
    (tmp_path / "file").touch()
    assert refusal("embedder", str(tmp_path / "file")) == f"Den Modellordner {tmp_path}/file gibt es nicht. {hint}"


@pytest.mark.parametrize("kind", ["reader", "embedder"])
def test_a_folder_without_a_model(tmp_path: Path, kind: str) -> None:
    message = f"Im Ordner {tmp_path} liegt kein Modell (config.json oder modules.json fehlt)."
    assert refusal(kind, str(tmp_path)) == message


@pytest.mark.parametrize("kind", ["reader", "embedder", "static"])
def test_pickles_are_no_weights(folders: dict[str, Path], tmp_path: Path, kind: str) -> None:
    folder = Path(shutil.copytree(folders[kind], tmp_path / "model"))
    (folder / "model.safetensors").unlink()
    message = (
        f"Im Ordner {folder} fehlen Gewichte im Format safetensors (model.safetensors). "
        "Bitte den Ordner wiederherstellen oder ein anderes Modell wählen."
    )
    assert refusal(kind, str(folder)) == message
    torch.save({}, folder / "pytorch_model.bin")
    assert refusal(kind, str(folder)) == message
    with pytest.raises(ModelError, match="fehlen Gewichte"):
        _ = ModelReference(str(folder)).signature


def test_a_module_of_which_only_a_pickle_is_there(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders["embedder"], tmp_path / "model"))
    (folder / "2_Dense").mkdir()
    torch.save({}, folder / "2_Dense" / "pytorch_model.bin")
    assert refusal("embedder", str(folder)) == (
        f"{folder}/2_Dense/pytorch_model.bin ist eine Pickle-Datei; sie wird nicht geladen. "
        "Bitte als safetensors speichern."
    )


DAMAGES: dict[str, Change] = {
    "truncated": lambda folder: _change_weights(folder, lambda weights: weights[:-500]),
    "empty": lambda folder: _change_weights(folder, lambda _: b""),
    "zeros": lambda folder: _change_weights(folder, lambda weights: bytes(len(weights))),
    "git lfs": lambda folder: _change_weights(
        folder, lambda _: b"version https://git-lfs.github.com/spec/v1\nsize 9\n"
    ),
    "tokenizer": lambda folder: (folder / "tokenizer.json").write_text("{"),
}


def _change_weights(folder: Path, change: Callable[[bytes], bytes]) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", ["reader", "embedder", "static"])
def test_damaged_files(folders: dict[str, Path], tmp_path: Path, kind: str, damage: str) -> None:
    folder = Path(shutil.copytree(folders[kind], tmp_path / "model"))
    DAMAGES[damage](folder)
    start = f"Das Modell in {folder} lässt sich nicht laden, Dateien fehlen oder sind beschädigt ("
    assert refusal(kind, str(folder)).startswith(start)


@pytest.mark.parametrize("kind", ["reader", "embedder"])
def test_weights_that_do_not_fit_the_configuration(folders: dict[str, Path], tmp_path: Path, kind: str) -> None:
    folder = Path(shutil.copytree(folders[kind], tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": config["vocab_size"] + 5}))
    assert "Dateien fehlen oder sind beschädigt" in refusal(kind, str(folder))


def test_a_signature_tells_models_apart(folders: dict[str, Path], tmp_path: Path) -> None:
    first = ModelReference(str(folders["reader"])).signature
    assert re.fullmatch(r"reader:[0-9a-f]{16}", first)
    copy = Path(shutil.copytree(folders["reader"], tmp_path / "reader"))
    Calibrations().write(copy)
    (copy / "README.md").write_text("x")
    assert ModelReference(str(copy)).signature == first
    _change_weights(copy, lambda weights: weights[:-1] + bytes([weights[-1] ^ 1]))
    assert ModelReference(str(copy)).signature != first


def test_other_pooling_is_another_embedder(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders["embedder"], tmp_path / "embedder"))
    path = folder / "1_Pooling" / "config.json"
    assert '"mean"' in path.read_text()
    path.write_text(path.read_text().replace('"mean"', '"cls"'))
    old, new = (SentenceTransformerEmbedder(str(each)) for each in (folders["embedder"], folder))
    assert (old.embed_texts(["Köln am Dienstag"]) != new.embed_texts(["Köln am Dienstag"])).any()
    assert old.signature != new.signature


@pytest.mark.parametrize("kind", ["reader", "embedder", "static"])
def test_a_folder_is_loaded_without_a_word_and_without_the_network(
    folders: dict[str, Path], kind: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers.utils import logging as transformers_logging

    transformers_logging.enable_progress_bar()
    transformers_logging.set_verbosity_warning()
    logging.getLogger("sentence_transformers").setLevel(logging.NOTSET)
    asked: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: asked.append(address))
    long = " ".join(tiny_models.SENTENCES * 9)
    if kind == "reader":
        assert TransformersReader(str(folders[kind])).read("Wer?", [long]) != (None,)
    else:
        assert SentenceTransformerEmbedder(str(folders[kind])).embed_texts([long]).any()
    assert tuple(capfd.readouterr()) == ("", "")
    assert asked == []


def test_positions_that_the_model_can_use(tmp_path: Path) -> None:
    from transformers import AutoModel

    for family, table in {"bert": 128, "electra": 128, "xlm-roberta": 130, "deberta-v2": 128}.items():
        model = AutoModel.from_pretrained(tiny_models.save_reader(tmp_path / family, family))
        assert model.config.max_position_embeddings == table
        assert model_files.positions(model) == 128


def test_no_garbage_is_collected_while_a_model_is_read(folders: dict[str, Path]) -> None:
    reference, frozen = ModelReference(str(folders["reader"])), gc.get_freeze_count()
    assert reference.load(lambda _: gc.isenabled()) is False
    assert gc.isenabled()
    assert gc.get_freeze_count() > frozen
    with pytest.raises(ModelError):
        reference.load(lambda folder: json.loads(folder.name))
    assert gc.isenabled()
