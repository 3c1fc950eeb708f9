"""Renders every designed state: micropython tests/device/ui/render_states.py FOLDER → FOLDER/<state>.rgb565 each."""

import sys

sys.path.insert(0, ".")

from device.ui.loop import Ui
from tests.device.ui.glances import ASKS, STATES
from tests.device.ui.glass import Glass


def main(folder):
    glass = Glass()
    errors = []
    ui = Ui(glass, lambda name, args: None, lambda where, error: errors.append((where, error)))
    ui.start()
    for name in sorted(STATES):
        ui.navigation.open("home")
        ui.show(STATES[name])
        save(glass, ui, folder, name)
    for name in sorted(ASKS):
        ui.show(ASKS[name])
        save(glass, ui, folder, name)
    ui.show(STATES["reply"])
    ui.turn()
    ui.navigation.open("schedule")
    save(glass, ui, folder, "schedule")
    for where, error in errors:
        print("in", where)
        sys.print_exception(error)  # pyright: ignore[reportAttributeAccessIssue]
    sys.exit(1 if errors else 0)


def save(glass, ui, folder, name):
    """Two turns, with the refresh period of LVGL between them, so that everything is drawn."""
    for _ in range(2):
        glass.clock().set_utc_ms(0)
        glass.clock()._move_to(glass.clock().ticks_ms() + 40)
        ui.turn()
    with open(folder + "/" + name + ".rgb565", "wb") as file:
        file.write(glass.frame())


main(sys.argv[1])
