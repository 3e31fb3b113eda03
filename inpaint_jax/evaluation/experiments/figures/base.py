"""Figures that read logs, traces or weights, but no metric of the test images."""

from dataclasses import dataclass


class Unmeasured:
    """A figure without metrics, for the hole families of the experiment."""

    def families(self) -> tuple[str, ...]:
        return ()

    def metrics(self) -> tuple[tuple[str, str], ...]:
        return ()


@dataclass(frozen=True)
class OfOneArm(Unmeasured):
    """An unmeasured figure of one arm."""

    title: str
    arm: str

    def arms(self) -> list[str]:
        return [self.arm]
