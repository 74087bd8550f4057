package ingest_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestSignedWebhookBecomesAnOrder(t *testing.T) {
	r := newRig(t, knobs{})
	id := r.place(shopID, false)
	r.delivered()
	r.wantNames(id, "placed")
	placed := found[orderevents.Placed](r)[0]
	if placed.Lines[0].Code != "HOODIE-M" || placed.Lines[1].Code != "Caf\u00e9" || placed.Lines[0].Quantity != 2 || placed.Total.Minor != 6148 {
		t.Errorf("placed %+v", placed)
	}
	record := r.records()[1]
	if record.Actor != "channel:"+r.shop.ID || record.Cause != "inbox:1" || record.Correlation != r.shop.ID+":"+id || record.Occurred.Unix() != placed.Updated.Unix() {
		t.Errorf("record %+v", record)
	}
	item := r.wantState(1, vault.Done)
	if item.Connection != r.shop.ID || item.Subject != r.shop.ID+":"+id || item.Person != placed.Buyer {
		t.Errorf("item %+v", item)
	}
	person, err := r.vault.Person(t.Context(), placed.Buyer)
	if err != nil || !bytes.Contains(person, []byte("1 Canary Street")) {
		t.Errorf("the buyer is kept as %q, %v", person, err)
	}
	for _, e := range r.records() {
		if bytes.Contains(e.Data, []byte("anary")) || bytes.Contains(e.Data, []byte("7494000000000000001")) {
			t.Errorf("personal data in %s: %s", e.Name, e.Data)
		}
	}
}

// An order goes its whole way by webhooks alone.
func TestOrderIsFollowedByWebhooks(t *testing.T) {
	r := newRig(t, knobs{})
	id := r.place(shopID, true)
	r.delivered()
	for _, step := range []func(shop, order string) error{r.PayOrder} {
		r.must(step(shopID, id))
		r.delivered()
	}
	r.must(r.CancelOrder(shopID, id, "buyer_no_longer_needs_it"))
	r.delivered()
	r.wantNames(id, "placed status_changed payment_completed cancelled claim_opened")
	if s := r.order(r.shop, id); s.Status != "cancelled" || !s.Paid {
		t.Errorf("order %+v", s)
	}
}

func TestDuplicatesAreCountedAndDoNothing(t *testing.T) {
	r := newRig(t, knobs{})
	id := r.place(shopID, false)
	r.delivered()
	head := r.log.Head().Position
	d := r.sent()[0]
	for range 3 {
		if status := r.ingest.Receive(t.Context(), "tiktok", r.app.ID, d.header, d.body); status != http.StatusOK {
			t.Errorf("a repeat got %d", status)
		}
	}
	r.caughtUp()
	if s := r.status(r.shop); s.Duplicates != 3 || s.Webhooks != 4 || s.WebhooksPerMinute != 4 || s.LastWebhook.IsZero() || s.Backlog != 0 {
		t.Errorf("status %+v", s)
	}
	if now := r.log.Head().Position; now != head {
		t.Errorf("the log grew from %d to %d", head, now)
	}
	if items, err := r.vault.Listed(t.Context(), nil, 0, 10); err != nil || len(items) != 1 {
		t.Errorf("%d items, %v", len(items), err)
	}
	r.restart(nil) // figures outlive the process
	r.until("the shop is back", func() bool { s := r.status(r.shop); return s.Webhooks == 4 && s.Duplicates == 3 })
	r.wantNames(id, "placed")
}

func TestWrongSignatureLeavesNothing(t *testing.T) {
	r := newRig(t, knobs{})
	body := hint(1, shopID, "576460000000000001", time.Now())
	for name, header := range map[string]http.Header{
		"none": {}, "wrong": {"Authorization": {strings.Repeat("ab", 32)}}, "of another body": {"Authorization": {sign(body + " ")}}, "no hex": {"Authorization": {"Bearer x"}},
	} {
		if status := r.ingest.Receive(t.Context(), "tiktok", r.app.ID, header, []byte(body)); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	for _, where := range [][2]string{{"tiktok", "nosuch"}, {"shopify", r.app.ID}} {
		if status := r.ingest.Receive(t.Context(), where[0], where[1], nil, []byte(body)); status != http.StatusNotFound {
			t.Errorf("%v: %d", where, status)
		}
	}
	long := strings.Repeat("x", 1<<20+1)
	if status := r.post(long); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a long body: %d", status)
	}
	apps, strays := r.ingest.Apps()
	if len(apps) != 1 || apps[0].Refused != 5 || apps[0].Stored != 0 || strays != 2 {
		t.Errorf("apps %+v, strays %d", apps, strays)
	}
	if items, err := r.vault.Listed(t.Context(), nil, 0, 10); err != nil || len(items) != 0 {
		t.Errorf("%d items, %v", len(items), err)
	}
}

func TestGarbledWebhookIsQuarantined(t *testing.T) {
	r := newRig(t, knobs{})
	for _, body := range []string{`{"type":1,"shop_id":"749`, "\x00\xffnot json", `{"type":1,"tts_notification_id":"7700000001","shop_id":"` + shopID + `","timestamp":1,"data":{}}`} {
		if status := r.post(body); status != http.StatusOK {
			t.Errorf("%q: %d", body, status)
		}
	}
	// The same notification, readable this time, is not taken for a repeat of the broken one.
	id := r.place(shopID, false)
	r.delivered()
	r.wantNames(id, "placed")
	opened := r.opened()
	if len(opened) != 3 {
		t.Fatalf("opened %+v", opened)
	}
	if opened[0].Sample+opened[1].Sample != "" || opened[0].Connection != "" {
		t.Errorf("opened %+v", opened[:2])
	}
	if s := r.status(r.shop); s.Quarantined != 1 || s.Webhooks != 2 {
		t.Errorf("status %+v", s)
	}
	last := opened[2]
	if last.Letter != "inbox-3" || last.Connection != r.shop.ID || last.Inbox != 3 || last.Field != "data.order_id" || last.Rule != "must be an id" || !strings.Contains(last.Reason, "data.order_id") {
		t.Errorf("opened %+v", last)
	}
	for n := range int64(3) {
		if item := r.wantState(n+1, vault.Quarantined); item.Field == "" || item.Rule == "" || len(item.Body) == 0 {
			t.Errorf("item %+v", item)
		}
	}
}

func TestUnknownTypeIsKept(t *testing.T) {
	r := newRig(t, knobs{})
	body := `{"type":4711,"tts_notification_id":"1","shop_id":"` + shopID + `","timestamp":1,"data":[],"never_seen":{"x":[1.0]}}`
	if status := r.post(body); status != http.StatusOK {
		t.Errorf("got %d", status)
	}
	if status := r.post(`{"type":14,"tts_notification_id":"2","shop_id":"` + shopID + `","timestamp":1,"data":{}}`); status != http.StatusOK {
		t.Errorf("got %d", status)
	}
	r.caughtUp()
	if item := r.wantState(1, vault.Done); string(item.Body) != body {
		t.Errorf("kept %s", item.Body)
	} else if !strings.Contains(item.Reason, `"4711"`) || !strings.Contains(item.Reason, "kept") {
		t.Errorf("reason %q", item.Reason)
	}
	r.wantState(2, vault.Done)
	r.restart(nil)
	if status := r.post(`{"type":4711,"tts_notification_id":"3","shop_id":"` + shopID + `","timestamp":1,"data":[]}`); status != http.StatusOK {
		t.Errorf("got %d", status)
	}
	r.caughtUp()
	opened := r.opened() // one for all of the type
	if len(opened) != 1 || opened[0].Inbox != 1 || opened[0].Connection != r.shop.ID || !strings.Contains(opened[0].Reason, `"4711"`) {
		t.Fatalf("opened %+v", opened)
	}
	r.decide(opened[0].Letter, letterevents.Replayed{Letter: opened[0].Letter})
	r.until("it is open again", func() bool { return len(r.opened()) == 2 })
	if again := r.opened()[1]; again.Inbox != 1 || !strings.Contains(again.Reason, "as unknown as before") {
		t.Errorf("opened %+v", again)
	}
}

func TestUnknownShopIsTakenUpOnceConnected(t *testing.T) {
	r := newRig(t, knobs{shops: []string{shopID, otherShop}, refuses: true})
	id := r.place(otherShop, false)
	r.until("the webhook is noted", func() bool { return len(r.sent()) == 1 })
	r.caughtUp()
	if item := r.wantState(1, vault.Unknown); !strings.Contains(item.Reason, otherShop) || !strings.Contains(item.Reason, "Connect it") {
		t.Errorf("reason %q", item.Reason)
	}
	r.must(r.CancelOrder(otherShop, id, "buyer"))
	r.until("another webhook", func() bool { return len(r.sent()) >= 2 }) // time passes at the vendor too
	r.caughtUp()
	if opened := r.opened(); len(opened) != 1 || opened[0].Inbox != 1 || !strings.Contains(opened[0].Reason, otherShop) {
		t.Errorf("opened %+v", opened)
	}
	c := r.authorize(otherShop)
	r.until("its letter is closed", func() bool { return len(found[letterevents.Resolved](r)) == 1 })
	r.until("the webhook was taken up", func() bool { return r.item(1).State == vault.Done })
	got := r.names(c, id)
	if order := strings.Replace(got, " claim_opened", "", 1); order != "placed" && order != "placed cancelled" { // the cancellation itself may be known by now
		t.Errorf("events %q", got)
	}
}

// What was received while nothing ran, and what a crash cut off between append and mark.
func TestRestartTakesUpWhatIsPending(t *testing.T) {
	r := newRig(t, knobs{})
	first := r.place(shopID, false)
	r.delivered()
	var second string
	r.restart(func() {
		r.must(r.vault.Mark(t.Context(), vault.Mark{Number: 1, State: vault.Pending}))
		second = r.place(shopID, false)
		r.until("it was received", func() bool { return r.Counts().Webhooks.Acked == 2 })
	})
	r.caughtUp()
	r.wantNames(first, "placed")
	r.wantNames(second, "placed")
	r.wantState(1, vault.Done)
	r.wantState(2, vault.Done)
}

// After an I/O fault nothing is acknowledged any more and everything stops; what was acknowledged is there.
func TestFenceStopsEverything(t *testing.T) {
	r := newRig(t, knobs{ingest: ingest.Options{Poll: fast}})
	id := r.place(shopID, false)
	r.delivered()
	r.storage.Break()
	body := hint(1, shopID, id, r.now())
	if status := r.post(body); status != http.StatusServiceUnavailable {
		t.Errorf("behind the fence: %d", status)
	}
	if status := r.ingest.Receive(t.Context(), "tiktok", r.app.ID, nil, []byte(body)); status != http.StatusUnauthorized {
		t.Errorf("unsigned, behind the fence: %d", status)
	}
	if err := <-r.ended; !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("Run ended with %v, want ErrFenced", err)
	}
	r.wantState(1, vault.Done)
}

// Nothing personal is legible in any file of the storage.
func TestCanaryInFiles(t *testing.T) {
	r := newRig(t, knobs{})
	r.place(shopID, false)
	r.delivered()
	for _, name := range r.storage.Files() {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, canary := range []string{"Canary", "+44700900", "7494000000000000001"} {
			if bytes.Contains(content, []byte(canary)) {
				t.Errorf("%q is legible in %s", canary, filepath.Base(name))
			}
		}
	}
}

// More waits than a lane takes: the rest stays in the vault and is taken up when there is room.
func TestBacklogBeyondALane(t *testing.T) {
	r := newRig(t, knobs{})
	const waiting = 2200 // more than a lane holds
	r.restart(func() {
		ids := []string{r.place(shopID, false), r.place(shopID, false), r.place(shopID, false)}
		r.until("they were received", func() bool { return len(r.sent()) == len(ids) })
		next := make(chan int)
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				for n := range next {
					if status := r.post(hint(n, shopID, ids[n%len(ids)], r.now())); status != http.StatusOK {
						t.Errorf("webhook %d: %d", n, status)
					}
				}
			})
		}
		for n := range waiting - len(ids) {
			next <- n
		}
		close(next)
		wg.Wait()
	})
	r.caughtUp()
	counts, err := r.vault.InboxCounts(t.Context())
	if err != nil || counts[vault.Done] != waiting || len(counts) > 2 {
		t.Errorf("counts %v, %v", counts, err)
	}
	if n := len(found[orderevents.Placed](r)); n != 3 {
		t.Errorf("%d orders placed", n)
	}
}
