package ingest_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/api"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/ingest"
	"github.com/creatorflow/creatorflow/vault"
)

// delivers has a placed order go to the buyer.
func (r *rig) delivers(id string) {
	r.t.Helper()
	c, _ := r.registry.Connector(r.shop.ID)
	page, err := c.Orders(r.t.Context(), []string{id})
	r.must(err)
	for _, pkg := range page.Orders[0].Packages {
		_, err := c.(channels.PlatformShipping).Arrange(r.t.Context(), pkg)
		r.must(err)
	}
	r.must(r.Collect(shopID, id))
	r.must(r.Deliver(shopID, id))
}

// claim is the only one of an order.
func (r *rig) claim(id string) orders.Claim {
	r.t.Helper()
	all := r.order(r.shop, id).Claims
	if len(all) != 1 {
		r.t.Fatalf("order %s has %d claims, want one\n%s", id, len(all), r.dump())
	}
	return all[0]
}

func TestClaimsAreFollowedByWebhooks(t *testing.T) {
	r := newRig(t, knobs{})
	id := r.place(shopID, false)
	r.must(r.RequestCancel(shopID, id, "no_longer_needed"))
	r.delivered()
	c := r.claim(id)
	if c.Kind != orders.Cancellation || c.State != orders.ClaimPending || c.By != "buyer" || c.Reason != "no_longer_needed" || c.DecideBy.IsZero() ||
		len(c.Lines) != 2 || c.Lines[0].Code != "HOODIE-M" || c.Lines[0].Quantity != 2 || r.order(r.shop, id).Held() == "" {
		t.Errorf("the request stands as %+v", c)
	}
	r.must(r.TakeBack(shopID, c.ClaimOpened.Claim))
	r.delivered()
	if c := r.claim(id); c.State != orders.ClaimWithdrawn || r.order(r.shop, id).Held() != "" {
		t.Errorf("taken back it stands as %+v", c)
	}
	r.delivers(id)
	r.delivered()
	claim, err := r.RequestReturn(shopID, id, "RETURN_AND_REFUND", "damaged")
	r.must(err)
	r.delivered()
	if c, _ := r.order(r.shop, id).Claim(orders.Return, claim); c.State != orders.ClaimPending || c.Wants != "return" || c.Refund.Minor != 6148 {
		t.Errorf("the return stands as %+v", c)
	}
	before := len(r.records())
	for _, d := range r.sent() { // each once more
		r.ingest.Receive(t.Context(), "tiktok", r.app.ID, d.header, append(bytes.TrimSpace(d.body), ' '))
	}
	r.caughtUp()
	for _, e := range r.records()[before:] {
		if strings.HasPrefix(e.Name, "order.claim") {
			t.Errorf("the same again yields %s", e.Data)
		}
	}
	last := found[events.ClaimOpened](r)
	if len(last) != 2 || len(found[events.ClaimMoved](r)) != 1 {
		t.Errorf("%d were opened, %d moved", len(last), len(found[events.ClaimMoved](r)))
	}
}

// A cancellation that is done is not known before the order is known to be cancelled, whichever brought it.
func TestCompletedCancellationComesAfterItsOrder(t *testing.T) {
	for name, k := range map[string]knobs{"by webhook": {}, "by the poll": {silent: true, ingest: ingest.Options{Poll: fast}}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, k)
			for range 5 {
				id := r.place(shopID, false)
				r.must(r.CancelOrder(shopID, id, "no_longer_needed"))
				r.until("the cancellation is known", func() bool { return len(r.order(r.shop, id).Claims) == 1 })
				names := strings.Fields(r.names(r.shop, id))
				if at := slices.Index(names, "cancelled"); at < 0 || at > slices.Index(names, "claim_opened") {
					t.Errorf("order %s: %v", id, names)
				}
			}
		})
	}
}

// Without webhooks the poll finds what is claimed, also of an order that is older than what it ever looked back to.
func TestPollFindsClaims(t *testing.T) {
	r := newRig(t, knobs{silent: true, ingest: ingest.Options{Poll: fast, LookBack: time.Second}})
	id := r.place(shopID, false)
	r.until("it is placed", func() bool { return r.order(r.shop, id).Known() })
	r.must(r.RequestCancel(shopID, id, "no_longer_needed"))
	r.until("the request is found", func() bool { return r.order(r.shop, id).Held() != "" })
	if e := found[events.ClaimOpened](r); len(e) != 1 || e[0].Claim != r.claim(id).ClaimOpened.Claim {
		t.Errorf("found %+v", e)
	}

	r.stop()
	old := r.place(shopID, false)
	r.delivers(old)
	r.offset.Add(int64(2 * time.Hour))
	r.restart(func() {
		for _, cursor := range []string{"poll:", "claims:"} {
			r.must(r.vault.SetCursor(t.Context(), cursor+r.shop.ID, ""))
		}
	})
	r.passes(2)
	if r.order(r.shop, old).Known() {
		t.Fatal("the old order is known, so nothing is shown")
	}
	_, err := r.RequestReturn(shopID, old, "REFUND", "damaged")
	r.must(err)
	r.until("the return is found, with its order", func() bool { return len(r.order(r.shop, old).Claims) == 1 })
	if s := r.order(r.shop, old); s.Placed.Status != orders.Delivered {
		t.Errorf("the order came as %+v", s.Placed)
	}
}

// An authorisation without the scope for claims takes orders in all the same, and what a webhook hints at waits for the scope.
func TestClaimsWithoutTheScope(t *testing.T) {
	r := newRig(t, knobs{ingest: ingest.Options{Poll: fast}})
	r.must(r.SetScopes(shopID, slices.DeleteFunc(api.Scopes(), func(s string) bool { return strings.Contains(s, "return_refund") })...))
	id := r.place(shopID, false)
	r.delivered()
	r.must(r.RequestCancel(shopID, id, "no_longer_needed"))
	r.until("the hint waits for another try", func() bool {
		items, err := r.vault.Listed(t.Context(), []string{vault.Pending}, 0, 10)
		r.must(err)
		return len(items) == 1 && strings.Contains(items[0].Reason, "seller.return_refund.basic")
	})
	r.passes(3)
	for _, e := range r.records() {
		if e.Name == "connection.failing" {
			t.Errorf("the connection is said to fail: %s", e.Data)
		}
	}
	r.must(r.SetScopes(shopID, api.Scopes()...))
	r.until("the request is known", func() bool { return r.order(r.shop, id).Held() != "" })
}

// A claim that cannot be read has a letter that says which field, and is taken in when it can be.
// Of a claim that only a poll meets and cannot read a person is told, once.
func TestPolledBrokenClaimHasALetter(t *testing.T) {
	r := newRig(t, knobs{silent: true, ingest: ingest.Options{Poll: fast, LookBack: time.Second}})
	id := r.place(shopID, false)
	r.until("it is placed", func() bool { return r.order(r.shop, id).Known() })
	r.spoil("/return_refund/202309/cancellations/search", func(_ *http.Request, body []byte) []byte {
		return bytes.ReplaceAll(body, []byte(`"cancel_status":"CANCELLATION_REQUEST_PENDING"`), []byte(`"cancel_status":[]`))
	})
	r.must(r.RequestCancel(shopID, id, "no_longer_needed"))
	r.until("it has a letter", func() bool { return len(r.opened()) == 1 })
	if o := r.opened()[0]; o.Field != "cancel_status" || !strings.HasPrefix(o.Letter, "claim-"+r.shop.ID+":") || o.Connection != r.shop.ID {
		t.Errorf("opened %+v", o)
	}
	r.passes(3)
	if n := len(r.opened()); n != 1 {
		t.Errorf("%d letters of one claim", n)
	}
}

func TestBrokenClaimHasALetter(t *testing.T) {
	r := newRig(t, knobs{})
	id := r.place(shopID, false)
	r.delivered()
	r.spoil("/return_refund/202309/cancellations/search", func(_ *http.Request, body []byte) []byte {
		return bytes.ReplaceAll(body, []byte(`"cancel_status":"CANCELLATION_REQUEST_PENDING"`), []byte(`"cancel_status":[]`))
	})
	r.must(r.RequestCancel(shopID, id, "no_longer_needed"))
	r.until("it has a letter", func() bool { return len(r.opened()) == 1 })
	if o := r.opened()[0]; o.Field != "cancel_status" || o.Subject != r.shop.ID+":"+id {
		t.Errorf("opened %+v", o)
	}
	r.answer(nil)
	r.caughtUp() // the letter comes before its item is set aside
	r.must(r.ingest.Replay(t.Context(), r.opened()[0].Inbox))
	r.until("it is taken in", func() bool { return r.order(r.shop, id).Held() != "" })
}
