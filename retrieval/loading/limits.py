"""How much a file may be, hold and cost. Whoever sends a file does not decide how long the indexing takes."""

from __future__ import annotations

from typing import Final

#: Of a file, and of a file in an archive: text, and types that carry pictures or attachments.
MAX_FILE_BYTES: Final = 20_000_000
MAX_LARGE_FILE_BYTES: Final = 200_000_000

#: Of an article, and of its title, its source and each of its headings; these are cut.
MAX_TEXT_CHARS: Final = MAX_FILE_BYTES
MAX_LINE_CHARS: Final = 500
#: Of all tables in a spreadsheet, with empty cells between others.
MAX_CELLS: Final = 500_000
#: Of what a parser says about a file it cannot read.
MAX_ERROR_CHARS: Final = 200

#: Of an archive or a list: how many articles. Of an archive: what it unpacks to, counted while unpacking (what its
#: headers say is not believed).
MAX_MEMBERS: Final = 50_000
MAX_UNPACKED_BYTES: Final = 1_000_000_000
#: Text packs to a tenth. From this many bytes on, what unpacks to more than so many times its size is a trap.
MAX_UNPACKED_RATIO: Final = 100
RATIO_FROM_BYTES: Final = 10_000_000

#: Of a PDF: pages; seconds that reading scanned pages may take in all, and one of them; their points in pictures.
MAX_PAGES: Final = 20_000
OCR_SECONDS: Final = 300.0
OCR_PAGE_SECONDS: Final = 40.0
OCR_PIXELS: Final = 12_000_000

#: Of the process that reads: memory in all, seconds for a file (or a file in an archive), and how often an archive may
#: break it before the rest of the archive is left.
WORKER_MEMORY_BYTES: Final = 1_600_000_000
WORKER_SECONDS: Final = 60.0
MAX_BROKEN_MEMBERS: Final = 3

#: Of a feed: entries (feeds list their newest ones); characters of one entry's content and of all contents, of an
#: address, and of a line (as a title) before its tags are taken out.
MAX_ENTRIES: Final = 1000
MAX_CONTENT_CHARS: Final = 1_000_000
MAX_FEED_CONTENT_CHARS: Final = 10_000_000
MAX_LINK_CHARS: Final = 2000
MAX_RAW_LINE_CHARS: Final = 4000
