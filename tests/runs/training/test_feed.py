"""Training and validation images of a stage: random windows, and always the same crop."""

from types import SimpleNamespace

import numpy as np
import pytest

from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.methods import shared_setting
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.training.feed import stage_examples, training_source
from inpaint_jax.runs.training.validation import other_split

TRAIN = "facades?split=train&count=12"


def config(*changes):
    given = ("data.size=16", f"data.train={TRAIN}", "data.fit=random_crop:20-24", *changes)
    chosen_config = configuration.load(
        "context_encoder:best,smoke", [f"--config.{item}" for item in given]
    )
    with chosen_config.unlocked():
        (
            chosen_config.stages.context_encoder.holdout,
            chosen_config.stages.context_encoder.batch_size,
        ) = 4, 4
        chosen_config.data.validation = "facades?split=val&count=2"
    return chosen_config


def crops(spec):
    source = open_source(spec, size=16, fit="crop")
    return {source.id(i): source[i]["image"] for i in range(len(source))}


def test_what_is_measured_is_the_fit_of_evaluation():
    """Held-out images, images of another split, and the images that a trained method completes."""
    chosen_config = config()
    settings = chosen_config.stages.context_encoder
    held = training_source(chosen_config, settings, part="validation")
    truth = crops(TRAIN)
    assert len(held) == 4
    for i in range(4):
        np.testing.assert_array_equal(held[i]["image"], truth[held.id(i)])
    trained = training_source(chosen_config, settings)
    assert {trained[i]["image"].shape for i in range(8)} == {(24, 24, 3)}
    np.testing.assert_array_equal(
        other_split(chosen_config)[1]["image"], list(crops("facades?split=val&count=2").values())[1]
    )
    opened = [("ours", Model(chosen_config, None, {}))]
    setting = shared_setting(opened, size=None, fit=None, train=None, slots=None, k=1)
    assert (setting.size, setting.fit) == (16, "crop")
    with chosen_config.unlocked():
        del chosen_config.data["evaluation_fit"]
    assert configuration.evaluation_fit(chosen_config) == "random_crop:20-24"


def test_completed_training_images_need_one_crop():
    """A completed image would not match a moving window."""
    stage = SimpleNamespace(name="context_encoder", adapt=None, projection=object())
    with pytest.raises(
        InputError, match="do not match random windows: data.fit cannot be 'random_crop:20-24' here"
    ):
        stage_examples(stage, config(), None, {}, None)
