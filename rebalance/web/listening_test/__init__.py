"""Blind listening tests of scored runs: the plan, the sounds, the pages, the answers, and what they say."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
