"""The networks behind the separators."""
