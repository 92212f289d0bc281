"""How far estimates can be trusted: shrinkage and trust in voices, fitted on held-out tasks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
