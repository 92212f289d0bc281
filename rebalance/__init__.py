"""Rebalance classical music for listeners with hearing loss: separate, remix, amplify, score."""

import logging

import lazy_loader

from rebalance._base.semantics import VERSION as __version__  # noqa: F401, N811 - where Python looks for it

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# Nothing is told until a program asks for it: logging.basicConfig(level=logging.INFO).
logging.getLogger(__name__).addHandler(logging.NullHandler())
