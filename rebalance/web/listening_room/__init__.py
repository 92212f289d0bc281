"""The listening room: a page on this machine where a person moves the sliders and hears music fitted for their ears."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
