package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/demo"
	"github.com/creatorflow/creatorflow/demo/excerpt"
	"github.com/creatorflow/creatorflow/hub"
)

type simCommand struct {
	Tiktok simTiktok `cmd:"" help:"Run a simulated TikTok Shop."`
}

// serviceID names the simulated app's consent page.
const serviceID = "7001"

type simTiktok struct {
	Listen     string        `help:"Address of the API; loopback only." default:"127.0.0.1:8090"`
	WebhookURL string        `name:"webhook-url" help:"Where webhooks go, as connect prints it; none when not given."`
	BackURL    string        `name:"redirect-url" help:"Where its consent page leads back to: the channels screen of a hub." default:"http://127.0.0.1:8080/channels"`
	Orders     string        `help:"Order log to replay (the demo's format, gzip); the demo's own when it is \"demo\"." placeholder:"FILE"`
	Speed      int           `help:"Orders and cancellations a minute of the replay." default:"60"`
	Hold       time.Duration `help:"How long an order stays ON_HOLD after payment." default:"1h"`
	Rate       float64       `help:"Requests a second for each endpoint and shop; 0 is no limit." default:"50"`
	Faults     faults        `help:"Probabilities of faults as JSON: {\"duplicate\":0.05,\"lose\":0.02}; also delay, reorder, garble, bad_signature, api_5xx, api_timeout_after, api_garbage, accepted_not_applied, ship_not_applied." placeholder:"JSON"`
	Seed       uint64        `help:"Fixes ids, faults and their order." default:"1"`
}

// faults are the simulator's, from a flag.
type faults tiktoksim.Faults

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *faults) UnmarshalText(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode((*tiktoksim.Faults)(f))
}

// Validate refuses what the flags' types let through.
func (s simTiktok) Validate() error {
	host, _, err := net.SplitHostPort(s.Listen)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen %s: a simulator listens on this machine only, such as 127.0.0.1:8090", s.Listen)
	}
	if s.WebhookURL != "" {
		if u, err := url.Parse(s.WebhookURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("--webhook-url %s: want an address such as http://127.0.0.1:8080/webhooks/tiktok/APP", s.WebhookURL)
		}
	}
	if u, err := url.Parse(s.BackURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--redirect-url %s: want an address such as http://127.0.0.1:8080/channels", s.BackURL)
	}
	if s.Speed < 1 || s.Rate < 0 || s.Hold < 0 {
		return errors.New("--speed is at least 1, --rate and --hold are not below 0")
	}
	return nil
}

// Run simulates a shop until the process is told to stop.
func (s simTiktok) Run(ctx context.Context, c console) error {
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
		LabelNotReady: 1, Restock: true, SellBeyondListed: s.Orders != "", WebhookURL: s.WebhookURL, Faults: tiktoksim.Faults(s.Faults),
		ServiceID: serviceID, RedirectURL: s.BackURL,
	})
	sim.AddShop(tiktoksim.Shop{ID: demo.ShopID, Name: "Simulated shop", Region: "GB", Currency: "GBP"})
	address := "http://" + listener.Addr().String()
	if _, err := fmt.Fprintf(c.out, `Simulated TikTok Shop on %[1]s, control under %[1]s/_sim/
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
		func(ctx context.Context) error { return serveSim(ctx, listener, sim) },
	}
	if s.Orders != "" {
		parts = append(parts, func(ctx context.Context) error { return demo.Replay(ctx, sim, orders, s.Speed, time.Now) })
	}
	return hub.Together(ctx, parts...)
}

func readOrders(name string) (excerpt.Excerpt, error) {
	if name == "demo" {
		return excerpt.Load()
	}
	file, err := os.Open(name)
	if err != nil {
		return excerpt.Excerpt{}, fmt.Errorf("--orders: %w", err)
	}
	log, err := excerpt.Read(file)
	return log, errors.Join(err, file.Close())
}

func serveSim(ctx context.Context, listener net.Listener, sim *tiktoksim.Sim) error {
	mux := http.NewServeMux()
	mux.Handle("/", sim.Handler())
	mux.Handle("/_sim/", http.StripPrefix("/_sim", sim.ControlHandler()))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing to drain
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulated shop: %w", err)
	}
	return ctx.Err()
}
