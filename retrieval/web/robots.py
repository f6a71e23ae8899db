"""robots.txt: what a site wants no program to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.robotparser import RobotFileParser

from retrieval.errors import UnreachableError, WebError
from retrieval.messages import notice

if TYPE_CHECKING:
    from httpx import URL

#: The name that robots.txt may address.
AGENT: Final = "Fundstelle"
# RFC 9309, 2.5: at least this much of the file has to be read.
_MAX_BYTES: Final = 512_000


class Robots:
    """The rules of each site, fetched once. ``read`` gives the body of a robots.txt.

    ``read`` raises WebError where there is none or it may not be read, then everything else may be (RFC 9309, 2.3.1.3),
    and UnreachableError where the site does not answer, then nothing may be (2.3.1.4).
    """

    def __init__(self, read: Callable[[URL], bytes]) -> None:
        self._read = read
        self._rules: dict[str, RobotFileParser | UnreachableError] = {}

    def check(self, url: URL) -> float:
        """How many seconds the site wants between two requests, 0 if it does not say.

        Raises:
            WebError: the site does not want ``url`` to be read.
            UnreachableError: its rules cannot be had now.
        """
        rules = self._of_site(url)
        if isinstance(rules, UnreachableError):
            raise rules
        if not rules.can_fetch(AGENT, str(url)):
            raise WebError(notice("web.robots", host=url.host, url=url))
        return float(rules.crawl_delay(AGENT) or 0)

    def _of_site(self, url: URL) -> RobotFileParser | UnreachableError:
        site = url.copy_with(raw_path=b"/robots.txt")
        if str(site) not in self._rules:
            self._rules[str(site)] = self._fetched(site)
        return self._rules[str(site)]

    def _fetched(self, site: URL) -> RobotFileParser | UnreachableError:
        rules = RobotFileParser()
        try:
            body = self._read(site)[:_MAX_BYTES]
        except UnreachableError as error:
            return UnreachableError(notice("web.no_robots", host=site.host, error=error))
        except WebError:
            body = b""
        rules.parse(body.decode("utf-8-sig", "replace").splitlines())
        return rules
