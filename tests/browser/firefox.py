"""Firefox, driven by the protocol that it speaks itself (WebDriver BiDi), as far as tests need it.

Playwright drives a Firefox of its own making only; what readers have is the one of their system.
"""

import json
import shutil
import subprocess
import tempfile
import time

CALL = """async (source, value) => {
  const found = (0, eval)(`(${source})`);
  const answer = await (typeof found === "function" ? found(JSON.parse(value)) : found);
  return JSON.stringify(answer ?? null);
}"""
PREFERENCES = 'user_pref("app.normandy.enabled", false);\nuser_pref("app.update.auto", false);\n'


def find():
    """Return the path of a Firefox, or None."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """A browser with a profile of its own, without a window; use it in a ``with`` statement."""

    def __init__(self, program):
        import websocket

        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        with open(f"{self.profile.name}/user.js", "w") as file:
            file.write(PREFERENCES)
        command = [program, "--headless", "--no-remote", "--remote-debugging-port=0"]
        self.process = subprocess.Popen(
            [*command, "--profile", self.profile.name],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        said = []
        for line in self.process.stderr:
            said.append(line)
            if "listening on ws://" in line:
                address = line.strip().rpartition(" ")[2]
                break
        else:
            raise RuntimeError("Firefox did not start: " + "".join(said))
        self.socket = websocket.create_connection(
            f"{address}/session", suppress_origin=True, timeout=600
        )
        self.asked = 0
        self.send("session.new", capabilities={})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.profile.cleanup()

    def send(self, method, **params):
        """Send a command and wait for its result; what happens meanwhile is passed over."""
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.asked:
            pass
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    def new_page(self):
        """Open a tab."""
        return Page(self, self.send("browsingContext.create", type="tab")["context"])


class Page:
    """A tab, with the few of Playwright's words that the tests of the engine use."""

    def __init__(self, browser, context):
        self.browser, self.context = browser, context

    def goto(self, address):
        """Load a page and wait until it is loaded."""
        self.browser.send(
            "browsingContext.navigate", context=self.context, url=address, wait="complete"
        )

    def evaluate(self, source, value=None):
        """Return what an expression is, or what a function gives back for ``value``."""
        found = self.browser.send(
            "script.callFunction", functionDeclaration=CALL, awaitPromise=True,
            target={"context": self.context},
            arguments=[{"type": "string", "value": text} for text in (source, json.dumps(value))],
        )  # fmt: skip
        if found["type"] == "exception":
            raise RuntimeError(found["exceptionDetails"]["text"])
        return json.loads(found["result"]["value"])

    def wait_for_function(self, source, timeout=300_000):
        """Wait until an expression is true."""
        ends = time.monotonic() + timeout / 1000
        while not self.evaluate(f"Boolean({source})"):
            if time.monotonic() > ends:
                raise TimeoutError(f"{source} did not become true within {timeout / 1000:g} s")
            time.sleep(0.05)

    def close(self):
        """Close the tab."""
        self.browser.send("browsingContext.close", context=self.context)
