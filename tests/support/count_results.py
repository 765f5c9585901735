#!/usr/bin/env python3
"""Counts what ctest ran: count_results.py RESULTS_DIR CTEST_STATUS.

RESULTS_DIR holds ctest.xml and one JUnit file per GoogleTest binary. A GoogleTest binary counts with its cases, a Python
check with its "Ran N tests", anything else as one. A binary that ended badly although its cases passed (a sanitizer's
report, a crash, a time limit) counts as one failure more. Prints what failed, with the end of what each printed; the last
line is `N passed, N failed`.
"""

import pathlib
import re
import sys
import textwrap
import xml.etree.ElementTree as ElementTree


def gtest_cases(path):
    """(passed, names of failed, skipped) of one GoogleTest JUnit file; None if it was cut off."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError:
        return None
    passed, failed, skipped = 0, [], 0
    for case in root.iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.get("status") == "notrun":
            continue
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def python_cases(output):
    """(passed, names of failed, skipped) of an unittest run, from what it printed; None if it printed no summary."""
    ran = re.search(r"^Ran (\d+) tests? in", output, re.MULTILINE)
    if not ran:
        return None
    failed = re.findall(r"^(?:FAIL|ERROR): (\S+)", output, re.MULTILINE)
    skipped = re.search(r"skipped=(\d+)", output)
    skips = int(skipped.group(1)) if skipped else 0
    return max(int(ran.group(1)) - len(set(failed)) - skips, 0), failed, skips


MESSAGE_LINES = 30


def gtest_messages(path):
    """What the failed cases of one GoogleTest JUnit file say."""
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        for failure in case.findall("failure"):
            yield f"{case.get('name')}: {failure.get('message')}"


def last_words(report, output):
    """Why a test failed, as far as it said so, in few lines."""
    if report.exists() and (cases := gtest_cases(report)) and cases[1]:
        lines = [line for message in gtest_messages(report) for line in message.splitlines()[:MESSAGE_LINES]]
        return "\n".join(lines[: 3 * MESSAGE_LINES])
    return "\n".join(output.rstrip().splitlines()[-MESSAGE_LINES:])


def count(results):
    passed, failed, skipped = 0, [], 0
    for test in ElementTree.parse(results / "ctest.xml").getroot().iter("testcase"):
        name = test.get("name")
        broken = test.get("status") != "run"
        report = results / f"{name}.xml"
        output = test.findtext("system-out") or ""
        cases = gtest_cases(report) if report.exists() else python_cases(output)
        if cases is None:
            cases = (0 if broken else 1, [], 0)
        passed, skipped = passed + cases[0], skipped + cases[2]
        failed += [f"{name}: {case}" for case in cases[1]]
        if broken and not cases[1]:
            failed.append(f"{name}: ended badly")
        if broken:
            print(f"--- {name}\n{textwrap.indent(last_words(report, output), '    ')}")
    return passed, failed, skipped


def main():
    results, status = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    if not (results / "ctest.xml").exists():
        print("no test ran", file=sys.stderr)
        print("0 passed, 1 failed")
        return 1
    passed, failed, skipped = count(results)
    if status != 0 and not failed:
        failed.append(f"ctest: exit status {status}")
    if failed:
        print("failed (all of the output is in ctest.log beside the results):")
        for name in failed:
            print(f"  {name}")
    if skipped:
        print(f"{skipped} skipped: what they need is not on this machine")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
