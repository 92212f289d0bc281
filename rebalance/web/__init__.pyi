from ._answers import (
    answer_errors_in_one_line as answer_errors_in_one_line,
    attachment as attachment,
    shown_name as shown_name,
    temporary_attachment as temporary_attachment,
    uploaded as uploaded,
)
from ._guards import LOOPBACK_NAMES as LOOPBACK_NAMES, Guard as Guard
from ._hosting import (
    ServerOptions as ServerOptions,
    bound_socket as bound_socket,
    closing_in_order as closing_in_order,
    run_server as run_server,
)
