"""The table and the plot of ``benchmarks.scale``, written by hand as Markdown and SVG."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil, log10
from pathlib import Path
from typing import Any

from benchmarks import markdown

ROWS = {
    "articles": ("Articles", "{:,.0f}"),
    "indexed_per_second": ("Indexing", "{:,.0f} sentences/s"),
    "search_p50_ms": ("Search, dense and keywords: median", "{:.1f} ms"),
    "search_p95_ms": ("Search: 95th percentile", "{:.1f} ms"),
    "search_p99_ms": ("Search: 99th percentile", "{:.1f} ms"),
    "dense_p95_ms": ("of it the vector index: 95th percentile", "{:.1f} ms"),
    "keyword_p95_ms": ("of it the keyword index: 95th percentile", "{:.1f} ms"),
    "filtered_p95_ms": ("Search within a filter that most articles pass: 95th percentile", "{:.1f} ms"),
    "opening_s": ("Opening the collection", "{:.2f} s"),
    "add_article_ms": ("Adding one article", "{:.0f} ms"),
    "peak_memory_mb": ("Memory with the embedder, peak", "{:,.0f} MB"),
    "database_mb": ("Database", "{:,.0f} MB"),
    "index_mb": ("Vector index", "{:,.0f} MB"),
    "recall_at_10": ("Recall@10 against exact search", "{:.3f}"),
}
LINES = {
    "search_p95_ms": ("search, 95th percentile (ms)", "#1f77b4"),
    "add_article_ms": ("adding an article (ms)", "#d62728"),
    "peak_memory_mb": ("memory (MB)", "#2ca02c"),
}
WIDTH, HEIGHT, MARGIN = 640, 400, 60
_FOR_WHOM = """\
For whoever plans a large collection: what time, memory and disk cost at ten thousand, a hundred thousand and a million
sentences."""


def engines_table(figures: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table with a column for each size and engine."""
    figures = sorted(figures, key=lambda entry: (entry["sentences"], entry["engine"] != "SQLite"))
    rows = ROWS | {
        "server_memory_mb": ("Memory of the server", "{:,.0f} MB"),
        "import_s": ("Import of all, with vectors", "{:.0f} s"),
    }
    cells = [
        [label, *(None if entry[key] is None else form.format(entry[key]) for entry in figures)]
        for key, (label, form) in rows.items()
    ]
    return markdown(["Sentences", *(f"{entry['sentences']:,.0f}, {entry['engine']}" for entry in figures)], cells)


def write_report(folder: Path, figures: Sequence[Mapping[str, float]], machine: str) -> None:
    """Writes ``scale.md`` and ``scale.svg`` into ``folder``, and prints the table."""
    figures = sorted(figures, key=lambda entry: entry["sentences"])
    header = ["Sentences", *(f"{entry['sentences']:,.0f}" for entry in figures)]
    rows = [[label, *(form.format(entry[key]) for entry in figures)] for key, (label, form) in ROWS.items()]
    table = markdown(header, rows)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scale.md").write_text(
        f"# Cost against size\n\n{_FOR_WHOM}\n\n{table}\n\n![Cost against the number of sentences](scale.svg)\n\n"
        f"Made by `python -m benchmarks.scale` on {machine}.\n",
        encoding="utf-8",
    )
    (folder / "scale.svg").write_text(_plot(figures), encoding="utf-8")
    print(table)


def _plot(figures: Sequence[Mapping[str, float]]) -> str:
    """Both axes logarithmic."""
    sizes = [entry["sentences"] for entry in figures]
    values = [max(1e-3, entry[key]) for entry in figures for key in LINES]
    x = _scale(sizes, MARGIN, WIDTH - MARGIN)
    y = _scale(values, HEIGHT - MARGIN, MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for size in sizes:
        parts.append(_text(x(size), HEIGHT - MARGIN + 20, f"{size:,.0f} sentences"))
    for power in range(ceil(log10(min(values))), int(log10(max(values))) + 1):
        place = y(10.0**power)
        parts.append(f'<path d="M{MARGIN} {place:.1f}H{WIDTH - MARGIN}" stroke="#ddd"/>')
        parts.append(_text(MARGIN - 30, place + 4, f"{10**power:g}"))
    for number, (key, (label, colour)) in enumerate(LINES.items()):
        points = [(x(entry["sentences"]), y(max(1e-3, entry[key]))) for entry in figures]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
        parts.append(_text(MARGIN + 100 + 190 * number, 30, label, colour))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _scale(values: Sequence[float], low: float, high: float) -> Callable[[float], float]:
    start, end = log10(min(values)), log10(max(values))
    return lambda value: low + (high - low) * (log10(value) - start) / ((end - start) or 1)


def _text(x: float, y: float, words: str, colour: str = "black") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="{colour}">{words}</text>'
