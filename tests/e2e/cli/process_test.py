#!/usr/bin/env python3
"""How the programs behave as processes: ports, configuration, signals, a database that is away."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.suite import SERVICES, SOURCE, Postgres, Process, SixProcesses, Standalone, Suite, clean_environment, free_port  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
SERVERS = [f"breadthflow-{name}" for name in (*SERVICES, "standalone")]


def run(program, *words, timeout=60, **environment):
    done = subprocess.run([str(BIN / program), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=timeout, env=clean_environment(**environment))
    return done.returncode, done.stdout, done.stderr


class Configuration(unittest.TestCase):
    def test_every_server_has_help_and_a_version(self):
        for program in SERVERS:
            for flag in ("--help", "--version"):
                status, out, _ = run(program, flag)
                self.assertEqual(status, 0, program)
                self.assertIn(program, out)

    def test_the_shipped_files_are_good(self):
        for name in (*SERVICES, "standalone"):
            status, _, errors = run(f"breadthflow-{name}", "--config", str(SOURCE / f"config/{name}.yaml"), "--check-config",
                                    **({} if name == "standalone" else {"BREADTHFLOW_DATABASE_URL": "host=127.0.0.1 port=1"}))
            self.assertEqual(status, 0 if name == "standalone" else 3, errors)

    def test_wrong_files_end_with_78_and_every_error_on_a_line(self):
        with Suite(BIN) as suite:
            path = suite.folder / "wrong.yaml"
            path.write_text("server:\n  prot: 1\n  port: many\nnonsense: 1\njobs:\n  lease: 1s\n  heartbeat: 2s\n")
            for program in SERVERS:
                status, out, errors = run(program, "--config", str(path), BREADTHFLOW_DATABASE_URL="host=127.0.0.1 port=1")
                self.assertEqual(status, 78, program)
                self.assertEqual(out, "")
                lines = [line for line in errors.splitlines() if line]
                for text in ("wrong.yaml:2", "wrong.yaml:3", "wrong.yaml:4", "jobs.heartbeat"):
                    self.assertTrue(any(text in line for line in lines), f"{text} in {lines}")

    def test_wrong_environment_ends_with_78(self):
        status, _, errors = run("breadthflow-registry", BREADTHFLOW__SERVER__COLOUR="red", BREADTHFLOW_DATABASE_URL="host=127.0.0.1 port=1")
        self.assertEqual(status, 78)
        self.assertIn("BREADTHFLOW__SERVER__COLOUR", errors)
        status, _, errors = run("breadthflow-standalone", "--check-config", BREADTHFLOW__AUTH__SERVICE_KEY="one\ntwo")
        self.assertEqual(status, 78)
        self.assertIn("auth.service_key: the API key must be printable ASCII on one line: character 4 of 7", errors)

    def test_a_number_of_symbols_that_nobody_can_ask_for_at_once_is_refused(self):
        with Suite(BIN) as suite:
            for number in (-1, 65):
                status, out, errors = run("breadthflow-standalone", "--data-dir", str(suite.folder / "data"), BREADTHFLOW__SERVER__PORT=0,
                                          BREADTHFLOW__SERVER__METRICS_PORT=0, BREADTHFLOW__DATA__SYMBOLS_AT_ONCE=number)
                self.assertNotEqual(status, 0)
                self.assertEqual(out, "")
                self.assertIn(f"data.symbols_at_once: must be in [1, 64], was {number}", errors)

    def test_a_service_needs_a_database_to_be_named(self):
        status, _, errors = run("breadthflow-data")
        self.assertEqual(status, 78)
        self.assertIn("BREADTHFLOW_DATABASE_URL", errors)

    def test_a_file_that_is_not_there(self):
        self.assertEqual(run("breadthflow-data", "--config", "/no/such.yaml", BREADTHFLOW_DATABASE_URL="host=127.0.0.1 port=1")[0], 78)


class Ports(unittest.TestCase):
    def test_a_taken_port_is_one_clear_line_and_exit_1(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for variable in ("BREADTHFLOW__SERVER__PORT", "BREADTHFLOW__SERVER__METRICS_PORT"):
                environment = {"BREADTHFLOW__SERVER__PORT": 0, "BREADTHFLOW__SERVER__METRICS_PORT": 0, variable: port}
                status, out, errors = run("breadthflow-registry", BREADTHFLOW_DATABASE_URL="host=127.0.0.1 port=1", **environment)
                self.assertEqual(status, 1, errors)
                self.assertEqual(out, "")
                self.assertEqual(len([line for line in errors.splitlines() if str(port) in line]), 1, errors)


class DatabaseAway(unittest.TestCase):
    def test_a_server_waits_for_it_says_so_and_recovers_and_survives_losing_it(self):
        with Suite(BIN) as suite:
            postgres = Postgres(suite.folder)
            postgres.stop()
            environment = {"BREADTHFLOW_DATABASE_URL": postgres.url, "BREADTHFLOW__SERVER__PORT": free_port(), "BREADTHFLOW__SERVER__METRICS_PORT": 0}
            self.assertEqual(run("breadthflow-registry", "--check-config", **environment)[0], 3)
            process = Process(BIN / "breadthflow-registry", suite.folder, [], clean_environment(**environment))
            suite.processes["registry"] = process.spawn()
            server = f"registry=127.0.0.1:{environment['BREADTHFLOW__SERVER__PORT']}"

            def cli(*words):
                status, out, errors = run("breadthflow", "--server", server, "--output", "json", *words)
                return status, out, errors

            deadline = time.monotonic() + 30
            while "NOT_SERVING" not in cli("ops", "health")[1] and time.monotonic() < deadline:
                time.sleep(0.1)
            status, out, _ = cli("ops", "health")
            self.assertEqual(status, 3)
            self.assertIn("NOT_SERVING", out)
            status, out, errors = cli("components", "list")
            self.assertEqual((status, out), (3, ""), errors)
            self.assertIsNone(process.process.poll(), "it ended without its database")
            warnings = [line for line in process.log().splitlines() if "waiting for the database" in line]
            self.assertEqual(len(warnings), 1, "one line a minute")

            postgres.start()
            process.wait_ready(30)
            self.assertEqual(cli("components", "list")[0], 0)
            status, _, errors = cli("data", "summary")
            self.assertEqual(status, 2)
            self.assertIn("--server data=HOST:PORT,", errors)
            status, _, errors = run("breadthflow", "--server", server.split("=")[1], "doctor")
            self.assertEqual(status, 0)
            self.assertIn("serves registry; not data, ", errors)
            postgres.stop()
            deadline = time.monotonic() + 15
            while cli("ops", "health")[0] == 0 and time.monotonic() < deadline:
                time.sleep(0.2)
            self.assertEqual(cli("ops", "health")[0], 3, "health did not notice")
            postgres.start()
            deadline = time.monotonic() + 15
            while cli("ops", "health")[0] != 0 and time.monotonic() < deadline:
                time.sleep(0.2)
            self.assertEqual(cli("ops", "health")[0], 0, process.log()[-2000:])
            self.assertEqual(cli("components", "list")[0], 0)
            self.assertEqual(process.stop(), 0, process.log()[-4000:])
            postgres.stop()


class Stopping(unittest.TestCase):
    def test_sigterm_drains_and_ends_with_0_in_one_process_and_in_six(self):
        with Standalone(BIN) as one:
            started = time.monotonic()
            self.assertEqual(one.process.stop(), 0, one.logs())
            self.assertLess(time.monotonic() - started, 30)
        with SixProcesses(BIN) as six:
            for name, process in six.processes.items():
                self.assertEqual(process.stop(), 0, name)

    def test_a_second_standalone_on_the_same_directory_is_refused(self):
        with Standalone(BIN) as one:
            status, out, errors = run("breadthflow-standalone", "--data-dir", str(one.folder / "data"), BREADTHFLOW__SERVER__PORT=0,
                                      BREADTHFLOW__SERVER__METRICS_PORT=0)
            self.assertEqual((status, out), (1, ""))
            self.assertIn("in use", errors)

    def test_a_standalone_that_was_killed_starts_again_with_its_data(self):
        with Standalone(BIN) as one:
            self.assertEqual(one.cli("data", "fetch", "--symbols", "AAPL", "--start", "2013-01-01", "--end", "2014-01-01").status, 0)
            before = one.cli("data", "summary").json
            one.process.kill()
            one.process.start()
            after = one.cli("data", "summary").json
            self.assertEqual([s["rowCount"] for s in after["series"]], [s["rowCount"] for s in before["series"]])

    def test_its_postgresql_is_gone_when_it_is(self):
        with Standalone(BIN) as one:
            pid = int((one.folder / "data/postgres/postmaster.pid").read_text().split()[0])
            one.process.stop()
            with self.assertRaises(ProcessLookupError):
                os.kill(pid, 0)

    def test_ctrl_c_cancels_the_run_that_the_command_waits_for(self):
        with Standalone(BIN) as one:
            command = one.popen("pipeline", "run", SOURCE / "config/pipelines/demo.yaml", "--set", "START=1990-01-01",
                                "--set", "SYMBOLS=" + ",".join(f"S{i}" for i in range(60)))
            deadline = time.monotonic() + 30
            while not one.cli("pipeline", "list").json.get("pipelineRuns") and time.monotonic() < deadline:
                time.sleep(0.05)
            command.send_signal(signal.SIGINT)
            out, errors = command.communicate(timeout=60)
            self.assertEqual(command.returncode, 1, errors)
            self.assertIn("asking", errors)
            self.assertEqual(json.loads(out)["job"]["state"], "STATE_CANCELLED")


if __name__ == "__main__":
    unittest.main()
