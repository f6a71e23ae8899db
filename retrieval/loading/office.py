"""What Word, PowerPoint and Excel files have in common: parts in a ZIP file, and relations between them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from retrieval.errors import LoadingError
from retrieval.loading.archive import Archive
from retrieval.loading.limits import MAX_LARGE_FILE_BYTES
from retrieval.loading.parsed import Block, Skipped
from retrieval.loading.unread import why_unread
from retrieval.loading.xml_files import attribute, local_name, named, parse_xml, text_of
from retrieval.messages import notice

if TYPE_CHECKING:
    from lxml.etree import _Element

#: What is only counted: the kinds of relations, how one and how several are called, and why.
_COUNTED: Final = (
    (("image", "hdphoto"), "parts.picture", "parts.pictures", "parts.pictures_why"),
    (("chart", "chartEx"), "parts.chart", "parts.charts", "parts.not_read"),
    (("video", "audio", "media"), "parts.recording", "parts.recordings", "parts.not_read"),
)
_EMBEDDED: Final = ("oleObject", "package", "aFChunk", "control")
# What old versions and locked files begin with, and what is in the latter.
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
#: Each object is named up to this number.
_MAX_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class OfficePart:
    """A part by its path in the file, and what it is related to: the kind (the end of its type), id and target."""

    path: str
    relations: tuple[tuple[str, str, str], ...] = ()

    def targets(self, *kinds: str) -> list[str]:
        """The paths of the parts of these kinds, each once."""
        return list(dict.fromkeys(target for kind, _, target in self.relations if kind in kinds))

    def target(self, relation_id: str) -> str:
        """The path that a relation leads to, "" if there is none."""
        return next((target for _, known_id, target in self.relations if known_id == relation_id), "")


def open_office_file(raw: bytes, name: str, kind: str, old_type: str) -> tuple[Archive, OfficePart, _Element]:
    """The parts of a file, the one that it begins with, and what stands in that.

    ``kind`` and ``old_type`` (the ending of old versions) are for messages. Raises LoadingError if it is none, locked
    with a password, or of an old version under a new name.
    """
    if raw.startswith(_OLE):
        if _LOCKED in raw:
            raise LoadingError(notice("loading.password", name=name))
        raise LoadingError(notice("loading.type_hint", name=name, hint=why_unread(old_type)))
    archive = Archive(raw, name, kind)
    main = _main_part(archive, kind)
    return archive, main, parse_xml(archive.read(main.path, MAX_LARGE_FILE_BYTES), name)


def _main_part(archive: Archive, kind: str) -> OfficePart:
    relations = parse_xml(archive.read("_rels/.rels", MAX_LARGE_FILE_BYTES), archive.name)
    for relation in named(relations, "Relationship"):
        if attribute(relation, "Type").endswith("/officeDocument"):
            return part_with_relations(archive, attribute(relation, "Target").lstrip("/"))
    raise LoadingError(notice("loading.unreadable", name=archive.name, kind=kind))


def part_with_relations(archive: Archive, path: str) -> OfficePart:
    """A part, with what its own list of relations says."""
    folder, _, file = path.rpartition("/")
    listed = office_part(archive, f"{folder}/_rels/{file}.rels".lstrip("/"))
    if listed is None:
        return OfficePart(path)
    relations = []
    for relation in named(listed, "Relationship"):
        target = attribute(relation, "Target")
        if attribute(relation, "TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")
        relations.append((attribute(relation, "Type").rpartition("/")[2], attribute(relation, "Id"), target))
    return OfficePart(path, tuple(relations))


def relation_id(element: _Element) -> str:
    """The relation that an element names: the "id" in the namespace of relations, "sheetId" is another."""
    return next((str(value) for key, value in element.items() if str(key).endswith("}id")), "")


def stated_title(archive: Archive) -> str:
    """The title that the file's properties state, "" if they state none."""
    properties = office_part(archive, "docProps/core.xml")
    return "" if properties is None else text_of(properties, "title")


def office_part(archive: Archive, path: str) -> _Element | None:
    """A part that a file may do without, None if it is not there."""
    if path not in archive:
        return None
    return parse_xml(archive.read(path, MAX_LARGE_FILE_BYTES), archive.name)


def diagram_blocks(archive: Archive, part: OfficePart, *, page: int = 0) -> Iterator[Block]:
    """The words in drawn diagrams (SmartArt), a block for each of their boxes."""
    for path in part.targets("diagramData"):
        data = office_part(archive, path)
        for box in () if data is None else named(data, "t"):
            if len(box):  # the box's own "t" holds paragraphs, theirs hold text
                yield Block(
                    " ".join("".join(text.text or "" for text in box.iter() if not len(text)).split()), page=page
                )


def skipped_parts(archive: Archive, parts: Sequence[OfficePart]) -> Iterator[Skipped]:
    """The pictures, diagrams and objects in these parts, which are not read."""
    for kinds, one, several, why in _COUNTED:
        yield from counted(one, several, why, len({target for part in parts for target in part.targets(*kinds)}))
    yield from skipped_objects([target for part in parts for target in part.targets(*_EMBEDDED)])


def counted(one: str, several: str, why: str, count: int) -> Iterator[Skipped]:
    """An entry for so many parts of a kind, none for none; the others are keys of messages."""
    if count:
        yield Skipped(notice(one) if count == 1 else notice(several, count=count), notice(why))


def skipped_objects(paths: Sequence[str]) -> Iterator[Skipped]:
    """An entry for each embedded object, by the path of its part."""
    embedded = list(dict.fromkeys(paths))
    for target in embedded[:_MAX_NAMED]:
        yield Skipped(notice("parts.object", name=posixpath.basename(target)), notice("parts.object_why"))
    if len(embedded) > _MAX_NAMED:
        count = len(embedded) - _MAX_NAMED
        yield Skipped(notice("parts.more_objects", count=count), notice("parts.object_why"))


def plain_text(element: _Element) -> str:
    """The text of the "t" elements below, a line for each paragraph."""
    lines: list[str] = []
    for paragraph in named(element, "p"):
        lines.append("".join(_characters(below) for below in paragraph.iter()))
    return "\n".join(line for line in lines if line.strip())


def _characters(element: _Element) -> str:
    name = local_name(element)
    if name == "t":
        return element.text or ""
    return {"br": "\n", "tab": "\t"}.get(name, "")
