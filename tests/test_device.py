"""``FUNDSTELLE_DEVICE``: where the models run."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bot.errors import SettingsError
from bot.settings import load_settings
from bot.wiring import open_collection
from retrieval.errors import ModelError
from retrieval.inference.embedder import SentenceTransformerEmbedder
from retrieval.inference.model_files import torch_device
from retrieval.inference.reader import TransformersReader
from tests import tiny_models

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a graphics card")
QUESTION = "Wann wurde die Brücke gesperrt?"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save_reader(tmp_path_factory.mktemp("models") / "reader", "bert")


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save_embedder(tmp_path_factory.mktemp("models") / "embedder", "bert")


@pytest.mark.parametrize(("seen", "device"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_the_graphics_card_if_there_is_one(monkeypatch: pytest.MonkeyPatch, seen: bool, device: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: seen)
    assert torch_device("auto") == device
    assert torch_device("cpu") == "cpu"


def test_a_graphics_card_that_is_not_there_is_said_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, reader: Path, embedder: Path
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for model in (
        TransformersReader(str(reader), device="cuda"),
        SentenceTransformerEmbedder(str(embedder), device="cuda"),
    ):
        with pytest.raises(ModelError, match=r"„cuda“ gewählt, aber PyTorch sieht keine Grafikkarte"):
            model.load()


def test_the_setting_reaches_both_models(monkeypatch: pytest.MonkeyPatch, reader: Path, embedder: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for device, loads in (("cuda", False), ("cpu", True), ("auto", True)):
        monkeypatch.setenv("FUNDSTELLE_DEVICE", device)
        settings = load_settings(reader=str(reader), embedder=str(embedder))
        with open_collection(settings, print) as parts:
            for model in (parts.reader, parts.embedder):
                if loads:
                    model.load()
                else:
                    with pytest.raises(ModelError):
                        model.load()


def test_what_the_reader_reads_goes_where_its_model_is(monkeypatch: pytest.MonkeyPatch, reader: Path) -> None:
    """torch's "meta" device stands for a graphics card."""
    monkeypatch.setattr("retrieval.inference.reader.torch_device", lambda setting: "meta")
    model = TransformersReader(str(reader))
    model.load()
    assert model._model is not None
    seen: list[str] = []

    def record(_: torch.nn.Module, __: tuple[object, ...], inputs: dict[str, torch.Tensor]) -> None:
        seen.extend(str(tensor.device) for tensor in inputs.values())
        raise InterruptedError  # there is nothing to compute with

    model._model.register_forward_pre_hook(record, with_kwargs=True)
    with pytest.raises(InterruptedError):
        model.read(QUESTION, tiny_models.SENTENCES[:1])
    assert seen == ["meta"] * 3


def test_another_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDSTELLE_DEVICE", "tpu")
    with pytest.raises(SettingsError, match=r"FUNDSTELLE_DEVICE ist „tpu“; erlaubt ist: auto, cpu oder cuda\."):
        load_settings()


@needs_cuda
def test_the_reader_answers_the_same_on_a_graphics_card(reader: Path) -> None:
    texts = [*tiny_models.SENTENCES, " ".join(tiny_models.SENTENCES) * 4]
    card = TransformersReader(str(reader), device="cuda").read(QUESTION, texts)
    processor = TransformersReader(str(reader), device="cpu").read(QUESTION, texts)
    for one, other in zip(card, processor, strict=True):
        assert one is not None and other is not None
        assert one.score == pytest.approx(other.score, abs=0.05)


@needs_cuda
def test_the_embedder_embeds_the_same_on_a_graphics_card(embedder: Path) -> None:
    card = SentenceTransformerEmbedder(str(embedder), device="cuda").embed_texts(tiny_models.SENTENCES)
    processor = SentenceTransformerEmbedder(str(embedder), device="cpu").embed_texts(tiny_models.SENTENCES)
    np.testing.assert_allclose(card, processor, atol=0.02)
