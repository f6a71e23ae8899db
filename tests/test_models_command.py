"""``fundstelle models`` with tiny models in the file layout of real ones, loaded by the same code."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import Result

from bot import model_catalogue
from bot.cli import models
from bot.errors import SettingsError
from bot.model_choice import FILE, read_choices, remember
from bot.settings import load_settings
from retrieval.errors import ModelError
from retrieval.inference.embedder import SentenceTransformerEmbedder
from retrieval.store.store import Store
from tests import tiny_models
from tests.collection import as_nobody
from tests.command_line import fundstelle
from tests.test_hub_models import COMMIT, hub

__all__ = ["hub"]  # a fixture


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No .env of a developer is read."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny models: reader, embedder (32 dimensions), static (16 dimensions)."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny_models.save_reader(folder / "reader", "electra")
    tiny_models.save_embedder(folder / "embedder", "bert")
    tiny_models.save_static_embedder(folder / "static")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def indexed(saved: Path, home: Path, tmp_path: Path) -> Path:
    """Two articles, indexed with the static embedder, which is the choice."""
    remember(home, {"embedder": str(saved / "static")})
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "eins.txt").write_text("Der Bahnhof wurde neu gebaut. Er liegt in der Stadt.", encoding="utf-8")
    (folder / "zwei.txt").write_text("Das Museum öffnet am Dienstag. Es schließt um 18 Uhr.", encoding="utf-8")
    assert fundstelle("index", str(folder)).exit_code == 0
    assert vectors(home).shape == (4, 16)
    return home


def vectors(home: Path) -> NDArray[np.float32]:
    with Store(home) as store:
        return np.concatenate([block for _, block in store.all_vectors()])


def error(result: Result) -> str:
    """The last line on stderr of a run that must have failed without a result."""
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr.splitlines()[-1]


# list


def test_list_json():
    value = json.loads(fundstelle("models", "list", "--json").stdout)["models"]
    by_name = {model["name"]: model for model in value}
    assert [name for name, model in by_name.items() if model["in_use"]] == ["embedded-embedder", "embedded-reader"]
    assert by_name["multilingual-e5-small"] == {
        "name": "multilingual-e5-small",
        "kind": "embedder",
        "model": "intfloat/multilingual-e5-small",
        "in_use": False,
        "size": "small",
        "bytes": None,
        "licence": "MIT",
        "languages": ["de", "en"],
        "note": "setzt seine Präfixe von selbst",
    }
    assert by_name["gelectra-large-germanquad"]["languages"] == ["de"]
    assert {model["kind"] for model in value} == {"embedder", "reader"}


def test_models_alone_is_list():
    assert fundstelle("models").stdout == fundstelle("models", "list").stdout
    assert fundstelle("models", "--json").stdout == fundstelle("models", "list", "--json").stdout
    assert "use" in fundstelle("models", "--help").stdout


def test_list_for_people():
    lines = fundstelle("models").stdout.splitlines()
    assert lines[0] == "Vektormodelle (suchen)"
    assert [line.split()[1] for line in lines if line.startswith("*  ")] == ["embedded-embedder", "embedded-reader"]
    readers = lines[lines.index("Lesemodelle (finden das Zitat)") :]
    (position,) = [i for i, line in enumerate(readers) if "mdeberta-v3-base-squad2" in line]
    assert readers[position].split() == ["mdeberta-v3-base-squad2", "mittel", "MIT", "de,", "en"]
    assert readers[position + 1].strip() == "mehrsprachig, kennt „keine Antwort“"
    assert "fundstelle models use" in lines[-1]
    assert fundstelle("models", "--language", "en").stdout.startswith("Embedders (search)\n")


def test_list_marks_a_hub_model_with_its_revision_and_shows_a_model_of_ones_own(saved):
    arguments = ("--embedder", "BAAI/bge-m3@abc", "--reader", str(saved / "reader"), "--json")
    used = [model for model in json.loads(fundstelle("models", *arguments).stdout)["models"] if model["in_use"]]
    assert [model["name"] for model in used] == ["bge-m3", str(saved / "reader")]
    assert used[1]["kind"] == "reader"
    assert used[1]["bytes"] == sum(path.stat().st_size for path in (saved / "reader").iterdir())


def test_every_entry_of_the_catalogue_is_a_hub_model_that_can_be_meant():
    for listed in model_catalogue.catalogue():
        if not listed.name.startswith("embedded-"):
            assert listed.model.count("/") == 1
            assert model_catalogue.resolve(f"{listed.name}@v1") == [f"{listed.model}@v1"]
            assert listed.name == listed.model.partition("/")[2]
            assert listed.size in ("", "small", "medium", "large")
            assert listed.note("de") and listed.note("en")


# use


def test_use_a_reader(saved, home):
    result = fundstelle("models", "use", str(saved / "reader"))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("Lesemodell, Selbsttest: „Wann wurde die Brücke in Köln eröffnet?“ – „")
    assert lines[1] == f"Lesemodell, ab jetzt: {saved / 'reader'}"
    assert "nicht kalibriert" in result.stderr
    assert read_choices(home) == {"reader": str(saved / "reader")}
    assert json.loads(fundstelle("status", "--json").stdout)["reader"] == str(saved / "reader")
    assert fundstelle("status").stdout.splitlines()[-1].startswith(f"Lesemodell:       {saved / 'reader'} (")


def test_use_a_relative_folder_means_the_same_everywhere(saved, home, monkeypatch):
    monkeypatch.chdir(saved)
    for name in ("./reader", "reader", f"{saved.parent}/{saved.name}/reader"):
        assert fundstelle("models", "use", name).exit_code == 0
        assert read_choices(home) == {"reader": str(saved / "reader")}


def test_use_an_embedder_embeds_the_articles_anew(saved, indexed):
    result = fundstelle("models", "use", str(saved / "embedder"), "--json")
    (choice,) = json.loads(result.stdout)["chosen"]
    assert (choice["kind"], choice["model"]) == ("embedder", str(saved / "embedder"))
    assert choice["trial"].startswith("Ähnlichkeit der Frage ")
    assert "Die Sammlung wird darauf umgestellt (4 Sätze)." in result.stderr
    expected = SentenceTransformerEmbedder(str(saved / "embedder")).embed_texts(["Der Bahnhof wurde neu gebaut."])
    np.testing.assert_allclose(vectors(indexed)[0], expected[0], atol=2e-2)
    status = json.loads(fundstelle("status", "--json").stdout)
    assert (status["embedder"], status["index"]) == (str(saved / "embedder"), "current")


def test_questions_are_asked_with_the_chosen_models(saved, indexed):
    fundstelle("models", "use", str(saved / "reader"))
    fundstelle("models", "use", str(saved / "embedder"))
    result = fundstelle("ask", "Wann öffnet das Museum?", "--json", "--no-answer-threshold", "0")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["answer"]["text"]


@pytest.fixture
def embedded(saved: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Tiny models in the place of the embedded ones."""
    folders = {"embedder": str(saved / "embedder"), "reader": str(saved / "reader")}
    for module in (model_catalogue, models):
        monkeypatch.setattr(module, "default", lambda kind: folders[kind])
    model_catalogue.catalogue.cache_clear()
    yield folders
    model_catalogue.catalogue.cache_clear()


def test_use_embedded_goes_back(indexed, embedded):
    remember(indexed, {"reader": "owner/reader"})
    assert fundstelle("models", "use", "embedded-reader").exit_code == 0
    assert set(read_choices(indexed)) == {"embedder"}
    result = fundstelle("models", "use", "embedded", "--json")
    assert [choice["kind"] for choice in json.loads(result.stdout)["chosen"]] == ["embedder", "reader"]
    assert read_choices(indexed) == {}
    assert vectors(indexed).shape == (4, 32)


def test_use_embedded_changes_nothing_if_one_of_both_is_broken(saved, indexed, embedded, tmp_path):
    embedded["reader"] = str(tmp_path / "nothing")
    assert str(tmp_path / "nothing") in error(fundstelle("models", "use", "embedded"))
    assert read_choices(indexed) == {"embedder": str(saved / "static")}
    assert vectors(indexed).shape == (4, 16)


@pytest.fixture
def cached(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A hub model that was downloaded earlier; nobody asks the hub."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    folder = tmp_path / "hub" / "models--owner--tiny-reader"
    shutil.copytree(saved / "reader", folder / "snapshots" / COMMIT)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    return "owner/tiny-reader"


@pytest.mark.parametrize("revision", ["", "@main", f"@{COMMIT}"])
def test_a_hub_model_is_pinned_to_its_commit(cached, home, revision):
    assert fundstelle("models", "use", cached + revision).exit_code == 0
    assert read_choices(home) == {"reader": f"{cached}@{COMMIT}"}
    assert fundstelle("models", "use", f"{cached}@{COMMIT}").exit_code == 0


def test_a_hub_model_is_downloaded(saved, indexed, hub):
    """From a small hub on this machine, through the same code."""
    shutil.copytree(saved / "embedder", hub.folder)
    assert fundstelle("models", "use", "owner/model").exit_code == 0
    assert read_choices(indexed) == {"embedder": f"owner/model@{COMMIT}"}
    assert any("safetensors" in request for request in hub.asked)
    asked = len(hub.asked)
    result = fundstelle("ask", "Wann öffnet das Museum?", "--reader", str(saved / "reader"), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(hub.asked) == asked  # it is here now


def test_a_hub_model_that_is_not_there(saved, indexed, hub):
    hub.folder.mkdir()
    before = vectors(indexed)
    assert "Auf dem Hub gibt es owner/other nicht" in error(fundstelle("models", "use", "owner/other"))
    assert_all_as_it_was(indexed, saved, before)


# What goes wrong


def assert_all_as_it_was(home: Path, saved: Path, before: NDArray[np.float32]) -> None:
    assert read_choices(home) == {"embedder": str(saved / "static")}
    np.testing.assert_array_equal(vectors(home), before)
    assert json.loads(fundstelle("status", "--json").stdout)["index"] == "current"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nonsense", "Ein Modell „nonsense“ ist nicht bekannt."),
        ("/nowhere/at/all", "Den Modellordner /nowhere/at/all gibt es nicht."),
        (".", "liegt kein Modell"),
    ],
)
def test_what_is_no_model(saved, indexed, name, message):
    before = vectors(indexed)
    assert message in error(fundstelle("models", "use", name))
    assert_all_as_it_was(indexed, saved, before)


def broken_copy(model: Path, folder: Path, name: str, content: str | None) -> Path:
    shutil.copytree(model, folder)
    for path in list(folder.rglob(name)):
        path.unlink()
        if content is not None:
            path.write_text(content, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("model", "name", "content", "message"),
    [
        ("reader", "model.safetensors", None, "safetensors"),
        ("reader", "model.safetensors", "nonsense", "lässt sich nicht laden"),
        ("reader", "config.json", "{", "config.json ist nicht lesbar oder beschädigt"),
        ("reader", "config.json", '{"architectures": ["BertForMaskedLM"]}', "weder ein Vektormodell"),
        ("reader", "tokenizer.json", None, "fehlt der Tokenizer"),
        ("embedder", "model.safetensors", "nonsense", "lässt sich nicht laden"),
    ],
)
def test_broken_models(saved, indexed, tmp_path, model, name, content, message):
    before = vectors(indexed)
    folder = broken_copy(saved / model, tmp_path / "broken", name, content)
    assert message in error(fundstelle("models", "use", str(folder)))
    assert_all_as_it_was(indexed, saved, before)


def test_an_embedder_whose_vectors_are_no_numbers(saved, indexed, tmp_path):
    from safetensors.numpy import load_file, save_file

    shutil.copytree(saved / "static", tmp_path / "nan")
    (weights,) = (tmp_path / "nan").rglob("*.safetensors")
    save_file({name: np.full_like(value, np.nan) for name, value in load_file(weights).items()}, weights)
    before = vectors(indexed)
    assert "keine brauchbaren Vektoren" in error(fundstelle("models", "use", str(tmp_path / "nan")))
    assert_all_as_it_was(indexed, saved, before)


def test_an_embedder_that_says_the_same_of_everything(saved, indexed, tmp_path):
    from safetensors.numpy import load_file, save_file

    shutil.copytree(saved / "static", tmp_path / "same")
    (weights,) = (tmp_path / "same").rglob("*.safetensors")
    save_file({name: np.ones_like(value) for name, value in load_file(weights).items()}, weights)
    before = vectors(indexed)
    assert "denselben Vektor" in error(fundstelle("models", "use", str(tmp_path / "same")))
    assert_all_as_it_was(indexed, saved, before)


def test_embedding_anew_breaks_off(saved, indexed, monkeypatch):
    before = vectors(indexed)
    embed = SentenceTransformerEmbedder.embed_texts

    def failing(self: SentenceTransformerEmbedder, texts: Sequence[str]) -> NDArray[np.float32]:
        if len(texts) == 4:  # the collection, not the self-test
            raise ModelError("Der Strom ist weg.")
        return embed(self, texts)

    with monkeypatch.context() as broken:
        broken.setattr(SentenceTransformerEmbedder, "embed_texts", failing)
        assert "Der Strom ist weg." in error(fundstelle("models", "use", str(saved / "embedder")))
    assert_all_as_it_was(indexed, saved, before)
    assert fundstelle("models", "use", str(saved / "embedder")).exit_code == 0
    assert vectors(indexed).shape == (4, 32)


@pytest.mark.parametrize("where", ["environment", "file"])
def test_what_is_set_elsewhere_has_to_go_first(saved, indexed, monkeypatch, tmp_path, where):
    before = vectors(indexed)
    if where == "environment":
        monkeypatch.setenv("FUNDSTELLE_READER", str(saved / "reader"))
    else:
        (tmp_path / ".env").write_text(f"FUNDSTELLE_READER={saved / 'reader'}\n", encoding="utf-8")
    assert "FUNDSTELLE_READER ist in der Umgebung oder in der Datei .env gesetzt" in error(
        fundstelle("models", "use", str(saved / "reader"))
    )
    assert_all_as_it_was(indexed, saved, before)


# The choice among the settings


def test_flag_over_environment_over_file_over_choice_over_default(home, monkeypatch, tmp_path):
    default = load_settings().reader
    remember(home, {"reader": "choice"})
    assert load_settings().reader == "choice"
    assert load_settings(home=str(tmp_path / "other")).reader == default
    (tmp_path / ".env").write_text("FUNDSTELLE_READER=file\n", encoding="utf-8")
    assert load_settings().reader == "file"
    monkeypatch.setenv("FUNDSTELLE_READER", "environment")
    assert load_settings().reader == "environment"
    assert load_settings(reader="flag").reader == "flag"


def test_the_home_of_the_choice_may_come_from_flag_or_file(home, monkeypatch, tmp_path):
    remember(tmp_path / "flag", {"embedder": "from flag"})
    remember(tmp_path / "file", {"embedder": "from file"})
    assert load_settings(home=str(tmp_path / "flag")).embedder == "from flag"
    monkeypatch.delenv("FUNDSTELLE_HOME")
    (tmp_path / ".env").write_text(f"FUNDSTELLE_HOME={tmp_path / 'file'}\n", encoding="utf-8")
    assert load_settings().embedder == "from file"


def test_choices_are_kept_by_kind(home):
    remember(home, {"reader": "a/b"})
    remember(home, {"embedder": "c/d"})
    assert read_choices(home) == {"reader": "a/b", "embedder": "c/d"}
    remember(home, {"reader": None})
    assert read_choices(home) == {"embedder": "c/d"}
    assert [path.name for path in home.iterdir()] == [FILE]


@pytest.mark.parametrize("content", ["", "[]", '{"reader": 3}', '{"reader": ""}', '{"telegram_token": "1:a"}'])
def test_a_damaged_choice_is_named(home, content):
    home.mkdir()
    (home / FILE).write_text(content, encoding="utf-8")
    assert str(home / FILE) in error(fundstelle("status"))


def refused_to_look(home: Path) -> None:
    with pytest.raises(SettingsError, match=r"kann nicht gelesen werden .*FUNDSTELLE_HOME"):
        read_choices(home)


def test_a_home_that_cannot_be_entered_is_not_called_damaged():
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0)
        assert as_nobody(refused_to_look, Path(folder)) == 0
        Path(folder).chmod(0o755)
