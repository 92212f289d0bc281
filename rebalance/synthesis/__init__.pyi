from . import (
    composition as composition,
    notation as notation,
    orchestra as orchestra,
    performance as performance,
    performers as performers,
    rendering as rendering,
    sound as sound,
)
