"""Small real files of the types that are no plain text, made with the libraries that people make them with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

PARAGRAPHS = (
    "Die neue Brücke über die Elbe ist seit gestern für den Verkehr freigegeben, teilte die Stadt mit.",
    "Sie kostete 12,5 Millionen Euro und wurde in 18 Monaten gebaut, ein halbes Jahr schneller als geplant.",
)


def pdf(pages: Sequence[str] = PARAGRAPHS, *, title: str = "", password: str | None = None, owner: str = "") -> bytes:
    """A PDF whose pages have the lines of the texts, in Helvetica."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    font = DictionaryObject({
        NameObject("/Type"): NameObject("/Font"),
        NameObject("/Subtype"): NameObject("/Type1"),
        NameObject("/BaseFont"): NameObject("/Helvetica"),
        NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
    })  # fmt: skip
    for text in pages:
        page = writer.add_blank_page(595, 842)
        page[NameObject("/Resources")] = DictionaryObject({
            NameObject("/Font"): DictionaryObject({NameObject("/F1"): writer._add_object(font)})
        })  # fmt: skip
        stream = DecodedStreamObject()
        lines = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in text.split("\n")]
        shown = "".join(f"({line}) Tj T* " for line in lines)
        stream.set_data(f"BT /F1 11 Tf 14 TL 50 800 Td {shown}ET".encode("cp1252"))
        page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())
    if title:
        writer.add_metadata({"/Title": title})
    if password is not None or owner:
        writer.encrypt(password or "", owner or None, algorithm="AES-256")
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def docx() -> bytes:
    """A Word file: a title, a heading, paragraphs and a table."""
    from docx import Document

    document = Document()
    document.add_heading("Brücke fertig", level=0)
    document.add_paragraph(PARAGRAPHS[0])
    document.add_heading("Die Kosten", level=2)
    document.add_paragraph(PARAGRAPHS[1])
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        [c for row in table.rows for c in row.cells], ["Jahr", "Euro", "2024", "5 Mio."], strict=True
    ):
        cell.text = text
    output = BytesIO()
    document.save(output)
    return output.getvalue()


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    """A ZIP file with these files."""
    output = BytesIO()
    with ZipFile(output, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return output.getvalue()


_CONTAINER = """<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
_PACKAGE = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">x</dc:identifier>
<dc:title>Brücken der Welt</dc:title><dc:publisher>Elbverlag</dc:publisher><dc:date>2024-05-17</dc:date>
<dc:language>de-AT</dc:language></metadata><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="text/zwei%20.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/eins.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="nav"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""
_PAGE = """<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title>
<style>p {{}}</style></head><body>{body}</body></html>"""


def epub(*, more: Mapping[str, bytes | str] | None = None) -> bytes:
    """An e-book with two chapters."""
    first = f"<section><h1>Die <i>Elbe</i></h1><p>{PARAGRAPHS[0][:40]}<b>{PARAGRAPHS[0][40:]}</b></p></section>"
    second = f"<h1>Die<br/>Kosten</h1><div><p>{PARAGRAPHS[1]}</p><ul><li>eins</li><li>zwei</li></ul></div>Ende."
    return zipped({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": _CONTAINER,
        "OEBPS/book.opf": _PACKAGE,
        "OEBPS/nav.xhtml": _PAGE.format(body="<nav><ol><li>Inhalt</li></ol></nav>"),
        "OEBPS/text/eins.xhtml": _PAGE.format(body=first),
        "OEBPS/text/zwei .xhtml": _PAGE.format(body=second),
        **(more or {}),
    })  # fmt: skip


def mail(*, html: bool = False, attachment: bytes = b"") -> bytes:
    """A saved message."""
    message = EmailMessage()
    message["Subject"] = "Brücke fertig – endlich"
    message["From"] = "Pressestelle Müller <presse@stadt.example>"
    message["Date"] = "Fri, 17 May 2024 23:30:00 +0200"
    if html:
        message.set_content("".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS), subtype="html")
    else:
        message.set_content("\n\n".join(PARAGRAPHS), cte="quoted-printable")
        message.add_alternative("<p>Nur HTML</p>", subtype="html")
    if attachment:
        message.add_attachment(attachment, maintype="application", subtype="pdf", filename="a.pdf")
    return message.as_bytes()


def json_list() -> bytes:
    """Two articles as JSON."""
    records = [
        {"text": PARAGRAPHS[0], "title": "Brücke", "source": "Bote", "published": "2024-05-17", "language": "de"},
        {"text": PARAGRAPHS[1], "url": "https://bote.example/kosten"},
    ]
    return json.dumps(records).encode()


def office(main: str, content: str, related: Mapping[str, str]) -> bytes:
    """An office file of one part, and others that it is related to, by the kind of their relation."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    folder, _, file = main.rpartition("/")
    listed = "".join(f'<Relationship Id="r{name}" Type="{kind}{name}" Target="{name}.xml"/>' for name in related)
    return zipped({
        "_rels/.rels": f'<Relationships><Relationship Type="{kind}officeDocument" Target="{main}"/></Relationships>',
        main: content,
        f"{folder}/_rels/{file}.rels": f"<Relationships>{listed}</Relationships>",
        **{f"{folder}/{name}.xml": part for name, part in related.items()},
    })  # fmt: skip
