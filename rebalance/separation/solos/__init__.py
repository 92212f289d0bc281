"""The two systems of Solos: the multi-head U-Net, and The Sound of Pixels, which also looks at the players."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
