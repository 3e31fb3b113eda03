"""The table of ``inpaint benchmark`` for a terminal."""

from collections.abc import Mapping
from typing import Any

from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.benchmark import reading

HEADER = (
    "case",
    "batch",
    "ms",
    "images/s",
    "GFLOP/s",
    "of product",
    "compile s",
    "MiB",
    "against",
    "its/s",
    "ratio",
)


def text(report: Mapping[str, Any]) -> str:
    """Format the report for a terminal."""
    limits = report["matrix_product_gflops"]
    limit = max(limits.values())
    rows = [
        row(result, against, limit)
        for result in report["results"]
        for against in result["ratio"] or (None,)
    ]
    products = ", ".join(f"{name} {value:.0f}" for name, value in limits.items())
    read = [reading.text(result["reading"]) for result in report["results"] if result["reading"]]
    return "\n".join(
        (
            tables.markdown(HEADER, rows),
            "",
            *(line for table in read for line in (table, "")),
            "ms: of one training step, search iteration or blend, median; images/s: "
            "of them times the batch.",
            f"float32 matrix products here, GFLOP/s: {products}; ratio: ours over its "
            "images/s, above 1 is faster.",
            machine(report["record"]),
        )
    )


def machine(record: Mapping[str, Any]) -> str:
    """Describe hardware and versions in one line."""
    hardware = record["hardware"]
    versions = {key: record["versions"][key] for key in ("jax", "jaxlib", "flax", "optax")}
    versions |= {"torch": record["torch"]["version"]} if "torch" in record else {}
    return (
        f"One device: {hardware['devices'][0]}; {hardware['processor']}, "
        f"{hardware['cores']} cores; "
        + ", ".join(f"{name} {value}" for name, value in versions.items())
        + f"; {record['date']}"
    )


def row(result: Mapping[str, Any], against: str | None, limit: float) -> list[str]:
    """Format one line of the table."""
    gflops, size = result["gflops"], result["program_bytes"]
    return [
        result["case"],
        str(result["batch"]),
        f"{1e3 * result['seconds']['ours']:.3g}",
        f"{result['images_per_second']['ours']:.3g}",
        f"{gflops:.3g}" if gflops else "–",
        f"{gflops / limit:.0%}" if gflops else "–",
        f"{result['compile_seconds']:.1f}",
        f"{size / 2**20:.0f}" if size else "–",
        against or "–",
        f"{result['images_per_second'][against]:.3g}" if against else "–",
        f"{result['ratio'][against]:.2f}" if against else "–",
    ]
