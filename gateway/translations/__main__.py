"""`python -m gateway.translations`: collect the texts again, keep what is translated, compile.

Prints each text that has no English yet; write it into messages.po and run it once more.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

FOLDER = Path(__file__).resolve().parent
SOURCES = FOLDER.parent
PO = FOLDER / "en" / "LC_MESSAGES" / "messages.po"
MO = PO.with_suffix(".mo")
FIXED_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""A real date would change the file each time that it is written."""


def marked_texts() -> set[str]:
    """Each text that code or a template marks for translation."""
    with (FOLDER / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    found = extract_from_dir(str(SOURCES), methods, options)
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def translated() -> dict[str, str]:
    """Chinese → English, as messages.po has it."""
    with PO.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


def catalogue(texts: set[str], english: dict[str, str]) -> Catalog:
    """All texts with what English there is; texts that are gone are dropped."""
    made = Catalog(
        locale="en",
        project="linli",
        version="1",
        charset="utf-8",
        fuzzy=False,
        msgid_bugs_address="-",
        last_translator="-",
        language_team="-",
        creation_date=FIXED_DATE,
        revision_date=FIXED_DATE,
        header_comment="# English texts of the pages; the message ids are the Chinese texts.",
    )
    for text in sorted(texts):
        made.add(text, english.get(text, ""), flags={"python-format"} if "%(" in text else ())
    return made


def compiled() -> bytes:
    """What messages.mo must hold."""
    out = io.BytesIO()
    with PO.open("rb") as file:
        write_mo(out, read_po(file, locale="en"))
    return out.getvalue()


def refresh() -> list[str]:
    """Write messages.po and messages.mo anew; returns the texts without English."""
    texts, english = marked_texts(), translated()
    with PO.open("wb") as file:
        write_po(file, catalogue(texts, english), width=98, no_location=True)
    MO.write_bytes(compiled())
    return sorted(text for text in texts if not english.get(text))


if __name__ == "__main__":
    for line in refresh():
        print(line)  # noqa: T201 the command's answer
