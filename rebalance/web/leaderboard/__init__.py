"""The leaderboard: submissions received, checked, scored and ranked; its rules, database, server and workers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
