"""The .conf grammar: what each construct gives, what each mistake says, and that nothing else happens."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.config.errors import ConfigError, Problems, Severity
from offhook.config.reader import ConfigFile, read_file, read_text


def items(config: ConfigFile, name: str) -> list[tuple[str, str]]:
    section = config.section(name)
    assert section is not None
    return [(item.key, item.value) for item in section.items]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("key=value", [("key", "value")]),
        ("key = value ; comment", [("key", "value")]),
        ("  key\t=  a b  ", [("key", "a b")]),
        ("key => value", [("key", "value")]),
        ("key =>value", [("key", "value")]),
        ("key=", [("key", "")]),
        ("key==x", [("key", "=x")]),
        ("exten => 1,1,Set(a=b)", [("exten", "1,1,Set(a=b)")]),
        ("key=>=x", [("key", "=x")]),
        (r"key=a\;b", [("key", "a;b")]),
        (r"key=a\;b;c", [("key", "a;b")]),
        (r"key=a\\;b", [("key", r"a\;b")]),
        (r"key=a\b", [("key", r"a\b")]),
        (r"\[key=v", [("[key", "v")]),
        (r"\#key=v", [("#key", "v")]),
        (r"\=key=v", [("=key", "v")]),
        ('key="quoted; no"', [("key", '"quoted')]),
        ('key="a b"', [("key", '"a b"')]),
        ("key=a ;-- gone --; b", [("key", "a  b")]),
        ("key=a;-- gone --;b;-- too --;c", [("key", "abc")]),
        ("key=a;-- one ;-- two --; three --;b", [("key", "ab")]),
        ("key=a ;--- just a comment", [("key", "a")]),
        ("key=a;--;-- x --; y --;b", [("key", "ab")]),
        ("key=a --; b", [("key", "a --")]),
        ("key=1\nkey += 2", [("key", "12")]),
        ("key=1\nkey=2\nkey+=,3", [("key", "1"), ("key", "2,3")]),
        ("key+=1", [("key", "1")]),
        ("key=a\r", [("key", "a")]),
        ("KEY=a", [("KEY", "a")]),
        ("key=ünï", [("key", "ünï")]),
        ("key=a \\", [("key", "a \\")]),
    ],
)
def test_items(line: str, expected: list[tuple[str, str]]) -> None:
    assert items(read_text(f"[s]\n{line}\n"), "s") == expected


def test_a_block_comment_spans_lines_and_keeps_line_numbers() -> None:
    config = read_text("[s]\na=1 ;-- x\nb=2\n[t]\n;-- nested --; c=3\n--; d=4 ; e\nf=5\n")
    section = config.section("s")
    assert section is not None
    assert [(i.key, i.value, i.line) for i in section.items] == [("a", "1", 2), ("d", "4", 6), ("f", "5", 7)]
    assert [s.name for s in config] == ["s"]


def test_line_and_file_of_every_item() -> None:
    section = read_text("\n\n[s]\n\nkey=v\n", file="x.conf").sections[0]
    assert str(section.where) == "x.conf:3"
    assert str(section.items[0].where) == "x.conf:5"


def test_an_object_is_told_from_a_value() -> None:
    assert [i.is_object for i in read_text("[s]\na=>1\nb=1\n").sections[0].items] == [True, False]


def test_templates_give_what_they_hold_at_that_point() -> None:
    config = read_text(
        "[t](!)\na=1\n[u](!,t)\nb=2\n[x](u)\na=3\n[t](+)\nlate=1\n[y](t,u)\n[z](x)\n",
    )
    assert [s.name for s in config] == ["x", "y", "z"]
    assert [s.name for s in config.templates] == ["t", "u"]
    assert items(config, "x") == [("a", "1"), ("b", "2"), ("a", "3")]
    assert items(config, "y") == [("a", "1"), ("late", "1"), ("a", "1"), ("b", "2")]
    assert items(config, "z") == items(config, "x")
    assert config.sections[0].parents == ("u",)
    assert config.sections[0].get("a") == "3"
    assert config.sections[0].all("a") == ["1", "3"]
    assert config.section("t") is None


def test_an_inherited_item_is_appended_to_without_changing_the_template() -> None:
    config = read_text("[t](!)\nallow=ulaw\n[a](t)\nallow+=,alaw\n[b](t)\n")
    assert items(config, "a") == [("allow", "ulaw,alaw")]
    assert items(config, "b") == [("allow", "ulaw")]


def test_sections_of_one_name_stay_apart() -> None:
    config = read_text("[101]\ntype=endpoint\n[101]\ntype=aor\n")
    assert [s.get("type") for s in config.named("101")] == ["endpoint", "aor"]


SAME_NAME = "[101]\ntype=endpoint\nallow=ulaw\n[base](!)\ntype=aor\ndefault_expiration=3600\n[101](base)\n"


@pytest.mark.parametrize(
    ("header", "index"),
    [
        ("[101](+)", 0),
        ("[101](+type=aor)", 1),
        ("[101](+type=endpoint)", 0),
        ("[101](+default_.*=36[0-9][0-9])", 1),
        ("[101](+type=aor&default_.*=36[0-9][0-9])", 1),
    ],
)
def test_additions_go_to_the_first_section_that_matches(header: str, index: int) -> None:
    config = read_text(f"{SAME_NAME}{header}\nadded=1\n")
    assert [s.get("added") for s in config.named("101")] == ["1" if i == index else "" for i in range(2)]


def test_an_addition_may_inherit() -> None:
    config = read_text("[t](!)\na=1\n[s]\nb=2\n[s](+,t)\nc=3\n")
    assert items(config, "s") == [("b", "2"), ("a", "1"), ("c", "3")]
    assert len(config) == 1


@pytest.mark.parametrize(
    ("text", "line", "what", "suggestion"),
    [
        ("a=1\n", 1, "before the first [section]", ""),
        ("[s\na=1\n", 1, "without its ']'", ""),
        ("[s](a\n", 1, "no ')'", ""),
        ("[phone](!)\n[s](phne)\n", 2, "inherits from [phne]", "phone"),
        ("[phone]\n[phome](+)\n", 2, "does not exist", "phone"),
        ("[s]\na=b\n[s](+type=x)\n", 3, "matches the filter", ""),
        ("[s]\n[s](+x)\n", 2, "wrong filter", ""),
        ("[s]\n[s](+x=[)\n", 2, "wrong filter", ""),
        ("[s]\n\\ a=1\n", 2, "escapes nothing", ""),
        ("[s]\n#include nowhere.conf\n", 2, "cannot read", ""),
        ("[s]\n" + ";--" * 129, 2, "nest deeper", ""),
    ],
)
def test_mistakes(text: str, line: int, what: str, suggestion: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"x\.conf") as caught:
        read_text(text, file="x.conf", config_dir=tmp_path)
    assert (caught.value.line, caught.value.suggestion) == (line, suggestion)
    assert what in caught.value.what
    problems = Problems()
    read_text(text, file="x.conf", config_dir=tmp_path, problems=problems)
    assert [p.line for p in problems.errors] == [line]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[s]\nnonsense\n", "no '='"),
        ("[s]\n=x\n", "no name"),
        ("[s] (t)\n", "text after [s]"),
        ("[s](!) x\n", "after the ')'"),
        ("[s]\n#inclde x\n", "unknown directive #inclde"),
        ("[s]\n# a shell comment\n", "unknown directive"),
        ("[s]\n#include\n", "needs a file name"),
        ("[s]\n#exec /bin/true\n", "not allowed"),
        ("[s]\n;-- open\n", "never ends"),
        ("[s]\n#include none*.conf\n", "no file matches"),
    ],
)
def test_oddities_are_warnings(text: str, what: str, tmp_path: Path) -> None:
    problems = Problems(strict=True)
    read_text(text, config_dir=tmp_path, problems=problems)
    assert [what in p.what for p in problems] == [True]
    assert next(iter(problems)).severity is Severity.WARNING


def test_every_mistake_is_reported_and_the_rest_is_read() -> None:
    problems = Problems()
    config = read_text("x=1\n[a\nb=1\n[c](none)\nd=1\n[e](+)\nf=1\n[g]\nh=1\n", problems=problems)
    assert [p.line for p in problems.errors] == [1, 2, 4, 6]
    assert [(s.name, len(s.items)) for s in config] == [("c", 1), ("g", 1)]


@pytest.mark.parametrize("argument", ["b.conf", '"b.conf"', "<b.conf>", "'b.conf'", "{absolute}"])
def test_include(argument: str, tmp_path: Path) -> None:
    argument = argument.replace("{absolute}", f'"{tmp_path}/b.conf"')
    (tmp_path / "b.conf").write_text("b=2\n[t]\nc=3\n")
    (tmp_path / "a.conf").write_text(f"[s]\na=1\n#include {argument} ; here\nd=4\n")
    config = read_file(tmp_path / "a.conf")
    # As in Asterisk, the including file goes on in its own section.
    assert items(config, "s") == [("a", "1"), ("b", "2"), ("d", "4")]
    assert items(config, "t") == [("c", "3")]
    assert config.section("s").items[1].file == str(tmp_path / "b.conf")  # type: ignore[union-attr]
    assert config.files == (str(tmp_path / "a.conf"), str(tmp_path / "b.conf"))


def test_includes_are_relative_to_the_configuration_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.conf").write_text("#include c.conf\n")
    (tmp_path / "c.conf").write_text("c=1\n")
    (tmp_path / "a.conf").write_text("[s]\n#include sub/b.conf\n")
    assert items(read_file(tmp_path / "a.conf"), "s") == [("c", "1")]


def test_include_patterns_are_sorted(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("20.conf", "10.conf", "30.inc", ".hidden.conf"):
        (tmp_path / "d" / name).write_text(f"from={name}\n")
    (tmp_path / "a.conf").write_text("[s]\n#include d/*.conf\n#include d/{30,40}.inc\n")
    assert [v for _, v in items(read_file(tmp_path / "a.conf"), "s")] == ["10.conf", "20.conf", "30.inc"]


def test_tryinclude_of_nothing_is_fine(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("[s]\n#tryinclude none.conf\n#tryinclude none/*.conf\na=1\n")
    problems = Problems()
    assert items(read_file(tmp_path / "a.conf", problems=problems), "s") == [("a", "1")]
    assert not list(problems)


def test_an_include_loop_and_too_deep_includes_are_errors(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("[s]\n#include b.conf\n")
    (tmp_path / "b.conf").write_text("#include a.conf\n")
    with pytest.raises(ConfigError, match="includes itself"):
        read_file(tmp_path / "a.conf")
    for n in range(11):
        (tmp_path / f"{n}.conf").write_text(f"[s{n}]\n#include {n + 1}.conf\n")
    (tmp_path / "11.conf").write_text("")
    with pytest.raises(ConfigError, match="nest deeper than 10") as caught:
        read_file(tmp_path / "0.conf")
    assert Path(caught.value.file).name == "9.conf"


def test_exec(tmp_path: Path) -> None:
    text = "[s]\n#exec echo a=1; comment\nb=2\n#exec \"printf '[t]\\nc=3'\"\n"
    config = read_text(text, exec_includes=True)
    assert items(config, "s") == [("a", "1"), ("b", "2")]
    assert items(config, "t") == [("c", "3")]
    problems = Problems()
    read_text("[s]\n#exec echo no >&2\\; exit 3\n", exec_includes=True, problems=problems)
    assert [p.what for p in problems] == ["#exec echo no >&2; exit 3 ended with status 3: no"]


def test_byte_order_mark_crlf_and_other_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_bytes(b"\xef\xbb\xbf[s]\r\na=1\r\n;-- x\r\n--;\r\nb=\xe9\r\n")
    problems = Problems()
    config = read_file(path, problems=problems)
    assert items(config, "s") == [("a", "1"), ("b", "\udce9")]
    assert [(p.severity, p.line) for p in problems] == [(Severity.WARNING, 5)]


def test_a_missing_file_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_file(tmp_path / "none.conf")


def test_templates_that_double_do_not_fill_the_memory() -> None:
    text = "[t0](!)\na=1\n" + "".join(f"[t{n + 1}](!,t{n},t{n})\n" for n in range(40))
    problems = Problems()
    read_text(text, problems=problems)
    assert "inherited" in problems.errors[0].what


PUNCTUATION = [
    "[",
    "]",
    "(",
    ")",
    "!",
    "+",
    "=",
    "=>",
    "+=",
    ";",
    ";--",
    "--;",
    "\\",
    "*",
    '"',
    "<",
    ">",
    "&",
]
WORDS = st.sampled_from(
    [*PUNCTUATION, "\n", "\r\n", " ", "\0", "a", "b", "é", "x.conf", "#include ", "#tryinclude ", "#exec "]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=40).map("".join) | st.text(max_size=80))
def test_nothing_but_config_errors(text: str) -> None:
    with suppress(ConfigError):
        read_text(text, config_dir="/nonexistent")
    problems = Problems()
    read_text(text, config_dir="/nonexistent", problems=problems)
    assert all(problem.line >= 1 for problem in problems)


NAME = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
VALUE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12).filter(
    lambda v: not v.startswith(">") and not v.endswith("\\")
)
FILE = st.lists(st.tuples(NAME, st.lists(st.tuples(NAME, VALUE), max_size=6)), max_size=6)


@given(FILE, st.booleans())
def test_what_is_written_is_read(sections: list[tuple[str, list[tuple[str, str]]]], crlf: bool) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} = {value.replace(';', chr(92) + ';')}\n" for key, value in pairs)
        for name, pairs in sections
    )
    config = read_text(text.replace("\n", "\r\n") if crlf else text)
    assert [(s.name, [(i.key, i.value) for i in s.items]) for s in config] == sections
