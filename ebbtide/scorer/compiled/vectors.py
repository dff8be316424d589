"""Vectors of doubles for numba: eight rows, or the nodes of a quadrature, in one operation.

numba leaves it to LLVM to find vectors in loops, and over few values LLVM finds none. Here they are
said: each operation is one of LLVM's own, which becomes whatever the processor has. Nothing checks
an address: who calls must have checked every index before.

The number of lanes is that of the tuple given to :func:`vector`, known when code is compiled.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, register_model

_DOUBLE, WHOLE = ir.DoubleType(), ir.IntType(32)
_ALIGNMENT = 8


class VectorType(types.Type):
    """So many doubles."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"vector{lanes}")


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: VectorType) -> None:
        super().__init__(manager, vector, ir.VectorType(_DOUBLE, vector.lanes))


@intrinsic
def vector(_context: Any, values: Any) -> Any:
    """Return a tuple of doubles as a vector."""
    made = VectorType(len(values))

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        result = ir.Constant(ir.VectorType(_DOUBLE, made.lanes), ir.Undefined)
        for lane in range(made.lanes):
            each = builder.extract_value(arguments[0], lane)
            result = builder.insert_element(result, each, _int32(lane))
        return result

    return made(values), code


@intrinsic
def splat(_context: Any, like: Any, value: Any) -> Any:
    """Return a vector, as long as ``like``, of one value."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return splatted(builder, arguments[1], like.lanes)

    return like(like, types.float64), code


@intrinsic
def load(_context: Any, like: Any, address: Any) -> Any:
    """Return the vector, as long as ``like``, that begins at an address."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        shape = ir.VectorType(_DOUBLE, like.lanes)
        pointer = builder.inttoptr(arguments[1], shape.as_pointer())
        return builder.load(pointer, align=_ALIGNMENT)

    return like(like, types.int64), code


@intrinsic
def store(_context: Any, address: Any, value: Any) -> Any:
    """Write a vector to an address."""

    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], arguments[1].type.as_pointer())
        builder.store(arguments[1], pointer, align=_ALIGNMENT)
        return context.get_dummy_value()

    return types.void(types.int64, value), code


@intrinsic
def plus(_context: Any, one: Any, other: Any) -> Any:
    """Return ``one + other``."""
    return _of_two(one, lambda builder, a, b: builder.fadd(a, b))


@intrinsic
def minus(_context: Any, one: Any, other: Any) -> Any:
    """Return ``one - other``."""
    return _of_two(one, lambda builder, a, b: builder.fsub(a, b))


@intrinsic
def times(_context: Any, one: Any, other: Any) -> Any:
    """Return ``one * other``."""
    return _of_two(one, lambda builder, a, b: builder.fmul(a, b))


@intrinsic
def times_plus(_context: Any, one: Any, other: Any, added: Any) -> Any:
    """Return ``one * other + added``, rounded once where the processor can."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        shape = arguments[0].type
        name = f"llvm.fmuladd.v{one.lanes}f64"
        kind = ir.FunctionType(shape, [shape] * 3)
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(function, arguments)

    return one(one, one, one), code


@intrinsic
def chosen(_context: Any, bits: Any, one: Any, other: Any) -> Any:
    """Return a vector with the lanes of ``one`` where a bit is set, else of ``other``."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        mask = builder.trunc(arguments[0], ir.IntType(one.lanes))
        mask = builder.bitcast(mask, ir.VectorType(ir.IntType(1), one.lanes))
        return builder.select(mask, arguments[1], arguments[2])

    return one(types.int64, one, one), code


@intrinsic
def at_most(_context: Any, like: Any, address: Any, first: Any, limit: Any) -> Any:
    """Return a bit for each of the numbers of 16 bits at an address: ``number - first <= limit``.

    As many as ``like`` has lanes; without a sign, as in ``ebbtide.scorer.compiled.pack``.
    """

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        is_left = goes_left(builder, *arguments[1:], lanes=like.lanes)
        return builder.zext(builder.bitcast(is_left, ir.IntType(like.lanes)), ir.IntType(64))

    return types.int64(like, types.int64, types.int64, types.int64), code


@intrinsic
def whole_at(_context: Any, address: Any) -> Any:
    """Return the whole number of 32 bits at an address."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], WHOLE.as_pointer())
        return builder.sext(builder.load(pointer), ir.IntType(64))

    return types.int64(types.int64), code


@intrinsic
def bits_at(_context: Any, address: Any) -> Any:
    """Return the 64 bits at an address."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(64).as_pointer()))

    return types.int64(types.int64), code


@intrinsic
def number_at(_context: Any, address: Any) -> Any:
    """Return the double at an address."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], _DOUBLE.as_pointer()))

    return types.float64(types.int64), code


def _of_two(shape: Any, operation: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return operation(builder, *arguments)

    return shape(shape, shape), code


def goes_left(builder: Any, address: Any, first: Any, limit: Any, *, lanes: int) -> Any:
    """Write code that compares numbers of 16 bits at an address; see :func:`at_most`."""
    short = ir.IntType(16)
    pointer = builder.inttoptr(address, ir.VectorType(short, lanes).as_pointer())
    numbers = builder.load(pointer, align=2)
    first, limit = (splatted(builder, builder.trunc(each, short), lanes) for each in (first, limit))
    return builder.icmp_unsigned("<=", builder.sub(numbers, first), limit)


def splatted(builder: Any, value: Any, lanes: int) -> Any:
    """Write code that makes a vector of one value."""
    shape = ir.VectorType(value.type, lanes)
    one = builder.insert_element(ir.Constant(shape, ir.Undefined), value, _int32(0))
    zeros = ir.Constant(ir.VectorType(WHOLE, lanes), [0] * lanes)
    return builder.shuffle_vector(one, ir.Constant(shape, ir.Undefined), zeros)


def _int32(value: int) -> Any:
    return ir.Constant(WHOLE, value)
