package signals

import (
	"slices"
	"strings"
	"unicode"
)

// maxNamed is how many SKUs one text may name; a catalogue that somebody pasted is about none of them.
const maxNamed = 20

// Named is a SKU with the titles under which shops list it.
type Named struct {
	SKU    string
	Titles []string
}

// Names finds SKUs in words. A code or a title is found as whole words that follow one another, whatever stands between them and
// in any case; a hashtag is a code or title run together. A code that is one word of letters alone, such as HAT, is only found in
// its own case, a title of one word only as a hashtag, and nothing that has less than three letters and digits.
type Names struct {
	begins map[string][]name   // by the first word
	tags   map[string][]string // SKUs by code or title run together
}

type name struct {
	words []string
	exact string // a code that is found in its own case alone; empty otherwise
	sku   string
}

// Index makes Names.
func Index(all []Named) Names {
	n := Names{begins: map[string][]name{}, tags: map[string][]string{}}
	for _, one := range all {
		n.add(one.SKU, one.SKU, true)
		for _, title := range one.Titles {
			n.add(one.SKU, title, false)
		}
	}
	return n
}

func (n Names) add(sku, text string, code bool) {
	var parts, folded []string
	for _, w := range words(text) {
		parts, folded = append(parts, w.text), append(folded, strings.ToLower(w.text))
	}
	tag := strings.Join(folded, "")
	if len([]rune(tag)) < 3 {
		return
	}
	n.tags[tag] = append(n.tags[tag], sku)
	one := name{words: folded, sku: sku}
	if len(parts) == 1 {
		if !code {
			return
		}
		if !strings.ContainsFunc(parts[0], unicode.IsDigit) {
			one.exact = parts[0]
		}
	}
	n.begins[folded[0]] = append(n.begins[folded[0]], one)
}

// In lists the SKUs that a text names, sorted, each once; none when there are more than a text can be about.
func (n Names) In(text string) (skus []string) {
	said := words(text)
	folded := make([]string, len(said))
	for i, w := range said {
		folded[i] = strings.ToLower(w.text)
	}
	for i, w := range said {
		if w.tag {
			skus = append(skus, n.tags[folded[i]]...)
		}
		for _, one := range n.begins[folded[i]] {
			if (one.exact == "" || one.exact == w.text) && i+len(one.words) <= len(folded) && slices.Equal(one.words, folded[i:i+len(one.words)]) {
				skus = append(skus, one.sku)
			}
		}
	}
	slices.Sort(skus)
	if skus = slices.Compact(skus); len(skus) > maxNamed {
		return nil
	}
	return skus
}

// word is a run of letters and digits.
type word struct {
	text string
	tag  bool // # stands before it
}

func words(text string) (all []word) {
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
	begin, tag, before := -1, false, ' '
	for i, r := range text {
		switch {
		case part(r) && begin < 0:
			begin, tag = i, before == '#'
		case !part(r) && begin >= 0:
			all, begin = append(all, word{text[begin:i], tag}), -1
		}
		before = r
	}
	if begin >= 0 {
		all = append(all, word{text[begin:], tag})
	}
	return all
}
