"""A passphrase from an inherited descriptor: never from arguments or environment."""

import os

from broker import limits
from broker.secret import Secret


def read_passphrase(descriptor: int) -> Secret | None:
    """The first line of what is in the descriptor, which is closed; None when there is nothing. Raises OSError."""
    parts = b""
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while b"\n" not in parts and len(parts) <= 4 * limits.PASSPHRASE_CHARS:
            piece = file.read(4 * limits.PASSPHRASE_CHARS)
            if not piece:
                break
            parts += piece
    line = parts.split(b"\n", 1)[0].removesuffix(b"\r")
    return Secret(line.decode("utf-8", "surrogateescape")) if line else None
