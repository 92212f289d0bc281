"""What is served to browsers; here what all servers share: guard, answers in one line, files in and out, the start."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
