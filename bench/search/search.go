package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/creatorflow/creatorflow/bench"
	"github.com/creatorflow/creatorflow/bench/history"
	"github.com/creatorflow/creatorflow/bench/startup"
	"github.com/creatorflow/creatorflow/bench/timing"
	"github.com/creatorflow/creatorflow/domain/orders"
)

// Options of Run.
type Options struct {
	Binary   string // the program
	Engine   string // "sqlite" or "postgres"
	DB       string // of PostgreSQL, its own and empty; "" = one of a server of its own in Dir
	Dir      string // empty = a temporary folder; with one, the store stays and is asked again
	Orders   int    // of the store; it has a tenth as many SKUs
	Searches int    // of orders and stock, mixed; of each list a twentieth
	Seed     uint64
	JSON     bool
	Out      io.Writer
}

// The bars, in milliseconds.
const (
	barSearch = 300
	barList   = 100
	barStart  = 2000
)

// Result is what was measured; times are in milliseconds.
type Result struct {
	Name     string          `json:"name"`
	Engine   string          `json:"engine"`
	Orders   int             `json:"orders"`
	SKUs     int             `json:"skus"`
	Events   int64           `json:"events"`
	Made     float64         `json:"made_seconds"` // the store; little when it was there
	Start    float64         `json:"start_ms"`     // from process start to the first 200 of /readyz, the median of 3
	Searches int             `json:"searches"`
	P50      float64         `json:"search_p50_ms"`
	P95      float64         `json:"search_p95_ms"`
	ListP95  float64         `json:"list_p95_ms"` // of the slowest list
	Kinds    map[string]Kind `json:"kinds"`
}

// Kind is one sort of question.
type Kind struct {
	List   bool    `json:"list"` // else a search
	Asked  int     `json:"asked"`
	P50    float64 `json:"p50_ms"`
	P95    float64 `json:"p95_ms"`
	Median int     `json:"median_items"` // that it was answered with
}

// Run makes the store, starts the program on it three times, and asks.
func Run(ctx context.Context, o Options) (err error) {
	folder, db, close, err := bench.Temporary(ctx, o.Engine, o.Dir, o.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, close()) }()
	o.Dir, o.DB = folder, db
	dir := filepath.Join(o.Dir, "hub")
	begun := time.Now()
	m, err := fill(ctx, dir, o.DB, o.Orders, max(o.Orders/10, 20))
	if err != nil {
		return err
	}
	r := Result{
		Name: "search", Engine: o.Engine, Orders: o.Orders, SKUs: m.skus, Events: m.events, Made: time.Since(begun).Seconds(),
		Searches: o.Searches, Kinds: map[string]Kind{},
	}
	key, err := makeKey(ctx, o, dir)
	if err != nil {
		return err
	}
	var starts []float64
	const runs = 3
	for i := range runs {
		err := func() (err error) {
			p, address, ms, err := startup.Serve(ctx, o.Binary, flags(o, dir)...)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, p.Stop()) }()
			starts = append(starts, ms)
			if i < runs-1 {
				return nil
			}
			return r.ask(ctx, asker{o: o, m: m, address: address, key: key, rng: rand.New(rand.NewPCG(o.Seed, 1))})
		}()
		if err != nil {
			return err
		}
	}
	r.Start = bench.Median(starts)
	return r.print(o)
}

func flags(o Options, dir string) []string {
	all := []string{"--data", dir}
	if o.DB != "" {
		all = append(all, "--db", o.DB)
	}
	return all
}

func makeKey(ctx context.Context, o Options, dir string) (string, error) {
	p, err := startup.Launch(ctx, o.Binary, append([]string{"key", "make", "bench", "--role", "viewer"}, flags(o, dir)...)...)
	if err != nil {
		return "", err
	}
	key, err := p.Find(`(cf_\S+_\S+)`)
	return key, errors.Join(err, p.Stop())
}

// ask asks every kind of question, mixed, and notes how long each answer took.
func (r *Result) ask(ctx context.Context, a asker) error {
	var all []question
	for _, k := range kinds {
		asked := max(2, a.o.Searches*k.share/100)
		if k.list {
			asked = max(2, a.o.Searches/20)
		}
		for range asked {
			all = append(all, question{kind: k.name, path: k.path(a), check: k.check})
		}
		r.Kinds[k.name] = Kind{List: k.list}
	}
	a.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	took, items := map[string][]time.Duration{}, map[string][]float64{}
	var searches []time.Duration
	for _, q := range all {
		begun := time.Now()
		status, body, err := startup.Get(ctx, a.address+q.path, a.key)
		spent := time.Since(begun)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("%s: %d %s", q.path, status, body)
		}
		n, err := count(body)
		if err == nil && q.check != nil {
			err = q.check(a, n)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", q.path, err)
		}
		took[q.kind], items[q.kind] = append(took[q.kind], spent), append(items[q.kind], float64(n))
		if !r.Kinds[q.kind].List {
			searches = append(searches, spent)
		}
	}
	for name, k := range r.Kinds {
		k.Asked, k.P50, k.P95 = len(took[name]), timing.Percentile(took[name], 50), timing.Percentile(took[name], 95)
		k.Median = int(bench.Median(items[name]))
		r.Kinds[name] = k
		if k.List {
			r.ListP95 = max(r.ListP95, k.P95)
		}
	}
	r.Searches = len(searches)
	r.P50, r.P95 = timing.Percentile(searches, 50), timing.Percentile(searches, 95)
	return nil
}

// count is how many items an answer lists; 1 for an answer that is no list.
func count(body []byte) (int, error) {
	var list struct {
		Items *[]json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	if list.Items == nil {
		return 1, nil
	}
	return len(*list.Items), nil
}

func (r Result) print(o Options) error {
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(r)
	}
	_, err := fmt.Fprintf(o.Out, "%s: %d orders, %d SKUs, %d events, made in %.0f s\n%-44s %6s %6s %9s %9s\n",
		r.Engine, r.Orders, r.SKUs, r.Events, r.Made, "", "asked", "items", "p50 ms", "p95 ms")
	for _, k := range kinds {
		sort := "search"
		if k.list {
			sort = "list"
		}
		is := r.Kinds[k.name]
		_, printing := fmt.Fprintf(o.Out, "%-6s %-37s %6d %6d %9.1f %9.1f\n", sort, k.name, is.Asked, is.Median, is.P50, is.P95)
		err = errors.Join(err, printing)
	}
	_, printing := fmt.Fprintf(o.Out, `start to the first 200             %6.0f ms  at most %d: %s
%d mixed searches, p95            %6.1f ms  at most %d: %s
the slowest list, p95              %6.1f ms  at most %d: %s
search: p50 %.1f ms, p95 %.1f ms over %d orders, start %.0f ms
`, r.Start, barStart, bench.Met(r.Start < barStart), r.Searches, r.P95, barSearch, bench.Met(r.P95 < barSearch),
		r.ListP95, barList, bench.Met(r.ListP95 < barList), r.P50, r.P95, r.Orders, r.Start)
	return errors.Join(err, printing)
}

// asker makes up questions about the store.
type asker struct {
	o            Options
	m            made
	address, key string
	rng          *rand.Rand
}

type question struct {
	kind, path string
	check      func(a asker, items int) error
}

func (a asker) order() int64 { return 1 + a.rng.Int64N(int64(a.m.orders)) }

func (a asker) sku() int { return a.rng.IntN(a.m.skus) }

func (a asker) one(of ...string) string { return of[a.rng.IntN(len(of))] }

func query(path string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + values.Encode()
}

func exactly(want int) func(asker, int) error {
	return func(_ asker, items int) error {
		if items != want {
			return fmt.Errorf("%d items, want %d", items, want)
		}
		return nil
	}
}

func some(_ asker, items int) error {
	if items == 0 {
		return errors.New("no items, want some")
	}
	return nil
}

const ordersPath, stockPath, flowsPath = "/api/v1/orders", "/api/v1/stock", "/api/v1/flows"

// kinds are what people ask; shares are of 100 searches.
var kinds = []struct {
	name  string
	list  bool
	share int
	path  func(a asker) string
	check func(a asker, items int) error
}{
	{"an order by its id", false, 20, func(a asker) string { return query(ordersPath, "q", history.ChannelID(a.order())) }, exactly(1)},
	{"orders by the begin of an id", false, 15, func(a asker) string {
		return query(ordersPath, "q", history.ChannelID(a.order())[:6+a.rng.IntN(10)])
	}, some},
	{"an order that is not there", false, 5, func(asker) string { return query(ordersPath, "q", "999999999") }, exactly(0)},
	{"orders by the begin of an id, of a shop", false, 5, func(a asker) string {
		n := a.order()
		return query(ordersPath, "q", history.ChannelID(n)[:9], "connection", history.Connection(n))
	}, nil},
	{"orders by the begin of an id, by status", false, 5, func(a asker) string {
		return query(ordersPath, "q", history.ChannelID(a.order())[:9], "status", a.one(orders.Completed, orders.Cancelled, "active", "stuck"))
	}, nil},
	{"orders by status", false, 10, func(a asker) string {
		return query(ordersPath, "status", a.one(orders.Ready, orders.Completed, orders.Cancelled, orders.Arranged, "on_hold", "unpaid", "no_stock", "finished", "undone", "active"))
	}, nil},
	{"orders of a shop", false, 5, func(a asker) string { return query(ordersPath, "connection", history.Connections[a.rng.IntN(3)]) }, some},
	{"orders of a shop by status", false, 5, func(a asker) string {
		return query(ordersPath, "connection", history.Connections[a.rng.IntN(3)], "status", a.one(orders.Completed, orders.Cancelled, "active", "on_hold", "stuck"))
	}, nil},
	{"flagged orders", false, 5, func(asker) string { return query(ordersPath, "flagged", "true") }, nil},
	{"a SKU by its begin", false, 10, func(a asker) string { return query(stockPath, "q", history.Code(a.sku())[:6+a.rng.IntN(5)]) }, some},
	{"SKUs by a part of their name", false, 10, func(a asker) string {
		return query(stockPath, "q", a.one("lantern", "paisley mir", "no. 777", "ttle cand", "GINGHAM"))
	}, nil},
	{"a SKU that is not there", false, 5, func(asker) string { return query(stockPath, "q", "nothing of the kind") }, exactly(0)},
	{"orders", true, 0, func(asker) string { return ordersPath }, exactly(50)},
	{"orders, far down", true, 0, func(a asker) string {
		at := time.Now().AddDate(0, 0, -a.rng.IntN(360)).UnixMicro()
		return query(ordersPath, "after", fmt.Sprintf("%d,%s", at, orders.ID(history.Connections[0], history.ChannelID(a.order()))), "limit", "200")
	}, nil},
	{"active orders", true, 0, func(asker) string { return query(ordersPath, "status", "active") }, some},
	{"stock", true, 0, func(asker) string { return stockPath }, exactly(50)},
	{"stock, far down", true, 0, func(a asker) string { return query(stockPath, "after", history.Code(a.sku()), "limit", "200") }, nil},
	{"critical stock", true, 0, func(asker) string { return query(stockPath, "critical", "true") }, nil},
	{"flows", true, 0, func(asker) string { return flowsPath }, exactly(50)},
	{"flows by state", true, 0, func(a asker) string {
		return query(flowsPath, "state", a.one("waiting", "stuck", "finished", "undone"))
	}, nil},
	{"dead letters", true, 0, func(asker) string { return "/api/v1/deadletters" }, nil},
	{"events", true, 0, func(a asker) string {
		return query("/api/v1/events", "after", fmt.Sprint(a.rng.Int64N(a.m.events-100)))
	}, exactly(50)},
	{"events of an order", true, 0, func(a asker) string {
		n := a.order()
		return query("/api/v1/events", "stream", "main/order/"+orders.ID(history.Connection(n), history.ChannelID(n)))
	}, some},
	{"the ledger of a SKU", true, 0, func(a asker) string { return stockPath + "/" + history.Code(a.sku()) + "/ledger" }, some},
	{"a SKU", true, 0, func(a asker) string { return stockPath + "/" + history.Code(a.sku()) }, exactly(1)},
	{"an order", true, 0, func(a asker) string {
		n := a.order()
		return ordersPath + "/" + orders.ID(history.Connection(n), history.ChannelID(n))
	}, exactly(1)},
	{"the figures of the board", true, 0, func(asker) string { return "/api/v1/kpis" }, exactly(1)},
	{"revenue of a week", true, 0, func(asker) string { return "/api/v1/series" }, exactly(1)},
	{"shops", true, 0, func(asker) string { return "/api/v1/connections" }, exactly(3)},
}
