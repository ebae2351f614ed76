"""A peer on Daly's line: the package dalybms, all nine commands; processor and wall seconds of a poll.

Arguments: port, number of polls.
"""

import logging
import sys
import time

from dalybms import DalyBMS


def main(url: str, polls: int) -> None:
    """Read all again and again."""
    logging.disable(logging.CRITICAL)
    pack = DalyBMS()
    pack.connect(url)
    begun = began = 0.0
    for number in range(polls + 1):
        if number == 1:
            begun, began = time.process_time(), time.monotonic()
        pack.get_all()
    spent, took = time.process_time() - begun, time.monotonic() - began
    sys.stdout.write(f"{spent / polls} {took / polls}\n")


main(sys.argv[1], int(sys.argv[2]))
