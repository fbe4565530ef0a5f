"""What a file is that is no .xlsx workbook: people save workbooks as this and that."""

import re
from collections.abc import Mapping

_BEGINNINGS: Mapping[bytes, str] = {
    b"%PDF-": "PDF (.pdf)",
    b"\x1f\x8b": "gzip (.gz)",
    b"7z\xbc\xaf\x27\x1c": "7-Zip (.7z)",
    b"Rar!": "RAR (.rar)",
    b"{\\rtf": "Rich Text (.rtf)",
    b"\x89PNG": "PNG (.png)",
    b"\xff\xd8\xff": "JPEG (.jpg)",
    b"\x89HDF": "HDF5 (.h5)",
}
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_OLE_STREAMS: Mapping[str, str] = {
    "Workbook": "Excel 97-2003 (.xls)",
    "Book": "Excel 5.0/95 (.xls)",
    "WordDocument": "Word 97-2003 (.doc)",
    "PowerPoint Document": "PowerPoint 97-2003 (.ppt)",
}
_OPEN_DOCUMENTS: Mapping[bytes, str] = {
    b"spreadsheet": "OpenDocument (.ods)",
    b"text": "OpenDocument (.odt)",
    b"presentation": "OpenDocument (.odp)",
}
_MIME_TYPE = re.compile(rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.([a-z]*)", re.DOTALL)
"""The first entry of an OpenDocument archive: a text, not packed."""
_ENTRIES: Mapping[bytes, str] = {
    b"xl/workbook.bin": "Excel Binary (.xlsb)",
    b"word/": "Word (.docx)",
    b"ppt/": "PowerPoint (.pptx)",
    b"Index/Document.iwa": "Apple Numbers (.numbers)",
    b"Index.zip": "Apple Numbers (.numbers)",
}
"""What stands in the directory of a zip archive."""
_MARKUP: Mapping[bytes, str] = {
    b"urn:schemas-microsoft-com:office:spreadsheet": "Excel XML 2003 (.xml)",
    b"urn:oasis:names:tc:opendocument:": "OpenDocument (.fods)",
    b"<html": "HTML (.html)",
}
_LOOKED_AT = 4096


def is_protected(data: bytes) -> bool:
    """Whether it is what Excel makes of a workbook with a password: a container of the days before .xlsx."""
    return data.startswith(_OLE) and kind_of(data) == ""


def kind_of(data: bytes) -> str:
    """What a file is that is no .xlsx, with the usual ending of its name; "" where it may be one."""
    for beginning, kind in _BEGINNINGS.items():
        if data.startswith(beginning):
            return kind
    if data.startswith(_OLE):
        return next(
            (kind for name, kind in _OLE_STREAMS.items() if f"{name}\0".encode("utf-16-le") in data), ""
        )
    if data.startswith(b"PK\3\4"):
        return _kind_of_archive(data)
    return _kind_of_text(data[:_LOOKED_AT])


def _kind_of_archive(data: bytes) -> str:
    if said := _MIME_TYPE.match(data):
        return _OPEN_DOCUMENTS.get(said[1], "OpenDocument")
    names = data[max(data.rfind(b"PK\5\6") - (1 << 16), 0) :]
    directory = names[names.find(b"PK\1\2") :]
    if b"xl/workbook.xml" in directory:
        return ""
    return next((kind for name, kind in _ENTRIES.items() if name in directory), "")


def _kind_of_text(beginning: bytes) -> str:
    small = beginning.lower()
    for sign, kind in _MARKUP.items():
        if sign in small:
            return kind
    if b"\0" in beginning or not beginning.strip():
        return ""
    lines = [line for line in beginning.splitlines(keepends=True) if line.strip()]
    parted = any(all(sign in line for line in lines) for sign in (b",", b";", b"\t"))
    return "CSV (.csv, .tsv, .txt)" if parted and lines[0].endswith(b"\n") else ""
