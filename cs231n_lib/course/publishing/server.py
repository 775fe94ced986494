"""The live book: one Jupyter server gives the built pages and a kernel for each open page.

Who may run code?  Only a browser that was opened with the address shown in the terminal.
That address holds a ticket which works once and sets a signed cookie; there is no token
that could stand in a page, a log or the browser's history.  Pages of other sites get
nowhere: the cookie is not sent to them, requests need the page's own XSRF token, web
sockets the page's own origin, and a `Host` that is not this machine is refused.
"""

import asyncio
import hmac
import json
import logging
import os
import re
import secrets
import signal
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.utils import ensure_async
from rich.console import Console
from rich.markup import escape
from tornado.ioloop import PeriodicCallback
from tornado.netutil import bind_sockets
from tornado.web import StaticFileHandler
from traitlets import Bool, Unicode
from traitlets.config import Config

from cs231n_lib.course.checkout import sources
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.publishing import bounded
from cs231n_lib.course.publishing.build import build, html_folder, input_files
from cs231n_lib.course.publishing.engine.bundle import OFFER
from cs231n_lib.course.publishing.notebooks import KERNEL_ENVIRONMENT, KERNEL_OPTIONS

#: Nothing from or to another host.  Inline scripts and styles are what Sphinx pages and
#: the outputs of notebooks are made of.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob:",  # the engine in the page is interrupted through a blob
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
ALIASES = {"": "index.html", "favicon.ico": "_static/favicon.svg"}
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Ticket(IdentityProvider):
    """Signs a browser in by a ticket that works once; then shows the next one."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(token=secrets.token_hex(32), **settings)
        self.value = secrets.token_urlsafe(24)
        self.renewed: Callable[[], None] = lambda: None

    def redeem(self, handler: JupyterHandler, value: str) -> bool:
        """Sign the browser of this request in if ``value`` is the current ticket."""
        if not hmac.compare_digest(value.encode(), self.value.encode()):
            return False
        self.value = secrets.token_urlsafe(24)
        self.set_login_cookie(handler, self.generate_anonymous_user(handler))
        self.renewed()
        return True

    async def get_user_token(self, handler: Any) -> None:
        """Accept no token: neither in an address nor in a header."""
        return None

    def get_handlers(self) -> list[tuple[str, object]]:
        """Offer no login page."""
        return []


def _no_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Kernels(AsyncMappingKernelManager):
    """Keeps one kernel started ahead, so that a page gets its own at once."""

    spare: asyncio.Task[str] | None = None

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        #: Since when each kernel has no page.
        self.alone_since: dict[str, float] = {}

    def start_spare(self) -> None:
        """Start a kernel for the next page that asks."""
        self.spare = asyncio.create_task(self.start_fresh())

    async def start_fresh(self, **options: Any) -> str:
        """Start a kernel that keeps the terminal quiet and draws below the cell."""
        options["env"] = {**(options.get("env") or os.environ), **KERNEL_ENVIRONMENT}
        if os.name == "posix":
            # A kernel is interrupted before it is ended, and one that still loads its modules would
            # print where it was. While a cell runs, kernels listen by themselves.
            options["preexec_fn"] = _no_interrupt
        arguments = [*KERNEL_OPTIONS, f"--InteractiveShellApp.extra_extensions={bounded.__name__}"]
        return await self._async_start_kernel(extra_arguments=arguments, **options)

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Return the id of the spare kernel, or of a new one, and start the next spare."""
        ready, spare, self.spare = "", self.spare, None
        if spare:
            with suppress(Exception):  # whatever is wrong shows when a fresh one is started
                ready = await spare
        kernel_id = ready if ready in self else await self.start_fresh(**options)
        self.start_spare()
        return kernel_id

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel whose page went away without a word, busy or not (called now and then)."""
        waits = self.spare is not None and self.spare.done() and self.spare.result() == kernel_id
        if waits or self._kernel_connections.get(kernel_id):
            self.alone_since.pop(kernel_id, None)
            return
        now = time.monotonic()
        if now - self.alone_since.setdefault(kernel_id, now) > self.cull_idle_timeout:
            self.alone_since.pop(kernel_id)
            self.log.warning("a kernel that no page has used for a while is ended")
            await ensure_async(self.shutdown_kernel(kernel_id, now=True))


class Pages(JupyterHandler, StaticFileHandler):
    """Gives the built pages to anyone on this machine, and signs in who brings the ticket."""

    @allow_unauthenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """Give a file of the book; forget the ticket in the address once it is used."""
        ticket = self.get_query_argument("ticket", "")
        identity = cast(Ticket, self.identity_provider)
        if ticket and not self.current_user and not identity.redeem(self, ticket):
            self.send_error(
                403, reason="This address was used before; the terminal shows a new one"
            )
            return
        if ticket:
            self.redirect(f"{self.base_url}{path}")
            return
        if not path or path.endswith(".html"):
            self.xsrf_token  # noqa: B018  (sets the cookie that the page's requests must repeat)
        await super().get(ALIASES.get(path, path), include_body)

    @allow_unauthenticated
    async def head(self, path: str) -> None:
        """Give a file's headers."""
        await self.get(path, include_body=False)

    def compute_etag(self) -> None:
        """Rely on the time of change: a rebuilt page must not be taken for the old one."""
        return None

    def set_extra_headers(self, path: str) -> None:
        """Have the browser ask again for whatever has no version in its address."""
        self.set_header("Referrer-Policy", "same-origin")
        if "v" not in self.request.query_arguments:
            self.set_header("Cache-Control", "no-cache")

    def write_error(self, status_code: int, **details: Any) -> None:
        """Say what is wrong in one line, with a way back."""
        reason = "The book has no such page" if status_code == 404 else self._reason
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(
            f"<!doctype html><title>{status_code}</title><p>{reason}</p>"
            f'<a href="{self.base_url}">Book</a>'
        )


class Live(JupyterHandler):
    """Tells a page what can run its cells here; a static host has a file of this name, or none."""

    def initialize(self, site: Path) -> None:
        """Know the folder of the pages: they may carry an engine of their own."""
        self.site = site

    @allow_unauthenticated
    def get(self) -> None:
        """Answer whether this browser may run code and whether pages are rebuilt."""
        self.set_header("Cache-Control", "no-store")
        carried = self.site / OFFER
        engines = json.loads(carried.read_bytes())["engines"] if carried.is_file() else {}
        engines["jupyter"] = {"signedIn": bool(self.current_user)}
        self.finish({"watch": cast(BookServer, self.serverapp).watch, "engines": engines})


class BookServer(ServerApp):
    """A Jupyter server cut down to the book's pages and their kernels."""

    default_services = ("api", "kernels", "kernelspecs", "sessions")  # type: ignore[assignment]
    no_browser_open_file = True
    watch = Bool(False)
    behind = Unicode(help="Where a proxy shows this server.")

    def load_config_file(self, *args: Any, **options: Any) -> None:
        """Ignore the reader's settings for other Jupyter servers: they could open this one."""

    def init_httpserver(self) -> None:
        """Listen at once: who is shown the address may open it before the loop runs."""
        super().init_httpserver()
        self.sockets = bind_sockets(self.port, self.ip)

    def _bind_http_server_tcp(self) -> bool:
        """Answer, now that the loop runs, who has come to the sockets."""
        self.http_server.add_sockets(self.sockets)
        return True

    def init_signal(self) -> None:
        """Stop when asked to, without a question, but between two events of the loop.

        A signal may come in the middle of one, which would then miss what stopping removes.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.io_loop.add_callback_from_signal(self.stop))

    @property
    def address(self) -> str:
        """The address that signs a browser in, once."""
        ticket = cast(Ticket, self.identity_provider)
        if self.behind:
            return f"{self.behind}?ticket={ticket.value}"
        host = "localhost" if self.ip in (*LOOPBACK, "0.0.0.0", "::", "") else self.ip
        return f"http://{host}:{self.port}/?ticket={ticket.value}"


def make_server(
    html: Path,
    work: Path,
    *,
    ip: str = "localhost",
    port: int = 8888,
    watch: bool = False,
    alone: int = 300,
    behind: str = "",
) -> BookServer:
    """Return a server for the pages in ``html``, ready to be started.

    Parameters
    ----------
    html : Path
        The built pages.
    work : Path
        The folder in which kernels run.
    ip : str
        Where to listen.
    port : int
        The port wished for; the next free one is taken.
    watch : bool
        Whether pages should look for a newer version of themselves.
    alone : int
        Seconds after which a kernel without a page is ended.
    behind : str
        The address at which a proxy shows this server, ``https://hub.example.edu/book/`` say: the
        proxy has to leave path and host as they are.

    Raises
    ------
    UserError
        If ``behind`` is no address of a web page.
    """
    address = urlsplit(behind)
    if behind and (address.scheme not in ("http", "https") or not address.hostname):
        raise UserError(f"{behind!r} is no address; expected https://hub.example.edu/book/, say")
    base = f"/{address.path.strip('/')}/".replace("//", "/")
    config = Config()
    config.ServerApp.allow_root = True  # in a container; the server asks for a cookie anyway
    config.ServerApp.allow_unauthenticated_access = False
    config.ServerApp.identity_provider_class = Ticket
    config.ServerApp.kernel_manager_class = Kernels
    config.ServerApp.log_level = logging.WARNING
    config.ServerApp.root_dir = str(work)
    config.ServerApp.extra_log_scrub_param_keys = ["ticket"]
    config.ServerApp.tornado_settings = {
        "compress_response": True,
        "headers": {"Content-Security-Policy": CONTENT_SECURITY_POLICY},
        "ws_ping_interval": 0,  # a lost connection on one machine is noticed without pings
        "xsrf_cookie_kwargs": {"path": base, "samesite": "Strict"},
    }
    config.ServerApp.base_url = base
    if behind:
        config.ServerApp.local_hostnames = ["localhost", address.hostname]
        config.IdentityProvider.secure_cookie = address.scheme == "https"
        config.ServerApp.port_retries = 0  # the proxy knows one port
        behind = f"{address.scheme}://{address.netloc}{base}"
    config.IdentityProvider.cookie_options = {"samesite": "Strict"}
    # A page lets its kernel go when it is closed; these are left by browsers that crashed.
    config.MappingKernelManager.cull_idle_timeout = alone
    config.MappingKernelManager.cull_interval = max(1, alone // 5)
    server = BookServer(
        config=config, ip=ip, port=port, open_browser=False, watch=watch, behind=behind
    )
    server.initialize(argv=[], find_extensions=False)
    below = re.escape(base)
    pages = (rf"{below}(?!api/)(.*)", Pages, {"path": str(html)})
    live = (below + re.escape(OFFER), Live, {"site": html})
    server.web_app.add_handlers(".*$", [live, pages])
    server.io_loop.add_callback(cast(Kernels, server.kernel_manager).start_spare)
    return server


def serve(
    *, ip: str = "localhost", port: int = 8888, open_page: bool = True, watch: bool = False,
    behind: str = "",
) -> None:  # fmt: skip
    """Build the book if it is out of date, then serve it until interrupted.

    Raises
    ------
    UserError
        If the book does not build or the address cannot be listened on.
    """
    console = Console(highlight=False)
    with console.status("looking whether the book is up to date") as wheel:

        def show_step(step: str) -> None:
            if not console.is_terminal and not seen:
                console.print("building the book: a minute or two, the first time")
            seen.add(step)
            wheel.update(f"building the book: {escape(step)}")

        seen: set[str] = set()
        build(told=show_step)
    try:
        server = make_server(
            html_folder(), sources() / "book", ip=ip, port=port, watch=watch, behind=behind
        )
    except (OSError, SystemExit):
        raise UserError(f"nothing can listen on {ip}, port {port}: choose another") from None
    if ip not in LOOPBACK:
        console.print(
            f"[bold red]Warning:[/] --ip {ip} lets other machines reach this server. Who opens "
            "the address below first can run any program as you, and the connection is not "
            "encrypted."
        )

    def show(again: str = "") -> None:
        console.print(f"The live book{again}: [bold]{server.address}[/]", soft_wrap=True)
        if behind:
            console.print(f"The proxy finds it on {ip}, port {server.port}.")

    show()
    console.print("The address works once. Press Ctrl-C to stop.")
    cast(Ticket, server.identity_provider).renewed = lambda: show(", for another browser")
    if watch:
        Watcher(server.log).start()
    if open_page:
        open_browser(server.address)
    server.start()


class Watcher:
    """Rebuilds the changed pages while an author writes."""

    def __init__(self, log: logging.Logger, seconds: float = 1.0) -> None:
        self.log = log
        self.seen = self.look()
        self.timer = PeriodicCallback(self.rebuild_if_changed, 1000 * seconds)
        self.start = self.timer.start

    def look(self) -> dict[Path, int]:
        """Return when each input of the book was changed."""
        return {path: path.stat().st_mtime_ns for path in input_files() if path.exists()}

    async def rebuild_if_changed(self) -> None:
        """Build if something changed; a page that does not build is reported and left."""
        now = self.look()
        if now == self.seen:
            return
        self.seen = now
        try:
            rebuild = partial(build, fresh=False, quiet=True)
            await asyncio.get_running_loop().run_in_executor(None, rebuild)
        except UserError as error:
            self.log.warning("%s", error)


def open_browser(address: str) -> None:
    """Open ``address`` without showing the ticket to other users in the list of processes."""
    with tempfile.NamedTemporaryFile("w", suffix=".html", delete=False) as page:
        page.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={address}">')
    opener = threading.Timer(0.5, webbrowser.open, [Path(page.name).as_uri()])
    opener.daemon = True
    opener.start()
