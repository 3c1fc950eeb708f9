"""`make bench`, or `python -m bench [NAME …]`: every performance claim, measured one after the other.

Each prints its figures as JSON on standard output and leaves them in build/bench/NAME.json. Exit code 1 if one failed.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "bench"
NAMES = (
    "latency",
    "bus",
    "idle",
    "heap",
    "screen",
    "cost",
    "flash",
    "flood",
    "power_cut",
    "tokens",
    "audit",
    "canary",
    "fuzz",
    "proxy",
    "redaction",
    "dashboard",
)


def main() -> int:
    """Run the benches that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *NAMES], help=" ".join(NAMES))
    failed: list[str] = []
    OUT.mkdir(parents=True, exist_ok=True)
    for name in parser.parse_args().names or NAMES:
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, stdout=subprocess.PIPE, check=False)
        sys.stdout.buffer.write(done.stdout)
        sys.stdout.flush()
        if done.returncode:
            failed.append(name)
        else:
            (OUT / f"{name}.json").write_bytes(done.stdout)
    if failed:
        print("failed: " + ", ".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
