#!/usr/bin/env python3
"""The layer rule, read from the include lines: layers.py ROOT prints every violation and exits 1 if there is one.

A rule belongs to a folder (the longest matching prefix wins) and lists what its files may include. Includes are sorted into
kinds: "std", "posix", "absl", "fmt", "proto" (generated), an outside library by its name, or a path of ours from the root.
"""

import fnmatch
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SERVICES = ("data", "signal", "backtest", "training", "registry", "orchestrator", "gateway")

TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "Makefile", "README.md", "docker-compose.yml", ".clang-format", ".clang-tidy",
             ".gitignore", ".dockerignore", ".ci", "proto", "common", "services", "config", "deploy", "tests"}

# Outside libraries by the beginning of the include path.
OUTSIDE = {"grpc/": "grpc", "grpcpp/": "grpc", "google/protobuf/": "protobuf", "pqxx/": "pqxx", "libpq-fe.h": "libpq",
           "curl/": "curl", "spdlog/": "spdlog", "prometheus/": "prometheus", "yaml-cpp/": "yaml", "nlohmann/": "json",
           "zstd.h": "zstd", "zlib.h": "zlib", "openssl/": "crypto", "xgboost/": "xgboost", "gtest/": "test", "gmock/": "test",
           "benchmark/": "test"}

# What pure code must not touch although the language offers it: I/O, clocks, threads, global randomness.
IMPURE_STD = {"iostream", "fstream", "filesystem", "cstdio", "thread", "mutex", "shared_mutex", "condition_variable", "future",
              "chrono", "ctime", "random", "csignal", "stop_token", "semaphore", "barrier", "latch"}
IMPURE_ABSL = ("absl/time/clock.h", "absl/synchronization/", "absl/random/")
IMPURE_OURS = ("common/base/clock.h", "common/base/parallel.h")

L0 = ["std", "posix", "absl", "fmt", "common/base/", "common/component/"]
PURE = ["pure std", "pure absl", "fmt", "pure common/base/", "common/component/", "common/quant/"]
BELOW_APP = ["std", "absl", "fmt", "common/base/", "common/component/", "common/quant/", "common/jobs/job.h", "common/resilience/"]
ADAPTER = BELOW_APP + ["posix", "common/telemetry/"]
EVERYTHING_COMMON = ["std", "posix", "absl", "fmt", "proto", "grpc", "protobuf", "json", "yaml", "common/"]


def rules():
    """Folder or file prefix -> what it may include. Own folder is always allowed."""
    table = {
        "common/base/": ["std", "posix", "absl", "fmt"],
        "common/base/hash.cc": ["std", "posix", "absl", "fmt", "crypto", "common/base/"],
        "common/component/": L0,
        "common/quant/": PURE,
        "common/jobs/job.": PURE,
        "common/jobs/": BELOW_APP + ["posix", "common/jobs/", "common/postgres/", "common/telemetry/"],
        "common/resilience/": BELOW_APP + ["common/clients/", "common/telemetry/", "common/http/", "common/jobs/"],
        "common/postgres/": ADAPTER + ["pqxx", "libpq"],
        "common/columnar/": ADAPTER + ["zstd", "zlib", "common/postgres/"],
        "common/http/": ADAPTER + ["curl", "json"],
        "common/telemetry/": BELOW_APP + ["posix", "spdlog", "prometheus", "json"],
        "common/security/": ADAPTER + ["crypto", "yaml"],
        "common/config/": ADAPTER + ["yaml", "protobuf", "proto"],
        "common/rpc/": ADAPTER + ["grpc", "protobuf", "proto", "crypto", "common/jobs/", "common/security/"],
        "common/clients/": ADAPTER + ["grpc", "protobuf", "proto", "common/rpc/", "common/columnar/"],
        "common/clients/data_client.cc": ADAPTER + ["grpc", "protobuf", "proto", "common/clients/", "common/rpc/", "common/columnar/"],
        # Shows no outside type: the ports that apps see.
        "common/clients/*.h": BELOW_APP + ["common/clients/"],
        # The inside of data_client.cc, which nobody else sees.
        "common/clients/data_read.": ADAPTER + ["grpc", "protobuf", "proto", "common/clients/", "common/rpc/", "common/columnar/"],
        # The shared half of every main: edge, like the mains themselves.
        "common/process/": EVERYTHING_COMMON,
        "services/cli/": EVERYTHING_COMMON + ["zlib"],
        "services/standalone/": EVERYTHING_COMMON + ["libpq"] + [f"services/{name}/module.h" for name in SERVICES],
        "tests/": ["*"],
    }
    for name in SERVICES:
        home = f"services/{name}/"
        table[home + "domain/"] = PURE + ["common/jobs/job.h"]
        table[home + "app/"] = BELOW_APP + [home + "domain/", home + "store/", "common/clients/", "common/telemetry/", "common/http/",
                                            "common/jobs/"]
        table[home + "store/"] = ADAPTER + ["json", home + "domain/", "common/jobs/", "common/postgres/", "common/columnar/"]
        table[home] = EVERYTHING_COMMON + [home]
    table["services/data/sources/"] = ADAPTER + ["json", "zlib", "services/data/domain/", "common/http/"]
    table["services/training/domain/models/"] = ADAPTER + ["xgboost", "json", "services/training/domain/"]
    return table


def kind_of(path, quote):
    """The kind of an include, or the path itself when it is ours."""
    if path.endswith(".pb.h"):
        return "proto"
    if path.startswith(("common/", "services/", "tests/")):
        return path
    for prefix, name in OUTSIDE.items():
        if path.startswith(prefix):
            return name
    if path.startswith("absl/"):
        return "absl"
    if path.startswith("fmt/"):
        return "fmt"
    if quote == '"':
        return "relative"
    return "posix" if "/" in path or path.endswith(".h") else "std"


def allows(entry, kind, path):
    if entry == "*":
        return True
    if entry.startswith("pure "):
        entry = entry.removeprefix("pure ")
        if path in IMPURE_STD or path.startswith(IMPURE_ABSL) or path.startswith(IMPURE_OURS):
            return False
    return kind == entry or (entry.endswith(("/", ".h")) and kind.startswith(entry))


def rule_for(file, table):
    best = None
    for prefix in table:
        matches = fnmatch.fnmatch(file, prefix) if "*" in prefix else file.startswith(prefix)
        if matches and (best is None or len(prefix) > len(best)):
            best = prefix
    return best


def check_file(file, text, table):
    prefix = rule_for(file, table)
    if prefix is None:
        return [f"{file}: no layer has this folder"]
    found = []
    # Its own folder: what stands beside a file is of the same layer, except where a longer rule says otherwise.
    own = "" if prefix.startswith("common/jobs/job.") or "*" in prefix else file.rsplit("/", 1)[0] + "/"
    home = prefix if prefix.endswith("/") and prefix.count("/") > 1 else own
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            quote, path = match.groups()
            kind = kind_of(path, quote)
            itself = path.rsplit(".", 1)[0] == file.rsplit(".", 1)[0]
            inside = home and path.startswith(home) and rule_for(path, table) == prefix
            if not itself and not inside and not any(allows(entry, kind, path) for entry in table[prefix]):
                found.append(f"{file}:{number}: {prefix} must not include {path}")
        if "pqxx::" in line and not file.startswith(("common/postgres/", "tests/")):
            found.append(f"{file}:{number}: pqxx is used through common/postgres only")
    return found


def tracked_files(root):
    listing = subprocess.run(["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"],
                             stdout=subprocess.PIPE, text=True, check=False)
    if listing.returncode == 0:
        return [file for file in listing.stdout.splitlines() if (root / file).is_file()]
    return [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and "build" not in path.parts]


def check_tree(root):
    """Every violation of the tree at `root`, as text with file and line."""
    table = rules()
    found = []
    files = tracked_files(root)
    for entry in sorted({file.split("/")[0] for file in files} - TOP_LEVEL):
        found.append(f"{entry}: not a top-level name of this repository")
    for file in files:
        if file.endswith((".h", ".cc", ".inc")) and file.startswith(("common/", "services/", "tests/")):
            found += check_file(file, (root / file).read_text(encoding="utf-8"), table)
    return found


def main():
    found = check_tree(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found) if found else "layers: every include is allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
