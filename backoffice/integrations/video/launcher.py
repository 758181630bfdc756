"""Runs as a script, never imported: takes its own rights away, then becomes the command it was given.

argv: a JSON object (see `sandbox.run`), then the command. A script of its own and not a `preexec_fn`, because the
workers have threads and Python between fork and exec may deadlock there.
"""

import ctypes
import json
import os
import resource
import signal
import sys

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
BROKEN = 97

libc = ctypes.CDLL(None, use_errno=True)


def leave_network() -> bool:
    """Whether the process now stands in an empty network namespace; without root that takes a user namespace too."""
    if os.geteuid() == 0 and libc.unshare(CLONE_NEWNET) == 0:
        return True
    return bool(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def main() -> None:
    options, command = json.loads(sys.argv[1]), sys.argv[2:]
    if not leave_network() and options["network_must_be_cut"]:
        raise OSError(ctypes.get_errno(), "no network namespace can be made here")
    # After the namespaces: a change of credentials clears the death signal.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != options["parent"]:
        raise ProcessLookupError("the worker died before its child began")
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.nice(10)
    for name, (soft, hard) in options["rlimits"].items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (soft, hard))
    # Python ignores these two and an ignored signal stays ignored over exec: the size limit would not kill.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execve(command[0], command, {})


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"launcher: {error}\n")
        sys.stderr.flush()
        os._exit(BROKEN)
