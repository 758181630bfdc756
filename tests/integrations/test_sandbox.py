"""The sandbox holds: each limit kills, the network is gone, nothing survives the caller."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from backoffice.integrations.video.sandbox import MIB, LimitExceeded, Limits, SandboxBroken, run

ROOMY = Limits(wall_s=30, cpu_s=20, memory_bytes=1024 * MIB, file_bytes=MIB)


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", textwrap.dedent(code)]


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


def test_lines_come_out_and_the_environment_is_empty(tmp_path: Path) -> None:
    lines: list[str] = []
    code = """
        import os, sys
        print(sorted(k for k in os.environ if k != 'LC_CTYPE')); print(os.getcwd()); print(os.nice(0))
        print('told', file=sys.stderr); sys.exit(3)
    """
    ended = run(python(code), limits=ROOMY, cwd=tmp_path, on_line=lines.append)
    assert lines == ["[]", str(tmp_path), str(min(19, os.nice(0) + 10))]
    assert (ended.returncode, ended.stderr) == (3, "told\n")


def test_the_wall_clock_kills_the_child_and_its_children(tmp_path: Path) -> None:
    pids: list[int] = []
    code = """
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'])
        print(child.pid, flush=True); time.sleep(600)
    """
    with pytest.raises(LimitExceeded) as caught:
        run(python(code), limits=replace(ROOMY, wall_s=1.5), cwd=tmp_path, on_line=lambda line: pids.append(int(line)))
    assert caught.value.limit == "wall_clock"
    assert len(pids) == 1
    assert wait_until_gone(pids[0])


def test_the_file_size_limit_kills(tmp_path: Path, ffmpeg: Path) -> None:
    argv = [str(ffmpeg), "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360", "-f", "rawvideo", "endless.raw"]
    with pytest.raises(LimitExceeded) as caught:
        run(argv, limits=replace(ROOMY, file_bytes=5 * MIB), cwd=tmp_path)
    assert caught.value.limit == "file_size"
    assert (tmp_path / "endless.raw").stat().st_size <= 5 * MIB


def test_the_cpu_limit_kills(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded) as caught:
        run(python("while True: pass"), limits=replace(ROOMY, cpu_s=1), cwd=tmp_path)
    assert caught.value.limit == "cpu"


def test_memory_and_open_files_are_limited(tmp_path: Path) -> None:
    ended = run(python("bytearray(2 * 1024**3)"), limits=ROOMY, cwd=tmp_path)
    assert ended.returncode == 1
    assert "MemoryError" in ended.stderr
    ended = run(python("x = [open('/dev/null') for _ in range(100)]"), limits=ROOMY, cwd=tmp_path)
    assert "Too many open files" in ended.stderr


def test_an_endless_line_is_stopped(tmp_path: Path) -> None:
    code = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    with pytest.raises(LimitExceeded) as caught:
        run(python(code), limits=ROOMY, cwd=tmp_path)
    assert caught.value.limit == "output"


def test_there_is_no_network_inside(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.3)
        port = canary.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)"
        assert subprocess.run(python(code), check=False).returncode == 0, "the canary answers outside"
        canary.accept()[0].close()
        try:
            ended = run(python(code), limits=replace(ROOMY, network_must_be_cut=True), cwd=tmp_path)
        except SandboxBroken:
            pytest.skip("NO NETWORK NAMESPACES ON THIS HOST: the sandbox cannot cut the network here")
        assert "Network is unreachable" in ended.stderr
        with pytest.raises(TimeoutError):
            canary.accept()


def test_privileges_cannot_be_won_back(tmp_path: Path) -> None:
    lines: list[str] = []
    run(python("print(open('/proc/self/status').read())"), limits=ROOMY, cwd=tmp_path, on_line=lines.append)
    assert "NoNewPrivs:\t1" in lines


def test_an_exception_from_outside_gets_through_and_kills(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    pids: list[int] = []
    outcome: list[str] = []

    def work() -> None:
        code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
        try:
            run(
                python(code),
                limits=replace(ROOMY, wall_s=60),
                cwd=tmp_path,
                on_line=lambda line: pids.append(int(line)),
            )
        except Stop:
            outcome.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 20
    while not pids and time.monotonic() < deadline:
        time.sleep(0.02)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Stop))
    thread.join(timeout=20)
    assert outcome == ["stopped"]
    assert wait_until_gone(pids[0])


def test_the_child_dies_with_a_killed_worker(tmp_path: Path) -> None:
    code = f"""
        import sys; from pathlib import Path
        from backoffice.integrations.video.sandbox import Limits, run
        code = 'import os, time; print(os.getpid(), flush=True); time.sleep(600)'
        limits = Limits(wall_s=60, cpu_s=60, memory_bytes=2**30, file_bytes=2**20)
        say = lambda line: print(line, flush=True)
        run([{sys.executable!r}, '-I', '-S', '-c', code], limits=limits, cwd=Path({str(tmp_path)!r}), on_line=say)
    """
    root = Path(__file__).parents[2]
    argv = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=root, text=True) as worker:
        assert worker.stdout is not None
        child = int(worker.stdout.readline())
        assert is_alive(child)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert wait_until_gone(child)


def test_a_program_that_does_not_exist_is_the_operators_problem(tmp_path: Path) -> None:
    with pytest.raises(SandboxBroken, match="No such file"):
        run(["/nowhere/ffmpeg"], limits=ROOMY, cwd=tmp_path)
