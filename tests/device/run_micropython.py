"""Runs one test file of `device/` under MicroPython: micropython run_micropython.py tests.device.host.test_x

Prints each failed test with its traceback, then `N passed, M failed`; the exit code is 1 if any failed or none ran.
"""

import asyncio
import sys

sys.path.insert(0, ".")


def main():
    module = __import__(sys.argv[1], None, None, ["*"])
    passed = failed = 0
    for name in sorted(dir(module)):
        if not name.startswith("test_"):
            continue
        try:
            result = getattr(module, name)()
            if result is not None and hasattr(result, "send"):
                asyncio.new_event_loop()
                asyncio.run(result)
            passed += 1
        except Exception as error:
            failed += 1
            print("FAILED", sys.argv[1], name)
            sys.print_exception(error)  # pyright: ignore[reportAttributeAccessIssue]
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)


main()
