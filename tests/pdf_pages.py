"""PDFs with every line where a test wants it, and pages that are pictures."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

#: Left edge and baseline in points from the lower left corner of an A4 page, text, font size.
Placed = tuple[float, float, str, float]

_FONT = "Helvetica"
WIDTH, HEIGHT = 595.0, 842.0


def placed(pages: Sequence[Sequence[Placed]], *, title: str | None = None) -> bytes:
    """A PDF with these lines, drawn in this order."""
    from reportlab.pdfgen.canvas import Canvas

    output = BytesIO()
    canvas = Canvas(output, (WIDTH, HEIGHT))
    if title is not None:
        canvas.setTitle(title)
    for page in pages:
        for left, y, text, size in page:
            canvas.setFont(_FONT, size)
            canvas.drawString(left, y, text)
        canvas.showPage()
    canvas.save()
    return output.getvalue()


def column(
    lines: Sequence[str], *, left: float = 60, top: float = 760, size: float = 10, leading: float = 12
) -> list[Placed]:
    """Lines under each other."""
    return [(left, top - number * leading, line, size) for number, line in enumerate(lines)]


def wrapped(text: str, width: float, size: float = 10) -> list[str]:
    """The lines of a paragraph that is so wide."""
    from reportlab.lib.utils import simpleSplit

    return list(simpleSplit(text, _FONT, size, width))


def scanned(raw: bytes, *, dpi: int = 150) -> bytes:
    """The same pages as pictures."""
    import pypdfium2
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    output = BytesIO()
    document = pypdfium2.PdfDocument(raw)
    canvas: Any = Canvas(output, (WIDTH, HEIGHT))
    for page in document:
        picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
        canvas.drawImage(ImageReader(picture), 0, 0, *page.get_size())
        canvas.showPage()
    document.close()
    canvas.save()
    return output.getvalue()
