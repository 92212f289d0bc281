"""Training separators: dry stems, mixtures made on the fly, losses, the loop, validation, export."""
