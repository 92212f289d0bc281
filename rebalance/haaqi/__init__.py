"""HAAQI, the hearing-aid audio quality index, equal to pyclarity's to six decimals and an order of magnitude faster."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
