"""The log file of one container run, as NanoClaw writes it into groups/<folder>/logs."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from app.host.nanoclaw.javascript import json_text, length
from app.host.sandbox.mount_security import Mount
from app.host.sandbox.output_parser import KeptText

FILES: Final = "container-*.log"
"""The names of these files; they sort by time."""


@dataclass
class RunLog:
    """What is known of a run; `text` once it has ended."""

    group: str
    container: str
    request: dict[str, Any]
    arguments: list[str]
    mounts: list[Mount]
    verbose: bool
    stdout: KeptText
    stderr: KeptText
    outputs: int = field(default=0)

    def text(self, now_ms: int, duration_ms: int, code: int | None, timed_out: bool) -> str:
        """The file's content; `code` None for a process that a signal ended."""
        exit_code = "null" if code is None else str(code)
        if timed_out:
            return "\n".join(
                (
                    "=== Container Run Log (TIMEOUT) ===",
                    f"Timestamp: {iso(now_ms)}",
                    f"Group: {self.group}",
                    f"Container: {self.container}",
                    f"Duration: {duration_ms}ms",
                    f"Exit Code: {exit_code}",
                    f"Had Streaming Output: {_word(self.outputs > 0)}",
                )
            )
        lines = [
            "=== Container Run Log ===",
            f"Timestamp: {iso(now_ms)}",
            f"Group: {self.group}",
            f"IsMain: {_word(self.request.get('isMain'))}",
            f"Duration: {duration_ms}ms",
            f"Exit Code: {exit_code}",
            f"Stdout Truncated: {_word(self.stdout.truncated)}",
            f"Stderr Truncated: {_word(self.stderr.truncated)}",
            "",
        ]
        return "\n".join(lines + (self._details() if self.verbose or code != 0 else self._summary()))

    def _details(self) -> list[str]:
        return [
            "=== Input ===",
            json_text(self.request, 2),
            "",
            "=== Container Args ===",
            " ".join(self.arguments),
            "",
            "=== Mounts ===",
            "\n".join(f"{mount.host_path} -> {_place(mount)}" for mount in self.mounts),
            "",
            f"=== Stderr{' (TRUNCATED)' if self.stderr.truncated else ''} ===",
            str(self.stderr),
            "",
            f"=== Stdout{' (TRUNCATED)' if self.stdout.truncated else ''} ===",
            str(self.stdout),
        ]

    def _summary(self) -> list[str]:
        return [
            "=== Input Summary ===",
            f"Prompt length: {length(self.request['prompt'])} chars",
            f"Session ID: {self.request.get('sessionId') or 'new'}",
            "",
            "=== Mounts ===",
            "\n".join(_place(mount) for mount in self.mounts),
            "",
        ]


def iso(utc_ms: int) -> str:
    """The moment as "2026-02-13T12:00:00.000Z"."""
    moment = datetime.fromtimestamp(utc_ms / 1000, UTC).replace(microsecond=utc_ms % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def file_name(now_ms: int) -> str:
    """The log's name for a run that ended at `now_ms`."""
    return f"container-{iso(now_ms).replace(':', '-').replace('.', '-')}.log"


def _place(mount: Mount) -> str:
    return mount.container_path + (" (ro)" if mount.readonly else "")


def _word(value: Any) -> str:
    return json_text(value) if isinstance(value, bool) else "undefined" if value is None else str(value)
