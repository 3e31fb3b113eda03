"""Released networks of pluralistic completion, as their code would write them, give its output."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.networks.functional import pure
from inpaint_jax.networks.pluralistic import Decoder, Discriminator, Encoder
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import drawn_state
from inpaint_jax.runs.weights import archive
from inpaint_jax.runs.weights.importing import import_weights
from inpaint_jax.runs.weights.matching import begin, fitted

RNG = np.random.default_rng(0)
WIDTH, MOST, LAYERS, LATENT = 4, 8, 3, 5  # halvings of 32 px to 4


def drawn(*shape):
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def unit(size):
    vector = RNG.normal(size=size)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def spectral(*names, shape, outputs):
    """A spectrally normalised convolution under several names;
    DataParallel's prefix is taken off elsewhere.
    """
    parts = {
        "bias": drawn(outputs),
        "weight_u": unit(shape[0]),
        "weight_v": unit(int(np.prod(shape[1:]))),
    }
    parts["weight_bar"] = drawn(*shape)
    return {f"{name}.module.{part}": array for name in names for part, array in parts.items()}


def conv(*names, before, after, side=3):
    return spectral(*names, shape=(after, before, side, side), outputs=after)


def block(name, before, after, hidden, places=("1", "3", "0")):
    first, second, short = places
    return {
        **conv(f"{name}.conv1", f"{name}.model.{first}", before=before, after=hidden),
        **conv(f"{name}.conv2", f"{name}.model.{second}", before=hidden, after=after),
        **conv(f"{name}.bypass", f"{name}.shortcut.{short}", before=before, after=after, side=1),
    }


def trunk(count):
    arrays = block("block0", 3, WIDTH, WIDTH, places=("0", "2", "1"))
    sizes = [WIDTH, *[MOST] * (count - 1)]
    for i in range(count - 1):
        arrays |= block(f"encoder{i}", sizes[i], sizes[i + 1], sizes[i])
    return arrays


def attention(name, size):
    arrays = {
        f"{name}.query_conv.weight": drawn(size // 4, size, 1, 1),
        f"{name}.query_conv.bias": drawn(size // 4),
    }
    arrays |= {f"{name}.gamma": drawn(1), f"{name}.alpha": drawn(1)}
    return arrays | block(f"{name}.model", 2 * size, size, size)


def encoder():
    heads = {
        name: array
        for head in ("posterior", "prior")
        for name, array in block(head, MOST, 2 * LATENT, MOST).items()
    }
    return trunk(LAYERS) | block("infer_prior0", MOST, MOST, MOST) | heads


def decoder(attends=True):
    """Three doublings with two images: channels 8, 8, 4;
    where it attends 8, as many as the map that it attends to.
    """
    last = MOST if attends else WIDTH
    arrays, before = block("generator", LATENT, MOST, MOST), MOST
    for i, size in enumerate((MOST, MOST, last)):
        before, name = before + 3 * (i == 2), f"decoder{i}"
        for place, channels in (("0", before), ("3", size)):
            arrays |= {
                f"{name}.model.{place}.weight": drawn(channels),
                f"{name}.model.{place}.bias": drawn(channels),
            }
        arrays |= conv(f"{name}.conv1", f"{name}.model.2", before=before, after=size)
        for names, channels in (
            ((f"{name}.conv2", f"{name}.model.5"), size),
            ((f"{name}.bypass", f"{name}.shortcut.0"), before),
        ):
            arrays |= spectral(*names, shape=(channels, size, 3, 3), outputs=size)
        if i:
            arrays |= conv(f"out{i}.conv1", f"out{i}.model.2", before=size, after=3)
        before = size
    return arrays | (attention("attn1", MOST) if attends else {})


def discriminator(count=LAYERS):
    arrays = trunk(count) | block("block1", MOST, MOST, MOST) | conv("conv", before=MOST, after=1)
    return arrays | (attention("attn2", MOST) if count > 3 else {})


class Released:
    """The layers of the released code in NumPy, channels first, with the same names and arrays."""

    def __init__(self, arrays):
        self.arrays = {name: array.astype(np.float64) for name, array in arrays.items()}

    def kernel(self, name):
        bar, u = (self.arrays[f"{name}.module.weight_{part}"] for part in ("bar", "u"))
        matrix = bar.reshape(len(bar), -1)
        v = matrix.T @ u
        v /= np.linalg.norm(v)
        return bar / np.linalg.norm(matrix @ v)

    def bias(self, name):
        return self.arrays[f"{name}.module.bias"].reshape(-1, 1, 1)

    def conv(self, name, x, *, same=True):
        return correlated(x, self.kernel(name), same) + self.bias(name)

    def up(self, name, x):
        """Stride 2, padding 1, output padding 1: every pixel paints a patch,
        of which the first row is cut.
        """
        kernel, (batch, _, height, width) = self.kernel(name), x.shape
        canvas = np.zeros((batch, kernel.shape[1], 2 * height + 2, 2 * width + 2))
        for i in range(3):
            for j in range(3):
                rows, columns = slice(i, i + 2 * height, 2), slice(j, j + 2 * width, 2)
                canvas[:, :, rows, columns] += np.einsum("bihw,io->bohw", x, kernel[:, :, i, j])
        return canvas[:, :, 1 : 1 + 2 * height, 1 : 1 + 2 * width] + self.bias(name)

    def first(self, x):
        y = self.conv("block0.conv2", leaky(self.conv("block0.conv1", x)))
        return halved(y) + self.conv("block0.bypass", halved(x))

    def block(self, name, x):
        y = self.conv(f"{name}.conv1", leaky(x))
        return self.conv(f"{name}.conv2", leaky(y)) + self.conv(f"{name}.bypass", x)

    def norm(self, name, x):
        weight, bias = (
            self.arrays[f"{name}.{part}"].reshape(-1, 1, 1) for part in ("weight", "bias")
        )
        centred = x - x.mean((2, 3), keepdims=True)
        return weight * centred / np.sqrt((centred**2).mean((2, 3), keepdims=True) + 1e-5) + bias

    def doubling(self, name, x):
        y = self.conv(f"{name}.conv1", leaky(self.norm(f"{name}.model.0", x)))
        return self.up(f"{name}.conv2", leaky(self.norm(f"{name}.model.3", y))) + self.up(
            f"{name}.bypass", x
        )

    def attend(self, name, x, earlier=None, known=None):
        batch, size, *_ = x.shape
        weight, bias = (self.arrays[f"{name}.query_conv.{part}"] for part in ("weight", "bias"))
        query = (correlated(x, weight, True) + bias.reshape(-1, 1, 1)).reshape(batch, len(bias), -1)
        energy = np.exp(query.transpose(0, 2, 1) @ query)
        shares = energy / energy.sum(-1, keepdims=True)

        def copied(values):
            return (values.reshape(batch, size, -1) @ shares.transpose(0, 2, 1)).reshape(
                values.shape
            )

        out = self.arrays[f"{name}.gamma"] * copied(x) + x
        if earlier is None:
            return out
        flow = self.arrays[f"{name}.alpha"] * (1 - known) * copied(earlier) + known * earlier
        return self.block(f"{name}.model", np.concatenate([out, flow], 1))


def correlated(x, kernel, same):
    """``[B, I, H, W]`` with ``[O, I, h, w]``."""
    margin = kernel.shape[2] // 2 if same else 0
    padded = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], (2, 3))
    return np.einsum("bihwyx,oiyx->bohw", seen, kernel)


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def halved(x):
    return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4


def imported(arrays, folder, name="latest_net"):
    """Return the command's arrays for a state dict that DataParallel wrote."""
    np.savez(folder / f"{name}.npz", **{f"module.{key}": array for key, array in arrays.items()})
    import_weights("pluralistic", folder / f"{name}.npz", folder / f"{name}_ours.npz")
    return archive.read(folder / f"{name}_ours.npz")


def answer(module, weights, *inputs):
    """Of a module with exactly the arrays of a file."""
    network = pure(module)
    params, stats = jax.eval_shape(lambda: network.init(jax.random.key(0), *inputs))

    def leaf(path, _):
        return jnp.asarray(weights.arrays[jax.tree_util.keystr(path, simple=True, separator="/")])

    tree = jax.tree_util.tree_map_with_path(leaf, {"params": params, "stats": stats})
    assert len(jax.tree.leaves(tree)) == len(weights.arrays)
    return jax.jit(partial(network.apply, train=False))(tree["params"], tree["stats"], *inputs)[0]


def same(found, expected):
    expected = np.moveaxis(expected, 1, -1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def first_channels(x):
    return np.moveaxis(np.asarray(x, np.float64), -1, 1)


def test_encoder(tmp_path):
    released, weights = Released(arrays := encoder()), imported(arrays, tmp_path)
    known, missing = RNG.uniform(-1, 1, (2, 1, 32, 32, 3)).astype(np.float32)
    found = answer(Encoder(WIDTH, MOST, LATENT, LAYERS, 1), weights, known, missing)
    x = released.first(first_channels(np.concatenate([known, missing])))
    for i in range(LAYERS - 1):
        same(found.features[i], x[:1])
        x = halved(released.block(f"encoder{i}", x))
    same(found.features[-1], x[:1])
    for gaussian, head, seen in (
        (found.posterior, "posterior", x[1:]),
        (found.prior, "prior", released.block("infer_prior0", x[:1])),
    ):
        values = released.block(head, seen)
        same(gaussian.mean, values[:, :LATENT])
        same(gaussian.deviation, np.logaddexp(values[:, LATENT:], 0))
    assert weights.about["place"] == "generator/encoder"


def test_decoder(tmp_path):
    released, weights = Released(arrays := decoder()), imported(arrays, tmp_path)
    latent, last = drawn(1, 4, 4, LATENT), drawn(1, 4, 4, MOST)
    earlier, hole = drawn(1, 16, 16, MOST), RNG.uniform(size=(1, 16, 16, 1)).astype(np.float32)
    found = answer(
        Decoder(MOST, MOST, LAYERS, 2, True), weights, latent, (earlier, earlier, last), hole
    )
    x, painted = released.block("generator", first_channels(latent)) + first_channels(last), []
    for i in range(LAYERS):
        x = released.doubling(f"decoder{i}", x)
        if i == 1:
            x = released.attend("attn1", x, first_channels(earlier), 1 - first_channels(hole))
        if i:
            mirrored = np.pad(leaky(x), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")
            painted.append(np.tanh(released.conv(f"out{i}.conv1", mirrored, same=False)))
            x = np.concatenate([x, painted[-1]], 1)
    assert len(found) == len(painted) == 2
    for ours, theirs in zip(found, painted, strict=True):
        same(ours, theirs)
    assert weights.about["place"] == "generator/decoder"


def test_discriminator(tmp_path, capsys):
    released, weights = Released(arrays := discriminator(4)), imported(arrays, tmp_path)
    images = RNG.uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
    found = answer(Discriminator(WIDTH, MOST, 4, True), weights, images)
    x = released.first(first_channels(images))
    for i in range(3):
        x = released.attend("attn2", x) if i == 2 else x
        x = halved(released.block(f"encoder{i}", x))
    same(found, released.conv("conv", leaky(released.block("block1", x)), same=False))
    message = capsys.readouterr().out
    assert "left out, unused by the discriminators: attn2.alpha (1), attn2.model.* (9)" in message


@pytest.mark.slow
def test_a_run_that_begins_with_all_four(tmp_path):
    """Each file goes to its place, the discriminators by file name.

    The state then has exactly the arrays of the files.
    """
    networks = {
        "E": encoder(),
        "G": decoder(attends=False),
        "D": discriminator(),
        "D_rec": discriminator(),
    }
    files = {
        name: imported(arrays, tmp_path, f"latest_net_{name}") for name, arrays in networks.items()
    }
    sizes = f"width={WIDTH} most={MOST} layers={LAYERS}".split()
    parts = ("generator.encoder", "generator.decoder", "critic")
    changes = [f"networks.{part}.{size}" for part in parts for size in sizes]
    changes += [f"networks.generator.encoder.latent={LATENT}", "stages.pluralistic.batch_size=3"]
    config = configuration.load("pluralistic:smoke", [f"--config.{change}" for change in changes])
    [stage] = configuration.build_system(config).stages
    state, places = drawn_state(stage, config, {}), {}
    for name, weights in files.items():
        beginning = fitted(tmp_path / f"latest_net_{name}_ours.npz", state, label="weights")
        state = begin(state, beginning, tmp_path / f"{name}.json")
        places[name] = "/".join(beginning.place)
        assert len(beginning.arrays) == len(weights.arrays)
    critics = {"D": "critic/generation", "D_rec": "critic/reconstruction"}
    assert places == {"E": "generator/encoder", "G": "generator/decoder", **critics}
    kernel = state.networks["critic"].params["reconstruction"]["conv"]["kernel"]
    np.testing.assert_array_equal(
        kernel, np.moveaxis(networks["D_rec"]["conv.module.weight_bar"], (0, 1), (-1, -2))
    )


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda a: {**a, "encoder9.bias": drawn(2)},
            "has encoder9.bias, which a pluralistic lacks",
        ),
        (
            lambda a: {n: x for n, x in a.items() if n != "conv.module.bias"},
            "lacks conv.module.bias, which a plur",
        ),
        (lambda a: {**a, "block1.model.1.module.bias": drawn(MOST)}, "should be equal but differ"),
    ],
)
def test_another_file(change, message, tmp_path):
    with pytest.raises(InputError, match=message):
        imported(change(discriminator()), tmp_path)
