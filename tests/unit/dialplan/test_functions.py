from __future__ import annotations

import os

import pytest

PLAN = """
[default]
exten => 100,1,NoOp()
 same => n(label),NoOp()
exten => _2XX,1,NoOp()
"""


@pytest.fixture
def call(desk):
    call = desk(PLAN).call(name="Alice Smith")
    for name, value in {
        "LIST": "a,b,c",
        "DASHED": "one-two-three-four",
        "NUMBER": "41",
        "TEXT": "Hello, World",
        "LINES": "a\nb",
    }.items():
        call.set_variable(name, value)
    call.channel.dialed = "500"
    return call


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LEN(hello)", "5"),
        ("LEN(a,b)", "3"),
        ("TOUPPER(abC1)", "ABC1"),
        ("TOLOWER(abC1)", "abc1"),
        ("TRIM( a )", "a"),
        ("LTRIM( a )", "a "),
        ("RTRIM( a )", " a"),
        ('QUOTE(a "b")', '"a \\"b\\""'),
        ('CSV_QUOTE(a "b")', '"a ""b"""'),
        ("PASSTHRU(x)", "x"),
        ("CUT(DASHED,-,2)", "two"),
        ("CUT(DASHED,,2)", "two"),
        ("CUT(DASHED,-,2-)", "two-three-four"),
        ("CUT(DASHED,-,-2)", "one-two"),
        ("CUT(DASHED,-,2-3)", "two-three"),
        ("CUT(DASHED,-,1&3)", "one-three"),
        ("CUT(DASHED,-,9)", ""),
        (r"CUT(LIST,\,,2)", "b"),
        (r"CUT(LINES,\\n,2)", "b"),
        ("FIELDQTY(DASHED,-)", "4"),
        ("FIELDQTY(NOSUCH,-)", "0"),
        (r"FIELDQTY(LIST,\,)", "3"),
        ("FIELDNUM(DASHED,-,three)", "3"),
        ("FIELDNUM(DASHED,-,x)", "0"),
        ("FILTER(0-9,+49 (30) 12)", "493012"),
        (r"FILTER(a-c\-,a-d)", "a-"),
        (r"FILTER(\x41,ABA)", "AA"),
        ('REGEX("^[0-9]+$" 123)', "1"),
        ('REGEX("^[0-9]+$" 12a)', "0"),
        ('REGEX("a b" xa bx)', "1"),
        ('REGEX("^$")', "1"),
        ("REPLACE(DASHED,-,_)", "one_two_three_four"),
        ("REPLACE(DASHED,-)", "onetwothreefour"),
        ("STRREPLACE(DASHED,t,T)", "one-Two-Three-four"),
        ("STRREPLACE(DASHED,t,T,1)", "one-Two-three-four"),
        ("STRBETWEEN(NUMBER,-)", "4-1"),
        ("KEYPADHASH(Les)", "537"),
        ("SPRINTF(%05d|%s|%x|%%,42,a,255)", "00042|a|ff|%"),
        ("SPRINTF(%.2f,3.14159)", "3.14"),
        ("SPRINTF(%c,abc)", "a"),
        ("IF(1?yes:no)", "yes"),
        ("IF(0?yes:no)", "no"),
        ("IF(0?yes)", ""),
        ('IF(1?"a:b":c)', "a:b"),
        ("IF(1?a(x:y):c)", "a(x:y)"),
        ("IFTIME(*,thu,*,jan,UTC?yes:no)", "yes"),
        ("IFTIME(*,fri,*,jan,UTC?yes:no)", "no"),
        ("ISNULL()", "1"),
        ("ISNULL(x)", "0"),
        ("EXISTS(x)", "1"),
        ("EXISTS()", "0"),
        ("SET(NEW=7)", "7"),
        ("VARIABLE_EXISTS(LIST)", "1"),
        ("VARIABLE_EXISTS(NOSUCH)", "0"),
        ("MATH(1+2)", "3.000000"),
        ("MATH(7/2,int)", "3"),
        ("MATH(-7/2,i)", "-3"),
        ("MATH(123%16,int)", "11"),
        ("MATH(255+0,hex)", "ff"),
        ("MATH(65+0,char)", "A"),
        ("MATH(2^10,i)", "1024"),
        ("MATH(1<<4,i)", "16"),
        ("MATH(6 AND 3,i)", "2"),
        ("MATH(6 XOR 3,i)", "5"),
        ("MATH(1<2)", "TRUE"),
        ("MATH(1>=2)", "FALSE"),
        ("MATH(5/0,i)", "0"),
        ("INC(NUMBER)", "42"),
        ("DEC(NUMBER)", "40"),
        ("INC(NOSUCH)", "1"),
        ("ABS(-3)", "3"),
        ("MIN(3,2.5)", "2.5"),
        ("MAX(3,2.5)", "3"),
        ("DIGIT_SUM(1234)", "10"),
        ("RAND(4,4)", "4"),
        ("BASE64_ENCODE(Hällo)", "SMOkbGxv"),
        ("BASE64_DECODE(SMOkbGxv)", "Hällo"),
        ("URIENCODE(a b&c/é)", "a%20b%26c%2F%C3%A9"),
        ("URIDECODE(a%20b%zz%C3%A9)", "a b%zzé"),
        ("MD5(abc)", "900150983cd24fb0d6963f7d28e17f72"),
        ("SHA1(abc)", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        # as `openssl enc -aes-128-ecb -nopad` has them
        ("AES_ENCRYPT(1234567890123456,hello)", "77zyX9jQgwOf4fhw/CUKfA=="),
        ("AES_ENCRYPT(1234567890123456,sixteen octets..)", "CgdKmI6a/oOfpMrmH2tvHQ=="),
        (
            "AES_ENCRYPT(1234567890123456,more than one block of it)",
            "kXP5xqe5JGv8Q0E7t0+2NBrNw01fxPdp+NjeQ/A7og0=",
        ),
        ("AES_DECRYPT(1234567890123456,77zyX9jQgwOf4fhw/CUKfA==)", "hello"),
        ("AES_DECRYPT(1234567890123456,CgdKmI6a/oOfpMrmH2tvHQ==)", "sixteen octets.."),
        ("AES_DECRYPT(1234567890123456,${AES_ENCRYPT(1234567890123456,a,b é)})", "a,b é"),
        ("AES_ENCRYPT(1234567890123456,)", ""),
        ("SORT(a:2,b:1.5)", "b,a"),
        ("SORT(c:3,a:1,b:2)", "a,b,c"),
        (r"LISTFILTER(LIST,\,,b)", "a,c"),
        ("POP(LIST)", "c"),
        ("SHIFT(LIST)", "a"),
        ("STRFTIME(0,UTC,%Y-%m-%d %H:%M:%S)", "1970-01-01 00:00:00"),
        ("STRFTIME(0,Europe/Berlin,%H:%M)", "01:00"),
        ("STRFTIME(,UTC,%Y)", "2026"),
        ("STRFTIME(1.5,UTC,%S.%3q)", "01.500"),
        ("STRFTIME(77,UTC,%s%%)", "77%"),
        ("STRPTIME(2026-01-01 00:00:00,UTC,%F %T)", "1767225600"),
        ("DIALPLAN_EXISTS(default)", "1"),
        ("DIALPLAN_EXISTS(nosuch)", "0"),
        ("DIALPLAN_EXISTS(default,100)", "1"),
        ("DIALPLAN_EXISTS(default,100,3)", "0"),
        ("DIALPLAN_EXISTS(default,100,label)", "1"),
        ("DIALPLAN_EXISTS(default,234)", "1"),
        ("VALID_EXTEN(,100)", "1"),
        ("VALID_EXTEN(default,101)", "0"),
        ("CALLERID(num)", "6001"),
        ("CALLERID(number)", "6001"),
        ("CALLERID(name)", "Alice Smith"),
        ("CALLERID(all)", '"Alice Smith" <6001>'),
        ("CALLERID(ANI)", "6001"),
        ("CALLERID(dnid)", "500"),
        ("CALLERID(pres)", "allowed_not_screened"),
        ("CALLERID(num-valid)", "1"),
        ('CALLERID(name,"Bob" <12>)', "Bob"),
        ("CHANNEL(name)", "Test/6001-0"),
        ("CHANNEL(state)", "Down"),
        ("CHANNEL(language)", "en"),
        ("CHANNEL(channeltype)", "Test"),
        ("CHANNELS()", "Test/6001-0"),
        ("CHANNELS(test)", "Test/6001-0"),
        ("CHANNEL_EXISTS(Test/6001-0)", "1"),
        ("CHANNEL_EXISTS(Test/9)", "0"),
        ("TIMEOUT(digit)", "5.000"),
        ("TIMEOUT(response)", "10.000"),
        ("TIMEOUT(absolute)", "0.000"),
        ("HANGUPCAUSE_KEYS()", ""),
        ("IMPORT(Test/6001-0,NUMBER)", "41"),
        ("HASH(H,k)", ""),
    ],
)
def test_read(call, text: str, expected: str) -> None:
    assert call.evaluate("${" + text + "}") == expected


@pytest.mark.parametrize(
    ("name", "value", "read", "expected"),
    [
        ("GLOBAL(G)", "1", "${G}", "1"),
        ("PUSH(LIST)", "d", "${LIST}", "a,b,c,d"),
        ("PUSH(FRESH)", "d", "${FRESH}", "d"),
        ("UNSHIFT(LIST)", "z", "${LIST}", "z,a,b,c"),
        ("ARRAY(A,B,C)", '1,"2,3"', "${A}|${B}|${C}", "1|2,3|"),
        ("HASH(H,k)", "v", "${HASH(H,k)} ${HASHKEYS(H)} ${HASH(H)}", "v k v"),
        ("CALLERID(num)", "123", "${CALLERID(all)}", '"Alice Smith" <123>'),
        ("CALLERID(all)", '"Bob" <12>', "${CALLERID(name)}/${CALLERID(num)}", "Bob/12"),
        ("CALLERID(all)", "Bob <12>", "${CALLERID(name)}/${CALLERID(num)}", "Bob/12"),
        ("CALLERID(all)", "12", "${CALLERID(name)}/${CALLERID(num)}", "/12"),
        ("CALLERID(pres)", "prohib", "${CALLERID(pres)} ${CALLINGPRES}", "prohib 35"),
        ("CALLERID(rdnis)", "77", "${CALLERID(rdnis)}", "77"),
        ("CALLERID(ani)", "88", "${CALLERID(ani)} ${CALLERID(num)}", "88 6001"),
        ("CONNECTEDLINE(num,i)", "99", "${CONNECTEDLINE(num)}", "99"),
        ("CHANNEL(language)", "de", "${CHANNEL(language)}", "de"),
        ("CHANNEL(accountcode)", "acc", "${CHANNEL(accountcode)}", "acc"),
        ("CHANNEL(amaflags)", "billing", "${CHANNEL(amaflags)}", "2"),
        ("TIMEOUT(digit)", "2.5", "${TIMEOUT(digit)}", "2.500"),
        ("DELETE(NUMBER)", "", "${VARIABLE_EXISTS(NUMBER)}", "0"),
        ("ENV(OFFHOOK_TEST_ENV)", "1", "${ENV(OFFHOOK_TEST_ENV)}", "1"),
    ],
)
def test_write(call, monkeypatch, name: str, value: str, read: str, expected: str) -> None:
    monkeypatch.setenv("OFFHOOK_TEST_ENV", "0")
    call.assign(name, value)
    assert call.evaluate(read) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CALLERID(pres)", "perhaps"),
        ("CALLERID(shoe)", "42"),
        ("CHANNEL(shoe)", "42"),
        ("TIMEOUT(digit)", "soon"),
        ("TIMEOUT(absolute)", "-1"),
        ("LEN(x)", "3"),
        ("NOSUCH(x)", "3"),
        ("LOCAL(x)", "3"),
        ("CHANNEL(hangup_handler_push)", "a,b,"),
        ("PUSH()", "3"),
    ],
)
def test_wrong_writes(call, name: str, value: str) -> None:
    from offhook.dialplan.errors import FunctionError

    with pytest.raises(FunctionError):
        call.assign(name, value)


@pytest.mark.parametrize(
    "text",
    [
        "SPRINTF(%d,x)",
        "SPRINTF(%q,1)",
        "SPRINTF(%s)",
        "SPRINTF(%9999999d,1)",
        "MATH(1)",
        "MATH(1<<99)",
        "MATH(9^999)",
        "STRFTIME(x)",
        "STRFTIME(0,Mars/Base,%H)",
        "STRPTIME(x,UTC,%Y)",
        "CUT(LIST,-,x)",
        'REGEX("(" x)',
        "BASE64_DECODE(a)",
        "AES_ENCRYPT(short,text)",
        "AES_DECRYPT(1234567890123456,no base64)",
        "AES_DECRYPT(1234567890123456,aGVsbG8=)",
        "IFTIME(25:00,*,*,*?a:b)",
        "CHANNEL(shoe)",
        "IMPORT(nobody,X)",
        "LOCAL_PEEK(-1,x)",
        "STACK_PEEK(1,c)",
    ],
)
def test_wrong_reads(call, caplog, text: str) -> None:
    assert call.evaluate("${" + text + "}") == ""
    assert len(caplog.records) == 1


def test_random_numbers_and_uuids(call) -> None:
    assert 1 <= int(call.evaluate("${RAND(1,6)}")) <= 6
    first, second = call.evaluate("${UUID()}"), call.evaluate("${UUID()}")
    assert first != second
    assert first[14] == "4"
    assert len(first) == 36


def test_env_is_left_alone() -> None:
    assert "OFFHOOK_TEST_ENV" not in os.environ


async def test_a_row_of_a_query_as_a_hash(desk) -> None:
    call = desk("[default]\n").call()
    call.set_variable("~ODBCFIELDS~", "name,num,mail")
    call.assign("HASH(row)", "Bob,6001")
    assert [call.get(f"HASH(row,{key})") for key in ("name", "num", "mail")] == ["Bob", "6001", ""]
    assert call.get("HASHKEYS(row)") == "name,num"
