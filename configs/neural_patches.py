r"""Yang et al. 2017, high-resolution inpainting using multi-scale neural patch synthesis.

  pip install 'inpaint_jax[perceptual]' && inpaint import-weights vgg16 --output=vgg16.npz
  inpaint complete --method=neural_patches:harmonic --images=FOLDER --holes=center \
      --output=completed

  inpaint train --config=context_encoder:best,cpu128 --config.data.train=FOLDER \
      --workdir=runs/content
  inpaint complete --method='neural_patches?stages.context_encoder.weights=runs/content' \
      --images=...

This config trains nothing: ``harmonic`` needs only the features, and a content network comes from
another run. ``inpaint train --config=neural_patches:harmonic --workdir=runs/patches`` takes no
step; it makes a workdir that can be exported.

Argument, ``neural_patches:content,preset,region,features,scale``, in any order, default
``context_encoder,best,center,vgg16,cpu``:

  context_encoder  the first guess comes from a context encoder that completes the image at half of
                   the side, 128.
  harmonic         the first guess is harmonic filling; nothing is trained.
  patchmatch       the first guess comes from ``patchmatch`` at half of the side; nothing is
                   trained.
  best, default, published, center, random
                   words of the context encoder, see ``configs/context_encoder.py``.
  vgg16            the features of ImageNet's VGG-16, read from ``vgg16.npz``.
  drawn            a randomly initialised VGG-16: for tests of the method, not for completion.
  smoke            seconds; tests.
  cpu              images of 256, context encoder ``cpu128``.
  paper            images of 512.

Images may have any side (``--config.data.size=512``); scales without room for a patch are omitted.
The three terms of the energy are ``losses``. ``search.scales=0`` returns the first guess.

Sources: the paper and, for details that it omits, the authors' released code. The content term
compares features of relu4_2, not pixels. Patches come from relu4_1 only. In the image that provides
patches, the hole is filled with copies of the bands above and below. Copies of that image are
turned by 7.5 degrees and scaled by 5 %, either way. Matches are chosen once per scale. Each scale
has 100 iterations of L-BFGS. Published: mean L2 loss 2.21 % on the 100 validation images of Paris
StreetView, centre holes (as quoted by Salem et al.).

Deviations: VGG-16 replaces VGG-19. Feature distances are relative to the features, and the total
variation is a mean over the hole, so that weights have the same meaning at every size; the weights
are ours. Patches lie at every position, not at every second one. Known pixels are fixed throughout;
the code optimises the whole image and pastes at the end. The coarsest scale has a quarter of the
image's side.
"""

from typing import Any

from ml_collections import ConfigDict

from inpaint_jax.configs import context_encoder
from inpaint_jax.runs import config_words

# size: side of the images; content: side of the first guess; encoder: scale of the context encoder;
# width: width of VGG-16.
SCALES = {
    "smoke": dict(size=64, content=32, encoder="smoke", width=4, iterations=4, slots=4),
    "cpu": dict(size=256, content=128, encoder="cpu128", width=64, iterations=100, slots=1),
    "paper": dict(size=512, content=128, encoder="paper", width=64, iterations=100, slots=1),
}
CONTENTS = ("context_encoder", "harmonic", "patchmatch")
FEATURES = ("vgg16", "drawn")


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a content, features and a scale, in any order."""
    content, preset, region, features, scale = config_words.choose(
        "configs/neural_patches.py",
        argument,
        CONTENTS,
        context_encoder.PRESETS,
        context_encoder.REGIONS,
        FEATURES,
        SCALES,
        default="context_encoder,best,center,vgg16,cpu",
    )
    s = SCALES[scale]
    imported = features == "vgg16"
    encoder = context_encoder.get_config(f"{preset},{region},{s['encoder']}")
    size = int(s["size"])
    config: Any = ConfigDict(
        dict(
            system="neural_patches",
            seed=0,
            data=dict(
                train="facades?split=train",
                size=size,
                fit=context_encoder.random_crop(size, size * 350 // 128, literal=False),
                evaluation_fit="crop",
                flip=True,
            ),
            networks=dict(
                content=dict(system=content, size=0 if content == "harmonic" else s["content"]),
                features=dict(
                    name="vgg16.Classifier",
                    width=64 if imported else s["width"],
                    last="relu4_2",
                    classes=1000,
                ),
            ),
            losses=dict(
                content=dict(
                    fn="semantic",
                    weight=0.2,
                    layers=dict(relu4_2=1.0),
                    completed_features="guess_features",
                ),
                texture=dict(fn="patch_l2", weight=1.0),
                variation=dict(fn="total_variation", weight=3.0),
            ),
            search=dict(
                optimizer=dict(name="lbfgs"),
                iterations=s["iterations"],
                scales=3,
                layer="relu4_1",
                patch=3,
                stride=1,
                rotations=1,
                rescalings=1,
                sources="all",
            ),
            slots=s["slots"],
            stages=dict(
                features=dict(
                    batch_size=8,
                    steps=0,
                    weights="vgg16.npz" if imported else "",
                    average=0.0,
                    optimizer=dict(name="adam", learning_rate=1e-3),
                    auxiliary=0.0,
                    rotation=10.0,
                    shift=2 / 64,
                    checkpoint_every=1000,
                    log_every=100,
                    image_every=1000,
                ),
            ),
        )
    )
    if content == "context_encoder":
        config.networks.content.update(encoder.networks)
        trained = dict(steps=0, weights="runs/content", average=0.0, holdout=0, ends_on="last")
        config.stages.context_encoder = ConfigDict(
            encoder.stages.context_encoder.to_dict() | trained
        )
    return config
