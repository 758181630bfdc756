"""Starts a program that dies with the process that started it: `launcher.py PARENT_PID SIGNAL PROGRAM ARGUMENT...`.

It runs as a script of its own (`python -I -S`), because setting the death signal between fork and exec is not safe
in a program that has threads. It replaces itself by the program, so the pid stays the same.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
# Python ignores SIGPIPE and SIGXFSZ, a shell may ignore SIGINT in its background jobs; what is ignored survives exec.
RESET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ)


def main(parent: int, death_signal: int, program: list[str]) -> None:
    """Reset the signals, tie the process to its parent (Linux only), become the program."""
    for number in RESET:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            sys.exit("the process that started this one is gone")
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
