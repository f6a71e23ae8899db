"""XML from others: nothing is fetched, no entity is expanded, and depth and size keep libxml2's limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from retrieval.errors import LoadingError
from retrieval.loading.limits import MAX_ERROR_CHARS
from retrieval.messages import notice

if TYPE_CHECKING:
    from lxml.etree import _Element


def parse_xml(raw: bytes, name: str) -> _Element:
    """The root element. Raises LoadingError if it is no well-formed XML; ``name`` is for its message."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise LoadingError(notice("loading.damaged_xml", name=name, error=f"{error!s:.{MAX_ERROR_CHARS}}")) from error


def local_name(element: _Element) -> str:
    """The name of an element without its namespace; "" for what is no element, as a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def named(element: _Element, name: str) -> Iterator[_Element]:
    """The elements below with this name, whatever their namespace."""
    return (below for below in element.iter() if local_name(below) == name)


def attribute(element: _Element, name: str) -> str:
    """The attribute with this name, whatever its namespace, else ""."""
    return next((str(value) for key, value in element.items() if str(key).rpartition("}")[2] == name), "")


def text_of(root: _Element, name: str) -> str:
    """The text of the first element with this name, else ""."""
    return next((" ".join((element.text or "").split()) for element in named(root, name)), "")
