package catalogue

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	events "github.com/creatorflow/creatorflow/domain/events/shops"
)

// The states of a listing.
const (
	Mapped    = "mapped"
	Unmatched = "unmatched" // no SKU of its code's spelling
	Conflict  = "conflict"  // a person has to say what is meant
	NoCode    = "no_code"
)

// How a listing came to its SKU.
const (
	ByHand     = "hand"
	ByImport   = "import"
	BySpelling = "spelling" // nobody said so: the code is the SKU
)

// The kinds of conflict.
const (
	sameCode  = "same_code"  // another listing of the shop has the code
	sameSKU   = "same_sku"   // another code of the shop means the SKU
	alikeSKU  = "alike_sku"  // a SKU differs only in case, spaces or form
	alikeCode = "alike_code" // another code of the shop does
)

// live is the status in which buyers can order.
const live = "live"

// Around is what else there is that matters to a listing.
type Around struct {
	SKU, How  string // what its code means
	SameCode  string // another live listing of the shop with its code
	SameSKU   string // another live listing of the shop, with another code, that means its SKU
	AlikeSKU  string // a SKU that its code is like
	AlikeCode string // another code of a live listing of the shop, which is like its own
}

// Verdict is what is to be thought of a listing.
type Verdict struct {
	State    string
	Conflict string // its kind
	Other    string // the listing, SKU or code that it is in conflict with
}

// Judge judges a listing. Listings that are not for sale are in nobody's way.
func Judge(l events.Shown, a Around) Verdict {
	selling := l.Status == live
	switch {
	case selling && a.SameCode != "" && !l.Uncoded:
		return Verdict{Conflict, sameCode, a.SameCode}
	case selling && a.SKU != "" && a.SameSKU != "":
		return Verdict{Conflict, sameSKU, a.SameSKU}
	case a.SKU != "":
		return Verdict{State: Mapped}
	case l.Uncoded:
		return Verdict{State: NoCode}
	case a.AlikeSKU != "":
		return Verdict{Conflict, alikeSKU, a.AlikeSKU}
	case selling && a.AlikeCode != "":
		return Verdict{Conflict, alikeCode, a.AlikeCode}
	}
	return Verdict{State: Unmatched}
}

// Sentence says what stands and what to do.
func Sentence(l events.Shown, sku, how string, v Verdict) string {
	switch v.Conflict {
	case sameCode:
		return fmt.Sprintf("Listing %s of this shop has the code %q too, so both would take the same stock unseen. Give each its own code at the shop and import again, or take one down.", v.Other, l.Code)
	case sameSKU:
		return fmt.Sprintf("Listing %s of this shop means the SKU %s too, so the same units are offered twice. Map one of them to another SKU, or take one down at the shop.", v.Other, sku)
	case alikeSKU:
		return fmt.Sprintf("The code %q is like the SKU %q, but for case, spaces or the form of its letters. If it means that SKU, map it; else map it to another one.", l.Code, v.Other)
	case alikeCode:
		return fmt.Sprintf("The code %q is like the code %q of another listing of this shop, but for case, spaces or the form of its letters. Map each to its SKU, or mend the code at the shop and import again.", l.Code, v.Other)
	}
	switch {
	case v.State == NoCode:
		return fmt.Sprintf("The seller gave this listing no code. Give it one at the shop and import again, or map its id %s to a SKU.", l.Listing)
	case v.State == Unmatched:
		return fmt.Sprintf("There is no SKU %q. Receive stock for it, or map the code to another SKU; orders wait until then.", l.Code)
	case how == ByHand:
		return fmt.Sprintf("A person mapped it to the SKU %s.", sku)
	case how == ByImport:
		return fmt.Sprintf("An import mapped it to the SKU %s, which is spelt the same.", sku)
	}
	return fmt.Sprintf("Its code is the SKU %s.", sku)
}

// Alike is what texts have in common that differ only in case, spaces, invisible characters or full-width letters.
// Other differences of form are none here: codes and SKUs are in normal form C.
func Alike(text string) string {
	alike := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		lowest := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			lowest = min(lowest, other)
		}
		return lowest
	}, text)
	return cmp.Or(alike, text)
}

// What a plan does with a listing.
const (
	DoMap    = "map"
	DoCreate = "create" // the SKU, and map it
	DoKeep   = "keep"   // it is mapped
	DoLeave  = "leave"  // a person has to look
)

// Known is what stands before an import.
type Known struct {
	Codes map[string]State // of the shop
	SKUs  map[string]bool
	Alike map[string][]string // SKUs by Alike
}

// Step is what a plan does with one listing.
type Step struct {
	events.Shown
	Verdict
	SKU, How string
	Do       string
	Sentence string
}

// others finds, among listings that have something in common, the first one that is told apart from a given one. Two of them are
// enough to know for each, so that many of one code cost no more than as many of their own.
type others map[string][2]told

// told is a listing and what tells it apart: itself, or its code.
type told struct{ listing, by string }

func (o others) add(common, listing, by string) {
	t, now := o[common], told{listing, by}
	switch {
	case t[0].listing == "" || listing < t[0].listing && by == t[0].by:
		t[0] = now
	case listing < t[0].listing:
		t = [2]told{now, t[0]}
	case by != t[0].by && (t[1].listing == "" || listing < t[1].listing):
		t[1] = now
	}
	o[common] = t
}

// than is the first listing with something in common that is another one than by.
func (o others) than(common, by string) (listing, other string) {
	t := o[common]
	if t[0].by == by {
		return t[1].listing, t[1].by
	}
	return t[0].listing, t[0].by
}

// Plan says what an import does with each listing that a shop shows. It is what a view of the same listings says, and what
// follows from it: codes that are a SKU's are mapped to it; with create, SKUs are made for the rest where nothing is in doubt.
func Plan(shown []events.Shown, k Known, create bool) []Step {
	byCode, bySKU, byAlike := others{}, others{}, others{}
	steps := make([]Step, len(shown))
	for i, l := range shown {
		s := Step{Shown: l}
		s.SKU, s.How = k.means(l.Code)
		steps[i] = s
		if l.Status != live {
			continue
		}
		byCode.add(l.Code, l.Listing, l.Listing)
		byAlike.add(Alike(l.Code), l.Listing, l.Code)
		if s.SKU != "" {
			bySKU.add(s.SKU, l.Listing, l.Code)
		}
	}
	done := map[string]bool{} // codes that a step maps
	for i := range steps {
		s := &steps[i]
		a := Around{SKU: s.SKU, How: s.How}
		a.SameCode, _ = byCode.than(s.Code, s.Listing)
		a.SameSKU, _ = bySKU.than(s.SKU, s.Code)
		_, a.AlikeCode = byAlike.than(Alike(s.Code), s.Code)
		for _, sku := range k.Alike[Alike(s.Code)] {
			if sku != s.Code && (a.AlikeSKU == "" || sku < a.AlikeSKU) {
				a.AlikeSKU = sku
			}
		}
		s.Verdict = Judge(s.Shown, a)
		s.Sentence = Sentence(s.Shown, s.SKU, s.How, s.Verdict)
		s.Do = DoLeave
		switch {
		case s.State == Mapped && s.How == BySpelling && !done[s.Code]:
			s.Do, done[s.Code] = DoMap, true
		case s.State == Mapped:
			s.Do = DoKeep
		case s.State != Unmatched || !create:
		case s.Status != live:
			s.Sentence = "No SKU is made of a listing that is not for sale. " + s.Sentence
		case !isSKU(s.Code):
			s.Sentence = "The code cannot be a SKU: " + string(ErrSKU) + " Map it to one."
		case s.Quantity < 1:
			s.Sentence = "The shop lists none of it, and a SKU comes to be with its first stock. " + s.Sentence
		default:
			s.Do, s.SKU = DoCreate, s.Code
			s.Sentence = fmt.Sprintf("The SKU %s is made with the %d listed as its first stock.", s.Code, s.Quantity)
		}
	}
	return steps
}

func (k Known) means(code string) (sku, how string) {
	switch said := k.Codes[code]; {
	case said.SKU != "" && said.Import != 0:
		return said.SKU, ByImport
	case said.SKU != "":
		return said.SKU, ByHand
	case k.SKUs[code]:
		return code, BySpelling
	}
	return "", ""
}
