"""Answers cut into parts that fit into envelopes."""

import json
from collections.abc import Iterator

from app.host import limits


def pieces(text: str) -> list[str]:
    """`text` in pieces whose form inside an envelope has at most PIECE_BYTES bytes; at least one, possibly empty."""
    return list(_pieces(text)) or [""]


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = min(len(text), start + limits.PIECE_BYTES)
        while (size := _escaped_bytes(text[start:end])) > limits.PIECE_BYTES:
            end = start + max(1, (end - start) * limits.PIECE_BYTES // size)
        yield text[start:end]
        start = end


def _escaped_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode())
