"""The designed states of the screen look as approved: tests/device/ui/pictures/<state>.png, within a small tolerance.

What was drawn goes to build/ui/<state>.png, what differs to build/ui/<state>-difference.png. When a change of the looks
is meant, look at the new pictures and copy them over the approved ones.
"""

import subprocess

import pytest
from PIL import Image, ImageChops

from app.host.screen import to_image
from tests.device.test_on_micropython import INTERPRETER, ROOT

APPROVED = ROOT / "tests" / "device" / "ui" / "pictures"
DRAWN = ROOT / "build" / "ui"
STATES = (
    "ask",
    "boot",
    "empty",
    "long",
    "long ask",
    "offline",
    "problem",
    "question",
    "reply",
    "running",
    "schedule",
    "shown",
)
CHANNEL_TOLERANCE = 24  # of 255: rounding in anti-aliased edges
PIXELS_TOLERANCE = 40  # of 129,600 that may differ by more


def difference(drawn: Image.Image, approved: Image.Image) -> tuple[int, Image.Image]:
    """(how many pixels differ by more than the tolerance, a picture that is white there)."""
    bands = ImageChops.difference(drawn, approved).split()
    worst = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    mask = worst.point([0] * (CHANNEL_TOLERANCE + 1) + [255] * (255 - CHANNEL_TOLERANCE))
    return mask.histogram()[255], mask


@pytest.fixture(scope="module")
def drawn() -> dict[str, Image.Image]:
    """Every state, drawn by LVGL in the simulator's interpreter."""
    DRAWN.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(INTERPRETER), "-X", "heapsize=2m", "tests/device/ui/render_states.py", str(DRAWN)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        env={"MICROPYPATH": ".frozen:.", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    images: dict[str, Image.Image] = {}
    for name in STATES:
        images[name] = to_image((DRAWN / f"{name}.rgb565").read_bytes())
        images[name].save(DRAWN / f"{name}.png", optimize=True)
    return images


@pytest.mark.parametrize("name", STATES)
def test_the_state_looks_as_approved(drawn: dict[str, Image.Image], name: str) -> None:
    approved = Image.open(APPROVED / f"{name}.png").convert("RGB")
    pixels, mask = difference(drawn[name], approved)
    mask.save(DRAWN / f"{name}-difference.png")
    assert pixels <= PIXELS_TOLERANCE, f"{pixels} pixels of '{name}' differ: see build/ui/{name}-difference.png"


def test_every_approved_picture_belongs_to_a_state() -> None:
    assert sorted(path.stem for path in APPROVED.glob("*.png")) == sorted(STATES)


def test_two_states_are_told_apart(drawn: dict[str, Image.Image]) -> None:
    names = list(STATES)
    for index, name in enumerate(names):
        for other in names[index + 1 :]:
            assert difference(drawn[name], drawn[other])[0] > PIXELS_TOLERANCE, (name, other)
