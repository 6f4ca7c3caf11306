from offhook.media.prompts import prompt_text


def test_well_known_prompts():
    assert prompt_text("vm-goodbye") == "Goodbye."
    assert prompt_text("digits/star") == "star"
    assert prompt_text("digits/7", "de") == "7"
    assert prompt_text("digits/h-1") == "1st"
    assert prompt_text("digits/h-12") == "12th"
    assert prompt_text("digits/h-22") == "22nd"
    assert prompt_text("digits/mon-11") == "December"
    assert prompt_text("letters/x") == "x"
    assert prompt_text("letters/ascii63") == "?"
    assert prompt_text("phonetic/x_p") == "x-ray"


def test_silence_is_not_spoken():
    assert prompt_text("silence/5") == ""


def test_other_names_are_read():
    assert prompt_text("custom/our-opening-hours") == "our opening hours"
    assert prompt_text("vm-goodbye", "de") == "vm goodbye"
