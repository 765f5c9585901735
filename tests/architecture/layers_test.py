#!/usr/bin/env python3
"""The tree keeps the layer rule, and the checker finds each kind of violation when one is planted."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import layers  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Tree(unittest.TestCase):
    def test_keeps_the_layer_rule(self):
        self.assertEqual(layers.check_tree(ROOT), [])


class PlantedViolations(unittest.TestCase):
    def violations(self, file, *lines):
        return layers.check_file(file, "\n".join(lines), layers.rules())

    def refused(self, file, include):
        self.assertEqual(len(self.violations(file, "#pragma once", f"#include {include}")), 1, f"{file} may include {include}")

    def allowed(self, file, include):
        self.assertEqual(self.violations(file, f"#include {include}"), [])

    def test_base_includes_nothing_above_it(self):
        for include in ('"common/quant/series.h"', '"common/postgres/database.h"', "<spdlog/spdlog.h>", '"google/rpc/status.pb.h"'):
            self.refused("common/base/ids.cc", include)
        self.refused("common/base/ids.cc", "<openssl/sha.h>")
        self.allowed("common/base/hash.cc", "<openssl/evp.h>")
        self.refused("common/base/status.h", '"common/component/params.h"')
        self.allowed("common/component/params.h", '"common/base/status.h"')

    def test_domain_is_pure(self):
        for home in ("common/quant/indicators/rsi.cc", "services/data/domain/quality.cc", "common/jobs/job.h"):
            for include in ("<thread>", "<fstream>", "<iostream>", "<chrono>", "<random>", "<unistd.h>", '"absl/time/clock.h"',
                            '"absl/synchronization/mutex.h"', '"common/base/clock.h"', '"breadthflow/data/v1/fetch.pb.h"',
                            "<grpcpp/grpcpp.h>", "<pqxx/pqxx>", "<curl/curl.h>", "<spdlog/spdlog.h>",
                            '"common/postgres/database.h"', '"common/telemetry/log.h"', '"common/clients/data_client.h"'):
                self.refused(home, include)
            self.allowed(home, '"common/quant/series.h"')
            self.allowed(home, '"absl/time/time.h"')

    def test_domain_does_not_know_app_store_or_another_service(self):
        for include in ('"services/data/app/fetcher.h"', '"services/data/store/data_store.h"', '"services/signal/domain/combine.h"'):
            self.refused("services/data/domain/quality.cc", include)

    def test_app_sees_ports_and_its_own_store_only(self):
        app = "services/backtest/app/backtester.cc"
        for include in ('"services/backtest/domain/simulator.h"', '"services/backtest/store/backtest_store.h"',
                        '"common/clients/data_client.h"', '"common/jobs/runner.h"', '"common/telemetry/log.h"'):
            self.allowed(app, include)
        for include in ('"breadthflow/backtest/v1/backtest.pb.h"', "<grpcpp/grpcpp.h>", "<pqxx/pqxx>", "<curl/curl.h>",
                        '"common/rpc/guard.h"', '"common/postgres/database.h"', '"common/columnar/chunk_store.h"',
                        '"services/data/store/data_store.h"', '"services/backtest/rpc/convert.h"', '"services/backtest/module.h"'):
            self.refused(app, include)

    def test_adapters_use_their_own_library_only(self):
        self.allowed("services/data/store/data_store.cc", '"common/postgres/database.h"')
        self.allowed("services/data/store/data_store.cc", '"common/columnar/chunk_store.h"')
        self.refused("services/data/store/data_store.cc", "<pqxx/pqxx>")
        self.refused("services/data/store/data_store.cc", '"common/rpc/guard.h"')
        self.refused("services/data/store/data_store.cc", '"breadthflow/data/v1/fetch.pb.h"')
        self.allowed("services/data/sources/yahoo.cc", '"common/http/http_client.h"')
        self.refused("services/data/sources/yahoo.cc", "<curl/curl.h>")
        self.allowed("services/training/domain/models/xgboost.cc", "<xgboost/c_api.h>")
        self.refused("services/training/domain/evaluation.cc", "<xgboost/c_api.h>")
        self.refused("common/http/curl_http_client.cc", "<pqxx/pqxx>")
        self.refused("common/postgres/database.cc", "<grpcpp/grpcpp.h>")
        self.refused("common/columnar/chunk_store.cc", '"common/rpc/convert.h"')

    def test_headers_of_clients_show_no_grpc(self):
        self.allowed("common/clients/data_client.cc", "<grpcpp/grpcpp.h>")
        self.refused("common/clients/data_client.h", "<grpcpp/grpcpp.h>")
        self.refused("common/clients/data_client.h", '"breadthflow/data/v1/data_service.grpc.pb.h"')
        self.refused("common/clients/data_client.h", '"common/rpc/channels.h"')

    def test_edge_of_a_service_does_not_reach_into_another(self):
        self.allowed("services/data/rpc/convert.cc", '"breadthflow/data/v1/fetch.pb.h"')
        self.allowed("services/data/module.cc", '"services/data/app/fetcher.h"')
        self.refused("services/data/module.cc", '"services/signal/module.h"')
        self.refused("services/cli/main.cc", '"services/data/domain/resource.h"')
        self.allowed("services/standalone/main.cc", '"services/data/module.h"')
        self.refused("services/standalone/main.cc", '"services/data/store/data_store.h"')

    def test_raw_connections_stay_in_the_postgres_wrapper(self):
        line = "pqxx::connection connection(url);"
        self.assertEqual(len(self.violations("services/data/store/data_store.cc", line)), 1)
        self.assertEqual(self.violations("common/postgres/pool.cc", line), [])

    def test_includes_are_written_from_the_root(self):
        self.refused("services/data/rpc/convert.cc", '"convert.h"')
        self.refused("common/quant/series.cc", '"../base/status.h"')

    def test_folders_that_no_layer_has_are_refused(self):
        self.assertEqual(len(self.violations("common/misc/things.cc", "int x;")), 1)
        self.assertEqual(len(self.violations("services/billing/app/bill.cc", "int x;")), 1)

    def test_names_at_the_top_are_fixed(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "common/base").mkdir(parents=True)
            (root / "common/base/a.cc").write_text('#include "services/data/app/fetcher.h"\n')
            (root / "notes.txt").write_text("x")
            found = layers.check_tree(root)
        self.assertEqual(len(found), 2)
        self.assertIn("notes.txt", found[0])
        self.assertIn("common/base/a.cc:1", found[1])


if __name__ == "__main__":
    unittest.main()
