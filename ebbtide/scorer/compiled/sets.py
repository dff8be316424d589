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

FEW_LEAVES, MOST_LEAVES = 32, 64
_BITS = 64


class SetsType(types.Type):
    """So many sets of so many leaves, a bit for each."""

    def __init__(self, lanes: int, leaves: int) -> None:
        self.lanes, self.leaves = lanes, leaves
        super().__init__(name=f"sets{lanes}of{leaves}")


@register_model(SetsType)
class _SetsModel(models.PrimitiveModel):
    def __init__(self, manager: Any, sets: SetsType) -> None:
        super().__init__(manager, sets, ir.VectorType(ir.IntType(sets.leaves), sets.lanes))


@intrinsic(prefer_literal=True)
def full_sets(_context: Any, lanes: Any, leaves: Any) -> Any:
    """Return so many sets of so many leaves; both are known when code is compiled."""
    made = SetsType(lanes.literal_value, leaves.literal_value)

    def code(_context: Any, _builder: Any, _signature: Any, _arguments: Any) -> Any:
        shape = ir.VectorType(ir.IntType(made.leaves), made.lanes)
        return ir.Constant(shape, [-1] * made.lanes)

    return made(lanes, leaves), code


@intrinsic
def cut(_context: Any, sets: Any, address: Any, first: Any, limit: Any, kept: Any) -> Any:
    """Return the sets with only ``kept`` left where a row goes to the right, as in ``at_most``."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        lanes = sets.lanes
        is_left = goes_left(builder, *arguments[1:4], lanes=lanes)
        keep = arguments[4]
        if sets.leaves < _BITS:
            keep = builder.trunc(keep, ir.IntType(sets.leaves))
        keep = splatted(builder, keep, lanes)
        return builder.select(is_left, arguments[0], builder.and_(arguments[0], keep))

    signature = sets(sets, types.int64, types.int64, types.int64, types.int64)
    return signature, code


@intrinsic
def store_lowest(_context: Any, address: Any, sets: Any) -> Any:
    """Write the number of the lowest leaf in each set, 32 bits each, to an address."""

    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        shape = arguments[1].type
        kind = ir.FunctionType(shape, [shape, ir.IntType(1)])
        name = f"llvm.cttz.v{sets.lanes}i{sets.leaves}"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        lowest = builder.call(function, [arguments[1], ir.Constant(ir.IntType(1), 0)])
        numbers = ir.VectorType(WHOLE, sets.lanes)
        if sets.leaves > WHOLE.width:
            lowest = builder.trunc(lowest, numbers)
        builder.store(lowest, builder.inttoptr(arguments[0], numbers.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, sets), code
