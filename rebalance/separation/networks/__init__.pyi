from ._centred_stft import BandLimited as BandLimited, SpectralNetwork as SpectralNetwork
from ._devices import (
    chosen_device as chosen_device,
    overlap_add_within_memory as overlap_add_within_memory,
    within_memory as within_memory,
)
from ._layers import (
    ConditionedNorm as ConditionedNorm,
    Ensemble as Ensemble,
    Memory as Memory,
    TimeConv as TimeConv,
    full_precision as full_precision,
    with_past as with_past,
)
