package aftersales

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

// The columns that are read, by their names in small letters. Any others may come and go; some hold a buyer's name and address.
const (
	columnOrder     = "order id"
	columnAsked     = "return request date"
	columnStatus    = "return request status"
	columnRMA       = "amazon rma id"
	columnOwnRMA    = "merchant rma id"
	columnTracking  = "tracking id"
	columnASIN      = "asin"
	columnSKU       = "merchant sku"
	columnQuantity  = "return quantity"
	columnReason    = "return reason"
	columnResult    = "resolution"
	columnDelivered = "return delivery date"
)

// wanted are those without which a row says nothing.
var wanted = []string{columnOrder, columnAsked, columnStatus, columnQuantity}

const (
	sheetName   = "report of returns"
	maxReturned = 100_000 // units of one row that are believed
	maxBroken   = 20      // rows that are told one by one; what breaks more is one change of Amazon's, not as many returns
)

// returnStates are the vendor's words for a return's state, in small letters and without anything between.
var returnStates = map[string]channels.ClaimState{
	"pending": channels.ClaimPending, "pendingapproval": channels.ClaimPending, "pendingauthorization": channels.ClaimPending, "requested": channels.ClaimPending,
	"approved": channels.ClaimAwaited, "authorized": channels.ClaimAwaited, "authorised": channels.ClaimAwaited,
	"completed": channels.ClaimCompleted, "closed": channels.ClaimCompleted, "refunded": channels.ClaimCompleted,
	"denied": channels.ClaimRejected, "declined": channels.ClaimRejected, "rejected": channels.ClaimRejected,
	"cancelled": channels.ClaimWithdrawn, "canceled": channels.ClaimWithdrawn, "withdrawn": channels.ClaimWithdrawn,
}

// readSheet reads a report, a table with a tab between its columns: one return of each row, those of one number and item together. The
// vendor tells days and no times, so a return's version is the last day that stands in it: within one its state only goes on.
func readSheet(text []byte, place wire.Place) (claims []channels.Claim, invalid []channels.Invalid) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	head, rows, _ := bytes.Cut(text, []byte("\n"))
	columns := map[string]int{}
	for i, name := range cells(head) {
		name = strings.ToLower(strings.ReplaceAll(name, "-", " "))
		if _, twice := columns[name]; !twice {
			columns[name] = i
		}
	}
	for _, name := range wanted {
		if _, ok := columns[name]; !ok && len(bytes.TrimSpace(text)) > 0 {
			return nil, []channels.Invalid{{Record: sheetName, Field: name, Rule: "must be a column of Amazon's report of returns", Sample: channels.Short(strings.Join(cells(head), ", "), 48)}}
		}
	}
	at, more := map[string]int{}, 0 // claims by id; broken rows that are only counted
	for line := range bytes.SplitSeq(rows, []byte("\n")) {
		row := cells(line)
		if len(row) == 1 && row[0] == "" {
			continue
		}
		c, wrong := readRow(func(column string) string {
			if i, ok := columns[column]; ok && i < len(row) {
				return row[i]
			}
			return ""
		}, place)
		switch {
		case wrong != nil && len(invalid) == maxBroken:
			more++
			continue
		case wrong != nil:
			invalid = append(invalid, *wrong)
			continue
		}
		key := c.Order + " " + c.ID
		if i, known := at[key]; known {
			claims[i] = joined(claims[i], c)
			continue
		}
		at[key], claims = len(claims), append(claims, c)
	}
	if more > 0 {
		invalid = append(invalid, channels.Invalid{Record: sheetName + " with many", Field: sheetName, Rule: "has " + strconv.Itoa(more) + " more rows that cannot be read"})
	}
	slices.SortStableFunc(claims, func(a, b channels.Claim) int { return a.Updated.Compare(b.Updated) })
	return claims, invalid
}

// cells are a line's values, without what no name may hold. What is no UTF-8 is Latin-1, as the vendor's reports of some stores are.
func cells(line []byte) (list []string) {
	text := string(bytes.TrimSuffix(line, []byte("\r")))
	if !utf8.ValidString(text) {
		runes := make([]rune, 0, len(text))
		for i := range len(text) {
			runes = append(runes, rune(text[i]))
		}
		text = string(runes)
	}
	for cell := range strings.SplitSeq(text, "\t") {
		list = append(list, strings.TrimSpace(strings.Map(visible, cell)))
	}
	return list
}

func visible(c rune) rune {
	if unicode.IsControl(c) {
		return -1
	}
	return c
}

// readRow reads one row by the names of its columns.
func readRow(cell func(column string) string, place wire.Place) (channels.Claim, *channels.Invalid) {
	number := cmp.Or(cell(columnRMA), cell(columnOwnRMA), cell(columnOrder)+" "+cell(columnAsked))
	r := &channels.Reading{Record: cmp.Or(channels.Short(strings.TrimSpace(number), 64), "return without a number")}
	order, item := cell(columnOrder), cmp.Or(cell(columnASIN), cell(columnSKU))
	if !channels.IsID(order) {
		r.Fail(columnOrder, "must be an id", order)
	}
	if item == "" {
		r.Fail(columnSKU, "must be there", "")
	}
	asked, ok := day(cell(columnAsked))
	if !ok || asked.IsZero() {
		r.Fail(columnAsked, "must be a day", cell(columnAsked))
	}
	delivered, ok := day(cell(columnDelivered))
	if !ok {
		r.Fail(columnDelivered, "must be a day", cell(columnDelivered))
	}
	quantity, err := strconv.ParseInt(cell(columnQuantity), 10, 64)
	if err != nil || quantity < 1 || quantity > maxReturned {
		r.Fail(columnQuantity, "must be a whole number of at least 1", cell(columnQuantity))
	}
	vendor := cell(columnStatus)
	if vendor == "" {
		r.Fail(columnStatus, "must be there", "")
	}
	if r.Invalid != nil {
		return channels.Claim{}, r.Invalid
	}
	c := channels.Claim{
		Kind: channels.Return, ID: channels.Short(number+" "+item, 100), Order: order, State: returnState(vendor), Vendor: channels.Short(vendor, 64), Wants: channels.Goods,
		By: channels.ByBuyer, Tracking: channels.Short(cell(columnTracking), 64), Created: asked, Updated: asked, Untracked: true, Elsewhere: place.Returns(order),
		Lines: []channels.ClaimLine{{ListingID: cmp.Or(cell(columnSKU), item), Code: cell(columnSKU), Quantity: quantity}},
	}
	if reason := cell(columnReason); isCode(reason) {
		c.Reason = reason
	}
	if strings.Contains(strings.ToLower(cell(columnResult)), "returnless") {
		c.Wants = channels.Refund
	}
	if delivered.After(c.Updated) {
		c.Updated = delivered
	}
	if c.State == channels.ClaimAwaited && !delivered.IsZero() {
		c.State = channels.ClaimSent
	}
	return c, nil
}

// isCode tells a reason's code from what a person wrote.
var isCode = regexp.MustCompile(`^[A-Z0-9_-]{1,64}$`).MatchString

func returnState(word string) channels.ClaimState {
	word = strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(word))
	return cmp.Or(returnStates[word], channels.ClaimUnknown)
}

// day reads a day as the vendor's stores write it; nothing is the zero time.
func day(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	for _, layout := range []string{"02-Jan-2006", "2-Jan-2006", time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil && at.Year() >= 1970 && at.Year() <= 9999 {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// joined is a return that stands in two rows: its units together, and the state that leaves the seller more to do.
func joined(a, b channels.Claim) channels.Claim {
	for _, l := range b.Lines {
		if i := slices.IndexFunc(a.Lines, func(k channels.ClaimLine) bool { return k.ListingID == l.ListingID }); i >= 0 {
			a.Lines[i].Quantity += l.Quantity
		} else {
			a.Lines = append(a.Lines, l)
		}
	}
	if b.Updated.After(a.Updated) {
		a.Updated = b.Updated
	}
	if undone(b.State) < undone(a.State) {
		a.State, a.Vendor = b.State, b.Vendor
	}
	return a
}

// undone orders states by what is left to do, most first.
func undone(s channels.ClaimState) int {
	return slices.Index([]channels.ClaimState{
		channels.ClaimUnknown, channels.ClaimPending, channels.ClaimAwaited, channels.ClaimSent, channels.ClaimRejected, channels.ClaimWithdrawn, channels.ClaimCompleted,
	}, s)
}
