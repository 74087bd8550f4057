package aftersales

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

// sheetHead and sheetRow are the vendor's columns with a return of two units; another row beside it must always be read.
const (
	sheetHead = "Order ID\tOrder date\tReturn request date\tReturn request status\tAmazon RMA ID\tMerchant RMA ID\tLabel type\tLabel cost\tCurrency code\tReturn carrier\tTracking ID\tLabel to be paid by\tA-to-Z Claim\tIs prime\tASIN\tMerchant SKU\tItem Name\tReturn quantity\tReturn Reason\tIn policy\tReturn type\tResolution\tInvoice number\tReturn delivery date\tOrder Amount\tOrder quantity\tRefunded Amount"
	sheetRow  = "026-1234567-1234567\t10-Jul-2026\t14-Jul-2026\tApproved\tDabcRRMA\t \tAmazonPrePaidLabel\t4.14\tGBP\tRoyal Mail\tRT1\tSeller\tN\tN\tB000000001\tHOODIE-M\tA \"Hoodie\"\t2\tAMZ-PG-APP-TOO-SMALL\tY\tC-Returns\tStandardRefund\t\t\t39.98\t2\t"
	nextRow   = "026-7654321-7654321\t10-Jul-2026\t16-Jul-2026\tCompleted\tDxyzRRMA\t\t\t\tGBP\t\t\t\tN\tN\tB000000002\tMUG 11oz/white\tMug\t1\tDEFECTIVE\tY\tC-Returns\tStandardRefund\t\t20-Jul-2026\t5.00\t1\t5.00"
)

var british = wire.PlaceOf("GB")

func sheetOf(lines ...string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }

func TestSheet(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 7, n, 0, 0, 0, 0, time.UTC) }
	want := channels.Claim{
		Kind: channels.Return, ID: "DabcRRMA B000000001", Order: "026-1234567-1234567", State: channels.ClaimAwaited, Vendor: "Approved", Wants: channels.Goods, By: channels.ByBuyer,
		Reason: "AMZ-PG-APP-TOO-SMALL", Tracking: "RT1", Created: day(14), Updated: day(14), Untracked: true,
		Elsewhere: "https://sellercentral.amazon.co.uk/gp/returns/list?searchType=orderId&keywordSearch=026-1234567-1234567",
	}
	lines := []channels.ClaimLine{{ListingID: "HOODIE-M", Code: "HOODIE-M", Quantity: 2}}
	same := func(a, b channels.Claim) bool {
		linesSame := slices.Equal(a.Lines, b.Lines)
		a.Lines, b.Lines = nil, nil
		return linesSame && a.Refund == b.Refund && a.ID == b.ID && a.Order == b.Order && a.State == b.State && a.Vendor == b.Vendor && a.Wants == b.Wants && a.By == b.By &&
			a.Reason == b.Reason && a.Tracking == b.Tracking && a.Created.Equal(b.Created) && a.Updated.Equal(b.Updated) && a.Untracked == b.Untracked && a.Elsewhere == b.Elsewhere
	}
	want.Lines = lines
	for name, test := range map[string]struct {
		was, is string
		want    func(*channels.Claim)
	}{
		"as it is":                 {"", "", func(*channels.Claim) {}},
		"the goods are there":      {"\t\t\t39.98", "\t\t19-Jul-2026\t39.98", func(c *channels.Claim) { c.State, c.Updated = channels.ClaimSent, day(19) }},
		"done":                     {"Approved", "Completed", func(c *channels.Claim) { c.State, c.Vendor = channels.ClaimCompleted, "Completed" }},
		"waits for an answer":      {"Approved", "Pending Approval", func(c *channels.Claim) { c.State, c.Vendor = channels.ClaimPending, "Pending Approval" }},
		"a word that is not known": {"Approved", "Pondered", func(c *channels.Claim) { c.State, c.Vendor = channels.ClaimUnknown, "Pondered" }},
		"nothing comes back":       {"StandardRefund", "ReturnlessRefund", func(c *channels.Claim) { c.Wants = channels.Refund }},
		"a reason in words":        {"AMZ-PG-APP-TOO-SMALL", "Ana says it is small", func(c *channels.Claim) { c.Reason = "" }},
		"another store's days":     {"14-Jul-2026", "2026-07-14", func(*channels.Claim) {}},
		"the seller's own number":  {"DabcRRMA\t ", "\tmine-1", func(c *channels.Claim) { c.ID = "mine-1 B000000001" }},
		"no number at all":         {"DabcRRMA", "", func(c *channels.Claim) { c.ID = "026-1234567-1234567 14-Jul-2026 B000000001" }},
		"no SKU":                   {"HOODIE-M", "", func(c *channels.Claim) { c.Lines = []channels.ClaimLine{{ListingID: "B000000001", Quantity: 2}} }},
		"Latin-1": {"HOODIE-M", "H\xd6\xd6DIE", func(c *channels.Claim) {
			c.Lines = []channels.ClaimLine{{ListingID: "HÖÖDIE", Code: "HÖÖDIE", Quantity: 2}}
		}},
	} {
		claims, invalid := readSheet(sheetOf("\ufeff"+sheetHead, strings.Replace(sheetRow, test.was, test.is, 1)+"\r", "", nextRow), british)
		expected := want
		expected.Lines = slices.Clone(lines)
		test.want(&expected)
		i := slices.IndexFunc(claims, func(c channels.Claim) bool { return c.Order == want.Order })
		if len(claims) != 2 || len(invalid) != 0 || i < 0 || !same(claims[i], expected) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", name, claims, invalid, expected)
		}
	}
	// Rows of one number and item are one return, which has as much left to do as the row of most.
	claims, _ := readSheet(sheetOf(sheetHead, strings.Replace(sheetRow, "Approved", "Completed", 1), sheetRow, strings.Replace(sheetRow, "HOODIE-M", "HOODIE-USED", 1)), british)
	if len(claims) != 1 || claims[0].State != channels.ClaimAwaited || !slices.Equal(claims[0].Lines, []channels.ClaimLine{{ListingID: "HOODIE-M", Code: "HOODIE-M", Quantity: 4}, {ListingID: "HOODIE-USED", Code: "HOODIE-USED", Quantity: 2}}) {
		t.Errorf("in three rows: %+v", claims)
	}
	for _, text := range []string{"", sheetHead, sheetHead + "\r\n"} {
		if claims, invalid := readSheet([]byte(text), british); claims != nil || invalid != nil {
			t.Errorf("a report without rows: %v, %v", claims, invalid)
		}
	}
}

// What makes every row unreadable is a few letters and not as many as there are returns; what no name may hold is in none.
func TestSheetOfBrokenRows(t *testing.T) {
	lines := []string{sheetHead, nextRow}
	for range 1000 {
		lines = append(lines, strings.Replace(strings.Replace(sheetRow, "DabcRRMA", "\x00"+strings.Repeat("D", 500), 1), "14-Jul-2026", "tomorrow", 1))
	}
	claims, invalid := readSheet(sheetOf(lines...), british)
	if len(claims) != 1 || len(invalid) != maxBroken+1 || invalid[0].Field != columnAsked || !strings.HasPrefix(invalid[maxBroken].Rule, "has 980 more rows") {
		t.Fatalf("%d returns, %d letters: %+v", len(claims), len(invalid), invalid)
	}
	if record := invalid[0].Record; record != strings.Repeat("D", 64) {
		t.Errorf("a row goes by the name %q", record)
	}
	if claims, _ := readSheet(sheetOf(sheetHead, strings.Replace(sheetRow, "DabcRRMA", "Dabc\x00\x07RRMA", 1)), british); len(claims) != 1 || claims[0].ID != "DabcRRMA B000000001" {
		t.Errorf("with what no name may hold: %+v", claims)
	}
}

// Whatever columns the vendor adds, moves, renames or leaves out, and whatever stands in a row: what may be absent may be, what may not
// is named with its return, or with the report where a whole column is gone, and the other rows are read.
func TestSheetSurvivesVendorsChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		head, row, next := strings.Split(sheetHead, "\t"), strings.Split(sheetRow, "\t"), strings.Split(nextRow, "\t")
		each := func(do func(cells []string) []string) { head, row, next = do(head), do(row), do(next) }
		i := rapid.IntRange(0, len(head)-1).Draw(t, "column")
		name := strings.ToLower(head[i])
		needed := slices.Contains(wanted, name)
		how := rapid.SampledFrom([]string{"added", "moved", "absent", "renamed", "another spelling", "empty", "nonsense", "short row"}).Draw(t, "how")
		switch how {
		case "added":
			head = slices.Insert(head, i, rapid.StringMatching(`[A-Z][a-z]{3,9} new`).Draw(t, "name"))
			row, next = slices.Insert(row, i, "x"), slices.Insert(next, i, "")
		case "moved":
			each(func(cells []string) []string {
				cell := cells[i]
				return append(slices.Delete(cells, i, i+1), cell)
			})
		case "absent":
			each(func(cells []string) []string { return slices.Delete(cells, i, i+1) })
		case "renamed":
			head[i] += " v2"
		case "another spelling":
			head[i] = strings.ToUpper(strings.ReplaceAll(head[i], " ", "-"))
		case "empty":
			row[i] = ""
		case "nonsense":
			row[i] = rapid.StringMatching(`[a-zäöü <&"']{1,12}`).Draw(t, "cell")
		case "short row":
			row = row[:i]
		}
		claims, invalid := readSheet(sheetOf(strings.Join(head, "\t"), strings.Join(row, "\t"), strings.Join(next, "\t")), british)
		for _, no := range invalid {
			if no.Record == "" || no.Field == "" || no.Rule == "" {
				t.Fatalf("it says no more than %+v", no)
			}
		}
		for _, c := range claims {
			if c.ID == "" || c.State == "" || c.Vendor == "" || c.Updated.IsZero() || !channels.IsID(c.Order) || len(c.Lines) != 1 || c.Lines[0].ListingID == "" || c.Lines[0].Quantity < 1 || c.Elsewhere == "" {
				t.Fatalf("read as %+v", c)
			}
		}
		gone := needed && (how == "absent" || how == "renamed")
		switch {
		case gone && (len(claims) != 0 || len(invalid) != 1 || invalid[0].Record != "report of returns" || invalid[0].Field != name):
			t.Fatalf("%q is gone: %+v, %v", name, claims, invalid)
		case !gone && !slices.ContainsFunc(claims, func(c channels.Claim) bool { return c.ID == "DxyzRRMA B000000002" || c.Order == "026-7654321-7654321" }):
			t.Fatalf("%q %s hides the row beside it: %+v, %v", name, how, claims, invalid)
		case !gone && len(claims)+len(invalid) != 2 && how != "short row":
			t.Fatalf("%q %s: a row is lost without a word: %+v, %v", name, how, claims, invalid)
		case (how == "added" || how == "moved" || how == "another spelling" || !needed && how != "short row" && name != columnDelivered) && len(invalid) != 0:
			t.Fatalf("%q %s: %v", name, how, invalid)
		}
	})
}

// Every text is read as returns, or named as broken.
func FuzzSheet(f *testing.F) {
	for _, seed := range []string{string(sheetOf(sheetHead, sheetRow, nextRow)), sheetHead, "\ufeff", "a\tb\n1\t2", strings.ToUpper(sheetHead) + "\n\t\t\t"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		claims, invalid := readSheet(text, british)
		for _, c := range claims {
			if !channels.IsID(c.Order) || c.ID == "" || len(c.ID) > 100 || len(c.Lines) == 0 || c.Updated.IsZero() {
				t.Fatalf("read as %+v", c)
			}
		}
		for _, no := range invalid {
			if no.Record == "" || no.Field == "" || no.Rule == "" {
				t.Fatalf("it says no more than %+v", no)
			}
		}
	})
}
