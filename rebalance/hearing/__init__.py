"""Hearing: audiograms, prescriptions, NAL-R, the compressors of the challenge's hearing aids, simulated losses."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
