"""Learning to separate from scores in place of stems, in three steps.

Source: Hung, Wichern and Le Roux 2021, "Transcription Is All You Need" (arXiv 2010.11904).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
