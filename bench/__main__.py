"""`make bench`: grants a second through the HTTP door beside pgbench writing the same rows; Slack; insights."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import baseline, insights, scene, slack
from bench.scene import CONNECTIONS, ORGANIZATIONS, Figures, Server
from tests.postgres import Postgres

REPORT = Path("build/bench.json")
VERIFIED = 5
"""Organizations whose chain and ledger are verified after the load."""


class Case(NamedTuple):
    """One question: grants spread over so many organizations."""

    name: str
    organizations: int
    target: float
    """The least ratio to pgbench that is wanted."""


CASES = (Case("give_50_organizations", ORGANIZATIONS, 0.5), Case("give_1_organization", 1, 1.0))


def main() -> None:
    """Measures in turns, so that the machine's noise meets both sides; prints medians only when the books are in order."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measurement (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each kind (default %(default)s)")
    parser.add_argument("--short", action="store_true", help="seconds in all, to see that it runs: the figures mean little")
    wanted = parser.parse_args()
    seconds, rounds = (1.0, 1) if wanted.short else (wanted.seconds, wanted.rounds)
    REPORT.unlink(missing_ok=True)
    postgres = scene.start_postgres()
    try:
        found = _measure(postgres, seconds, rounds)
        slack_found = slack.measure(postgres, slack.SHORT if wanted.short else slack.FULL)
        sizes, requests = (insights.SHORT, 20) if wanted.short else (insights.SIZES, insights.REQUESTS)
        insights_found = insights.measure(postgres, sizes, requests)
    finally:
        postgres.stop()
    report = {case.name: _summary(*found[case.name]) for case in CASES} | slack_found | insights_found
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    _show(report)
    slack.show(slack_found)
    insights.show(insights_found)


def _measure(postgres: Postgres, seconds: float, rounds: int) -> dict[str, tuple[list[Figures], list[float]]]:
    url = postgres.create("plaudit")
    pairs = asyncio.run(scene.found(url))
    copy = postgres.create("pgbench", template="plaudit")
    for database in (url, copy):
        baseline.settle(database)
    baseline.prepare(copy, pairs)
    found: dict[str, tuple[list[Figures], list[float]]] = {case.name: ([], []) for case in CASES}
    answers = 0
    with Server(url) as server:
        for number in range(rounds):
            for case in CASES:
                givers = pairs.over(case.organizations)
                figures = server.load(givers, seconds)
                answers += figures.answers
                per_s = baseline.run(copy, case.organizations, CONNECTIONS, seconds)
                found[case.name][0].append(figures)
                found[case.name][1].append(per_s)
                cpu = f", server CPU {figures.cpu_ms:.2f} ms a grant" if figures.cpu_ms else ""
                print(f"round {number + 1}, {case.name}: {figures.per_s:,.0f}/s{cpu}; pgbench {per_s:,.0f}/s", file=sys.stderr)
    # The copy writes the same double entries, so its ledger must hold, too; its chain is filled with bytes that say nothing.
    problems = asyncio.run(scene.problems(url, pairs, answers, VERIFIED)) + asyncio.run(
        scene.ledger_problems(copy, pairs, VERIFIED)
    )
    if problems:
        sys.exit("No figures: what was written is wrong.\n" + "\n".join(problems))
    return found


def _summary(ours: list[Figures], theirs: list[float]) -> dict[str, float]:
    def middle(read: Callable[[Figures], float]) -> float:
        return median(map(read, ours))

    return {
        "plaudit_per_s": round(middle(lambda one: one.per_s), 1),
        "pgbench_per_s": round(median(theirs), 1),
        "p50_ms": round(middle(lambda one: one.p50_ms), 1),
        "p99_ms": round(middle(lambda one: one.p99_ms), 1),
        # Of each round, then their median: what slowed a whole round down slowed both sides.
        "ratio": round(median(one.per_s / other for one, other in zip(ours, theirs, strict=True)), 2),
    }


def _show(report: dict[str, dict[str, float]]) -> None:
    print(f"{'':24}{'plaudit/s':>12}{'pgbench/s':>12}{'ratio':>8}{'target':>8}{'p50 ms':>9}{'p99 ms':>9}")
    for case in CASES:
        row = report[case.name]
        print(
            f"{case.name:24}{row['plaudit_per_s']:>12,.0f}{row['pgbench_per_s']:>12,.0f}{row['ratio']:>8.2f}{case.target:>8.1f}"
            f"{row['p50_ms']:>9.1f}{row['p99_ms']:>9.1f}"
        )
    print(f"{CONNECTIONS} connections each side, medians over rounds; written to {REPORT}")


if __name__ == "__main__":
    main()
