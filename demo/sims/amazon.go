package sims

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/hub"
)

// Amazon is a simulated Amazon with one seller and a queue, as flags describe it.
type Amazon struct {
	Listen    string        `help:"Address of the API; loopback only." default:"127.0.0.1:8092"`
	Delay     time.Duration `help:"How much later than accepted a quantity takes effect." default:"20s"`
	Pending   time.Duration `help:"How long an order stays PENDING after payment." default:"0s"`
	Unlimited bool          `help:"Take any number of calls, in place of Amazon's quota."`
	Faults    amazonFaults  `help:"Probabilities of faults as JSON: {\"duplicate\":0.05,\"lose\":0.02}; also delay, garble, api_5xx, api_timeout_after, api_garbage, accepted_not_applied, queue_5xx." placeholder:"JSON"`
	Seed      uint64        `help:"Fixes ids, faults and their order." default:"1"`
}

// amazonFaults are the simulator's, from a flag.
type amazonFaults amazonsim.Faults

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *amazonFaults) UnmarshalText(text []byte) error { return faults(text, (*amazonsim.Faults)(f)) }

// Validate refuses what the flags' types let through.
func (s Amazon) Validate() error {
	if s.Delay < 0 || s.Pending < 0 {
		return errors.New("--delay and --pending are not below 0")
	}
	return onlyHere(s.Listen)
}

// What the simulated app and seller are called.
const (
	simClientID     = "amzn1.application-oa2-client.sim"
	simClientSecret = "amzn1.oa2-cs.v1.sim" //nolint:gosec // of a simulator on this machine
	simSeller       = "A3SIMULATED01"
)

// Run simulates a seller's store until ctx ends, and says how to connect it.
func (s Amazon) Run(ctx context.Context, out io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return hub.Listening(s.Listen, err)
	}
	sim := amazonsim.New(amazonsim.Config{
		ClientID: simClientID, ClientSecret: simClientSecret, Seed: s.Seed, ApplyDelay: s.Delay, PendingFor: s.Pending, Unlimited: s.Unlimited, Restock: true,
		Faults: amazonsim.Faults(s.Faults),
	})
	refresh := sim.AddSeller(amazonsim.Seller{ID: simSeller, Name: "Simulated store"})
	for _, l := range []amazonsim.Listing{
		{SKU: "HOODIE-M", Title: "Hoodie, M", Type: "HOODIE", Price: "19.99", Quantity: 20}, {SKU: "MUG", Title: "Mug", Type: "DRINKING_CUP", Price: "7.50", Quantity: 40},
	} {
		if _, err := sim.AddListing(simSeller, l); err != nil {
			return err
		}
	}
	address := "http://" + listener.Addr().String()
	if _, err := fmt.Fprintf(out, `Simulated Amazon on %[1]s, control under %[1]s/_sim/
Connect it with:
  creatorflow connect amazon --name "Simulated store" --base-url %[1]s --auth-url %[1]s --client-id %[2]s --client-secret %[3]s --refresh-token "%[4]s" --seller-id %[5]s --marketplace GB --queue-url %[6]s --aws-region eu-west-1 --aws-key-id AKIDSIM --aws-secret sim-secret
Have a buyer order something with:
  curl %[1]s/_sim/orders --json '{"buyer_name":"Ana Maria","address":"1 High Street","city":"Leeds","postal_code":"LS1 1AA","lines":[{"sku":"MUG","quantity":1}]}'
`, address, simClientID, simClientSecret, refresh, simSeller, sim.QueueURL(address)); err != nil {
		return err
	}
	return hub.Together(ctx, sim.Run, func(ctx context.Context) error { return serve(ctx, listener, sim.Handler(), sim.ControlHandler()) })
}
