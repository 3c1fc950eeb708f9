"""Runs one drive under MicroPython, for on_micropython.py: micropython tests/parity/run_drive.py <fixture>"""

import sys

sys.path.insert(0, ".")


def main():
    fixture = sys.argv[1]
    module = __import__("tests.parity.drive_" + fixture, None, None, ["*"])
    result = module.drive()
    for line in result.failed:
        print("DIFFERS", line)
    for line in result.exempt:
        print("EXEMPT", line)
    print("PASSED", result.passed)


main()
