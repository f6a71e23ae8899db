"""The colours of pictures: on their own paper they are the same in light and dark surroundings."""

from typing import Final

PAPER: Final = "#fbfaf7"
INK: Final = "#20242a"
GREY: Final = "#5b626c"
BLUE: Final = "#1f6f8b"
GOLD: Final = "#c29a3b"
