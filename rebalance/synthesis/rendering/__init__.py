"""From scores to stems: plans, renditions, and how natural the result is."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
