from ._composing import (
    compose as compose,
    composed_pieces as composed_pieces,
    named_score as named_score,
)
from ._harmony import Chord as Chord, progression as progression
