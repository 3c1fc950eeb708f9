"""`barnacle notes …`: what the assistant keeps in mind, for all groups or for one."""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from app.cli.command import Subparsers, command, family
from app.cli.context import Context
from app.cli.output import clean, clean_lines
from app.cli.times import now_ms

GLOBAL = "global"
_MORE = "Without a group: the notes for all groups, which every run reads. The assistant writes notes itself, too."
_EDIT = "Opens $VISUAL or $EDITOR; when stdin is no terminal, its text becomes the notes. An empty text removes them."
_TEXT_BYTES = 64 * 1024  # what is read from stdin; the box takes fewer


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    notes = family(commands, "notes", "what the assistant keeps in mind", example="barnacle notes show family")
    one = command(notes, "show", "print the notes", _show, example="barnacle notes show family", json=True, more=_MORE)
    _add_group(one)
    example = "barnacle notes edit family\necho 'Ann likes tea.' | barnacle notes edit"
    one = command(notes, "edit", "change the notes", _edit, example=example, more=f"{_MORE}\n{_EDIT}")
    _add_group(one)


def _add_group(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("group", metavar="GROUP", nargs="?", default=GLOBAL, help="a group's folder (all groups)")


def _show(context: Context, args: argparse.Namespace) -> int:
    note: dict[str, Any] = context.ask("notes.get", scope=args.group)
    if args.json:
        context.out.json(note)
    elif note["text"]:
        context.out.line(clean_lines(note["text"]))
        print(f"({_origin(note, context)})", file=sys.stderr)
    else:
        context.out.line(f"no notes yet; write some: barnacle notes edit{_argument(args.group)}")
    return 0


def _edit(context: Context, args: argparse.Namespace) -> int:
    before = str(context.ask("notes.get", scope=args.group)["text"])
    text = _edited(before) if sys.stdin.isatty() else sys.stdin.read(_TEXT_BYTES)
    if text.strip() == before.strip():
        context.out.line("nothing changed")
        return 0
    context.ask("notes.set", scope=args.group, text=text.strip())
    context.out.line("the notes are kept" if text.strip() else "the notes are removed")
    return 0


def _edited(text: str) -> str:
    from app.errors import UsageError

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError("no editor is set", "set EDITOR, or give the text: barnacle notes edit < notes.txt")
    with tempfile.TemporaryDirectory(prefix="barnacle-") as folder:  # 0700: notes are private
        path = Path(folder) / "notes.txt"
        path.write_text(text + "\n" if text else "", encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - the user's own editor
        except (OSError, ValueError) as error:
            raise UsageError(f"the editor {editor!r} does not start: {error}", "set EDITOR to one that does") from None
        if done.returncode != 0:
            raise UsageError(f"the editor ended with {done.returncode}; nothing was changed", "try again")
        return path.read_text(encoding="utf-8", errors="replace")


def _origin(note: dict[str, Any], context: Context) -> str:
    from app.cli.duration import ago

    return f"by {clean(note['by'])}, {ago(note['ts_ms'], now_ms())}"


def _argument(group: str) -> str:
    return "" if group == GLOBAL else f" {clean(group)}"
