package sims

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/partners/easypost/easypostsim"
	"github.com/creatorflow/creatorflow/partners/stripe/stripesim"
)

// Stripe is a simulated account that is paid by card, as flags describe it.
type Stripe struct {
	Listen string        `help:"Address of the API; loopback only." default:"127.0.0.1:8094"`
	Lag    time.Duration `help:"Until a search shows a new payment." default:"1m"`
}

// Keys of the simulated accounts. They are nobody's.
const (
	stripeAccount = "acct_1SimulatedShop"
	stripeKey     = "sk_test_simulated"
	easypostKey   = "EZTKsimulated"
)

// Validate refuses what the flags' types let through.
func (s Stripe) Validate() error {
	if s.Lag < 0 {
		return fmt.Errorf("--lag %s: it is not below 0", s.Lag)
	}
	return onlyHere(s.Listen)
}

// Run simulates an account until ctx ends, and says how to connect it.
func (s Stripe) Run(ctx context.Context, out io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return hub.Listening(s.Listen, err)
	}
	sim := stripesim.New(stripesim.Config{Key: stripeKey, Account: stripeAccount, Clock: time.Now, Lag: s.Lag})
	sim.SetAddress("http://" + listener.Addr().String())
	if _, err := fmt.Fprintf(out, `Simulated Stripe on http://%[1]s
On the channels page connect Direct sales with the account %[2]s, the secret key %[3]s and, as address of the API, http://%[1]s
The payment pm_card_visa is taken, pm_card_chargeDeclined is not. A payment link leads to a page with one button.
`, listener.Addr(), stripeAccount, stripeKey); err != nil {
		return err
	}
	return serve(ctx, listener, sim.Handler(), http.NotFoundHandler())
}

// Easypost is a simulated account that buys labels, as flags describe it.
type Easypost struct {
	Listen string `help:"Address of the API; loopback only." default:"127.0.0.1:8095"`
}

// Validate refuses what the flags' types let through.
func (s Easypost) Validate() error { return onlyHere(s.Listen) }

// Run simulates an account until ctx ends, and says how labels are bought from it.
func (s Easypost) Run(ctx context.Context, out io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return hub.Listening(s.Listen, err)
	}
	address := "http://" + listener.Addr().String()
	sim := easypostsim.New(easypostsim.Config{Key: easypostKey, Clock: time.Now})
	sim.SetAddress(address)
	if _, err := fmt.Fprintf(out, `Simulated EasyPost on %[1]s
In the settings, under "Bought labels", enter the key %[2]s and, under "Another address, for a simulator", %[1]s
`, address, easypostKey); err != nil {
		return err
	}
	return serve(ctx, listener, sim.Handler(), http.NotFoundHandler())
}
