r"""Salem et al., L2-GAN: predicts a corner of the image; squared error first, then a GAN.

The corner is a quarter of the image.

  inpaint train --config=l2_gan --workdir=runs/l2_gan
  inpaint complete --workdir=runs/l2_gan --images='facades?split=test&count=64' \
      --holes=quarter:tr --output=completed

Argument, ``l2_gan:preset,models,second,reading,scale``, in any order, default
``default,four,finetune,quarters,cpu``:

  default   the paper's method.
  best      ... with later improvements, as in ``context_encoder:best``; the critic is late anyway.
  four      a model for every corner, as in the paper, in one run; the hole selects the model.
  one       one model for all corners, our extension: as many steps as all four models together.
  finetune  the GAN continues with the generator of the first stage ("the decoder is considered as
            generator").
  refine    ... trains a second generator, which sees the image completed by the first.
  quarters  reads "images of size 350x350 with a cropped region of size 128x128" as Pathak's: random
            windows of 128 of images of 350, with a quarter of the window missing.
  literal350 ... reads it literally: whole images of 350 with a missing corner of 128, 13 % of the
            area. Completes ``place:128@0+0``, ``place:128@0+222`` and so on. Other scales are
            proportional.
  smoke     seconds; tests.
  cpu       under half an hour on two cores.
  paper     the paper's sizes: for a GPU.
  cpu128    the paper's images of 128 and quarters of 64, with the networks and steps of
            ``context_encoder:cpu128``.

Networks, losses, windows and rates are those of ``configs/context_encoder.py``: without a critic in
the first stage, with a critic in the second. In the second stage the generator keeps the rate of
the first. Completion and evaluation use the largest centred square (``data.evaluation_fit``); with
``literal350`` the training uses it too. Published: mean L2 loss 3.19 % on the 100 validation images
of Paris StreetView, and a "D_Loss" of 1.96 %, which the same table gives for the L2 loss of the
context encoder; ours is ``discriminator_bce`` of the stage's metrics.

Deviations: the paper states neither the length and rate of the stages nor the weights of the
losses. Scale ``paper`` has 100 and 400 epochs of 14,900 images and 2e-4 for all networks.
"""

from typing import Any

from ml_collections import ConfigDict

from inpaint_jax.configs import context_encoder
from inpaint_jax.masks.boxes import CORNERS
from inpaint_jax.runs import config_words

# steps: of both stages of one model.
SCALES = {
    "smoke": dict(batch=8, steps=(20, 20)),
    "cpu": dict(batch=32, steps=(800, 200)),
    "cpu128": dict(batch=32, steps=(300, 75)),
    "paper": dict(batch=100, steps=(100 * 149, 400 * 149)),
}
MODELS, SECOND_STAGES = ("four", "one"), ("finetune", "refine")
PRESETS = ("default", "best")
READINGS = ("quarters", "literal350")


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a preset, models, a second stage, a reading and a scale, in any order."""
    preset, models, second_stage, reading, scale = config_words.choose(
        "configs/l2_gan.py",
        argument,
        PRESETS,
        MODELS,
        SECOND_STAGES,
        READINGS,
        SCALES,
        default="default,four,finetune,quarters,cpu",
    )
    one, s = models == "one", SCALES[scale]
    config: Any = context_encoder.get_config(f"{preset},adversarial,{scale}")
    holes = {corner: f"quarter:{corner}" for corner in CORNERS}
    with config.unlocked():
        config.system = "l2_gan"
        if reading == "literal350":
            side = config.data.size
            config.data.size = round(side * 350 / 128)
            config.data.fit = "crop"
            config.networks.generator.size = side
            holes = corners(config.data.size, side)
        config.stages = ConfigDict()
        for chosen in [CORNERS] if one else [(corner,) for corner in CORNERS]:
            of_model = "" if one else f"_{chosen[0]}"
            stages: Any = (
                context_encoder.get_config(f"{preset},{game},{scale}").stages.context_encoder
                for game in ("l2", "adversarial")
            )
            first, last = stages
            for stage, steps in zip((first, last), s["steps"], strict=True):
                stage.batch_size, stage.steps = s["batch"], steps * (4 if one else 1)
            first.holes = ",".join(holes[corner] for corner in chosen)
            last.optimizer.generator.learning_rate = first.optimizer.generator.learning_rate
            last.critic_after = 0
            if preset == "best":
                for stage in (first, last):
                    context_encoder.end_on_best(stage)
            del first.stale_critic, last.holes
            last.second_stage = second_stage
            config.stages[f"reconstruction{of_model}"], config.stages[f"adversarial{of_model}"] = (
                first,
                last,
            )
    return config


def corners(size: int, side: int) -> dict[str, str]:
    """Name the squares of ``side`` in the corners of images of ``size``, by corner."""
    far = size - side
    places = {"tl": (0, 0), "tr": (0, far), "bl": (far, 0), "br": (far, far)}
    return {corner: "place:{}@{}+{}".format(side, *places[corner]) for corner in CORNERS}
