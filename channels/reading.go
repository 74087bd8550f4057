package channels

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/creatorflow/creatorflow/money"
)

// Text is a JSON string, or a number kept digit by digit: ids pass 2^53 and come bare in some of the vendor's answers.
type Text string

// UnmarshalJSON implements json.Unmarshaler; null is "".
func (t *Text) UnmarshalJSON(raw []byte) error {
	got, ok := readText(raw)
	if !ok {
		return errors.New("want a string or a number")
	}
	*t = Text(got)
	return nil
}

// readText reads a string or number, "" of null or nothing; ok is false for anything else. raw is valid JSON, as what the
// JSON package hands on is.
func readText(raw json.RawMessage) (string, bool) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0, string(raw) == "null":
		return "", true
	case raw[0] == '"' && len(raw) > 1:
		if plain := raw[1 : len(raw)-1]; !bytes.ContainsRune(plain, '\\') && utf8.Valid(plain) { // nearly all: ten times faster
			return string(plain), true
		}
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return string(raw), true
	}
	return "", false
}

// Seconds is a Unix time in seconds, as a number or a string.
type Seconds int64

// UnmarshalJSON implements json.Unmarshaler; null and "" are 0.
func (s *Seconds) UnmarshalJSON(raw []byte) error {
	got, ok := readText(raw)
	if !ok {
		return errors.New("want seconds")
	}
	n, ok := parseSeconds(got)
	*s = Seconds(n)
	if !ok {
		return errors.New("want seconds")
	}
	return nil
}

// Time is UTC; 0 is the zero time.
func (s Seconds) Time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

// parseSeconds takes whole seconds up to the year 9999; milliseconds are beyond that.
func parseSeconds(s string) (int64, bool) {
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n < 253_402_300_800
}

// Reading reads one foreign record field by field, each as it came (json.RawMessage), and keeps the first thing that is
// wrong with it. Ids may be strings or bare numbers; what is absent and may be is the zero value.
type Reading struct {
	Record  string // which record, for people
	Within  string // what stands before the names of its fields, such as "line_items[2]."
	Invalid *Invalid
}

// Fail notes what is wrong; the first thing stays.
func (r *Reading) Fail(field, rule, sample string) {
	if r.Invalid == nil {
		r.Invalid = &Invalid{Record: r.Record, Field: r.Within + field, Rule: rule, Sample: Short(sample, 48)}
	}
}

// Object reads a JSON object into v; ok is false when it is something else.
func (r *Reading) Object(field string, raw json.RawMessage, v any) bool {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, v) != nil {
		r.Fail(field, "must be an object", "")
		return false
	}
	return true
}

// List reads a JSON array; absent is empty.
func (r *Reading) List(field string, raw json.RawMessage) []json.RawMessage {
	var items []json.RawMessage
	if len(raw) > 0 && json.Unmarshal(raw, &items) != nil {
		r.Fail(field, "must be a list", "")
	}
	return items
}

// ID reads an id that must be there.
func (r *Reading) ID(field string, raw json.RawMessage) string {
	s := r.Text(field, raw)
	if !IsID(s) {
		r.Fail(field, "must be an id", string(raw))
		return ""
	}
	return s
}

// IsID reports whether s can be a vendor's id that is put into a path or comma list: 1 to 64 letters, digits, - and _.
func IsID(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, notID)
}

func notID(c rune) bool {
	return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && c != '-'
}

// Text reads a string that may be absent.
func (r *Reading) Text(field string, raw json.RawMessage) string {
	s, ok := readText(raw)
	if !ok {
		r.Fail(field, "must be a string", string(raw))
	}
	return s
}

// Time reads a Unix time in seconds that may be absent.
func (r *Reading) Time(field string, raw json.RawMessage) time.Time {
	s, ok := readText(raw)
	n, number := parseSeconds(s)
	if !ok || !number {
		r.Fail(field, "must be whole seconds since 1970", string(raw))
	}
	return Seconds(n).Time()
}

// Whole reads a whole number that must be there and not be negative.
func (r *Reading) Whole(field string, raw json.RawMessage) int64 {
	s, ok := readText(raw)
	n, err := strconv.ParseInt(s, 10, 64)
	if !ok || err != nil || n < 0 || n > 1e12 { // so that sums of a few fit
		r.Fail(field, "must be a whole number from 0 to 10^12", string(raw))
		return 0
	}
	return n
}

// Amount reads a decimal string of a currency that must be there and not be negative.
func (r *Reading) Amount(field string, raw json.RawMessage, currency string) money.Money {
	s, ok := readText(raw)
	if !ok || s == "" {
		r.Fail(field, "must be a decimal number", string(raw))
		return money.Money{}
	}
	m, err := money.Parse(s, currency)
	switch {
	case errors.Is(err, money.ErrCurrency):
		r.Fail("currency", "must be an ISO 4217 code", currency)
	case errors.Is(err, money.ErrDecimals):
		r.Fail(field, "must not have more decimals than "+currency+" has", s)
	case errors.Is(err, money.ErrOverflow):
		r.Fail(field, "must fit into 64 bits", s)
	case err != nil:
		r.Fail(field, "must be a decimal number", s)
	case m.Minor < 0:
		r.Fail(field, "must not be negative", s)
	}
	return m
}

// Lenient reads a string and takes anything else for absent; for personal data, which is never a reason to refuse an order.
func Lenient(raw json.RawMessage) string {
	s, _ := readText(raw)
	return s
}

// At names an item of a list.
func At(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// Short cuts a text to at most n bytes of whole characters.
func Short(s string, n int) string {
	return strings.ToValidUTF8(s[:min(len(s), n)], "")
}
