r"""Sharma 2020, LSGAN completion refined by an autoencoder: what the search finds is repainted before it is pasted.

  inpaint train --config=lsgan_autoencoder --workdir=runs/refined
  inpaint complete --workdir=runs/refined --images='facades?split=test&count=64' --holes=center --output=completed

Argument, ``lsgan_autoencoder:pairs,input,preset,scale``, in any order, default
``noisy,generated,default,cpu``; preset and scale are those of ``configs/lsgan.py``. What the autoencoder learns from is
not in the paper, which says that it "refines" and speaks of noise:

  noisy      true pictures, half of them with Gaussian noise of deviation 0.1; to be returned without it.
  projected  what a search of 200 iterations paints for 1,000 damaged training pictures; to become the true ones.
  identity   true pictures, to be returned as they are.
  generated  it is given what the generator painted, all over.
  composite  it is given that inside the hole, and the known pixels around it.

Source: the paper. Published: SSIM 0.883 and PSNR 22.30 dB, against 0.817 and 19.30 without the autoencoder.

Deviations: the code has 8,192 features, as text and layers say, not 8,092. Scale ``cpu`` has a quarter of the channels,
and trains 1,000 steps of 64.
"""

from ml_collections import ConfigDict

from inpaint_jax.configs import lsgan
from inpaint_jax.runs import config_words

PAIRS, INPUTS = ("noisy", "projected", "identity"), ("generated", "composite")
HOLES = "center,left,random:0.8,quarter:br"


def get_config(argument: str = "") -> ConfigDict:
    """The config of pairs, an input, a preset and a scale, in any order."""
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
        pictures=s["pictures"] if pairs == "projected" else 0,
        projection=dict(
            search={**config.search.to_dict(), "iterations": min(200, s["search"]["iterations"])},
            losses=config.losses.to_dict(),
            slots=config.slots,
        ),
        optimizer=dict(name="adam", learning_rate=1e-3),
        losses=dict(reconstruction=dict(fn="l2_mean", weight=1.0)),
        checkpoint_every=s["every"],
        picture_every=s["every"],
        log_every=min(50, s["every"]),
    )
    return config
