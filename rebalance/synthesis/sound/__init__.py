"""Where rendered sound comes from: soundfonts, recorded notes, equalisers and rooms."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
