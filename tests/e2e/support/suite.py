"""Starts the suite as users do, for tests: one process, or six with a PostgreSQL of their own.

Everything started here listens on free ports, writes its log to a folder of its own, and ends with the test, however that
ends. Leases are short, so that work is taken over quickly after a kill.
"""

import ctypes
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

SERVICES = ("data", "signal", "backtest", "training", "registry", "orchestrator")
SOURCE = pathlib.Path(__file__).resolve().parents[3]
QUICK_JOBS = {"BREADTHFLOW__JOBS__LEASE": "2s", "BREADTHFLOW__JOBS__HEARTBEAT": "500ms",
              "BREADTHFLOW__JOBS__RESCUE_INTERVAL": "500ms", "BREADTHFLOW__JOBS__POLL_INTERVAL": "100ms"}
POSTGRES_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


def free_port():
    """Below the range from which the system takes ports for connections: nobody has it when the program comes to it."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def clean_environment(**more):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BREADTHFLOW")}
    environment.update({name: str(value) for name, value in more.items()})
    return environment


class Process:
    """One server. `start` returns when it printed its ready line; `log` is what it wrote to standard error."""

    def __init__(self, program, folder, arguments=(), environment=None):
        self.program, self.arguments = pathlib.Path(program), list(arguments)
        self.environment = environment or clean_environment()
        self.log_path = pathlib.Path(folder) / f"{self.program.name}.log"
        self.process, self.ready = None, None

    def spawn(self):
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen([str(self.program), *self.arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=log, text=True, env=self.environment, preexec_fn=_die_with_parent)
        return self

    def wait_ready(self, timeout=120):
        lines = []
        reader = threading.Thread(target=lambda: lines.append(self.process.stdout.readline()), daemon=True)
        reader.start()
        reader.join(timeout)
        if not lines or not lines[0].startswith("ready "):
            raise AssertionError(f"{self.program.name} did not become ready: {lines}\n{self.log()[-4000:]}")
        self.ready = dict(part.split("=", 1) for part in lines[0].split()[1:])
        return self

    def start(self, timeout=120):
        return self.spawn().wait_ready(timeout)

    @property
    def address(self):
        return self.ready["grpc"]

    def log(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
            self.process.stdout.close()

    def stop(self, timeout=60):
        """SIGTERM; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout)
        self.process.stdout.close()
        return status


class Postgres:
    """A PostgreSQL for one test, on a unix socket in its folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "pg"
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        self.data.mkdir()
        if self.user:
            shutil.chown(self.folder, "postgres")
            shutil.chown(self.data, "postgres")
        subprocess.run([*self.user, str(POSTGRES_BIN / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                        "--locale=C", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.process = None
        self.start()

    @property
    def url(self):
        return f"host={self.folder} port=5432 user=postgres dbname=postgres"

    def start(self):
        """Also after a kill, when its children may still hold its memory for a moment."""
        for _ in range(20):
            if self._launch():
                return
            time.sleep(0.3)
        raise AssertionError((self.folder / "postgres.log").read_text()[-2000:])

    def _launch(self):
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        with open(self.folder / "postgres.log", "a") as log:
            self.process = subprocess.Popen([*self.user, str(POSTGRES_BIN / "postgres"), "-D", str(self.data), "-k", str(self.folder),
                                             "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "fsync=off"],
                                            stdout=log, stderr=subprocess.STDOUT, cwd="/", stdin=subprocess.DEVNULL,
                                            preexec_fn=_die_with_parent)
        for _ in range(600):
            status = self.data / "postmaster.pid"
            if status.exists() and "ready" in status.read_text():
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.05)
        return False

    def sql(self, text):
        return subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", self.url, "-c", text], check=True, stdout=subprocess.PIPE,
                              text=True, env=clean_environment()).stdout.strip()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


class Answer:
    """How a command of the CLI ended: `status`, `json` (standard output) and `people` (standard error)."""

    def __init__(self, done):
        self.status, self.out, self.people = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except json.JSONDecodeError:
            raise AssertionError(f"not JSON: {self!r}") from None

    def __repr__(self):
        return f"exit status {self.status}\n{self.out[-2000:]}\n{self.people[-4000:]}"


class Suite:
    """What both ways of running the suite have in common."""

    def __init__(self, bin_dir, environment=None):
        self.bin = pathlib.Path(bin_dir)
        self.extra = environment or {}
        # Short, since the path of a unix socket is; entered by user postgres.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bf-e2e-"))
        self.folder.chmod(0o755)
        self.processes = {}

    @property
    def server(self):
        raise NotImplementedError

    def cli(self, *words, timeout=300, output="json", environment=None, cwd=None):
        """Runs a command, in the folder `cwd`; results are JSON unless said otherwise."""
        command = [str(self.bin / "breadthflow"), "--server", self.server, "--output", output, *map(str, words)]
        return Answer(subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                     timeout=timeout, cwd=cwd, env=clean_environment(**(environment or {}))))

    def ask(self, *words, patience=60):
        """The JSON of a command that reads. A service whose database went away answers that it does not serve (exit status 3) until it
        noticed that the database is back, so it is asked again for `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            answer = self.cli(*words)
            if answer.status != 3 or time.monotonic() > deadline:
                return answer.json
            time.sleep(0.1)

    def popen(self, *words):
        """A command that goes on while the test does other things."""
        return subprocess.Popen([str(self.bin / "breadthflow"), "--server", self.server, "--output", "json", *map(str, words)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=clean_environment(), preexec_fn=_die_with_parent)

    def digest_of(self, pipeline_run):
        """The result digest of the backtest that a pipeline run made."""
        for step in pipeline_run["steps"]:
            if step["resource"].startswith("backtestRuns/"):
                return self.ask("backtest", "show", step["resource"])["digest"]
        raise AssertionError(f"no backtest in {pipeline_run['name']}")

    def run_pipeline(self, file, *flags, timeout=600):
        """(digest, run) of a pipeline that has to succeed."""
        answer = self.cli("pipeline", "run", file, *flags, timeout=timeout)
        if answer.status != 0:
            raise AssertionError(f"{answer!r}\n{self.logs()}")
        return self.digest_of(answer.json), answer.json

    def victims(self):
        """Names of what kill_and_restart can kill."""
        return sorted([*self.processes, "postgres"])

    def kill_and_restart(self, name):
        """kill -9 of one process; returns when what replaces it is ready."""
        if name == "postgres":
            self.kill_postgres()
        else:
            self.processes[name].kill()
            self.processes[name].start()

    def kill_postgres(self):
        raise NotImplementedError

    def logs(self, lines=15):
        return "\n".join(f"--- {name}\n" + "\n".join(process.log().splitlines()[-lines:]) for name, process in self.processes.items())

    def sql(self, text):
        raise NotImplementedError

    def close(self):
        for process in self.processes.values():
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Standalone(Suite):
    """All services in one process, with the private PostgreSQL it keeps."""

    def __init__(self, bin_dir, environment=None):
        super().__init__(bin_dir, environment)
        ports = {"BREADTHFLOW__SERVER__PORT": free_port(), "BREADTHFLOW__SERVER__METRICS_PORT": 0}
        self.process = Process(self.bin / "breadthflow-standalone", self.folder, ["--data-dir", str(self.folder / "data")],
                               clean_environment(**QUICK_JOBS, **ports, **self.extra))
        self.processes = {"standalone": self.process}
        self.process.start()

    @property
    def server(self):
        return f"127.0.0.1:{self.process.environment['BREADTHFLOW__SERVER__PORT']}"

    def sql(self, text):
        return subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", f"host={self.folder}/data/socket port=5432 user=postgres dbname=postgres",
                               "-c", text], check=True, stdout=subprocess.PIPE, text=True, env=clean_environment()).stdout.strip()

    def kill_postgres(self):
        """The suite starts it again by itself; one that was killed a moment ago may not be back yet."""
        deadline = time.monotonic() + 30
        while True:
            try:
                os.kill(int((self.folder / "data/postgres/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                return
            except (ProcessLookupError, FileNotFoundError, IndexError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def close(self):
        # Its PostgreSQL stops when it does; the folder can go only after that.
        if self.process.process and self.process.process.poll() is None:
            self.process.process.send_signal(signal.SIGTERM)
            try:
                self.process.process.wait(60)
            except subprocess.TimeoutExpired:
                pass
        super().close()


class SixProcesses(Suite):
    """Each service in a process of its own, on one PostgreSQL."""

    def __init__(self, bin_dir, environment=None):
        super().__init__(bin_dir, environment)
        self.postgres = Postgres(self.folder)
        self.ports = {name: free_port() for name in SERVICES}
        peers = {f"BREADTHFLOW__PEERS__{name.upper()}": f"127.0.0.1:{port}" for name, port in self.ports.items()}
        for name, port in self.ports.items():
            self.processes[name] = Process(self.bin / f"breadthflow-{name}", self.folder, [],
                                           clean_environment(BREADTHFLOW_DATABASE_URL=self.postgres.url, BREADTHFLOW__SERVER__PORT=port,
                                                             BREADTHFLOW__SERVER__METRICS_PORT=0, **QUICK_JOBS, **peers, **self.extra))
        for process in self.processes.values():
            process.spawn()
        for process in self.processes.values():
            process.wait_ready()

    @property
    def server(self):
        return ",".join(f"{name}=127.0.0.1:{port}" for name, port in self.ports.items())

    def sql(self, text):
        return self.postgres.sql(text)

    def kill_postgres(self):
        self.postgres.process.kill()
        self.postgres.process.wait()
        self.postgres.start()

    def close(self):
        for process in self.processes.values():
            process.kill()
        self.postgres.stop()
        super().close()


def bars_csv(folder, symbol, rows=None, header="date,open,high,low,close,volume,adj_close"):
    """Writes a CSV file of daily bars; `rows` are lines, default ten good ones."""
    if rows is None:
        days = ("03", "04", "05", "06", "07", "10", "11", "12", "13", "14")  # sessions of June 2013
        rows = [f"2013-06-{day},{100 + i}.0,{102 + i}.5,{99 + i}.0,{101 + i}.25,{1000000 + i},{101 + i}.25" for i, day in enumerate(days)]
    path = pathlib.Path(folder) / f"{symbol}.csv"
    path.write_text("\n".join([header, *rows]) + "\n" if header is not None else "")
    return path


def shared_bars():
    """The folder of real daily bars beside the checkout, or None."""
    folder = SOURCE.parent / "shared/data/bars/daily"
    return folder if folder.is_dir() else None
