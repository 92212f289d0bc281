"""The chain of the challenge: enhance, score, evaluate separation, and rebalance a recording of one's own."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
