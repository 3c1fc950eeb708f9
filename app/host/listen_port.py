"""Whether a server could listen where it shall: asked before it is started, for an answer that names the remedy."""

import errno
import socket

from app.errors import SupervisorError


def check_port_free(bind: str, port: int, config: object) -> None:
    """Raises SupervisorError when nothing can listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SupervisorError(
                f"port {port} on {bind} is taken by another program",
                f"stop that one, or set another mqtt.port in {config}",
            ) from None
        raise SupervisorError(
            f"cannot listen on {bind} port {port}: {error.strerror}", f"correct mqtt.bind and mqtt.port in {config}"
        ) from None
