package shipping_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/connect"
	"github.com/creatorflow/creatorflow/dispatch"
	"github.com/creatorflow/creatorflow/domain/events"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shipping"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

const (
	shopID    = "7490000000000000001"
	hoodie    = "1729000000000000777"
	royalMail = "7117858858072016686"
	ups       = "7132708447992399662"
)

// rig is a simulated shop known to a hub of which only the flows of orders and of parcels run. Its process can be killed and
// started again later, by a clock that is set ahead.
type rig struct {
	*testing.T
	*tiktoksim.Sim
	log      *eventlog.Log
	registry *connect.Registry
	take     *intake.Intake
	shop     channels.Connection
	fulfil   *flow.Definition
	ship     *flow.Definition
	ahead    atomic.Int64
	kill     func()

	mu    sync.Mutex
	front func(w http.ResponseWriter, q *http.Request) (answered bool) // stands before the vendor; nil = nothing does
}

func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

func (r *rig) before(front func(w http.ResponseWriter, q *http.Request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.front = front
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{T: t, kill: func() {}}
	r.Sim = tiktoksim.New(tiktoksim.Config{AppKey: "cfappkey01", AppSecret: "cf_test_secret_0123456789abcdef", Seed: 1, Clock: r.now})
	r.AddShop(tiktoksim.Shop{ID: shopID, Name: "One"})
	_, err := r.AddProduct(shopID, tiktoksim.Product{Title: "Hoodie", SKUs: []tiktoksim.SKU{{ID: hoodie, SellerSKU: "HOODIE-M", Price: "19.99", Quantity: 100}}})
	r.must(err)
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		front := r.front
		r.mu.Unlock()
		if front == nil || !front(w, q) {
			r.Handler().ServeHTTP(w, q)
		}
	}))
	t.Cleanup(vendor.Close)
	place := storagetest.New(t)
	r.log, err = eventlog.Open(t.Context(), place.Log(), eventlog.Options{Decode: events.Decode, Clock: r.now})
	r.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.log.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	v, err := vault.Open(place.Vault(), vault.Master{1}, vault.Options{Clock: r.now})
	r.must(err)
	r.registry, err = connect.Open(t.Context(), r.log, v, connect.Options{Clock: r.now, Timeout: time.Second})
	r.must(err)
	t.Cleanup(r.registry.Close)
	app, err := r.registry.AddApp(t.Context(), channels.App{
		Channel: "tiktok", Key: "cfappkey01", Secrets: []string{"cf_test_secret_0123456789abcdef"}, BaseURL: vendor.URL, AuthURL: vendor.URL,
	})
	r.must(err)
	added, err := r.registry.Authorize(t.Context(), app.ID, channels.Grant{"code": r.AuthCode(shopID)}, "")
	r.must(err)
	desk := dispatch.New(r.registry, v)
	r.shop, r.take = added[0], intake.New(r.log, v, "main")
	r.fulfil, r.ship = fulfilment.Definition("main", desk), shipping.Definition("main", desk)
	_, err = eventlog.Execute(t.Context(), r.log, stockevents.Stream("main", "HOODIE-M"), inventory.Receiving(), inventory.Receive{SKU: "HOODIE-M", Quantity: 50}, eventlog.Meta{})
	r.must(err)
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// sells is an order of two units, taken in.
func (r *rig) sells(kind string) (id string) {
	r.Helper()
	order, err := r.PlaceOrder(shopID, tiktoksim.NewOrder{
		BuyerID: "7494000000000000001", BuyerName: "Ana", ShippingType: kind, Lines: []tiktoksim.Line{{SKUID: hoodie, Quantity: 2}},
	})
	r.must(err)
	id = orders.ID(r.shop.ID, order)
	r.look(id)
	return id
}

// at is an order's id at the channel.
func at(id string) string { _, channel, _ := strings.Cut(id, ":"); return channel }

// look takes in what the shop shows of an order.
func (r *rig) look(id string) {
	r.Helper()
	c, _ := r.registry.Connector(r.shop.ID)
	page, err := c.Orders(r.Context(), []string{at(id)})
	r.must(err)
	_, err = r.take.Observe(r.Context(), r.shop, page.Orders[0], "poll:test")
	r.must(err)
}

// start runs the flows; a process that stood for a while has its clock ahead. Without orders only those of parcels run.
func (r *rig) start(orders bool) {
	ctx, cancel := context.WithCancel(context.Background())
	run := []*flow.Definition{r.ship}
	if orders {
		run = append(run, r.fulfil)
	}
	runner := flow.NewRunner(r.log, run, flow.Options{
		Open:  func(context.Context) (eventlog.Position, []flow.Open, error) { return 0, nil, nil },
		Clock: r.now, Chance: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler),
	})
	done := make(chan struct{})
	go func() { defer close(done); _ = runner.Run(ctx) }()
	r.kill = sync.OnceFunc(func() { cancel(); <-done })
	r.Cleanup(func() { r.kill() })
}

func (r *rig) state(id string) orders.State {
	r.Helper()
	s, err := r.log.Fold(context.Background(), orders.Fold("main", id))
	r.must(err)
	return s.Value.(orders.State)
}

func (r *rig) flow(id string) flow.Status {
	r.Helper()
	s, err := r.log.Fold(context.Background(), r.fulfil.Fold(id))
	r.must(err)
	return s.Value.(flow.Status)
}

func (r *rig) ask(q eventlog.Request) error {
	q.Meta = eventlog.Meta{Actor: "user:ana"}
	_, err := r.log.Execute(r.Context(), q)
	return err
}

// until waits for a condition with a generous deadline.
func (r *rig) until(what string, reached func() bool) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
	defer cancel()
	ask := time.NewTicker(2 * time.Millisecond)
	defer ask.Stop()
	for !reached() {
		select {
		case <-ask.C:
		case <-ctx.Done():
			r.Fatalf("waited in vain until %s: %v", what, r.names())
		}
	}
}

func (r *rig) names() (names []string) {
	records, err := r.log.ReadAll(context.Background(), 0, 1000)
	r.must(err)
	for _, record := range records {
		names = append(names, record.Name)
	}
	return names
}

// waits lets an order's flow come to the wait for a parcel.
func (r *rig) waits(id string) {
	r.Helper()
	r.until("the order waits for a number", func() bool { w := r.flow(id).Waiting; return w != nil && w.Code == fulfilment.WaitTracking })
}

func (r *rig) settled(id string) bool { return len(r.state(id).Telling) == 0 }

// requests prepares what is asked in a test, and how often it came to the vendor and took effect there.
var requests = map[string]struct {
	prepare func(r *rig) (orders []string)
	path    string
	effects func(r *rig, orders []string) (tries, took int)
}{
	"send a parcel": {
		func(r *rig) []string {
			id := r.sells("SELLER")
			r.start(true)
			r.waits(id)
			r.kill()
			r.must(r.ask(shipping.Shipping(r.fulfil, id, shipping.Ship{Carrier: royalMail, CarrierName: "Royal Mail", Tracking: "rm 123 456"})))
			return []string{id}
		},
		"/packages", func(r *rig, ids []string) (int, int) {
			c := r.Counts()
			return c.SendTries[at(ids[0])], c.Sent[at(ids[0])+" RM123456"]
		},
	},
	"correct a number": {
		func(r *rig) []string {
			id := r.sells("SELLER")
			r.start(true)
			r.waits(id)
			r.must(r.ask(shipping.Shipping(r.fulfil, id, shipping.Ship{Carrier: royalMail, Tracking: "RM123456"})))
			r.until("the parcel is told", func() bool { return r.settled(id) })
			r.kill()
			r.must(r.ask(shipping.Correcting(r.fulfil, id, shipping.Correct{Parcel: 1, Carrier: ups, Tracking: "U123456"})))
			return []string{id}
		},
		"/shipping_info/update", func(r *rig, _ []string) (tries, took int) {
			c := r.Counts()
			for _, n := range c.Retracks {
				took += n
			}
			return c.Requests["POST /fulfillment/202309/packages/{id}/shipping_info/update"], took
		},
	},
	"split an order": {
		func(r *rig) []string {
			id := r.sells("TIKTOK")
			half := orderevents.ParcelGroup{Items: []orderevents.ParcelItem{{Listing: hoodie, Quantity: 1}}}
			r.must(r.ask(shipping.Splitting(r.fulfil, id, []orderevents.ParcelGroup{half, half})))
			return []string{id}
		},
		"/split", func(r *rig, ids []string) (int, int) {
			c := r.Counts()
			return c.SplitTries[at(ids[0])], c.Splits[at(ids[0])]
		},
	},
	"combine orders": {
		func(r *rig) []string {
			ids := []string{r.sells("TIKTOK"), r.sells("TIKTOK")}
			r.must(r.ask(shipping.Combining(r.fulfil, ids)))
			return ids
		},
		"/combine", func(r *rig, ids []string) (int, int) {
			key := at(ids[0]) + "+" + at(ids[1])
			return r.Counts().CombineTries[key], r.Counts().Combines[key]
		},
	},
}

// Whatever becomes of the request on its way, the channel is told once.
func TestToldOnce(t *testing.T) {
	for what, q := range requests {
		for trouble, meet := range map[string]func(r *rig, is func(q *http.Request) bool) (killed bool){
			"no trouble": func(*rig, func(*http.Request) bool) bool { return false },
			"the answer is lost": func(r *rig, is func(q *http.Request) bool) bool {
				r.before(func(_ http.ResponseWriter, q *http.Request) bool {
					if !is(q) {
						return false
					}
					r.Handler().ServeHTTP(httptest.NewRecorder(), q)
					panic(http.ErrAbortHandler)
				})
				return false
			},
			"the answer is lost and nothing can be read": func(r *rig, is func(q *http.Request) bool) bool {
				var lost atomic.Bool
				r.before(func(_ http.ResponseWriter, q *http.Request) bool {
					switch {
					case is(q):
						r.Handler().ServeHTTP(httptest.NewRecorder(), q)
						lost.Store(true)
					case !lost.Load():
						return false
					}
					panic(http.ErrAbortHandler)
				})
				r.start(false)
				r.until("it is not known what was done", func() bool { return slices.Contains(r.names(), "flow.step_failed") })
				return true
			},
			"killed when it was done": func(r *rig, is func(q *http.Request) bool) bool { return r.dies(is, true) },
			"killed before":           func(r *rig, is func(q *http.Request) bool) bool { return r.dies(is, false) },
		} {
			t.Run(what+", "+trouble, func(t *testing.T) {
				r := newRig(t)
				ids := q.prepare(r)
				killed := meet(r, func(h *http.Request) bool {
					return h.Method == http.MethodPost && strings.HasSuffix(h.URL.Path, q.path)
				})
				if killed {
					r.kill()
					r.before(nil)
					r.ahead.Add(int64(5 * time.Minute))
				}
				r.start(false)
				r.until("the request has ended", func() bool { return !slices.ContainsFunc(ids, func(id string) bool { return !r.settled(id) }) })
				if tries, took := q.effects(r, ids); tries != 1 || took != 1 {
					t.Errorf("the channel was told %d times, and %d took effect; want 1, 1", tries, took)
				}
				for _, id := range ids {
					records, err := r.log.ReadStream(t.Context(), orderevents.Stream("main", id), 0, 100)
					r.must(err)
					if last, ok := records[len(records)-1].Event.(orderevents.ShippingEnded); !ok || !last.Done {
						t.Errorf("ended as %+v, want done", records[len(records)-1].Event)
					}
				}
			})
		}
	}
}

// dies kills the process while a request is under way, which takes effect or never comes to the vendor.
func (r *rig) dies(is func(q *http.Request) bool, takesEffect bool) bool {
	r.Helper()
	under := make(chan struct{})
	told := sync.OnceFunc(func() { close(under) })
	r.before(func(_ http.ResponseWriter, q *http.Request) bool {
		if !is(q) {
			return false
		}
		if takesEffect {
			r.Handler().ServeHTTP(httptest.NewRecorder(), q)
		}
		_, _ = io.Copy(io.Discard, q.Body) // else the server does not see the client go
		told()
		<-q.Context().Done() // the answer never comes
		panic(http.ErrAbortHandler)
	})
	r.start(false)
	<-under
	return true
}

// From a parcel to the end: the channel is told of each as it is entered, and the stock leaves when every unit is on its way.
func TestOrderInTwoParcels(t *testing.T) {
	r := newRig(t)
	id := r.sells("SELLER")
	r.start(true)
	r.waits(id)
	one := []orderevents.ParcelItem{{Listing: hoodie, Quantity: 1}}
	r.must(r.ask(shipping.Shipping(r.fulfil, id, shipping.Ship{Carrier: royalMail, Tracking: "RM000001", Items: one})))
	r.until("the first parcel is told", func() bool { return r.settled(id) })
	r.look(id)
	if s := r.state(id); s.Status != orders.Partial || !s.Parcels[0].Told || s.Parcels[0].Package == "" {
		t.Fatalf("after one parcel: %s, %+v", s.Status, s.Parcels)
	}
	r.must(r.ask(shipping.Shipping(r.fulfil, id, shipping.Ship{Carrier: royalMail, Tracking: "RM000002"})))
	r.until("the order is finished", func() bool { return r.flow(id).Phase == flow.Finished })
	r.look(id)
	stock, err := r.log.Fold(t.Context(), inventory.Fold("main", "HOODIE-M"))
	r.must(err)
	if s := stock.Value.(inventory.State); s.OnHand() != 48 || s.Reserved != 0 || r.state(id).Status != orders.Arranged {
		t.Errorf("%d on hand, %d reserved, the order is %s; want 48, 0, arranged", s.OnHand(), s.Reserved, r.state(id).Status)
	}
	if c := r.Counts(); c.Sent[at(id)+" RM000001"] != 1 || c.Sent[at(id)+" RM000002"] != 1 || c.SendTries[at(id)] != 2 {
		t.Errorf("sent %v in %v tries", c.Sent, c.SendTries)
	}
}

// A parcel that was handed over just before the news that its order was cancelled is not forgotten: its units do not come back
// on sale by themselves.
func TestCancelledBehindTheParcel(t *testing.T) {
	r := newRig(t)
	id := r.sells("SELLER")
	r.start(true)
	r.waits(id)
	r.must(r.CancelOrder(shopID, at(id), "buyer_cancel"))
	r.must(r.ask(shipping.Shipping(r.fulfil, id, shipping.Ship{Carrier: royalMail, Tracking: "RM000001"})))
	r.until("the channel says that it is cancelled", func() bool {
		s, err := r.log.Fold(context.Background(), r.ship.Fold(shipping.FlowID(id, 1)))
		r.must(err)
		w := s.Value.(flow.Status).Waiting
		return w != nil && strings.Contains(w.Sentence, "cancelled or closed")
	})
	r.look(id)
	r.until("the flow has turned around", func() bool { return r.flow(id).Phase == flow.Undone })
	r.until("the request has ended", func() bool { return r.settled(id) })
	stock, err := r.log.Fold(t.Context(), inventory.Fold("main", "HOODIE-M"))
	r.must(err)
	if s := stock.Value.(inventory.State); s.OnHand() != 48 || s.Reserved != 0 || len(r.state(id).Parcels) != 1 {
		t.Errorf("%d on hand, %d reserved, %d parcels; want 48, 0, 1", s.OnHand(), s.Reserved, len(r.state(id).Parcels))
	}
}

// A number that the channel refuses is no parcel; another one can be entered at once.
func TestRefusedNumber(t *testing.T) {
	r := newRig(t)
	first, second := r.sells("SELLER"), r.sells("SELLER")
	r.start(true)
	for _, id := range []string{first, second} {
		r.waits(id)
		r.must(r.ask(shipping.Shipping(r.fulfil, id, shipping.Ship{Carrier: royalMail, Tracking: "RM000001"})))
		r.until("the request has ended", func() bool { return r.settled(id) })
	}
	if s := r.state(second); len(s.Parcels) != 0 {
		t.Fatalf("parcels %+v", s.Parcels)
	}
	page := r.page(second)
	if q := page.Requests[0]; q.State != shipping.Refused || !strings.Contains(q.Sentence, "used for another parcel") {
		t.Errorf("the page says %s: %q", q.State, q.Sentence)
	}
	r.until("it may be entered again", func() bool { return slices.Contains(r.page(second).Can, "ship-order") })
	r.must(r.ask(shipping.Shipping(r.fulfil, second, shipping.Ship{Carrier: royalMail, Tracking: "RM000002"})))
	r.until("the order is finished", func() bool { return r.flow(second).Phase == flow.Finished })
}

func (r *rig) page(id string) shipping.Page {
	r.Helper()
	own, err := r.log.ReadStream(r.Context(), orderevents.Stream("main", id), 0, 1000)
	r.must(err)
	steps, err := r.log.ReadStream(r.Context(), r.fulfil.Stream(id), 0, 1000)
	r.must(err)
	return shipping.Read(own, steps, r.fulfil, id)
}

// Two orders in one package are sent once: one request to ship, one label for each order's page.
func TestCombinedOrdersAreSentOnce(t *testing.T) {
	r := newRig(t)
	ids := []string{r.sells("TIKTOK"), r.sells("TIKTOK")}
	r.must(r.ask(shipping.Combining(r.fulfil, ids)))
	r.start(true)
	finished := func(id string) func() bool { return func() bool { return r.flow(id).Phase == flow.Finished } }
	r.until("the first order waits for news", func() bool { return r.Counts().Ships[r.packed(ids[0])] == 1 })
	for _, id := range ids {
		r.look(id)
		r.until("the order is finished", finished(id))
	}
	c := r.Counts()
	if pkg := r.packed(ids[0]); pkg != r.packed(ids[1]) || c.Ships[pkg] != 1 || c.ShipAttempts[pkg] != 1 || len(c.ShipAttempts) != 1 {
		t.Errorf("packages %s and %s; ships %v in %v tries", pkg, r.packed(ids[1]), c.Ships, c.ShipAttempts)
	}
}

// packed is the package in which an order is.
func (r *rig) packed(id string) string {
	r.Helper()
	o, err := r.Order(shopID, at(id))
	r.must(err)
	return o.Packages[0].ID
}

// The runner's start finds the requests that had not ended.
func TestOpenRequests(t *testing.T) {
	r := newRig(t)
	ids := requests["combine orders"].prepare(r)
	place := storagetest.New(t)
	views := place.Views()
	runner := projection.NewRunner(r.log, views, []projection.Projection{shipping.View{}}, projection.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = runner.Run(ctx) }()
	defer func() { cancel(); <-done }()
	open := func() (list []string) {
		r.Helper()
		r.must(runner.WaitFor(t.Context(), r.log.Head().Position))
		_, flows, err := shipping.Open(t.Context(), r.log, views)
		r.must(err)
		for _, f := range flows {
			list = append(list, f.Kind+" "+f.ID)
		}
		return list
	}
	if got, want := open(), []string{"shipping " + shipping.FlowID(ids[0], 1)}; !slices.Equal(got, want) {
		t.Errorf("open %v, want %v", got, want)
	}
	r.start(false)
	r.until("the request has ended", func() bool { return r.settled(ids[1]) })
	r.until("no request is open", func() bool { return len(open()) == 0 })
}
