"""Lets the pages of the Python reference show what a package's ``__init__.pyi`` says it offers."""

from __future__ import annotations

import griffe


class StubExports(griffe.Extension):
    """Takes the names a stub imports from the library for the public names of its package."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: object) -> None:  # noqa: ARG002 - griffe gives more
        """Set the public names of every package of a library that has a stub."""
        for module in (pkg, *_modules_within(pkg)):
            if module.is_init_module and module.filepath.with_suffix(".pyi").exists():
                module.exports = sorted(
                    name
                    for name, member in module.members.items()
                    if member.is_alias and member.target_path.startswith(f"{pkg.path}.") and not name.startswith("_")
                )


def _modules_within(module: griffe.Module) -> list[griffe.Module]:
    """Return all modules below one, not those it imports."""
    below = [member for member in module.modules.values() if not member.is_alias]
    return [found for member in below for found in (member, *_modules_within(member))]
