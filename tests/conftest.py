"""Files named `test_lv_*.py` need LVGL: MicroPython runs them (test_on_micropython.py), CPython leaves them out."""

collect_ignore_glob = ["device/*/test_lv_*.py"]
