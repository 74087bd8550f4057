package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestExpiredTokenIsRefreshed(t *testing.T) {
	r := newRig(t, knobs{})
	r.ExpireToken(shopID)
	id := r.place(shopID, false)
	r.delivered()
	r.wantNames(id, "placed")
	if n := r.Counts().Requests["GET /api/v2/token/refresh"]; n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

// While the channel is down webhooks are still taken, nothing is charged, and afterwards the lane
// drains in the order things came.
func TestOutageBurnsNoAttempts(t *testing.T) {
	r := newRig(t, knobs{ingest: ingest.Options{MaxAttempts: 3}})
	r.SetFaults(tiktoksim.Faults{API5xx: 1})
	var ids []string
	for range 30 {
		ids = append(ids, r.place(shopID, false))
	}
	r.until("all were received", func() bool { return len(r.sent()) == 30 })
	r.until("the shop is said to be failing", func() bool { return len(found[shopevents.Failing](r)) == 1 })
	r.until("all of them wait", func() bool { return r.status(r.shop).Backlog == 30 })
	r.SetFaults(tiktoksim.Faults{})
	r.caughtUp()
	var placed []string
	for _, e := range found[orderevents.Placed](r) {
		placed = append(placed, e.ChannelID)
	}
	slices.Sort(placed)
	slices.Sort(ids)
	if !slices.Equal(placed, ids) {
		t.Errorf("placed %d of %d", len(placed), len(ids))
	}
	failing := found[shopevents.Failing](r)[0]
	if !strings.Contains(failing.Reason, "does not answer") || failing.Mend == "" {
		t.Errorf("failing %+v", failing)
	}
	r.until("the shop recovered", func() bool { return len(found[shopevents.Recovered](r)) == 1 })
	charged := 0
	for n := range int64(30) {
		charged += r.wantState(n+1, vault.Done).Attempts
	}
	if charged > 1 || len(r.opened()) != 0 {
		t.Errorf("the outage cost %d attempts and %d letters", charged, len(r.opened()))
	}
}

// One order whose read fails for ever is charged and gives way; its neighbours go on.
func TestPoisonedOrderBlocksNobody(t *testing.T) {
	r := newRig(t, knobs{ingest: ingest.Options{MaxAttempts: 3, Poll: 30 * time.Millisecond}})
	var bad atomic.Value
	bad.Store("none")
	r.answer(func(w http.ResponseWriter, q *http.Request) bool {
		poisoned := strings.HasPrefix(q.URL.Path, detailPath) && strings.Contains(q.URL.Query().Get("ids"), bad.Load().(string))
		if poisoned {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return poisoned
	})
	r.restart(func() {
		const id = "576460000000000001"
		bad.Store(id)
		_, err := r.PlaceOrder(shopID, tiktoksim.NewOrder{ID: id, BuyerID: "1", Lines: []tiktoksim.Line{{SKUID: skuA + "1", Quantity: 1}}})
		r.must(err)
		r.until("it was received", func() bool { return len(r.sent()) == 1 })
		for range 8 {
			r.place(shopID, false)
		}
		r.until("all were received", func() bool { return len(r.sent()) == 9 })
	})
	for n := range int64(8) {
		r.until("its neighbour's webhook is done with", func() bool { return r.item(n+2).State == vault.Done })
	}
	r.until("it is given up", func() bool { return len(r.opened()) == 1 })
	if e := r.opened()[0]; e.Inbox != 1 || e.Attempts != 3 || !strings.Contains(e.Reason, "Tried 3 times") {
		t.Errorf("opened %+v", e)
	}
}

func TestMissingOrderIsTriedAgainAndThenDead(t *testing.T) {
	r := newRig(t, knobs{ingest: ingest.Options{MaxAttempts: 4, Chance: func() float64 { return 0.001 }}})
	if status := r.post(hint(1, shopID, "576460000000009999", r.now())); status != http.StatusOK {
		t.Fatal(status)
	}
	id := r.place(shopID, false)
	r.caughtUp()
	item := r.wantState(1, vault.Dead)
	if item.Attempts != 4 || !strings.Contains(item.Reason, "does not show") {
		t.Errorf("item %+v", item)
	}
	r.wantNames(id, "placed")
	if s := r.status(r.shop); s.Quarantined != 1 {
		t.Errorf("status %+v", s)
	}
	// Replayed by a person, who says so in the log and nowhere else.
	r.decide(letters.InboxID(1), letterevents.Replayed{Letter: letters.InboxID(1)})
	r.until("it was tried and is dead again", func() bool { return len(r.opened()) == 2 })
	r.caughtUp()
	if again := r.wantState(1, vault.Dead); again.Attempts != 4 {
		t.Errorf("attempts %d", again.Attempts)
	}
	r.decide(letters.InboxID(1), letterevents.Discarded{Letter: letters.InboxID(1)})
	r.until("it was discarded", func() bool { return r.item(1).State == vault.Discarded })
	if s := r.status(r.shop); s.Quarantined != 0 {
		t.Errorf("status %+v", s)
	}
}

// decide is what the commands of the gateway append.
func (r *rig) decide(letter string, e eventlog.Event) {
	r.t.Helper()
	var err error
	switch e := e.(type) {
	case letterevents.Replayed:
		_, err = eventlog.Execute(r.t.Context(), r.log, letterevents.Stream("main", letter), letters.Replaying(), e, eventlog.Meta{Actor: "user:ana"})
	case letterevents.Discarded:
		_, err = eventlog.Execute(r.t.Context(), r.log, letterevents.Stream("main", letter), letters.Discarding(), e, eventlog.Meta{Actor: "user:ana"})
	}
	r.must(err)
}

// priceless spoils one order's price in every answer.
func (r *rig) priceless(id string) {
	r.spoil("/order/", func(_ *http.Request, body []byte) []byte {
		at := bytes.Index(body, []byte(`"id":"`+id+`"`))
		if at < 0 {
			return body
		}
		its := bytes.Replace(body[at:], []byte(`"sale_price":"19.99"`), []byte(`"sale_price":"a lot"`), 1) // other orders may be listed with it
		return slices.Concat(body[:at], its)
	})
}

// A broken order gets one letter however often it is met, and closes it when it is mended.
func TestBrokenOrderHasOneLetterUntilMended(t *testing.T) {
	r := newRig(t, knobs{ingest: ingest.Options{Poll: 50 * time.Millisecond}})
	const id = "576460000000000001"
	r.priceless(id)
	_, err := r.PlaceOrder(shopID, tiktoksim.NewOrder{ID: id, BuyerID: "1", Unpaid: true, Lines: []tiktoksim.Line{{SKUID: skuA + "1", Quantity: 1}}})
	r.must(err)
	r.until("it has a letter", func() bool { return len(r.opened()) == 1 })
	r.must(r.PayOrder(shopID, id))
	r.until("both webhooks are in", func() bool { return len(r.sent()) == 2 })
	r.caughtUp()
	opened := r.opened()
	if len(opened) != 1 || opened[0].Field != "line_items[0].sale_price" || opened[0].Sample != "a lot" || opened[0].Subject != r.shop.ID+":"+id {
		t.Errorf("opened %+v", opened)
	}
	if items, err := r.vault.Listed(t.Context(), []string{vault.Quarantined}, 0, 10); err != nil || len(items) != 2 {
		t.Errorf("%d quarantined, %v\n%s", len(items), err, r.dump())
	}
	r.restart(nil) // remembers
	r.answer(nil)
	r.must(r.CancelOrder(shopID, id, "buyer"))
	r.until("it is mended", func() bool { return len(found[letterevents.Resolved](r)) == 1 })
	r.caughtUp()
	r.until("nothing is quarantined", func() bool { return r.status(r.shop).Quarantined == 0 })
	r.wantState(1, vault.Done)
	r.wantState(2, vault.Done)
	if got := r.names(r.shop, id); got != "placed cancelled claim_opened" {
		t.Errorf("events %q", got)
	}
}

// A letter that a poll opened is replayed as well.
func TestPolledLetterIsReplayed(t *testing.T) {
	r := newRig(t, knobs{silent: true, ingest: ingest.Options{Poll: 30 * time.Millisecond, Overlap: time.Minute}})
	const id = "576460000000000001"
	r.priceless(id)
	_, err := r.PlaceOrder(shopID, tiktoksim.NewOrder{ID: id, BuyerID: "1", Lines: []tiktoksim.Line{{SKUID: skuA + "1", Quantity: 1}}})
	r.must(err)
	r.until("it has a letter", func() bool { return len(r.opened()) == 1 })
	letter := r.opened()[0].Letter
	if letter != letters.OrderID(r.shop.ID+":"+id) || r.opened()[0].Inbox != 0 {
		t.Errorf("opened %+v", r.opened())
	}
	r.decide(letter, letterevents.Replayed{Letter: letter})
	r.until("it is open again", func() bool { return len(r.opened()) == 2 })
	r.restart(func() { r.answer(nil) })
	r.until("it is in", func() bool { return r.names(r.shop, id) == "placed" })
	r.until("its letter is closed", func() bool { return len(found[letterevents.Resolved](r)) == 1 })
}

// A rule's "no" is quarantined with the rule's own sentence.
func TestRefusedOrderIsQuarantined(t *testing.T) {
	r := newRig(t, knobs{})
	r.spoil(detailPath, func(_ *http.Request, body []byte) []byte {
		return bytes.Replace(body, []byte(`"currency":"GBP"`), []byte(`"currency":"EUR"`), 1)
	})
	id := r.place(shopID, false)
	r.delivered()
	if !bytes.Contains(r.item(1).Body, []byte(id)) {
		t.Error("the item lost its body")
	}
	item := r.wantState(1, vault.Quarantined)
	if !strings.Contains(item.Reason, "one currency") {
		t.Errorf("reason %q\n%s", item.Reason, r.dump())
	}
}

// Two shops, one of which hangs: the other's orders are not late.
func TestSlowShopDelaysNobody(t *testing.T) {
	r := newRig(t, knobs{shops: []string{shopID, otherShop}})
	var slow string
	for _, c := range r.registry.Connections() {
		if c.ShopID == shopID {
			slow = c.Cipher
		}
	}
	release := make(chan struct{})
	var once sync.Once
	free := func() { once.Do(func() { close(release) }) }
	defer free()
	r.answer(func(_ http.ResponseWriter, q *http.Request) bool {
		if q.URL.Query().Get("shop_cipher") == slow {
			select {
			case <-release:
			case <-q.Context().Done():
			}
		}
		return false
	})
	held := r.place(shopID, false)
	var quick []string
	for range 20 {
		quick = append(quick, r.place(otherShop, false))
	}
	other, _ := r.registry.ByShop("tiktok", r.app.ID, otherShop)
	for _, id := range quick {
		r.until("the quick shop's order is in", func() bool { return r.order(connection(r, other), id).Known() })
	}
	if r.order(r.shop, held).Known() {
		t.Error("the slow shop was not slow")
	}
	free()
	r.until("the slow shop's order is in", func() bool { return r.order(r.shop, held).Known() })
}

func TestAuthorisationNews(t *testing.T) {
	r := newRig(t, knobs{})
	if status := r.post(`{"type":7,"tts_notification_id":"1","shop_id":"` + shopID + `","timestamp":1,"data":{}}`); status != http.StatusOK {
		t.Fatal(status)
	}
	r.caughtUp()
	r.addShop(otherShop)
	other := r.authorize(otherShop) // which is none of this shop's affair
	r.until("the other shop was polled", func() bool { return !r.status(other).LastPoll.IsZero() })
	if note := r.status(r.shop).Note; !strings.Contains(note, "ends soon") {
		t.Errorf("note %q", note)
	}
	if status := r.post(`{"type":6,"tts_notification_id":"2","shop_id":"` + shopID + `","timestamp":1,"data":{"message":"bye"}}`); status != http.StatusOK {
		t.Fatal(status)
	}
	r.caughtUp()
	failing := found[shopevents.Failing](r)
	if len(failing) != 1 || !strings.Contains(failing[0].Reason, "ended the authorisation") || !strings.Contains(failing[0].Mend, "Connect the shop again") {
		t.Errorf("failing %+v", failing)
	}
	r.authorize(shopID) // which wakes the poll
	r.until("it recovered", func() bool { return len(found[shopevents.Recovered](r)) == 1 })
	if note := r.status(r.shop).Note; note != "" {
		t.Errorf("note %q", note)
	}
	// What comes late is of the authorisation that is over, and what is newer of this one.
	for number, kind := range []int{7, 6} {
		if status := r.post(fmt.Sprintf(`{"type":%d,"tts_notification_id":"late%d","shop_id":%q,"timestamp":2,"data":{}}`, kind, number, shopID)); status != http.StatusOK {
			t.Fatal(status)
		}
	}
	r.caughtUp()
	if note := r.status(r.shop).Note; note != "" || len(found[shopevents.Failing](r)) != 1 {
		t.Errorf("late: note %q, failing %+v", note, found[shopevents.Failing](r))
	}
	if status := r.post(fmt.Sprintf(`{"type":7,"tts_notification_id":"new","shop_id":%q,"timestamp":%d,"data":{}}`, shopID, 4_000_000_000)); status != http.StatusOK {
		t.Fatal(status)
	}
	r.caughtUp()
	if note := r.status(r.shop).Note; !strings.Contains(note, "ends soon") {
		t.Errorf("newer: note %q", note)
	}
}

// A shop that no longer lets us in says so soon, and goes on as soon as it is connected again.
func TestRevokedShopGoesOnWhenConnectedAgain(t *testing.T) {
	r := newRig(t, knobs{})
	revoked := &atomic.Bool{}
	revoked.Store(true)
	r.answer(func(w http.ResponseWriter, q *http.Request) bool {
		if !revoked.Load() || !strings.HasPrefix(q.URL.Path, "/order/") {
			return false
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code":105005,"message":"access denied: scope","request_id":"1"}`)
		return true
	})
	id := r.place(shopID, false)
	r.until("the shop is failing", func() bool { return len(found[shopevents.Failing](r)) == 1 })
	if f := found[shopevents.Failing](r)[0]; !strings.Contains(f.Mend, "Connect the shop again") {
		t.Errorf("failing %+v", f)
	}
	revoked.Store(false)
	r.authorize(shopID)
	r.until("the order is in", func() bool { return r.names(r.shop, id) == "placed" })
	r.until("the shop recovered", func() bool { return len(found[shopevents.Recovered](r)) == 1 })
	if item := r.item(1); item.Attempts != 0 {
		t.Errorf("attempts %d", item.Attempts)
	}
}

// Everything at once: faults on both ways, many orders that go their ways, a restart in the middle.
// At the end the log shows what the channel shows.
func TestChaos(t *testing.T) {
	r := newRig(t, knobs{
		shops: []string{shopID, otherShop},
		sim: tiktoksim.Config{Seed: 7, RequestsPerSecond: 200, Faults: tiktoksim.Faults{
			Duplicate: 0.2, Reorder: 0.2, Delay: 0.3, Lose: 0.1, Garble: 0.05, BadSignature: 0.1, MaxDelay: 60 * time.Millisecond,
			API5xx: 0.05, APIGarbage: 0.02,
		}},
		ingest: ingest.Options{Poll: 100 * time.Millisecond},
	})
	type placed struct{ shop, id string }
	var all []placed
	for n := range 60 {
		shop := []string{shopID, otherShop}[n%2]
		all = append(all, placed{shop, r.place(shop, n%3 == 0)})
		if n == 30 {
			r.restart(nil)
		}
	}
	for n, o := range all {
		if n%3 == 0 {
			r.must(r.PayOrder(o.shop, o.id))
		}
		if n%5 == 0 {
			r.must(r.CancelOrder(o.shop, o.id, "buyer"))
		}
	}
	want := func(n int) string {
		if n%5 == 0 {
			return "cancelled"
		}
		return "ready"
	}
	for n, o := range all {
		id, _ := r.registry.ByShop("tiktok", r.app.ID, o.shop)
		c := connection(r, id)
		r.until("the order is as the channel has it", func() bool { return r.order(c, o.id).Status == want(n) })
	}
	r.SetFaults(tiktoksim.Faults{})
	r.delivered()
	if forged := r.Counts().Webhooks.ForgedAccepted; forged != 0 {
		t.Errorf("%d forged webhooks were taken", forged)
	}
	twice := map[string]int{}
	for _, e := range found[orderevents.Placed](r) {
		if twice[e.Order]++; twice[e.Order] > 1 {
			t.Errorf("%s was placed twice", e.Order)
		}
	}
	if len(twice) != len(all) {
		t.Errorf("%d orders placed, want %d", len(twice), len(all))
	}
	t.Logf("webhooks %+v, drifted %d, letters %d", r.Counts().Webhooks, len(r.drifted()), len(r.opened()))
}

// While the log cannot be written nothing is lost and nothing is charged.
func TestRunEndsWithItsContext(t *testing.T) {
	r := newRig(t, knobs{})
	r.stop()
	r.openHub()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.ingest.Run(ctx); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("got %v", err)
	}
}
