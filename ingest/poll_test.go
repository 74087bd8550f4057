package ingest_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/ingest"
)

// fast polls so often that a test need not wait.
const fast = 30 * time.Millisecond

func TestPollingAloneIsEnough(t *testing.T) {
	r := newRig(t, knobs{silent: true, ingest: ingest.Options{Poll: fast, Grace: time.Millisecond}})
	id := r.place(shopID, true)
	r.until("it is placed", func() bool { return r.order(r.shop, id).Status == "unpaid" })
	r.must(r.PayOrder(shopID, id))
	r.until("it is paid", func() bool { return r.order(r.shop, id).Status == "ready" })
	r.must(r.CancelOrder(shopID, id, "buyer"))
	r.until("it is cancelled", func() bool { return r.order(r.shop, id).Status == "cancelled" })
	r.until("its cancellation is known", func() bool { return len(r.order(r.shop, id).Claims) == 1 })
	r.wantNames(id, "placed status_changed payment_completed cancelled claim_opened")
	for _, e := range r.records() {
		if e.Stream.Kind == "order" && e.Cause != "poll:"+r.shop.ID {
			t.Errorf("cause %q", e.Cause)
		}
	}
	r.passes(3)
	if n := len(r.drifted()); n != 0 {
		t.Errorf("%d drifts where no webhook was ever expected", n)
	}
}

// News of quantities alone do not say that orders are told of by webhook: those that the poll finds are no drift.
func TestNewsOfQuantitiesPromiseNoOrders(t *testing.T) {
	r := newRig(t, knobs{silent: true, ingest: ingest.Options{Poll: fast, Grace: time.Millisecond}})
	r.ingest.Received(r.app, []channels.Hint{{Kind: channels.KindQuantity, Shop: shopID}}, r.now(), true)
	id := r.place(shopID, false)
	r.until("the poll found it", func() bool { return r.order(r.shop, id).Known() })
	r.passes(3)
	if n, at := len(r.drifted()), r.status(r.shop).LastWebhook; n != 0 || !at.IsZero() {
		t.Errorf("%d drifts where no webhook of orders ever came, the last webhook %s", n, at)
	}
}

// passes waits for so many more full passes of the poll.
func (r *rig) passes(n int) {
	r.t.Helper()
	for range n {
		before := r.status(r.shop).LastPoll
		r.until("another pass", func() bool { return r.status(r.shop).LastPoll.After(before) })
	}
}

// Webhooks that somebody removed at the channel are set up again once a day, and what goes elsewhere is left alone.
func TestMissingWebhooksAreSetUpDaily(t *testing.T) {
	r := newRig(t, knobs{silent: true, public: "http://127.0.0.1:1", ingest: ingest.Options{Poll: fast}})
	set := func() []shopevents.Subscribed { return found[shopevents.Subscribed](r) }
	r.until("webhooks are set up", func() bool { return len(set()) == 7 })
	looks := func() int { return r.Counts().Requests["GET /event/202309/webhooks"] }
	r.until("the first poll has looked", func() bool { return looks() == 2 })
	r.must(r.SetWebhook(shopID, "PACKAGE_UPDATE", ""))
	r.must(r.SetWebhook(shopID, "ORDER_STATUS_CHANGE", "http://elsewhere.example"))
	r.passes(3)
	if n := looks(); n != 2 {
		t.Errorf("looked %d times within a day", n)
	}
	r.offset.Add(int64(25 * time.Hour))
	r.until("the one that goes nowhere is set up again", func() bool { return len(set()) == 8 })
	if last := set()[7]; last.Topic != "PACKAGE_UPDATE" || last.Address != "http://127.0.0.1:1/webhooks/tiktok/"+r.app.ID || last.Was != "" {
		t.Errorf("set up %+v", last)
	}
	r.passes(2)
	if n := len(set()); n != 8 || looks() != 3 {
		t.Errorf("%d were set up and it looked %d times", n, looks())
	}
}

// A lost webhook is made good by the poll, which counts it once; news that a webhook did bring, early
// or late, is no drift, and what the poll brought is not news again when its webhook comes at last.
func TestLostWebhookIsFoundOnce(t *testing.T) {
	r := newRig(t, knobs{ingest: ingest.Options{Poll: fast, Grace: time.Minute}})
	told := r.place(shopID, false)
	r.delivered()
	r.SetFaults(tiktoksim.Faults{Lose: 1})
	lost := r.place(shopID, false)
	r.SetFaults(tiktoksim.Faults{})
	r.until("the poll found it", func() bool { return r.order(r.shop, lost).Known() })
	if n := len(r.drifted()); n != 0 {
		t.Errorf("%d drifts before the webhook was late", n)
	}
	r.offset.Store(int64(2 * time.Minute))
	r.until("it counts as drift", func() bool { return len(r.drifted()) == 1 })
	if d := r.drifted()[0]; d.Order != r.shop.ID+":"+lost || d.Connection != r.shop.ID || !strings.Contains(d.Found, "AWAITING_SHIPMENT") {
		t.Errorf("drifted %+v", d)
	}
	if status := r.post(hint(1, shopID, lost, r.now())); status != http.StatusOK { // two days late
		t.Fatal(status)
	}
	r.caughtUp()
	r.passes(5)
	if n := len(r.drifted()); n != 1 {
		t.Errorf("%d drifts", n)
	}
	r.wantNames(lost, "placed")
	r.wantNames(told, "placed")
}

// What somebody changed by hand at the shop, and what no webhook told, is taken in by the next pass, whole and once: each is an event
// of its order and one that says what the poll found. Further passes add nothing, and nothing is written back.
func TestPlantedDriftIsRepairedByOnePass(t *testing.T) {
	r := newRig(t, knobs{timeout: time.Minute, ingest: ingest.Options{Poll: fast, Grace: time.Nanosecond}})
	ends, pass := make(chan struct{}), make(chan struct{}) // a pass waits at its last call until the next one may begin
	r.answer(func(_ http.ResponseWriter, q *http.Request) bool {
		if strings.HasPrefix(q.URL.Path, "/return_refund/202309/returns/search") {
			select {
			case ends <- struct{}{}:
			case <-t.Context().Done():
			}
			select {
			case <-pass:
			case <-t.Context().Done():
			}
		}
		return false
	})
	<-ends
	cancelled, sent, told := r.place(shopID, false), r.place(shopID, false), r.place(shopID, false)
	r.delivered()
	r.offset.Store(int64(2 * time.Second)) // the shop tells states apart by the second
	r.SetFaults(tiktoksim.Faults{Lose: 1})
	r.must(r.CancelOrder(shopID, cancelled, "buyer"))
	r.ship(sent)
	lost := r.place(shopID, false)
	r.SetFaults(tiktoksim.Faults{})
	planted, asked := len(r.records()), r.Counts().Requests

	pass <- struct{}{}
	<-ends
	r.wantNames(cancelled, "placed cancelled claim_opened")
	r.wantNames(sent, "placed status_changed")
	r.wantNames(lost, "placed")
	r.wantNames(told, "placed")
	all := r.records()
	for _, e := range all[planted:] {
		if e.Cause != "poll:"+r.shop.ID {
			t.Errorf("%s %s because of %q", e.Stream, e.Name, e.Cause)
		}
	}
	said := map[string]string{}
	for _, d := range r.drifted() {
		said[strings.TrimPrefix(d.Order, r.shop.ID+":")] = d.Found
	}
	want := map[string]string{}
	for id, status := range map[string]string{cancelled: "CANCELLED", sent: "AWAITING_COLLECTION", lost: "AWAITING_SHIPMENT"} {
		want[id] = "The poll found the order as " + status + "; no webhook had said so."
	}
	if !maps.Equal(said, want) || len(r.drifted()) != len(want) {
		t.Errorf("told %v, want %v", said, want)
	}
	for range 3 {
		pass <- struct{}{}
		<-ends
	}
	if n := len(r.records()); n != len(all) {
		t.Errorf("%d events more after further passes\n%s", n-len(all), r.dump())
	}
	for call, n := range r.Counts().Requests {
		if n > asked[call] && !strings.HasPrefix(call, "GET ") && !strings.HasSuffix(call, "/search") {
			t.Errorf("the hub called %s", call)
		}
	}
}

// A webhook that comes after the poll, but within the grace, is on time.
func TestWebhookAfterThePollIsNoDrift(t *testing.T) {
	r := newRig(t, knobs{ingest: ingest.Options{Poll: fast, Grace: 30 * time.Second}})
	r.place(shopID, false)
	r.delivered()
	r.SetFaults(tiktoksim.Faults{Delay: 1, MaxDelay: 400 * time.Millisecond})
	var ids []string
	for range 5 {
		ids = append(ids, r.place(shopID, false))
	}
	r.delivered()
	for _, id := range ids {
		r.wantNames(id, "placed")
	}
	r.offset.Store(int64(time.Minute)) // past every grace
	r.passes(2)
	if d := r.drifted(); len(d) != 0 {
		t.Errorf("drifted %+v", d)
	}
}

// windows are what the poll asked for.
type windows struct {
	from, to, widest, n atomic.Int64
}

func (r *rig) watchWindows() *windows {
	w := &windows{}
	r.answer(func(_ http.ResponseWriter, q *http.Request) bool {
		if strings.HasPrefix(q.URL.Path, searchPath) {
			var body struct {
				From int64 `json:"update_time_ge"`
				To   int64 `json:"update_time_lt"`
			}
			// The simulator needs the body as well.
			if raw, err := readAll(q); err == nil && json.Unmarshal(raw, &body) == nil {
				const lead = 3600 // for orders that change while the pass lists
				body.To -= lead
				w.from.Store(body.From)
				w.to.Store(body.To)
				w.n.Add(1)
				w.widest.Store(max(w.widest.Load(), body.To-body.From))
			}
		}
		return false
	})
	return w
}

func TestCursorMovesAfterAFullPassOnly(t *testing.T) {
	r := newRig(t, knobs{silent: true, ingest: ingest.Options{Poll: fast, Overlap: time.Minute, LookBack: 2 * time.Hour}})
	w := r.watchWindows()
	r.passes(2)
	if got := w.to.Load() - w.from.Load(); got > 3 {
		t.Errorf("a window of %d s, want the short one", got)
	}
	r.offset.Store(int64(21 * time.Second))
	r.until("a deep pass", func() bool { return w.widest.Load() >= 60 })
	if got := w.widest.Load(); got > 60+21+3 {
		t.Errorf("a window of %d s, want the overlap of 60 and what passed", got)
	}
	r.passes(1)
	before, err := r.vault.Cursor(t.Context(), "poll:"+r.shop.ID)
	r.must(err)
	// Down for an hour: the next full pass looks back over all of it.
	r.answer(func(w http.ResponseWriter, q *http.Request) bool {
		down := strings.HasPrefix(q.URL.Path, searchPath)
		if down {
			w.WriteHeader(http.StatusBadGateway)
		}
		return down
	})
	r.until("the shop is failing", func() bool { return len(found[shopevents.Failing](r)) == 1 })
	held, err := r.vault.Cursor(t.Context(), "poll:"+r.shop.ID)
	r.must(err)
	if at, _ := time.Parse(time.RFC3339Nano, held); at.Sub(parse(t, before)) > 10*time.Second {
		t.Errorf("the cursor moved from %s to %s", before, held)
	}
	id := r.place(shopID, false)
	r.offset.Store(int64(time.Hour))
	w = r.watchWindows()
	r.until("the order is in", func() bool { return r.order(r.shop, id).Known() })
	if got := w.to.Load() - w.from.Load(); w.n.Load() == 1 && (got < 3600 || got > 3700) {
		t.Errorf("a window of %d s", got)
	}
	r.until("the shop recovered", func() bool { return len(found[shopevents.Recovered](r)) == 1 })
}

func parse(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A poll pages: more orders than a page holds. It comes to the end of them though the channel fails
// now and then, or forgets the listing.
func TestPollPages(t *testing.T) {
	for name, front := range map[string]func(w http.ResponseWriter, n int64) bool{
		"a good channel": nil,
		"two searches of four fail": func(w http.ResponseWriter, n int64) bool {
			if n%4 != 3 && n%4 != 0 {
				return false
			}
			w.WriteHeader(http.StatusInternalServerError)
			return true
		},
		"the third page is forgotten once": func(w http.ResponseWriter, n int64) bool {
			if n != 3 {
				return false
			}
			_, _ = io.WriteString(w, `{"code":36009004,"message":"invalid page"}`)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, knobs{silent: true, ingest: ingest.Options{Poll: fast}})
			r.stop()
			for range 230 {
				r.place(shopID, false)
			}
			var n atomic.Int64
			if front != nil {
				r.answer(func(w http.ResponseWriter, q *http.Request) bool {
					return strings.HasPrefix(q.URL.Path, searchPath) && front(w, n.Add(1))
				})
			}
			r.openHub()
			before := r.now()
			r.start()
			r.until("a whole pass", func() bool { return r.status(r.shop).LastPoll.After(before) })
			if n := len(r.records()); n != 231 {
				t.Errorf("%d events, want one for the shop and one for each order", n)
			}
		})
	}
}

// The clock was a day ahead and is right again: the poll goes on at once.
func TestPollGoesOnWhenTheClockIsSetBack(t *testing.T) {
	r := newRig(t, knobs{silent: true, ingest: ingest.Options{Poll: fast, Overlap: time.Minute}})
	r.offset.Store(int64(24 * time.Hour))
	r.until("a poll", func() bool { return r.status(r.shop).LastPoll.After(time.Now().Add(time.Hour)) })
	w := r.watchWindows()
	r.offset.Store(0)
	id := r.place(shopID, false)
	r.until("the order is in", func() bool { return r.order(r.shop, id).Known() })
	if got := w.widest.Load(); got < 60 {
		t.Errorf("the widest window was %d s, want a deep one", got)
	}
}

func TestHandEditIsNoticed(t *testing.T) {
	r := newRig(t, knobs{ingest: ingest.Options{Poll: fast, Quantities: fast}, sim: tiktoksim.Config{Restock: true}})
	r.until("quantities are known", func() bool {
		v, err := r.vault.Cursor(t.Context(), "quantities:"+r.shop.ID)
		return err == nil && strings.Contains(v, "1000")
	})
	// Sales, cancellations and shipments explain themselves.
	id := r.place(shopID, false)
	gone := r.place(shopID, false)
	r.delivered()
	r.must(r.CancelOrder(shopID, gone, "buyer"))
	r.ship(id)
	r.delivered()
	r.until("the order is arranged", func() bool { return r.order(r.shop, id).Status == "arranged" })
	r.passes(6)
	if got := found[shopevents.InventoryChanged](r); len(got) != 0 {
		t.Errorf("changed %+v", got)
	}
	before, err := r.vault.Cursor(t.Context(), "quantities:"+r.shop.ID)
	r.must(err)
	stock, err := r.Stock(shopID, skuA+"1")
	r.must(err)
	r.must(r.SetQuantity(shopID, skuA+"1", stock.Listed+40))
	r.until("the hand edit is noticed", func() bool { return len(found[shopevents.InventoryChanged](r)) == 1 })
	e := found[shopevents.InventoryChanged](r)[0]
	if e.Connection != r.shop.ID || e.Listing != skuA+"1" || e.Code != "HOODIE-M" || e.From != 998 || e.To != 1038 {
		t.Errorf("changed %+v", e)
	}
	// A crash between the event and the sums, and a shipment while nobody looks.
	r.restart(func() {
		r.must(r.vault.SetCursor(t.Context(), "quantities:"+r.shop.ID, before))
		r.ship(r.place(shopID, false))
	})
	r.passes(4)
	if n := len(found[shopevents.InventoryChanged](r)); n != 1 {
		t.Errorf("changes %+v\n%s", found[shopevents.InventoryChanged](r), r.dump())
	}
}

// ship arranges an order's packages behind the hub's back.
func (r *rig) ship(id string) {
	r.t.Helper()
	o, err := r.Order(shopID, id)
	r.must(err)
	c, _ := r.registry.Connector(r.shop.ID)
	for _, p := range o.Packages {
		if _, err := c.(channels.PlatformShipping).Arrange(r.t.Context(), p.ID); err != nil {
			r.t.Fatal(err)
		}
	}
}
