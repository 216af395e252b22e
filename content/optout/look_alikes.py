"""Letters that look like Latin ones, read as what they look like (Unicode TR39): `STОP` with a Cyrillic O is STOP."""

import re

_ALIKE = str.maketrans(
    # Cyrillic, Greek, Armenian, Cherokee, Lisu: large and small ones differ in what they look like.
    "АВЕЅІЈКМНОРСТУҮХԌԚԜӀ" "авеѕіјкмнорстухүһԁԛԝӏпг"
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ" "αβεηικνορστυχωγϲϳ"
    "ՍՏՕԼ" "ոսօհցզյ"
    "ᎠᎡᎢᎥᎪᎫᎬᎳᎷᎻᎽᏀᏃᏒᏚᏟᏢᏞᏦᏙᏔᏴ"
    "ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ",
    "ABESIJKMHOPCTYYXGQWI" "abesijkmhopctyxyhdqwlnr"
    "ABEZHIKMNOPTYXC" "abenikvopotuxwycj"
    "USOL" "nuohgqj"
    "DRTiAJEWMHYGZRSCPLKVWB"
    "BPDTGKJCZFMNLSRVHWXYAEIOU",
)  # fmt: skip
"""Letters of other scripts: Latin only where their surroundings say so."""
_LETTERS = frozenset(chr(code) for code in _ALIKE)

_LATIN = str.maketrans("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡı", "abcdefghijklmnoprstuvwyzagi")
"""Latin letters in another dress, which no normal form takes off: small capitals above all."""
_TILES = {first + i: chr(ord("a") + i) for first in (0x1F150, 0x1F170) for i in range(26)}
_TILED = re.compile(
    r"[\U0001F150-\U0001F169\U0001F170-\U0001F189]\uFE0F?(?:[\U0001F150-\U0001F169\U0001F170-\U0001F189]\uFE0F?)+"
)
"""White letters on black discs and squares, more than one: a single one is a blood group or a place to park."""

_WORD = re.compile(r"[^\W\d_]+")


def as_latin(text: str) -> str:
    """The text with look-alikes read as Latin; takes it decomposed and without accents, as NFKD leaves it.

    A word that mixes scripts is Latin when each of its letters could be; so is one of a foreign script alone, unless
    the message has other letters of foreign scripts: then it is written in one, and `нос` is a nose.
    """
    seen = _TILED.sub(lambda run: run[0].translate(_TILES).replace("\ufe0f", ""), text).translate(_LATIN)
    foreign = {char for char in seen if char.isalpha() and not char.isascii()}
    if not foreign:
        return seen
    everywhere = foreign <= _LETTERS
    return _WORD.sub(lambda word: _read(word[0], everywhere), seen)


def _read(word: str, everywhere: bool) -> str:
    """A word as Latin, if each of its letters could be and one of them is, or if all of the message could be."""
    shown = word.translate(_ALIKE)
    mixed = any(char.isascii() for char in word)
    return shown if shown.isascii() and (mixed or everywhere) else word
