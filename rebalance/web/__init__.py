"""What is served over HTTP, one package for each server."""

__all__: list[str] = []
