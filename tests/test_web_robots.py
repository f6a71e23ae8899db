from __future__ import annotations

import time

import pytest
from httpx import URL

from retrieval.errors import UnreachableError, WebError
from retrieval.web.robots import Robots

SITE = "https://example.org"


def allows(robots: str, path: str) -> bool:
    try:
        Robots(lambda url: robots.encode()).check(URL(SITE + path))
    except WebError as error:
        assert not isinstance(error, UnreachableError)
        return False
    return True


def delay(robots: str) -> float:
    return Robots(lambda url: robots.encode()).check(URL(SITE))


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("Disallow: /intern", "/intern/a", False),
        ("Disallow: /intern", "/a/intern", True),
        ("Disallow: /*/druck", "/politik/druck", False),
        ("Disallow: /*.pdf$", "/a/b.pdf", False),
        ("Disallow: /*.pdf$", "/a/b.pdf?seite=1", True),
        ("Disallow: /*?sort=", "/liste?sort=alt", False),
        ("Disallow: /a$", "/a", False),
        ("Disallow: /a$", "/ab", True),
        ("Disallow: /a/\nAllow: /a/frei/", "/a/frei/b", True),
        ("Allow: /\nDisallow: /a/", "/a/b", False),  # the longer one decides, not the first
        ("Disallow: /k%C3%B6ln", "/köln", False),
        ("Disallow: /köln", "/k%c3%b6ln", False),
        ("Disallow:", "/a", True),
    ],
)
def test_rules(rules: str, path: str, allowed: bool) -> None:
    assert allows(f"User-agent: *\n{rules}", path) is allowed


@pytest.mark.parametrize("agent", ["Fundstelle", "fundstelle", "FUNDSTELLE ", "Fundstelle*", "Fund", "*", "**"])
def test_names_that_mean_this_program(agent: str) -> None:
    assert not allows(f"User-agent: {agent}\nDisallow: /", "/a")


@pytest.mark.parametrize("agent", ["Googlebot", "stelle", "Fundstelle2", "others", "MeineFundstelle", ""])
def test_names_that_mean_others(agent: str) -> None:
    assert allows(f"User-agent: {agent}\nDisallow: /", "/a")


def test_own_rules_take_the_place_of_those_for_all() -> None:
    robots = "User-agent: Googlebot\nUser-agent: Fundstelle\nDisallow: /b\n\nUser-agent: *\nDisallow: /a"
    assert [allows(robots, path) for path in ("/a", "/b")] == [True, False]
    robots = "User-agent: Googlebot\nDisallow: /b\n\nUser-agent: *\nDisallow: /a"
    assert [allows(robots, path) for path in ("/a", "/b")] == [False, True]


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [("7", 7), ("0.5", 0.5), ("1" + 300 * "0", 86_400), ("1" + 400 * "0", 0), ("²", 0), ("٧", 7), ("inf", 0),
     ("nan", 0), ("-3", 0), ("7 Sekunden", 0), ("", 0)],
)  # fmt: skip
def test_pause(stated: str, seconds: float) -> None:
    assert delay(f"User-agent: *\nCrawl-delay: {stated}") == seconds


@pytest.mark.parametrize(
    "line",
    ["Disallow: //[x", "Disallow: http://[::1", "Crawl-delay: ²", "\0\0\0", ":::", "Disallow", "Request-rate: 1/0",
     "Visit-time: 9999-9999", "Disallow: /%zz%", "Sitemap: http://[", "\ud7ff\u2028\x85"],
)  # fmt: skip
def test_odd_line_leaves_the_others_in_force(line: str) -> None:
    robots = f"User-agent: *\nDisallow: /a\n{line}\n\nUser-agent: Fundstelle\nDisallow: /b\n{line}\nCrawl-delay: 7\n"
    assert [allows(robots, path) for path in ("/a", "/b")] == [True, False]
    assert delay(robots) == 7


@pytest.mark.parametrize(
    "robots",
    [
        "".join(f"user-agent: a{i}\n" for i in range(15_000)) + "disallow: /a\n" * 15_000,
        "".join(f"user agent *f{'*' * i}\n" for i in range(700)) + "disallow: /a\n" * 15_000,
        "user-agent: *\n" + ("disallow: /" + "*a" * 900 + "b\n") * 280,
        "user-agent: *\n" + "disallow: *b\n" * 39_000,
        "\0" * 5_000_000,
        "user" + " " * 500_000 + "agent",
    ],
    ids=["names times rules", "stars in names", "stars in rules", "many rules", "NUL", "blanks"],
)
def test_time_does_not_explode(robots: str) -> None:
    """Each is of some hundred kilobytes; with what they try, minutes and gigabytes."""
    started = time.perf_counter()
    allows(robots, "/" + "a" * 1900)
    assert time.perf_counter() - started < 20
