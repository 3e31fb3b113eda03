"""Configs: refused values, and the wording of the errors."""

import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration


def load(*overrides, spec="configs/yeh.py:smoke"):
    return configuration.load(spec, [f"--config.{item}" for item in overrides])


def test_values_are_typed_like_what_they_replace():
    config = load(
        "search.iterations=7",
        "search.optimizer.learning_rate=1",
        "data.flip=False",
        "data.train=a?b=c,d",
    )
    assert config.search.iterations == 7 and config.search.optimizer.learning_rate == 1.0
    assert config.data.flip is False and config.data.train == "a?b=c,d"
    with pytest.raises(AttributeError):
        config.surprise = 1


@pytest.mark.parametrize(
    "override, words",
    [
        ("serch.iterations=3", "config has no key 'serch'; known: blend, data, losses"),
        ("search.iteration=3", "config.search has no key 'iteration'; known: answer, batch_norm"),
        ("seed.x=3", "seed is a value"),
        ("search.iterations=many", "--config.search.iterations=many: give a whole number"),
        ("losses.prior.weight=much", "--config.losses.prior.weight=much: give a number"),
        ("data.flip=perhaps", "--config.data.flip=perhaps: give True or False"),
    ],
)
def test_bad_overrides(override, words):
    with pytest.raises(InputError) as caught:
        load(override)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "spec, words",
    [
        (
            "yeh.py:default,published",
            "configs/yeh.py: default and published exclude each other: choose one of default, ",
        ),
        (
            "neural_features.py:random_holes,literal24",
            "literal24 and random_holes exclude each other",
        ),
        # but layers do not
        ("classifier_guided.py:3b,4a,smoke,cpu", "cpu and smoke exclude each other"),
    ],
)
def test_words_that_exclude_each_other(spec, words):
    with pytest.raises(InputError, match=words):
        configuration.load(f"configs/{spec}")


def test_keywords_of_python_cannot_be_set():
    config = configuration.ConfigDict({"losses": {"global": {"weight": 1.0}}})
    with pytest.raises(InputError, match="losses.global.weight: 'global' is a Python keyword"):
        configuration.override(config, ["--config.losses.global.weight=2"])


def test_bad_files(tmp_path):
    with pytest.raises(InputError, match="no file 'configs/yeah.py'"):
        load(spec="configs/yeah.py")
    with pytest.raises(
        InputError, match="unknown words fast; known: default, published, learnt, smoke"
    ):
        load(spec="configs/yeh.py:fast")
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(InputError, match="has no function get_config"):
        load(spec=str(tmp_path / "empty.py"))


def test_unknown_names_inside_a_config():
    for override, words, known in [
        ("system=yeah", "unknown system 'yeah'; known: ", "yeh"),
        (
            "networks.generator.name=dcgan.Genrator",
            "unknown networks.generator 'dcgan.Genrator'; known: ",
            "dcgan.Generator",
        ),
        ("networks.generator.name=my_nets_nowhere:UNet", "no module 'my_nets_nowhere'", ""),
        ("losses.prior.fn=hinge", "unknown loss 'hinge'; known: ", "l2"),
        ("search.projection=clamp", "unknown search.projection 'clamp'; known: ", "clip"),
        ("search.optimizer.name=nagg", "unknown optimiser 'nagg'", "nag"),
    ]:
        with pytest.raises(InputError) as caught:
            configuration.build_system(load(override))
        assert words in str(caught.value) and known in str(caught.value)


def test_fingerprint_sees_every_value():
    assert configuration.fingerprint(load()) == configuration.fingerprint(load())
    assert configuration.fingerprint(load()) != configuration.fingerprint(
        load("search.optimizer.decay=0.9")
    )


def test_a_builder_gets_what_it_takes_and_misses_what_it_names(tmp_path, monkeypatch):
    """A mismatch with the builder's signature is one line; an error in the builder's code stays."""
    (tmp_path / "my_systems.py").write_text(
        "def simple(*, size, networks, stages):\n    return networks['generator']['width']\n"
        "def own_error(*, size, **sections):\n    return {}['oops']\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    config = configuration.from_plain(
        {"system": "my_systems:simple", "data": {"size": 16}, "networks": {"generator": {}}}
    )
    with pytest.raises(
        InputError, match="'my_systems:simple': missing a required argument: 'stages'"
    ):
        configuration.build_system(config)
    with config.unlocked():
        config.stages = {}
    with pytest.raises(
        InputError, match="config.networks.generator needs the key 'width'; it has nothing"
    ):
        configuration.build_system(config)
    with config.unlocked():
        config.losses = {"edge": {}}
    with pytest.raises(InputError, match="got an unexpected keyword argument 'losses'"):
        configuration.build_system(config)
    config.system = "my_systems:own_error"
    with pytest.raises(KeyError, match="oops"):
        configuration.build_system(config)
