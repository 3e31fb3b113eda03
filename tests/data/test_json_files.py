"""JSON files of the package: damage is named in one line, and changed content is refused."""

import json

import pytest

from inpaint_jax.data import json_files
from inpaint_jax.errors import InputError

SHAPE = {"id": str, "losses": {...: [int | float]}, "count": int | None, "?seed": int}
VALUE = {"id": "a", "losses": {"total": [1.5, 2]}, "count": None}


@pytest.fixture
def file(tmp_path):
    json_files.write_json(tmp_path / "job.json", VALUE)
    return tmp_path / "job.json"


def read(file):
    return json_files.read_json(file, SHAPE, remedy="remove it")


def test_what_was_written_is_read(file):
    assert read(file) == VALUE and read(file.with_name("none.json")) is None
    assert list(json.loads(file.read_text())) == ["digest", *VALUE]


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'{"id": "a", ', "Expecting"),
        (b'{"id": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "values are nested too deeply"),
        (b'{"id": NaN}', "NaN is not a JSON number"),
        (b"[1]", "the whole is list, not dict"),
        (b'{"id": "a", "losses": {}}', "count is missing"),
        (b'{"id": 1, "losses": {}, "count": 1}', "id is int, not str"),
        (b'{"id": "a", "losses": {"total": ["1"]}, "count": 1}', "losses.total.0 is str"),
        (b'{"id": "a", "losses": {}, "count": true}', "count is bool"),
        (b'{"id": "a", "losses": {}, "count": 1, "seed": "1"}', "seed is str"),
    ],
)
def test_damage_is_named_with_its_remedy(file, content, why):
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(file)
    message = str(caught.value)
    assert (
        message.startswith(f"{file} is damaged (")
        and why in message
        and message.endswith(": remove it")
    )
    assert "\n" not in message


def test_a_changed_number_is_not_believed_unless_it_was_meant(file):
    file.write_text(file.read_text().replace("1.5", "1.6"))
    with pytest.raises(
        InputError, match='changed after it was written; if that was intended, remove its "digest"'
    ):
        read(file)
    file.write_text(
        "\n".join(line for line in file.read_text().splitlines() if "digest" not in line)
    )
    assert read(file)["losses"]["total"] == [1.6, 2]


def test_a_damaged_name_of_the_digest_is_damage(file):
    """Otherwise the file would be taken for one of an older version, which has no digest."""
    json_files.write_json(file, {"count": 2})
    file.write_text(file.read_text().replace('"digest"', '"dhgest"'))
    with pytest.raises(InputError, match="its first key is 'dhgest', not \"digest\""):
        json_files.read_json(file, {"count": int}, remedy="delete it")


def test_a_folder_in_the_place_of_a_file(tmp_path):
    with pytest.raises(InputError, match="is a folder, not a file: remove it"):
        read(tmp_path)


def test_lines_of_a_folder(tmp_path):
    with pytest.raises(InputError, match="is a folder, not a file: remove it"):
        json_files.read_lines(tmp_path, SHAPE, remedy="delete that line")


def test_lines(tmp_path):
    """A partial last line is dropped; a bad line before it is named; an empty last line is none."""
    file, remedy = tmp_path / "records.jsonl", "delete that line"
    assert json_files.read_lines(file, SHAPE, remedy=remedy) == []
    whole = json.dumps(json_files.seal(VALUE))
    file.write_text(f"{whole}\n{whole[:30]}")
    assert json_files.read_lines(file, SHAPE, remedy=remedy) == [VALUE]
    file.write_text(f"{whole}\n{whole.replace('1.5', '1.6')}\n{whole}\n")
    with pytest.raises(
        InputError, match=r"line 2 of .*records.jsonl is damaged \(changed .*: delete that line"
    ):
        json_files.read_lines(file, SHAPE, remedy=remedy)
