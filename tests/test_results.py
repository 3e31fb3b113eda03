"""Published pages: links lead to files, and numbers of summaries stand on the
pages that they name.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "configs" / "results"
PAGES = [ROOT / "README.md", *sorted(RESULTS.rglob("*.md"))]
VERDICTS = {"holds", "does not hold", "undecided"}


def linked(page, text):
    """Return the local files that a text links to."""
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    return [page.parent / target for target in targets if "://" not in target]


def rows(page):
    """Return the cells of all table rows with a link."""
    lines = [
        line for line in page.read_text().splitlines() if line.startswith("|") and "](" in line
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    assert not [str(file) for file in linked(page, page.read_text()) if not file.exists()]


def unfounded(page, cells, links):
    """Return the numbers with decimals in some cells that stand on no linked page."""
    text = " ".join(file.read_text() for file in linked(page, links))
    return [
        number for cell in cells for number in re.findall(r"\d+\.\d+", cell) if number not in text
    ]


def test_numbers_of_the_methods_in_the_readme():
    """Our numbers and those beside them, of every method."""
    found = {
        cells[0]: unfounded(ROOT / "README.md", cells[2:4], cells[-1])
        for cells in rows(ROOT / "README.md")
    }
    assert len(found) >= 11 and not any(found.values()), found


def test_numbers_of_the_list_of_pages():
    page = RESULTS / "README.md"
    found = {cells[0]: unfounded(page, cells[2:], cells[0]) for cells in rows(page)}
    listed = {file.resolve() for cells in rows(page) for file in linked(page, cells[0])}
    assert not any(found.values()), found
    assert {*RESULTS.rglob("*.md")} - listed == {page, RESULTS / "claims.md"} - listed


def test_claims():
    """A verdict for every claim, and our numbers on the pages that the row names."""
    page = RESULTS / "claims.md"
    lines = [
        line
        for line in page.read_text().splitlines()
        if line.startswith("| ") and not line.startswith("| claim")
    ]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {row[2] for row in cells} == VERDICTS and {len(row) for row in cells} == {5}
    ours = {
        row[0]: (re.split(r"paper's own table|arithmetic|paper states", row[3]), row[-1])
        for row in cells
    }
    found = {claim: unfounded(page, numbers[:1], links) for claim, (numbers, links) in ours.items()}
    assert not any(found.values()), found
    assert all(
        "](" in row[-1] or "not measured" in row[3] or "arithmetic" in row[3] for row in cells
    )
