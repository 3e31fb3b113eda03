r"""Salem et al., L2-GAN: a quarter of the picture, in a corner, predicted on the squared error first, then by a GAN.

  inpaint train --config=l2_gan --workdir=runs/l2_gan
  inpaint complete --workdir=runs/l2_gan --images='facades?split=test&count=64' --holes=quarter:tr --output=completed

Argument, ``l2_gan:models,second,scale``, in any order, default ``four,finetune,cpu``:

  four      a model for every corner, as in the paper, in one run; a picture is completed by the model of its corner.
  one       one model for all corners, our extension: four times the steps of one of the four, as long as all of them.
  finetune  the GAN goes on with the generator of the first stage ("the decoder is considered as generator").
  refine    ... trains a second generator, which is given the picture that the first one completed.
  smoke     seconds; tests.      cpu   under half an hour on two cores.      paper   the paper's sizes: for a GPU.

Networks, losses and rates are those of ``configs/context_encoder.py``: without a critic in the first stage, with one in
the second, where the generator's rate is ten times the critic's. Published: mean L2 loss 3.19 % on the 100 validation
pictures of Paris StreetView, and a "D_Loss" of 1.96 %, which the same table gives for the L2 loss of the context
encoder; ours is ``discriminator_bce`` of the stage's metrics.

Deviations: the paper does not say how long either stage is, at which rate, nor how its losses are weighed; scale
``paper`` has 100 and 400 epochs of 14,900 pictures. Its "images of size 350x350 with a cropped region of size 128x128"
are read as Pathak's pictures, scaled to 350 and cropped to 128, with a quarter of that missing.
"""

from ml_collections import ConfigDict

from inpaint_jax.configs import context_encoder
from inpaint_jax.masks.boxes import CORNERS
from inpaint_jax.runs import config_words

# steps: of both stages of one model.
SCALES = {
    "smoke": dict(batch=8, steps=(20, 20)),
    "cpu": dict(batch=32, steps=(800, 200)),
    "paper": dict(batch=100, steps=(100 * 149, 400 * 149)),
}
MODELS, SECOND_STAGES = ("four", "one"), ("finetune", "refine")


def get_config(argument: str = "") -> ConfigDict:
    """The config of the models, the second stage and a scale, in any order."""
    models, second_stage, scale = config_words.choose(
        "configs/l2_gan.py", argument, MODELS, SECOND_STAGES, SCALES, default="four,finetune,cpu"
    )
    one, s = models == "one", SCALES[scale]
    config = context_encoder.get_config(f"adversarial,{scale}")
    with config.unlocked():
        config.system = "l2_gan"
        config.stages = ConfigDict()
        for corners in [CORNERS] if one else [(corner,) for corner in CORNERS]:
            of_model = "" if one else f"_{corners[0]}"
            first, last = (
                context_encoder.get_config(f"{game},{scale}").stages.context_encoder for game in ("l2", "adversarial")
            )
            for stage, steps in zip((first, last), s["steps"], strict=True):
                stage.batch_size, stage.steps = s["batch"], steps * (4 if one else 1)
            first.holes = ",".join(f"quarter:{corner}" for corner in corners)
            del first.stale_critic, last.holes
            last.second_stage = second_stage
            config.stages[f"reconstruction{of_model}"], config.stages[f"adversarial{of_model}"] = first, last
    return config
