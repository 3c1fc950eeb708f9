"""The round glass in numbers: what fits where. Pure integers, no LVGL."""

import math

SIZE = 360  # pixels of width and height
CENTER = SIZE // 2
RADIUS = 157  # text stays inside this circle; the rim has what is outside
HALF_DAY_MIN = 12 * 60


def chord(y, height, radius=RADIUS):
    """(x, width) of the widest box `height` pixels high with its top at `y` that lies in the circle; width 0: none."""
    far = max(abs(y - CENTER), abs(y + height - CENTER))
    if far >= radius:
        return CENTER, 0
    half = int(math.sqrt(radius * radius - far * far))
    return CENTER - half, 2 * half


def inside(x1, y1, x2, y2, radius=CENTER):
    """Whether all four corners of a box (inclusive pixels) lie inside the circle."""
    for x in (x1, x2):
        for y in (y1, y2):
            dx, dy = 2 * (x - CENTER) + 1, 2 * (y - CENTER) + 1
            if dx * dx + dy * dy > 4 * radius * radius:
                return False
    return True


def dial_angle(minute_of_day):
    """Whole degrees, clockwise from three o'clock as LVGL counts, of a time on a twelve-hour clock face."""
    return ((minute_of_day % HALF_DAY_MIN) // 2 + 270) % 360


def on_circle(angle, radius):
    """(x, y) of the point at `angle` degrees (clockwise from three o'clock) on a circle around the centre."""
    radians = math.radians(angle)
    return CENTER + round(radius * math.cos(radians)), CENTER + round(radius * math.sin(radians))
