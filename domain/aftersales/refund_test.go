package aftersales_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
)

const myshopify = "cf-demo.myshopify.com"

// store is a rig whose vendor is Shopify, with a delivered order of two units that the buyer sends back and of which so many came.
type store struct {
	*rig
	sim    *shopifysim.Sim
	number int64 // the order's
	claim  int64
}

func newStore(t *testing.T, came int64) *store {
	t.Helper()
	s := &store{rig: &rig{T: t, kill: func() {}}}
	s.sim = shopifysim.New(shopifysim.Config{ClientID: "cfclient01", ClientSecret: "cf_test_secret_0123456789abcdef", Seed: 1, Clock: s.now})
	s.sim.AddShop(shopifysim.Shop{Domain: myshopify})
	_, variants, err := s.sim.AddProduct(myshopify, shopifysim.Product{Title: "Hoodie", Variants: []shopifysim.SKU{{SKU: "HOODIE-M", Price: "19.99", Quantity: 10}}})
	s.must(err)
	s.open(s.sim.Handler(), channels.App{Channel: "shopify", Key: "cfclient01", Secrets: []string{"cf_test_secret_0123456789abcdef"}}, channels.Grant{"shop": myshopify})
	s.number, err = s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{Buyer: "Ana", Lines: []shopifysim.Line{{Variant: variants[0], Quantity: 2}}})
	s.must(err)
	s.order = strconv.FormatInt(s.number, 10)
	s.look()
	s.must(s.sim.FulfilByHand(myshopify, s.number, "Royal Mail", "RM1"))
	s.claim, err = s.sim.RequestReturn(myshopify, s.number, variants[0], 2, "damaged")
	s.must(err)
	s.must(s.sim.SetReturn(myshopify, s.claim, "OPEN"))
	s.look()
	claim := strconv.FormatInt(s.claim, 10)
	stream := orderevents.Stream("main", s.id())
	_, err = s.log.Execute(t.Context(), eventlog.Request{
		Folds: []eventlog.Fold{orders.Fold("main", s.id())}, Meta: eventlog.Meta{Actor: "user:ana"},
		Decide: func([]eventlog.State) (eventlog.Decision, error) {
			return eventlog.Decision{Writes: []eventlog.Decided{{Stream: stream, Events: []eventlog.Event{
				orderevents.Matched{Order: s.id(), SKUs: []string{"HOODIE-M"}},
				orderevents.ReturnReceived{Order: s.id(), Claim: claim, Items: []orderevents.ReturnedItem{{SKU: "HOODIE-M", Quantity: came}}},
				orderevents.AnswerAsked{Order: s.id(), Answer: 1, Action: orders.ActionApprove, Kind: orders.Return, Claim: claim, State: orders.ClaimAwaited},
			}}}}, nil
		},
	})
	s.must(err)
	return s
}

// processes says whether a request has the vendor take goods in, which refunds them.
func processes(q *http.Request) bool {
	text, err := io.ReadAll(q.Body)
	q.Body = io.NopCloser(bytes.NewReader(text))
	return err == nil && bytes.Contains(text, []byte("mutation ProcessReturn"))
}

// A return that somebody closes in Shopify while goods that came are booked here is not refunded for them, and the answer says so.
func TestClosedThereBeforeItsGoodsCame(t *testing.T) {
	for when, meet := range map[string]func(s *store){
		"before it is looked at": func(s *store) { s.must(s.sim.SetReturn(myshopify, s.claim, "CLOSED")) },
		"after it was looked at": func(s *store) {
			s.rig.before(func(_ http.ResponseWriter, q *http.Request) bool {
				if processes(q) {
					s.must(s.sim.SetReturn(myshopify, s.claim, "CLOSED"))
				}
				return false
			})
		},
	} {
		t.Run(when, func(t *testing.T) {
			s := newStore(t, 1)
			meet(s)
			s.start()
			s.until("the answer has ended", func() bool { return s.state().Asked == nil })
			records, err := s.log.ReadStream(t.Context(), orderevents.Stream("main", s.id()), 0, 100)
			s.must(err)
			last, _ := records[len(records)-1].Event.(orderevents.AnswerEnded)
			if last.Done || last.Sentence == "" || s.sim.Counts().Refunds[s.order] != 0 {
				t.Errorf("ended as %+v with %d refunds", last, s.sim.Counts().Refunds[s.order])
			}
		})
	}
}

// Whatever becomes of the request on its way, goods that came are refunded once, those and no others.
func TestRefundedOnce(t *testing.T) {
	for trouble, meet := range troubles {
		for came, want := range map[int64]struct{ refunded, status string }{1: {"19.99", "OPEN"}, 2: {"39.98", "CLOSED"}} {
			t.Run(trouble+", "+strconv.FormatInt(came, 10)+" of 2", func(t *testing.T) {
				s := newStore(t, came)
				if meet(s.rig, processes) {
					s.kill()
					s.before(nil)
					s.ahead.Add(int64(5 * time.Minute))
				}
				s.start()
				s.until("the answer has ended", func() bool { return s.state().Asked == nil })
				is, err := s.sim.Order(myshopify, s.number)
				s.must(err)
				status, processed, err := s.sim.Return(myshopify, s.claim)
				s.must(err)
				if c := s.sim.Counts(); is.Refunded != want.refunded || c.Refunds[s.order] != 1 || processed != came || status != want.status || c.ReturnTries[strconv.FormatInt(s.claim, 10)] != 1 {
					t.Errorf("%s went back in %d refunds of %d tries, %d units taken in, the return is %s", is.Refunded, c.Refunds[s.order],
						c.ReturnTries[strconv.FormatInt(s.claim, 10)], processed, status)
				}
				records, err := s.log.ReadStream(t.Context(), orderevents.Stream("main", s.id()), 0, 100)
				s.must(err)
				if last, ok := records[len(records)-1].Event.(orderevents.AnswerEnded); !ok || !last.Done {
					t.Errorf("ended as %+v, want done", records[len(records)-1].Event)
				}
			})
		}
	}
}
