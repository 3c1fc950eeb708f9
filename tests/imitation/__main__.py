"""`python -m tests.imitation --api anthropic --port 0 [--tls DIR] [--key KEY]`: serves until it is stopped.

Prints one line of JSON: {"url", "api", "key", "ca"?}.
"""

import argparse
import asyncio
import contextlib
import json
import signal
from pathlib import Path

from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.brain import think
from tests.imitation.openai import OpenAiImitation
from tests.imitation.tls import server_context

KINDS = {"anthropic": AnthropicImitation, "openai": OpenAiImitation}


async def _serve(args: argparse.Namespace) -> None:
    tls, ca = server_context(args.tls) if args.tls else (None, None)
    async with KINDS[args.api](args.key, brain=think, tls=tls, port=args.port) as server:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        said = {"url": server.url, "api": args.api, "key": args.key}
        print(json.dumps(said | ({"ca": str(ca)} if ca else {})), flush=True)
        await stopped.wait()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.imitation", description=__doc__)
    parser.add_argument("--api", choices=sorted(KINDS), default="anthropic")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", type=Path, metavar="DIR", help="serve TLS; certificates go there")
    parser.add_argument("--key", default="sk-fake-imitation", help="the key it accepts; '' (openai only) for none")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
