// Package demo shows the hub at work without a shop: it runs a simulated TikTok Shop beside it and
// replays a real order log through signed webhooks.
//
//	excerpt ─► tiktoksim ─► signed webhooks ─► hub (the same as serve) ─► board
//
// Nothing in the hub knows that it is a demo. The replay places every order whatever the shop
// lists, so that what is sold out is decided by the hub's ledger alone.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/demo/excerpt"
	"github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"

	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
)

// Options of a demo.
type Options struct {
	Listen string
	Data   string // empty = a fresh temporary folder, removed at the end
	Speed  int    // orders and cancellations a minute; 0 = each as soon as the one before was decided
	Hub    hub.Options
	Out    io.Writer
	// Replayed is called once, when the whole log was replayed; may be nil.
	Replayed func()
}

// The simulated shop; the credentials open nothing but a simulator.
const (
	ShopID    = "7490000000000000001"
	AppKey    = "demoappkey"
	AppSecret = "demo-app-secret-of-the-simulator" //nolint:gosec // of a simulator on this machine
)

const (
	shopName = "Demo shop"
	zone     = "Europe/London"
)

// hold is how long the simulated shop keeps an order ON_HOLD; the vendor's hour would hide the rest.
func (o Options) hold() time.Duration {
	if o.Speed == 0 {
		return time.Second
	}
	return 15 * time.Second
}

// Run shows the demo until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	if o.Data == "" {
		if o.Data, err = os.MkdirTemp("", "creatorflow-demo-"); err != nil {
			return fmt.Errorf("make a folder for the demo: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Data)) }()
	}
	o.Hub.MadeUp = true
	d, err := open(ctx, o)
	if err != nil {
		return err
	}
	return d.run(ctx, d.greet)
}

// besidePerMinute is how many orders and cancellations happen in a demo that is opened inside a hub.
const besidePerMinute = 60

// Beside shows the demo inside a hub that runs, as hub.Demo wants it: by the host's users, and nothing of it is the host's.
func Beside(ctx context.Context, host *hub.Hub, data string, shown func(guest *hub.Hub)) error {
	d, err := open(ctx, Options{Listen: "127.0.0.1:0", Data: data, Speed: besidePerMinute, Out: io.Discard, Hub: host.Guest()})
	if err != nil {
		return err
	}
	return d.run(ctx, func(context.Context) error {
		shown(d.hub)
		return nil
	})
}

// open opens the hub and the simulated shop; it starts neither.
func open(ctx context.Context, o Options) (*show, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, hub.Listening(o.Listen, err)
	}
	log, err := excerpt.Load()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the demo's order log: %w", err), listener.Close())
	}
	market, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for the simulated shop: %w", err), listener.Close())
	}
	o.Hub.Data = o.Data
	o.Hub.Poll = 10 * time.Second
	o.Hub.Public = "http://" + listener.Addr().String() // the simulated shop is on this machine
	h, err := hub.Open(ctx, o.Hub)
	if err != nil {
		return nil, errors.Join(err, listener.Close(), market.Close())
	}
	app, err := h.Shops.AddApp(ctx, channels.App{
		Channel: "tiktok", Key: AppKey, Secrets: []string{AppSecret},
		BaseURL: "http://" + market.Addr().String(), AuthURL: "http://" + market.Addr().String(),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("add the simulated shop's app: %w", err), listener.Close(), market.Close(), h.Close())
	}
	return &show{
		o: o, hub: h, log: log, app: app, market: market, listener: listener,
		sim: tiktoksim.New(tiktoksim.Config{
			AppKey: AppKey, AppSecret: AppSecret, Clock: o.Hub.Clock, Seed: 1, RemorseHold: o.hold(),
			LabelNotReady: 1, Restock: true, SellBeyondListed: true,
			WebhookURL: "http://" + listener.Addr().String() + "/webhooks/tiktok/" + app.ID,
		}),
	}, nil
}

// run shows the demo until ctx ends or a part fails, and closes the hub. Begun is called as soon as the hub answers.
func (d *show) run(ctx context.Context, begun func(context.Context) error) error {
	err := hub.Together(ctx, d.runSim, d.serveSim,
		func(ctx context.Context) error { return d.hub.Run(ctx, d.listener) },
		func(ctx context.Context) error { return d.play(ctx, begun) })
	return errors.Join(err, d.hub.Close())
}

type show struct {
	o        Options
	hub      *hub.Hub
	log      excerpt.Excerpt
	app      channels.App
	sim      *tiktoksim.Sim
	market   net.Listener
	listener net.Listener
}

func (d *show) runSim(ctx context.Context) error { return d.sim.Run(ctx) }

func (d *show) serveSim(ctx context.Context) error {
	server := &http.Server{Handler: d.sim.Handler(), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // the listener goes with the process
	defer stop()
	if err := server.Serve(d.market); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulated shop: %w", err)
	}
	return nil
}

// play fills the shelves and replays the log; then it leaves the hub running.
func (d *show) play(ctx context.Context, begun func(context.Context) error) error {
	if err := d.hub.Ready(ctx); err != nil {
		return err
	}
	if err := begun(ctx); err != nil {
		return err
	}
	if d.hub.Log.Head().Position > 0 {
		d.say("This folder holds an earlier demo: it is shown, nothing is replayed. Use another folder to replay.\n")
	} else if err := d.replay(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (d *show) greet(ctx context.Context) error {
	link, err := d.hub.Accounts.MakeLink(ctx, "owner", accounts.Owner, accounts.LinkLife)
	if err != nil {
		return fmt.Errorf("make the one-time link: %w", err)
	}
	key, _, err := d.hub.Accounts.MakeKey(ctx, "demo", accounts.Owner, nil, d.o.Hub.Clock().Add(30*24*time.Hour))
	if err != nil {
		return fmt.Errorf("make the API key: %w", err)
	}
	address := "http://" + d.listener.Addr().String()
	d.say("CreatorFlow demo\n  board:        %s\n  sign in once: %s/setup?token=%s\n  API key:      %s\n  data:         %s\n",
		address, address, string(link), string(key), d.o.Data)
	d.say("%s\n", d.log.Attribution)
	return nil
}

// say prints to the terminal; a broken one is no reason to stop selling.
func (d *show) say(format string, args ...any) { _, _ = fmt.Fprintf(d.o.Out, format, args...) }

func (d *show) replay(ctx context.Context) error {
	d.sim.AddShop(tiktoksim.Shop{ID: ShopID, Name: shopName, Region: "GB", Currency: d.log.Currency})
	if err := d.stock(ctx); err != nil {
		return err
	}
	shop, err := newReplay(d.sim, d.log, d.o.Hub.Clock)
	if err != nil {
		return err
	}
	added, err := d.hub.Shops.Authorize(ctx, d.app.ID, channels.Grant{"code": d.sim.AuthCode(ShopID)}, shopName)
	if err != nil {
		return fmt.Errorf("connect the simulated shop: %w", err)
	}
	if d.o.Speed > 0 {
		err = shop.paced(ctx, d.o.Speed)
	} else {
		err = d.decided(ctx, shop, added[0].ID)
	}
	if err != nil {
		return err
	}
	d.say("The whole log was replayed: %d orders, %d cancellations. The board stays up; stop with Ctrl-C.\n", d.log.Orders, d.log.Cancellations)
	if d.o.Replayed != nil {
		d.o.Replayed()
	}
	return nil
}

// decided lets each entry happen as soon as the hub has decided the one before.
func (d *show) decided(ctx context.Context, shop *replay, connection string) error {
	decisions := newDecisions(d.hub.Log)
	err := hub.Together(ctx, decisions.run, func(ctx context.Context) error {
		err := shop.each(ctx, func(ctx context.Context, e excerpt.Entry) error {
			if e.Order == nil {
				return decisions.closed(ctx, connection+":"+vendorID(e.Cancel))
			}
			return decisions.decided(ctx, connection+":"+vendorID(e.Order.ID))
		})
		if err != nil {
			return err
		}
		return errReplayed
	})
	if errors.Is(err, errReplayed) {
		return nil
	}
	return err
}

// errReplayed ends the following of decisions, not the demo.
var errReplayed = errors.New("the whole log was replayed")

// stock names the business and fills its shelves.
func (d *show) stock(ctx context.Context) error {
	meta := eventlog.Meta{Actor: "system:demo", Cause: "demo", Correlation: "demo"}
	if _, err := eventlog.Execute(ctx, d.hub.Log, workspaces.Stream(workspace.Main), workspace.Configuring(),
		workspace.Configure{Name: new(shopName), Zone: new(zone), Currency: &d.log.Currency}, meta); err != nil {
		return fmt.Errorf("name the business: %w", err)
	}
	const at = 512
	next := make(chan excerpt.Product)
	parts := []func(context.Context) error{func(ctx context.Context) error {
		defer close(next)
		for _, p := range d.log.Products {
			select {
			case next <- p:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}}
	for range at {
		parts = append(parts, func(ctx context.Context) error {
			for p := range next {
				if _, err := eventlog.Execute(ctx, d.hub.Log, stockevents.Stream(workspace.Main, p.SKU), inventory.Receiving(),
					inventory.Receive{SKU: p.SKU, Name: p.Title, Quantity: int64(p.Stock), Reason: "opening stock of the demo"}, meta); err != nil {
					return fmt.Errorf("receive %s: %w", p.SKU, err)
				}
			}
			return nil
		})
	}
	return all(ctx, parts...)
}

// all runs parts until every one has returned, or one has failed.
func all(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, part := range parts {
		wg.Go(func() {
			if err := part(ctx); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
