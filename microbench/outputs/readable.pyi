"""Types of `get_results`, for type checkers: see `Readable` in base.py.

They name frames of other packages, which programs that freeze modules must not find there.
"""

from typing import Any, Literal, TypeAlias, overload

import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from ..record import Record

_Shape: TypeAlias = Literal['runs', 'phases', 'iterations', 'samples']
_Rows: TypeAlias = list[dict[str, Any]]

class Readable:
    @overload
    def get_results(
        self, format: Literal['dict'] = ..., flat: Literal[False] = ..., shape: None = ...
    ) -> list[Record]: ...
    @overload
    def get_results(
        self, format: Literal['dict'] = ..., *, flat: Literal[True], shape: None = ...
    ) -> _Rows: ...
    @overload
    def get_results(
        self, format: Literal['dict'], flat: Literal[True], shape: None = ...
    ) -> _Rows: ...
    @overload
    def get_results(
        self, format: Literal['dict'] = ..., flat: bool = ..., *, shape: _Shape
    ) -> _Rows: ...
    @overload
    def get_results(
        self, format: Literal['df'], flat: bool = ..., shape: _Shape | None = ...
    ) -> pd.DataFrame: ...
    @overload
    def get_results(
        self, format: Literal['polars'], flat: bool = ..., shape: _Shape | None = ...
    ) -> pl.DataFrame: ...
    @overload
    def get_results(
        self, format: Literal['arrow'], flat: bool = ..., shape: _Shape | None = ...
    ) -> pa.Table: ...
    @overload
    def get_results(
        self, format: str = ..., flat: bool = ..., shape: str | None = ...
    ) -> Any: ...
    def _read_results(self, format: str, flat: bool, shape: str | None) -> Any: ...  # noqa: A002
