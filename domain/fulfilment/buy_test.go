package fulfilment_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/flow"
)

// seller is a desk that buys labels. Under one key it buys once, and what was given back it does not buy again.
type seller struct {
	*desk
	bought, voided map[string]int
	during         func()
}

func (s *seller) Buy(ctx context.Context, _ outside.Parcel, key string) (outside.Bought, error) {
	what := s.next("buy")
	if (what == "" || what == "timeout" || what == "crash after") && s.voided[key] == 0 {
		s.bought[key] = 1
	}
	switch what {
	case "":
	case "nobody":
		return outside.Bought{}, outside.ErrNoPartner
	case "no address":
		return outside.Bought{}, &outside.Trouble{Sentence: "No address.", Wait: fulfilment.WaitTracking}
	case "no money":
		return outside.Bought{}, &outside.Trouble{Sentence: "No money.", Wait: fulfilment.WaitTracking, After: time.Minute}
	default:
		return outside.Bought{}, s.fail(ctx, what)
	}
	s.during()
	return outside.Bought{Labelled: outside.Labelled{Label: "l1", Type: "application/pdf", Tracking: "B1", Carrier: "UPS"}, Service: "Ground"}, nil
}

func (s *seller) Void(ctx context.Context, key string) error {
	what := s.next("void")
	if what == "" || what == "timeout" {
		s.voided[key] = 1
	}
	if what != "" {
		return s.fail(ctx, what)
	}
	return nil
}

// labelled has labels bought from a seller of labels, of an order of the seller's own carrier.
func (r *rig) labelled(automatic bool, script ...string) *seller {
	r.Helper()
	s := &seller{desk: r.desk, bought: map[string]int{}, voided: map[string]int{}, during: func() {}}
	r.desk.script["buy"] = script
	r.buyer = s
	r.restart()
	r.receive("a", 10)
	r.receive("b", 10)
	r.write(labelevents.Stream("main"), labelevents.Configured{Partner: "easypost", Automatic: automatic, Grams: 1, Length: 1, Width: 1, Height: 1})
	return s
}

const untilLabel = "started, validate, reserve stock, confirm payment, "

// A label may be bought from a partner; then the parcel is entered by the flow itself.
func TestOwnCarrierBought(t *testing.T) {
	for name, test := range map[string]struct {
		script []string
		during func(r *rig)
		want   string
		parcel string
	}{
		"bought":                  {want: "label?, label, waits:channel", parcel: "B1"},
		"the first try times out": {script: []string{"timeout"}, want: "label?, label!, label?, label, waits:channel", parcel: "B1"},
		"the partner is gone":     {script: []string{"nobody"}, want: "label?, waits:tracking"},
		"a person must mend it":   {script: []string{"no address"}, want: "label?, waits:tracking"},
		"it mends itself":         {script: []string{"no money", "no money"}, want: "label?, waits:tracking, label?, waits:tracking, label?, label, waits:channel", parcel: "B1"},
		"a person enters another": {during: func(r *rig) {
			r.write(orderevents.Stream("main", "k7:1"), asks("1", 1, "T1", item("a", 2), item("b", 1)))
		}, want: "label?, label, waits:channel", parcel: "T1"},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				s := r.labelled(true, test.script...)
				if test.during != nil {
					s.during = func() { test.during(r) }
				}
				r.own("1")
				r.pass(10 * time.Minute)
				r.tells("1", untilLabel+test.want)
				o := r.order("1")
				if test.parcel == "" {
					if len(o.Parcels) != 0 {
						t.Errorf("parcels %+v", o.Parcels)
					}
					return
				}
				if len(o.Parcels) != 1 || o.Parcels[0].Tracking != test.parcel || len(o.Unpacked()) != 0 || o.Parcels[0].Request != 1 {
					t.Fatalf("parcels %+v", o.Parcels)
				}
				r.happens("1", done("1", 1))
				if p := r.status("1").Phase; p != flow.Finished {
					t.Errorf("it is %s: %s", p, r.story("1"))
				}
			})
		})
	}
}

// What a channel puts into an order while its label is bought is in no parcel before it is promised.
func TestAddedWhileTheLabelIsBought(t *testing.T) {
	inRig(t, func(r *rig) {
		s := r.labelled(true)
		lists := func(a int64) {
			n := r.news("1", orders.Ready, map[string]int64{"a": a, "b": 1})
			n.SellerShips, n.Packages = true, nil
			r.must(r.observe(n))
		}
		s.during = func() {
			<-time.After(time.Second) // so that the news are newer
			lists(12)
		}
		r.own("1") // 2 of a, 1 of b
		r.pass(time.Minute)
		if o := r.order("1"); len(o.Parcels) != 1 || !slices.Equal(o.Unpacked(), []orderevents.ParcelItem{item("a", 10)}) {
			t.Errorf("parcels %+v", o.Parcels)
		}
		r.waitsFor("1", fulfilment.WaitNoStock, "a needs 12, 10 available")
		r.receive("a", 2)
		r.must(r.retry("1"))
		r.pass(time.Second)
		r.waitsFor("1", fulfilment.WaitTracking, "10 of 13 units are in no parcel yet")
		r.has("a", 12, 12)
	})
}

// Without a partner nobody is asked, and an order that waits for a person's number goes on waiting when there is one.
func TestOwnCarrierBeforeThePartner(t *testing.T) {
	inRig(t, func(r *rig) {
		s := &seller{desk: r.desk, bought: map[string]int{}, voided: map[string]int{}, during: func() {}}
		r.buyer = s
		r.restart()
		r.receive("a", 10)
		r.receive("b", 10)
		r.own("1")
		r.tells("1", untilTracking)
		r.write(labelevents.Stream("main"), labelevents.Configured{Partner: "easypost", Automatic: true})
		r.pass(time.Hour)
		r.tells("1", untilTracking)
		if err := r.retry("1"); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Second)
		r.tells("1", untilTracking+", retried, label?, label, waits:channel")
	})
}

// Where labels are not bought by themselves a person asks for each, by a retry; so they do again when what they had to mend is mended.
func TestOwnCarrierOnDemand(t *testing.T) {
	inRig(t, func(r *rig) {
		s := r.labelled(false, "no address")
		r.own("1")
		r.pass(time.Hour)
		r.tells("1", untilTracking)
		r.waitsFor("1", fulfilment.WaitTracking, "Retry buys its label")
		for _, want := range []string{"label?, waits:tracking", "label?, label, waits:channel"} {
			before := r.story("1")
			if err := r.retry("1"); err != nil {
				t.Fatal(err)
			}
			r.pass(time.Hour)
			r.tells("1", before+", retried, "+want)
			if strings.Contains(want, "tracking") {
				r.waitsFor("1", fulfilment.WaitTracking, "No address. Mend that and retry, or enter the number")
			}
		}
		if len(s.bought) != 1 {
			t.Errorf("bought %v", s.bought)
		}
	})
}

// What the partner could not do is tried again as soon as it is configured anew.
func TestOwnCarrierMendedKey(t *testing.T) {
	inRig(t, func(r *rig) {
		r.labelled(true, "no money", "no money")
		r.own("1")
		r.pass(10 * time.Second)
		r.waitsFor("1", fulfilment.WaitTracking, "It is tried again by itself.")
		r.write(labelevents.Stream("main"), labelevents.Configured{Partner: "easypost", Automatic: true, Secrets: "new"})
		r.pass(time.Second)
		r.waitsFor("1", fulfilment.WaitTracking, "No money.")
		r.write(labelevents.Stream("main"), labelevents.Configured{Partner: "easypost", Automatic: true, Secrets: "newer"})
		r.pass(time.Second)
		if o := r.order("1"); len(o.Parcels) != 1 {
			t.Errorf("parcels %+v: %s", o.Parcels, r.story("1"))
		}
	})
}

// The label of an order that is cancelled is given back once, also when it is not known whether it was bought, or given back.
func TestBoughtLabelIsGivenBack(t *testing.T) {
	for name, test := range map[string]struct {
		buy, void []string
		kill      bool
	}{
		"bought":                     {},
		"killed":                     {kill: true},
		"the purchase has no answer": {buy: []string{"timeout"}},
		"the return has no answer":   {void: []string{"timeout"}},
		"the partner is down":        {void: []string{"down", "down"}},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				s := r.labelled(true, test.buy...)
				r.desk.script["void"] = test.void
				r.own("1")
				r.pass(time.Second)
				r.says("1", orders.Cancelled)
				if test.kill {
					r.restart()
				}
				r.pass(time.Second)
				r.happens("1", orderevents.ShippingEnded{Order: "k7:1", Request: 1, Sentence: "The order was cancelled."})
				r.pass(10 * time.Minute)
				if p := r.status("1").Phase; p != flow.Undone {
					t.Errorf("it is %s: %s", p, r.story("1"))
				}
				key := "fulfilment/k7:1/label"
				if s.bought[key] != 1 || s.voided[key] != 1 || len(s.bought)+len(s.voided) != 2 {
					t.Errorf("bought %v, given back %v: %s", s.bought, s.voided, r.story("1"))
				}
			})
		})
	}
}

// A parcel that the carrier does not take back is a person's to see to, who retries, or lets it go: then the rest is taken back.
func TestLabelThatIsNotTakenBack(t *testing.T) {
	inRig(t, func(r *rig) {
		r.labelled(true)
		r.desk.script["void"] = []string{"decline"}
		r.own("1")
		r.pass(time.Second)
		r.says("1", orders.Cancelled)
		r.happens("1", orderevents.ShippingEnded{Order: "k7:1", Request: 1, Sentence: "The order was cancelled."})
		r.pass(time.Minute)
		if s := r.status("1"); s.Phase != flow.IsStuck {
			t.Errorf("it is %s: %s", s.Phase, r.story("1"))
		}
		r.may("1", "retry skip")
		r.has("a", 10, 2)
		r.ask("1", (*flow.Definition).Skipping)
		r.pass(time.Minute)
		if s := r.status("1"); s.Phase != flow.Undone {
			t.Errorf("it is %s: %s", s.Phase, r.story("1"))
		}
		r.has("a", 8, 0) // the parcel may be on its way: the letter about it asks
		if got := r.letters(fulfilment.ReturnID("k7:1")); len(got) != 1 {
			t.Errorf("letters %q", got)
		}
	})
}

// The label of an order that is cancelled after it was sent is not given back by itself: the letter about its units names it.
func TestBoughtLabelCancelledAfterTheEnd(t *testing.T) {
	inRig(t, func(r *rig) {
		s := r.labelled(true)
		r.own("1")
		r.pass(time.Minute)
		r.happens("1", done("1", 1))
		if p := r.status("1").Phase; p != flow.Finished {
			t.Fatalf("it is %s: %s", p, r.story("1"))
		}
		r.says("1", orders.Cancelled)
		r.pass(time.Minute)
		told := r.letters(fulfilment.ReturnID("k7:1"))
		if len(told) != 1 || !strings.Contains(told[0], "The label B1 was bought for it") || len(s.voided) != 0 {
			t.Errorf("told %q, given back %v", told, s.voided)
		}
	})
}
