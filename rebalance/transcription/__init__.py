"""Who plays which pitch when: trackers, their posteriors, notes, activity, and scores that sharpen them.

Start with `load_tracker`, `transcribe` or `separate_by_pitch`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
