"""On-demand learning's encoder-decoder: specified counts; no mixing of channels (A-A3)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.networks.channel_wise import ChannelWise, EncoderDecoder
from inpaint_jax.networks.functional import pure

KEY = jax.random.key(0)


@pytest.mark.parametrize(
    "features, size, block, expected",
    [
        ((64, 128, 256, 512), 64, 64, 5_653_248),
        ((64, 64, 128, 256, 512, 512), 128, 128, 14_046_208),
        ((64, 64, 128, 256, 512), 128, 64, None),  # the centre of the context encoder
    ],
)
def test_parameters_and_shapes(features, size, block, expected):
    network = pure(EncoderDecoder(features, size=block))

    def run(key):
        params, stats = network.init(key, jnp.zeros((2, size, size, 3)))
        return params, network.apply(params, stats, jnp.zeros((2, size, size, 3)), train=True)[0]

    params, output = jax.eval_shape(run, KEY)
    assert expected is None or sum(leaf.size for leaf in jax.tree.leaves(params)) == expected
    assert output.shape == (2, block, block, 3)


def test_channels_stay_apart():
    """A-A3: the bottleneck mixes no channels."""
    x = jax.random.normal(KEY, (2, 4, 4, 512))
    params = ChannelWise().init(KEY, x)
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 139_264
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(params)) <= 0.25
    y, other = (ChannelWise().apply(params, given) for given in (x, x.at[:, 0, 0, 7].add(1.0)))
    changed = np.asarray(y != other)
    assert (
        changed[..., 7].any((1, 2)).all()
        and not changed[..., :7].any()
        and not changed[..., 8:].any()
    )
    plainly = np.einsum("bp,pq->bq", x.reshape(2, 16, 512)[..., 7], params["params"]["kernel"][7])
    np.testing.assert_allclose(
        y.reshape(2, 16, 512)[..., 7], plainly + params["params"]["bias"][None, :, 7], atol=1e-5
    )


@pytest.mark.parametrize("side, block", [(24, 24), (64, 48), (64, 128), (64, 4)])
def test_a_block_that_is_not_reached(side, block):
    with pytest.raises(
        InputError, match=f"4 halvings of a side of {side} pixels do not lead to a block of {block}"
    ):
        pure(EncoderDecoder(size=block)).init(KEY, jnp.zeros((1, side, side, 3)))
