"""Making tasks: listeners, gains, scenes and mixtures in the challenge's format."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
