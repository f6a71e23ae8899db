import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import ModelError
from retrieval.inference import cores
from retrieval.inference.embedder import SentenceTransformerEmbedder, prefixes
from tests import tiny_models
from tests.tiny_models import SENTENCES

FAMILIES = list(tiny_models.FAMILIES)


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same numbers on every machine."""
    monkeypatch.setattr(cores, "fast_bfloat16", lambda: False)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("embedders")
    saved = {family: tiny_models.save_embedder(home / family, family) for family in FAMILIES}
    return saved | {"static": tiny_models.save_static_embedder(home / "static")}


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to))


@pytest.mark.parametrize("kind", [*FAMILIES, "static"])
def test_vectors_have_length_1_and_do_not_depend_on_the_batch(folders: dict[str, Path], kind: str) -> None:
    texts = [*SENTENCES, "Köln", " ".join(SENTENCES), "😀 und"]
    embedder = SentenceTransformerEmbedder(str(folders[kind]))
    vectors = embedder.embed_texts(texts)
    assert vectors.shape == (len(texts), embedder.dimension) == (8, 16 if kind == "static" else 32)
    assert vectors.dtype == np.float32
    assert vectors.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    in_parts = SentenceTransformerEmbedder(str(folders[kind]), batch_size=3).embed_texts(texts)
    np.testing.assert_allclose(in_parts, vectors, atol=1e-5)
    alone = np.concatenate([embedder.embed_questions([text]) for text in texts])
    np.testing.assert_allclose(alone, vectors, atol=1e-5)
    assert len({row.tobytes() for row in vectors.round(4)}) == len(texts)


def test_a_static_vector_is_the_mean_of_its_word_vectors(folders: dict[str, Path]) -> None:
    from safetensors.numpy import load_file

    table = load_file(folders["static"] / "model.safetensors")["embedding.weight"]
    vocabulary = json.loads((folders["static"] / "tokenizer.json").read_text())["model"]["vocab"]
    expected = table[[vocabulary["Anna"], vocabulary["Müller"]]].mean(axis=0)
    (vector,) = SentenceTransformerEmbedder(str(folders["static"])).embed_texts(["Anna Müller"])
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)


@pytest.mark.parametrize("kind", [*FAMILIES, "static"])
def test_every_core_embeds_a_share_with_the_same_weights(
    folders: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"{text} {number}" for number in range(20) for text in SENTENCES]
    monkeypatch.setattr(cores, "count", lambda: 1)
    expected = SentenceTransformerEmbedder(str(folders[kind])).embed_texts(texts)
    monkeypatch.setattr(cores, "count", lambda: 3)
    embedder = SentenceTransformerEmbedder(str(folders[kind]))
    np.testing.assert_allclose(embedder.embed_texts(texts), expected, atol=1e-5)
    assert len(embedder._twins) == 2
    assert embedder._model is not None
    for twin in embedder._twins:
        assert all(one is other for one, other in zip(twin.parameters(), embedder._model.parameters(), strict=True))


@pytest.mark.parametrize("kind", [*FAMILIES, "static"])
def test_nothing_to_embed(folders: dict[str, Path], kind: str) -> None:
    embedder = SentenceTransformerEmbedder(str(folders[kind]))
    assert embedder.embed_texts([]).shape == (0, embedder.dimension)
    assert embedder.embed_texts([]).dtype == np.float32
    vectors = embedder.embed_texts(["", " \n"])
    assert np.isfinite(vectors).all()
    if kind == "static":  # no token, no direction
        assert not vectors.any()


@pytest.mark.parametrize("family", FAMILIES)
def test_long_texts_are_cut_at_what_the_model_reads(folders: dict[str, Path], family: str) -> None:
    vectors = SentenceTransformerEmbedder(str(folders[family])).embed_texts(["und " * 126, "und " * 900])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("intfloat/multilingual-e5-small", ("query: ", "passage: ")),
        ("intfloat/e5-base@main", ("query: ", "passage: ")),
        ("/models/Multilingual-E5-large/", ("query: ", "passage: ")),
        ("owner/me5x", ("", "")),
        ("/home/e5-fan/minilm", ("", "")),
    ],
)
def test_prefixes_go_by_the_name_of_the_model(name: str, expected: tuple[str, str]) -> None:
    assert prefixes(name) == expected


def test_an_e5_model_gets_its_prefixes_once(folders: dict[str, Path], tmp_path: Path) -> None:
    plain = SentenceTransformerEmbedder(str(folders["bert"]))
    e5 = copied(folders["bert"], tmp_path / "tiny-e5-small")
    own = tiny_models.save_embedder(tmp_path / "own-e5-small", "bert", {"query": "query: ", "document": "passage: "})
    for folder in (e5, own):
        embedder = SentenceTransformerEmbedder(str(folder))
        np.testing.assert_allclose(embedder.embed_texts(["Köln"]), plain.embed_texts(["passage: Köln"]), atol=1e-5)
        np.testing.assert_allclose(embedder.embed_questions(["Wer?"]), plain.embed_texts(["query: Wer?"]), atol=1e-5)
        assert embedder.signature.endswith("|query: |passage: ")


def test_a_model_s_own_prompts_are_used(folders: dict[str, Path], tmp_path: Path) -> None:
    plain = SentenceTransformerEmbedder(str(folders["bert"]))
    folder = tiny_models.save_embedder(tmp_path / "prompted", "bert", {"query": "Frage: ", "document": ""})
    prompted = SentenceTransformerEmbedder(str(folder))
    np.testing.assert_allclose(prompted.embed_questions(["Wer?"]), plain.embed_texts(["Frage: Wer?"]), atol=1e-5)
    np.testing.assert_allclose(prompted.embed_texts(["Wer?"]), plain.embed_texts(["Wer?"]), atol=1e-5)


def test_threads_take_turns(folders: dict[str, Path]) -> None:
    jobs = [SENTENCES[: number % 5 + 1] for number in range(16)]
    alone = SentenceTransformerEmbedder(str(folders["bert"]))
    expected = [alone.embed_texts(job) for job in jobs]
    shared = SentenceTransformerEmbedder(str(folders["bert"]))
    with tiny_models.crowd(shared) as most, ThreadPoolExecutor(8) as pool:
        for vectors, other in zip(pool.map(shared.embed_texts, jobs), expected, strict=True):
            np.testing.assert_array_equal(vectors, other)
    assert most == [1]


def test_a_question_waits_for_no_more_than_a_block_of_texts(folders: dict[str, Path]) -> None:
    shared = SentenceTransformerEmbedder(str(folders["bert"]))
    blocks, over = [], threading.Event()

    def index() -> None:
        while not over.is_set():
            blocks.append(len(shared.embed_texts(SENTENCES)))

    with ThreadPoolExecutor(1) as pool:
        indexing = pool.submit(index)
        try:
            for _ in range(20):
                before = len(blocks)
                shared.embed_questions(["Wer?"])
                assert len(blocks) - before <= 2
                time.sleep(0.005)
        finally:
            over.set()
        indexing.result(10)
    assert len(blocks) > 3


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reader_or_a_plain_encoder_is_no_embedder(tmp_path: Path, family: str) -> None:
    reader = tiny_models.save_reader(tmp_path / "reader", family)
    tiny_models.save_embedder(tmp_path / "model", family)
    for folder in (reader, tmp_path / "model-encoder"):
        embedder = SentenceTransformerEmbedder(str(folder))
        for _ in range(2):  # the second time must not find a half loaded model
            with pytest.raises(ModelError) as caught:
                embedder.embed_texts(["Köln"])
            assert str(caught.value) == (
                f"{folder} ist kein Vektormodell im Format sentence-transformers. "
                "Bitte ein anderes wählen."
            )


@pytest.mark.parametrize("other", ["CrossEncoder", "SparseEncoder"])
def test_other_kinds_of_models_of_the_library_are_refused(folders: dict[str, Path], tmp_path: Path, other: str) -> None:
    folder = copied(folders["bert"], tmp_path / "other")
    path = folder / "config_sentence_transformers.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": other}))
    with pytest.raises(ModelError, match="ist kein Vektormodell"):
        SentenceTransformerEmbedder(str(folder)).load()


@pytest.mark.parametrize("family", FAMILIES)
def test_an_encoder_without_its_tokenizer_is_refused(folders: dict[str, Path], family: str, tmp_path: Path) -> None:
    folder = copied(folders[family], tmp_path / "embedder")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"^In .* fehlt der Tokenizer \(tokenizer\.json\)\."):
        SentenceTransformerEmbedder(str(folder)).load()


def test_a_static_model_without_its_tokenizer_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders["static"], tmp_path / "embedder")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="lässt sich nicht laden, Dateien fehlen oder sind beschädigt"):
        SentenceTransformerEmbedder(str(folder)).load()


def test_classes_that_a_model_folder_names_are_not_imported(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders["bert"], tmp_path / "embedder")
    (folder / "own.py").write_text(f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\n")
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "own.Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ModelError, match="lässt sich nicht laden"):
        SentenceTransformerEmbedder(str(folder)).load()
    assert not (tmp_path / "ran").exists()
