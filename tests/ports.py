"""Ports for servers that a test starts: whoever runs beside it has others."""

import socket


def free_ports(count):
    """Return so many ports that the system gives to nobody else just now."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
