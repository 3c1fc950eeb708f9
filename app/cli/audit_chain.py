"""`barnacle audit search|verify|export`: over the files of the audit log, whether Barnacle runs or not. Reads only."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.command import Subparsers, command
from app.cli.context import Context
from app.cli.output import clean
from app.cli.problems import RefusedError

if TYPE_CHECKING:
    from broker.audit.report import Finding, Report, Witness
    from broker.audit.search import Found, Query

Show = Callable[[dict[str, Any]], None]


def add(audit: Subparsers, show: Callable[[Context, dict[str, Any]], None]) -> None:
    """Declare the commands; `show(context, event)` prints one event as a line."""
    search = command(
        audit,
        "search",
        "look for events in the audit log",
        lambda context, args: _search(context, args, show),
        example="barnacle audit search example.com --decision deny --since 2d\nbarnacle audit search --kind lease",
        json=True,
    )
    _add_query(search)
    search.add_argument("-n", dest="count", type=_count, default=50, metavar="COUNT", help="the newest so many (50)")
    verify = command(
        audit,
        "verify",
        "see whether the audit log is whole",
        _verify,
        example="barnacle audit verify\nbarnacle audit verify export.jsonl",
        json=True,
        more="Exit code 1 when something was changed, removed or put in. The log's end is compared with what the box\n"
        "has seen. With FILE, an export is verified instead.",
    )
    verify.add_argument("file", nargs="?", metavar="FILE", help="an export, instead of the log")
    export = command(
        audit,
        "export",
        "write events with what proves them, as JSON lines",
        _export,
        example="barnacle audit export --since 7d --out week.jsonl\nbarnacle audit export | gzip > audit.jsonl.gz",
    )
    _add_query(export)
    export.add_argument("--out", metavar="FILE", help="write to a new file instead of standard output")


def _add_query(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "text", nargs="?", default="", metavar="TEXT", help="text anywhere in the event, letter case aside"
    )
    one.add_argument("--group", default="", metavar="FOLDER", help="only of this group")
    one.add_argument("--kind", default="", metavar="KIND", help="only kinds with this in their name, e.g. lease, task.")
    one.add_argument("--decision", choices=("allow", "deny", "ask", "info"), default="", help="only with this outcome")
    one.add_argument("--host", default="", metavar="NAME", help="only requests to this host")
    one.add_argument("--since", metavar="TIME", help='such as 2h (ago), 2026-11-24, "2026-11-24 17:00"')
    one.add_argument("--until", metavar="TIME", help="likewise; that moment itself is left out")


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100000")
    return int(text)


def _search(context: Context, args: argparse.Namespace, show: Callable[[Context, dict[str, Any]], None]) -> int:
    from collections import deque

    from broker.audit.search import read_events

    found: deque[Found] = deque(_reading(context, read_events(_folder(context), _query(context, args))), args.count)
    if args.json:
        context.out.json([{"n": one.n, **one.event} for one in found])
        return 0
    for one in found:
        show(context, one.event)
    if not found:
        context.out.line(context.out.styled("no such event", "dim"))
    return 0


def _export(context: Context, args: argparse.Namespace) -> int:
    from broker.audit.export import export_lines

    lines = _reading(context, export_lines(_folder(context), _query(context, args), _keys(context)))
    if not args.out:
        for line in lines:
            context.out.line(line.decode())
        return 0
    try:
        handle = os.open(args.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise RefusedError(f"{args.out} is there already", "choose another name") from None
    except OSError as error:
        raise RefusedError(f"{args.out} cannot be written: {error.strerror}", "choose another place") from error
    count = -2
    with os.fdopen(handle, "wb") as file:
        for line in lines:
            file.write(line + b"\n")
            count += 1
    context.out.line(f"{max(count, 0)} lines of records written to {clean(args.out)}")
    return 0


def _verify(context: Context, args: argparse.Namespace) -> int:
    return _verify_export(context, args) if args.file else _verify_log(context, args)


def _verify_log(context: Context, args: argparse.Namespace) -> int:
    from app.cli.audit_witness import witnesses
    from broker.audit.verify import verify_folder

    seen, source = witnesses(context)  # before the log is read: it only grows
    try:
        report = verify_folder(_folder(context), _keys(context), seen)
    except OSError as error:
        raise _unreadable(context, error) from error
    _print(context, args, report, source, seen)
    return 0 if report.ok else 1


def _verify_export(context: Context, args: argparse.Namespace) -> int:
    from broker.audit.export import is_export, verify_export

    try:
        with Path(args.file).open("rb") as file:
            if not is_export(file.readline(200)):
                raise RefusedError(
                    f"{args.file} is no export of the audit log", "make one: barnacle audit export --out FILE"
                )
            file.seek(0)
            report = verify_export(file, Path(args.file).name, _keys(context))
    except OSError as error:
        raise RefusedError(f"{args.file} cannot be read: {error.strerror}", "name an export") from error
    _print(context, args, report, "an export is not compared with the box", ())
    return 0 if report.ok else 1


def _print(
    context: Context, args: argparse.Namespace, report: "Report", source: str, seen: "list[Witness] | tuple[()]"
) -> None:
    if args.json:
        context.out.json({**report.as_json(), "box": {"source": source, "heads": [one.n for one in seen]}})
        return
    out = context.out
    for finding in report.findings:
        out.line(f"{out.styled(finding.kind, 'red')}  {_where(finding)}{clean(finding.text)}")
    for note in report.notes:
        out.line(f"{out.styled('note', 'yellow')}  {_where(note)}{clean(note.text)}")
    span = f"records {report.first} to {report.head} in {report.files} files" if report.records else "no records"
    checked = {"all": "every signature", "some": "signatures of some, hashes of all", "none": "hashes only"}
    out.line(f"log {report.chain or '-'}: {span}; checked: {checked[report.keyed]}; {source}")
    if report.ok:
        out.line(out.styled("the audit log is whole", "green"))
    else:
        out.line(out.styled(f"the audit log was tampered with: {len(report.findings)} findings", "red", "bold"))


def _where(finding: "Finding") -> str:
    place = f"{clean(finding.file)}" + (f" line {finding.line}" if finding.line else "") if finding.file else ""
    record = f"record {finding.n}" if finding.n else ""
    where = ", ".join(part for part in (place, record) if part)
    return f"{where}: " if where else ""


def _query(context: Context, args: argparse.Namespace) -> "Query":
    from broker.audit.search import Query

    since = _moment(context, args.since) if args.since else None
    until = _moment(context, args.until) if args.until else None
    return Query(args.text, args.group, args.kind, args.decision, args.host, since, until)


def _moment(context: Context, text: str) -> int:
    """A length of time ago, or a date with or without a time in the settings' zone."""
    from app.cli.duration import duration_ms
    from app.cli.times import now_ms
    from app.errors import UsageError

    try:
        return now_ms() - duration_ms(text)
    except argparse.ArgumentTypeError:
        pass  # no length of time: a date then
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=context.times().local(0).tzinfo)
        return int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is no time", 'write 2h, 2026-11-24 or "2026-11-24 17:00"') from None


def _reading(context: Context, items: Iterator[Any]) -> Iterator[Any]:
    from broker.errors import BrokerError

    try:
        yield from items
    except BrokerError as error:
        raise RefusedError(error.message, error.remedy) from error
    except OSError as error:
        raise _unreadable(context, error) from error


def _folder(context: Context) -> Path:
    if context.remote:
        raise RefusedError("the audit log is read where Barnacle runs", "run this on that machine")
    return context.paths.audit


def _keys(context: Context) -> dict[str, bytes]:
    """The keys at hand; without one, hashes are checked and the outcome says so."""
    from broker.audit.keys import keys_at_hand
    from broker.errors import BrokerError

    if context.settings.credentials.backend == "file":
        _open_file(context)
    try:
        return keys_at_hand(context.paths.state)
    except (BrokerError, OSError) as error:
        print(f"the audit key cannot be read: {clean(error)}", file=sys.stderr)
        return {}


def _open_file(context: Context) -> None:
    """The key is in the encrypted file, too: its passphrase is asked for where there is somebody to ask."""
    from app.cli.secret_backend import open_file
    from app.errors import UsageError
    from broker.sealed_file import SealedError

    try:
        open_file(context, argparse.Namespace(passphrase_fd=None))
    except (UsageError, SealedError) as error:
        print(f"the audit key is in the encrypted file: {error.message}", file=sys.stderr)


def _unreadable(context: Context, error: OSError) -> RefusedError:
    if isinstance(error, FileNotFoundError):
        return RefusedError("there is no audit log here yet", "start Barnacle: barnacle up")
    return RefusedError(f"the audit log cannot be read: {error.strerror}", f"see {_folder(context)}")
