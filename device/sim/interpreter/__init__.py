"""What the simulator's interpreter is made of: MicroPython, LVGL and the module between them. CPython only."""
