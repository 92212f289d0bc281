from ._library import Library as Library
from ._limits import UploadLimits as UploadLimits
from ._server import create_app as create_app
from ._serving import RoomOptions as RoomOptions, serve_room as serve_room
