package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/channelstest/changes"
	"github.com/creatorflow/creatorflow/partners"
)

// TestMutatedAnswersOfWhatIsTaken: whatever Stripe changes in its answers, money that was taken days ago is not taken again, nor told as
// never taken; and what is told as given back was given back, once.
func TestMutatedAnswersOfWhatIsTaken(t *testing.T) {
	w := open(t, time.Second)
	between, through := &changes.Changes{Spare: []string{"creatorflow_key", "creatorflow_order"}}, &http.Client{Transport: http.DefaultTransport}
	between.Into(through)
	client := w.through(through)
	taken, back := int64(0), int64(0)
	for seed := range uint64(300) {
		charge := asked(fmt.Sprintf("k:%d", seed), "pm_card_visa")
		if err := w.client.Capture(t.Context(), charge); err != nil {
			t.Fatal(err)
		}
		taken += price.Minor
		w.pass(49 * time.Hour) // no key is remembered any more
		between.On(seed, "")
		err := client.Capture(t.Context(), charge)
		did := between.Off()
		var declined partners.Declined
		if errors.As(err, &declined) {
			t.Errorf("after %v what is taken is told as declined: %v", did, err)
		}
		if c := w.sim.Counts(); c.Captured != taken || w.sim.Reserved() != 0 {
			t.Errorf("after %v %d is taken and %d reserved, want %d", did, c.Captured, w.sim.Reserved(), taken)
			taken = c.Captured
		}
		w.pass(2 * time.Minute)
		between.On(seed, "")
		err = client.Refund(t.Context(), charge)
		did = between.Off()
		if c := w.sim.Counts(); err == nil && c.Refunded != back+price.Minor {
			t.Errorf("after %v it says that all is given back: %d of %d", did, c.Refunded-back, price.Minor)
		}
		w.pass(2 * time.Minute)
		if err := w.client.Refund(t.Context(), charge); err != nil {
			t.Errorf("after %v the same again says %v", did, err)
		}
		if back += price.Minor; w.sim.Counts().Refunded != back {
			t.Fatalf("after %v %d is given back, want %d", did, w.sim.Counts().Refunded, back)
		}
		w.pass(2 * time.Minute)
	}
}

// TestMutatedLinks: whatever Stripe changes in its answers, who has paid by a link is not charged by card as well.
func TestMutatedLinks(t *testing.T) {
	for seed := range uint64(150) {
		w := open(t, time.Second)
		between, through := &changes.Changes{Spare: []string{"creatorflow_key", "creatorflow_order", "creatorflow_link"}}, &http.Client{Transport: http.DefaultTransport}
		between.Into(through)
		l := made(t, w, "", 1)
		if !w.sim.PayLink(l.ID, "pm_card_visa") {
			t.Fatal("it is not paid")
		}
		charge := asked("k:1", "pm_card_visa")
		charge.Link = l.ID // and a search does not show the payment yet
		between.On(seed, "")
		err := w.through(through).Capture(t.Context(), charge)
		did := between.Off()
		var declined partners.Declined
		if c := w.sim.Counts(); errors.As(err, &declined) || c.Confirms != 1 || c.Captured+w.sim.Reserved() != price.Minor {
			t.Errorf("after %v: %v, %+v", did, err, c)
		}
		between.On(seed, "")
		link, err := w.through(through).LookAtLink(t.Context(), l.ID)
		if did := between.Off(); err == nil && link.State != partners.LinkPaid {
			t.Errorf("after %v a link that was paid reads %+v", did, link)
		}
	}
}
