"""TLS of the simulated box: asyncio client against a server with a certificate of our own authority."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.device.sim.interpreter import ENVIRONMENT, ROOT, command, run

CLIENT = """
    import asyncio, ssl, sys
    port, ca, name = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    async def main():
        context = ssl.create_default_context(cafile=ca)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
        writer.write(b"hello\\n")
        await writer.drain()
        print((await reader.readline()).decode().strip())
    try:
        asyncio.run(main())
    except (OSError, ValueError) as error:
        print("refused", error)
"""


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def make_authority(folder: Path, name: str) -> Path:
    certificate = folder / f"{name}.pem"
    key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        str(folder / f"{name}.key"),
    ]
    openssl("req", "-x509", *key, "-subj", f"/CN={name}", "-days", "2", "-out", str(certificate))
    return certificate


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ours.pem (authority), other.pem (another one), server.pem and server.key (signed by ours)."""
    folder = tmp_path_factory.mktemp("tls")
    make_authority(folder, "ours")
    make_authority(folder, "other")
    openssl("x509", "-in", str(folder / "ours.pem"), "-outform", "DER", "-out", str(folder / "ours.der"))
    (folder / "both.pem").write_text((folder / "other.pem").read_text() + (folder / "ours.pem").read_text())
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(folder / "server.key")]
    openssl("req", *key, "-subj", "/CN=server", "-out", str(folder / "server.csr"))
    (folder / "names").write_text("subjectAltName=DNS:broker.test\n")
    signer = ["-CA", str(folder / "ours.pem"), "-CAkey", str(folder / "ours.key"), "-CAcreateserial"]
    request = ["-req", "-in", str(folder / "server.csr"), "-extfile", str(folder / "names"), "-days", "2"]
    openssl("x509", *request, *signer, "-out", str(folder / "server.pem"))
    return folder


@asynccontextmanager
async def echo_server(certificates: Path) -> AsyncIterator[int]:
    """A TLS server on a free loopback port that answers one line."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"echo " + await reader.readline())
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def connect(certificates: Path, authority: str, name: str) -> str:
    async with echo_server(certificates) as port:
        process = await asyncio.create_subprocess_exec(
            *command(CLIENT, str(port), str(certificates / authority), name),
            cwd=ROOT,
            env=ENVIRONMENT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 60)
    return output.decode()


@pytest.mark.parametrize("authority", ["ours.pem", "ours.der", "both.pem"])
async def test_the_right_authority_and_name_are_accepted(certificates: Path, authority: str) -> None:
    assert await connect(certificates, authority, "broker.test") == "echo hello\n"


async def test_another_authority_is_refused(certificates: Path) -> None:
    assert (await connect(certificates, "other.pem", "broker.test")).startswith("refused")


async def test_another_name_is_refused(certificates: Path) -> None:
    assert (await connect(certificates, "ours.pem", "elsewhere.test")).startswith("refused")


async def test_the_address_does_not_stand_in_for_the_name(certificates: Path) -> None:
    assert (await connect(certificates, "ours.pem", "")).startswith("refused")


def test_a_client_context_cannot_be_made_to_trust_anybody() -> None:
    script = """
        import ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for attempt in (lambda: setattr(context, "verify_mode", ssl.CERT_NONE), lambda: context.wrap_socket(None)):
            try:
                attempt()
            except ValueError as error:
                print(error)
    """
    assert run(script) == ["check_hostname needs CERT_REQUIRED", "check_hostname needs server_hostname"]
