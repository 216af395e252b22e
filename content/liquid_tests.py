"""What the tests of a template mean: `if`, `unless` and `case` compare as a sequence's own conditions do.

A contact's fields are text, so Liquid's own comparisons fail for `seats > 10` and are false for `seats == 12`.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from liquid import RenderContext, Token
from liquid.ast import BlockNode, ConditionalBlockNode
from liquid.builtin.expressions import BooleanExpression
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import FalseLiteral, Nil, TrueLiteral
from liquid.builtin.tags.case_tag import CaseNode, CaseTag, MultiExpressionBlockNode
from liquid.builtin.tags.if_tag import IfNode, IfTag
from liquid.builtin.tags.unless_tag import UnlessNode, UnlessTag
from liquid.exceptions import LiquidSyntaxError
from liquid.expression import Expression
from liquid.undefined import is_undefined

from content.liquid_work import Counted
from domain.condition import as_date, as_number
from domain.facts import contains, is_equal, plain

Test = Callable[[object, object], bool]
_Infix = (
    EqExpression
    | NeExpression
    | GtExpression
    | GeExpression
    | LtExpression
    | LeExpression
    | ContainsExpression
    | LogicalAndExpression
    | LogicalOrExpression
)


def _equal(left: object, right: object) -> bool:
    """Text that is a number equals the number, `yes` is true, and case is no difference; nil is what has no value."""
    left, right = _value(left), _value(right)
    if isinstance(right, str) and not isinstance(left, str):
        left, right = right, left
    if isinstance(left, str) and isinstance(right, bool | int | float | str):
        return is_equal(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def _unequal(left: object, right: object) -> bool:
    return not _equal(left, right)


def _contains(left: object, right: object) -> bool:
    left, right = _value(left), _value(right)
    if left is None or right is None or isinstance(right, list | tuple):
        return False
    within = tuple(str(part) for part in left) if isinstance(left, list | tuple) else str(left)
    return contains(within, str(right))


def _in_order(holds: Callable[[Any, Any], bool]) -> Test:
    """By size, by time, or else by the alphabet; a number has no place among words, nor what has no value anywhere."""

    def compare(left: object, right: object) -> bool:
        places = _place(_value(left)), _place(_value(right))
        return places[0][0] == places[1][0] != "" and holds(places[0][1], places[1][1])

    return compare


def _place(value: object) -> tuple[str, object]:
    """What a value is ordered among, and by what."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return "numbers", value
    if not isinstance(value, str):
        return "", None
    if (number := as_number(value)) is not None:
        return "numbers", number
    if (date := as_date(value)) is not None:
        return "dates", date
    return "words", plain(value)


def _value(given: object) -> object:
    """What is compared: a missing field is nil, a filter's exact number a plain one."""
    if is_undefined(given):
        return None
    return float(given) if isinstance(given, Decimal) else given


_TESTS: dict[type[Expression], Test] = {
    EqExpression: _equal,
    NeExpression: _unequal,
    GtExpression: _in_order(gt),
    GeExpression: _in_order(ge),
    LtExpression: _in_order(lt),
    LeExpression: _in_order(le),
    ContainsExpression: _contains,
}
_ORDERED = (GtExpression, GeExpression, LtExpression, LeExpression)


class _Compared(Expression):
    """One comparison, which is paid for by what it reads."""

    __slots__ = ("left", "right", "test")

    def __init__(self, token: Token, test: Test, left: Expression, right: Expression) -> None:
        super().__init__(token)
        self.test, self.left, self.right = test, left, right

    def evaluate(self, context: RenderContext) -> bool:
        return _tested(context, self.test, self.left.evaluate(context), self.right.evaluate(context))

    def children(self) -> list[Expression]:
        return [self.left, self.right]


class _AnyEqual(Expression):
    """Whether a `case` is one of the values of a `when`, in the form in which its block asks."""

    __slots__ = ("case", "values")

    def __init__(self, token: Token, case: Expression, values: Sequence[Expression]) -> None:
        super().__init__(token)
        self.case, self.values = case, values

    def evaluate(self, context: RenderContext) -> list[bool]:
        """One answer: two values that the case equals render the block once."""
        case = self.case.evaluate(context)
        return [any(_tested(context, _equal, case, value.evaluate(context)) for value in self.values)]

    def children(self) -> list[Expression]:
        return list(self.values)


def _tested(context: RenderContext, test: Test, left: object, right: object) -> bool:
    if isinstance(context, Counted):
        context.pay_to_compare(left, right)
    return test(left, right)


def _ours(expression: Expression) -> Expression:
    """The expression with our comparisons. Raises LiquidSyntaxError for what could only mislead."""
    if not isinstance(expression, _Infix):
        return expression
    left, right = expression.left, expression.right
    if isinstance(expression, LogicalAndExpression):
        if isinstance(right, LogicalOrExpression):
            # Liquid reads from the right: `a and b or c` is `a and (b or c)`, which hardly anybody means.
            message = "`and` in front of `or` is ambiguous: write the `or` first, or one `if` inside of another"
            raise LiquidSyntaxError(message, token=expression.token)
        return LogicalAndExpression(expression.token, _ours(left), _ours(right))
    if isinstance(expression, LogicalOrExpression):
        return LogicalOrExpression(expression.token, _ours(left), _ours(right))
    if isinstance(expression, _ORDERED):
        unordered = next((one for one in (left, right) if isinstance(one, Nil | TrueLiteral | FalseLiteral)), None)
        if unordered is not None:
            message = f"nothing is more or less than `{unordered}`: compare with a number, a date or a text"
            raise LiquidSyntaxError(message, token=expression.token)
    return _Compared(expression.token, _TESTS[type(expression)], left, right)


def _condition(written: Expression) -> Expression:
    return (
        BooleanExpression(written.token, _ours(written.expression))
        if isinstance(written, BooleanExpression)
        else written
    )


def _alternative(written: ConditionalBlockNode) -> ConditionalBlockNode:
    return ConditionalBlockNode(written.token, expression=_condition(written.expression), block=written.block)


class _If(IfNode):
    __slots__ = ()

    def __init__(
        self,
        token: Token,
        condition: Expression,
        consequence: BlockNode,
        alternatives: list[ConditionalBlockNode],
        default: BlockNode | None,
    ) -> None:
        ours = [_alternative(one) for one in alternatives]
        super().__init__(token, _condition(condition), consequence, ours, default)


class _Unless(UnlessNode):
    __slots__ = ()

    def __init__(
        self,
        token: Token,
        condition: Expression,
        consequence: BlockNode,
        alternatives: list[ConditionalBlockNode] | None = None,
        default: BlockNode | None = None,
    ) -> None:
        ours = [_alternative(one) for one in alternatives or ()]
        super().__init__(token, _condition(condition), consequence, ours, default)


class _Case(CaseNode):
    __slots__ = ()

    def __init__(self, token: Token, expression: Expression, blocks: list[Any]) -> None:
        super().__init__(token, expression, [self._block(expression, block) for block in blocks])

    @staticmethod
    def _block(case: Expression, block: MultiExpressionBlockNode | BlockNode) -> MultiExpressionBlockNode | BlockNode:
        if not isinstance(block, MultiExpressionBlockNode):
            return block
        equal = _AnyEqual(block.token, case, block.expression.expressions)
        return MultiExpressionBlockNode(block.token, block.block, equal)  # type: ignore[arg-type]


class OurIfTag(IfTag):
    """`if`, with the comparisons of conditions."""

    node_class = _If


class OurUnlessTag(UnlessTag):
    """`unless`, with the comparisons of conditions."""

    node_class = _Unless


class OurCaseTag(CaseTag):
    """`case`, with the equality of conditions."""

    node_class = _Case
