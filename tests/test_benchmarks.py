"""The parts of the benchmarks that need no model."""

import lzma
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from benchmarks.articles import COPIES, write_articles
from benchmarks.quality import report
from benchmarks.scale_report import ROWS, engines_table
from benchmarks.speed import Figure, _shown, seed_questions
from retrieval.loading import load_document


def test_varied_samples_say_different_things(tmp_path: Path, seeds: Path) -> None:
    files = write_articles(tmp_path, None)
    assert len(files) == COPIES * len(list(seeds.iterdir()))
    assert len({load_document(path).text for path in files}) == len(files)


def test_articles_of_a_compressed_text(tmp_path: Path) -> None:
    source = tmp_path / "text.xz"
    source.write_bytes(lzma.compress(b"Erster Absatz.\nZweiter Absatz.\n\nNoch ein Artikel.\n"))
    files = write_articles(tmp_path, source)
    assert [path.read_text("utf-8") for path in files] == ["Erster Absatz.\nZweiter Absatz.", "Noch ein Artikel."]


def test_questions_come_in_both_languages(seeds: Path) -> None:
    german, english = seed_questions()
    assert (german[0], english[0]) == (
        "Welches Handelsvolumen wird mittelfristig angestrebt?",
        "what trade target was named?",
    )
    assert len(german) == len(english)


def test_quality_table_has_a_dash_where_a_mode_has_no_figure() -> None:
    rows = [
        {"run": "x, reader", "command": "fundstelle eval x.json", "n": 2, "best_f1": 50.0},
        {"run": "x, open", "command": "fundstelle eval x.json --mode open", "n": 2, "best_f1": None, "mrr10": 0.5},
    ]
    assert report(rows).splitlines() == [
        "|  | n | best_f1 | mrr10 |",
        "| --- | --: | --: | --: |",
        "| x, reader | 2 | 50.0 | – |",
        "| x, open | 2 | – | 0.5 |",
        "",
        "```",
        "fundstelle eval x.json",
        "fundstelle eval x.json --mode open",
        "```",
    ]


def test_figures_are_rounded_to_what_they_are_worth() -> None:
    assert _shown(Figure("a", "", 4.26, "s")) == "4.3 s"
    assert _shown(Figure("b", "", 1193.4, "sentences/s")) == "1,193 sentences/s"
    assert _shown(Figure("c", "", 12, "")) == "12"


def test_growth_is_that_of_questions_a_second_over_the_first_row() -> None:
    pytest.importorskip("psycopg")
    from benchmarks import load_workers

    rows = [load_workers.Throughput(1, 60, 6.0), load_workers.Throughput(2, 60, 3.2)]
    assert load_workers.report(rows).splitlines()[2:] == [
        "| 1 | 60 | 6.0 s | 10.0 | 1.00 |",
        "| 2 | 60 | 3.2 s | 18.8 | 1.88 |",
    ]


def test_each_size_has_a_column_an_engine_sqlite_first() -> None:
    seen = dict.fromkeys(ROWS, 7.0)
    entries = [
        {**seen, "sentences": 10_000, "engine": "PostgreSQL", "import_s": 4.0, "server_memory_mb": 90.0}
        | {"indexed_per_second": None},
        {**seen, "sentences": 10_000, "engine": "SQLite", "import_s": None, "server_memory_mb": None},
    ]
    lines = engines_table(entries).splitlines()
    assert lines[0] == "| Sentences | 10,000, SQLite | 10,000, PostgreSQL |"
    assert "| Indexing | 7 sentences/s | – |" in lines
    assert lines[-2:] == ["| Memory of the server | – | 90 MB |", "| Import of all, with vectors | – | 4 s |"]


def test_memory_of_a_server_is_that_of_all_its_processes(postgres_url: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    from benchmarks.scale_postgres import server_memory_mb
    from retrieval.postgres.database import PostgresDatabase

    with closing(PostgresDatabase(postgres_url)) as database, ExitStack() as stack:
        before = server_memory_mb(database)
        for _ in range(8):
            stack.enter_context(psycopg.connect(postgres_url)).execute("SELECT count(*) FROM pg_class")
        assert server_memory_mb(database) > before + 8
