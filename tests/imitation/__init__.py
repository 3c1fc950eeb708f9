"""Strict local imitations of model servers, over real HTTP and TLS: for tests, the demo and the benches.

`python -m tests.imitation --api anthropic --port 0` prints its address. They refuse what the real ones refuse.
"""
