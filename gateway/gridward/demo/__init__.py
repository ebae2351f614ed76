"""A simulated house that runs the real program: only the devices behind the ports are simulated."""

from gridward.demo.house import Summary, Wishes, run_demo

__all__ = ["Summary", "Wishes", "run_demo"]
