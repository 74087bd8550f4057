package signals_test

import (
	"slices"
	"testing"

	"github.com/creatorflow/creatorflow/domain/signals"
)

// TestNames: which SKUs words name, by code, title and hashtag.
func TestNames(t *testing.T) {
	names := signals.Index([]signals.Named{
		{SKU: "CASE-PRO-15", Titles: []string{"Phone case Pro", "Phone case Pro"}},
		{SKU: "HAT", Titles: []string{"Hat", "Wool hat, grey"}},
		{SKU: "A1", Titles: []string{"Mug"}},
		{SKU: "charger20w", Titles: []string{"Ladegerät 20 W"}},
	})
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"I love my case-pro-15!", []string{"CASE-PRO-15"}},
		{"CASE PRO 15 or case_pro_15, whatever", []string{"CASE-PRO-15"}},
		{"a suitcase-pro-15 is none", nil},
		{"case-pro-155", nil},
		{"the phone  case (Pro) is out", []string{"CASE-PRO-15"}},
		{"#PhoneCasePro and #casepro15", []string{"CASE-PRO-15"}},
		{"phonecasepro", nil},
		{"my hat", nil},                            // a word that everybody says
		{"the HAT", []string{"HAT"}},               // as it is written
		{"#hat and a #mug", []string{"A1", "HAT"}}, // a hashtag is meant
		{"a mug, A1 quality", nil},                 // one word; two letters
		{"wool hat grey next to CHARGER20W", []string{"HAT", "charger20w"}},
		{"LADEGERÄT 20 w", []string{"charger20w"}},
		{"", nil},
	} {
		if got := names.In(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%q names %v, want %v", tt.text, got, tt.want)
		}
	}
}

// TestTooManyNames: a catalogue that somebody pasted is about nothing.
func TestTooManyNames(t *testing.T) {
	var all []signals.Named
	text := ""
	for c := 'a'; c < 'a'+21; c++ {
		code := "SKU-" + string(c) + "1"
		all, text = append(all, signals.Named{SKU: code}), text+code+" "
	}
	names := signals.Index(all)
	if got := names.In(text); got != nil {
		t.Errorf("%d SKUs", len(got))
	}
	if got := names.In(text[:len(text)-8]); len(got) != 20 {
		t.Errorf("%d SKUs of twenty", len(got))
	}
}
