package hub_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/listings"
)

// order carries out a command of the hub, and gives what it refuses with.
func (c *clinic) order(name, body string) (status int, detail string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.address+"/api/v1/commands/"+name, strings.NewReader(body))
	fatal(c.t, err)
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Header.Set("Content-Type", "application/json")
	key, err := uuid.NewV7()
	fatal(c.t, err)
	r.Header.Set("Idempotency-Key", key.String())
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	fatal(c.t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	fatal(c.t, err)
	problem := struct{ Detail string }{}
	fatal(c.t, json.Unmarshal(text, &problem))
	return answer.StatusCode, problem.Detail
}

// do carries out a command that must work.
func (c *clinic) do(name, body string) {
	c.t.Helper()
	if status, detail := c.order(name, body); status != http.StatusOK {
		c.t.Fatalf("%s %s: %d %s", name, body, status, detail)
	}
}

// imported waits until nothing of the shop is imported, previewed or taken back.
func (c *clinic) imported() (r listings.ImportReport) {
	c.t.Helper()
	c.until("the import ends", func() bool {
		c.ask("/api/v1/connections/"+c.connection.ID+"/import?limit=200", &r)
		return !r.Running && !r.Undoing
	})
	return r
}

// listed reads the listings of the shop, when the views show all that the log has.
func (c *clinic) listed(query string) (l listings.ListingList) {
	c.t.Helper()
	c.ask("/api/v1/connections/"+c.connection.ID+"/listings?limit=200"+query, &l)
	return l
}

// since names what the log took after a position, each name once with its count.
func (c *clinic) since(after eventlog.Position) string {
	c.t.Helper()
	counts := map[string]int{}
	for {
		records, err := c.hub.Log.ReadAll(c.t.Context(), after, 500)
		fatal(c.t, err)
		for _, r := range records {
			counts[r.Name]++
			after = r.Position
		}
		if len(records) < 500 {
			break
		}
	}
	var parts []string
	for name, n := range counts {
		parts = append(parts, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func (c *clinic) list(p tiktoksim.Product) {
	c.t.Helper()
	_, err := c.AddProduct(shopID, p)
	fatal(c.t, err)
}

// theShop is one as sellers leave them: 11 listings that can be read, and one that cannot.
func (c *clinic) theShop() {
	c.list(tiktoksim.Product{ID: "100", Title: "Hanging heart", SKUs: []tiktoksim.SKU{
		{ID: "101", SellerSKU: "HEART-W", Variant: "White / L", Price: "2.95", Quantity: 40},
		{ID: "102", SellerSKU: "HEART-R", Variant: "Red / L", Price: "2.95", Quantity: 7},
		{ID: "103", SellerSKU: "", Variant: "Blue / L", Price: "2.95", Quantity: 3},
	}})
	c.list(tiktoksim.Product{ID: "200", Title: "Mug", SKUs: []tiktoksim.SKU{{ID: "201", SellerSKU: "mug", Quantity: 5}}})
	c.list(tiktoksim.Product{ID: "300", Title: "Lamp", SKUs: []tiktoksim.SKU{{ID: "301", SellerSKU: "LAMP", Quantity: 5}}})
	c.list(tiktoksim.Product{ID: "400", Title: "Lamp again", SKUs: []tiktoksim.SKU{{ID: "401", SellerSKU: " LAMP ", Quantity: 5}}})
	c.list(tiktoksim.Product{ID: "500", Title: "Old heart", Status: "SELLER_DEACTIVATED", SKUs: []tiktoksim.SKU{{ID: "501", SellerSKU: "HEART-W", Quantity: 1}}})
	c.list(tiktoksim.Product{ID: "600", Title: "Vase", SKUs: []tiktoksim.SKU{
		{ID: "601", SellerSKU: "VASE", Quantity: 9}, {ID: "602", SellerSKU: "VASE-2", Quantity: 9, Garbled: true},
	}})
	c.list(tiktoksim.Product{ID: "700", Title: "Sold out", SKUs: []tiktoksim.SKU{{ID: "701", SellerSKU: "GONE", Quantity: 0}}})
	c.list(tiktoksim.Product{ID: "800", Title: "Heart by another name", SKUs: []tiktoksim.SKU{{ID: "801", SellerSKU: "COEUR", Quantity: 2}}})
}

// TestImport goes the way of a seller: look, import, look again, import again, mend, take back.
func TestImport(t *testing.T) {
	t.Parallel()
	c := newClinic(t, "")
	c.theShop()
	connection := `{"connection":"` + c.connection.ID + `"`
	for _, sku := range []string{"HEART-W", "MUG", "LAMP"} {
		c.do("receive-stock", `{"sku":"`+sku+`","quantity":50}`)
	}
	_, err := c.PlaceOrder(shopID, tiktoksim.NewOrder{BuyerID: "7494000000000000001", BuyerName: "Ana", Address: "1 High Street", Lines: []tiktoksim.Line{{SKUID: "102", Quantity: 2, Price: "2.95"}}})
	fatal(t, err)
	c.hub.Ingest.Resubscribe(c.connection.ID) // has it poll at once
	var flows reads.FlowList
	c.until("the order waits for its SKU", func() bool {
		c.ask("/api/v1/flows?state=waiting", &flows)
		return len(flows.Items) == 1
	})
	c.do("map-sku", connection+`,"code":"COEUR","sku":"MUG"}`)
	if l := c.listed(""); l.Total != 0 || l.ImportedAt != nil || len(l.Items) != 0 {
		t.Errorf("before an import the hub knows %+v", l)
	}

	t.Log("a preview writes nothing")
	before := c.hub.Log.Head()
	c.do("import-listings", connection+`,"dry_run":true,"create_missing":true}`)
	r := c.imported()
	if after := c.hub.Log.Head(); after != before {
		t.Errorf("the preview wrote %s", c.since(before.Position))
	}
	wantSteps(t, r, "101 map mapped HEART-W, 102 create unmatched HEART-R, 103 leave no_code, 201 leave conflict, 301 leave conflict LAMP, 401 leave conflict LAMP, 501 keep mapped HEART-W, 601 create unmatched VASE, 701 leave unmatched, 801 keep mapped MUG")
	if !r.DryRun || !r.Create || r.Read != 10 || r.Total != 10 || r.Failed != "" || r.Undo != 0 || r.Last != nil || r.Counts != (listings.ImportCounts{Map: 1, Create: 2, Keep: 2, Leave: 5, Broken: 1}) {
		t.Errorf("the preview says %+v", r)
	}
	if len(r.Broken) != 1 || r.Broken[0].Record != "listing 602" || r.Broken[0].Field != "price.sale_price" {
		t.Errorf("broken are %+v", r.Broken)
	}
	c.ask("/api/v1/connections/"+c.connection.ID+"/import?do=leave&limit=2", &r)
	if len(r.Items) != 2 || r.Total != 5 || r.Next == "" || r.Items[0].Listing != "103" {
		t.Errorf("a page of what is left: %+v", r)
	}
	c.ask("/api/v1/connections/"+c.connection.ID+"/import?do=leave&limit=4&after="+r.Next, &r)
	if len(r.Items) != 3 || r.Next != "" || r.Items[0].Listing != "301" {
		t.Errorf("the page after it: %+v", r)
	}

	t.Log("the import does what the preview said, and the order goes on")
	c.do("import-listings", connection+`,"create_missing":true}`)
	r = c.imported()
	if r.DryRun || r.Last == nil || *r.Last != (listings.LastImport{Number: 1, At: r.Last.At, Read: 10, Mapped: 3, Created: 2, Left: 5, Broken: 1}) || r.Undo != 1 {
		t.Errorf("the import says %+v, last %+v", r, r.Last)
	}
	l := c.listed("")
	wantListings(t, l, "103 no_code, 801 mapped hand MUG, 701 unmatched, 102 mapped import HEART-R, 101 mapped import HEART-W, 501 mapped import HEART-W, 301 conflict spelling LAMP same_code 401, 401 conflict spelling LAMP same_code 301, 601 mapped import VASE, 201 conflict alike_sku MUG")
	if l.ImportedAt == nil || l.Counts != (listings.ListingCounts{Mapped: 5, Unmatched: 1, Conflict: 3, NoCode: 1}) || l.Total != 10 {
		t.Errorf("counted %+v, total %d", l.Counts, l.Total)
	}
	if i := slices.IndexFunc(l.Items, func(k listings.KnownListing) bool { return k.Listing == "101" }); l.Items[i].Variant != "White, L" ||
		l.Items[i].Title != "Hanging heart" || l.Items[i].Price.Minor != 295 || l.Items[i].Quantity != 40 || l.Items[i].Status != "live" || !l.Items[i].HasCode {
		t.Errorf("listing 101 is %+v", l.Items[i])
	}
	wantListings(t, c.listed("&state=conflict&q=again"), "401 conflict spelling LAMP same_code 301")
	c.until("the order went on", func() bool {
		c.ask("/api/v1/flows?state=waiting", &flows)
		return !slices.ContainsFunc(flows.Items, func(f reads.FlowItem) bool { return strings.Contains(f.Sentence, "No SKU") })
	})
	var sku reads.SKU
	c.ask("/api/v1/stock/HEART-R", &sku)
	if !slices.ContainsFunc(sku.Ledger, func(e reads.LedgerEntry) bool { return e.Quantity == 5 && strings.Contains(e.Reason, "First stock") }) {
		t.Errorf("the SKU that was made: %+v", sku)
	}
	c.ask("/api/v1/stock/LAMP", &sku)
	if len(sku.Listings) != 1 || sku.Listings[0].Listing == "" || sku.Listings[0].Code != "LAMP" {
		t.Errorf("the listings of a SKU that nothing was sold of: %+v", sku.Listings)
	}
	c.until("the flow rests", func() bool { // so that the log is still
		at := c.hub.Log.Head()
		c.ask("/api/v1/flows?state=running", &flows)
		return len(flows.Items) == 0 && c.hub.Log.Head() == at
	})

	t.Log("the same again writes nothing but that it was asked for")
	before = c.hub.Log.Head()
	c.do("import-listings", connection+`,"create_missing":true}`)
	if r = c.imported(); r.Last.Number != 2 || r.Last.Mapped != 0 || r.Last.Created != 0 || r.Undo != 1 {
		t.Errorf("the second import says %+v", r.Last)
	}
	if got := c.since(before.Position); got != "import.begun 1, import.ended 1" {
		t.Errorf("the second import wrote %s", got)
	}

	t.Log("a conflict is mended, a listing goes, another comes and is mapped")
	c.do("map-sku", connection+`,"code":"mug","sku":"LAMP"}`)
	c.list(tiktoksim.Product{ID: "400", Title: "Lamp again", Status: "DELETED"})
	c.list(tiktoksim.Product{ID: "600", Title: "Vase", SKUs: []tiktoksim.SKU{{ID: "602", SellerSKU: "VASE-2", Quantity: 9}}})
	before = c.hub.Log.Head()
	c.do("import-listings", connection+`}`)
	c.imported()
	if got, want := c.since(before.Position), "import.begun 1, import.ended 1, listing.shown 1, listing.vanished 1"; got != want {
		t.Errorf("the third import wrote %s, want %s", got, want)
	}
	wantListings(t, c.listed("&state=conflict"), "301 conflict spelling LAMP same_sku 201, 201 conflict hand LAMP same_sku 301")
	wantListings(t, c.listed("&q=VASE-2"), "602 unmatched")

	t.Log("what a person said stays when the import is taken back")
	c.do("map-sku", connection+`,"code":"VASE","sku":"VASE"}`)
	before = c.hub.Log.Head()
	c.do("undo-import", connection+`}`)
	if r = c.imported(); r.Undo != 0 {
		t.Errorf("after the undo %d can be taken back", r.Undo)
	}
	if got, want := c.since(before.Position), "import.undo_begun 1, import.undone 1, listing.unmapped 2"; got != want {
		t.Errorf("the undo wrote %s, want %s", got, want)
	}
	wantListings(t, c.listed("&state=mapped"), "801 mapped hand MUG, 102 mapped spelling HEART-R, 101 mapped spelling HEART-W, 501 mapped spelling HEART-W, 601 mapped hand VASE")
	if status, detail := c.order("undo-import", connection+`}`); status != http.StatusConflict || !strings.Contains(detail, "no import") {
		t.Errorf("an undo twice: %d %s", status, detail)
	}
	for _, body := range []string{`{"connection":"nobody"}`, `{"connection":"nobody","dry_run":true}`} {
		if status, detail := c.order("import-listings", body); status != http.StatusConflict || !strings.Contains(detail, "no such connection") {
			t.Errorf("%s: %d %s", body, status, detail)
		}
	}
}

// TestImportOfAShopThatFails: it says why, what was done stays, and the next one works.
func TestImportOfAShopThatFails(t *testing.T) {
	t.Parallel()
	c := newClinic(t, "")
	for i := range 230 {
		c.list(tiktoksim.Product{Title: "Mug", SKUs: []tiktoksim.SKU{{SellerSKU: fmt.Sprintf("MUG-%03d", i), Quantity: 1 + i}}})
	}
	connection := `{"connection":"` + c.connection.ID + `"`
	fatal(t, c.SetScopes(shopID))
	c.do("import-listings", connection+`,"create_missing":true}`)
	r := c.imported()
	if r.Last == nil || !strings.Contains(r.Last.Failed, "import again") || r.Failed != r.Last.Failed || r.Last.Mapped != 0 {
		t.Errorf("without a scope it says %+v, last %+v", r, r.Last)
	}
	if l := c.listed(""); l.ImportedAt != nil || l.Total != 0 {
		t.Errorf("after it the hub knows %+v", l)
	}
	fatal(t, c.SetScopes(shopID, "seller.authorization.info", "seller.product.basic"))
	c.do("import-listings", connection+`,"create_missing":true}`)
	if r = c.imported(); r.Last.Failed != "" || r.Last.Created != 230 || r.Last.Number != 2 {
		t.Errorf("with the scope it says %+v", r.Last)
	}
	if l := c.listed("&state=mapped&q=" + url.QueryEscape("mug-1")); len(l.Items) != 100 {
		t.Errorf("%d listings found, want 100", len(l.Items))
	}
}

func wantSteps(t *testing.T, r listings.ImportReport, want string) {
	t.Helper()
	var got []string
	for _, s := range r.Items {
		got = append(got, strings.TrimSpace(s.Listing+" "+s.Do+" "+s.State+" "+s.SKU))
		if s.Sentence == "" {
			t.Errorf("no sentence: %+v", s)
		}
	}
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("the steps are\n%s, want\n%s", text, want)
	}
}

func wantListings(t *testing.T, l listings.ListingList, want string) {
	t.Helper()
	var got []string
	for _, k := range l.Items {
		got = append(got, strings.Join(strings.Fields(strings.Join([]string{k.Listing, k.State, k.How, k.SKU, k.Conflict, k.Other}, " ")), " "))
		if k.Sentence == "" || k.ShownAt == "" {
			t.Errorf("no sentence or time: %+v", k)
		}
	}
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("the listings are\n%s, want\n%s", text, want)
	}
}
