"""The names of XML elements, whatever namespace they are in: Strict and Transitional have different ones."""

from xml.etree.ElementTree import Element


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]
