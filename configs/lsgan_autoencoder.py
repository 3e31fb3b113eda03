r"""Sharma 2020, LSGAN completion refined by an autoencoder: search, repaint the answer, paste.

  inpaint train --config=lsgan_autoencoder --workdir=runs/refined
  inpaint complete --workdir=runs/refined --images='facades?split=test&count=64' \
      --holes=center --output=completed

Argument, ``lsgan_autoencoder:pairs,input,preset,scale``, in any order, default
``noisy,generated,default,cpu``; for preset and scale see ``configs/lsgan.py``. The paper does not
describe the training pairs of the autoencoder; it mentions that it "refines", and noise:

  noisy      true images, half of them with Gaussian noise of deviation 0.1; the target has no
             noise.
  projected  answers of a search of 200 iterations for 1,000 damaged training images; the target is
             the true image.
  identity   true images; the target is the same image.
  generated  the input is the whole generated image.
  composite  the input is the generated image inside the hole, and the known pixels around it.

Source: the paper. Published: SSIM 0.883 and PSNR 22.30 dB, against 0.817 and 19.30 without the
autoencoder.

Deviations: the code has 8,192 features, as text and layers imply, not 8,092. Scale ``cpu`` has a
quarter of the channels, and trains 1,000 steps of 64.
"""

from ml_collections import ConfigDict

from inpaint_jax.configs import lsgan
from inpaint_jax.runs import config_words

PAIRS, INPUTS = ("noisy", "projected", "identity"), ("generated", "composite")
HOLES = "center,left,random:0.8,quarter:br"


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of pairs, an input, a preset and a scale, in any order."""
    pairs, given, preset, scale = config_words.choose(
        "configs/lsgan_autoencoder.py",
        argument,
        PAIRS,
        INPUTS,
        lsgan.PRESETS,
        lsgan.SCALES,
        default="noisy,generated,default,cpu",
    )
    config, s = lsgan.get_config(f"{preset},{scale}"), lsgan.SCALES[scale]
    width, batch_size, steps = s["autoencoder"]
    config.system = "lsgan_autoencoder"
    config.networks.autoencoder = dict(name="autoencoder.Autoencoder", width=width)
    config.stages.autoencoder = dict(
        batch_size=batch_size,
        steps=steps,
        average=config.stages.lsgan.average,
        pairs=pairs,
        input=given,
        holes=HOLES,
        images=s["images"] if pairs == "projected" else 0,
        projection=dict(
            search={**config.search.to_dict(), "iterations": min(200, s["search"]["iterations"])},
            losses=config.losses.to_dict(),
            slots=config.slots,
        ),
        optimizer=dict(name="adam", learning_rate=1e-3),
        losses=dict(reconstruction=dict(fn="l2_mean", weight=1.0)),
        checkpoint_every=s["every"],
        image_every=s["every"],
        log_every=min(50, s["every"]),
    )
    return config
