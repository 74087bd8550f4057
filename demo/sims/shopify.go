package sims

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/demo"
	"github.com/creatorflow/creatorflow/hub"
)

// domain is the simulated Shopify shop's address.
const domain = "creatorflow-demo.myshopify.com"

// Shopify is a simulated Shopify shop, as flags describe it.
type Shopify struct {
	Listen     string        `help:"Address of the API; loopback only." default:"127.0.0.1:8091"`
	WebhookURL string        `name:"webhook-url" help:"Where webhooks go, as connect prints it; a hub with --public-url asks for them itself."`
	BackURL    string        `name:"redirect-url" help:"Where its consent page leads back to: the channels screen of a hub." default:"http://127.0.0.1:8080/channels"`
	Hold       time.Duration `help:"How long an order is ON_HOLD after payment." default:"0s"`
	Points     float64       `help:"Points a second that queries may cost; 0 is no limit." default:"100"`
	Faults     shopifyFaults `help:"Probabilities of faults as JSON: {\"duplicate\":0.05,\"lose\":0.02}; also delay, reorder, garble, bad_signature, api_5xx, api_timeout_after, api_garbage, internal_error, spoil_key, accepted_not_applied, neighbour." placeholder:"JSON"`
	Seed       uint64        `help:"Fixes ids, faults and their order." default:"1"`
}

// shopifyFaults are the simulator's, from a flag.
type shopifyFaults shopifysim.Faults

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *shopifyFaults) UnmarshalText(text []byte) error {
	return faults(text, (*shopifysim.Faults)(f))
}

// Validate refuses what the flags' types let through.
func (s Shopify) Validate() error {
	if err := addresses(s.Listen, s.WebhookURL, s.BackURL, "shopify"); err != nil {
		return err
	}
	if s.Points < 0 || s.Hold < 0 {
		return errors.New("--points and --hold are not below 0")
	}
	return nil
}

// Run simulates a shop until the process is told to stop.
func (s Shopify) Run(ctx context.Context, out io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return hub.Listening(s.Listen, err)
	}
	sim := shopifysim.New(shopifysim.Config{
		ClientID: demo.AppKey, ClientSecret: demo.AppSecret, RedirectURL: s.BackURL, Seed: s.Seed, Hold: s.Hold, PointsPerSecond: s.Points,
		WebhookURL: s.WebhookURL, Faults: shopifysim.Faults(s.Faults),
	})
	sim.AddShop(shopifysim.Shop{Domain: domain, Name: "Simulated shop", Currency: "GBP"})
	address := "http://" + listener.Addr().String()
	if _, err := fmt.Fprintf(out, `Simulated Shopify on %[1]s, control under %[1]s/_sim/
Connect it with:
  creatorflow connect shopify --name "Simulated shop" --shop %[4]s --base-url %[1]s --app-key %[2]s --app-secret %[3]s
A hub that was started with --public-url asks for the webhooks itself; others poll, or get them with:
  curl %[1]s/_sim/webhook --json '{"url":"http://127.0.0.1:8080/webhooks/shopify/APP"}'
`, address, demo.AppKey, demo.AppSecret, domain); err != nil {
		return err
	}
	return hub.Together(ctx, sim.Run, func(ctx context.Context) error {
		return serve(ctx, listener, sim.Handler(), sim.ControlHandler())
	})
}
