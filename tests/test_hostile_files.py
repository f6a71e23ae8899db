"""Damaged files and traps: each is read or refused with one line, within the limits of time and memory."""

from __future__ import annotations

import json
import random
import struct
import time
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from retrieval.index_report import ArticleReport, SkippedPart
from retrieval.loading.limits import WORKER_MEMORY_BYTES
from retrieval.loading.process import Worker
from retrieval.types import Document
from tests import samples

SECONDS = 60.0
SHORT, FULL = 60, 5000

HTML = f"<html><head><title>Brücke</title></head><body><article><h1>Brücke</h1><p>{samples.PARAGRAPHS[0]}"
TEXTS: Mapping[str, bytes] = {
    "a.txt": "\n".join(samples.PARAGRAPHS).encode(),
    "a.md": f"---\ntitle: Brücke\n---\n# Brücke\n\n{samples.PARAGRAPHS[0]}\n\n| a |\n|---|\n| 1 |\n".encode(),
    "a.html": f"{HTML}</p><h2>Kosten</h2><p>{samples.PARAGRAPHS[1]}</p></article></body></html>".encode(),
    "a.json": samples.json_list(),
    "a.jsonl": b"\n".join(json.dumps(record).encode() for record in json.loads(samples.json_list())),
    "a.eml": samples.mail(),
    "a.mbox": b"".join(b"From a@b Fri May 17 08:30:00 2024\n" + samples.mail() + b"\n" for _ in range(2)),
}
OFFICE = Path(__file__).parent / "data" / "office"
OFFICE_FILES = ("zoo.odt", "zoo.ods", "zoo.rtf", "zoo.pptx", "zoo.xlsx")
CSV = 'Karte;Erwachsene;Kinder\nTageskarte;8,50 €;4 €\n"Jahres\nkarte";50 €;frei\n'
WHOLE: Mapping[str, bytes] = {
    "a.csv": CSV.encode(),
    **TEXTS,
    "b.eml": samples.mail(html=True, attachment=b"%PDF"),
    "a.pdf": samples.pdf(title="Brücke"),
    "b.pdf": samples.pdf(owner="geheim"),
    "a.docx": samples.docx(),
    **{name: (OFFICE / name).read_bytes() for name in OFFICE_FILES},
    "a.epub": samples.epub(),
    "a.zip": samples.zipped({**TEXTS, "a.pdf": samples.pdf()}),
}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker(seconds=SECONDS)
    yield worker
    worker.close()


def peak_bytes(worker: Worker) -> int:
    """The most memory that the process has had; 0 if it has ended over a file."""
    try:
        status = Path(f"/proc/{worker.pid}/status").read_text()
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def outcome(worker: Worker, name: str, raw: bytes) -> list[str]:
    """Reads a file, checks all that is promised of any file, and says what became of it: "" or the reason."""
    started = time.perf_counter()
    found = list(worker.read(raw, Path(name)))
    assert time.perf_counter() - started < SECONDS + 5
    assert peak_bytes(worker) < WORKER_MEMORY_BYTES
    assert found
    for entry in found:
        assert "\n" not in entry.path
        if isinstance(entry, ArticleReport):
            assert entry.reason.strip() and entry.reason.isprintable() and len(entry.reason) < 500
            continue
        if isinstance(entry, SkippedPart):
            assert all(said.strip() and said.isprintable() and len(said) < 700 for said in (entry.what, entry.why))
            continue
        assert isinstance(entry, Document)
        assert entry.text.strip("\n") == unicodedata.normalize("NFC", entry.text) != ""
        assert entry.text.encode() and entry.title.encode()
        starts = [landmark.start for landmark in entry.landmarks]
        assert starts == sorted(set(starts)) and all(0 <= start < len(entry.text) for start in starts)
    articles = [entry for entry in found if not isinstance(entry, SkippedPart)]
    return [entry.reason if isinstance(entry, ArticleReport) else "" for entry in articles]


# Damage


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """A copy with one to five flaws: cut, bits flipped, bytes overwritten, a piece lost, doubled or elsewhere."""
    data = bytearray(raw)
    for _ in range(chance.choice([1, 1, 2, 5])):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([1, 4, 30, 500]))
        kind = chance.randrange(6)
        if kind == 0:
            del data[start:]
        elif kind == 1:
            for position in chance.sample(range(len(data)), min(len(data), chance.choice([1, 3, 20]))):
                data[position] ^= 1 << chance.randrange(8)
        elif kind == 2:
            data[start:end] = chance.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"99999999", chance.randbytes(4)])
        elif kind == 3:
            del data[start:end]
        elif kind == 4:
            data[start:end] = data[start:end] * chance.choice([2, 50])
        else:
            piece = bytes(data[start:end])
            del data[start:end]
            position = chance.randrange(len(data) + 1)
            data[position:position] = piece
    return bytes(data)


def damaged_inside(raw: bytes, chance: random.Random) -> bytes:
    """A ZIP file that is in order, and one of the files in it is not."""
    with ZipFile(BytesIO(raw)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    hit = chance.choice(sorted(files))
    return samples.zipped({**files, hit: damaged(files[hit], chance)})


def damaged_pdf(raw: bytes, chance: random.Random) -> bytes:
    """A PDF whose objects are damaged, not the packed content of its pages."""
    at = raw.find(b"stream")
    return damaged(raw[:at], chance) + raw[at:] if chance.random() < 0.5 else raw[:at] + damaged(raw[at:], chance)


def damaged_file(number: int) -> tuple[str, bytes]:
    chance = random.Random(number)
    name = chance.choice(sorted(WHOLE))
    ways: list[Callable[[bytes, random.Random], bytes]] = [damaged]
    if name in ("a.docx", "a.epub", "a.zip", "zoo.odt", "zoo.ods", "zoo.pptx", "zoo.xlsx"):
        ways.append(damaged_inside)
    if name == "a.pdf":
        ways.append(damaged_pdf)
    return name, chance.choice(ways)(WHOLE[name], chance)


def read_damaged(worker: Worker, count: int) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for number in range(count):
        name, raw = damaged_file(number)
        try:
            for reason in outcome(worker, name, raw):
                ended = "brach das Programm ab" in reason
                outcomes["ended the process" if ended else "refused" if reason else "read"] += 1
        except AssertionError as error:
            raise AssertionError(f"damaged_file({number}): {name}") from error
    return outcomes


def test_damaged_files(worker: Worker) -> None:
    outcomes = read_damaged(worker, SHORT)
    assert outcomes["read"] > SHORT / 10 and outcomes["refused"] > SHORT / 10
    assert not outcomes["ended the process"]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_damaged_files(worker: Worker) -> None:
    outcomes = read_damaged(worker, FULL)
    print(dict(outcomes))
    assert outcomes["ended the process"] <= FULL / 1000


@pytest.mark.parametrize("name", WHOLE)
def test_the_same_files_without_damage_are_read(worker: Worker, name: str) -> None:
    assert set(outcome(worker, name, WHOLE[name])) == {""}


# Traps


def plain_pdf(*objects: bytes, trailer: bytes = b"<</Root 1 0 R>>") -> bytes:
    """A PDF of these objects, numbered from 1, without a table of where they are."""
    numbered = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, content) for number, content in enumerate(objects, 1))
    return b"%PDF-1.7\n" + numbered + b"trailer\n" + trailer + b"\nstartxref\n0\n%%EOF"


def page_pdf(stream: bytes, *, entries: bytes, count: bytes = b"1") -> bytes:
    """A PDF of one page with this packed content."""
    return plain_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count %s>>" % count,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>>>>",
        b"<<%s>>\nstream\n%s\nendstream" % (entries, stream),
    )


def stacked(layers: int, size: int) -> bytes:
    packed = b" " * size
    for _ in range(layers):
        packed = zlib.compress(packed, 9)
    return page_pdf(packed, entries=b"/Length %d/Filter[%s]" % (len(packed), b"/FlateDecode" * layers))


def claiming_zip(size: int) -> bytes:
    """An archive whose headers give another size than its one file has."""
    raw = bytearray(samples.zipped({"a.txt": "Ein Text."}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = raw.index(signature) + offset
        raw[at : at + 4] = struct.pack("<I", size)
    return bytes(raw)


def overlapping_zip(count: int, size: int) -> bytes:
    """An archive whose many entries all share the same packed bytes."""
    raw = samples.zipped({"0000.txt": b"0" * size})
    start = raw.index(b"PK\x01\x02")
    entry = raw[start : raw.index(b"PK\x05\x06")]
    entries = b"".join(entry.replace(b"0000.txt", b"%04d.txt" % number) for number in range(count))
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(entries), start, 0)
    return raw[:start] + entries + end


def word(document: str) -> bytes:
    relations = '<R><Relationship Type="x/officeDocument" Target="word/document.xml"/></R>'
    return samples.zipped({"_rels/.rels": relations, "word/document.xml": document})


def open_document(body: str, head: str = "") -> bytes:
    return samples.zipped({"content.xml": f"{head}<d><body><text>{body}</text></body></d>"})


def slides(tree: str, head: str = "") -> bytes:
    show = '<p xmlns:r="r"><sldId r:id="rslide"/></p>'
    slide = f"{head}<sld><cSld><spTree>{tree}</spTree></cSld></sld>"
    return samples.office("ppt/presentation.xml", show, {"slide": slide})


def sheet(rows: str, head: str = "", **parts: str) -> bytes:
    book = '<workbook xmlns:r="r"><sheet name="a" r:id="rsheet"/></workbook>'
    return samples.office("xl/workbook.xml", book, {"sheet": f"{head}<worksheet>{rows}</worksheet>", **parts})


def often_noted() -> bytes:
    text = '<p><r><t>a</t></r><r><footnoteReference id="1"/></r></p>' * 10_000
    note = '<n><footnote id="1"><p><r><t>b</t></r></p></footnote></n>'
    return samples.office("word/document.xml", f"<d>{text}</d>", {"footnotes": note})


def rtf(*parts: str) -> bytes:
    return ("{\\rtf1 " + "".join(parts)).encode()


def nested_mail(depth: int) -> bytes:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    return b"Subject: x\n" + head + b"Content-Type: text/plain\n\nText."


LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
LAUGHTER = f'<!DOCTYPE x [<!ENTITY e0 "ha">{LAUGHS}]>'
WIDE_ROW = "<tr><tc><tcPr><gridSpan val='99999'/></tcPr><p><r><t>a</t></r></p></tc><tc><p><r><t>b</t></r></p></tc></tr>"
REPEATED_ROW = (
    "<table-row number-rows-repeated='1048576'><table-cell number-columns-repeated='16384'><p>a</p></table-cell>"
    "</table-row>"
)
NUMBER_STYLE = f"<s><numFmt numFmtId='200' formatCode='{'0.' * 100_000}'/><cellXfs><xf numFmtId='200'/></cellXfs></s>"
TRAPS: Mapping[str, Callable[[], tuple[str, bytes]]] = {
    "zip of zeros": lambda: ("a.zip", samples.zipped({"a.txt": b"0" * 200_000_000})),
    "zip of zeros as PDF": lambda: ("a.zip", samples.zipped({"a.pdf": b"%PDF-1.7\n" + b"0" * 400_000_000})),
    "zip that overlaps": lambda: ("a.zip", overlapping_zip(2000, 10_000_000)),
    "zip that claims 1 GB": lambda: ("a.zip", claiming_zip(1_000_000_000)),
    "zip that claims 4 GB": lambda: ("a.zip", claiming_zip(0xFFFF_FFFE)),
    "zip with odd names": lambda: ("a.zip", samples.zipped({"a\nb\x1b[31m.txt": "Text.", "/../../c.txt": "Text."})),
    "docx of zeros": lambda: ("a.docx", word(f"<x>{'0' * 100_000_000}</x>")),
    "docx of laughs": lambda: ("a.docx", word(f'<!DOCTYPE x [<!ENTITY e0 "ha">{LAUGHS}]><x>&e11;</x>')),
    "docx that reads files": lambda: (
        "a.docx", word('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w><p><t>a&e;</t></p></w>')),
    "docx nested deep": lambda: ("a.docx", word("<x>" * 100_000 + "</x>" * 100_000)),
    "docx of many paragraphs": lambda: ("a.docx", word("<x>" + "<p><r><t>a</t></r></p>" * 100_000 + "</x>")),
    "docx of one note, often": lambda: ("a.docx", often_noted()),
    "docx of spans": lambda: ("a.docx", word(f"<x><tbl>{WIDE_ROW * 3_000}</tbl></x>")),
    "odt of laughs": lambda: ("a.odt", open_document("<p>&e11;</p>", LAUGHTER)),
    "odt nested deep": lambda: ("a.odt", open_document("<p>" * 100_000 + "</p>" * 100_000)),
    "odt of blanks": lambda: ("a.odt", open_document("<p>a<s c='9999999'/></p>" * 10_000)),
    "ods of repeated cells": lambda: ("a.ods", open_document(f"<table>{REPEATED_ROW * 500}</table>")),
    "pptx of laughs": lambda: ("a.pptx", slides("<sp><txBody><p><r><t>&e11;</t></r></p></txBody></sp>", LAUGHTER)),
    "pptx of zeros": lambda: ("a.pptx", slides(f"<sp>{'0' * 100_000_000}</sp>")),
    "pptx of groups": lambda: ("a.pptx", slides("<grpSp>" * 100_000 + "</grpSp>" * 100_000)),
    "xlsx of laughs": lambda: ("a.xlsx", sheet("<row><c t='inlineStr'><is><t>&e11;</t></is></c></row>", LAUGHTER)),
    "xlsx of zeros": lambda: ("a.xlsx", sheet("0" * 100_000_000)),
    "xlsx of many rows": lambda: ("a.xlsx", sheet("<row><c><v>1</v></c><c><v>2</v></c></row>" * 5_000)),
    "xlsx of far cells": lambda: ("a.xlsx", sheet("<row r='1'><c r='ZZZ9999999'><v>1</v></c></row>" * 1000)),
    "xlsx of merged cells": lambda: ("a.xlsx", sheet(
        "<row r='1'><c r='A1'><v>1</v></c></row>" + "<mergeCell ref='A1:ZZZ9999999'/>" * 50_000)),
    "xlsx of long formats": lambda: ("a.xlsx", sheet("<row><c s='0'><v>1e308</v></c></row>", styles=NUMBER_STYLE)),
    "rtf of groups": lambda: ("a.rtf", rtf("{" * 2_000_000, "x")),
    "rtf of notes": lambda: ("a.rtf", rtf("a", "{\\footnote b" * 50_000)),
    "rtf of cells": lambda: ("a.rtf", rtf("\\trowd\\cellx9\\intbl a\\cell " * 10_000, "\\row}")),
    "rtf of edges": lambda: ("a.rtf", rtf(*(
        f"\\trowd\\cellx{n}00\\cellx{n}70\\intbl a\\cell b\\cell\\row" for n in range(5_000)))),
    "rtf of pictures": lambda: ("a.rtf", rtf("a{\\pict\\bin999999999 ", "0" * 10_000_000)),
    "rtf of halves": lambda: ("a.rtf", rtf("\\u-10179?" * 50_000)),
    "csv of delimiters": lambda: ("a.csv", b";" * 2_000_000),
    "csv of an open quote": lambda: ("a.csv", b'a;"' + b"b\n" * 20_000),
    "csv of quotes": lambda: ("a.csv", b'";"' * 500_000),
    "epub of one chapter, often": lambda: ("a.epub", samples.epub(more={"OEBPS/book.opf": (
        '<package><manifest><item id="a" href="text/eins.xhtml"/></manifest><spine>'
        + '<itemref idref="a"/>' * 200_000 + "</spine></package>")})),
    "epub nested deep": lambda: ("a.epub", samples.epub(more={"OEBPS/text/eins.xhtml": "<div>" * 100_000 + "Text"})),
    "pdf with stacked filters": lambda: ("a.pdf", stacked(4, 1_000_000_000)),
    "pdf with twenty filters": lambda: ("a.pdf", stacked(20, 1000)),
    "pdf that claims 1 GB": lambda: ("a.pdf", page_pdf(b"BT ET", entries=b"/Length 1000000000")),
    "pdf that claims pages": lambda: ("a.pdf", page_pdf(b"BT ET", entries=b"/Length 5", count=b"1000000000")),
    "pdf with a wide predictor": lambda: ("a.pdf", page_pdf(zlib.compress(b"BT ET"), entries=(
        b"/Length 13/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 1000000000>>"))),
    "pdf whose pages are a circle": lambda: ("a.pdf", plain_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>")),
    "pdf nested deep": lambda: ("a.pdf", plain_pdf(b"<</Type/Catalog/Pages " + b"[" * 100_000 + b">>")),
    "html nested deep": lambda: ("a.html", (HTML + "<div>" * 100_000 + "Text").encode()),
    "html of tables": lambda: ("a.html", (HTML + "<table><tr><td>" * 20_000 + "Text").encode()),
    "html of one tag": lambda: ("a.html", (HTML + "<p " + "a=b " * 2_000_000).encode()),
    "html of open comments": lambda: ("a.html", (HTML + "<!--" * 1_000_000).encode()),
    "html in UTF-7": lambda: ("a.html", b"<meta charset=utf-7>" + "Größe".encode("utf-7") * 100 + b"\xff"),
    "html in punycode": lambda: ("a.html", b"<meta charset=punycode>" + b"a-" * 200_000 + b"\xff"),
    "html in base64": lambda: ("a.html", b"<meta charset=base64>" + HTML.encode("latin-1")),
    "text of marks": lambda: ("a.txt", ("a" + "\u0301\u0327" * 2_000_000).encode()),
    "text in UTF-16, odd": lambda: ("a.txt", b"\xff\xfe" + b"\xd8" * 999),
    "markdown of quotes": lambda: ("a.md", b"> " * 50_000 + b"x"),
    "markdown of brackets": lambda: ("a.md", b"[" * 50_000 + b"x" + b"](" * 50_000),
    "markdown of emphasis": lambda: ("a.md", b"*a **a " * 30_000),
    "json nested deep": lambda: ("a.json", b'{"text":' * 1_000_000),
    "json of brackets": lambda: ("a.json", b"[" + b"[]," * 1_000_000 + b"[]]"),
    "json with a long number": lambda: ("a.json", b'{"text": "a", "n": ' + b"9" * 5_000_000 + b"}"),
    "mail nested deep": lambda: ("a.eml", nested_mail(20_000)),
    "mail of headers": lambda: ("a.eml", b"Subject: " + b"=?utf-8?q?a?= " * 200_000 + b"\n\nText."),
    "mail of addresses": lambda: ("a.eml", b"From: " + b"(" * 200_000 + b"\n\nText."),
    "front matter of blanks": lambda: ("a.txt", b"---\ntitle:" + b" " * 2_000_000 + b"\n---\nText."),
    "dateline of blanks": lambda: ("a.txt", b"BERLIN" + b" .-" * 2_000_000),
    "byline of blanks": lambda: ("a.txt", b"A" + b" " * 2_000_000 + b"1. 1. 2024x"),
}  # fmt: skip
SLOW: frozenset[str] = frozenset({"text of marks", "pdf with stacked filters", "zip of zeros as PDF"})


@pytest.mark.parametrize("trap", [pytest.param(name, marks=[pytest.mark.soak] * (name in SLOW)) for name in TRAPS])
def test_traps(worker: Worker, trap: str) -> None:
    name, raw = TRAPS[trap]()
    started = time.perf_counter()
    reasons = outcome(worker, name, raw)
    print(f"{trap}: {time.perf_counter() - started:.2f} s {peak_bytes(worker) / 1e6:.0f} MB {reasons[:2]}")
