"""Lengths at which FFTs are fast."""

from __future__ import annotations

from functools import cache


@cache  # called in every iteration, mostly with the same few lengths
def next_fast_length(least: int) -> int:
    """Return the smallest even number 2^a 3^b 5^c that is ``least`` or more."""
    best = 1 << max(1, (least - 1).bit_length())
    five = 1
    while five < best:
        three = five
        while three < best:
            two = 1 << max(1, (-(-least // three) - 1).bit_length())
            best = min(best, two * three) if two * three >= least else best
            three *= 3
        five *= 5
    return best


def next_gpu_length(least: int) -> int:
    """Return the smallest even number 2^a or 3 2^a that is ``least`` or more.

    On a GPU the first FFT of each length takes much longer than later ones, because its kernels are
    loaded and its plan is made. So a descent is faster with few different lengths. They also leave
    a growing map more room, so that its grid is replaced, and its work captured, less often.
    """
    power = 1 << max(1, (least - 1).bit_length())
    return power // 4 * 3 if power >= 8 and power // 4 * 3 >= least else power
