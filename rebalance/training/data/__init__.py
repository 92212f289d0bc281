"""What separators learn from: dry stems, rooms, and mixtures made on the fly."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
