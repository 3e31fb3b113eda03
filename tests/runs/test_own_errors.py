"""Errors in a user's files and values: one line with file, line and error; nothing is written."""

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli, naming
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration

PAGE = """
from inpaint_jax.configs import yeh

def get_config(argument=""):
    config = yeh.get_config("smoke")
    with config.unlocked():
        {change}
    return config
"""


@pytest.mark.parametrize(
    "text, words",
    [
        ("def get_config(:\n", "page.py, line 1: SyntaxError: invalid syntax"),
        (
            "\nimport nowhere_at_all\n",
            "page.py, line 2: ModuleNotFoundError: No module named 'nowhere_at_all'",
        ),
        (
            "def get_config(argument=''):\n    return 1 / 0\n",
            "page.py, line 2: ZeroDivisionError: division by zero",
        ),
        (
            "def get_config():\n    return {}\n",
            "must return an ml_collections.ConfigDict, got dict",
        ),
        (
            "def get_config():\n    return None\n",
            "must return an ml_collections.ConfigDict, got NoneType",
        ),
        (
            "def get_config(argument):\n    return 1\n",
            "TypeError: get_config() missing 1 required positional argument",
        ),
        (PAGE.format(change="del config.seed"), "config needs the key 'seed'; it has blend, data"),
        (PAGE.format(change="del config.stages"), "config needs the key 'stages'"),
        (
            PAGE.format(change="del config.stages.dcgan.batch_size"),
            "config.stages.dcgan needs the key 'batch_size'",
        ),
        (
            PAGE.format(change="del config.stages; config.stages = 3"),
            "config.stages must be a section with keys, got int",
        ),
        (
            PAGE.format(change="config.search.mine = len"),
            "config.search.mine is of type builtin_function_or_method",
        ),
        (PAGE.format(change="config.losses.prior.mine = print"), "name it as 'module:print'"),
        (
            PAGE.format(change="config.blend.x = {1, 2}"),
            "config.blend.x is of type set: use text, numbers, True",
        ),
        (
            PAGE.format(change="config.seed = '1'"),
            "page.py, line 7: TypeError: Could not override field 'seed'",
        ),
        (
            PAGE.format(change="del config.seed; config.seed = '1'"),
            "config.seed must be of type int, got '1'",
        ),
    ],
)
def test_pages(text, words, tmp_path, capsys):
    (tmp_path / "page.py").write_text(text)
    command = ["train", f"--config={tmp_path}/page.py", f"--workdir={tmp_path}/run"]
    assert cli.main(command) == 2
    message = capsys.readouterr().err
    assert words in message and message.count("\n") == 1
    assert not (tmp_path / "run").exists()
    assert cli.main([*command, "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_tuples_are_lists(tmp_path):
    (tmp_path / "page.py").write_text(PAGE.format(change="config.blend.sizes = (1, 2)"))
    assert configuration.to_plain(configuration.load(f"{tmp_path}/page.py"))["blend"]["sizes"] == [
        1,
        2,
    ]


@pytest.mark.parametrize(
    "key, value, least",
    [
        ("stages.dcgan.batch_size", 0, 1),
        ("stages.dcgan.batch_size", -4, 1),
        ("stages.dcgan.steps", -1, 0),
        ("stages.dcgan.log_every", 0, 1),
        ("stages.dcgan.checkpoint_every", 0, 1),
        ("stages.dcgan.image_every", 0, 1),
        ("stages.dcgan.generator_updates", 0, 1),
        ("search.iterations", 0, 1),
        ("search.restarts", 0, 1),
        ("search.patience", -1, 0),
        ("search.window", -1, 0),
        ("data.size", 0, 1),
        ("slots", 0, 1),
        ("seed", -1, 0),
    ],
)
def test_whole_numbers(key, value, least):
    with pytest.raises(
        InputError, match=f"config.{key} must be a whole number of at least {least}, got {value}"
    ):
        configuration.load("yeh:smoke", [f"--config.{key}={value}"])


@pytest.mark.parametrize(
    "config, change, words",
    [
        ("yeh:smoke", "networks.generator.width=0", "generator.width must be at least 1, got 0"),
        (
            "pluralistic:best,smoke",
            "stages.pluralistic.critic_after=-1",
            "critic_after must be a whole number of at least 0, got -1",
        ),
        (
            "yeh:smoke",
            "networks.generator.kernel=-5",
            "generator.kernel must be at least 1, got -5",
        ),
        ("yeh:smoke", "networks.latent_size=0", "networks.latent_size must be at least 1, got 0"),
        (
            "yeh:smoke",
            "stages.dcgan.optimizer.learning_rate=-1",
            "learning_rate must be between 0 and 1000000",
        ),
        ("yeh:smoke", "stages.dcgan.optimizer.b1=1.5", "b1 must be between 0 and 1, got 1.5"),
        ("yeh:smoke", "system=os:getcwd", "config: system 'os:getcwd'"),
        ("yeh:smoke", "system=builtins:dict", "config: system 'builtins:dict'"),
    ],
)
def test_what_a_network_or_stage_refuses(config, change, words, tmp_path):
    with pytest.raises(InputError) as caught:
        configuration.build_system(configuration.load(config, [f"--config.{change}"]))
    assert words in str(caught.value)


def test_modules_that_fail(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_failing.py").write_text("\n\nundefined\n")
    with pytest.raises(
        InputError,
        match=r"loss 'my_failing:x': .*my_failing.py, line 3: NameError: name 'undefined'",
    ):
        naming.resolve("my_failing:x", {}, kind="loss")
    with pytest.raises(InputError, match="no module '' beside the config"):
        naming.resolve(":x", {}, kind="loss")


@pytest.mark.parametrize("name, got", [("os:getcwd", "str"), ("builtins:dict", "nothing")])
def test_what_is_no_source(name, got):
    with pytest.raises(InputError, match=f"{name} is not an image source: its first item is {got}"):
        open_source(name, size=8)


def labelled(folder, table: bytes):
    for i in range(2):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / f"{i}.png")
    (folder / "labels.csv").write_bytes(table)
    return [open_source(str(folder), size=8)[i]["label"] for i in range(2)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_with_spaces_and_in_other_encodings(tmp_path, encoding):
    assert labelled(tmp_path, "path, label \n0.png, 1\n1.png ,0\n".encode(encoding)) == [1, 0]


@pytest.mark.parametrize(
    "table, words",
    [
        (
            "path,label\n0.png,1\n1.png,0\nM\xfcller.png,0\n".encode("latin-1"),
            "not a CSV file in UTF-8 or UTF-16",
        ),
        (b"path,label\n0.png,1\n1.png\n", "line 3 has 1 values for 2 columns"),
        (b"path,class_name\n0.png,cat\n1.png,\n", "line 3: the column class_name is empty"),
        (b"path,label,label\n0.png,1,2\n1.png,2,3\n", "two columns 'label'"),
    ],
)
def test_tables_that_would_lose_labels(tmp_path, table, words):
    with pytest.raises(InputError, match=words):
        labelled(tmp_path, table)
