"""Orchestral data sets in the manner of SynthSOD: folders of scores to stems by microphone."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
