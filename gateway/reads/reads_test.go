package reads_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	"github.com/creatorflow/creatorflow/domain/bundles"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/events"
	flowevents "github.com/creatorflow/creatorflow/domain/events/flows"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	workspaceevents "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/headroom"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/domain/signals"
	"github.com/creatorflow/creatorflow/domain/traffic"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/lines"
	"github.com/creatorflow/creatorflow/gateway/reads/queues"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

// desk is the bodies on a real log, real views and a real vault, asked over HTTP.
type desk struct {
	*httptest.Server
	log    *eventlog.Log
	runner *projection.Runner
	vault  *vault.Vault
	key    string

	mu    sync.Mutex
	at    time.Time // set by hand
	shops map[string]reads.Shop
}

func (d *desk) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *desk) add(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(by)
}

func (d *desk) status() map[string]reads.Shop {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shops
}

var morning = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{at: morning}
	place := storagetest.New(t)
	var err error
	d.log, err = eventlog.Open(t.Context(), place.Log(), eventlog.Options{Decode: events.Decode, Clock: d.now})
	fatal(t, err)
	d.vault, err = vault.Open(place.Vault(), vault.Master{1}, vault.Options{Clock: d.now})
	fatal(t, err)
	views := place.Views()
	d.runner = projection.NewRunner(d.log, views, []projection.Projection{
		orders.View{}, inventory.View{}, fulfilment.View{}, letters.View{}, shops.View{}, catalogue.View{}, workspace.View{}, signals.View{}, bundles.View{}, backorders.View{}, headroom.View{}, traffic.View{},
	}, projection.Options{})
	run(t, d.log.Run)
	run(t, d.runner.Run)
	people := accounts.New(d.vault)
	key, _, err := people.MakeKey(t.Context(), "test", accounts.Owner, nil, time.Time{})
	fatal(t, err)
	d.key = string(key)
	d.Server = httptest.NewServer(gateway.New(gateway.Options{
		Log: d.log, Accounts: people, Views: views, Clock: d.now, Workspace: workspace.Main, Version: "test",
		Status: d.runner.Status, Slog: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Reads: reads.New(reads.Options{
			Demo: func() string { return "none" },
			Log:  d.log, Vault: d.vault, Clock: d.now, Workspace: workspace.Main, Shops: d.status,
		}),
	}))
	t.Cleanup(d.Close)
	for status := http.StatusServiceUnavailable; status == http.StatusServiceUnavailable; { // until the views are open
		status, _, _ = d.get(t, "/api/v1/kpis")
	}
	return d
}

func run(t *testing.T, part func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = part(ctx) // ends with the context
	}()
	t.Cleanup(func() { cancel(); <-done })
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write appends events to a stream, and waits until the views show them.
func (d *desk) write(t *testing.T, s eventlog.Stream, cause string, all ...eventlog.Event) {
	t.Helper()
	records, err := d.log.ReadStream(t.Context(), s, 0, 1000)
	fatal(t, err)
	_, err = d.log.Append(t.Context(), eventlog.Write{
		Stream: s, Expected: eventlog.Version(len(records)), Events: all, Meta: eventlog.Meta{Actor: "test", Cause: cause},
	})
	fatal(t, err)
	fatal(t, d.runner.WaitFor(t.Context(), d.log.Head().Position))
}

// get asks a route and checks what every answer has.
func (d *desk) get(t *testing.T, path string) (status int, body []byte, header http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+path, nil)
	fatal(t, err)
	r.Header.Set("Authorization", "Bearer "+d.key)
	answer, err := d.Client().Do(r)
	fatal(t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err = io.ReadAll(answer.Body)
	fatal(t, err)
	if got, want := answer.Header.Get("X-Log-Position"), strconv.FormatInt(int64(d.log.Head().Position), 10); got != want {
		t.Errorf("%s: X-Log-Position %q, want %s", path, got, want)
	}
	return answer.StatusCode, body, answer.Header
}

// read asks a route that must answer with a body of a type.
func read[T any](t *testing.T, d *desk, path string) (out T) {
	t.Helper()
	status, body, _ := d.get(t, path)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, body)
	}
	fatal(t, json.Unmarshal(body, &out))
	var where struct{ Position int64 }
	if err := json.Unmarshal(body, &where); err != nil || where.Position != int64(d.log.Head().Position) {
		t.Errorf("%s: position %d in the body, want %d", path, where.Position, d.log.Head().Position)
	}
	return out
}

func ids[T any](items []T, id func(T) string) []string {
	out := []string{}
	for _, item := range items {
		out = append(out, id(item))
	}
	return out
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func order(id string) eventlog.Stream { return orderevents.Stream(workspace.Main, id) }

func fulfilling(id string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace.Main, Kind: fulfilment.Kind, ID: id}
}

func pounds(minor int64) money.Money { return money.Money{Minor: minor, Currency: "GBP"} }

// place writes an order of some units of one code.
func (d *desk) place(t *testing.T, connection, id, code string, units int64, at time.Time) string {
	t.Helper()
	name := connection + ":" + id
	d.write(t, order(name), "inbox:1", orderevents.Placed{
		Order: name, Connection: connection, Channel: "tiktok", ChannelID: id, Status: orders.Ready, Vendor: "AWAITING_SHIPMENT",
		Lines: []orderevents.Line{{Listing: "listing-" + code, Code: code, Name: "Thing " + code, Quantity: units, Price: pounds(250)}},
		Total: pounds(250 * units), Created: at, Updated: at,
	})
	return name
}

func (d *desk) shop(t *testing.T, id, name string) {
	t.Helper()
	d.write(t, shopevents.Connection(workspace.Main, id), "", shopevents.Connected{Connection: id, Channel: "tiktok", App: "a1", ShopID: "shop-" + id, Name: name})
}

func (d *desk) receive(t *testing.T, sku string, units int64) {
	t.Helper()
	d.write(t, stockevents.Stream(workspace.Main, sku), "command:x", stockevents.Received{SKU: sku, Name: "Thing " + sku, Quantity: units, Reason: "delivery"})
}

// open writes a dead letter.
func (d *desk) open(t *testing.T, e letterevents.Opened) {
	t.Helper()
	d.write(t, letterevents.Stream(workspace.Main, e.Letter), "", e)
}

// TestPages walks every list in pages of every size around its length: no row twice, none missing,
// every page but the last one full, and no empty page at the end.
func TestPages(t *testing.T) {
	d := newDesk(t)
	const n = 7
	d.shop(t, "k7", "One")
	for i := range n {
		id := d.place(t, "k7", strconv.Itoa(500+i), "A", 1, morning.Add(-time.Duration(i/3)*time.Minute)) // some at one moment
		d.write(t, fulfilling(id), "", flowevents.Started{Kind: fulfilment.Kind, Flow: id, At: d.now()})
		d.receive(t, fmt.Sprintf("SKU %d/ä", i), 5)
		d.receive(t, "A", int64(i+1))
		d.open(t, letterevents.Opened{Letter: fmt.Sprintf("order-%d", i), Connection: "k7", Reason: "x"}) // all at one moment
	}
	total := int(d.log.Head().Position)
	for path, want := range map[string]int{
		"/api/v1/orders?":                      n,
		"/api/v1/orders?status=active&q=5":     n,
		"/api/v1/stock?":                       n + 1,
		"/api/v1/stock?q=sku":                  n,
		"/api/v1/stock/A/ledger?":              n,
		"/api/v1/flows?":                       n,
		"/api/v1/flows?state=running":          n,
		"/api/v1/deadletters?":                 n,
		"/api/v1/events?":                      total,
		"/api/v1/events?stream=main/stock/A&x": n,
	} {
		path = strings.TrimSuffix(path, "&x")
		for _, limit := range []int{1, 2, want - 1, want, want + 1, 200} {
			seen := map[string]bool{}
			after, pages := "", 0
			for pages <= want {
				pages++
				page := read[struct {
					Next  string
					Items []map[string]any
				}](t, d, fmt.Sprintf("%s&limit=%d&after=%s", path, limit, url.QueryEscape(after)))
				for _, item := range page.Items {
					key := fmt.Sprint(item["id"], item["sku"], item["entry"], item["position"])
					if seen[key] {
						t.Errorf("%s by %d: %s comes twice", path, limit, key)
					}
					seen[key] = true
				}
				if after = page.Next; after == "" {
					break
				}
				if len(page.Items) != limit {
					t.Errorf("%s by %d: a page of %d that is not the last", path, limit, len(page.Items))
				}
			}
			if len(seen) != want || pages != (want+limit-1)/limit {
				t.Errorf("%s by %d: %d rows on %d pages, want %d on %d", path, limit, len(seen), pages, want, (want+limit-1)/limit)
			}
		}
	}
}

// TestFaults asks for what is not there and for what cannot be.
func TestFaults(t *testing.T) {
	d := newDesk(t)
	d.receive(t, "A", 1)
	for path, field := range map[string]string{
		"/api/v1/orders/k7:1": "", "/api/v1/stock/B": "", "/api/v1/stock/a": "", "/api/v1/stock/B/ledger": "", "/api/v1/inbox/1": "", "/api/v1/labels/x": "",
		"/api/v1/events?stream=other/stock/A": "",
		"/api/v1/orders?after=x":              "query.after", "/api/v1/orders?after=1": "query.after", "/api/v1/orders?limit=0": "query.limit",
		"/api/v1/orders?limit=201": "query.limit", "/api/v1/orders?limit=1.5": "query.limit", "/api/v1/orders?limit=": "",
		"/api/v1/orders?flagged=perhaps": "query.flagged", "/api/v1/orders?flagged=true&status=ready": "query.flagged",
		"/api/v1/orders?colour=red": "query.colour", "/api/v1/orders?limit=1&limit=2": "query.limit", "/api/v1/orders?q=%zz": "query",
		"/api/v1/orders?q=" + strings.Repeat("x", 101): "query.q", "/api/v1/orders/" + strings.Repeat("x", 201): "path.id",
		"/api/v1/stock?critical=1.5": "query.critical", "/api/v1/stock?limit=-1": "query.limit", "/api/v1/stock/" + strings.Repeat("x", 401): "path.sku",
		"/api/v1/stock/A/ledger?after=x": "query.after", "/api/v1/stock/A/ledger?after=0": "query.after", "/api/v1/stock/A/ledger?after=-5": "query.after",
		"/api/v1/flows?state=asleep": "query.state", "/api/v1/flows?limit=x": "query.limit",
		"/api/v1/deadletters?after=x": "query.after", "/api/v1/deadletters?after=x,y": "query.after",
		"/api/v1/events?after=-1": "query.after", "/api/v1/events?after=x": "query.after", "/api/v1/events?stream=main": "query.stream",
		"/api/v1/events?stream=main//A": "query.stream", "/api/v1/inbox/x": "path.number", "/api/v1/inbox/0": "path.number",
		"/api/v1/inbox/99999999999999999999": "path.number", "/api/v1/kpis?x=1": "query.x", "/api/v1/connections?limit=5": "query.limit",
		"/api/v1/series?metric=visits": "query.metric", "/api/v1/series?step=5m": "query.step", "/api/v1/series?from=yesterday": "query.from",
		"/api/v1/series?from=2026-11-25T00:00:00Z": "query.from", "/api/v1/series?from=1990-01-01T00:00:00Z": "query.from",
		"/api/v1/series?to=2026-13-01T00:00:00Z": "query.to",
	} {
		status, body, header := d.get(t, path)
		if path == "/api/v1/orders?limit=" { // as if it were not there
			same(t, path, status, http.StatusOK)
			continue
		}
		var p struct {
			Status    int
			Detail    string
			RequestID string `json:"request_id"`
			Errors    []struct{ Field, Rule string }
		}
		if err := json.Unmarshal(body, &p); err != nil || header.Get("Content-Type") != "application/problem+json" || p.Status != status || p.Detail == "" || p.RequestID == "" {
			t.Errorf("%.80s: %d %s: no problem document", path, status, body)
		}
		switch {
		case field == "" && status != http.StatusNotFound:
			t.Errorf("%.80s: %d %s, want 404", path, status, body)
		case field != "" && (status != http.StatusUnprocessableEntity || len(p.Errors) != 1 || p.Errors[0].Field != field || p.Errors[0].Rule == ""):
			t.Errorf("%.80s: %d %s, want 422 with a rule of %s", path, status, body, field)
		}
	}
}

func TestOrders(t *testing.T) {
	d := newDesk(t)
	d.shop(t, "k7", "One")
	d.shop(t, "k8", "Two")
	for i, id := range []string{"k7:100", "k7:101", "k8:100", "k7:200", "k8:300", "k8:301"} {
		connection, channelID, _ := strings.Cut(id, ":")
		d.place(t, connection, channelID, "A", int64(i+1), morning.Add(time.Duration(i)*time.Minute))
	}
	d.write(t, order("k7:101"), "", orderevents.Cancelled{Order: "k7:101", From: orders.Ready, Updated: d.now()})
	d.write(t, order("k7:200"), "", orderevents.StatusChanged{Order: "k7:200", From: orders.Ready, To: orders.Transit, Updated: d.now()})
	flowOf := func(id string, all ...eventlog.Event) {
		t.Helper()
		d.write(t, fulfilling(id), "", append([]eventlog.Event{flowevents.Started{Kind: fulfilment.Kind, Flow: id, At: d.now()}}, all...)...)
	}
	flowOf("k7:100", flowevents.Waiting{Flow: "k7:100", Step: "reserve stock", Code: "no_stock", Sentence: "Waiting for 1 of A.", Since: d.now()})
	flowOf("k7:200", flowevents.Finished{Flow: "k7:200"})
	flowOf("k8:300", flowevents.Stuck{Flow: "k8:300", Step: "buy label", Attempt: 8, Reason: "The carrier refuses."})
	flowOf("k8:301", flowevents.UndoStarted{Flow: "k8:301", Step: "buy label", Reason: "Cancelled."})
	flowOf("k7:101", flowevents.Undone{Flow: "k7:101", Reason: "Cancelled."})
	for query, want := range map[string]struct {
		total int64
		items string
	}{
		"":                                {6, "k8:301 k8:300 k7:200 k8:100 k7:101 k7:100"},
		"status=ready":                    {4, "k8:301 k8:300 k8:100 k7:100"},
		"status=cancelled":                {1, "k7:101"},
		"status=in_transit":               {1, "k7:200"},
		"status=no_stock":                 {1, "k7:100"},
		"status=finished":                 {1, "k7:200"},
		"status=stuck":                    {1, "k8:300"},
		"flagged=true":                    {1, "k8:300"},
		"status=undoing":                  {1, "k8:301"},
		"status=undone":                   {1, "k7:101"},
		"status=active":                   {4, "k8:301 k8:300 k8:100 k7:100"},
		"status=nonsense":                 {0, ""},
		"connection=k8":                   {3, "k8:301 k8:300 k8:100"},
		"connection=k8&status=stuck":      {-1, "k8:300"},
		"connection=none":                 {0, ""},
		"q=10":                            {-1, "k8:100 k7:101 k7:100"},
		"q=301":                           {-1, "k8:301"},
		"q=%25":                           {-1, ""},
		"q=10&connection=k7&status=ready": {-1, "k7:100"},
	} {
		list := read[reads.OrderList](t, d, "/api/v1/orders?"+query)
		same(t, query, strings.Join(ids(list.Items, func(o reads.OrderItem) string { return o.ID }), " "), want.items)
		same(t, query+" total", list.Total, want.total)
	}
	one := read[reads.OrderList](t, d, "/api/v1/orders?q=200").Items[0]
	same(t, "an order in the list", fmt.Sprintf("%+v", one), fmt.Sprintf("%+v", reads.OrderItem{OrderSummary: reads.OrderSummary{
		ID: "k7:200", ChannelID: "200", Connection: "k7", Channel: "tiktok", Status: orders.Transit, Phase: "finished", PlacedAt: "2026-11-24T10:03:00.000Z",
		UpdatedAt: "2026-11-24T10:00:00.000Z", Units: 4, Total: pounds(1000),
	}, Lines: 1}))
}

// TestOrder follows one order from its webhook to its label.
func TestOrder(t *testing.T) {
	d := newDesk(t)
	d.shop(t, "k7", "One")
	id := d.place(t, "k7", "576", "CODE", 2, morning)
	before := read[reads.Order](t, d, "/api/v1/orders/"+id)
	if before.Flow != nil || before.Label != nil || len(before.Lines) != 1 || before.Lines[0].SKU != "" {
		t.Errorf("before its flow: %+v", before)
	}
	d.write(t, order(id), "inbox:3", orderevents.Matched{Order: id, SKUs: []string{"A"}})
	d.write(t, fulfilling(id), "position:2", flowevents.Started{Kind: fulfilment.Kind, Flow: id, At: d.now()},
		flowevents.StepSucceeded{Flow: id, Step: "validate", Attempt: 1},
		flowevents.StepSucceeded{Flow: id, Step: "buy label", Attempt: 1, Data: map[string]string{"label": "l1", "label_type": "application/pdf", "tracking": "T1"}})
	got := read[reads.Order](t, d, "/api/v1/orders/"+id)
	same(t, "line", fmt.Sprintf("%+v", got.Lines), fmt.Sprintf("%+v", []lines.OrderLine{{
		Listing: "listing-CODE", Code: "CODE", SKU: "A", Name: "Thing CODE", Quantity: 2, Price: pounds(250), Total: pounds(500),
	}}))
	same(t, "label", fmt.Sprintf("%+v", *got.Label), fmt.Sprintf("%+v", reads.OrderLabel{ID: "l1", Type: "application/pdf", Tracking: "T1"}))
	same(t, "events", ids(got.Events, func(e reads.Event) string { return fmt.Sprintf("%d %s %d %d", e.Position, e.Name, e.Version, e.Inbox) }),
		[]string{"2 order.placed 1 1", "3 order.matched 2 3", "4 flow.started 1 0", "5 flow.step_succeeded 2 0", "6 flow.step_succeeded 3 0"})
	if got.Flow.State != "running" || len(got.Flow.Steps) != 7 || got.Flow.WakeAt != nil {
		t.Errorf("flow %+v", got.Flow)
	}
}

func TestStock(t *testing.T) {
	d := newDesk(t)
	for _, sku := range []string{"apple", "Apricot", "banana", "50% off"} {
		d.receive(t, sku, 10)
	}
	s := stockevents.Stream(workspace.Main, "banana")
	d.write(t, s, "", stockevents.Reserved{SKU: "banana", Order: "k7:1", Quantity: 12})
	for query, want := range map[string]struct {
		total int64
		items string
	}{
		"":                     {4, "50% off,Apricot,apple,banana"},
		"limit=2":              {-1, "50% off,Apricot"},
		"limit=4":              {4, "50% off,Apricot,apple,banana"},
		"after=apple":          {-1, "banana"},
		"after=zzz":            {-1, ""},
		"q=AP":                 {2, "Apricot,apple"},
		"q=thing%20ban":        {1, "banana"},
		"q=nan":                {1, "banana"}, // within the name
		"q=%25":                {1, "50% off"},
		"q=_":                  {0, ""},
		"critical=true":        {1, "banana"},
		"critical=true&q=ban":  {1, "banana"},
		"critical=true&q=appl": {0, ""},
	} {
		list := read[reads.StockList](t, d, "/api/v1/stock?"+query)
		same(t, query, strings.Join(ids(list.Items, func(i reads.StockItem) string { return i.SKU }), ","), want.items)
		same(t, query+" total", list.Total, want.total)
	}
	item := read[reads.StockList](t, d, "/api/v1/stock?critical=true").Items[0]
	if item.OnHand != 10 || item.Reserved != 12 || item.Available != -2 || item.Oversold != 2 || item.Severity != "critical" || item.Version != 2 || item.Velocity1h != 12 || item.StockoutIn == nil {
		t.Errorf("oversold: %+v", item)
	}
	if quiet := read[reads.SKU](t, d, "/api/v1/stock/apple"); quiet.StockoutIn != nil || quiet.StockoutText != "no stock-out in sight" || quiet.Severity != "ok" {
		t.Errorf("nothing sells: %+v", quiet.StockItem)
	}
}

// TestSKU looks at where a SKU is listed, who waits for it and how its figure comes about.
func TestSKU(t *testing.T) {
	d := newDesk(t)
	d.shop(t, "k7", "One")
	d.shop(t, "k8", "Two")
	d.receive(t, "A", 10)
	same(t, "listed nowhere", read[reads.SKU](t, d, "/api/v1/stock/A").Listings, []reads.Listing{})
	mapped := func(connection, code string) {
		t.Helper()
		d.write(t, shopevents.Listing(workspace.Main, connection, code), "", shopevents.Mapped{Connection: connection, Code: code, SKU: "A"})
	}
	mapped("k8", "ALIAS")
	mapped("k8", "QUIET")
	sold := func(connection, id, code string, units int64) string {
		t.Helper()
		name := d.place(t, connection, id, code, units, morning)
		d.write(t, order(name), "", orderevents.Matched{Order: name, SKUs: []string{"A"}})
		d.write(t, stockevents.Stream(workspace.Main, "A"), "inbox:9", stockevents.Reserved{SKU: "A", Order: name, Quantity: units})
		return name
	}
	sold("k7", "1", "A", 2)
	sold("k8", "2", "ALIAS", 3)
	sold("k8", "3", "OLD", 1) // was mapped once and is not any more
	waits := d.place(t, "k7", "4", "A", 9, morning)
	d.write(t, order(waits), "", orderevents.Matched{Order: waits, SKUs: []string{"A"}})
	d.write(t, fulfilling(waits), "", flowevents.Started{Kind: fulfilment.Kind, Flow: waits, At: d.now()},
		flowevents.Waiting{Flow: waits, Step: "reserve stock", Code: "no_stock", For: []string{inventory.ShortTag + "A"}, Since: d.now()})
	got := read[reads.SKU](t, d, "/api/v1/stock/A")
	same(t, "listings", got.Listings, []reads.Listing{
		{Connection: "k7", Name: "One", Channel: "tiktok", Listing: "listing-A", Code: "A"},
		{Connection: "k8", Name: "Two", Channel: "tiktok", Listing: "listing-ALIAS", Code: "ALIAS"},
		{Connection: "k8", Name: "Two", Channel: "tiktok", Listing: "", Code: "QUIET"},
	})
	same(t, "waiting", got.Waiting, []queues.WaitingFor{{Order: "k7:4", Short: 5}})
	same(t, "explain", got.Explain, "4 available = 10 on hand − 6 reserved; 10 on hand = 10 received − 0 shipped + 0 adjusted + 0 returned.")
	same(t, "ledger", ids(got.Ledger, func(e reads.LedgerEntry) string {
		return fmt.Sprintf("%d %s %d %d %s %d", e.Entry, e.Kind, e.Quantity, e.Available, e.Order, e.Inbox)
	}),
		[]string{"4 reserved 1 4 k8:3 9", "3 reserved 3 5 k8:2 9", "2 reserved 2 8 k7:1 9", "1 received 10 10  0"})
	if got.WaitingOrders != 1 || got.Severity != "critical" {
		t.Errorf("waited for: %+v", got.StockItem)
	}
}

func TestFlows(t *testing.T) {
	d := newDesk(t)
	wake := morning.Add(time.Hour)
	for id, e := range map[string]eventlog.Event{
		"k7:0": nil, // placed, its flow has not begun
		"k7:1": flowevents.StepStarted{Flow: "k7:1", Step: "buy label", Attempt: 2, Deadline: wake},
		"k7:2": flowevents.Waiting{Flow: "k7:2", Step: "confirm payment", Code: "on_hold", Sentence: "Waiting.", Until: wake, Since: d.now()},
		"k7:3": flowevents.UndoStarted{Flow: "k7:3", Step: "buy label", Reason: "Cancelled."},
		"k7:4": flowevents.Stuck{Flow: "k7:4", Step: "buy label", Attempt: 8, Reason: "Refused."},
		"k7:5": flowevents.Finished{Flow: "k7:5"},
		"k7:6": flowevents.Undone{Flow: "k7:6", Reason: "Cancelled."},
	} {
		d.place(t, "k7", strings.TrimPrefix(id, "k7:"), "A", 1, morning)
		if e != nil {
			d.write(t, fulfilling(id), "", flowevents.Started{Kind: fulfilment.Kind, Flow: id, At: d.now()}, e)
		}
	}
	all := read[reads.FlowList](t, d, "/api/v1/flows")
	same(t, "all", ids(all.Items, func(f reads.FlowItem) string { return f.ID + " " + f.State }),
		[]string{"k7:0 new", "k7:1 running", "k7:2 waiting", "k7:3 undoing", "k7:4 stuck", "k7:5 finished", "k7:6 undone"})
	same(t, "all are not counted", all.Total, -1)
	for _, f := range all.Items[1:] {
		list := read[reads.FlowList](t, d, "/api/v1/flows?state="+f.State)
		if len(list.Items) != 1 || list.Items[0].ID != f.ID || list.Total != 1 {
			t.Errorf("%s: %+v", f.State, list)
		}
	}
	waiting := all.Items[2]
	if waiting.Subject != "k7:2" || waiting.Kind != "fulfilment" || waiting.Sentence != "Waiting." || waiting.WakeAt == nil || *waiting.WakeAt != "2026-11-24T11:00:00.000Z" || all.Items[1].Attempts != 2 {
		t.Errorf("waiting: %+v", waiting)
	}
}

func TestDeadLetters(t *testing.T) {
	d := newDesk(t)
	d.open(t, letterevents.Opened{Letter: "inbox-5", Inbox: 5, Connection: "k7", Field: "total", Rule: "must be a number", Sample: "x", Reason: "Unreadable.", Attempts: 1})
	d.add(time.Second)
	d.open(t, letterevents.Opened{Letter: "order-k7:9", Connection: "k7", Subject: "k7:9", Reason: "Unreadable too."})
	d.add(time.Second)
	d.place(t, "k7", "4", "A", 1, morning)
	d.write(t, fulfilling("k7:4"), "", flowevents.Started{Kind: fulfilment.Kind, Flow: "k7:4", At: d.now()},
		flowevents.Stuck{Flow: "k7:4", Step: "buy label", Attempt: 8, Reason: "Refused."})
	got := read[reads.DeadLetterList](t, d, "/api/v1/deadletters")
	same(t, "total", got.Total, 3)
	same(t, "letters", got.Items, []reads.DeadLetter{
		{ID: "flow-k7:4", Kind: "step", At: "2026-11-24T10:00:02.000Z", Connection: "k7", Subject: "k7:4", Field: "buy label", Reason: "Refused.", Attempts: 8, Actions: []string{"replay"}},
		{ID: "order-k7:9", Kind: "record", At: "2026-11-24T10:00:01.000Z", Connection: "k7", Subject: "k7:9", Reason: "Unreadable too.", Actions: []string{"replay", "discard"}},
		{ID: "inbox-5", Kind: "webhook", At: "2026-11-24T10:00:00.000Z", Connection: "k7", Field: "total", Rule: "must be a number", Sample: "x", Reason: "Unreadable.", Attempts: 1, Inbox: 5, Actions: []string{"replay", "discard", "correct"}},
	})
	d.write(t, letterevents.Stream(workspace.Main, "inbox-5"), "", letterevents.Discarded{Letter: "inbox-5"})
	if got := read[reads.DeadLetterList](t, d, "/api/v1/deadletters"); got.Total != 2 || len(got.Items) != 2 {
		t.Errorf("after one is discarded: %+v", got)
	}
}

func TestConnections(t *testing.T) {
	d := newDesk(t)
	if none := read[reads.Connections](t, d, "/api/v1/connections"); len(none.Items) != 0 {
		t.Errorf("no shop: %+v", none)
	}
	for _, id := range []string{"k1", "k2", "k3", "k4"} {
		d.shop(t, id, "Shop "+id)
		d.add(time.Second) // they are listed by age
	}
	d.write(t, shopevents.Connection(workspace.Main, "k3"), "", shopevents.Failing{Connection: "k3", Reason: "Signed out.", Mend: "Authorise again."})
	fresh := reads.Shop{LastSuccess: d.now(), LastPoll: d.now().Add(-time.Minute), Limit: 2 * time.Minute, Webhooks: 3, Lag: 1500 * time.Millisecond, Backlog: 2}
	late, paused := fresh, fresh
	late.LastSuccess = d.now().Add(-3 * time.Minute)
	paused.Paused = true
	d.mu.Lock()
	d.shops = map[string]reads.Shop{"k1": fresh, "k2": late, "k3": fresh, "k4": paused}
	d.mu.Unlock()
	got := read[reads.Connections](t, d, "/api/v1/connections")
	same(t, "states", ids(got.Items, func(c reads.Connection) string { return c.ID + " " + c.State }),
		[]string{"k1 ok", "k2 late", "k3 failing", "k4 paused"})
	if got.AllSynced {
		t.Error("all synced with a late shop")
	}
	ok, failing := got.Items[0], got.Items[2]
	if ok.Error != "" || ok.Name != "Shop k1" || ok.ShopID != "shop-k1" || ok.Limit != 120 || ok.Lag != 1.5 || ok.Webhooks != 3 || ok.Backlog != 2 || ok.LastWebhook != nil || *ok.LastPoll != "2026-11-24T09:59:04.000Z" {
		t.Errorf("ok: %+v", ok)
	}
	if failing.Error != "Signed out." || failing.Mend != "Authorise again." || got.Items[1].Mend == "" {
		t.Errorf("failing: %+v, late: %+v", failing, got.Items[1])
	}
}

// TestRate counts events a second from the log itself: right on the first read, back to 0 when
// nothing came for ten seconds, and the same in a process that has just begun.
func TestRate(t *testing.T) {
	d := newDesk(t)
	rate := func() float64 { return read[reads.KPIs](t, d, "/api/v1/kpis").EventsPerSecond }
	same(t, "an empty log", rate(), 0)
	for i := range 37 { // one a second
		d.receive(t, fmt.Sprint(i), 1)
		d.add(time.Second)
	}
	same(t, "one a second", rate(), 1)
	for range 8 {
		d.receive(t, "burst", 1)
	}
	same(t, "a burst of eight", rate(), 1.8)
	d.add(10 * time.Second)
	same(t, "ten seconds later", rate(), 0.8)
	d.add(time.Microsecond)
	same(t, "and a moment", rate(), 0)
}

func TestSeries(t *testing.T) {
	d := newDesk(t)
	d.write(t, workspaceevents.Stream(workspace.Main), "", workspaceevents.Configured{Name: "Shop", Zone: "Asia/Kathmandu", Currency: "GBP"})
	d.shop(t, "k7", "One")
	d.place(t, "k7", "1", "A", 2, morning.Add(-2*time.Hour))
	d.place(t, "k7", "2", "A", 1, morning.Add(-2*time.Hour+time.Minute))
	d.place(t, "k7", "3", "A", 4, morning.Add(-30*time.Hour))
	gone := d.place(t, "k7", "4", "A", 8, morning.Add(-time.Hour))
	d.write(t, order(gone), "", orderevents.Cancelled{Order: gone, From: orders.Ready, Updated: d.now()})
	for query, want := range map[string]struct { // steps are whole ones of the zone, which is 5:45 ahead
		step, points, sum int64
		first             string
	}{
		"":                          {3600, 169, 1750, "2026-11-17T09:15:00.000Z"},
		"metric=orders":             {3600, 169, 3, "2026-11-17T09:15:00.000Z"},
		"from=2026-11-24T08:00:00Z": {3600, 3, 750, "2026-11-24T07:15:00.000Z"},
		"from=2026-11-24T08:07:00Z&to=2026-11-24T08:20:00Z&step=15m":      {900, 2, 750, "2026-11-24T08:00:00.000Z"},
		"from=2026-11-23T00:00:00Z&to=2026-11-24T10:00:00Z&step=1d":       {86400, 2, 1750, "2026-11-22T18:15:00.000Z"},
		"metric=orders&from=2026-11-24T09:00:00Z":                         {3600, 2, 0, "2026-11-24T08:15:00.000Z"},
		"from=2026-11-24T08:00:00%2B05:45&to=2026-11-24T13:00:00%2B05:45": {3600, 5, 0, "2026-11-24T02:15:00.000Z"},
	} {
		got := read[reads.Series](t, d, "/api/v1/series?"+query)
		sum := int64(0)
		for _, p := range got.Points {
			sum += p.Value
		}
		same(t, query, fmt.Sprint(got.StepSeconds, len(got.Points), sum, got.Points[0].At, got.Zone, got.Currency),
			fmt.Sprint(want.step, want.points, want.sum, want.first, "Asia/Kathmandu", "GBP"))
		if !slices.IsSortedFunc(got.Points, func(a, b reads.Point) int { return strings.Compare(a.At, b.At) }) {
			t.Errorf("%s: points out of order", query)
		}
	}
}

func TestKPIs(t *testing.T) {
	d := newDesk(t)
	empty := read[reads.KPIs](t, d, "/api/v1/kpis")
	if empty.RepeatCustomers.Value != nil || empty.RepeatCustomers.Reason == "" || empty.Conversion.Reason != "no traffic data" || empty.RevenueToday.Change != nil || empty.Automation.Health != nil {
		t.Errorf("empty: %+v", empty)
	}
	d.write(t, workspaceevents.Stream(workspace.Main), "", workspaceevents.Configured{Name: "Shop", Zone: "UTC", Currency: "GBP"})
	d.place(t, "k7", "1", "A", 2, morning.Add(-time.Hour))
	d.place(t, "k7", "2", "A", 1, morning.Add(-25*time.Hour))
	got := read[reads.KPIs](t, d, "/api/v1/kpis")
	same(t, "revenue", fmt.Sprint(got.RevenueToday.Value, *got.RevenueToday.Change), fmt.Sprint(pounds(500), 100))
	same(t, "orders", fmt.Sprint(got.OrdersToday.Value, *got.OrdersToday.Change), fmt.Sprint(1, 0))
	same(t, "active", got.ActiveOrders, 2)
	same(t, "workspace", got.Workspace, reads.Workspace{
		Name: "Shop", Zone: "UTC", Currency: "GBP", Versions: workspace.Versions{Name: 1, Zone: 1, Currency: 1}, Demo: "none",
	})
}

func TestEvents(t *testing.T) {
	d := newDesk(t)
	d.receive(t, "A/B", 1)
	d.receive(t, "C", 1)
	d.receive(t, "A/B", 2)
	all := read[reads.EventList](t, d, "/api/v1/events?after=1")
	same(t, "after a position", ids(all.Items, func(e reads.Event) string { return fmt.Sprint(e.Position, " ", e.Stream, " ", e.Version) }),
		[]string{"2 main/stock/C 1", "3 main/stock/A/B 2"})
	one := read[reads.EventList](t, d, "/api/v1/events?stream=main/stock/A/B&after=1")
	if len(one.Items) != 1 || one.Items[0].Position != 3 || string(one.Items[0].Data) == "" || one.Items[0].Name != "stock.received" || one.Items[0].Actor != "test" {
		t.Errorf("after a version: %+v", one)
	}
	for _, query := range []string{"after=3", "after=9223372036854775807", "stream=main/stock/none", "stream=main/stock/A/B&after=2"} {
		if got := read[reads.EventList](t, d, "/api/v1/events?"+query); len(got.Items) != 0 || got.Next != "" {
			t.Errorf("%s: %+v", query, got)
		}
	}
}

func TestInbox(t *testing.T) {
	d := newDesk(t)
	put := func(body string) int64 {
		t.Helper()
		n, _, err := d.vault.Put(t.Context(), vault.Delivery{Channel: "tiktok", App: "a1", Body: []byte(body)})
		fatal(t, err)
		return n
	}
	states := []string{vault.Pending, vault.Done, vault.Quarantined, vault.Dead, vault.Discarded, vault.Superseded, vault.Unknown}
	for _, state := range states {
		n := put(`{"order_id":"576"}`)
		if state != vault.Pending {
			fatal(t, d.vault.Mark(t.Context(), vault.Mark{Number: n, State: state, Attempts: 2, Reason: "because", Connection: "k7", Subject: "k7:576"}))
		}
		got := read[reads.InboxEntry](t, d, fmt.Sprintf("/api/v1/inbox/%d", n))
		if got.State != state || got.Number != n || got.Body != `{"order_id":"576"}` || got.BodyNote != "" || len(got.Hash) != 64 || got.ReceivedAt != "2026-11-24T10:00:00.000Z" {
			t.Errorf("%s: %+v", state, got)
		}
		if state != vault.Pending && (got.Attempts != 2 || got.Reason != "because" || got.Connection != "k7" || got.Subject != "k7:576") {
			t.Errorf("%s: %+v", state, got)
		}
	}
	bytes := read[reads.InboxEntry](t, d, fmt.Sprintf("/api/v1/inbox/%d", put("\xff\x00")))
	if !strings.HasPrefix(bytes.Body, "00000000  ff 00") || bytes.BodyNote != "not text: shown as bytes" {
		t.Errorf("bytes: %+v", bytes)
	}
	d.add(40 * 24 * time.Hour)
	fatal(t, d.vault.Purge(t.Context(), d.now()))
	if old := read[reads.InboxEntry](t, d, "/api/v1/inbox/2"); old.Body != "" || old.BodyNote != "deleted by retention" || len(old.Hash) != 64 {
		t.Errorf("after retention: %+v", old)
	}
}

func TestLabels(t *testing.T) {
	d := newDesk(t)
	for id, kind := range map[string]string{"pdf": "application/pdf", "png": "image/png", "odd": "text/html", "a b/c": "application/pdf"} {
		fatal(t, d.vault.PutLabel(t.Context(), vault.Label{ID: id, Type: kind, File: []byte("file of " + id)}))
		status, body, header := d.get(t, "/api/v1/labels/"+url.PathEscape(id))
		if kind == "text/html" { // a channel's word must not become a page of ours
			kind = "application/octet-stream"
		}
		if status != http.StatusOK || string(body) != "file of "+id || header.Get("Content-Type") != kind || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %q %v", id, status, body, header)
		}
	}
}
