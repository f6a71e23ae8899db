"""The second engine, on a real server: it finds what SQLite finds, lets several write, outlives broken connections."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.errors import SettingsError
from bot.settings import load_settings
from retrieval.answering.calibration import Calibrations
from retrieval.backend import Backend, backend_of, open_backend
from retrieval.collection import Collection
from retrieval.errors import StoreError
from retrieval.indexing.indexer import Indexer
from retrieval.language.compounds import all_terms
from retrieval.language.sentences import SentenceSplitter
from retrieval.search.search import Search
from retrieval.store.store import Store
from retrieval.types import Document, Filter, Terms
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder, ScriptedReader
from tests.postgres_server import PostgresServer

if TYPE_CHECKING:
    from retrieval.postgres.store import PostgresStore

LINE = r"""
Gouverneur Perm Minsk Bürgermeister Hallenbad Bauamt Stadtrat Ministerpräsident Häuser Haushalt Umbau Brücke Bahnhof
Kosten Millionen Euro eröffnet beschließt sagt kündigt plant April Mai 2024 17 neue alte große Wasserwerk Feuerwehrhaus
Polizei Grundschule Lehrer Kinder O'Brien \n 'so' A&B x:y !
"""
WORDS = LINE.split()
FILTERS = (None, Filter(source="DPA"), Filter(since="2024-03-01", until="2024-06-30"), Filter(words=("titel", "t1")))
EXACT = ((), (), (), ("Perm Minsk",), ("Hallenbad",), ("Häuser",))


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    from retrieval.postgres.database import PostgresDatabase
    from retrieval.postgres.store import PostgresStore

    with PostgresStore(PostgresDatabase(postgres_url)) as store:
        yield store


def searching(backend: Backend) -> Search:
    return Search(backend.store, HashEmbedder(), backend.vectors, backend.keywords)


def fill(store: Store) -> None:
    """Some hundred invented sentences, articles with copies, one that is corrected and one that goes."""
    rng = random.Random(7)
    for number in range(55):
        lines = [" ".join(rng.choices(WORDS, k=rng.randint(4, 14))) + "." for _ in range(rng.randint(2, 8))]
        fields = {"source": rng.choice(["dpa", "BelTA", "AFP"]), "published": f"2024-0{rng.randint(1, 9)}-11"}
        put(store, "\n".join(lines), f"/{number}", title=f"Titel T{number}", **fields)
        if number % 10 == 3:
            store.store_without_embedding(Document("\n".join(lines), "Kopie", "dpa", path=f"/kopie{number}"))
        if number % 10 == 5:
            put(store, "\n".join(lines[1:]) + "\nDas ist neu.", f"/{number}", source="dpa")
        if number % 10 == 7:
            store.remove(store.ids_below(f"/{number}")[f"/{number}"])


@pytest.mark.timeout(400)  # on a busy machine
def test_both_engines_find_the_same_in_the_same_order(tmp_path: Path, store: PostgresStore) -> None:
    with Store(tmp_path / "home") as other:
        backends = [backend_of(other), backend_of(store)]
        for backend in backends:
            fill(backend.store)
        assert store.sentence_count() == other.sentence_count() > 200
        both = [searching(backend) for backend in backends]
        rng = random.Random(8)
        for number in range(200):
            question = f"Wer {' '.join(rng.choices(WORDS, k=rng.randint(1, 7)))}?"
            within, exact, favoured = FILTERS[number % 4], EXACT[number % 6], 30 if number % 7 == 0 else None
            ours, theirs = (
                search.search(question, limit=10, within=within, exact=exact, favoured=favoured) for search in both
            )
            assert [hit.passage.text for hit in ours] == [hit.passage.text for hit in theirs], question
            assert [hit.keyword for hit in ours] == pytest.approx([hit.keyword for hit in theirs])
            assert [len(hit.copies) for hit in ours] == [len(hit.copies) for hit in theirs]
            assert both[0].restored(question) == both[1].restored(question)
        words = [backend.keywords for backend in backends]
        asked = [term for word in WORDS for term in all_terms(word).words]
        assert words[0].frequencies(asked) == words[1].frequencies(asked)
        for prefix in ("g", "ha", "x"):
            assert words[0].terms_from(prefix, 5) == words[1].terms_from(prefix, 5)
        for term in asked[:20]:
            assert words[0].texts_with(term, 4) == words[1].texts_with(term, 4)
        backends[1].check()


def test_how_often_a_term_stands_is_learned_from_its_rank(store: PostgresStore) -> None:
    from retrieval.postgres.lexemes import quoted, tsvector

    rng = random.Random(3)
    for most in (3, 40, 250):
        words, parts = (tuple(rng.choices("abcdefg'\\:&", k=most)) for _ in range(2))
        vector = tsvector(Terms(words, parts))
        for term in set(words) | set(parts) | {"z"}:
            row = store.database.rows(
                "SELECT occurrences('{0,0,0,1}', ?::tsvector, ?::tsquery), "
                "occurrences('{1,1,1,1}', ?::tsvector, ?::tsquery)",
                (vector, quoted(term), vector, quoted(term)),
            )
            assert row == [(Counter(words)[term], min(255, Counter(words + parts)[term]))]
    # What PostgreSQL takes no longer is left out, and does no harm.
    long = Terms(("kurz", "l" * 5000, *(f"wort{number}" for number in range(20_000))), ())
    assert store.database.rows("SELECT occurrences('{1,1,1,1}', ?::tsvector, 'kurz')", (tsvector(long),)) == [(1,)]
    assert quoted("l" * 5000) == quoted("\0 ") == ""


def test_two_writers_of_one_story_keep_one_article_and_one_copy(postgres_url: str) -> None:
    topics = ("Hallenbad", "Bahnhof", "Haushalt")
    texts = [" ".join(f"Satz {n} sagt, was mit dem {topic} geschehen ist." for n in range(30)) for topic in topics]
    reports: list[str] = []
    start = threading.Barrier(3)

    def write(name: str) -> None:
        with ExitStack() as stack:
            backend = open_backend(Path("/nowhere"), postgres_url)
            stack.callback(backend.close)
            indexer = Indexer(backend.store, SentenceSplitter(), HashEmbedder(), backend=backend)
            start.wait()
            for number in range(6):
                story = texts[number // 2] + (f" Das meldet {name}." if number % 2 else "")
                report = indexer.index_documents([Document(story, path=f"/{name}/{number}")])
                reports.append(report.articles[0].outcome.value)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("dpa", "afp", "belta")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with ExitStack() as stack:
        backend = open_backend(Path("/nowhere"), postgres_url)
        stack.callback(backend.close)
        assert backend.store.row_count() == 18
        articles = backend.store.articles()
        kept = {article.document.id for article in articles if not article.copy_of}
        assert len(kept) == Counter(reports)["added"]
        assert {article.copy_of for article in articles if article.copy_of} <= kept
        assert not backend.store.waiting_documents()
        found = [article.document.text.split()[6] for article in articles if not article.copy_of]
        assert sorted(found) == sorted(topics)
        backend.check()


def test_broken_connections_are_replaced(store: PostgresStore, postgres_server: PostgresServer) -> None:
    put(store, PERM, "/perm.txt")
    postgres_server.break_connections()
    assert store.article_count() == 1
    postgres_server.break_connections()
    put(store, BREST, "/brest.txt")
    postgres_server.break_connections()
    with store.snapshot():
        assert store.article_count() == 2
    postgres_server.break_connections()
    backend = backend_of(store)
    hits = searching(backend).search("Wer ist Gouverneur der Region Perm?")
    assert hits[0].document.path == "/perm.txt"
    with pytest.raises(StoreError), store.snapshot():
        postgres_server.break_connections()
        store.article_count()
    assert store.article_count() == 2


def test_a_source_is_looked_at_by_one_process(store: PostgresStore) -> None:
    feed = "https://x.by/feed"
    with store.claim(feed) as first, store.claim(feed) as second, store.claim("/folder") as other:
        assert (first, second, other) == (True, False, True)
    with store.claim(feed) as again:
        assert again


def test_counts_that_are_wrong_are_made_anew(store: PostgresStore) -> None:
    notices: list[str] = []
    put(store, PERM, "/perm.txt")
    backend = backend_of(store, notices.append)
    backend.check()
    assert not notices
    before = store.generation
    with store.database.transaction() as connection:
        connection.execute("INSERT INTO recent_terms VALUES ('gouverneur', 7)")
    backend.check()
    assert len(notices) == 1
    assert backend.keywords.frequencies(["gouverneur", "nichts"]) == {"gouverneur": 1}
    assert (store.sentence_count(), store.generation > before) == (3, True)
    backend.check()
    assert len(notices) == 1


def test_what_postgresql_cannot_keep(store: PostgresStore) -> None:
    with pytest.raises(StoreError, match="NUL"):
        put(store, "Ein Satz mit \0 darin.", "/nul.txt")
    log = backend_of(store).feedback
    log.note_missed("Wer \0 ist das?")
    assert [missed.question for missed in log.missed_questions()] == ["Wer \N{REPLACEMENT CHARACTER} ist das?"]
    assert store.ids_below("/\0") == {}
    assert backend_of(store).keywords.search(["a\0b", "\0", "'", "\\"], 5) == []
    long = "w" * 3000
    put(store, f"Das Wort {long} ist lang.", "/" + "x" * 4000)
    assert [row for row, _ in backend_of(store).keywords.search(all_terms("Wort lang").words, 5)] == [1]


# What users do


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, postgres_url: str) -> str:
    monkeypatch.chdir(tmp_path)
    url = postgres_url.replace("postgres:@", "postgres:gEhEiM@")
    monkeypatch.setenv("FUNDSTELLE_DATABASE_URL", url)
    monkeypatch.setattr(Collection, "calibrations", Calibrations())
    monkeypatch.setattr(Collection, "embedder", HashEmbedder())
    monkeypatch.setattr(
        Collection, "reader", ScriptedReader({"Wer ist Gouverneur der Region Perm?": "Dmitri Machonin"})
    )
    return url


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    assert "gEhEiM" not in result.output + result.stderr
    return result


def test_all_commands_work_alike(environment: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    folder = tmp_path / "artikel"
    folder.mkdir()
    (folder / "perm.txt").write_text(PERM, "utf-8")
    (folder / "brest.txt").write_text(BREST, "utf-8")
    run("index", str(folder))
    assert "Dmitri Machonin" in run("ask", "Wer ist Gouverneur der Region Perm?").stdout
    assert "brest" in run("list").stdout
    (folder / "neu.txt").write_text("Ein neuer Artikel handelt von Wien.", "utf-8")
    run("sync")
    state = run("status", "--check").stdout
    assert "postgresql://" in state
    assert str(load_settings().home) in state
    extensions = json.loads(run("status", "--json").stdout)["extensions"]
    assert list(extensions) == ["vector"]
    assert f"Erweiterungen:    vector {extensions['vector']}\n" in state
    run("export", "alles.jsonl")
    run("remove", str(folder / "neu.txt"))
    assert "neu" not in run("list").stdout
    run("import", "alles.jsonl")
    assert "neu" in run("list").stdout
    assert not list(load_settings().home.glob("fundstelle.db*"))
    assert "gEhEiM" not in caplog.text
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"gEhEiM" in path.read_bytes()]


@pytest.mark.parametrize("setting", ["FUNDSTELLE_DATABASE_URL", "FUNDSTELLE_DATABASE_READ_URL"])
@pytest.mark.parametrize("value", ["mysql://name:gEhEiM@host/x", "gEhEiM"])
def test_another_address_is_refused_and_not_shown(value: str, setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(setting, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert setting in str(caught.value)
    assert "gEhEiM" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql://name:gEhEiM@127.0.0.1:1/x", "postgresql://name:gEhEiM@127.0.0.1:1/x?nonsense=1"]
)
def test_a_server_that_is_not_there_is_said_without_the_password(url: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError) as caught:
        open_backend(Path("/nowhere"), url)
    assert "gEhEiM" not in str(caught.value)


def test_a_database_of_another_program_is_left_alone(postgres_server: PostgresServer) -> None:
    import psycopg

    url = postgres_server.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE documents (id integer)")
    with pytest.raises(StoreError, match="anderen Programm"):
        open_backend(Path("/nowhere"), url)


def test_tables_are_made_once(postgres_server: PostgresServer) -> None:
    url, errors = postgres_server.new_database(), []

    def make() -> None:
        try:
            open_backend(Path("/nowhere"), url).close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_statements_are_translated() -> None:
    pytest.importorskip("psycopg")
    from retrieval.postgres.statements import translated, values_for

    cases: list[tuple[str, Any, str, Any]] = [
        ("SELECT ? WHERE x LIKE 'a%'", (1,), "SELECT %s WHERE x LIKE 'a%%'", [1]),
        ("SELECT ?1, ?2, ?1", ("a", 2), "SELECT %(p1)s, %(p2)s, %(p1)s", {"p1": "a", "p2": 2}),
        ("SELECT :ab, x::text", {"ab": "\0"}, "SELECT %(ab)s, x::text", {"ab": "\N{REPLACEMENT CHARACTER}"}),
    ]
    for sql, values, expected, given in cases:
        assert translated(sql, isinstance(values, dict)) == expected
        assert values_for(sql, values) == given


def test_the_planner_knows_how_much_there_is_after_writing(store: PostgresStore) -> None:
    backend = backend_of(store)
    fill(store)
    ((before,),) = store.database.rows("SELECT reltuples FROM pg_class WHERE oid = 'sentences'::regclass")
    backend.after_writing()
    ((after,),) = store.database.rows("SELECT reltuples FROM pg_class WHERE oid = 'sentences'::regclass")
    assert before < store.sentence_count() == after
    assert store.database.rows("SHOW jit") == [("off",)]
