"""Styles of buildings, and the light at times of day."""

from typing import NamedTuple

import numpy as np

from inpaint_jax.data.facades.canvas import rgb


class Style(NamedTuple):
    """Properties that all buildings of one class share. Colours are RGB in 0..255."""

    walls: tuple[tuple[int, int, int], ...]  # a building has one of these
    trim: tuple[int, int, int]  # frames, sills, cornice
    roof: str  # flat, mansard, gable
    roof_colour: tuple[int, int, int]
    columns: tuple[int, int]  # number of windows across, minimum and maximum
    floors: tuple[int, int]  # number above the ground floor
    window: tuple[float, float]  # width, height: fractions of the distance between window centres
    # courses, balconies, shutters, curtain (glass from floor to floor), bands, timber
    ornament: str


STYLES = {
    "brick": Style(
        walls=((158, 74, 58), (140, 62, 52), (172, 92, 68)),
        trim=(236, 226, 208),
        roof="flat",
        roof_colour=(92, 60, 52),
        columns=(3, 4),
        floors=(3, 4),
        window=(0.50, 0.62),
        ornament="courses",
    ),
    "limestone": Style(
        walls=((226, 208, 172), (214, 198, 168), (234, 220, 192)),
        trim=(248, 240, 222),
        roof="mansard",
        roof_colour=(84, 98, 116),
        columns=(4, 5),
        floors=(3, 4),
        window=(0.46, 0.74),
        ornament="balconies",
    ),
    "stucco": Style(
        walls=((238, 190, 96), (232, 150, 122), (122, 186, 178), (240, 212, 150)),
        trim=(250, 244, 230),
        roof="gable",
        roof_colour=(188, 92, 62),
        columns=(3, 3),
        floors=(2, 3),
        window=(0.36, 0.58),
        ornament="shutters",
    ),
    "glass": Style(
        walls=((72, 96, 118), (60, 110, 118), (84, 92, 110)),
        trim=(196, 208, 214),
        roof="flat",
        roof_colour=(60, 72, 84),
        columns=(5, 6),
        floors=(5, 6),
        window=(0.88, 0.86),
        ornament="curtain",
    ),
    "modern": Style(
        walls=((240, 238, 232), (222, 224, 222), (206, 200, 192)),
        trim=(92, 96, 102),
        roof="flat",
        roof_colour=(120, 122, 124),
        columns=(2, 3),
        floors=(3, 4),
        window=(0.84, 0.50),
        ornament="bands",
    ),
    "timber": Style(
        walls=((246, 236, 214), (240, 224, 190)),
        trim=(92, 58, 40),
        roof="gable",
        roof_colour=(150, 70, 50),
        columns=(3, 4),
        floors=(2, 3),
        window=(0.44, 0.50),
        ornament="timber",
    ),
}


class Hour(NamedTuple):
    """Light at a time of day."""

    zenith: np.ndarray
    horizon: np.ndarray
    light: np.ndarray  # factor on the buildings' colours
    lit: float  # share of windows that are lit


HOURS = (
    Hour(rgb(98, 152, 214), rgb(206, 226, 240), rgb(1.00, 1.00, 1.00), 0.0),  # noon
    Hour(rgb(130, 178, 220), rgb(248, 222, 190), rgb(1.04, 0.99, 0.92), 0.0),  # morning
    Hour(rgb(92, 92, 156), rgb(250, 168, 112), rgb(1.02, 0.88, 0.80), 0.3),  # sunset
    Hour(rgb(28, 36, 78), rgb(96, 92, 140), rgb(0.52, 0.54, 0.70), 0.6),  # evening
)
