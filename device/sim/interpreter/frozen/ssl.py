"""`ssl` for the simulator: what MicroPython 1.25's `tls` offers, under the names and with the safe defaults of CPython.

A client context demands a certificate that one of the loaded authorities has signed and that carries the server's name.
Certificates come as DER bytes or as PEM text (of which `load_verify_locations` takes all, `load_cert_chain` the first).
A server's name has to be a DNS name: mbedTLS compares no IP addresses.
"""

import binascii

import tls

CERT_NONE = tls.CERT_NONE
CERT_OPTIONAL = tls.CERT_OPTIONAL
CERT_REQUIRED = tls.CERT_REQUIRED
PROTOCOL_TLS_CLIENT = tls.PROTOCOL_TLS_CLIENT
PROTOCOL_TLS_SERVER = tls.PROTOCOL_TLS_SERVER

_BEGIN = "-----BEGIN "
_END = "-----END "


class SSLContext:
    """Settings for connections of one kind, as on CPython."""

    def __init__(self, protocol):
        self._context = tls.SSLContext(protocol)
        self.check_hostname = protocol == PROTOCOL_TLS_CLIENT
        mode = CERT_REQUIRED if self.check_hostname else CERT_NONE
        self._context.verify_mode = mode  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def verify_mode(self):
        """CERT_NONE or CERT_REQUIRED; while host names are checked only the latter can be set."""
        return self._context.verify_mode  # pyright: ignore[reportAttributeAccessIssue]

    @verify_mode.setter
    def verify_mode(self, mode):
        if self.check_hostname and mode != CERT_REQUIRED:
            raise ValueError("check_hostname needs CERT_REQUIRED")
        self._context.verify_mode = mode  # pyright: ignore[reportAttributeAccessIssue]

    def load_verify_locations(self, cafile=None, cadata=None):
        """Trust the authorities in the file `cafile` (DER or PEM) or in `cadata` (DER bytes or PEM text)."""
        if cafile is not None:
            cadata = _read(cafile)
        if cadata is None:
            raise TypeError("cafile or cadata is needed")
        for certificate in _der(cadata):
            self._context.load_verify_locations(certificate)

    def load_cert_chain(self, certfile, keyfile):
        """Show this certificate; both are names of files (DER or PEM), or their content."""
        self._context.load_cert_chain(_der(_read(certfile))[0], _der(_read(keyfile))[0])

    def wrap_socket(self, sock, server_side=False, do_handshake_on_connect=True, server_hostname=None):
        """The encrypted stream over `sock`; raises OSError or ValueError if the peer is not who it should be."""
        if self.check_hostname and not server_hostname:
            raise ValueError("check_hostname needs server_hostname")
        return self._context.wrap_socket(
            sock,
            server_side=server_side,
            do_handshake_on_connect=do_handshake_on_connect,
            server_hostname=server_hostname,
        )


def create_default_context(cafile=None, cadata=None):
    """A client context that trusts these authorities and no others (the box has no system-wide ones)."""
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile, cadata)
    return context


def _read(name):
    if isinstance(name, (bytes, bytearray)):
        return name
    with open(name, "rb") as file:
        return file.read()


def _der(data):
    """The DER blocks in `data`."""
    if isinstance(data, (bytes, bytearray)):
        if bytes(data[: len(_BEGIN)]) != _BEGIN.encode():
            return [data]
        data = data.decode()
    blocks = []
    for block in data.split(_BEGIN)[1:]:
        lines = block.split(_END)[0].split("\n")[1:]
        blocks.append(binascii.a2b_base64("".join(line.strip() for line in lines)))
    if not blocks:
        raise ValueError("no certificate in PEM form")
    return blocks
