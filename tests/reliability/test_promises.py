"""Every promise of ``configs/results/reliability.md`` names tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "configs" / "results" / "reliability.md"


def test_every_promise_names_tests_that_exist():
    rows = [
        line
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ") and "held by" not in line
    ]
    assert len(rows) > 30
    for row in rows:
        file, named = (
            "",
            re.findall(r"`([\w/]*\.py)?(?:::(\w+))?`", row.rpartition("|")[0].rpartition("|")[2]),
        )
        assert named, row
        for path, test in named:
            file = path or file
            assert not test or f"def {test}(" in (TESTS / file).read_text(), f"{file}::{test}"
