"""What a marketing mix model does to media before it regresses: carry-over and saturation.

Formulas as in Google's Meridian documentation, "Media saturation and lagging" (CC BY 4.0):
geometric adstock and the Hill function. Weeks come from marts.mmm_weekly, in order.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribution.errors import AttributionError

Floats = NDArray[np.float64]


def adstock(
    media: ArrayLike, alpha: float, max_lag: int | None = None, *, normalise: bool = True
) -> Floats:
    """Media that is still at work in each week: sum over s of alpha^s x media[t - s].

    `media`: shape (weeks,) or (weeks, channels), any unit; the result has the same. `alpha` in
    [0, 1) is what is left after a week, and nothing is after `max_lag` weeks (None: it fades for
    ever). `normalise` divides by the sum of the alpha^s, as Meridian does, so that steady media
    stays as large as it is; without it (Robyn) a unit of media counts fully in its first week.
    Weeks before the first count as nought. Raises AttributionError for figures out of range.
    """
    x = _media(media)
    if not 0 <= alpha < 1:
        raise AttributionError(f"expected alpha from 0 to below 1, got {alpha}")
    if max_lag is not None and max_lag < 0:
        raise AttributionError(f"expected max_lag of 0 or more weeks, got {max_lag}")
    lags = len(x) if max_lag is None else min(max_lag + 1, len(x))
    carried = np.zeros_like(x)
    for lag in range(lags):
        carried[lag:] += alpha**lag * x[: len(x) - lag]
    if not normalise:
        return carried
    total = 1 / (1 - alpha) if max_lag is None else sum(alpha**lag for lag in range(max_lag + 1))
    return carried / total


def hill(media: ArrayLike, ec: float, slope: float) -> Floats:
    """Response with diminishing returns, from 0 to 1: 1 / (1 + (media / ec)^-slope).

    `media`: shape (weeks,) or (weeks, channels), in the unit of `ec`, at which the response is one
    half. Above a `slope` of 1 the curve is S-shaped. Raises AttributionError for figures out of
    range.
    """
    x = _media(media)
    if not (0 < ec < np.inf and 0 < slope < np.inf):
        raise AttributionError(f"expected ec and slope above 0, got {ec} and {slope}")
    with np.errstate(divide="ignore", over="ignore"):
        return 1 / (1 + (x / ec) ** -slope)


def _media(media: ArrayLike) -> Floats:
    x = np.asarray(media, dtype=np.float64)
    if x.ndim not in (1, 2):
        raise AttributionError(f"expected weeks, or weeks by channels, got {x.ndim} dimensions")
    if not np.isfinite(x).all() or (x < 0).any():
        raise AttributionError("expected media of 0 or more in every week, got less or no number")
    return x
