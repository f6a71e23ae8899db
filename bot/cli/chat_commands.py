"""The terminal chat's commands by name, in both languages whatever Fundstelle speaks."""

from retrieval.store.feedback import Verdict

HELP, SOURCES, MORE = ("/help", "/hilfe"), ("/sources", "/quellen"), ("/more", "/mehr")
CITE, SHOW, PICTURE = ("/cite", "/zitat"), ("/show", "/zeigen"), ("/picture", "/bild")
ALL, BY_DATE = ("/all", "/alle"), ("/timeline", "/verlauf")
WATCH, WATCHING = ("/watch", "/merken"), ("/watching", "/gemerkt")
ANEW, QUIT = ("/neu", "/new"), ("/quit", "/ende")
#: Command -> what of the filter it sets.
WITHIN = {
    "/quelle": "source", "/seit": "since", "/bis": "until",
    "/source": "source", "/since": "since", "/until": "until",
}  # fmt: skip
#: Likewise what is thought of the last answer.
VERDICTS = {
    "/gut": Verdict.GOOD, "/schlecht": Verdict.BAD,
    "/good": Verdict.GOOD, "/bad": Verdict.BAD,
}  # fmt: skip
#: All of them, in the order in which Tab completes them.
COMMANDS = (
    *HELP,
    *SOURCES,
    *MORE,
    *ALL,
    *BY_DATE,
    *CITE,
    *PICTURE,
    *SHOW,
    *WITHIN,
    *WATCH,
    *WATCHING,
    *VERDICTS,
    *ANEW,
    *QUIT,
)
