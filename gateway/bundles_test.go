package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/made"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// A bundle is made, shown with what it suffices for, kept out of sheets, and dissolved; what cannot be is refused with a sentence.
func TestBundles(t *testing.T) {
	s := newSite(t)
	operator := "Bearer " + s.key(t, accounts.Operator)
	for sku, units := range map[string]int64{"HAT": 9, "MUG": 7, "CAP": 2} {
		_, err := s.log.Append(t.Context(), eventlog.Write{Stream: stockevents.Stream(workspace.Main, sku), Events: []eventlog.Event{
			stockevents.Received{SKU: sku, Name: strings.ToLower(sku), Quantity: units},
		}})
		fatal(t, err)
	}
	does := func(name, body, want string) {
		t.Helper()
		a := s.command(t, nil, name, body, v7(), "Authorization", operator)
		if want == "" && a.StatusCode != 200 || want != "" && (a.StatusCode == 200 || !strings.Contains(string(a.text), want)) {
			t.Errorf("%s %s: %d %s, want %q", name, body, a.StatusCode, a.text, want)
		}
	}
	page := func(sku string) (p reads.SKU) {
		t.Helper()
		s.caught(t)
		a := s.ask(t, nil, http.MethodGet, "/api/v1/stock/"+sku, "", "Authorization", operator)
		if a.StatusCode != 200 {
			t.Fatalf("%s: %d %s", sku, a.StatusCode, a.text)
		}
		fatal(t, json.Unmarshal(a.text, &p))
		return p
	}
	set := `{"sku":" SET ","name":"Hat and mugs","components":[{"sku":"HAT","quantity":1},{"sku":"MUG","quantity":2}]}`
	does("define-bundle", set, "")
	does("define-bundle", `{"sku":"X","components":[{"sku":"SET","quantity":1}]}`, "SET is a bundle itself")
	does("define-bundle", `{"sku":"X","components":[{"sku":"NO","quantity":1}]}`, "There is no SKU")
	does("define-bundle", `{"sku":"HAT","components":[{"sku":"CAP","quantity":1}]}`, "HAT is a component of SET")
	does("define-bundle", `{"sku":"CAP","components":[{"sku":"HAT","quantity":1}]}`, "has stock of its own (2 on hand, 0 reserved)")
	does("define-bundle", `{"sku":"X","components":[]}`, "422")
	does("receive-stock", `{"sku":"SET","quantity":1}`, "is a bundle and has no stock of its own")
	does("count-stock", `{"sku":"SET","counted":1,"on_hand":0,"adjusted":0}`, "is a bundle and has no stock of its own")
	does("import-stock", sheetBody(t, "sku,counted", "SET,4"), "Line 2: This SKU is a bundle and has no stock of its own")
	if a := s.command(t, nil, "set-listing-policy", `{"sku":"SET","policy":"hybrid"}`, v7(), "Authorization", "Bearer "+s.key(t, accounts.Owner)); a.StatusCode != 200 {
		t.Errorf("its policy: %d %s", a.StatusCode, a.text)
	}
	if a := s.command(t, nil, "define-bundle", set, v7(), "Authorization", "Bearer "+s.key(t, accounts.Viewer)); a.StatusCode != 403 {
		t.Errorf("a viewer: %d", a.StatusCode)
	}

	order := orderevents.Placed{Order: "k7:1", Connection: "k7", Lines: []orderevents.Line{{Listing: "1", Code: "SET", Quantity: 3}}}
	_, err := s.log.Append(t.Context(), eventlog.Write{Stream: orderevents.Stream(workspace.Main, "k7:1"), Events: []eventlog.Event{
		order, orderevents.Matched{Order: "k7:1", SKUs: []string{"SET"}},
	}})
	fatal(t, err)
	p := page("SET")
	if p.Name != "Hat and mugs" || p.Available != 3 || p.OnHand != 0 || p.MadeOf != "1 × HAT, 2 × MUG" || p.Severity != "ok" || p.StockoutText != "no stock-out in sight" ||
		p.Explain != "3 available: of MUG there are 7, and one bundle takes 2. A bundle has no stock of its own." {
		t.Errorf("%+v", p)
	}
	if want := []made.BundlePart{{SKU: "HAT", Name: "hat", Quantity: 1, Available: 9}, {SKU: "MUG", Name: "mug", Quantity: 2, Available: 7}}; fmt.Sprint(p.Components) != fmt.Sprint(want) || len(p.Bundles) != 0 {
		t.Errorf("made of %+v, want %+v", p.Components, want)
	}
	if p := page("MUG"); len(p.Components) != 0 || p.MadeOf != "" || fmt.Sprint(p.Bundles) != fmt.Sprint([]made.InBundle{{SKU: "SET", Quantity: 2}}) || p.Available != 7 {
		t.Errorf("%+v", p)
	}
	var list reads.StockList
	fatal(t, json.Unmarshal(s.ask(t, nil, http.MethodGet, "/api/v1/stock?q=SE", "", "Authorization", operator).text, &list))
	if len(list.Items) != 1 || list.Items[0].Available != 3 || list.Items[0].MadeOf == "" {
		t.Errorf("listed %+v", list.Items)
	}
	if sheet := s.ask(t, nil, http.MethodGet, "/api/v1/sheets/stock", "", "Authorization", operator); strings.Contains(string(sheet.text), "SET") || !strings.Contains(string(sheet.text), "MUG") {
		t.Errorf("the sheet has %s", sheet.text)
	}

	does("dissolve-bundle", `{"sku":"SET"}`, "")
	does("dissolve-bundle", `{"sku":"SET"}`, "is no bundle")
	does("receive-stock", `{"sku":"SET","quantity":1}`, "")
	if p := page("SET"); p.Available != 1 || len(p.Components) != 0 || len(page("MUG").Bundles) != 0 {
		t.Errorf("%+v", p)
	}
}
