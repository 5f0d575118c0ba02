"""A ground to draw flat pictures on, in shades of one colour; the same bytes every time."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageColor, ImageDraw

SIZE = 640
# Drawn larger and scaled down, so that edges are smooth.
OVERSAMPLING = 2

Point = tuple[float, float]
Colour = tuple[int, int, int]


class Sketch:
    """A square ground, 100 by 100 units from the top left, and shades of one colour to draw in."""

    def __init__(self, colour: str) -> None:
        self.main = ImageColor.getrgb(colour)[:3]
        self.dark = mix(self.main, (20, 24, 32), 0.32)
        self.deep = mix(self.main, (20, 24, 32), 0.58)
        self.light = mix(self.main, (255, 255, 255), 0.45)
        self.pale = mix(self.main, (255, 255, 255), 0.78)
        top, bottom = mix(self.pale, (255, 255, 255), 0.55), mix(self.pale, (232, 228, 220), 0.4)
        ramp = Image.new("RGB", (1, 2))
        ramp.putpixel((0, 0), top)
        ramp.putpixel((0, 1), bottom)
        side = SIZE * OVERSAMPLING
        self.image = ramp.resize((side, side), Image.Resampling.BILINEAR)
        self.pen = ImageDraw.Draw(self.image)
        self.unit = side / 100
        self.ellipse((22, 82, 78, 90), mix(bottom, (60, 60, 60), 0.14))

    def webp(self) -> bytes:
        """The finished picture."""
        buffer = io.BytesIO()
        self.image.reduce(OVERSAMPLING).save(buffer, "WEBP", quality=82, method=2)
        return buffer.getvalue()

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon."""
        self.pen.polygon([(x * self.unit, y * self.unit) for x, y in points], fill=colour)

    def mirrored(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon and its mirror image, left and right of the middle."""
        self.shape(points, colour)
        self.shape([(100 - x, y) for x, y in points], colour)

    def box(self, box: Sequence[float], colour: Colour, radius: float = 2) -> None:
        """A filled rectangle with round corners; ``box`` is left, top, right, bottom."""
        self.pen.rounded_rectangle(self._scaled(box), radius * self.unit, fill=colour)

    def ellipse(self, box: Sequence[float], colour: Colour) -> None:
        """A filled ellipse."""
        self.pen.ellipse(self._scaled(box), fill=colour)

    def ring(self, box: Sequence[float], colour: Colour, width: float) -> None:
        """The outline of an ellipse."""
        self.pen.ellipse(self._scaled(box), outline=colour, width=round(width * self.unit))

    def arc(
        self, box: Sequence[float], start: float, end: float, colour: Colour, width: float
    ) -> None:
        """A part of an ellipse's outline, from and to degrees clockwise from the right."""
        self.pen.arc(self._scaled(box), start, end, fill=colour, width=round(width * self.unit))

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A stroke through the points."""
        scaled = [(x * self.unit, y * self.unit) for x, y in points]
        self.pen.line(scaled, fill=colour, width=round(width * self.unit), joint="curve")

    def _scaled(self, box: Sequence[float]) -> list[float]:
        return [value * self.unit for value in box]


def mix(one: Sequence[int], other: Sequence[int], share: float) -> Colour:
    """A colour between two; ``share`` of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
