"""X-UMX, the network of the SynthSOD baseline: one model for each family of the orchestra."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
