package ingest_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/connect"
	"github.com/creatorflow/creatorflow/domain/events"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(storagetest.With(m)) }

const (
	appKey    = "cfappkey01"
	appSecret = "cf_test_secret_0123456789abcdef"
	shopID    = "7490000000000000001"
	otherShop = "7490000000000000002"
	skuA      = "172900000000000077" // and the shop's last digit
	skuB      = "172900000000000078"
)

// rig is a simulated vendor, the hub's storage and an ingest between them.
type rig struct {
	*tiktoksim.Sim
	t        testing.TB
	log      *eventlog.Log
	vault    *vault.Vault
	registry *connect.Registry
	ingest   *ingest.Ingest
	app      channels.App
	shop     channels.Connection
	options  ingest.Options
	storage  *storagetest.Place
	ended    chan error // what Run of the present ingest returned
	timeout  time.Duration
	public   string
	url      string                                                            // of the vendor
	front    atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool] // answers in the vendor's place, when it wants to

	news   chan struct{}
	hub    atomic.Pointer[ingest.Ingest] // where webhooks go
	offset atomic.Int64                  // of the clock

	mu         sync.Mutex
	deliveries []delivery // what the vendor sent, in order
	stop       func()
}

type delivery struct {
	header http.Header
	body   []byte
	status int
}

// knobs of a rig; the zero value is a shop with webhooks and a lazy poll.
type knobs struct {
	sim     tiktoksim.Config
	ingest  ingest.Options
	silent  bool // the vendor sends no webhooks
	shops   []string
	refuses bool          // no shop is connected yet
	timeout time.Duration // of a call; 0 = 2 s
	public  string        // the hub's address for webhooks that it sets up itself
}

func newRig(t testing.TB, k knobs) *rig {
	t.Helper()
	r := &rig{t: t, news: make(chan struct{}, 1), stop: func() {}}
	hooks := httptest.NewServer(http.HandlerFunc(r.webhook))
	t.Cleanup(hooks.Close)
	k.sim.AppKey, k.sim.AppSecret, k.sim.Clock = appKey, appSecret, r.now
	if k.sim.Seed == 0 {
		k.sim.Seed = 1
	}
	k.sim.Client = &http.Client{Transport: &http.Transport{}}
	t.Cleanup(k.sim.Client.CloseIdleConnections)
	if !k.silent {
		k.sim.WebhookURL = hooks.URL
	}
	r.Sim = tiktoksim.New(k.sim)
	handler := r.Handler()
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if front := r.front.Load(); front == nil || !(*front)(w, q) {
			handler.ServeHTTP(w, q)
		}
	}))
	t.Cleanup(vendor.Close)
	r.url = vendor.URL
	r.background(func(ctx context.Context) error { return r.Run(ctx) })
	r.openStorage()
	r.options, r.timeout, r.public = k.ingest, cmp.Or(k.timeout, 2*time.Second), k.public
	r.openHub()
	app, err := r.registry.AddApp(t.Context(), channels.App{Channel: "tiktok", Key: appKey, Secrets: []string{appSecret}, BaseURL: vendor.URL, AuthURL: vendor.URL})
	if err != nil {
		t.Fatal(err)
	}
	r.app = app
	if len(k.shops) == 0 {
		k.shops = []string{shopID}
	}
	for _, id := range k.shops {
		r.addShop(id)
		if !k.refuses {
			c := r.authorize(id)
			if id == shopID {
				r.shop = c
			}
		}
	}
	r.start()
	if !k.refuses {
		r.until("every shop was polled", func() bool {
			n := 0
			for _, s := range r.ingest.Status() {
				if !s.LastPoll.IsZero() {
					n++
				}
			}
			return n == len(k.shops)
		})
	}
	return r
}

func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.offset.Load())) }

// background runs a part until the test ends.
func (r *rig) background(run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = run(ctx) }()
	r.t.Cleanup(func() { cancel(); <-done })
}

func (r *rig) openStorage() {
	r.t.Helper()
	r.storage = storagetest.New(r.t)
	var err error
	if r.log, err = eventlog.Open(r.t.Context(), r.storage.Log(), eventlog.Options{Decode: events.Decode, Clock: r.now}); err != nil {
		r.t.Fatal(err)
	}
	r.background(r.log.Run)
	if r.vault, err = vault.Open(r.storage.Vault(), vault.Master{1}, vault.Options{Clock: r.now}); err != nil {
		r.t.Fatal(err)
	}
}

// openHub opens what a restart of the process would open; start runs it.
func (r *rig) openHub() {
	r.t.Helper()
	var err error
	if r.registry, err = connect.Open(r.t.Context(), r.log, r.vault, connect.Options{Clock: r.now, Timeout: r.timeout, Public: r.public}); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(r.registry.Close)
	o := r.options
	o.Log, o.Vault, o.Connect, o.Clock = r.log, r.vault, r.registry, r.now
	if o.Poll == 0 {
		o.Poll = time.Hour
	}
	if o.Quantities == 0 {
		o.Quantities = -1
	}
	if o.Chance == nil {
		o.Chance = func() float64 { return 0.02 }
	}
	o.Notify = func(string) {
		select {
		case r.news <- struct{}{}:
		default:
		}
	}
	r.ingest = ingest.New(o)
	r.hub.Store(r.ingest)
}

func (r *rig) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	i, ended := r.ingest, make(chan error, 1)
	r.ended = ended
	go func() { defer close(done); ended <- i.Run(ctx) }()
	var once sync.Once
	r.stop = func() { once.Do(func() { cancel(); <-done }) }
	r.t.Cleanup(r.stop)
}

// restart is a new process over the same storage; between is done while none runs.
func (r *rig) restart(between func()) {
	r.t.Helper()
	r.stop()
	if between != nil {
		between()
	}
	r.openHub()
	r.start()
}

// webhook is the hub's door.
func (r *rig) webhook(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	d := delivery{header: q.Header.Clone(), body: body}
	d.status = r.hub.Load().Receive(q.Context(), "tiktok", r.app.ID, q.Header, body)
	r.mu.Lock()
	r.deliveries = append(r.deliveries, d)
	r.mu.Unlock()
	w.WriteHeader(d.status)
}

func (r *rig) sent() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery(nil), r.deliveries...)
}

func (r *rig) addShop(id string) {
	r.t.Helper()
	r.AddShop(tiktoksim.Shop{ID: id, Name: "Shop " + id[18:]})
	last := id[len(id)-1:]
	if _, err := r.AddProduct(id, tiktoksim.Product{Title: "Hoodie", SKUs: []tiktoksim.SKU{
		{ID: skuA + last, SellerSKU: " HOODIE-M ", Price: "19.99", Quantity: 1000},
		{ID: skuB + last, SellerSKU: "Cafe\u0301", Price: "21.50", Quantity: 1000},
	}}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) authorize(id string) channels.Connection {
	r.t.Helper()
	added, err := r.registry.Authorize(r.t.Context(), r.app.ID, channels.Grant{"code": r.AuthCode(id)}, "")
	if err != nil {
		r.t.Fatal(err)
	}
	return added[0]
}

func (r *rig) place(shop string, unpaid bool) string {
	r.t.Helper()
	last := shop[len(shop)-1:]
	id, err := r.PlaceOrder(shop, tiktoksim.NewOrder{
		BuyerID: "7494000000000000001", BuyerName: "Ana Canary", BuyerEmail: "ana@canary.test", Phone: "+44700900", Address: "1 Canary Street", City: "Leeds", Unpaid: unpaid,
		Lines: []tiktoksim.Line{{SKUID: skuA + last, Quantity: 2}, {SKUID: skuB + last, Quantity: 1}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// until waits for a condition. Notify tells of the hub's changes; the vendor's have to be asked for.
func (r *rig) until(what string, reached func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	ask := time.NewTicker(2 * time.Millisecond)
	defer ask.Stop()
	for !reached() {
		select {
		case <-r.news:
		case <-ask.C:
		case <-ctx.Done():
			r.t.Fatalf("waited in vain until %s\n%s", what, r.dump())
		}
	}
}

func (r *rig) caughtUp() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	if err := r.ingest.CaughtUp(ctx); err != nil {
		r.t.Fatalf("catch up: %v\n%s", err, r.dump())
	}
}

// delivered waits until the vendor has nothing left to send, and all of it was taken in.
func (r *rig) delivered() {
	r.t.Helper()
	r.until("the vendor has sent everything", func() bool { return r.Counts().Webhooks.Pending == 0 })
	r.caughtUp()
}

// dump is what a failure shows.
func (r *rig) dump() string {
	var b strings.Builder
	for _, e := range r.records() {
		fmt.Fprintf(&b, "%d %s %s %s\n", e.Position, e.Stream, e.Name, e.Data)
	}
	items, err := r.vault.Listed(context.Background(), nil, 0, 100)
	for _, i := range items {
		fmt.Fprintf(&b, "item %d %s %q attempts %d\n", i.Number, i.State, i.Reason, i.Attempts)
	}
	fmt.Fprintf(&b, "%v %+v\n%+v\n", err, r.ingest.Status(), r.Counts().Webhooks)
	return b.String()
}

func (r *rig) records() []eventlog.Record {
	var all []eventlog.Record
	for {
		records, err := r.log.ReadAll(context.Background(), eventlog.Position(len(all)), 1000)
		if err != nil {
			r.t.Error(err)
		}
		if all = append(all, records...); len(records) < 1000 {
			return all
		}
	}
}

// names are an order's events.
func (r *rig) names(c channels.Connection, id string) string {
	var names []string
	for _, e := range r.records() {
		if e.Stream.Kind == "order" && e.Stream.ID == c.ID+":"+id {
			names = append(names, strings.TrimPrefix(e.Name, "order."))
		}
	}
	return strings.Join(names, " ")
}

func (r *rig) wantNames(id, want string) {
	r.t.Helper()
	if got := r.names(r.shop, id); got != want {
		r.t.Errorf("order %s: %q, want %q", id, got, want)
	}
}

// order folds an order.
func (r *rig) order(c channels.Connection, id string) orders.State {
	r.t.Helper()
	folded, err := r.log.Fold(r.t.Context(), orders.Fold("main", c.ID+":"+id))
	if err != nil {
		r.t.Fatal(err)
	}
	return folded.Value.(orders.State)
}

func found[E eventlog.Event](r *rig) (list []E) {
	for _, e := range r.records() {
		if e, ok := e.Event.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

func (r *rig) drifted() []shopevents.Drifted { return found[shopevents.Drifted](r) }
func (r *rig) opened() []letterevents.Opened { return found[letterevents.Opened](r) }

func (r *rig) item(number int64) vault.Item {
	r.t.Helper()
	item, err := r.vault.Item(r.t.Context(), number)
	if err != nil {
		r.t.Fatal(err)
	}
	return item
}

func (r *rig) wantState(number int64, state string) vault.Item {
	r.t.Helper()
	item := r.item(number)
	if item.State != state {
		r.t.Errorf("item %d is %s (%s), want %s", number, item.State, item.Reason, state)
	}
	return item
}

func (r *rig) status(c channels.Connection) ingest.ShopStatus {
	for _, s := range r.ingest.Status() {
		if s.Connection == c.ID {
			return s
		}
	}
	return ingest.ShopStatus{}
}

// post sends a webhook that the vendor did not, signed as the vendor signs.
func (r *rig) post(body string) int {
	r.t.Helper()
	return r.ingest.Receive(r.t.Context(), "tiktok", r.app.ID, http.Header{"Authorization": {sign(body)}}, []byte(body))
}

func sign(body string) string {
	mac := hmac.New(sha256.New, []byte(appSecret))
	_, _ = io.WriteString(mac, appKey+body)
	return hex.EncodeToString(mac.Sum(nil))
}

// hint is a webhook body about an order.
func hint(number int, shop, order string, updated time.Time) string {
	return fmt.Sprintf(`{"type":1,"tts_notification_id":"77000000%d","shop_id":%q,"timestamp":%d,"data":{"order_id":%q,"order_status":"AWAITING_SHIPMENT","update_time":%d}}`,
		number, shop, updated.Unix(), order, updated.Unix())
}

// answer has something else answer in the vendor's place; nil ends it.
func (r *rig) answer(front func(w http.ResponseWriter, q *http.Request) bool) {
	if front == nil {
		r.front.Store(nil)
		return
	}
	r.front.Store(&front)
}

// spoil changes the vendor's answers on a path.
func (r *rig) spoil(path string, change func(q *http.Request, body []byte) []byte) {
	handler := r.Handler()
	r.answer(func(w http.ResponseWriter, q *http.Request) bool {
		if !strings.HasPrefix(q.URL.Path, path) {
			return false
		}
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, q)
		w.WriteHeader(rec.Code)
		_, _ = io.Copy(w, bytes.NewReader(change(q, rec.Body.Bytes())))
		return true
	})
}

const (
	detailPath = "/order/202507/orders"
	searchPath = "/order/202309/orders/search"
)

func connection(r *rig, id string) (c channels.Connection) {
	for _, c := range r.registry.Connections() {
		if c.ID == id {
			return c
		}
	}
	return c
}

// readAll reads a request's body and leaves it to be read again.
func readAll(q *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(q.Body)
	q.Body = io.NopCloser(bytes.NewReader(raw))
	return raw, err
}
