"""The pages of the leaderboard: public boards, the pages of teams, and those of organisers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
