"""Performances on video, drawn and rendered by program: stand-ins for recordings that cannot be given out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
