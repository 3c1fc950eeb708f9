"""Placeholder until the simulator's build lands."""
