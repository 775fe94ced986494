"""A worker without a zygote: it gives up what it can, then serves one submission.

It is another user already when it starts; no root of its own is around it, so what that user can
see of the machine it can see too.
"""

import json
import socket
import sys
from typing import NoReturn

from cs231n_lib.course.inside import isolation, worker


def main() -> NoReturn:
    """Give up processes, network, and limits that could be raised; then serve."""
    options = json.loads(sys.argv[1])
    connection = socket.socket(fileno=options["connection"])
    isolation.close_all_but(connection.fileno())
    isolation.forbid_dumps()
    isolation.set_limits(options["limits"], own_count=False)
    isolation.forbid_processes()
    reader, writer = connection.makefile("rb"), connection.makefile("wb")
    worker.run(reader, writer, options["limits"], options["blocked"])
