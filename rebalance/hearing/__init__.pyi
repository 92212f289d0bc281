from ._audiogram import (
    SITE_SEVERITY_FREQUENCIES_HZ as SITE_SEVERITY_FREQUENCIES_HZ,
    Audiogram as Audiogram,
    EarFitting as EarFitting,
    Fitting as Fitting,
    Listener as Listener,
    Severity as Severity,
    SeverityDefinition as SeverityDefinition,
    looks_like_khz as looks_like_khz,
)
from ._crossovers import Crossover as Crossover
from ._loss_live import (
    MAX_LIVE_RATE as MAX_LIVE_RATE,
    MIN_LIVE_RATE as MIN_LIVE_RATE,
    LiveLossFilter as LiveLossFilter,
    LiveLossFilters as LiveLossFilters,
    live_loss_filters as live_loss_filters,
)
from ._loss_simulation import (
    HearingLossSimulator as HearingLossSimulator,
    simulate_hearing_loss as simulate_hearing_loss,
)
from ._multiband import (
    CHALLENGE_AID as CHALLENGE_AID,
    AidSettings as AidSettings,
    MultibandCompressor as MultibandCompressor,
    amplify as amplify,
)
from ._nal_r import NalR as NalR, nal_r_filter as nal_r_filter
from ._prescriptions import prescribe as prescribe
from ._standard_audiograms import STANDARD_AUDIOGRAMS as STANDARD_AUDIOGRAMS
