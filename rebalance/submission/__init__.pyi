from ._archive_parts import WholeArchive as WholeArchive, whole_archive as whole_archive
from ._checking import check_files as check_files, check_submission as check_submission
from ._manifest import Manifest as Manifest, parse_manifest as parse_manifest
from ._naming import (
    CAUSALITIES as CAUSALITIES,
    Causality as Causality,
    SubmissionName as SubmissionName,
    parse_archive_name as parse_archive_name,
)
from ._packing import (
    PackedFile as PackedFile,
    final_name as final_name,
    unknowns as unknowns,
    write_submission as write_submission,
)
from ._signals import ArchivedSignals as ArchivedSignals
from ._submitted_files import (
    ArchivedFiles as ArchivedFiles,
    FolderFiles as FolderFiles,
    SubmittedFiles as SubmittedFiles,
    open_submission as open_submission,
)
from ._verdict import (
    KINDS as KINDS,
    Kind as Kind,
    Problem as Problem,
    Verdict as Verdict,
    by_kind as by_kind,
    verdict_from_json as verdict_from_json,
)
