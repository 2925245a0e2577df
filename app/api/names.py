"""GraphQL names, each made from its Python name once."""

from functools import cache

from strawberry.schema.name_converter import NameConverter


class RememberedNames(NameConverter):
    """Strawberry asks for the name of every argument and input field again at every call. Names are few and never change."""

    def __init__(self) -> None:
        super().__init__()
        self.apply_naming_config = cache(super().apply_naming_config)  # type: ignore[method-assign]
