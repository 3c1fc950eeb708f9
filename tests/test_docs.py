"""What the documents point at exists: linked files, and the files that tables name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("device/**/*.md")]
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`((?:app|device|broker|tests|bench|docs|assets|\.ci)/[\w./-]+)`")


def missing(document: Path, text: str) -> list[str]:
    """Links and file names in `text` that lead nowhere."""
    links = [target for target in LINK.findall(text) if "://" not in target]
    gone = [target for target in links if not (document.parent / target).exists()]
    return gone + [name for name in NAMED.findall(text) if not (ROOT / name).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_is_there(document: Path) -> None:
    assert missing(document, document.read_text()) == []


def test_a_dead_link_and_a_dead_name_are_noticed() -> None:
    text = "[a](nowhere.md) and `device/host/nothing.py`, but [b](README.md) and `device/host/link.py` are there"
    assert missing(ROOT / "README.md", text) == ["nowhere.md", "device/host/nothing.py"]
