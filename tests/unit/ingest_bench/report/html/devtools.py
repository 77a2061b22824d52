"""A headless Chromium, driven through its DevTools protocol: just what the tests of the HTML report need."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
LARGEST = 1 << 26
"""Bytes of a message: a screenshot of a long page is large."""
SHOWN_NODES = 3


def axe() -> str | None:
    """Return the script of axe-core, where its package is installed; nothing of that is imported."""
    found = importlib.util.find_spec("axe_playwright_python")
    return Path(found.origin).with_name("axe.min.js").read_text("utf-8") if found and found.origin else None


def chromium() -> str | None:
    """Return the command of the browser, where there is one."""
    return next((path for name in COMMANDS if (path := shutil.which(name))), None)


@contextmanager
def running(command: str, folder: Path) -> Iterator[str]:
    """Run the browser, with its profile in a folder; yields the address to drive it by."""
    arguments = [
        command,
        "--headless=new",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--force-device-scale-factor=1",
        # A sandbox can't be set up by root, nor in many containers; the pages are the tests' own.
        "--no-sandbox",
        "about:blank",
    ]
    process = subprocess.Popen(
        arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True
    )
    try:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"DevTools listening on (ws://\S+)", line):
                yield found[1]
                break
        else:
            raise RuntimeError(f"{command} ended with {process.wait()} before it could be driven")
    finally:
        os.killpg(process.pid, 9)
        process.communicate()


class Tab:
    """A tab: what it was asked for, what it answered, and what it reported meanwhile."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Speak through an open socket."""
        self._socket = socket
        self._session: str | None = None
        self._count = 0
        self.events: list[dict[str, Any]] = []

    async def open(self) -> None:
        """Make the tab, and have it report what it logs, throws and asks the network for."""
        target = await self.send("Target.createTarget", url="about:blank")
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.send(f"{domain}.enable")

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol, and return its result."""
        self._count += 1
        call: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            call["sessionId"] = self._session
        await self._socket.send_json(call)
        while True:
            message = await self._receive()
            if message.get("id") == self._count:
                assert "error" not in message, f"{method}: {message['error']}"
                result: dict[str, Any] = message["result"]
                return result

    async def show(self, page: str, width: int, height: int, scheme: str = "light") -> None:
        """Load an address at a width and in a colour scheme, to its load event."""
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        await self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        await self.send("Page.navigate", url=page)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            await self._receive()

    async def on_paper(self, width: int, scheme: str) -> None:
        """Lay the shown page out as for print, on paper with that many pixels between its margins."""
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=width, deviceScaleFactor=1, mobile=False
        )
        await self.send("Emulation.setScrollbarsHidden", hidden=True)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.send("Emulation.setEmulatedMedia", media="print", features=features)

    async def printed(self) -> bytes:
        """Print the shown page on A4, with an outline of its headings; returns the PDF file."""
        made = await self.send(
            "Page.printToPDF",
            paperWidth=8.27,
            paperHeight=11.69,
            preferCSSPageSize=True,
            generateTaggedPDF=True,
            generateDocumentOutline=True,
        )
        return base64.b64decode(made["data"])

    async def run(self, script: str) -> Any:
        """Evaluate an expression in the page, and return its value."""
        done = await self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    async def violations(self, script: str) -> list[str]:
        """List what axe-core finds in the page that was shown: each rule, and the first elements that break it."""
        await self.run(f"{script}; null")
        found = await self.run("axe.run(document, {resultTypes: ['violations']}).then((told) => told.violations)")
        return [
            f"{one['id']}: {one['help']}: {node['html'][:200]}" for one in found for node in one["nodes"][:SHOWN_NODES]
        ]

    async def click(self, script: str) -> None:
        """Click on the middle of the element that an expression gives, with a mouse as a person has it."""
        place = await self.run(
            f"(() => {{ const e = {script}; e.scrollIntoView({{block: 'center', inline: 'center'}}); "
            "const r = e.getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    async def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            await self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)

    async def picture(self, *, whole: bool = False) -> bytes:
        """Give what is seen, or the whole page, as a PNG image."""
        shot = await self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])

    def complaints(self) -> list[str]:
        """List errors and warnings that the page logged or threw."""
        thrown = [json.dumps(event["params"]) for event in self.events if event["method"] == "Runtime.exceptionThrown"]
        logged = [event["params"] for event in self.events if event["method"] == "Runtime.consoleAPICalled"]
        noted = [event["params"]["entry"] for event in self.events if event["method"] == "Log.entryAdded"]
        loud = [json.dumps(each) for each in logged if each["type"] in ("error", "warning", "assert")]
        return thrown + loud + [entry["text"] for entry in noted if entry["level"] in ("error", "warning")]

    def requests(self) -> list[str]:
        """List the addresses that were asked for since the page was shown."""
        asked = [event for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in asked]

    async def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = await self._socket.receive_json(timeout=60)
        if "method" in message:
            self.events.append(message)
        return message


@asynccontextmanager
async def tab(address: str) -> AsyncIterator[Tab]:
    """Open a tab in a running browser."""
    async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=LARGEST) as socket:
        opened = Tab(socket)
        await opened.open()
        yield opened
