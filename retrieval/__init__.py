"""Fundstelle's library: from German articles to quoted answers.

Importing this package loads neither torch nor FAISS; models load when they are first used.
"""
