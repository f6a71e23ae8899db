"""The sides that people see: the command line, the terminal chat and the Telegram bot."""
