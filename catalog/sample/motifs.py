"""What the sample's pictures show. Each motif is drawn in shades of one colour."""

from __future__ import annotations

from collections.abc import Callable

from catalog.sample.sketch import Sketch

Motif = Callable[[Sketch], None]


def draw_picture(motif: str, colour: str) -> bytes:
    """A WebP image of the motif in the colour (``#rrggbb``), a few kilobytes."""
    sketch = Sketch(colour)
    MOTIFS[motif](sketch)
    return sketch.webp()


TORSO = [(36, 22), (30, 26), (30, 84), (70, 84), (70, 26), (64, 22)]


def shirt(s: Sketch) -> None:
    """A shirt with a collar and a pocket."""
    s.mirrored([(34, 23), (14, 40), (10, 70), (21, 72), (31, 46)], s.dark)
    s.shape(TORSO, s.main)
    s.shape([(43, 22), (50, 34), (57, 22)], s.deep)
    s.mirrored([(36, 22), (43, 18), (50, 33), (42, 36)], s.light)
    s.line([(50, 34), (50, 84)], s.dark, 0.8)
    for y in (42, 52, 62, 72):
        s.ellipse((48.8, y, 51.2, y + 2.4), s.pale)
    s.box((55, 44, 65, 55), s.dark, 1)


def tee(s: Sketch) -> None:
    """A striped T-shirt."""
    s.mirrored([(36, 22), (14, 36), (20, 50), (32, 44)], s.dark)
    s.shape(TORSO, s.main)
    s.ellipse((41, 16, 59, 29), s.deep)
    s.ellipse((42.5, 15, 57.5, 26.5), s.pale)
    for y in (48, 54, 60):
        s.box((30, y, 70, y + 2.4), s.light, 0)


def jumper(s: Sketch) -> None:
    """A jumper with a knitted band."""
    s.mirrored([(35, 23), (14, 36), (8, 74), (22, 76), (31, 46)], s.dark)
    s.shape(TORSO, s.main)
    s.box((40, 15, 60, 26), s.dark, 4)
    s.ellipse((43, 15, 57, 20), s.deep)
    for row, y in enumerate((36, 42, 48)):
        for x in range(33, 68, 6):
            offset = 3 if row % 2 else 0
            s.shape([(x + offset - 2, y), (x + offset, y + 3), (x + offset + 2, y)], s.pale)
    s.box((30, 78, 70, 86), s.dark, 1)


def jacket(s: Sketch) -> None:
    """A jacket with a zip."""
    s.mirrored([(34, 22), (14, 38), (10, 76), (23, 78), (31, 46)], s.dark)
    s.shape(TORSO, s.main)
    s.mirrored([(36, 22), (44, 16), (50, 30), (42, 44)], s.deep)
    s.line([(50, 30), (50, 84)], s.light, 1.6)
    s.mirrored([(35, 60), (45, 58), (45, 61), (35, 63)], s.deep)
    s.box((48.5, 46, 51.5, 51), s.pale, 1)


def cap(s: Sketch) -> None:
    """A cap with a peak."""
    s.pen.pieslice([v * s.unit for v in (26, 32, 74, 92)], 180, 360, fill=s.main)
    s.arc((38, 32, 62, 92), 180, 270, s.dark, 1)
    s.arc((46, 32, 90, 92), 190, 260, s.dark, 1)
    s.ellipse((47, 29, 53, 34), s.deep)
    s.shape([(26, 62), (12, 72), (16, 76), (40, 68), (74, 66), (74, 62)], s.deep)


def scarf(s: Sketch) -> None:
    """A scarf, wound once."""
    s.shape([(44, 40), (34, 84), (50, 86), (58, 42)], s.dark)
    s.shape([(50, 40), (58, 80), (72, 76), (62, 38)], s.main)
    s.ellipse((26, 20, 74, 48), s.main)
    s.ellipse((36, 22, 64, 38), s.deep)
    for y in (56, 64, 72):
        s.line([(41 - (y - 56) / 5, y), (55 - (y - 56) / 6, y + 1)], s.light, 2)
    for x in range(35, 51, 3):
        s.line([(x, 84), (x - 1, 90)], s.dark, 0.8)


def socks(s: Sketch) -> None:
    """A pair of striped socks."""
    for dx, body, cuff in ((-9, s.dark, s.main), (9, s.main, s.light)):
        s.box((40 + dx, 20, 58 + dx, 66), body, 3)
        s.ellipse((24 + dx, 58, 58 + dx, 82), body)
        s.ellipse((24 + dx, 61, 36 + dx, 80), cuff)
        s.box((39 + dx, 18, 59 + dx, 30), cuff, 2)
        for y in (38, 46, 54):
            s.box((40 + dx, y, 58 + dx, y + 3), s.pale, 0)


def boot(s: Sketch) -> None:
    """A laced boot."""
    s.box((38, 20, 62, 74), s.main, 4)
    s.pen.pieslice([v * s.unit for v in (36, 56, 86, 100)], 180, 360, fill=s.main)
    s.box((36, 76, 88, 87), s.deep, 3)
    s.box((36, 83, 88, 87), s.light, 1)
    s.box((37, 20, 63, 30), s.dark, 3)
    for y in (38, 46, 54, 62):
        s.line([(56, y), (65, y - 2)], s.pale, 1.4)


def bag(s: Sketch) -> None:
    """A handbag."""
    s.arc((36, 16, 64, 62), 180, 360, s.deep, 3)
    s.shape([(24, 38), (76, 38), (82, 86), (18, 86)], s.main)
    s.shape([(24, 38), (76, 38), (77, 46), (23, 46)], s.dark)
    s.box((40, 56, 60, 72), s.light, 2)
    s.ellipse((48, 62, 52, 66), s.deep)


def backpack(s: Sketch) -> None:
    """A backpack with side pockets."""
    s.ring((40, 10, 60, 30), s.deep, 2.5)
    s.box((16, 48, 84, 76), s.dark, 8)
    s.box((26, 18, 74, 86), s.main, 14)
    s.box((26, 34, 74, 40), s.dark, 0)
    s.box((33, 54, 67, 80), s.dark, 5)
    s.box((33, 54, 67, 62), s.light, 4)
    s.mirrored([(36, 36), (40, 36), (40, 56), (36, 56)], s.pale)


def mug(s: Sketch) -> None:
    """A steaming mug."""
    s.ring((60, 40, 84, 70), s.dark, 5)
    s.box((26, 32, 68, 86), s.main, 6)
    s.ellipse((26, 27, 68, 39), s.light)
    s.ellipse((30, 29, 64, 37), s.deep)
    s.box((26, 58, 68, 63), s.pale, 0)
    for x in (38, 47, 56):
        s.arc((x - 3, 10, x + 3, 24), 90, 270, s.light, 1.2)


def teapot(s: Sketch) -> None:
    """A round teapot."""
    s.ring((62, 42, 88, 72), s.dark, 5)
    s.shape([(32, 56), (10, 38), (14, 34), (38, 66)], s.dark)
    s.ellipse((24, 38, 76, 86), s.main)
    s.ellipse((36, 34, 64, 46), s.dark)
    s.ellipse((46, 26, 54, 36), s.deep)
    s.arc((30, 44, 56, 80), 170, 240, s.light, 2.5)


def pan(s: Sketch) -> None:
    """A saucepan."""
    s.box((62, 55, 94, 61), s.deep, 3)
    s.box((14, 52, 68, 80), s.main, 9)
    s.ellipse((14, 44, 68, 62), s.light)
    s.ellipse((18, 46, 64, 60), s.deep)
    s.ellipse((30, 49, 46, 55), s.dark)


def bowl(s: Sketch) -> None:
    """A bowl."""
    s.pen.pieslice([v * s.unit for v in (18, 16, 82, 84)], 0, 180, fill=s.main)
    s.box((38, 80, 62, 86), s.dark, 2)
    s.ellipse((18, 42, 82, 58), s.light)
    s.ellipse((22, 44, 78, 56), s.deep)
    s.arc((22, 24, 78, 80), 30, 80, s.pale, 1.6)


def board(s: Sketch) -> None:
    """A wooden board with a handle."""
    s.box((30, 30, 70, 86), s.main, 6)
    s.box((43, 14, 57, 40), s.main, 6)
    s.ellipse((47, 18, 53, 24), s.pale)
    for x in (38, 46, 54, 62):
        s.line([(x, 44), (x + 1, 62), (x - 1, 82)], s.dark, 0.7)


def lamp(s: Sketch) -> None:
    """A table lamp."""
    s.box((48.5, 44, 51.5, 82), s.deep, 0)
    s.ellipse((34, 78, 66, 87), s.deep)
    s.shape([(38, 18), (62, 18), (74, 50), (26, 50)], s.main)
    s.shape([(38, 18), (46, 18), (38, 50), (26, 50)], s.light)
    s.ellipse((26, 47, 74, 53), s.pale)


def candle(s: Sketch) -> None:
    """A burning candle."""
    s.box((34, 42, 66, 86), s.main, 4)
    s.ellipse((34, 37, 66, 47), s.light)
    s.line([(50, 42), (50, 34)], s.deep, 1)
    s.shape([(50, 16), (55, 27), (53, 34), (47, 34), (45, 27)], (245, 178, 66))
    s.ellipse((47.5, 27, 52.5, 34), (255, 232, 160))
    s.box((38, 56, 62, 72), s.pale, 1)


def cushion(s: Sketch) -> None:
    """A cushion with stripes."""
    s.shape(
        [(16, 24), (50, 30), (84, 24), (79, 54), (84, 84), (50, 79), (16, 84), (21, 54)], s.main
    )
    for offset in range(0, 50, 10):
        s.line([(26 + offset, 32), (22 + offset, 76)], s.light, 1.4)
        s.line([(30 + offset, 32), (26 + offset, 76)], s.dark, 0.7)


def blanket(s: Sketch) -> None:
    """Folded blankets."""
    for index, y in enumerate((66, 50, 34)):
        s.box((16 + index, y, 84 - index, y + 20), (s.dark, s.main, s.light)[index], 8)
        s.line([(22, y + 10), (78, y + 10)], s.pale, 0.8)
    for x in range(20, 84, 4):
        s.line([(x, 85), (x, 90)], s.dark, 0.8)


def vase(s: Sketch) -> None:
    """A vase with two flowers."""
    s.line([(50, 44), (44, 18)], (92, 128, 86), 1.2)
    s.line([(51, 44), (60, 14)], (92, 128, 86), 1.2)
    s.ellipse((38, 10, 50, 22), s.light)
    s.ellipse((54, 6, 67, 19), s.pale)
    s.ellipse((30, 46, 70, 87), s.main)
    s.shape([(44, 40), (56, 40), (58, 56), (42, 56)], s.main)
    s.ellipse((42, 37, 58, 43), s.dark)
    s.arc((35, 50, 60, 82), 150, 240, s.light, 2.2)


def clock(s: Sketch) -> None:
    """A wall clock."""
    s.ellipse((18, 16, 82, 80), s.deep)
    s.ellipse((22, 20, 78, 76), s.pale)
    s.ring((26, 24, 74, 72), s.light, 1)
    s.line([(50, 48), (50, 30)], s.deep, 2.2)
    s.line([(50, 48), (62, 54)], s.main, 2.2)
    s.ellipse((47.5, 45.5, 52.5, 50.5), s.deep)


def stool(s: Sketch) -> None:
    """A stool with four legs."""
    s.mirrored([(34, 40), (38, 40), (28, 88), (24, 88)], s.dark)
    s.mirrored([(44, 40), (47, 40), (45, 84), (42, 84)], s.deep)
    s.line([(30, 68), (70, 68)], s.dark, 2)
    s.ellipse((22, 28, 78, 46), s.dark)
    s.ellipse((22, 25, 78, 42), s.main)


def tent(s: Sketch) -> None:
    """A tent with a flag."""
    s.shape([(50, 22), (92, 84), (8, 84)], s.main)
    s.shape([(50, 22), (8, 84), (34, 84)], s.light)
    s.shape([(50, 40), (64, 84), (38, 84)], s.deep)
    s.shape([(50, 40), (38, 84), (32, 84)], s.pale)
    s.line([(50, 22), (50, 14)], s.deep, 1)
    s.shape([(50, 14), (60, 17), (50, 20)], s.dark)


def flask(s: Sketch) -> None:
    """A vacuum flask."""
    s.box((36, 28, 64, 88), s.main, 8)
    s.box((40, 14, 60, 30), s.deep, 3)
    s.box((36, 34, 64, 38), s.dark, 0)
    s.box((41, 44, 45, 80), s.light, 2)


def lantern(s: Sketch) -> None:
    """A lit lantern."""
    s.arc((34, 8, 66, 44), 180, 360, s.deep, 2)
    s.box((32, 26, 68, 36), s.dark, 3)
    s.box((36, 34, 64, 76), (255, 236, 176), 2)
    s.ellipse((43, 46, 57, 66), (250, 196, 84))
    s.mirrored([(36, 34), (39, 34), (39, 76), (36, 76)], s.main)
    s.box((30, 74, 70, 86), s.main, 3)


def hammock(s: Sketch) -> None:
    """A hammock between two posts."""
    s.box((12, 14, 17, 88), s.deep, 1)
    s.box((83, 14, 88, 88), s.deep, 1)
    s.pen.pieslice([v * s.unit for v in (15, 10, 85, 76)], 8, 172, fill=s.main)
    s.arc((15, 10, 85, 76), 8, 172, s.dark, 2)
    for x in (32, 44, 56, 68):
        s.line([(x, 49), (50 + (x - 50) * 0.8, 74)], s.light, 1.6)


def bell(s: Sketch) -> None:
    """A bicycle bell."""
    s.pen.pieslice([v * s.unit for v in (24, 24, 76, 88)], 180, 360, fill=s.main)
    s.box((24, 55, 76, 64), s.dark, 3)
    s.ellipse((44, 18, 56, 30), s.deep)
    s.box((60, 60, 88, 66), s.deep, 3)
    s.arc((32, 30, 66, 84), 190, 250, s.light, 2.5)
    s.box((42, 64, 58, 84), s.deep, 2)


def notebook(s: Sketch) -> None:
    """A notebook with an elastic band."""
    s.box((26, 16, 78, 86), s.dark, 3)
    s.box((24, 16, 74, 84), s.main, 3)
    s.box((24, 16, 32, 84), s.dark, 2)
    s.box((40, 28, 66, 40), s.pale, 1)
    s.box((66, 16, 69, 84), s.deep, 0)


def pen(s: Sketch) -> None:
    """A pen, writing."""
    s.shape([(24, 82), (30, 66), (40, 76)], s.deep)
    s.shape([(30, 66), (66, 24), (76, 34), (40, 76)], s.main)
    s.shape([(60, 31), (66, 24), (76, 34), (70, 41)], s.dark)
    s.shape([(66, 24), (71, 18), (82, 29), (76, 34)], s.light)
    s.line([(36, 66), (64, 34)], s.light, 1.4)


def tray(s: Sketch) -> None:
    """A desk tray with pens."""
    s.shape([(20, 54), (80, 54), (90, 82), (10, 82)], s.main)
    s.box((10, 78, 90, 87), s.dark, 3)
    s.box((36, 26, 42, 66), s.deep, 1)
    s.box((46, 20, 52, 66), s.light, 1)
    s.box((56, 32, 64, 66), s.pale, 1)
    s.shape([(14, 70), (86, 70), (89, 80), (11, 80)], s.dark)


def jar(s: Sketch) -> None:
    """A jar with a label."""
    s.box((28, 30, 72, 88), s.light, 8)
    s.box((31, 42, 69, 85), s.main, 6)
    s.box((30, 18, 70, 32), s.deep, 3)
    s.box((34, 52, 66, 74), s.pale, 2)
    s.ellipse((45, 57, 55, 69), s.main)


def packet(s: Sketch) -> None:
    """A packet of coffee."""
    s.shape([(28, 24), (72, 24), (76, 88), (24, 88)], s.main)
    s.shape([(30, 14), (70, 14), (72, 26), (28, 26)], s.dark)
    s.box((34, 42, 66, 72), s.pale, 3)
    s.ellipse((43, 48, 57, 66), s.deep)
    s.line([(50, 49), (48, 57), (51, 65)], s.pale, 1.2)


def tin(s: Sketch) -> None:
    """A round tin."""
    s.box((28, 28, 72, 86), s.main, 3)
    s.ellipse((28, 80, 72, 90), s.main)
    s.box((26, 22, 74, 36), s.dark, 2)
    s.ellipse((26, 16, 74, 28), s.light)
    s.box((28, 48, 72, 68), s.pale, 0)
    s.shape([(50, 50), (57, 58), (50, 66), (43, 58)], s.main)


def bar(s: Sketch) -> None:
    """An opened bar of chocolate."""
    s.box((28, 14, 72, 88), s.deep, 2)
    for row in range(3):
        for column in range(3):
            x, y = 31 + column * 13.4, 17 + row * 12
            s.box((x, y, x + 11.4, y + 10), s.dark, 1)
    s.box((24, 50, 76, 88), s.main, 1)
    s.box((34, 60, 66, 78), s.pale, 1)


MOTIFS: dict[str, Motif] = {
    motif.__name__: motif
    for motif in (
        *(shirt, tee, jumper, jacket, cap, scarf, socks, boot, bag, backpack),
        *(mug, teapot, pan, bowl, board, lamp, candle, cushion, blanket, vase, clock, stool),
        *(tent, flask, lantern, hammock, bell, notebook, pen, tray, jar, packet, tin, bar),
    )
}
