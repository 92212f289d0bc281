"""Figures of the hearing-loss simulation: the outer and middle ear, the filters of a damaged cochlea.

Sources: outer ear, frontal free field: Shaw (1974); middle ear: Moore, Glasberg and Baer (1997); filter banks, catch-up
level and smearing: the MSBG model as pyclarity publishes it (Baer and Moore 1993; Moore and Glasberg 1993; Stone and
Moore 1999; Nejime and Moore 1997).
"""

from __future__ import annotations

from dataclasses import dataclass

# At what frequency in Hz, what the outer ear adds (0 dB at low frequencies), and what the middle ear takes away, in dB.
EAR_FREQUENCIES_HZ = (
    0.0, 20.0, 25.0, 31.5, 40.0, 50.0, 63.0, 80.0, 100.0, 125.0, 160.0, 200.0, 250.0, 315.0, 400.0, 500.0, 630.0, 750.0,
    800.0, 1000.0, 1250.0, 1500.0, 1600.0, 2000.0, 2500.0, 3000.0, 3150.0, 4000.0, 5000.0, 6000.0, 6300.0, 8000.0,
    9000.0, 10_000.0, 11_200.0, 12_500.0, 14_000.0, 15_000.0, 16_000.0, 20_000.0, 48_000.0,
)  # fmt: skip
OUTER_EAR_DB = (
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.3, 0.5, 0.9, 1.4, 1.6, 1.7, 2.5, 2.7, 2.6, 2.6, 3.2, 5.2, 6.6,
    12.0, 16.8, 15.3, 15.2, 14.2, 10.7, 7.1, 6.4, 1.8, -0.9, -1.6, 1.9, 4.9, 2.0, -2.0, 2.5, 2.5, 2.5,
)  # fmt: skip
MIDDLE_EAR_LOSS_DB = (
    50.0, 39.6, 32.0, 25.85, 21.4, 18.5, 15.9, 14.1, 12.4, 11.0, 9.6, 8.3, 7.4, 6.2, 4.8, 3.8, 3.3, 2.9, 2.6, 2.6, 4.5,
    5.4, 6.1, 8.5, 10.4, 7.3, 7.0, 6.6, 7.0, 9.2, 10.2, 12.2, 10.8, 10.1, 12.7, 15.0, 18.2, 23.8, 32.3, 50.0, 50.0,
)  # fmt: skip

BANK_RATE = 44_100
_CORNER_STEP_HZ = BANK_RATE / 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterBank:
    """A bank of gammatone filters, wider than those of a healthy ear.

    Parameters
    ----------
    broadening
        Width of a filter in equivalent rectangular bandwidths.
    centres_hz
        From low to high.
    delays
        By how many samples of `BANK_RATE` every output is late.
    corner_bins
        Where the high-pass begins that shortens the lower skirt, for the last so many filters.
    recombination_db
        By how much the sum of all outputs is too loud.
    """

    broadening: float
    centres_hz: tuple[float, ...]
    delays: tuple[int, ...]
    corner_bins: tuple[int, ...]
    recombination_db: float

    @property
    def corners_hz(self) -> tuple[float | None, ...]:
        """Corner of every filter's high-pass in Hz, None where it has none."""
        without = len(self.centres_hz) - len(self.corner_bins)
        return (*[None] * without, *(bins * _CORNER_STEP_HZ for bins in self.corner_bins))


# fmt: off
NARROW_BANK = FilterBank(
    broadening=1.5,
    centres_hz=(
        72.58201774, 97.8613053, 129.4489766, 168.201914, 214.9567785, 270.5208519, 335.670918, 411.1601707,
        497.7322181, 596.1406353, 707.1722644, 831.672525, 970.5712942, 1124.908338, 1299.105178, 1495.717334,
        1717.629166, 1968.096188, 2250.792827, 2569.866329, 2929.997599, 3336.469872, 3795.246219, 4313.057029,
        4897.498744, 5557.145301, 6301.673914, 7142.007046, 8090.472637, 9160.984967, 10369.24878, 11732.98966,
        13272.21411, 15009.50302, 16970.34295, 19183.5,
    ),
    delays=(
        485, 442, 396, 349, 311, 272, 239, 210, 186, 162, 143, 126, 111, 98, 87, 77, 69, 61, 54, 47, 42, 37, 33, 29,
        26, 23, 20, 18, 16, 14, 12, 11, 10, 9, 8, 7,
    ),
    corner_bins=(
        17, 20, 23, 28, 33, 39, 47, 56, 68, 81, 98, 118, 143, 172, 207, 248, 297, 353, 416, 484, 553, 612,
    ),
    recombination_db=5.133590841,
)

MEDIUM_BANK = FilterBank(
    broadening=2.0,
    centres_hz=(
        65.82694524, 95.55458999, 134.8830708, 185.5702123, 249.409281, 328.2318789, 423.9401068, 538.5653963,
        674.3479672, 833.8298745, 1019.955709, 1238.681559, 1495.717334, 1797.77303, 2152.733907, 2569.866329,
        3060.059667, 3636.110571, 4313.057029, 5108.57094, 6043.419442, 7142.007046, 8433.012724, 9950.13858,
        11732.98966, 13828.10784, 16290.18684, 19183.5,
    ),
    delays=(
        379, 339, 289, 253, 216, 184, 156, 132, 111, 95, 80, 68, 58, 49, 42, 36, 30, 26, 22, 19, 16, 13, 11, 10, 8,
        7, 6, 5,
    ),
    corner_bins=(
        23, 29, 35, 44, 55, 70, 88, 112, 142, 180, 228, 288, 361, 448, 541, 625,
    ),
    recombination_db=4.96779207,
)

WIDE_BANK = FilterBank(
    broadening=3.0,
    centres_hz=(
        83.31770882, 133.0673989, 204.0975895, 302.1646913, 434.0250248, 607.851993, 833.8298745, 1124.908338,
        1495.717334, 1968.096188, 2569.866329, 3336.469872, 4313.057029, 5557.145301, 7142.007046, 9160.984967,
        11732.98966, 15009.50302, 19183.5,
    ),
    delays=(
        229, 204, 166, 133, 106, 83, 65, 50, 39, 31, 24, 19, 15, 12, 9, 7, 5, 4, 4,
    ),
    corner_bins=(
        40, 54, 74, 102, 142, 199, 278, 387, 526, 664,
    ),
    recombination_db=4.240378918,
)
# fmt: on
