package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels/channelstest/changes"
	"github.com/creatorflow/creatorflow/partners"
	"github.com/creatorflow/creatorflow/partners/stripe"
)

// TestMutatedEvents: whatever Stripe adds to a webhook, renames or leaves out, it is read or it is said that it cannot be.
func TestMutatedEvents(t *testing.T) {
	sample := []byte(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","account":"acct_1","created":1793523600,"livemode":false,` +
		`"data":{"object":{"id":"pi_1","object":"payment_intent","amount":2499,"latest_charge":"ch_1"}}}`)
	whole, err := stripe.ReadEvent(sample)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		body, did := changes.Mutate(t, sample)
		told, err := stripe.ReadEvent(body)
		switch {
		case did.How == "added" && (err != nil || told != whole):
			t.Fatalf("a member was added and it reads %+v, %v", told, err)
		case did.How == "unknown word" && did.Key == "type" && (err != nil || told.Known):
			t.Fatalf("a type that is not known reads %+v, %v", told, err)
		case err == nil && (told.ID == "" || told.Type == ""):
			t.Fatalf("%s reads %+v", body, told)
		}
	})
}

// TestMutatedAnswers: whatever Stripe changes in its answers, an order's money is taken once and what is not sure is said to be so.
func TestMutatedAnswers(t *testing.T) {
	w := open(t, time.Second)
	// What is ours comes back as it was sent: texts.
	between, through := &changes.Changes{Spare: []string{"creatorflow_key", "creatorflow_order"}}, &http.Client{Transport: http.DefaultTransport}
	between.Into(through)
	client := w.through(through)
	taken := int64(0)
	for seed := range uint64(150) {
		charge, how := asked(fmt.Sprintf("k:%d", seed), "pm_card_visa"), ""
		if seed%3 == 0 {
			how = "added"
		}
		between.On(seed, how)
		err := client.Capture(t.Context(), charge)
		did := between.Off()
		var declined partners.Declined
		switch {
		case len(did) == 0:
			t.Fatal("no answer was changed")
		case how == "added" && err != nil:
			t.Errorf("members were added (%v): %v", did, err)
		case errors.As(err, &declined) && w.sim.Counts().Captured != taken:
			t.Errorf("after %v it says that nothing was taken: %v", did, err)
		}
		w.pass(2 * time.Minute) // a search shows it by then
		if err := client.Capture(t.Context(), charge); err != nil {
			t.Errorf("after %v the same again says %v", did, err)
		}
		taken += price.Minor
		if c := w.sim.Counts(); c.Captured != taken || w.sim.Reserved() != 0 {
			t.Fatalf("after %v %d is taken and %d reserved, want %d", did, c.Captured, w.sim.Reserved(), taken)
		}
		w.pass(2 * time.Minute)
	}
}
