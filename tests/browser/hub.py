"""A JupyterHub as a course's recipe sets it up, on accounts of its own.

The accounts stand in a list of users that only the hub and what it starts see; on the machine
nobody is added. So the hub is started as root, as on a real machine, and a student's server runs as
that student, whom the system itself keeps out of everybody else's files.
"""

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

from cs231n_lib.course import checkout
from tests.ports import free_ports

PEOPLE = ("anne", "bela", "prof")
FIRST = 20_000
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
#: What differs from the recipe: no passwords, ports that are free, a base address.
CHANGED = """
load_subconfig({recipe!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/course/"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.db_url = "sqlite:////srv/hub.sqlite"
c.JupyterHub.cookie_secret_file = "/srv/secret"
c.ConfigurableHTTPProxy.pid_file = "/srv/proxy.pid"
c.ConfigurableHTTPProxy.auth_token = "{token}"
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
"""


def why_not():
    """Return why no hub can be started here, or nothing."""
    if (
        find_spec("jupyterhub") is None
        or shutil.which("configurable-http-proxy", path=PATH) is None
    ):
        return "needs JupyterHub and its proxy (extra 'hub')"
    if os.getuid() != 0 or not all(map(shutil.which, ("bwrap", "setpriv", "unshare"))):
        return "needs root, bubblewrap, setpriv and unshare, for accounts that only the hub sees"
    return ""


def readable():
    """Return how Python and this checkout are laid where every account can read them."""
    laid, opened = [], set()
    for path in map(Path, (sys.base_prefix, sys.prefix, checkout.root())):
        above = [p for p in path.parents if p != Path("/")][::-1]
        closed = [p for p in above if not p.stat().st_mode & stat.S_IXOTH]
        if not closed:
            continue
        for folder in above[above.index(closed[0]) :]:
            if folder not in opened:
                kind = "--tmpfs" if folder == closed[0] else "--dir"
                laid += ["--perms", "0755", kind, str(folder)]
                opened.add(folder)
        laid += ["--ro-bind", str(path), str(path)]
    return laid


class Hub:
    """A machine with accounts: commands are run as one of them, and a hub is started on it."""

    def __init__(self, folder):
        self.srv = folder / "srv"
        users, groups = ["root:x:0:0::/root:/bin/sh"], ["root:x:0:"]
        for number, name in enumerate(PEOPLE, FIRST):
            users.append(f"{name}:x:{number}:{number}::/srv/people/{name}:/bin/sh")
            groups.append(f"{name}:x:{number}:")
            (self.srv / "people" / name).mkdir(parents=True, mode=0o700)
            os.chown(self.srv / "people" / name, number, number)
        (folder / "passwd").write_text("\n".join(users) + "\n")
        (folder / "group").write_text("\n".join(groups) + "\n")
        self.machine = [
            "bwrap", "--dev-bind", "/", "/", *readable(), "--bind", str(self.srv), "/srv",
            "--ro-bind", str(folder / "passwd"), "/etc/passwd",
            "--ro-bind", str(folder / "group"), "/etc/group",
            "--cap-add", "ALL", "--die-with-parent",
        ]  # fmt: skip
        self.port, self.hub_port, self.api_port = free_ports(3)
        self.address = f"http://127.0.0.1:{self.port}/course"
        self.process = None

    def run(self, *words, user="root", folder="/srv"):
        """Run a command on the machine; return what it says."""
        number = 0 if user == "root" else FIRST + PEOPLE.index(user)
        home = "/root" if user == "root" else f"/srv/people/{user}"
        enter = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"]
        done = subprocess.run(
            [*self.machine, "--chdir", folder, *(enter if number else []), *words],
            env={**os.environ, "HOME": home, "PATH": PATH}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def start(self, recipe):
        """Start a hub by the file of a recipe."""
        told = CHANGED.format(
            recipe=recipe, port=self.port, hub_port=self.hub_port, api_port=self.api_port,
            token="0" * 32,
        )  # fmt: skip
        (self.srv / "changed.py").write_text(told)
        log = (self.srv / "hub.log").open("wb")
        # With the first process of a space of its own, all that it started ends.
        own = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        self.process = subprocess.Popen(
            [*own, *self.machine, "--chdir", "/srv", "jupyterhub", "-f", "/srv/changed.py"],
            env={**os.environ, "PATH": PATH}, stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        until = time.monotonic() + 120
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError), urlopen(f"{self.address}/hub/health", timeout=10):
                return
            time.sleep(0.1)
        raise AssertionError((self.srv / "hub.log").read_text()[-3000:])

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=60)
