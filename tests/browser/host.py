"""A static host on this machine, and the exercise that is tried on a page of the book."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

BASE = "/~teacher/course/book/"
PAGE = "03_k_nearest_neighbours"
WRONG = """import numpy as np


def predict_labels(dists, y_train, k=1):
    order = np.argsort(-dists, axis=1, kind="stable")[:, :k]
    return np.array([np.bincount(row).argmax() for row in y_train[order]])"""
RIGHT = WRONG.replace("-dists", "dists")


class Host(SimpleHTTPRequestHandler):
    """A static host: nothing compressed, no word about caching, types from a table."""

    protocol_version = "HTTP/1.1"
    extra = {}  # noqa: RUF012
    types = {}  # noqa: RUF012

    def translate_path(self, path):
        return super().translate_path("/" + path.removeprefix(BASE).lstrip("/"))

    def guess_type(self, path):
        ending = "." + str(path).rpartition(".")[2]
        return self.types.get(ending) or super().guess_type(path)

    def end_headers(self):
        for name, value in self.extra.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_):
        pass


class Plain(Host):
    """`python -m http.server` on a USB stick."""


@contextmanager
def served(site, handler=Plain):
    """Serve a folder; yield the address of its top."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
