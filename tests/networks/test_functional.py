"""How a trained network is read: by its running statistics, through one function."""

from types import SimpleNamespace

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.networks.functional import predict, pure, weights_of
from inpaint_jax.optimization import state


class Scale(nn.Module):
    """A batch norm without a division: it takes away the mean, and multiplies."""

    @nn.compact
    def __call__(self, x, *, train):
        mean = self.variable("batch_stats", "mean", lambda: jnp.zeros(()))
        now = x.mean() if train else mean.value
        if train:
            mean.value = now
        return (x - now) * self.param("factor", lambda key: jnp.full((), 3.0))


SCALE = pure(Scale())
NET = state.NetworkState(
    {"factor": jnp.float32(2)}, {"batch_stats": {"mean": jnp.float32(10)}}, opt=()
)
X = jnp.array([11.0, 14.0])


def test_predict_uses_running_statistics():
    """(x - 10) * 2; in training (x - 12.5) * 2, whose new statistics are dropped."""
    np.testing.assert_array_equal(predict(SCALE, NET, X), [2, 8])
    np.testing.assert_array_equal(predict(SCALE, NET, X, train=True), [-3, 3])
    np.testing.assert_array_equal(jax.jit(lambda net, x: predict(SCALE, net, x))(NET, X), [2, 8])


def test_weights_may_go_through_a_function():
    doubled = predict(
        SCALE, NET, X, through=lambda weights: jax.tree.map(lambda leaf: 2 * leaf, weights)
    )
    np.testing.assert_array_equal(doubled, [(11 - 20) * 4, (14 - 20) * 4])


def test_anything_with_weights_is_a_network_state():
    params, stats = weights_of(SimpleNamespace(params=NET.params, stats=NET.stats))
    assert params is NET.params and stats is NET.stats
