"""What transmission, old programs and attackers do to files."""

from __future__ import annotations

from random import Random

INSERTED = [b"\r\n", b"--shop", b"\r\n--shop\r\n", b"--", b'"', b"\0", b";", b":", b"\xff\xff"]


def damaged(content: bytes, random: Random) -> bytes:
    """The content with a few bytes changed, lost, put in, repeated, or cut off."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randint(0, len(changed))
        match random.randint(0, 4):
            case 0:
                changed[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del changed[at : at + random.randint(1, 20)]
            case 2:
                changed[at:at] = random.choice(INSERTED)
            case 3:
                start = random.randint(0, len(changed))
                changed[at:at] = changed[start : start + random.randint(1, 60)]
            case _:
                del changed[at:]
    return bytes(changed)
