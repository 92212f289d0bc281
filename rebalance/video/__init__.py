"""Video files: their frames, their sound, and pictures. Needs the extra `video`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
