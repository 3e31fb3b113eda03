"""Damaged files of every kind: the command names the damage, or results are unchanged."""

import json
import random
import shutil
from pathlib import Path

import pytest

FEW = {"job": 12, "evaluation": 8, "workdir": 4, "export": 4, "experiment": 4}
MANY = {"job": 75, "evaluation": 60, "workdir": 75, "export": 45, "experiment": 45}
OTHERS = ("", "x", 0, -1, 1.5, 10**400, True, None, [], {}, [[]], {"digest": 0}, "\ud800")


def cut(rng: random.Random, file: Path, files: list[Path]) -> str:
    size = rng.choice((0, 1, rng.randrange(file.stat().st_size + 1)))
    file.write_bytes(file.read_bytes()[:size])
    return f"{file.name} cut to {size} bytes"


def flip(rng: random.Random, file: Path, files: list[Path]) -> str:
    data = bytearray(file.read_bytes())
    if not data:
        return f"{file.name} is empty anyway"
    bit = rng.randrange(8 * len(data))
    data[bit // 8] ^= 1 << bit % 8
    file.write_bytes(data)
    return f"bit {bit} of {file.name} flipped"


def swap(rng: random.Random, file: Path, files: list[Path]) -> str:
    other = rng.choice([f for f in files if f != file and f.suffix == file.suffix] or [file])
    one, two = file.read_bytes(), other.read_bytes()
    if one == two:  # two of its halves then
        middle = len(one) // 2
        file.write_bytes(one[middle:] + one[:middle])
        return f"halves of {file.name} swapped"
    file.write_bytes(two)
    other.write_bytes(one)
    return f"{file.name} and {other.name} swapped"


def retype(rng: random.Random, file: Path, files: list[Path]) -> str:
    """Replace a value somewhere in JSON; turn other files into text, other formats or folders."""
    if file.suffix in (".json", ".jsonl") and rng.random() < 0.8:
        lines = file.read_text().splitlines() if file.suffix == ".jsonl" else [file.read_text()]
        number = rng.randrange(len(lines))
        value = json.loads(lines[number])
        at = replace_somewhere(rng, value)
        lines[number] = json.dumps(value)
        file.write_text("".join(f"{line}\n" for line in lines))
        return f"{at} of line {number} of {file.name} replaced"
    file.unlink()
    kind = rng.choice(("gone", "folder", "text", "latin", "zip"))
    if kind == "folder":
        file.mkdir()
    elif kind != "gone":
        file.write_bytes({"text": b"hello\n", "latin": b"\xe9\xff{", "zip": b"PK\x03\x04"}[kind])
    return f"{file.name} becomes: {kind}"


def replace_somewhere(rng: random.Random, value) -> str:
    """Replace one value inside nested containers; return its path."""
    path = []
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = rng.choice(keys)
        path.append(str(key))
        if not isinstance(value[key], dict | list) or not value[key] or rng.random() < 0.2:
            value[key] = rng.choice(OTHERS)
            return ".".join(path)
        value = value[key]


SLOW = [
    pytest.param({name: count}, marks=pytest.mark.slow, id=f"{count} {name}")
    for name, count in MANY.items()
]


@pytest.mark.parametrize("counts", [pytest.param(FEW, id="few"), *SLOW])
def test_damage_is_named_or_has_no_effect(counts, materials, finished, tmp_path, capsys):
    """Damage is named or has no effect.

    Most mutations must be noticed: otherwise the test would test nothing.
    """
    rng, noticed, total, failures = random.Random(20), 0, 0, []
    for name, count in counts.items():
        material, whole = materials[name], finished(name)
        wanted = material.results(whole)
        for number in range(count):
            folder = tmp_path / f"{name}{number}"
            skipped = ("out",) if name in ("workdir", "export") else ()
            shutil.copytree(whole, folder, ignore=shutil.ignore_patterns(*skipped))
            files = material.reads(folder)
            mutation = (cut, flip, swap, retype)[number % 4]
            done = f"{name} {number}: {mutation(rng, rng.choice(files), files)}"
            capsys.readouterr()
            try:
                code = material.run(folder)
            except BaseException as error:  # anything that reaches the user as a traceback
                failures.append(f"{done}: {type(error).__name__}: {error}")
                continue
            printed = capsys.readouterr()
            total += 1
            noticed += code == 2 or "again" in printed.out or "again" in printed.err
            if code == 2 and not printed.err.splitlines()[-1].startswith("inpaint: error: "):
                failures.append(f"{done}: the last line is {printed.err.splitlines()[-1]}")
            if code not in (0, 2) or "Traceback" in printed.out + printed.err:
                failures.append(f"{done}: code {code}, {printed.err[-300:]}")
            if code == 0 and material.results(folder) != wanted:
                failures.append(f"{done}: other results in silence")
            shutil.rmtree(folder)
    assert not failures, "\n".join(failures)
    assert noticed > total / 2
