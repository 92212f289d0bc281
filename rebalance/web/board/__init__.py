"""What stands on a board: summaries of scores, rankings with their tests, views of listeners, exports, plots."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
