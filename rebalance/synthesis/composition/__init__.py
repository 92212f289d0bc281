"""Music composed by rules, to train with: chorales, canons and quartets in any number."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
