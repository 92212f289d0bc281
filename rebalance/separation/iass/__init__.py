"""IASS: instrument-aware source separation, a mask and the activity of one instrument by one network."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
