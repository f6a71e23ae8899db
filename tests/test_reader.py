import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from retrieval.errors import ModelError
from retrieval.inference import cores
from retrieval.inference import reader as module
from retrieval.inference.reader import TransformersReader
from tests import tiny_models

FAMILIES = list(tiny_models.FAMILIES)
# Line ends, several spaces, letters of two characters, other scripts: everything that tokenizers normalise away.
ODD = "Der  Bahnhof\nin  Köln …  wurde\u00a01859 ero\u0308ffnet, 😀 und\t„neu“ gebaut: 中文 ﬁn Straße.\n\n"


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same numbers, and one batch where the memory allows it, on every machine."""
    monkeypatch.setattr(cores, "fast_bfloat16", lambda: False)
    monkeypatch.setattr(cores, "count", lambda: 1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("readers")
    return {family: tiny_models.save_reader(home / family, family) for family in FAMILIES}


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> TransformersReader:
    """Answers with what lies between "Anna" and "Hamburg"; 18 logits for both, -2 for no answer, 0 for the rest."""
    folder = tiny_models.save_reader(tmp_path_factory.mktemp("readers") / "finder", "bert")
    tiny_models.answer_with(folder, "Anna", "Hamburg")
    return TransformersReader(str(folder))


@contextmanager
def inputs_of(reader: TransformersReader) -> Iterator[list[dict[str, Any]]]:
    """What the reader's model gets, batch by batch."""
    seen: list[dict[str, Any]] = []
    reader.load()
    assert reader._model is not None
    hook = reader._model.register_forward_pre_hook(
        lambda _, __, inputs: seen.append({name: value.tolist() for name, value in inputs.items()}), with_kwargs=True
    )
    yield seen
    hook.remove()


def test_the_span_with_the_highest_logits_wins(finder: TransformersReader) -> None:
    text = "Die Jury wählte Anna Müller aus Hamburg, sagte sie."
    (span,) = finder.read("Wer hat den Preis gewonnen?", [text])
    assert span is not None
    assert (span.text, span.start, span.end) == ("Anna Müller aus Hamburg", 16, 39)
    assert (span.score, span.null_score, span.margin) == pytest.approx((18, -2, 20), abs=1e-3)


def test_an_answer_is_found_wherever_it_stands_in_a_long_text(finder: TransformersReader) -> None:
    """A window holds 121 tokens of the text, the next begins 89 further on: answers fall on all borders."""
    befores = ["und " * number for number in range(0, 260, 3)]
    spans = finder.read("Wer hat gewonnen?", [before + "Anna Müller aus Hamburg" + " und" * 150 for before in befores])
    for before, span in zip(befores, spans, strict=True):
        assert span is not None
        assert (span.text, span.start) == ("Anna Müller aus Hamburg", len(before))
        assert span.score == pytest.approx(18, abs=1e-3)


def test_the_windows_of_a_long_text_overlap(finder: TransformersReader) -> None:
    with inputs_of(finder) as seen:
        finder.read("Wer ?", ["und " * 250])
    (batch,) = seen
    # 128 tokens - [CLS] Wer ? [SEP] [SEP] = 123 of the text; 32 of them are shared: 0-123, 91-214, 182-250.
    assert sorted(map(sum, batch["attention_mask"])) == [5 + 68, 128, 128]


@pytest.mark.parametrize(("positions", "kept"), [(128, 32), (512, 64)])
def test_a_long_question_is_cut(tmp_path: Path, positions: int, kept: int) -> None:
    folder = tiny_models.save_reader(tmp_path / "reader", "bert", positions)
    tiny_models.answer_with(folder, "Anna", "Hamburg")
    reader = TransformersReader(str(folder))
    with inputs_of(reader) as seen:
        (span,) = reader.read("Wann " * 200, ["und " * 400 + "Anna Hamburg"])
    assert {row.index(3) for batch in seen for row in batch["input_ids"]} == {1 + kept}  # 3 is [SEP]
    assert max(len(row) for batch in seen for row in batch["input_ids"]) == min(positions, module.MAX_TOKENS)
    assert span is not None
    assert (span.text, span.start) == ("Anna Hamburg", 1600)


@pytest.mark.parametrize("family", FAMILIES)
def test_passages_without_a_word_have_no_span(folders: dict[str, Path], family: str) -> None:
    reader = TransformersReader(str(folders[family]))
    assert reader.read("Wer?", []) == ()
    assert reader.read("Wer?", ["", " ", "\n\t\u00a0", "...", "\u200b"])[:4] == (None, None, None, None)
    none, span, emoji = reader.read("Wer?", ["", "Köln", "😀"])
    assert none is None
    assert span is not None
    assert (span.text, span.start, span.end) == ("Köln", 0, 4)
    assert emoji is None or (emoji.text, emoji.start, emoji.end) == ("😀", 0, 1)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("question", ["😀", "???", "a" * 1000, "Wann wurde die Bru\u0308cke\x00 gesperrt?"])
def test_odd_questions_are_read(folders: dict[str, Path], family: str, question: str) -> None:
    (span,) = TransformersReader(str(folders[family])).read(question, [tiny_models.SENTENCES[0]])
    assert span is not None
    assert span.text in tiny_models.SENTENCES[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_offsets_count_the_characters_of_the_passage(folders: dict[str, Path], family: str) -> None:
    texts = [ODD * 12, *(ODD[start:] for start in range(0, len(ODD) - 8, 3))]
    spans = TransformersReader(str(folders[family])).read("Wann?", texts)
    for text, span in zip(texts, spans, strict=True):
        assert span is None or text[span.start : span.end] == span.text != ""
    # Random weights may choose a full stop, which is no answer.
    assert sum(span is None for span in spans) < len(spans) / 4


@pytest.mark.parametrize("family", FAMILIES)
def test_batches_change_nothing(folders: dict[str, Path], family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*tiny_models.SENTENCES, " ".join(tiny_models.SENTENCES * 4), "", ODD * 3, "Köln"]
    reader = TransformersReader(str(folders[family]))
    with inputs_of(reader) as seen:
        together = reader.read("Wann wurde der Bahnhof eröffnet?", texts)
    assert len(seen) == 1
    monkeypatch.setattr(module, "BATCH_TOKENS", 200)
    with inputs_of(reader) as seen:
        in_parts = reader.read("Wann wurde der Bahnhof eröffnet?", texts)
    assert len(seen) > 3
    monkeypatch.setattr(module, "BATCH_TOKENS", 8192)
    monkeypatch.setattr(cores, "count", lambda: 2)
    with inputs_of(reader) as seen:
        on_two_cores = reader.read("Wann wurde der Bahnhof eröffnet?", texts)
    assert len(seen) in (2, 3)
    alone = [span for text in texts for span in reader.read("Wann wurde der Bahnhof eröffnet?", [text])]
    for one, *others in zip(together, in_parts, on_two_cores, alone, strict=True):
        if one is None:
            assert others == [None] * 3
        else:
            for span in others:
                assert span is not None
                assert (span.text, span.start, span.end) == (one.text, one.start, one.end)
                assert (span.score, span.null_score) == pytest.approx((one.score, one.null_score), abs=1e-4)


def test_the_sides_that_a_tokenizer_pads_and_cuts_change_nothing(folders: dict[str, Path], tmp_path: Path) -> None:
    texts = [*tiny_models.SENTENCES, ODD]
    other = Path(shutil.copytree(folders["bert"], tmp_path / "left"))
    path = other / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"padding_side": "left", "truncation_side": "left"}))
    expected = TransformersReader(str(folders["bert"])).read("Wer?", texts)
    assert TransformersReader(str(other)).read("Wer?", texts) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_only_models_with_token_types_get_them(folders: dict[str, Path], family: str) -> None:
    reader = TransformersReader(str(folders[family]))
    with inputs_of(reader) as seen:
        reader.read("Wer ?", ["Anna Müller"])
    (batch,) = seen
    if family in ("bert", "electra"):
        assert batch["token_type_ids"] == [[0, 0, 0, 0, 1, 1, 1]]
    else:
        assert "token_type_ids" not in batch


def test_threads_take_turns(folders: dict[str, Path]) -> None:
    """The tokenizer keeps its settings for cutting and padding from call to call: one thread at a time."""
    jobs = [("Wer " * (number % 5 + 1), [" ".join(tiny_models.SENTENCES * (number % 3 + 1))]) for number in range(16)]
    alone = TransformersReader(str(folders["bert"]))
    expected = [alone.read(*job) for job in jobs]
    shared = TransformersReader(str(folders["bert"]))
    with tiny_models.crowd(shared) as most, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda job: shared.read(*job), jobs)) == expected
    assert most == [1]


def test_weights_in_half_precision_are_read_in_float32(folders: dict[str, Path], tmp_path: Path) -> None:
    from transformers import BertForQuestionAnswering

    other = Path(shutil.copytree(folders["bert"], tmp_path / "half"))
    BertForQuestionAnswering.from_pretrained(other).half().save_pretrained(other)
    text = tiny_models.SENTENCES[0]
    (expected,) = TransformersReader(str(folders["bert"])).read("Wer?", [text])
    reader = TransformersReader(str(other))
    (span,) = reader.read("Wer?", [text])
    assert reader._model is not None
    assert reader._model.dtype == torch.float32
    assert span is not None
    assert expected is not None
    assert (span.score, span.null_score) == pytest.approx((expected.score, expected.null_score), abs=5e-3)


def test_a_sentence_encoder_is_no_reader(tmp_path: Path) -> None:
    encoder = tiny_models.save_embedder(tmp_path / "encoder", "bert")
    static = tiny_models.save_static_embedder(tmp_path / "static")
    for folder in (encoder, static):
        with pytest.raises(ModelError) as caught:
            TransformersReader(str(folder)).load()
        assert str(caught.value) == (
            f"{folder} ist kein Lesemodell (…ForQuestionAnswering). Bitte ein anderes wählen."
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reader_without_its_tokenizer_is_refused(folders: dict[str, Path], family: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders[family], tmp_path / "reader"))
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError) as caught:
        TransformersReader(str(folder)).load()
    assert str(caught.value) == (
        f"In {folder} fehlt der Tokenizer (tokenizer.json). Bitte den Ordner wiederherstellen."
    )


def test_weights_without_the_head_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(folders["bert"], tmp_path / "reader"))
    weights = load_file(folder / "model.safetensors")
    del weights["qa_outputs.bias"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    reader = TransformersReader(str(folder))
    for _ in range(2):  # the second time must not find a half loaded model
        with pytest.raises(ModelError, match=r"^In den Gewichten von .* fehlt qa_outputs\.bias\. "):
            reader.read("Wer?", ["Anna"])


@pytest.mark.parametrize("kind", ["bert", "unknown"])
def test_code_in_a_model_folder_is_not_run(
    folders: dict[str, Path], tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(folders["bert"], tmp_path / "reader"))
    (folder / "code.py").write_text(f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": kind, "auto_map": {"AutoConfig": "code.C", "AutoModelForQuestionAnswering": "code.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("asks whether to run the code"))
    if kind == "bert":  # the library's own class does
        TransformersReader(str(folder)).load()
    else:
        with pytest.raises(ModelError, match="lässt sich nicht laden"):
            TransformersReader(str(folder)).load()
    assert not (tmp_path / "ran").exists()
