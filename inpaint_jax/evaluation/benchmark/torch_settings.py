"""The settings of a config that the PyTorch benchmark implements."""

from typing import Any

from inpaint_jax.errors import InputError

ASSUMED = {  # per system: the settings that the PyTorch benchmark implements
    "yeh": {
        "networks.generator.name": "dcgan.Generator",
        "networks.critic.name": "dcgan.Discriminator",
        "search.projection": "clip",
        "search.restarts": 1,
        "search.batch_norm": "running",
        "losses.contextual.fn": "contextual_l1",
        "losses.prior.fn": "generator_nonsaturating",
        "stages.dcgan.optimizer.name": "adam",
    },
    "context_encoder": {
        "networks.generator.name": "context_encoder.Generator",
        "networks.generator.trunk.name": "trunks.Strided",
        "networks.generator.trunk.use_bias": False,
        "networks.generator.slope": 0.2,
        "networks.generator.use_bias": False,
        "networks.critic.name": "context_encoder.Discriminator",
        "networks.critic.use_bias": False,
        "stages.context_encoder.losses.reconstruction.fn": "overlap_l2",
        "stages.context_encoder.losses.adversarial.fn": "generator_nonsaturating",
        "stages.context_encoder.optimizer.generator.name": "adam",
        "stages.context_encoder.optimizer.critic.name": "adam",
        "stages.context_encoder.stale_critic": False,
    },
}


def check(config: dict[str, Any]) -> None:
    """Raise InputError for a config with settings that this file does not implement."""
    if config["system"] not in ASSUMED:
        raise InputError(
            f"the PyTorch benchmark has no {config['system']!r}; known: {', '.join(ASSUMED)}"
        )
    for key, value in ASSUMED[config["system"]].items():
        found: Any = config
        for part in key.split("."):
            found = found.get(part)
        if found != value:
            raise InputError(
                f"the PyTorch benchmark needs {key}={value!r}, but the config has {found!r}"
            )
