"""What can happen to Chroma's SQLite file: a full disk, a bad copy, a wrong command."""

import os
import random
from collections.abc import Callable
from pathlib import Path

FILE = "chroma.sqlite3"
_PAGE = 4096


def cut_in_half(chroma: Path) -> None:
    os.truncate(chroma / FILE, (chroma / FILE).stat().st_size // 2)


def cut_to_a_stump(chroma: Path) -> None:
    os.truncate(chroma / FILE, 100)


def empty(chroma: Path) -> None:
    os.truncate(chroma / FILE, 0)


def fill_with_noise(chroma: Path) -> None:
    _overwrite(chroma / FILE, first=0, step=1)


def spoil_every_other_page(chroma: Path) -> None:
    """The first ones stay, so that it still opens."""
    _overwrite(chroma / FILE, first=10, step=2)


def delete(chroma: Path) -> None:
    for file in chroma.glob(f"{FILE}*"):
        file.unlink()


def _overwrite(file: Path, *, first: int, step: int) -> None:
    noise = random.Random(1)
    with file.open("r+b") as database:
        for page in range(first, file.stat().st_size // _PAGE, step):
            database.seek(page * _PAGE)
            database.write(noise.randbytes(_PAGE))


DAMAGES: dict[str, Callable[[Path], None]] = {
    "cut in half": cut_in_half,
    "cut to a stump": cut_to_a_stump,
    "empty": empty,
    "noise": fill_with_noise,
    "pages spoilt": spoil_every_other_page,
    "gone": delete,
}
