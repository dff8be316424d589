"""Sets of leaves for numba: which leaves of a tree many rows may still reach, a bit for each leaf.

A row that goes to the right at a split reaches no leaf on its left. What is left in the end begins
with the row's own leaf, in whatever order the splits were asked. Nothing checks an address.

References
----------
C. Lucchese, F. M. Nardini, S. Orlando, R. Perego, N. Tonellotto, R. Venturini, QuickScorer: a fast
algorithm to rank documents with additive ensembles of regression trees, SIGIR 2015.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, register_model

from ebbtide.scorer.compiled.vectors import WHOLE, goes_left, splatted

MOST_LEAVES = 32


class SetsType(types.Type):
    """So many sets of up to 32 leaves, a bit for each."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"sets{lanes}")


@register_model(SetsType)
class _SetsModel(models.PrimitiveModel):
    def __init__(self, manager: Any, sets: SetsType) -> None:
        super().__init__(manager, sets, ir.VectorType(WHOLE, sets.lanes))


@intrinsic(prefer_literal=True)
def full_sets(_context: Any, lanes: Any) -> Any:
    """Return so many sets of all leaves; the number is known when code is compiled."""
    made = SetsType(lanes.literal_value)

    def code(_context: Any, _builder: Any, _signature: Any, _arguments: Any) -> Any:
        return ir.Constant(ir.VectorType(WHOLE, made.lanes), [-1] * made.lanes)

    return made(lanes), code


@intrinsic
def cut(_context: Any, sets: Any, address: Any, first: Any, limit: Any, kept: Any) -> Any:
    """Return the sets with only ``kept`` left where a row goes to the right, as in ``at_most``."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        lanes = sets.lanes
        is_left = goes_left(builder, *arguments[1:4], lanes=lanes)
        keep = splatted(builder, builder.trunc(arguments[4], WHOLE), lanes)
        return builder.select(is_left, arguments[0], builder.and_(arguments[0], keep))

    signature = sets(sets, types.int64, types.int64, types.int64, types.int64)
    return signature, code


@intrinsic
def store_lowest(_context: Any, address: Any, sets: Any) -> Any:
    """Write the number of the lowest leaf in each set, 32 bits each, to an address."""

    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        shape = arguments[1].type
        kind = ir.FunctionType(shape, [shape, ir.IntType(1)])
        name = f"llvm.cttz.v{sets.lanes}i32"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        lowest = builder.call(function, [arguments[1], ir.Constant(ir.IntType(1), 0)])
        pointer = builder.inttoptr(arguments[0], shape.as_pointer())
        builder.store(lowest, pointer, align=4)
        return context.get_dummy_value()

    return types.void(types.int64, sets), code
