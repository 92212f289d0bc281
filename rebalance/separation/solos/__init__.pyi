from ._activation_maps import activation_maps as activation_maps, over_frame as over_frame
from ._log_frequency import (
    LogSpectrum as LogSpectrum,
    LogSpectrumConfig as LogSpectrumConfig,
    binary_masks as binary_masks,
    normalised_levels as normalised_levels,
    ratio_masks as ratio_masks,
)
from ._multi_head_separator import (
    MultiHeadSeparator as MultiHeadSeparator,
    multi_head_estimates as multi_head_estimates,
)
from ._multi_head_unet import (
    MULTI_HEAD_WIDTHS as MULTI_HEAD_WIDTHS,
    SOLOS_INSTRUMENTS as SOLOS_INSTRUMENTS,
    MultiHeadConfig as MultiHeadConfig,
    MultiHeadUNet as MultiHeadUNet,
)
from ._pixels_separator import PixelsSeparator as PixelsSeparator, pixels_estimates as pixels_estimates
from ._seen_frames import framed as framed
from ._solos_checkpoints import load_solos_separator as load_solos_separator, save_solos_network as save_solos_network
from ._sound_of_pixels import (
    PIXELS_WIDTHS as PIXELS_WIDTHS,
    AudioUNet as AudioUNet,
    PixelsConfig as PixelsConfig,
    SoundOfPixels as SoundOfPixels,
)
from ._vision import VisionConfig as VisionConfig, VisionNetwork as VisionNetwork
