package aftersales_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/connect"
	"github.com/creatorflow/creatorflow/dispatch"
	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/events"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

const (
	shopID = "7490000000000000001"
	hoodie = "1729000000000000777"
)

// rig is a simulated shop with one order, known to a hub of which only the flow of answers runs. Its process can be killed and
// started again later, by a clock that is set ahead.
type rig struct {
	*testing.T
	*tiktoksim.Sim
	serve    http.Handler // of the vendor
	log      *eventlog.Log
	registry *connect.Registry
	desk     *dispatch.Desk
	take     *intake.Intake
	shop     channels.Connection
	order    string
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
	r.open(r.Handler(), channels.App{Channel: "tiktok", Key: "cfappkey01", Secrets: []string{"cf_test_secret_0123456789abcdef"}}, channels.Grant{"code": r.AuthCode(shopID)})
	r.order, err = r.PlaceOrder(shopID, tiktoksim.NewOrder{BuyerID: "7494000000000000001", BuyerName: "Ana", Lines: []tiktoksim.Line{{SKUID: hoodie, Quantity: 2}}})
	r.must(err)
	return r
}

// open connects a hub to the vendor's one shop.
func (r *rig) open(serve http.Handler, app channels.App, grant channels.Grant) {
	r.Helper()
	r.serve = serve
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		front := r.front
		r.mu.Unlock()
		if front == nil || !front(w, q) {
			r.serve.ServeHTTP(w, q)
		}
	}))
	r.Cleanup(vendor.Close)
	place := storagetest.New(r.T)
	var err error
	r.log, err = eventlog.Open(r.Context(), place.Log(), eventlog.Options{Decode: events.Decode, Clock: r.now})
	r.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.log.Run(ctx) }()
	r.Cleanup(func() { cancel(); <-done })
	v, err := vault.Open(place.Vault(), vault.Master{1}, vault.Options{Clock: r.now})
	r.must(err)
	r.registry, err = connect.Open(r.Context(), r.log, v, connect.Options{Clock: r.now, Timeout: time.Second})
	r.must(err)
	r.Cleanup(r.registry.Close)
	app.BaseURL, app.AuthURL = vendor.URL, vendor.URL
	app, err = r.registry.AddApp(r.Context(), app)
	r.must(err)
	added, err := r.registry.Authorize(r.Context(), app.ID, grant, "")
	r.must(err)
	r.shop, r.desk, r.take = added[0], dispatch.New(r.registry, v), intake.New(r.log, v, "main")
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) id() string { return orders.ID(r.shop.ID, r.order) }

// start runs the flow of answers; a process that stood for a while has its clock ahead.
func (r *rig) start() {
	ctx, cancel := context.WithCancel(context.Background())
	runner := flow.NewRunner(r.log, []*flow.Definition{aftersales.Definition("main", r.desk)}, flow.Options{
		Open:  func(context.Context) (eventlog.Position, []flow.Open, error) { return 0, nil, nil },
		Clock: r.now, Chance: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler),
	})
	done := make(chan struct{})
	go func() { defer close(done); _ = runner.Run(ctx) }()
	r.kill = sync.OnceFunc(func() { cancel(); <-done })
	r.Cleanup(func() { r.kill() })
}

// look takes in what the shop shows of the order and its claims.
func (r *rig) look() {
	r.Helper()
	c, _ := r.registry.Connector(r.shop.ID)
	page, err := c.Orders(r.Context(), []string{r.order})
	r.must(err)
	_, err = r.take.Observe(r.Context(), r.shop, page.Orders[0], "poll:test")
	r.must(err)
	for _, kind := range []channels.ClaimKind{channels.Cancellation, channels.Return} {
		read, err := c.(channels.AfterSales).ClaimsOf(r.Context(), kind, []string{r.order}, "")
		r.must(err)
		for _, claim := range read.Claims {
			_, err := r.take.ObserveClaim(r.Context(), r.shop, claim, "poll:test")
			r.must(err)
		}
	}
}

func (r *rig) state() orders.State {
	r.Helper()
	s, err := r.log.Fold(context.Background(), orders.Fold("main", r.id()))
	r.must(err)
	return s.Value.(orders.State)
}

func (r *rig) ask(a aftersales.Answer) error {
	a.Order = r.id()
	_, err := eventlog.Execute(r.Context(), r.log, orderevents.Stream("main", a.Order), aftersales.Answering(), a, eventlog.Meta{Actor: "user:ana"})
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

// answers prepares what the seller answers in a test, and how often the answer came to the vendor and took effect there.
var answers = map[string]struct {
	prepare func(r *rig) aftersales.Answer
	path    string
	effects func(r *rig) (tries, took int)
}{
	"cancel an order": {
		func(*rig) aftersales.Answer {
			return aftersales.Answer{Action: orders.ActionCancel, Reason: "out_of_stock"}
		},
		"/return_refund/202309/cancellations",
		func(r *rig) (int, int) { c := r.Counts(); return c.CancelTries[r.order], c.SellerCancels[r.order] },
	},
	"approve a cancellation": {func(r *rig) aftersales.Answer { return r.buyerCancels(orders.ActionApprove) }, "/approve", answered},
	"reject a cancellation":  {func(r *rig) aftersales.Answer { return r.buyerCancels(orders.ActionReject) }, "/reject", answered},
	"approve a return": {
		func(r *rig) aftersales.Answer {
			c, _ := r.registry.Connector(r.shop.ID)
			page, err := c.Orders(r.Context(), []string{r.order})
			r.must(err)
			_, err = c.(channels.PlatformShipping).Arrange(r.Context(), page.Orders[0].Packages[0])
			r.must(err)
			r.must(r.Collect(shopID, r.order))
			r.must(r.Deliver(shopID, r.order))
			id, err := r.RequestReturn(shopID, r.order, "RETURN_AND_REFUND", "damaged")
			r.must(err)
			return aftersales.Answer{Action: orders.ActionApprove, Kind: orders.Return, Claim: id}
		}, "/approve", answered,
	},
}

func (r *rig) buyerCancels(action string) aftersales.Answer {
	r.Helper()
	r.must(r.RequestCancel(shopID, r.order, "no_longer_needed"))
	r.look()
	return aftersales.Answer{Action: action, Kind: orders.Cancellation, Claim: r.state().Claims[0].ClaimOpened.Claim, Reason: "packed"}
}

func answered(r *rig) (tries, took int) {
	c := r.Counts()
	for _, n := range c.AnswerTries {
		tries += n
	}
	for _, n := range c.Answers {
		took += n
	}
	return tries, took
}

// troubles are what may become of a request on its way, and whether the process died of it.
var troubles = map[string]func(r *rig, is func(q *http.Request) bool) (killed bool){
	"no trouble": func(*rig, func(*http.Request) bool) bool { return false },
	"the answer is lost": func(r *rig, is func(q *http.Request) bool) bool {
		r.before(func(_ http.ResponseWriter, q *http.Request) bool {
			if !is(q) {
				return false
			}
			r.serve.ServeHTTP(httptest.NewRecorder(), q)
			panic(http.ErrAbortHandler)
		})
		return false
	},
	"the answer is lost and nothing can be read": func(r *rig, is func(q *http.Request) bool) bool {
		var lost atomic.Bool
		failed := make(chan struct{})
		closed := sync.OnceFunc(func() { close(failed) })
		r.before(func(_ http.ResponseWriter, q *http.Request) bool {
			switch {
			case is(q):
				r.serve.ServeHTTP(httptest.NewRecorder(), q)
				lost.Store(true)
			case !lost.Load():
				return false
			default:
				closed()
			}
			panic(http.ErrAbortHandler)
		})
		r.start()
		<-failed
		r.until("it is not known what was done", func() bool { return strings.Contains(strings.Join(r.names(), " "), "flow.step_failed") })
		return true
	},
	"killed when it was done": func(r *rig, is func(q *http.Request) bool) bool { return r.dies(is, true) },
	"killed before":           func(r *rig, is func(q *http.Request) bool) bool { return r.dies(is, false) },
}

// Whatever becomes of the request on its way, the channel is told once.
func TestToldOnce(t *testing.T) {
	for what, a := range answers {
		for trouble, meet := range troubles {
			t.Run(what+", "+trouble, func(t *testing.T) {
				r := newRig(t)
				r.look()
				answer := a.prepare(r)
				r.look()
				r.must(r.ask(answer))
				killed := meet(r, func(q *http.Request) bool {
					return q.Method == http.MethodPost && strings.HasSuffix(q.URL.Path, a.path)
				})
				if killed {
					r.kill()
					r.before(nil)
					r.ahead.Add(int64(5 * time.Minute))
				}
				r.start()
				r.until("the answer has ended", func() bool { return r.state().Asked == nil })
				if tries, took := a.effects(r); tries != 1 || took != 1 {
					t.Errorf("the channel was told %d times, and %d took effect; want 1, 1", tries, took)
				}
				records, err := r.log.ReadStream(t.Context(), orderevents.Stream("main", r.id()), 0, 100)
				r.must(err)
				if last, ok := records[len(records)-1].Event.(orderevents.AnswerEnded); !ok || !last.Done {
					t.Errorf("ended as %+v, want done", records[len(records)-1].Event)
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
			r.serve.ServeHTTP(httptest.NewRecorder(), q)
		}
		_, _ = io.Copy(io.Discard, q.Body) // else the server does not see the client go
		told()
		<-q.Context().Done() // the answer never comes
		panic(http.ErrAbortHandler)
	})
	r.start()
	<-under
	return true
}

// What has moved on at the channel since the seller saw it is not answered, and an answer that the channel refuses says so.
func TestAnswerThatComesTooLate(t *testing.T) {
	for name, test := range map[string]struct {
		action string
		moved  func(r *rig, claim string) error
		done   bool
		says   string
	}{
		"approved, and withdrawn before": {orders.ActionApprove, func(r *rig, claim string) error { return r.TakeBack(shopID, claim) }, false, "withdrawn"},
		"rejected, and withdrawn before": {orders.ActionReject, func(r *rig, claim string) error { return r.TakeBack(shopID, claim) }, true, ""},
		"approved, and cancelled before": {orders.ActionApprove, func(r *rig, _ string) error { return r.CancelOrder(shopID, r.order, "x") }, true, ""},
		"rejected, and cancelled before": {orders.ActionReject, func(r *rig, _ string) error { return r.CancelOrder(shopID, r.order, "x") }, false, "completed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.look()
			answer := r.buyerCancels(test.action)
			r.must(test.moved(r, answer.Claim))
			r.must(r.ask(answer))
			if err := r.ask(answer); err == nil || !strings.Contains(err.Error(), "on its way") {
				t.Errorf("a second answer beside the first: %v", err)
			}
			r.start()
			r.until("the answer has ended", func() bool { return r.state().Asked == nil })
			records, err := r.log.ReadStream(t.Context(), orderevents.Stream("main", r.id()), 0, 100)
			r.must(err)
			last, _ := records[len(records)-1].Event.(orderevents.AnswerEnded)
			if last.Done != test.done || !strings.Contains(last.Sentence, test.says) || (last.Sentence == "") != test.done {
				t.Errorf("ended as %+v", last)
			}
			if tries, _ := answered(r); tries != 0 {
				t.Errorf("the channel was told %d times what it did not ask any more", tries)
			}
		})
	}
}

// A no that the channel says it took and did not carry out holds the order as before: the channel decides in time, and not for the seller.
func TestNoThatIsNotCarriedOut(t *testing.T) {
	r := newRig(t)
	r.look()
	answer := r.buyerCancels(orders.ActionReject)
	r.before(func(w http.ResponseWriter, q *http.Request) bool {
		if !strings.HasSuffix(q.URL.Path, "/reject") {
			return false
		}
		_, _ = io.WriteString(w, `{"code":0,"message":"Success","request_id":"1","data":{}}`)
		return true
	})
	r.must(r.ask(answer))
	r.start()
	r.until("the answer has ended", func() bool { return r.state().Asked == nil })
	r.look()
	if c, _ := r.state().Claim(orders.Cancellation, answer.Claim); c.State != orders.ClaimPending || r.state().Held() == "" {
		t.Errorf("the request is %s, and the order goes on: %q", c.State, r.state().Held())
	}
}

// A return that was agreed by a try whose answer was lost, and whose goods are on their way by now, is not refunded by the next try.
func TestApprovalIsNotReceipt(t *testing.T) {
	r := newRig(t)
	r.look()
	answer := answers["approve a return"].prepare(r)
	r.look()
	r.must(r.ask(answer))
	r.dies(func(q *http.Request) bool { return strings.HasSuffix(q.URL.Path, "/approve") }, true)
	r.kill()
	r.before(nil)
	r.must(r.SendBack(shopID, answer.Claim))
	r.ahead.Add(int64(5 * time.Minute))
	r.start()
	r.until("the answer has ended", func() bool { return r.state().Asked == nil })
	r.look()
	if c, _ := r.state().Claim(orders.Return, answer.Claim); c.State != orders.ClaimSent {
		t.Errorf("the return is %s, want the seller to look at the goods first", c.State)
	}
}

// A process that starts finds the answers that are on their way in the views, wherever the log begins to be read.
func TestOpen(t *testing.T) {
	r := newRig(t)
	r.look()
	views := storagetest.New(t).Views()
	fold := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		runner := projection.NewRunner(r.log, views, []projection.Projection{orders.View{}}, projection.Options{})
		go func() { defer close(done); _ = runner.Run(ctx) }()
		r.must(runner.WaitFor(ctx, r.log.Head().Position))
		cancel()
		<-done
	}
	open := func() (ids []string) {
		t.Helper()
		position, flows, err := aftersales.Open(t.Context(), r.log, views)
		r.must(err)
		if position < r.log.Head().Position {
			t.Errorf("read from %d, the log is at %d", position, r.log.Head().Position)
		}
		for _, f := range flows {
			ids = append(ids, f.ID)
		}
		return ids
	}
	if position, flows, err := aftersales.Open(t.Context(), r.log, views); position != 0 || len(flows) != 0 || err != nil {
		t.Errorf("without views: %d, %v, %v", position, flows, err)
	}
	r.must(r.ask(answers["cancel an order"].prepare(r)))
	fold()
	if got := open(); len(got) != 1 || got[0] != aftersales.FlowID(r.id(), 1) {
		t.Errorf("asked: %v", got)
	}
	r.start()
	r.until("the answer has ended", func() bool { return r.state().Asked == nil })
	r.kill()
	fold()
	if got := open(); len(got) != 0 {
		t.Errorf("ended: %v", got)
	}
}
