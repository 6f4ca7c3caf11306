from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.dialplan.ere import compile_ere
from offhook.dialplan.errors import DialplanError, ExpressionError, RegexError
from offhook.dialplan.expressions import compile_expression, evaluate_text
from offhook.dialplan.numbers import format_number, parse_number


class Env:
    def __init__(self) -> None:
        self.complaints: list[str] = []

    def call_function(self, name: str, arguments: str) -> str:
        if name == "LEN":
            return str(len(arguments))
        raise DialplanError(f"there is no function {name}")

    def complain(self, what: str) -> None:
        self.complaints.append(what)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("1", "1"),
        ("007", "007"),
        ("abc", "abc"),
        ('"abc"', '"abc"'),
        # arithmetic
        ("1+2", "3"),
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 4 - 3", "3"),
        ("7 / 2", "3.5"),
        ("8 / 2", "4"),
        ("10 / 3", "3.33333333333333333"),
        ("0.1 + 0.2", "0.3"),
        ("7 % 3", "1"),
        ("-7 % 3", "-1"),
        ("7.5 % 2", "1.5"),
        ("-5 + 3", "-2"),
        ("- 5", "-5"),
        ("--5", "5"),
        ("2 * -3", "-6"),
        ("1 / 0", "2147483647"),
        ("5 % 0", "2147483647"),
        ("999999999999999999 + 1", "1e+18"),
        ("1000000 * 1000000", "1000000000000"),
        ("1 / 1024", "0.0009765625"),
        ("1 / 65536", "1.52587890625e-05"),
        # what is not a number counts for nothing
        ("abc + 1", "1"),
        ("1 + abc", "1"),
        ("abc - 1", "-1"),
        ("abc * 2", "0"),
        ("2 / abc", "2147483647"),
        # comparison: numbers as numbers, else text
        ("1 = 1", "1"),
        ("1 == 1", "1"),
        ("1 != 1", "0"),
        ("01 = 1", "1"),
        ("1.0 = 1", "1"),
        ("9 < 10", "1"),
        ('"9" < "10"', "0"),
        ("a < b", "1"),
        ("b <= a", "0"),
        ("2 >= 2", "1"),
        ("abc > 5", "1"),
        ('"abc" = "abc"', "1"),
        ('"abc" = abc', "0"),
        ('"" = ""', "1"),
        ("1 < 2 = 1", "1"),
        # and, or: the operand, not 1
        ("3 | 4", "3"),
        ("0 | 4", "4"),
        ("0 || 0", "0"),
        ("abc | 4", "abc"),
        ("3 & 4", "3"),
        ("3 && 0", "0"),
        ("0 & 4", "0"),
        ("1 | 0 & 0", "1"),
        ("1 = 1 & 2 = 2", "1"),
        # not
        ("!1", "0"),
        ("!0", "1"),
        ("!abc", "0"),
        ("! 1 = 0", "1"),
        # ternary
        ("1 ? 2 :: 3", "2"),
        ("0 ? 2 :: 3", "3"),
        ("abc ? 2 :: 3", "2"),
        ('"" ? 2 :: 3', "3"),
        ("0 ? 1 :: 0 ? 2 :: 3", "3"),
        ("1 > 2 ? a :: b", "b"),
        # regular expressions
        ('"hello" : "hel"', "3"),
        ('"hello" : "ell"', "0"),
        ('"hello" =~ "ell"', "3"),
        ('"hello" : "(h.l)"', "hel"),
        ('"hello" =~ "(l+)"', "ll"),
        ('"hello" : "(x)"', ""),
        ('"6001" : "^6[0-9]{3}$"', "4"),
        ('"6001" =~ "[[:digit:]]+"', "4"),
        ('"6001" : "("', "0"),
        # concatenation
        ('"abc" ~~ "def"', "abcdef"),
        ("abc ~~ 1 + 2", "2"),
        # precedence: a regular expression binds before a comparison
        ('"abc" : "ab" = 2', "1"),
        # sequence
        ("1, 2, 3", "3"),
        # functions
        ("POW(2, 10)", "1024"),
        ("SQRT(16)", "4"),
        ("FLOOR(2.7) + CEIL(2.1)", "5"),
        ("ROUND(2.5)", "3"),
        ("RINT(2.5)", "2"),
        ("TRUNC(-2.7)", "-2"),
        ("ROUND(-2.5)", "-3"),
        ("EXP2(8)", "256"),
        ("LOG10(1000)", "3"),
        ("SIN(0)", "0"),
        ("SQRT(-1)", "0"),
        ("POW(2)", "0"),
        ("LEN(abc)", "3"),
        ("NOSUCH(1)", "0"),
    ],
)
def test_table(text: str, expected: str) -> None:
    assert evaluate_text(text, Env()) == expected


@pytest.mark.parametrize(
    "text",
    ["1 +", "= 1", "1 2", "(1", "1)", "1 ? 2", "1 ? 2 : 3", '"abc', "* 3", "()", "POW(1", "1 ++ ", "a b = c"],
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate_text(text, Env())


def test_nesting_has_a_limit() -> None:
    assert evaluate_text("(" * 50 + "1" + ")" * 50, Env()) == "1"
    for text in ("(" * 5000 + "1" + ")" * 5000, "-" * 5000 + "1", "!" * 5000 + "1", "1?" * 2000 + "1"):
        with pytest.raises(ExpressionError):
            evaluate_text(text, Env())


def value(pieces: list[str | None], hole: str) -> tuple[str, list[str]]:
    env = Env()
    compiled = compile_expression([(lambda _: hole) if piece is None else piece for piece in pieces])
    return compiled.evaluate(env), env.complaints


@pytest.mark.parametrize(
    ("pieces", "hole", "expected"),
    [
        ([None, " + 1"], "5", "6"),
        ([None, " + 1"], "-5", "-4"),
        ([None, " + 1"], "2 * 3", "7"),  # the text counts, as in Asterisk
        ([None, "00 + 1"], "1", "101"),
        (["1 ", None, " 2"], "+", "3"),
        (["1 ", None, " 2"], "<", "1"),
        (['"', None, '" = "abc"'], "abc", "1"),
        (['"', None, '" = ""'], "", "1"),
        (['"', None, '" = "a b"'], "a b", "1"),
        (['"', None, '" = "x" | 1 = 1'], 'a"b', "1"),  # cannot end the string
        (['"', None, '" = "x"'], '" = "" | "', "0"),
        (["LEN(", None, ")"], "abcd", "4"),
        ([None], "", ""),
        ([None, ' : "6."'], '"6001"', "2"),
    ],
)
def test_holes(pieces: list[str | None], hole: str, expected: str) -> None:
    assert value(pieces, hole) == (expected, [])


@pytest.mark.parametrize("hole", ["", "John Smith", "=", "a(b"])
def test_a_hole_that_breaks_the_expression_gives_zero_and_a_complaint(hole: str) -> None:
    result, complaints = value([None, " = 1"], hole)
    assert result == "0"
    assert len(complaints) == 1


def test_constant_nonsense_is_found_when_it_is_compiled() -> None:
    with pytest.raises(ExpressionError):
        compile_expression(["1 + + "])


expression_text = st.text(st.sampled_from(list("0123abXY.\"'+-*/%=<>!&|?:~(),$[]{} \t\né\\")), max_size=30)


@given(expression_text)
def test_any_text_has_a_value_or_is_an_error(text: str) -> None:
    with suppress(ExpressionError):
        evaluate_text(text, Env())


@given(expression_text, expression_text, expression_text)
def test_holes_never_raise(before: str, hole: str, after: str) -> None:
    try:
        compiled = compile_expression([before, lambda _: hole, after])
    except ExpressionError:
        # Only what is wrong in the constant text whatever the hole holds: none of these.
        pytest.fail("a hole can make any text right")
    compiled.evaluate(Env())


plain = st.one_of(st.integers(-999, 999).map(str), st.text("abcXYZ", min_size=1, max_size=5))


@given(
    plain,
    plain,
    st.sampled_from(["+", "-", "*", "/", "%", "=", "!=", "<", "<=", ">", ">=", "|", "&", ":", "=~", "~~"]),
)
def test_an_expression_with_holes_means_the_same_as_its_text(left: str, right: str, sign: str) -> None:
    textual = evaluate_text(f"{left} {sign} {right}", Env())
    compiled = compile_expression([lambda _: left, f" {sign} ", lambda _: right])
    if left.startswith("-") and sign in (":", "=~", "~~"):
        return  # as text, the minus comes last; as an operand, it belongs to the number
    assert compiled.evaluate(Env()) == textual


@given(st.integers(-(10**17), 10**17), st.integers(-(10**17), 10**17))
def test_whole_numbers_are_exact(a: int, b: int) -> None:
    left = f"(0 - {-a})" if a < 0 else str(a)
    right = f"(0 - {-b})" if b < 0 else str(b)
    assert evaluate_text(f"{left} + {right}", Env()) == str(a + b)
    assert evaluate_text(f"{left} < {right}", Env()) == str(int(a < b))


@given(st.text(max_size=12))
def test_numbers_read_back(text: str) -> None:
    number = parse_number(text)
    if number is not None:
        assert parse_number(format_number(number)) is not None or format_number(number) in ("inf", "-inf")


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("^a.c$", "abc", True),
        ("^a.c$", "abc\n", False),
        ("a{2,3}", "aa", True),
        ("[^0-9]", "123", False),
        ("[]a]", "]", True),
        ("[a\\]", "\\", True),
        ("[[:alpha:]_]+$", "ab_c", True),
        (r"\d", "5", False),  # not POSIX: a plain d
        (r"\d", "d", True),
        (r"\.", "a", False),
        ("a|b", "b", True),
        ("*a", "*a", True),
        ("a**", "b", True),
        ("x{", "x{", True),
        (r"\bfoo\b", "a foo b", True),
    ],
)
def test_posix_regular_expressions(pattern: str, subject: str, expected: bool) -> None:
    assert (compile_ere(pattern).search(subject) is not None) is expected


@pytest.mark.parametrize(
    "pattern", ["(", "[a", "a)", "+a", "(?:a)", "a\\", "[[:nosuch:]]", "a{5,2}", "a{1}{2}"]
)
def test_what_is_no_regular_expression(pattern: str) -> None:
    with pytest.raises(RegexError):
        compile_ere(pattern)


@given(st.text(st.sampled_from(list("ab0.*+?{}()[]|^$\\-:,1 ")), max_size=14))
def test_any_regular_expression_compiles_or_is_an_error(pattern: str) -> None:
    with suppress(RegexError):
        compile_ere(pattern).search("ab")
