from ._features import FeatureConfig as FeatureConfig, HarmonicFeatures as HarmonicFeatures
from ._mask_network import (
    N_VOICES as N_VOICES,
    MaskNetwork as MaskNetwork,
    MaskNetworkConfig as MaskNetworkConfig,
    RunningLevel as RunningLevel,
)
from ._mask_separator import MaskSeparator as MaskSeparator, load_mask_separator as load_mask_separator
from ._presets import PRESETS as PRESETS
from ._streaming import (
    IncomingFrames as IncomingFrames,
    MaskedStream as MaskedStream,
    SeparationStream as SeparationStream,
    whole_stream as whole_stream,
)
from ._transform import (
    ASYMMETRIC as ASYMMETRIC,
    HALF_RATE as HALF_RATE,
    SYMMETRIC as SYMMETRIC,
    Transform as Transform,
    TransformConfig as TransformConfig,
)
