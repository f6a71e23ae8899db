"""A headless Chromium, steered over its DevTools protocol: what is typed, pressed and seen, and what it complains of.

Spoken over a pipe, so that it needs neither a driver of another project nor a port. ``CHROMIUM`` names another program.
"""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: Seconds that a page may take.
_PATIENCE: Final = 60.0
_ARGUMENTS: Final = (
    *("--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-extensions", "--no-first-run", "--hide-scrollbars"),
    "--allow-pre-commit-input",
)


def find_chromium() -> str | None:
    """The program: the one that ``CHROMIUM`` names, or one on the PATH; None if there is none."""
    names = (os.environ.get("CHROMIUM"), *_NAMES)
    return next(filter(None, (shutil.which(name) for name in names if name)), None)


class Chromium:
    """A browser with a profile of its own in ``folder``, until the end of the ``with``."""

    def __init__(self, program: str, folder: Path) -> None:
        self._numbers = itertools.count(1)
        self._events: defaultdict[str, deque[dict[str, Any]]] = defaultdict(deque)
        self._rest = b""
        inner_in, self._out = os.pipe()
        self._in, inner_out = os.pipe()
        # The protocol wants 3 and 4: moved out of the way first, so that none is lost when another gets its number.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (inner_in, inner_out)]
        try:
            self._process = subprocess.Popen(
                ["bash", "-c", f'exec "$@" 3<&{ends[0]} 4>&{ends[1]}', "bash", program, *_ARGUMENTS,
                 f"--user-data-dir={folder / 'profile'}"],
                pass_fds=ends, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env={**os.environ, "HOME": str(folder)},
            )  # fmt: skip
        finally:
            for end in (inner_in, inner_out, *ends):
                os.close(end)

    def __enter__(self) -> Chromium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.send("Browser.close")
            self._process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        finally:
            os.close(self._in)
            os.close(self._out)

    def tab(self, **wanted: Any) -> Tab:
        """A new tab, without cookies of the others'; the options are Tab's."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Tab(self, session, **wanted)

    def send(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """What a command returns."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self._out, json.dumps(command).encode() + b"\0")
        while (message := self._receive()).get("id") != number:
            self._keep(message)
        if "error" in message:
            raise OSError(f"{method}: {message['error']['message']}")
        return dict(message["result"])

    def event(self, session: str) -> dict[str, Any]:
        """The next event of a tab."""
        while not self._events[session]:
            self._keep(self._receive())
        return self._events[session].popleft()

    def events(self, session: str) -> list[dict[str, Any]]:
        """A tab's events that have come so far."""
        return list(self._events.pop(session, ()))

    def _keep(self, message: dict[str, Any]) -> None:
        self._events[message.get("sessionId", "")].append(message)

    def _receive(self) -> dict[str, Any]:
        limit = time.monotonic() + _PATIENCE
        while b"\0" not in self._rest:
            if not select.select([self._in], [], [], max(0.0, limit - time.monotonic()))[0]:
                raise TimeoutError("Chromium says nothing")
            part = os.read(self._in, 1 << 16)
            if not part:
                raise OSError(f"Chromium has ended with {self._process.wait(10)}")
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))


class Tab:
    """A page of ``size`` in CSS pixels, ``scale`` picture points each; dark or light, with scripts or without."""

    def __init__(
        self,
        browser: Chromium,
        session: str,
        *,
        language: str = "de",
        size: tuple[int, int] = (390, 844),
        scale: float = 1,
        dark: bool = False,
        scripts: bool = True,
    ) -> None:
        self._browser = browser
        self._session = session
        #: What the browser wrote to its console: errors, warnings, anything a script said, with the address.
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            self.send(f"{domain}.enable")
        self.send("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        self.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])  # fmt: skip
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.resize(*size, scale=scale)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What a command returns."""
        return self._browser.send(method, self._session, **parameters)

    def resize(self, width: int, height: int, scale: float = 1) -> None:
        """Makes the window so large."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", **size)

    def open(self, url: str) -> None:
        """Goes to an address and waits until all of it is there."""
        self._note(self._browser.events(self._session))
        if error := self.send("Page.navigate", url=url).get("errorText"):
            raise OSError(error)
        self._await_load()

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, on pages that run no scripts as well."""
        outcome = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in outcome:
            raise ValueError(outcome["exceptionDetails"]["exception"].get("description", expression))
        return outcome["result"].get("value")

    def text(self, selector: str) -> str:
        """What stands in the first element; empty if there is none."""
        return str(self.evaluate(f"(document.querySelector({json.dumps(selector)}) ?? {{}}).innerText ?? ''"))

    def box(self, selector: str, of: str = ".getBoundingClientRect()") -> Mapping[str, float]:
        """left, top, right, bottom, width and height of the first element, in CSS pixels of the window."""
        found = self.evaluate(f"document.querySelector({json.dumps(selector)})?{of}?.toJSON()")
        if not found:
            raise ValueError(f"there is no {selector}")
        return dict(found)

    def click(self, selector: str, *, leads_on: bool = False) -> None:
        """Presses the mouse on the first element; ``leads_on`` waits for the page that comes."""
        # A link that goes over two lines has a middle that is not its own; its first line has.
        box = self.box(selector, ".getClientRects()[0]")
        where = {"x": box["left"] + box["width"] / 2, "y": box["top"] + box["height"] / 2, "button": "left"}
        self._note(self._browser.events(self._session))
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, clickCount=1, **where)
        if leads_on:
            self._await_load()

    def type(self, words: str) -> None:
        """Into whatever has the focus."""
        self.send("Input.insertText", text=words)

    def press(self, key: str, *, leads_on: bool = False) -> None:
        """Presses Enter or Tab; ``leads_on`` waits for the page that comes."""
        code = {"Enter": 13, "Tab": 9}[key]
        self._note(self._browser.events(self._session))
        for kind in ("keyDown", "keyUp"):
            letter = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **letter)
        if leads_on:
            self._await_load()

    def picture(self, selector: str = "") -> bytes:
        """The window, or the first element with all of it, as PNG."""
        wanted: dict[str, Any] = {"format": "png"}
        if selector:
            at = self.box(selector)
            clip = {"x": at["left"], "y": at["top"], "width": at["width"], "height": at["height"], "scale": 1}
            wanted |= {"clip": clip, "captureBeyondViewport": True}
        return base64.b64decode(self.send("Page.captureScreenshot", **wanted)["data"])

    def names(self) -> dict[str, list[str]]:
        """What a screen reader calls the page's elements, by role."""
        found: dict[str, list[str]] = {}
        for node in self.send("Accessibility.getFullAXTree")["nodes"]:
            if not node.get("ignored"):
                found.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
        return found

    def settle(self) -> list[str]:
        """Everything that the browser has complained of up to now."""
        self.evaluate("0")
        self._note(self._browser.events(self._session))
        return self.complaints

    def _await_load(self) -> None:
        limit = time.monotonic() + _PATIENCE
        while time.monotonic() < limit:
            event = self._browser.event(self._session)
            self._note([event])
            if event.get("method") == "Page.loadEventFired":
                # Only with its first frame a page takes input and gives an element the focus that it asks for.
                self.send("Page.captureScreenshot", clip={"x": 0, "y": 0, "width": 1, "height": 1, "scale": 1})
                return
        raise TimeoutError("the page does not come")

    def _note(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            values = event.get("params", {})
            match event.get("method"):
                case "Log.entryAdded":
                    entry = values["entry"]
                    self.complaints.append(f"{entry['level']}: {entry['text']} {entry.get('url', '')}")
                case "Runtime.consoleAPICalled":
                    said = " ".join(str(part.get("value", "")) for part in values["args"])
                    self.complaints.append(f"console.{values['type']}: {said}")
                case "Runtime.exceptionThrown":
                    details = values["exceptionDetails"]
                    self.complaints.append(f"exception: {details['text']} {details.get('url', '')}")
