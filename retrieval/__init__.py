"""Fundstelle's library: from German articles to quoted answers.

    with Collection("~/articles") as collection:
        collection.index(["seeds/"])
        answer = collection.ask("Wer ist Gouverneur der Region Perm?")

Importing it loads neither numpy nor torch nor FAISS; models load when they are first used.
"""

from retrieval.answer import Answer
from retrieval.answering.conversation import Conversation
from retrieval.collection import Collection
from retrieval.errors import FundstelleError
from retrieval.types import Document, Filter, Passage

__all__ = ["Answer", "Collection", "Conversation", "Document", "Filter", "FundstelleError", "Passage"]
