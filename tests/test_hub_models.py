import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from retrieval.inference import model_files
from retrieval.inference.embedder import SentenceTransformerEmbedder
from retrieval.inference.model_files import ModelReference
from tests import tiny_models
from tests.tiny_models import load, refusal

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return tiny_models.save_all(tmp_path_factory.mktemp("models"))


class Hub(BaseHTTPRequestHandler):
    """The part of the hub's interface that downloads use, for one model ``owner/model``."""

    folder: Path
    asked: list[str]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        files = {path.relative_to(self.folder).as_posix(): path for path in self.folder.rglob("*") if path.is_file()}
        path = self.path.partition("?")[0]
        resolved, _, name = path.partition(f"/owner/model/resolve/{COMMIT}/")
        if re.fullmatch(rf"/api/models/owner/model(/revision/(main|{COMMIT}))?", path):
            self.answer(json.dumps({"id": "owner/model", "sha": COMMIT}).encode())
        elif path == f"/api/models/owner/model/tree/{COMMIT}":
            sizes = {name: path.stat().st_size for name, path in files.items()}
            tree = [{"type": "file", "path": name, "size": sizes[name], "oid": name} for name in files]
            self.answer(json.dumps(tree).encode())
        elif not resolved and name in files:
            self.answer(files[name].read_bytes(), {"ETag": f'"{name}"', "X-Repo-Commit": COMMIT})
        else:
            kind = "RevisionNotFound" if path.startswith("/api/models/owner/model/") else "RepoNotFound"
            self.answer(b"{}", {"X-Error-Code": kind}, 404)

    def answer(self, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def use_hub(monkeypatch: pytest.MonkeyPatch, port: int, cache: Path) -> None:
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Hub]]:
    handler = type("Own", (Hub,), {"folder": tmp_path / "served", "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        use_hub(monkeypatch, server.server_port, tmp_path / "cache")
        yield handler
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["owner/model", "owner/model@main", f"owner/model@{COMMIT}"])
@pytest.mark.parametrize("kind", ["reader", "embedder", "static"])
def test_a_hub_model_is_downloaded_once_and_without_pickles(
    hub: type[Hub], folders: dict[str, Path], kind: str, name: str
) -> None:
    shutil.copytree(folders[kind], hub.folder)
    for unwanted in ("pytorch_model.bin", "onnx/model.onnx", "onnx/config.json", "code.py"):
        (hub.folder / unwanted).parent.mkdir(exist_ok=True)
        (hub.folder / unwanted).write_text("{}")
    load(kind, name)
    assert f"GET /owner/model/resolve/{COMMIT}/model.safetensors" in hub.asked
    assert not [line for line in hub.asked if re.search(r"\.bin|onnx|\.py", line)]
    hub.asked.clear()
    load(kind, name)
    assert hub.asked == []


def test_the_signature_of_a_hub_model_is_its_name_and_revision() -> None:
    reference = ModelReference("owner/e5-model@v1")
    assert (reference.folder, reference.revision, reference.signature) == (None, "v1", "owner/e5-model@v1")
    assert ModelReference("owner/model").revision is None
    assert SentenceTransformerEmbedder("owner/e5-model@v1").signature == "owner/e5-model@v1|query: |passage: "


def test_a_download_that_broke_off_is_completed(hub: type[Hub], folders: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(folders["reader"], hub.folder)
    load("reader", "owner/model")
    (weights,) = (tmp_path / "cache").glob(f"*/snapshots/{COMMIT}/model.safetensors")
    weights.unlink()
    load("reader", "owner/model")
    assert weights.exists()


@pytest.mark.parametrize("name", ["owner/other", "owner/model@v9"])
def test_a_name_or_revision_that_the_hub_does_not_have(hub: type[Hub], folders: dict[str, Path], name: str) -> None:
    shutil.copytree(folders["reader"], hub.folder)
    assert refusal("reader", name) == (
        f"Auf dem Hub gibt es {name} nicht, oder das Modell ist nicht öffentlich. Bitte Namen und Revision prüfen."
    )


def test_a_hub_model_of_another_kind(hub: type[Hub], folders: dict[str, Path]) -> None:
    shutil.copytree(folders["embedder"], hub.folder)
    message = "owner/model ist kein Lesemodell (…ForQuestionAnswering). Bitte ein anderes wählen."
    assert refusal("reader", "owner/model") == message


def test_a_hub_model_with_pickles_only(hub: type[Hub], folders: dict[str, Path]) -> None:
    shutil.copytree(folders["reader"], hub.folder)
    (hub.folder / "model.safetensors").rename(hub.folder / "pytorch_model.bin")
    assert "fehlen Gewichte im Format safetensors" in refusal("reader", "owner/model")


def test_a_hub_that_refuses_connections(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but nobody listens
        use_hub(monkeypatch, unused.getsockname()[1], tmp_path)
        started = time.monotonic()
        for kind in ("reader", "embedder"):
            message = refusal(kind, "owner/model")
            assert "Das Modell owner/model" in message
            assert "keine Verbindung" in message
            assert message.endswith(
                "lokalen Ordner angeben oder die Einstellung weglassen, dann gilt das mitgelieferte Modell."
            )
    assert time.monotonic() - started < 20


def test_a_hub_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(model_files, "_HUB_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use_hub(monkeypatch, silent.getsockname()[1], tmp_path)
        started = time.monotonic()
        assert "lässt sich nicht vom Hub laden (timed out)" in refusal("reader", "owner/model")
    assert time.monotonic() - started < 20


def test_a_hub_that_must_not_be_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_hub(monkeypatch, 9, tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in refusal("embedder", "owner/model")


def test_a_name_that_the_hub_does_not_allow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_hub(monkeypatch, 9, tmp_path)
    assert "lässt sich nicht vom Hub laden" in refusal("reader", "mein ordner/leser!")


def test_a_download_shows_its_progress(hub: type[Hub]) -> None:
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled
    from transformers.utils import logging as transformers_logging

    hub.folder.mkdir()
    refusal("reader", "owner/model")
    assert not transformers_logging.is_progress_bar_enabled()
    assert not are_progress_bars_disabled()
