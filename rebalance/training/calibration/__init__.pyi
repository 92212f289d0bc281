from ._reliability import Reliability as Reliability, measure_reliability as measure_reliability
from ._shrinkage import Fit as Fit, fit_shrinkage as fit_shrinkage
from ._voice_trust import fit_voice_trust as fit_voice_trust
