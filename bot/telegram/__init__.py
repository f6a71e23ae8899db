"""The Telegram side: long polling, an inbox that survives crashes, and the handlers. Entry: ``application.run``."""

import os

# python-telegram-bot's durations as timedelta, its future default; otherwise each "too many requests" is a warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")
