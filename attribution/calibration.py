"""The level of what channels add: what journeys cannot tell, and experiments can.

Journeys tell how channels differ. What every touch adds, whatever its channel, is hardly in them:
who is going to buy anyway has touches, and so has every opportunity, won or lost. So the effects
that models find are known up to a level, the same for all channels: how much of a conversion one
conversion's worth of linear credit is worth, beyond what the model says.

    caused[c] = effect[c] + level x linear[c]

An experiment measures what the touches that it kept from people cause, and so the level, with an
error. Without any, the level is the least at which no channel does harm, and not above 1: credit
for a conversion is worth a conversion at most. Each counts by how sure it is.
"""

from dataclasses import dataclass

import numpy as np

from attribution.paths import Floats, Ints


@dataclass(frozen=True)
class Experiments:
    """What experiments measured, one entry each; shape (experiments,).

    `channel`: whose touches were kept from the holdouts. `linear`: the linear credit, in
    conversions, that such touches have in the treatment arm. `caused`: the conversions that the arm
    has beyond the holdouts', and `error` its standard error.
    """

    channel: Ints
    linear: Floats
    caused: Floats
    error: Floats


NO_EXPERIMENTS = Experiments(np.zeros(0, np.int64), *(np.zeros(0) for _ in range(3)))


def level(effect: Floats, linear: Floats, found: Experiments, doubt: float) -> float:
    """The level of effects: the mean of a normal belief after the experiments.

    `effect`, `linear`: per channel, as parts of all conversions, shape (channels,). Before the
    experiments the belief has its mean at the least level without harm and the standard deviation
    `doubt`. Experiments of channels without linear credit say nothing.
    """
    worth = np.divide(effect, linear, out=np.zeros_like(effect), where=linear > 0)
    before = float(np.clip(-worth.min(initial=0), 0, 1))
    told = (found.linear > 0) & (found.error > 0) & (linear[found.channel] > 0)
    weight = (found.linear[told] / found.error[told]) ** 2
    measured = found.caused[told] / found.linear[told] - worth[found.channel[told]]
    sure = 1 / doubt**2
    return float((sure * before + weight @ measured) / (sure + weight.sum()))


def shares(caused: Floats) -> Floats:
    """Each channel's part of the credit: what it caused over the sum; harm gets nothing.

    Noughts where no channel caused anything.
    """
    kept = caused.clip(0)
    total = kept.sum()
    return kept / total if total > 0 else kept
