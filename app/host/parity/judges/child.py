"""Judges a chunk of a golden file in an interpreter of its own: child.py CHUNK RESULTS ROOT, all paths.

CHUNK is JSON {"fixture", "document" (the golden file without cases), "cases"}; RESULTS gets one line of JSON per case,
as soon as it is judged, so that a case which ends the interpreter can be told from the lines that are missing.
"""

# pyright: standard

import json
import sys


def main():
    """Judge the cases in their order."""
    chunk_path, results_path = sys.argv[1:3]
    from app.host.parity.judges.drivers import driver
    from app.host.parity.judges.verdict import verdict

    with open(chunk_path, encoding="utf-8") as file:  # noqa: PTH123 - MicroPython
        chunk = json.load(file)
    judged_by = driver(chunk["fixture"])
    with open(results_path, "w", encoding="utf-8") as results:  # noqa: PTH123 - MicroPython
        for case in chunk["cases"]:
            results.write(json.dumps(verdict(judged_by, case, chunk["document"])) + "\n")
            results.flush()


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[3])
    main()
