"""Errors, notices and reasons come out in English where English is spoken, wherever they arose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.collection import Collection
from retrieval.loading.formats import known_types
from tests import samples
from tests.botapi import BotApi
from tests.command_line import fundstelle, news_site
from tests.doubles import HashEmbedder
from tests.telegram_bot import RunningBot
from tests.website import Page, Website

OWNER = 7


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env of a developer is read
    monkeypatch.setenv("FUNDSTELLE_LANGUAGE", "en")
    monkeypatch.setattr(Collection, "embedder", HashEmbedder())


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    with news_site(monkeypatch) as running:
        yield running


def test_reasons_from_the_process_that_reads_files(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\ndamaged")
    (tmp_path / "b.json").write_text('[{"title": "no text"}]')
    (tmp_path / "c.zip").write_bytes(samples.zipped({"d.docx": b"PK\3\4", "e.eml": b"\n", "f.zip": b""}))
    (tmp_path / "g.exe").touch()
    result = fundstelle("index", "a.pdf", "b.json", "c.zip", "g.exe")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{tmp_path}/a.pdf: failed: a.pdf is not a readable PDF file.",
        f"{tmp_path}/b.json#1: failed: b.json, article 1: An article is an object whose field “text” is a string.",
        f"{tmp_path}/c.zip#d.docx: failed: d.docx is not a readable Word document.",
        f"{tmp_path}/c.zip#e.eml: failed: e.eml is not a saved mail.",
        f"{tmp_path}/c.zip#f.zip: failed: f.zip is an archive in an archive. Please unpack it and name it by itself.",
        f"{tmp_path}/g.exe: failed: g.exe is not a known type of file. Known are {known_types()}.",
        "0 added, 0 updated, 0 unchanged, 0 duplicate, 6 failed",
    ]


def test_reasons_as_json(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\ndamaged")
    for language, reason in (("en", "a.pdf is not a readable PDF file."), ("de", "a.pdf ist kein lesbares PDF.")):
        files = json.loads(fundstelle("index", "a.pdf", "--json", "--language", language).stdout)["files"]
        assert [file["reason"] for file in files] == [reason]


def test_what_is_odd_about_an_article_that_was_added(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("The new bridge is open for all traffic now. It took the town two years to build.")
    first, second, _ = fundstelle("index", "a.txt", "b.txt").stdout.splitlines()
    assert first == f"{tmp_path}/a.txt: added: not German (en); search is made for German articles"
    assert second == f"{tmp_path}/b.txt: duplicate: same text as “a” ({tmp_path}/a.txt)"


def test_errors(tmp_path: Path) -> None:
    result = fundstelle("index", "missing.txt")
    assert (result.exit_code, result.stderr) == (
        1,
        f"Error: {tmp_path}/missing.txt does not exist. Please check the path.\n",
    )
    (tmp_path / "home" / "fundstelle.db").write_bytes(b"SQLite format 3\0")
    assert fundstelle("status").stderr == (
        f"Error: The database {tmp_path}/home/fundstelle.db is damaged (it is cut off). Please move this file (with "
        "fundstelle.db-wal and fundstelle.db-shm, if they are there) and index the articles again with "
        "“fundstelle index”.\n"
    )


def test_an_exported_file_with_bad_lines(tmp_path: Path) -> None:
    lines = ['{"text": "Ein Satz.", "path": "/a.txt"}', '{"text": "Ein Satz."}', "[]"]
    (tmp_path / "all.jsonl").write_text("\n".join(lines))
    assert fundstelle("import", "all.jsonl").stdout.splitlines()[:2] == [
        f"{tmp_path}/all.jsonl:2: failed: Line 2: “path” is missing.",
        f"{tmp_path}/all.jsonl:3: failed: Line 3: This is not a JSON object.",
    ]


def test_the_notice_of_an_index_that_was_rebuilt(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(samples.PARAGRAPHS[0])
    assert fundstelle("index", "a.txt").exit_code == 0
    (tmp_path / "home" / "vectors-0.faiss").write_bytes(b"IwSq")
    (tmp_path / "b.txt").write_text(samples.PARAGRAPHS[1])
    assert fundstelle("index", "b.txt").stderr == (
        "The vector index was damaged and has been rebuilt from the database.\n"
    )


def test_settings_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDSTELLE_TOP_K", "many")
    monkeypatch.setenv("FUNDSTELLE_LOG_LEVEL", "loud")
    top_k = "The setting FUNDSTELLE_TOP_K is “many”; allowed is: a whole number from 1 to 50."
    level = "The setting FUNDSTELLE_LOG_LEVEL is “loud”; allowed is: DEBUG, INFO, WARNING or ERROR."
    assert fundstelle("status").stderr == f"Error: {top_k} {level}\n"
    assert fundstelle("status", "--language", "de").stderr.startswith("Fehler: Die Einstellung FUNDSTELLE_TOP_K ist")
    monkeypatch.setenv("FUNDSTELLE_LANGUAGE", "fr")
    assert fundstelle("status").stderr.startswith("Fehler: Die Einstellung FUNDSTELLE_LANGUAGE ist „fr“")


def test_what_is_kept_of_a_feed_s_last_look_is_in_every_language(site: Website) -> None:
    feed = site.url("/feed")
    assert fundstelle("feed", "add", feed).exit_code == 0
    site.pages["/feed"] = Page(status=404)
    assert fundstelle("sync").stdout.startswith(f"{feed}: failed: {feed} does not exist (any more).\n")
    assert fundstelle("feed", "list").stdout.endswith(f" UTC: {feed} does not exist (any more).)\n")
    assert fundstelle("feed", "list", "--language", "de").stdout.endswith(f" UTC: {feed} gibt es nicht (mehr).)\n")
    (listed,) = json.loads(fundstelle("feed", "list", "--json").stdout)["feeds"]
    assert listed["error"] == f"{feed} does not exist (any more)."


def test_owners_get_reasons_in_the_language_of_their_telegram(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path / "home", api.url, telegram_owners=str(OWNER), language="de") as bot:
        for sent, code in enumerate(("en", "de"), 1):
            api.text(None, code=code, document=api.file(b"%PDF-1.7\ndamaged", "a.pdf"))
            api.wait(lambda count=sent: len(api.sent(OWNER)) == count)
        api.text("http://127.0.0.1/", code="en")
        api.wait(lambda: len(api.sent(OWNER)) == 3)
        bot.collection.remove(bot.collection.documents())
        api.text("/sources", code="en")
        api.wait(lambda: len(api.sent(OWNER)) == 4)
    assert [message["text"] for message in api.sent(OWNER)] == [
        "Not added: a.pdf: a.pdf is not a readable PDF file.",
        "Nicht aufgenommen: a.pdf: a.pdf ist kein lesbares PDF.",
        "Not added: http://127.0.0.1/: 127.0.0.1 (127.0.0.1) is not on the public internet and will not be fetched "
        "from.",
        "No articles are indexed yet.",
    ]
