"""A throwaway certificate authority for an imitation with TLS."""

import ssl
from pathlib import Path

from tests.app.certificates import Authority


def server_context(folder: Path, host: str = "localhost") -> tuple[ssl.SSLContext, Path]:
    """(what the server uses, the authority's PEM file that clients trust); files go to `folder`."""
    authority = Authority(folder, "imitation-ca")
    certificate, key = authority.server(host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, authority.file
