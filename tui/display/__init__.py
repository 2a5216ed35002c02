"""The display model: sanitised rows, words and glyphs, without Textual."""
