"""``inpaint benchmark compiled``: compile programs for four devices that are not present.

XLA compiles for a description of the device; nothing runs. The training step uses ``jit`` with a
batch sharded over the devices, as on accelerators.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from tqdm import tqdm

from inpaint_jax import parallel
from inpaint_jax.data import files
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.benchmark.measure import memory_of
from inpaint_jax.evaluation.benchmark.programs import Program, programs, sent
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.record import run_record

HEADER = ("program", "for", "B", "GFLOP", "GB", "MiB", "all-reduce, MB", "compile s")
# Device description for XLA: NVIDIA's figures for an H100 SXM.
H100 = """
gpu_device_info {
  threads_per_block_limit: 1024 threads_per_warp: 32 threads_per_core_limit: 2048
  shared_memory_per_block: 49152 shared_memory_per_block_optin: 232448
  shared_memory_per_core: 233472
  core_count: 132 fpus_per_core: 128 clock_rate_ghz: 1.98
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  memory_bandwidth: 3352320000000 device_memory_size: 84942979072 l2_cache_size: 52428800
  cuda_compute_capability { major: 9 }
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 8 }
runtime_version { major: 12 minor: 9 }
device_description_str: "NVIDIA H100 80GB HBM3"
"""


class Target(NamedTuple):
    """Four devices of a kind.

    Attributes:
      platform, topology: names in JAX.
      options: description of the devices.
      compiler: options of the compiler; kernels cannot be tuned without the device.
      packages: packages that contain the compiler.
      environment: variables that libtpu reads where there is no TPU.
    """

    platform: str
    topology: str
    options: Mapping[str, Any]
    compiler: Mapping[str, Any]
    packages: str
    environment: Mapping[str, str] = {}


TARGETS = {
    "h100": Target(
        "cuda",
        "h100",
        {"topology": "1x1x4", "target_config": H100},
        {"xla_gpu_autotune_level": 0},
        "jax-cuda12-plugin jax-cuda12-pjrt nvidia-cuda-nvcc-cu12",
    ),
    "v5e": Target(
        "tpu",
        "v5e:2x2",
        {},
        {},
        "libtpu",
        {
            "TPU_SKIP_MDS_QUERY": "1",
            "TPU_ACCELERATOR_TYPE": "v5litepod-4",
            "TPU_TOPOLOGY": "2x2",
            "TPU_WORKER_HOSTNAMES": "localhost",
        },
    ),
}


def mesh_of(target: str) -> Mesh:
    """Describe four devices.

    Raises:
      InputError: an unknown target, or one whose compiler is not installed.
    """
    if target not in TARGETS:
        raise InputError(f"cannot compile for {target!r}; known: {', '.join(TARGETS)}")
    platform, topology, options, _, packages, environment = TARGETS[target]
    os.environ.update(environment)
    jax.config.update("jax_platforms", "cpu")  # platform of all other computations
    try:
        found = topologies.get_topology_desc(topology, platform, **options)
    except (RuntimeError, NotImplementedError) as error:
        raise InputError(
            f"compiling for {target} needs: pip install {packages} ({error})"
        ) from error
    return Mesh(np.array(found.devices), (parallel.AXIS,))


def compiled(
    config: Config, targets: Sequence[str], *, spec: str, output: str | Path | None = None
) -> dict[str, Any]:
    """Compile all programs of a config, print a table, and write a JSON file.

    Args:
      config: config of any system. Every device has a separate batch of the size in the config.
      targets: keys of ``TARGETS``; empty: all.
      spec: spec of the config, for the file.
      output: JSON file, written after every program.

    Returns:
      The report.

    Raises:
      InputError: see ``mesh_of``.
    """
    meshes = {target: mesh_of(target) for target in targets or TARGETS}
    report = {"compiled": [], "record": run_record(config)}
    for target, mesh in meshes.items():
        for program in tqdm(many(config, mesh.size), desc=target, unit="program", leave=False):
            found = compile_for(program, mesh, TARGETS[target].compiler)
            report["compiled"].append({"config": spec, "target": target, **found})
            if output:
                files.write_json(output, report)
    print(text([report]))
    return report


def many(config: Config, devices: int) -> Iterator[Program]:
    """Yield the programs of a config with one batch per device."""
    config = config.copy_and_resolve_references()
    for stage in config.stages.values():
        stage.batch_size *= devices
    return programs(config, completing=devices * config.get("slots", 64))


def compile_for(program: Program, mesh: Mesh, options: Mapping[str, Any]) -> dict[str, Any]:
    """Compile a program for the devices of a mesh; all figures are per device."""
    copied, split = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), (parallel.AXIS,)))
    donated = () if program.carried is None else program.carried
    if program.name.startswith("step"):
        placed: dict[str, Any] = {"in_shardings": (copied, split, copied), "out_shardings": copied}
        function: Callable[..., Any] = program.function
    else:
        placed = {"in_shardings": (copied, *(split for _ in program.arguments[1:]))}
        function = over(program.function, mesh)
    began = time.perf_counter()
    whole = jax.jit(function, donate_argnums=donated, **placed).lower(*program.arguments)
    compiled = whole.compile(compiler_options=dict(options))
    cost = compiled.cost_analysis() or {}
    return {
        "program": program.name,
        "batch": program.images // mesh.size,
        "devices": mesh.size,
        "flop": cost.get("flops"),
        "bytes_accessed": cost.get("bytes accessed"),
        "bytes": memory_of(compiled),
        "sent": sent(compiled.as_text() or ""),
        "compile_seconds": time.perf_counter() - began,
    }


def over(function: Callable[..., Any], mesh: Mesh) -> Callable[..., Any]:
    """Map a completion over images on several devices, with any number of arguments."""
    spread = parallel.spread(lambda states, examples: function(states, *examples), mesh)
    return lambda states, *examples: spread(states, examples)


def text(reports: Sequence[Mapping[str, Any]]) -> str:
    """Format the table of one or several reports."""
    return tables.markdown(
        HEADER, [row(found) for report in reports for found in report["compiled"]]
    )


def row(found: Mapping[str, Any]) -> list[str]:
    """Format the line of a program for a device."""
    flop, accessed, size = found["flop"], found["bytes_accessed"], found["bytes"]
    others = ", ".join(
        f"{kind} {count / 1e6:.3g}" for kind, count in found["sent"].items() if kind != "all-reduce"
    )
    return [
        f"{found['config']}, {found['program']}",
        f"{found['devices']} {found['target']}",
        str(found["batch"]),
        f"{flop / 1e9:.4g}" if flop else "–",
        f"{accessed / 1e9:.3g}" if accessed else "–",
        f"{size / 2**20:,.0f}" if size else "–",
        f"{found['sent'].get('all-reduce', 0) / 1e6:.4g}" + (f"; {others}" if others else ""),
        f"{found['compile_seconds']:.0f}",
    ]
