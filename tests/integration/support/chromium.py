# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page in a real browser: Chromium, spoken to through two pipes by the Chrome DevTools Protocol.

The protocol is described at https://chromedevtools.github.io/devtools-protocol; with ``--remote-debugging-pipe`` it
needs no port and no library: Chromium reads commands from descriptor 3 and answers on 4, each a JSON text that a zero
byte ends.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Under these names Debian and others install it.
PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

#: It sends nothing anywhere by itself, and runs as root, as in a container.
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--hide-scrollbars", "--force-color-profile=srgb", "--lang=en"),
)

#: Puts the descriptors in the arguments where Chromium looks for them.
_LAUNCH = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'

#: Seconds for a command; a machine that is busy with other tests needs some of them.
_TIMEOUT = 60

_KEYS = {"Tab": 9, "Enter": 13, " ": 32}


class Page:
    """A page of the browser, and all that it complained of and asked for since it was opened."""

    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe
        target = pipe.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = pipe.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(f"{domain}.enable")
        self.command("Performance.enable", timeDomain="threadTicks")

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol; its result. Raises RuntimeError if it is refused."""
        return self._pipe.command(method, session=self._session, **parameters)

    def open(self, address: str) -> None:
        """Load an address, and wait until all is there and the scripts have run."""
        self._pipe.events.clear()
        self.command("Page.navigate", url=address)
        self._pipe.wait_for("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript, which may be a promise. Raises RuntimeError if it throws."""
        answer = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        """The text of an element as it is shown."""
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")

    def texts(self, selector: str) -> list[str]:
        """The texts of all such elements."""
        return self.evaluate(f"Array.from(document.querySelectorAll({json.dumps(selector)}), e => e.innerText)")

    def press(self, key: str) -> None:
        """Press and release a key."""
        keys = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        text = {"Enter": "\r", " ": " "}.get(key)
        self.command("Input.dispatchKeyEvent", type="keyDown", **keys, **({"text": text} if text else {}))
        self.command("Input.dispatchKeyEvent", type="keyUp", **keys)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.command("Input.insertText", text=text)

    def set_screen(self, width: int, height: int, *, dark: bool = False, medium: str = "") -> None:
        """Be so large a screen (or paper, as ``medium``), in CSS pixels."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", media=medium, features=[scheme])

    def set_scripts(self, allowed: bool) -> None:
        """Run no script of the page from now on, or run them again."""
        self.command("Emulation.setScriptExecutionDisabled", value=not allowed)

    def screenshot(self, file: Path) -> None:
        """Write the whole page as PNG."""
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        answer = self.command("Page.captureScreenshot", captureBeyondViewport=True, clip={**size, "scale": 1})
        file.write_bytes(base64.b64decode(answer["data"]))

    def pdf(self, file: Path) -> None:
        """Print, as the page itself wants to be printed."""
        answer = self.command("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        file.write_bytes(base64.b64decode(answer["data"]))

    @property
    def work(self) -> float:
        """Seconds of processor time that the page has taken so far, whatever else keeps the machine busy."""
        (work,) = (
            metric["value"]
            for metric in self.command("Performance.getMetrics")["metrics"]
            if metric["name"] == "TaskDuration"
        )
        return work

    @property
    def complaints(self) -> list[str]:
        """What the console shows since the page was opened: errors and warnings of the browser, and of scripts."""
        told = {"Runtime.exceptionThrown": "exceptionDetails", "Log.entryAdded": "entry"}
        return [
            json.dumps(event["params"].get(told.get(event["method"]), event["params"]))
            for event in self._pipe.events
            if event["method"] in (*told, "Runtime.consoleAPICalled")
        ]

    @property
    def requests(self) -> list[str]:
        """The addresses that were asked for since the page was opened."""
        sent = (event for event in self._pipe.events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in sent]


@contextmanager
def opened(profile: Path) -> Iterator[Page]:
    """A page of a browser of its own, whose files lie in a new folder; both are gone afterwards."""
    with _Pipe() as pipe:
        command = [
            "bash",
            "-c",
            _LAUNCH,
            "bash",
            *map(str, pipe.theirs),
            PROGRAM,
            *_OPTIONS,
            f"--user-data-dir={profile}",
        ]
        with subprocess.Popen(
            command,
            pass_fds=pipe.theirs,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as browser:
            pipe.close_theirs()
            try:
                yield Page(pipe)
                pipe.command("Browser.close")
                browser.wait(_TIMEOUT)
            finally:
                browser.kill()


class _Pipe:
    """Commands and their answers; whatever else comes is kept in ``events``."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._number = 0
        self._unread = b""
        commands, self._commands = _high_pipe()
        self._answers, answers = _high_pipe()
        #: The ends that are the browser's.
        self.theirs = (commands, answers)

    def __enter__(self) -> _Pipe:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close_theirs()
        os.close(self._commands)
        os.close(self._answers)

    def close_theirs(self) -> None:
        """Leave their ends to the browser alone, so that its end shows."""
        for end in self.theirs:
            os.close(end)
        self.theirs = ()

    def command(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """See `Page.command`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        _write(self._commands, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda each: each.get("id") == message["id"], method)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait_for(self, event: str) -> None:
        """Return once an event has come since the events were last cleared."""
        if not any(each["method"] == event for each in self.events):
            self._until(lambda each: each.get("method") == event, event)

    def _until(self, fits: Any, what: str) -> Mapping[str, Any]:
        deadline = time.monotonic() + _TIMEOUT
        while True:
            message = self._next(deadline, what)
            if "method" in message:
                self.events.append(message)
            if fits(message):
                return message

    def _next(self, deadline: float, what: str) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready = select.select([self._answers], [], [], max(deadline - time.monotonic(), 0))[0]
            read = os.read(self._answers, 1 << 20) if ready else b""
            if not read:
                raise RuntimeError(f"Chromium {'has ended' if ready else 'does not answer'}: {what}")
            self._unread += read
        message, self._unread = self._unread.split(b"\0", 1)
        return json.loads(message)


def _high_pipe() -> tuple[int, int]:
    """A pipe whose descriptors are not those that it is to become in the browser."""
    low = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low]
    for end in low:
        os.close(end)
    return high[0], high[1]


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
