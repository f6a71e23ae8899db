"""A Bot API server for the tests: real HTTP on 127.0.0.1, polling and webhook, Telegram's own refusals and its pace.

::

    with BotApi() as api:
        api.text("Wer?", user=7)                 # a message to the bot
        api.wait(lambda: api.sent(7))            # until the bot has answered it
"""

from tests.botapi.journal import Call, Fault, Json
from tests.botapi.methods import BOT
from tests.botapi.pace import Pace
from tests.botapi.server import TOKEN, BotApi, free_port

__all__ = ["BOT", "TOKEN", "BotApi", "Call", "Fault", "Json", "Pace", "free_port"]
