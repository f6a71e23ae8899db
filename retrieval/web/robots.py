"""robots.txt: what a site wants no program to read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from retrieval.errors import UnreachableError, WebError
from retrieval.messages import notice

if TYPE_CHECKING:
    from httpx import URL
    from protego import Protego

#: The name that robots.txt may address.
AGENT: Final = "Fundstelle"
# RFC 9309, 2.5: at least this much of the file has to be read.
_MAX_BYTES: Final = 512_000
# Of a pause, in seconds: one of 300 digits says no more than one of a day.
_MAX_DELAY: Final = 86_400.0
# In every spelling that Protego takes.
_AGENT_LINE: Final = re.compile(r"user(?:-|\s+)?agent(?=[\s:]|$)[\s:]*([^#]*)", re.IGNORECASE)


class Robots:
    """The rules of each site, fetched once. ``read`` gives the body of a robots.txt.

    Patterns are those of RFC 9309: ``*`` stands for any characters, ``$`` for the end of the address; the longest one
    that matches decides.

    ``read`` raises WebError where there is none or it may not be read, then everything else may be (RFC 9309, 2.3.1.3),
    and UnreachableError where the site does not answer, then nothing may be (2.3.1.4).
    """

    def __init__(self, read: Callable[[URL], bytes]) -> None:
        self._read = read
        self._rules: dict[str, Protego | UnreachableError] = {}

    def check(self, url: URL) -> float:
        """How many seconds the site wants between two requests, up to a day; 0 if it names no finite number.

        Raises:
            WebError: the site does not want ``url`` to be read.
            UnreachableError: its rules cannot be had now.
        """
        rules = self._of_site(url)
        if isinstance(rules, UnreachableError):
            raise rules
        if not rules.can_fetch(str(url), AGENT):
            raise WebError(notice("web.robots", host=url.host, url=url))
        return min(rules.crawl_delay(AGENT) or 0.0, _MAX_DELAY)

    def _of_site(self, url: URL) -> Protego | UnreachableError:
        site = url.copy_with(raw_path=b"/robots.txt")
        if str(site) not in self._rules:
            self._rules[str(site)] = self._fetched(site)
        return self._rules[str(site)]

    def _fetched(self, site: URL) -> Protego | UnreachableError:
        from protego import Protego

        try:
            body = self._read(site)[:_MAX_BYTES]
        except UnreachableError as error:
            return UnreachableError(notice("web.no_robots", host=site.host, error=error))
        except WebError:
            body = b""
        lines = body.decode("utf-8-sig", "replace").splitlines()
        return Protego.parse("\n".join(map(_with_our_agents, lines)))


def _with_our_agents(line: str) -> str:
    """The line; if it names an agent that cannot be this one, then any other.

    Protego keeps a rule once for each agent of its group: thousands of names before thousands of rules would fill the
    memory. So only the names that count stay apart, a dozen at most.
    """
    named = _AGENT_LINE.match(line.strip())
    if named is None:
        return line
    name = named[1].strip().lower()
    token = name.replace("*", "")
    if name and not token:
        return "User-agent: *"
    is_ours = AGENT.lower().startswith(token)  # as Protego compares them; "" ends a group and names nobody
    return f"User-agent: {token if is_ours else 'others'}"
