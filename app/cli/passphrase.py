"""Asks for the passphrase of the encrypted file of credentials: in the terminal, or from an inherited descriptor."""

import argparse
import sys

from app.errors import UsageError
from broker.passphrase import read_passphrase
from broker.sealed_file import check_passphrase
from broker.secret import Secret

_REMEDY = "run it in a terminal, or add --passphrase-fd N (a descriptor that it can be read from)"


def ask_passphrase(args: argparse.Namespace, *, new: bool = False) -> Secret:
    """The passphrase; with `new`, typed twice and long enough. Raises UsageError, SealedError."""
    if args.passphrase_fd is not None:
        found = _from(args.passphrase_fd)
    elif sys.stderr.isatty():  # stdin may carry a secret's value
        found = _typed(new)
    else:
        raise UsageError("the encrypted file of credentials needs its passphrase", _REMEDY)
    if new:
        check_passphrase(found)
    return found


def _from(descriptor: int) -> Secret:
    try:
        found = read_passphrase(descriptor)
    except OSError as error:
        raise UsageError(f"--passphrase-fd {descriptor} cannot be read: {error.strerror}", _REMEDY) from None
    if found is None:
        raise UsageError(f"there is nothing to read at --passphrase-fd {descriptor}", _REMEDY)
    return found


def _typed(new: bool) -> Secret:
    import getpass

    found = getpass.getpass("new passphrase: " if new else "passphrase: ")
    if new and getpass.getpass("again: ") != found:
        raise UsageError("the two entries differ; nothing was made", "try again")
    return Secret(found)
