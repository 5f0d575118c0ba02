from __future__ import annotations

import pytest

from catalog.summaries import summarise


class TestSummarise:
    @pytest.mark.parametrize(
        ("description", "length", "summary"),
        [
            ("", 20, ""),
            ("plain", 20, "plain"),
            ("<p>One</p><p>two &lt; three</p>", 50, "One two < three"),
            ("One<br>two", 50, "One two"),
            ("one two three", 13, "one two three"),
            ("one two three", 12, "one two…"),
            ("one two three", 8, "one two…"),
            ("one two, three", 9, "one two…"),
            ("unbreakable", 5, "unbr…"),
            ("anything", 0, "…"),
            ("anything", -5, "…"),
        ],
    )
    def test_is_text_cut_behind_a_word(self, description, length, summary):
        assert summarise(description, length=length) == summary

    def test_is_never_longer_than_a_thousand_characters(self):
        assert len(summarise("word " * 1000, length=10**9)) <= 1000
