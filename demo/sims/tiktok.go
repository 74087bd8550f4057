package sims

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/demo"
	"github.com/creatorflow/creatorflow/demo/excerpt"
	"github.com/creatorflow/creatorflow/hub"
)

// serviceID names the simulated app's consent page.
const serviceID = "7001"

// Tiktok is a simulated TikTok Shop, as flags describe it.
type Tiktok struct {
	Listen     string        `help:"Address of the API; loopback only." default:"127.0.0.1:8090"`
	WebhookURL string        `name:"webhook-url" help:"Where webhooks go, as connect prints it; none when not given."`
	BackURL    string        `name:"redirect-url" help:"Where its consent page leads back to: the channels screen of a hub." default:"http://127.0.0.1:8080/channels"`
	Orders     string        `help:"Order log to replay (the demo's format, gzip); the demo's own when it is \"demo\"." placeholder:"FILE"`
	Speed      int           `help:"Orders and cancellations a minute of the replay." default:"60"`
	Hold       time.Duration `help:"How long an order stays ON_HOLD after payment." default:"1h"`
	Rate       float64       `help:"Requests a second for each endpoint and shop; 0 is no limit." default:"50"`
	RefuseZero bool          `help:"Refuse a listed quantity of 0."`
	Faults     tiktokFaults  `help:"Probabilities of faults as JSON: {\"duplicate\":0.05,\"lose\":0.02}; also delay, reorder, garble, bad_signature, api_5xx, api_timeout_after, api_garbage, accepted_not_applied, ship_not_applied." placeholder:"JSON"`
	Seed       uint64        `help:"Fixes ids, faults and their order." default:"1"`
}

// tiktokFaults are the simulator's, from a flag.
type tiktokFaults tiktoksim.Faults

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *tiktokFaults) UnmarshalText(text []byte) error { return faults(text, (*tiktoksim.Faults)(f)) }

// Validate refuses what the flags' types let through.
func (s Tiktok) Validate() error {
	if err := addresses(s.Listen, s.WebhookURL, s.BackURL, "tiktok"); err != nil {
		return err
	}
	if s.Speed < 1 || s.Rate < 0 || s.Hold < 0 {
		return errors.New("--speed is at least 1, --rate and --hold are not below 0")
	}
	return nil
}

// Run simulates a shop until the process is told to stop.
func (s Tiktok) Run(ctx context.Context, out io.Writer) error {
	var orders excerpt.Excerpt
	if s.Orders != "" {
		var err error
		if orders, err = readOrders(s.Orders); err != nil {
			return err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return hub.Listening(s.Listen, err)
	}
	sim := tiktoksim.New(tiktoksim.Config{
		AppKey: demo.AppKey, AppSecret: demo.AppSecret, Seed: s.Seed, RemorseHold: s.Hold, RequestsPerSecond: s.Rate,
		LabelNotReady: 1, Restock: true, RefuseZero: s.RefuseZero, SellBeyondListed: s.Orders != "", WebhookURL: s.WebhookURL, Faults: tiktoksim.Faults(s.Faults),
		ServiceID: serviceID, RedirectURL: s.BackURL,
	})
	sim.AddShop(tiktoksim.Shop{ID: demo.ShopID, Name: "Simulated shop", Region: "GB", Currency: "GBP"})
	address := "http://" + listener.Addr().String()
	if _, err := fmt.Fprintf(out, `Simulated TikTok Shop on %[1]s, control under %[1]s/_sim/
Connect it on the channels screen of a hub, with app key %[2]s, app secret %[3]s, service id %[5]s and, as
other addresses, %[1]s twice; or with:
  creatorflow connect tiktok --name "Simulated shop" --base-url %[1]s --auth-url %[1]s --app-key %[2]s --app-secret %[3]s --auth-code %[4]s
Then, for webhooks (without them the hub polls), give it the address with the app that connect prints:
  curl %[1]s/_sim/webhook --json '{"url":"http://127.0.0.1:8080/webhooks/tiktok/APP"}'
`, address, demo.AppKey, demo.AppSecret, sim.AuthCode(demo.ShopID), serviceID); err != nil {
		return err
	}
	parts := []func(context.Context) error{
		sim.Run,
		func(ctx context.Context) error { return serve(ctx, listener, sim.Handler(), sim.ControlHandler()) },
	}
	if s.Orders != "" {
		parts = append(parts, func(ctx context.Context) error { return demo.Replay(ctx, sim, orders, s.Speed, time.Now) })
	}
	return hub.Together(ctx, parts...)
}
