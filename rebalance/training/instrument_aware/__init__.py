"""Instrument-aware separation: what IASS minimises, and what systems are worth on whole pieces."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
