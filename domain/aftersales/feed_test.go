package aftersales_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/domain/aftersales"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
)

const merchant = "A3TH9S8BH6GOGM"

// stall is a rig whose vendor is Amazon, with an order of two units.
func stall(t *testing.T) (*rig, *amazonsim.Sim) {
	t.Helper()
	r := &rig{T: t, kill: func() {}}
	sim := amazonsim.New(amazonsim.Config{ClientID: "amzn1.client", ClientSecret: "client-secret", Clock: r.now, Seed: 1, Unlimited: true})
	refresh := sim.AddSeller(amazonsim.Seller{ID: merchant, Name: "Test Store"})
	_, err := sim.AddListing(merchant, amazonsim.Listing{SKU: "HOODIE-M", Title: "Hoodie", Type: "HOODIE", Price: "19.99", Quantity: 100})
	r.must(err)
	r.open(sim.Handler(), channels.App{Channel: "amazon", Key: "amzn1.client", Secrets: []string{"client-secret"}}, channels.Grant{
		"refresh-token": refresh, "seller-id": merchant, "marketplace": "GB",
	})
	r.order, err = sim.PlaceOrder(merchant, amazonsim.NewOrder{BuyerName: "Ana", Lines: []amazonsim.Line{{SKU: "HOODIE-M", Quantity: 2}}})
	r.must(err)
	r.look()
	return r, sim
}

// Whatever becomes of the request on its way, an order is cancelled once by a feed, and so is one that its buyer wants cancelled.
func TestCancelledOnceByFeed(t *testing.T) {
	for what, prepare := range map[string]func(r *rig, sim *amazonsim.Sim) aftersales.Answer{
		"cancel an order": func(*rig, *amazonsim.Sim) aftersales.Answer {
			return aftersales.Answer{Action: orders.ActionCancel, Reason: "out_of_stock"}
		},
		"approve a cancellation": func(r *rig, sim *amazonsim.Sim) aftersales.Answer {
			r.must(sim.RequestCancel(merchant, r.order, "NO_LONGER_NEEDED"))
			r.look()
			return aftersales.Answer{Action: orders.ActionApprove, Kind: orders.Cancellation, Claim: r.order}
		},
	} {
		for trouble, meet := range troubles {
			t.Run(what+", "+trouble, func(t *testing.T) {
				r, sim := stall(t)
				r.must(r.ask(prepare(r, sim)))
				if meet(r, func(q *http.Request) bool {
					return q.Method == http.MethodPost && strings.HasSuffix(q.URL.Path, "/feeds")
				}) {
					r.kill()
					r.before(nil)
					r.ahead.Add(int64(5 * time.Minute))
				}
				r.start()
				r.until("the answer has ended", func() bool { return r.state().Asked == nil })
				if got, feeds := sim.Counts().Cancels[r.order], sim.Counts().Requests["POST /feeds/2021-06-30/feeds"]; got != 1 || feeds != 1 {
					t.Errorf("cancelled %d times by %d feeds", got, feeds)
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
