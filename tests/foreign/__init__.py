"""Two Bot API servers that other people wrote, and what stands between them and the bot.

telegram-test-api (npm) hands updates out by polling, telemelya (PyPI) posts them to a webhook. ``packages`` gets them,
``servers`` starts them, ``gateway`` adds what Telegram has and they have not.
"""

from tests.foreign.gateway import Gateway
from tests.foreign.packages import MissingError
from tests.foreign.servers import TelegramTestApi, Telemelya

__all__ = ["Gateway", "MissingError", "TelegramTestApi", "Telemelya"]
