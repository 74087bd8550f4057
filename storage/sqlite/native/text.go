package native

import "strings"

// Numbered writes ?1 for $1, which SQLite would take for a name, outside of quotes.
func Numbered(text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	var quote byte
	out := []byte(text)
	for i, c := range out {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '$' && i+1 < len(out) && out[i+1] >= '0' && out[i+1] <= '9':
			out[i] = '?'
		}
	}
	return string(out)
}
