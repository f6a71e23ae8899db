"""The Telegram side: long polling, an inbox that survives crashes, and the handlers. Entry: ``application.run``."""
