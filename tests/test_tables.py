"""Tables as lines: rows whole, cells apart, the names of the columns before the cells where they are certain."""

from __future__ import annotations

import time

import pytest

from retrieval.loading.tables import MAX_COLUMNS, Cell, rows_as_lines

PRICES = [["Karte", "Erwachsene", "Kinder"], ["Tageskarte", "8 Euro", "4 Euro"], ["Jahreskarte", "50 Euro", "frei"]]


def test_a_cell_says_what_its_column_is() -> None:
    labelled = [
        "Karte | Erwachsene | Kinder",
        "Tageskarte | Erwachsene: 8 Euro | Kinder: 4 Euro",
        "Jahreskarte | Erwachsene: 50 Euro | Kinder: frei",
    ]
    assert rows_as_lines(PRICES) == rows_as_lines(PRICES, header=1) == labelled
    assert rows_as_lines([["", *PRICES[0][1:]], *PRICES[1:]]) == ["Erwachsene | Kinder", *labelled[1:]]
    assert rows_as_lines([[Cell("Preise 2024", 3)], *PRICES]) == ["Preise 2024", *labelled]
    assert rows_as_lines([[], *PRICES, ["", ""]]) == labelled


@pytest.mark.parametrize(
    "rows",
    [
        [["Telefon", "0123 456"], ["Fax", "0123 457"], ["Gegründet", "1980"]],
        [["Name", "Anna Muster"], ["Telefon", "0123 456"]],
        [["Ulm", "Anna", "Bert"], ["Köln", "Carla", "Dirk"]],
        [["Tageskarte", "8 Euro", "4 Euro"], ["Jahreskarte", "50 Euro", "30 Euro"]],
        [["A", "gleich", "gleich"], ["b", "1", "2"], ["c", "3", "4"]],
        [["Nur eine Zeile", "mit", "Zellen"]],
    ],
)
def test_what_may_be_no_names_of_columns_is_not_put_before_other_cells(rows: list[list[str]]) -> None:
    assert rows_as_lines(rows) == [" | ".join(row) for row in rows]
    assert rows_as_lines(PRICES, header=0) == [" | ".join(row) for row in PRICES]


def test_years_name_columns() -> None:
    rows = [["Einrichtung", "2018\nAusgaben je Kind", "2019"], ["Kita\nNord", "1.200", "1.300"], ["Hort", "", "700"]]
    assert rows_as_lines(rows) == [
        "Einrichtung | 2018 Ausgaben je Kind | 2019",
        "Kita Nord | 2018 Ausgaben je Kind: 1.200 | 2019: 1.300",
        "Hort | 2019: 700",
    ]


def test_merged_cells_appear_once_and_move_no_other() -> None:
    rows = [
        [Cell("Karte", rows=2), Cell("Eintritt:", columns=2), Cell("Hinweis", rows=2)],
        ["Erwachsene", "Kinder"],
        [Cell("Saison", rows=2), "8 Euro", "4 Euro", Cell("nur bar", rows=2)],
        ["9 Euro", "5 Euro"],
        [Cell("Im Winter geschlossen", columns=4)],
    ]
    assert rows_as_lines(rows, header=2) == [
        "Karte | Eintritt: | Hinweis",
        "Erwachsene | Kinder",
        "Saison | Eintritt Erwachsene: 8 Euro | Eintritt Kinder: 4 Euro | Hinweis: nur bar",
        "Eintritt Erwachsene: 9 Euro | Eintritt Kinder: 5 Euro",
        "Im Winter geschlossen",
    ]


def test_odd_tables_take_linear_time() -> None:
    started = time.perf_counter()
    assert rows_as_lines([]) == rows_as_lines([[]]) == rows_as_lines([["", " "]], header=1) == []
    assert rows_as_lines([["a"]], header=5) == ["a"]
    assert rows_as_lines([[Cell("a", 10**12, 10**12), "b"], ["c"]]) == ["a | b", "c"]
    (line,) = rows_as_lines([["a"] * 50_000])
    assert line.count(" | ") == 49_999
    wide = rows_as_lines([["n" * 80] * MAX_COLUMNS] + [["1"] * MAX_COLUMNS] * 1500, header=1)
    assert sum(map(len, wide)) < 10_000_000
    assert rows_as_lines([["a", "n" * 90], ["b", "1"]], header=1) == ["a | " + "n" * 90, "b | 1"]
    assert time.perf_counter() - started < 10
