#!/usr/bin/env python3
"""Times the libraries that a user would pick instead, on this machine and in the same run as ours.

Prints {name: {"peer": ..., "value": ...}} for the names that run.py knows. Libraries that are not installed are left out and
named on standard error; `make bench-peers` installs what the package mirrors offer.
"""

import argparse
import json
import statistics
import sys
import time

BARS = 1_000_000
REPETITIONS = 5


def nanoseconds_per_bar(work):
    times = []
    for _ in range(REPETITIONS + 1):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1e9 / BARS)
    return statistics.median(times[1:])


def indicators():
    try:
        import numpy
        import talib
    except ImportError as error:
        print(f"peer left out: TA-Lib ({error})", file=sys.stderr)
        return {}
    random = numpy.random.default_rng(1)
    close = 100 * numpy.exp(numpy.cumsum(random.normal(0, 0.01, BARS)) * 0.01)
    high, low = close * 1.005, close * 0.995
    calls = {
        "sma": lambda: talib.SMA(close, 20),
        "ema": lambda: talib.EMA(close, 20),
        "rsi": lambda: talib.RSI(close, 14),
        "macd": lambda: talib.MACD(close, 12, 26, 9),
        "bollinger": lambda: talib.BBANDS(close, 20),
        "atr": lambda: talib.ATR(high, low, close, 14),
    }
    return {f"indicators.{name}_ns": {"peer": f"TA-Lib {talib.__version__}", "value": nanoseconds_per_bar(call)}
            for name, call in calls.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    results = {}
    if "indicators".startswith(options.only.split(".")[0]):
        results.update(indicators())
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
