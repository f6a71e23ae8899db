"""Mail: which of its parts is the text, and that what is not read is named."""

from __future__ import annotations

import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from retrieval.errors import LoadingError
from retrieval.loading.documents import Member, read_documents
from retrieval.loading.parsed import Refused, Skipped
from retrieval.types import Document

DATA = Path(__file__).parent / "data"
FIRST = "Die Bücherei am Markt öffnet ab dem dritten Juni auch am Samstag von zehn bis dreizehn Uhr."
SECOND = "Die Kosten von zwölftausend Euro im Jahr trägt der Förderverein, der dafür Spenden sammelt."
NOT_READ = "Anhänge werden nicht gelesen; bei Bedarf als Datei speichern und aufnehmen"


def read(raw: bytes, name: str = "a.eml") -> tuple[Document, list[str]]:
    """The article, and what else was in the mail."""
    found = list(read_documents(raw, name))
    (document,) = (item.document for item in found if isinstance(item, Member))
    return document, [f"{item.what}: {item.why}" for item in found if isinstance(item, Skipped)]


def message(plain: str | None = None, html: str | None = None) -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = "Neues aus Neudorf"
    made["From"] = "Gemeinde Neudorf <rathaus@example.org>"
    made["Date"] = "Mon, 13 May 2024 23:30:00 +0200"
    if plain is not None:
        made.set_content(plain)
    if html is not None and plain is not None:
        made.add_alternative(html, subtype="html")
    elif html is not None:
        made.set_content(html, subtype="html")
    return made


@pytest.mark.parametrize("name", ["mail-empty-plain", "mail-stub-plain"])
def test_html_is_read_where_the_plain_part_says_nothing(name: str) -> None:
    document, skipped = read((DATA / f"{name}.eml").read_bytes())
    assert document.text.startswith("Newsletter der Gemeinde Neudorf\nDie Bücherei am Markt öffnet")
    assert "von zehn bis dreizehn Uhr" in document.text and "trägt der Förderverein" in document.text
    assert "Programm" not in document.text
    assert (document.title, document.source, document.published) == (
        "Neues aus Neudorf", "Gemeinde Neudorf", "2024-05-13"
    )  # fmt: skip
    assert skipped == []


HTML = f"<html><body><table><tr><td><h1>Rathaus</h1><p>{FIRST}</p><p>{SECOND}</p></td></tr></table></body></html>"


@pytest.mark.parametrize(
    "stub",
    [
        "", " \n\u00a0\n", "View this email in your browser: https://example.org/1",
        "Wird dieser Newsletter nicht richtig angezeigt? Dann lesen Sie ihn im Browser: https://example.org/nl/17",
        "Diese E-Mail enthält HTML. Bitte öffnen Sie die Online-Version.", "Neues aus Neudorf",
    ],
)  # fmt: skip
def test_stubs(stub: str) -> None:
    document, _ = read(message(stub, HTML).as_bytes())
    assert document.text == f"Rathaus\n{FIRST}\n{SECOND}"


@pytest.mark.parametrize("html", [HTML, f"<p>{FIRST}</p>", "<html></html>", "<p>Nur HTML</p>"])
def test_plain_text_that_says_it_all(html: str) -> None:
    document, _ = read(message(f"{FIRST}\n\n{SECOND}", html).as_bytes())
    assert document.text == f"{FIRST}\n\n{SECOND}"


def test_short_plain_mail_with_a_signature_in_html() -> None:
    assert read(message("Danke!", "<p>Danke!</p><p>Anna Müller, Rathaus Neudorf, Markt 1</p>").as_bytes())[0].text == (
        "Danke!"
    )


def test_all_inline_texts_count_and_the_rest_is_named() -> None:
    made = message(FIRST, HTML)
    made.add_attachment(
        SECOND.encode(), maintype="text", subtype="plain", disposition="inline", params={"charset": "utf-8"}
    )
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Bericht März.pdf")
    made.add_attachment("a;b", subtype="csv", filename="zahlen.csv")
    made.add_attachment(b"x", maintype="image", subtype="png", disposition="inline", cid="<1>")
    made.add_attachment(b"x", maintype="application", subtype="octet-stream")
    document, skipped = read(made.as_bytes())
    assert document.text == f"{FIRST}\n{SECOND}"
    assert skipped == [
        f"Anhang Bericht März.pdf: {NOT_READ}",
        f"Anhang zahlen.csv: {NOT_READ}",
        f"Teil ohne Namen (application/octet-stream): {NOT_READ}",
        "1 Bild: Text in Bildern wird nicht gelesen",
    ]


def test_a_mail_in_a_mail() -> None:
    made = message("Zur Kenntnis.")
    made.add_attachment(message(SECOND), disposition="inline")
    made.add_attachment(message("geheim"), filename="anders.eml")
    document, skipped = read(made.as_bytes())
    assert document.text == f"Zur Kenntnis.\nNeues aus Neudorf\n{SECOND}"
    assert skipped == [f"Anhang anders.eml: {NOT_READ}"]


def test_pictures_beside_the_html() -> None:
    made = EmailMessage()
    made["Subject"] = "Bild"
    made.set_content(HTML, subtype="html")
    for _ in range(3):
        made.add_related(b"x", maintype="image", subtype="png", cid="<1>")
    document, skipped = read(made.as_bytes())
    assert document.text == f"Rathaus\n{FIRST}\n{SECOND}"
    assert skipped == ["3 Bilder: Text in Bildern wird nicht gelesen"]


def test_flowed_text() -> None:
    raw = (
        "Subject: A\nContent-Type: text/plain; charset=utf-8; format=flowed\n\nDie Bücherei \nöffnet.\nEnde.\n-- \nAnna"
    )
    assert read(raw.encode())[0].text == "Die Bücherei öffnet.\nEnde.\n--\nAnna"
    raw = raw.replace("flowed", "flowed; delsp=yes", 1).replace("Bücherei ", "Büche ").replace("öffnet", "rei", 1)
    assert "Die Bücherei.\n" in read(raw.encode())[0].text


def test_a_part_that_is_damaged_is_named() -> None:
    head = b"Subject: A\nContent-Type: multipart/mixed; boundary=x\n\n"
    text = b"--x\nContent-Type: text/plain\n\nEin Text.\n"
    odd = b"--x\nContent-Type: text/plain\n\n\xcf\xf0\xe5\xe7\xe8\xe4\xe5\xed\xf2\n"
    document, skipped = read(head + text + odd + b"--x--\n")
    assert document.text == "Ein Text."
    assert skipped == ["Teil ohne Namen (text/plain): ist beschädigt oder in einem unbekannten Zeichensatz"]
    with pytest.raises(LoadingError, match="Zeichensatz von"):
        read(head + odd + b"--x--\n")


def test_date_that_is_none() -> None:
    document, skipped = read(b"Subject: A\nDate: neulich\n\nEin Text.")
    assert document.published == ""
    assert skipped == ["Datum „neulich“: nennt keinen Tag, der zu verstehen ist"]


def test_mailbox() -> None:
    mails = [message(FIRST).as_bytes(), b"Subject: leer\n\n", message("Vorher\n>From hier 1 bis dort.\n").as_bytes()]
    raw = b"".join(b"From - Mon May 13 23:30:00 2024\n" + mail + b"\n" for mail in mails)
    first, second, third = read_documents(raw, "a.mbox")
    assert isinstance(first, Member) and isinstance(third, Member)
    assert (first.name, first.document.text, first.document.published) == ("1", FIRST, "2024-05-13")
    assert second == Refused("a.mbox ist leer. Bitte eine Datei mit Text angeben.", "2")
    assert third.document.text == "Vorher\nFrom hier 1 bis dort."
    with pytest.raises(LoadingError, match="keine Mailbox-Datei"):
        list(read_documents(b"Hallo", "a.mbox"))


HOSTILE = {
    "from lines": b"From 1 2024\nA: b\n\nx\n\n" * 5_000,
    "digits": b"From " + b"1" * 1_000_000,
    "quotes": b"From 1\nA: b\n\n" + b">" * 1_000_000,
    "alternatives": b"Subject: a\nContent-Type: multipart/alternative; boundary=x\n\n"
    + b"--x\nContent-Type: text/html\n\n<p>x\n" * 2_000,
    "attachments": b"Subject: a\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nText.\n"
    + b"--x\nContent-Disposition: attachment; filename=a\n\nx\n" * 10_000,
    "names": b"Subject: a\nContent-Type: text/plain; name*0=a" + b"; name*1=a" * 20_000 + b"\n\nText.",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_mail_takes_no_time(kind: str) -> None:
    started = time.process_time()
    try:
        found = list(read_documents(HOSTILE[kind], "a.mbox" if HOSTILE[kind].startswith(b"From") else "a.eml"))
    except LoadingError:
        found = []
    assert sum(isinstance(item, Skipped) for item in found) <= 50
    assert time.process_time() - started < 6
