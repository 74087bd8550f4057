package tiktoksim

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	royalMail = "7117858858072016686"
	ups       = "7132708447992399662"
)

// own places an order that the seller's own carrier takes.
func (r *rig) own(lines ...Line) string {
	r.t.Helper()
	id, err := r.PlaceOrder(testShop, NewOrder{BuyerID: "1", BuyerName: "Ana Maria", ShippingType: "SELLER", Lines: lines})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *rig) mark(order, carrier, tracking string, items ...string) answer {
	r.t.Helper()
	body, err := json.Marshal(map[string]any{"tracking_number": tracking, "shipping_provider_id": carrier, "order_line_item_ids": items})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.call("POST", "/fulfillment/202309/orders/"+order+"/packages", "", string(body))
}

func (r *rig) retrack(pkg, tracking string) answer {
	r.t.Helper()
	return r.call("POST", "/fulfillment/202309/packages/"+pkg+"/shipping_info/update", "",
		fmt.Sprintf(`{"tracking_number":%q,"shipping_provider_id":%q}`, tracking, ups))
}

func (r *rig) items(order string) []string {
	r.t.Helper()
	var ids []string
	for _, it := range r.detail(order).Orders[0].Items {
		ids = append(ids, it.ID)
	}
	return ids
}

func (r *rig) packages(order string) []PackageState {
	r.t.Helper()
	o, err := r.Order(testShop, order)
	if err != nil {
		r.t.Fatal(err)
	}
	return o.Packages
}

// In the US and EMEA a parcel of the seller's own carrier exists once it is marked, for some units or for all that are left.
func TestOwnCarrier(t *testing.T) {
	r := newRig(t, Config{})
	id := r.own(Line{SKUID: skuA, Quantity: 2}, Line{SKUID: skuB, Quantity: 1})
	var shown struct {
		Orders []struct {
			Type   string `json:"shipping_type"`
			Option string `json:"delivery_option_id"`
		} `json:"orders"`
	}
	r.call("GET", "/order/202507/orders", "ids="+id, "").into(t, &shown)
	o := shown.Orders[0]
	if o.Type != "SELLER" || len(r.packages(id)) != 0 {
		t.Fatalf("%+v, packages %v", o, r.packages(id))
	}
	var providers struct {
		List []struct{ ID, Name string } `json:"shipping_providers"`
	}
	r.call("GET", "/logistics/202309/delivery_options/"+o.Option+"/shipping_providers", "", "").into(t, &providers)
	if len(providers.List) != 4 || providers.List[0].ID != royalMail || providers.List[0].Name != "Royal Mail" {
		t.Errorf("carriers %+v", providers.List)
	}
	r.wantCode("carriers of an option that is not the shop's", r.call("GET", "/logistics/202309/delivery_options/1/shipping_providers", "", ""), 21008116)

	items := r.items(id)
	r.wantCode("no number", r.mark(id, royalMail, ""), 21011022)
	r.wantCode("no carrier", r.mark(id, "1", "RM1"), 11001031)
	r.wantCode("an item of another order", r.mark(id, royalMail, "RM1", "1"), 21001029)
	r.wantCode("an unknown order", r.mark("1", royalMail, "RM1"), 21001001)
	r.wantCode("mark two", r.mark(id, royalMail, "RM1", items[0], items[2]), 0)
	r.wantStock(skuA, 98, 1, 0)
	r.wantStock(skuB, 4, 0, 0)
	if got := r.status(id); got != "PARTIALLY_SHIPPING" {
		t.Errorf("%s after one parcel, wanted PARTIALLY_SHIPPING", got)
	}
	r.wantCode("an item twice", r.mark(id, royalMail, "RM2", items[0]), 21011020)
	r.wantCode("the number twice", r.mark(id, royalMail, "RM1"), 21034012)
	r.wantCode("the number with another carrier", r.mark(id, ups, "RM1"), 0)
	r.wantCode("nothing left", r.mark(id, ups, "RM3"), 21011020)
	r.wantStock(skuA, 98, 0, 0)
	packages := r.packages(id)
	if len(packages) != 2 || packages[0].Carrier != "Royal Mail" || packages[0].Units != 2 || packages[1].Status != "PROCESSING" || r.status(id) != "AWAITING_COLLECTION" {
		t.Fatalf("%+v, %s", packages, r.status(id))
	}
	r.wantCode("a label of it", r.document(packages[0].ID), 21008109)
	if err := r.Collect(testShop, id); err != nil || r.status(id) != "IN_TRANSIT" {
		t.Errorf("collected: %v, %s", err, r.status(id))
	}
	c := r.Counts()
	if want := map[string]int{id + " RM1": 2}; !maps.Equal(c.Sent, want) || c.SendTries[id] != 8 || len(c.Twice()) != 0 {
		t.Errorf("sent %v in %d tries, twice %v; wanted %v, 8", c.Sent, c.SendTries[id], c.Twice(), want)
	}
}

// A unit names the parcel that it is in, with its number and carrier.
func TestOwnCarrierLines(t *testing.T) {
	r := newRig(t, Config{})
	id := r.own(Line{SKUID: skuA, Quantity: 3})
	r.wantCode("mark", r.mark(id, royalMail, "RM1", r.items(id)[1]), 0)
	var got struct {
		Orders []struct {
			Items []struct {
				Package  string `json:"package_id"`
				Tracking string `json:"tracking_number"`
				Provider string `json:"shipping_provider_name"`
			} `json:"line_items"`
		} `json:"orders"`
	}
	r.call("GET", "/order/202507/orders", "ids="+id, "").into(t, &got)
	items := got.Orders[0].Items
	if items[0].Package != "" || items[2].Package != "" || items[1].Package != r.packages(id)[0].ID || items[1].Tracking != "RM1" || items[1].Provider != "Royal Mail" {
		t.Errorf("items %+v", items)
	}
}

func TestOwnCarrierRefused(t *testing.T) {
	r := newRig(t, Config{})
	one := Line{SKUID: skuA, Quantity: 1}
	held, err := r.PlaceOrder(testShop, NewOrder{ShippingType: "SELLER", HoldUntilCancelled: true, Lines: []Line{one}})
	if err != nil {
		t.Fatal(err)
	}
	r.wantCode("on hold", r.mark(held, ups, "1"), 21011026)
	r.wantCode("the platform's", r.mark(r.place(one), ups, "1"), 21011029)
	asked, gone := r.own(one), r.own(one)
	if err := r.RequestCancel(testShop, asked, "x"); err != nil {
		t.Fatal(err)
	}
	r.wantCode("the buyer asks to cancel", r.mark(asked, ups, "1"), 21011007)
	if err := r.CancelOrder(testShop, gone, "x"); err != nil {
		t.Fatal(err)
	}
	r.wantCode("cancelled", r.mark(gone, ups, "1"), 21011003)
	fbt, err := r.PlaceOrder(testShop, NewOrder{ShippingType: "SELLER", FulfillmentType: "FULFILLMENT_BY_TIKTOK", Lines: []Line{one}})
	if err != nil {
		t.Fatal(err)
	}
	r.wantCode("from the platform's warehouse", r.mark(fbt, ups, "1"), 21008025)
	if c := r.Counts(); len(c.Sent) != 0 {
		t.Errorf("sent %v", c.Sent)
	}
}

// In SEA and LATAM there is a package after payment, shipped with the seller's own number.
func TestOwnCarrierByPackage(t *testing.T) {
	r := newRig(t, Config{})
	cipher := r.AddShop(Shop{ID: "2", Region: "ID", Currency: "IDR"})
	if _, err := r.AddProduct("2", Product{ID: "3", SKUs: []SKU{{ID: "4", Price: "9000", Quantity: 9}}}); err != nil {
		t.Fatal(err)
	}
	id, err := r.PlaceOrder("2", NewOrder{ShippingType: "SELLER", Lines: []Line{{SKUID: "4", Quantity: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := r.Order("2", id)
	if err != nil || len(o.Packages) != 1 {
		t.Fatalf("%+v, %v", o, err)
	}
	post := func(path, body string) answer {
		req := r.request("POST", path, body, url.Values{"shop_cipher": {cipher}}, func(req *http.Request, _ url.Values) {
			req.Header.Set("x-tts-access-token", r.Tokens("2").AccessToken)
		})
		return r.send(req)
	}
	ship := "/fulfillment/202309/packages/" + o.Packages[0].ID + "/ship"
	r.wantCode("marked", post("/fulfillment/202309/orders/"+id+"/packages", fmt.Sprintf(`{"tracking_number":"J1","shipping_provider_id":%q}`, ups)), 21011029)
	r.wantCode("without a number", post(ship, `{"handover_method":"PICKUP"}`), 21011022)
	self := fmt.Sprintf(`{"self_shipment":{"tracking_number":"J1","shipping_provider_id":%q}}`, ups)
	r.wantCode("shipped", post(ship, self), 0)
	r.wantCode("again", post(ship, self), 11006021)
	other, err := r.PlaceOrder("2", NewOrder{ShippingType: "SELLER", Lines: []Line{{SKUID: "4", Quantity: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	second, _ := r.Order("2", other)
	r.wantCode("the number for another order", post("/fulfillment/202309/packages/"+second.Packages[0].ID+"/ship", self), 21011025)
	if c := r.Counts(); c.Sent[id+" J1"] != 1 || c.SendTries[id] != 3 {
		t.Errorf("sent %v in %v", c.Sent, c.SendTries)
	}
}

// A number may be changed once an order, within 72 hours.
func TestRetrack(t *testing.T) {
	r := newRig(t, Config{})
	id, late := r.own(Line{SKUID: skuA, Quantity: 2}), r.own(Line{SKUID: skuA, Quantity: 1})
	r.wantCode("mark", r.mark(id, royalMail, "RM1", r.items(id)[0]), 0)
	r.wantCode("mark", r.mark(id, royalMail, "RM2"), 0)
	r.wantCode("mark", r.mark(late, royalMail, "RM3"), 0)
	packages := r.packages(id)
	r.wantCode("no package", r.retrack("1", "U1"), 10007002)
	r.wantCode("no number", r.retrack(packages[0].ID, ""), 21011022)
	r.clock.advance(72 * time.Hour)
	r.wantCode("in time", r.retrack(packages[0].ID, "U1"), 0)
	r.wantCode("a second time", r.retrack(packages[1].ID, "U2"), 21011042)
	r.wantCode("a used number", r.retrack(r.packages(late)[0].ID, "U1"), 21011049)
	r.clock.advance(time.Second)
	r.wantCode("too late", r.retrack(r.packages(late)[0].ID, "U4"), 21011043)
	r.wantCode("the platform's", r.retrack(r.shipped(), "U5"), 21011028)
	if p := r.packages(id)[0]; p.Tracking != "U1" || p.Carrier != "UPS" || r.Counts().Retracks[p.ID] != 1 {
		t.Errorf("%+v, %v", p, r.Counts().Retracks)
	}
}

func (r *rig) shipped() string {
	r.t.Helper()
	pkg := r.pack(r.place(Line{SKUID: skuA, Quantity: 1}))
	r.wantCode("ship", r.ship(pkg), 0)
	return pkg
}

// told collects what a shop's subscriber hears of packages.
func told(t *testing.T, r *rig) (stop func() []string) {
	heard := make(chan string, 16)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var e struct {
			Type int
			Data struct {
				SC   string `json:"sc_type"`
				List []struct {
					Orders []string `json:"order_id_list"`
				} `json:"package_list"`
			}
		}
		if err := json.NewDecoder(req.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		text := e.Data.SC
		for _, p := range e.Data.List {
			text += fmt.Sprintf(" %d", len(p.Orders))
		}
		if e.Type == 4 {
			heard <- text
		}
	}))
	t.Cleanup(server.Close)
	if err := r.SetWebhook(testShop, "PACKAGE_UPDATE", server.URL); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.Run(ctx) }) // ends with the context
	t.Cleanup(func() { cancel(); wg.Wait() })
	return func() []string { return []string{<-heard, <-heard} }
}

func (r *rig) split(order string, groups ...string) answer {
	r.t.Helper()
	return r.call("POST", "/fulfillment/202309/orders/"+order+"/split", "", `{"splittable_groups":[`+strings.Join(groups, ",")+`]}`)
}

func group(id int, items ...string) string {
	list, err := json.Marshal(items)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"id":"%d","order_line_item_ids":%s}`, id, list)
}

func (r *rig) combinable() (groups []struct {
	ID     string   `json:"id"`
	Orders []string `json:"order_ids"`
},
) {
	r.t.Helper()
	var page struct {
		Next  string `json:"next_page_token"`
		Total int    `json:"total_count"`
		List  *[]struct {
			ID     string   `json:"id"`
			Orders []string `json:"order_ids"`
		} `json:"combinable_packages"`
	}
	page.List = &groups
	r.call("GET", "/fulfillment/202309/combinable_packages/search", "page_size=20", "").into(r.t, &page)
	return groups
}

func (r *rig) combine(group string, orders ...string) (made []string) {
	r.t.Helper()
	body, err := json.Marshal(map[string]any{"combinable_packages": []any{map[string]any{"id": group, "order_ids": orders}}})
	if err != nil {
		r.t.Fatal(err)
	}
	var got struct {
		Packages []struct{ ID string }
		Errors   []struct{ Code int }
	}
	r.call("POST", "/fulfillment/202309/packages/combine", "", string(body)).into(r.t, &got)
	if len(got.Packages)+len(got.Errors) != 1 {
		r.t.Errorf("combined: %+v", got)
	}
	for _, p := range got.Packages {
		made = append(made, p.ID)
	}
	return made
}

// An order is split before anything is arranged; one that was is not combined, and each part is shipped by itself.
func TestSplit(t *testing.T) {
	r := newRig(t, Config{})
	id := r.place(Line{SKUID: skuA, Quantity: 2}, Line{SKUID: skuB, Quantity: 1})
	items, first := r.items(id), r.pack(id)
	attribute := func(want string) {
		t.Helper()
		if a := r.call("GET", "/fulfillment/202309/orders/split_attributes", "order_ids="+id, ""); !strings.Contains(a.Raw, want) {
			t.Errorf("split_attributes %s, wanted %s", a.Raw, want)
		}
	}
	attribute(`"can_split":true`)
	r.wantCode("one group", r.split(id, group(1, items...)), 21011035)
	r.wantCode("an item left out", r.split(id, group(1, items[0]), group(2, items[1])), 21011035)
	r.wantCode("an item twice", r.split(id, group(1, items[0], items[1]), group(2, items[1], items[2])), 21011035)
	r.wantCode("an empty group", r.split(id, group(1, items...), group(2)), 21011035)
	r.wantCode("a group twice", r.split(id, group(1, items[0]), group(1, items[1:]...)), 36009004)
	r.wantCode("split", r.split(id, group(1, items[0]), group(2, items[1:]...)), 0)
	r.wantCode("the package that was", r.ship(first), 21001001)
	packages := r.packages(id)
	if len(packages) != 2 || packages[0].Units != 1 || packages[1].Units != 2 {
		t.Fatalf("%+v", packages)
	}
	r.wantCode("ship a part", r.ship(packages[0].ID), 0)
	attribute(`"can_split":false`)
	r.wantCode("split what is being shipped", r.split(id, group(1, items[0]), group(2, items[1:]...)), 21011005)
	if got := r.status(id); got != "PARTIALLY_SHIPPING" {
		t.Errorf("%s, wanted PARTIALLY_SHIPPING", got)
	}
	r.wantCode("ship the other", r.ship(packages[1].ID), 0)
	r.wantStock(skuA, 98, 0, 0)
	if c := r.Counts(); c.Splits[id] != 1 || c.SplitTries[id] != 6 {
		t.Errorf("splits %v in %v tries", c.Splits, c.SplitTries)
	}
}

// Orders of one buyer to one address go in one package; one that is cancelled leaves it to the others.
func TestCombine(t *testing.T) {
	r := newRig(t, Config{})
	var ids []string
	for range 3 {
		ids = append(ids, r.place(Line{SKUID: skuA, Quantity: 1}))
	}
	if _, err := r.PlaceOrder(testShop, NewOrder{BuyerID: "other", Lines: []Line{{SKUID: skuA, Quantity: 1}}}); err != nil {
		t.Fatal(err)
	}
	news := told(t, r)
	groups := r.combinable()
	if len(groups) != 1 || !slices.Equal(groups[0].Orders, ids) {
		t.Fatalf("combinable %+v, wanted %v", groups, ids)
	}
	if made := r.combine("1", ids...); made != nil {
		t.Errorf("a group that is none was combined: %v", made)
	}
	if made := r.combine(groups[0].ID, ids[0]); made != nil {
		t.Errorf("one order was combined: %v", made)
	}
	made := r.combine(groups[0].ID, ids...)
	if len(made) != 1 || len(r.combinable()) != 0 {
		t.Fatalf("combined %v, still combinable %v", made, r.combinable())
	}
	r.wantCode("split a combined order", r.split(ids[0], group(1, "1"), group(2, "2")), 21011005)
	if err := r.CancelOrder(testShop, ids[2], "x"); err != nil {
		t.Fatal(err)
	}
	r.wantCode("ship", r.ship(made[0]), 0)
	for i, want := range []string{"AWAITING_COLLECTION", "AWAITING_COLLECTION", "CANCELLED"} {
		if got := r.status(ids[i]); got != want {
			t.Errorf("order %d is %s, wanted %s", i, got, want)
		}
	}
	if p := r.packages(ids[0])[0]; p.ID != made[0] || !slices.Equal(p.Orders, ids[:2]) || p.Units != 2 {
		t.Errorf("package %+v", p)
	}
	r.wantStock(skuA, 96, 1, 0)
	c := r.Counts()
	key := strings.Join(slices.Sorted(slices.Values(ids)), "+")
	if c.Combines[key] != 1 || c.CombineTries[key] != 2 || c.Ships[made[0]] != 1 {
		t.Errorf("combines %v in %v tries, ships %v", c.Combines, c.CombineTries, c.Ships)
	}
	id := r.place(Line{SKUID: skuA, Quantity: 2})
	items := r.items(id)
	r.wantCode("split", r.split(id, group(1, items[0]), group(2, items[1])), 0)
	got := news()
	slices.Sort(got) // news may overtake each other
	if want := []string{"COMBINE 3", "SPLIT 1 1"}; !slices.Equal(got, want) {
		t.Errorf("told %q, wanted %q", got, want)
	}
}
