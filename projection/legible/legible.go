// Package legible makes texts such that every database keeps them.
package legible

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// JSON replaces NUL in JSON text, as Text does in plain text.
func JSON(text []byte) []byte {
	const nul = `\u0000`
	for from := 0; ; {
		at := bytes.Index(text[from:], []byte(nul))
		if at < 0 {
			return text
		}
		at += from
		escapes := 0 // an even number of backslashes in front are characters of their own
		for at-escapes > 0 && text[at-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			copy(text[at:], `\ufffd`)
		}
		from = at + 1
	}
}

// Text replaces NUL and what is not UTF-8.
func Text(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
