from ._activity_detection import ActivityDetector as ActivityDetector, InstrumentActivity as InstrumentActivity
from ._average_spectra import AverageSpectrumSeparator as AverageSpectrumSeparator, read_spectra as read_spectra
from ._causality import LookAhead as LookAhead, measure_look_ahead as measure_look_ahead
from ._chain import WHOLE_CHAIN as WHOLE_CHAIN, measure_chain as measure_chain
from ._checkpoints import (
    IASS_FORMAT as IASS_FORMAT,
    MULTI_HEAD_FORMAT as MULTI_HEAD_FORMAT,
    PIXELS_FORMAT as PIXELS_FORMAT,
    SCORE_FORMAT as SCORE_FORMAT,
    TRACKER_FORMAT as TRACKER_FORMAT,
    WEIGHTS_FOLDER as WEIGHTS_FOLDER,
    XUMX_FORMAT as XUMX_FORMAT,
    checked_header as checked_header,
    checkpoint_header as checkpoint_header,
    look_ahead_header as look_ahead_header,
    reading_checkpoint as reading_checkpoint,
    shipped_weights as shipped_weights,
    tensors_sha256 as tensors_sha256,
    write_tensors as write_tensors,
)
from ._contract import CONTRACT as CONTRACT, Check as Check, check_separator as check_separator
from ._contract_report import CheckResult as CheckResult, ContractReport as ContractReport
from ._describing import Described as Described
from ._estimates import checked_estimates as checked_estimates
from ._floors import floor_estimates as floor_estimates
from ._info import SeparatorInfo as SeparatorInfo, info_of as info_of
from ._kinds import SEPARATORS as SEPARATORS
from ._metrics import (
    LIMIT_DB as LIMIT_DB,
    SILENCE_DB_FS as SILENCE_DB_FS,
    bss_eval as bss_eval,
    frame_median_db as frame_median_db,
    is_silent as is_silent,
    museval_frames_db as museval_frames_db,
    sdr_db as sdr_db,
    si_sdr_db as si_sdr_db,
)
from ._model_card import ModelCard as ModelCard
from ._overlap_add import Chunking as Chunking, official_chunks as official_chunks, overlap_add as overlap_add
from ._overview import (
    OWN_MODELS as OWN_MODELS,
    SeparatorEntry as SeparatorEntry,
    installed_separators as installed_separators,
    list_separators as list_separators,
    measure_cost as measure_cost,
)
from ._placing import Placed as Placed, placed_at as placed_at
from ._protocol import (
    Levelled as Levelled,
    OfficialTargets as OfficialTargets,
    Oracle as Oracle,
    OwnInstruments as OwnInstruments,
    Separator as Separator,
    checked_mixture as checked_mixture,
    informed as informed,
    instruments_of as instruments_of,
    known_instruments as known_instruments,
    shared_among_voices as shared_among_voices,
    source_names as source_names,
)
from ._rates import separate_at_rate as separate_at_rate
from ._registry import (
    load_activity_detector as load_activity_detector,
    load_separator as load_separator,
    source_digest as source_digest,
)
from ._saved_networks import (
    Checkpoint as Checkpoint,
    info_of_checkpoints as info_of_checkpoints,
    load_checkpoint as load_checkpoint,
    load_network as load_network,
    save_checkpoint as save_checkpoint,
    save_network as save_network,
)
from ._sighted import PlayersAt as PlayersAt, Sighted as Sighted
from ._silent_energy import silent_energy_db as silent_energy_db
from ._stft import (
    HOP_SIZE as HOP_SIZE,
    WINDOW_SIZE as WINDOW_SIZE,
    inverse_spectrogram as inverse_spectrogram,
    spectrogram as spectrogram,
)
from ._voices import TellsVoicesApart as TellsVoicesApart, pool_voices as pool_voices
from ._weighted_separator import WeightedSeparator as WeightedSeparator
from ._wiener import wiener as wiener
