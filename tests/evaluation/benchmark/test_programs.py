"""The programs of accelerators, checked without one:
lowered for GPUs and TPUs, compiled for four devices.
"""

import re

import jax
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from inpaint_jax import parallel
from inpaint_jax.evaluation.benchmark.programs import Program, examples, programs, sent
from inpaint_jax.networks.convolutions import ON_CPU
from inpaint_jax.runs import configuration, pages

QUICK = ("yeh", "lsgan")  # the others take up to a minute each to trace
CONFIGS = [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
    for name in pages.shipped(pages.CONFIGS)
    if name != "yeh_dialects"  # dialects of yeh's search
]


def lowered(program: Program, *platforms: str) -> str:
    """The program for some platforms, with the names of the scopes that its
    operations come from.
    """
    return program.trace().lower(lowering_platforms=platforms).as_text(debug_info=True)


@pytest.mark.parametrize("name", CONFIGS)
def test_programs_of_gpus_and_tpus(name):
    """No call back to the host, no float64, and none of the convolutions that are
    written for the CPU.
    """
    for program in programs(configuration.load(f"{name}:smoke")):
        text = lowered(program, "cuda", "tpu")
        assert not re.search(r"f64|callback|infeed|outfeed", text), program.name
        assert ON_CPU not in text, program.name


def test_the_scope_tells_the_programs_of_a_cpu(tiny):
    step, search = programs(configuration.load("yeh:smoke", tiny))
    for program in (step, search):
        assert ON_CPU in lowered(program, "cpu") and ON_CPU in lowered(program, "cpu", "cuda")
        assert "stablehlo.convolution" in lowered(program, "cuda")


def test_products_in_bfloat16_on_a_gpu(tiny):
    """Every convolution and every product of networks, in both passes."""
    for program in programs(configuration.load("yeh:smoke", [*tiny, "--config.precision=bf16"])):
        text = program.trace().lower(lowering_platforms=("cuda",)).as_text()
        products = re.findall(r"stablehlo\.(?:convolution|dot_general).*: \((.*?)\) ->", text)
        assert products and all(
            "bf16" in operands and "f32" not in operands for operands in products
        )


def test_bytes_that_devices_send():
    text = """
      %a = f32[3,4]{1,0} all-reduce(%x), replica_groups={}
      %b = (f32[2]{0}, bf16[8]{0}) all-reduce-start(%y, %z)
      %c = f32[] all-gather(%w), dimensions={0}
      %d = f32[9]{0} add(%u, %v)
    """
    assert sent(text) == {"all-reduce": 48 + 8 + 16, "all-gather": 4}


def test_a_training_step_sends_each_gradient_once(tiny):
    """And the statistics and means of a batch:
    one number per channel and layer, and one per metric.
    """
    once = "--config.stages.dcgan.generator_updates=1"
    step, _ = programs(configuration.load("yeh:smoke", [*tiny, once]), images=8)
    mesh = parallel.mesh()
    state, batch, earlier = step.arguments
    copied, split = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), (parallel.AXIS,)))
    whole = jax.jit(parallel.per_device(step.function, mesh), in_shardings=(copied, split, copied))
    found = sent(whole.lower(state, batch, earlier).compile().as_text())
    parameters = sum(
        leaf.size for net in state.networks.values() for leaf in jax.tree.leaves(net.params)
    )
    statistics = sum(
        leaf.size for net in state.networks.values() for leaf in jax.tree.leaves(net.stats)
    )
    assert set(found) == {"all-reduce"}
    # The critic sees real and generated images; batch norm's sums go forward and, as their
    # gradients, back.
    assert 4 * parameters <= found["all-reduce"] <= 4 * (parameters + 12 * statistics + 50)


def test_a_search_sends_nothing(tiny):
    *_, search = programs(configuration.load("yeh:smoke", tiny))
    spread = parallel.spread(search.function, parallel.mesh())
    assert sent(jax.jit(spread).lower(*search.arguments).compile().as_text()) == {}


def test_shapes_of_a_batch():
    batch = examples(2, 8)
    assert batch["image"].shape == batch["projection"].shape == (2, 8, 8, 3)
    assert batch["hole"].shape == (2, 8, 8, 1) and batch["label"].shape == (2,)
