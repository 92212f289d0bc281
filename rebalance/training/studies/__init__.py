"""What resumable studies have in common: tables of finished cells, doing what is left, and commands."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
