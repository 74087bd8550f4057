// Package crash kills the hub with SIGKILL again and again under load and then checks what it
// promised: every acknowledged webhook and command is there, every order is, positions are dense
// and sealed, the simulated shop shipped every order once, the stock adds up to what was answered
// and what left, and the views equal a rebuild.
//
//	simulated shop ─► gate (notes what got a 200) ─► hub, killed and started anew
//	commands (notes what got a 200) ────────────────►
//
// It proves that a crash of the process loses nothing. It proves nothing about power cuts: what the
// kernel has in its cache survives a killed process.
package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/hub"
)

// Options of a drill.
type Options struct {
	Binary    string // the program that is killed
	Dir       string // for the data folder and the hub's output; kept
	Cycles    int
	Seed      uint64
	PerMinute int // webhooks the simulated shop aims at
	Version   string
	Out       io.Writer // progress; may be io.Discard
}

// Report is what a drill found; it is one JSON line.
type Report struct {
	Name     string   `json:"name"`
	Engine   string   `json:"engine"`
	Seed     uint64   `json:"seed"`
	Cycles   int      `json:"cycles"`
	Acked    int      `json:"acked"`    // webhooks and commands
	Lost     int      `json:"lost"`     // of them
	Twice    int      `json:"twice"`    // effects at the shop
	Oversold int      `json:"oversold"` // SKUs
	Orders   int      `json:"orders"`
	P99      float64  `json:"p99_ms"` // from start of the process to ready
	Seconds  float64  `json:"seconds"`
	Commit   string   `json:"commit"`
	Broken   []string `json:"broken,omitempty"` // promises, in sentences
}

// Err names the broken promises.
func (r Report) Err() error {
	errs := make([]error, len(r.Broken))
	for i, b := range r.Broken {
		errs[i] = errors.New(b)
	}
	return errors.Join(errs...)
}

const (
	shop   = "7490000000000000042"
	key    = "drillappkey"
	secret = "drill-app-secret-of-the-simulator"
	skus   = 40
	scarce = 4 // of the SKUs have so little stock that orders run short
	drain  = 2 * time.Minute
)

// drill is one run.
type drill struct {
	o       Options
	rng     *rand.Rand // of the kills
	orders  *rand.Rand // of the load
	data    string
	address string // of the hub
	token   string // API key
	app     string
	sim     *tiktoksim.Sim
	gate    *gate
	book    *book
	placed  []string // order ids at the shop
	readies []time.Duration
}

// Run kills and checks. The error is of the drill itself; what the hub broke is in the report.
func Run(ctx context.Context, o Options) (r Report, err error) {
	started := time.Now()
	d := &drill{
		o: o, rng: rand.New(rand.NewPCG(o.Seed, 1)), data: filepath.Join(o.Dir, "data"),
		orders: rand.New(rand.NewPCG(o.Seed, 2)),
		gate:   newGate(), book: newBook(),
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return r, fmt.Errorf("make the drill's folder: %w", err)
	}
	market, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return r, fmt.Errorf("listen for the simulated shop: %w", err)
	}
	d.sim = tiktoksim.New(tiktoksim.Config{
		AppKey: key, AppSecret: secret, Seed: o.Seed, RemorseHold: time.Second, RequestsPerSecond: 50, LabelNotReady: 1,
		Restock: true, Reship: true, WebhookURL: "http://" + market.Addr().String() + "/gate",
		RetrySchedule: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second},
		Faults: tiktoksim.Faults{
			Duplicate: 0.05, Reorder: 0.05, Lose: 0.02, API5xx: 0.02, APITimeoutAfter: 0.01, MaxDelay: time.Second,
		},
	})
	d.stockShop()
	mux := http.NewServeMux()
	mux.Handle("/", d.sim.Handler())
	mux.Handle("/gate", d.gate)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	err = hub.Together(ctx,
		d.sim.Run,
		func(ctx context.Context) error {
			stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing to drain
			defer stop()
			if err := server.Serve(market); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		},
		func(ctx context.Context) error { return d.campaign(ctx, "http://"+market.Addr().String()) },
	)
	if err != nil && !errors.Is(err, errDone) {
		return r, err
	}
	r = Report{
		Name: "crash", Engine: "sqlite", Seed: o.Seed, Cycles: o.Cycles, Orders: len(d.placed), Commit: o.Version,
		P99: float64(percentile(d.readies, 99).Microseconds()) / 1000,
	}
	err = d.judge(ctx, &r)
	r.Seconds = time.Since(started).Seconds()
	return r, err
}

// errDone ends the parts once the campaign is over.
var errDone = errors.New("crash: done")

func (d *drill) stockShop() {
	d.sim.AddShop(tiktoksim.Shop{ID: shop, Name: "Drill shop", Region: "GB", Currency: "GBP"})
	for i := range skus {
		// A fresh simulator takes any product; a refusal here would be a bug of the drill's own.
		if _, err := d.sim.AddProduct(shop, tiktoksim.Product{Title: sku(i), SKUs: []tiktoksim.SKU{
			{ID: listing(i), SellerSKU: sku(i), Price: "4.99", Quantity: 99999},
		}}); err != nil {
			panic("crash: " + err.Error())
		}
	}
}

func sku(i int) string     { return fmt.Sprintf("DRILL-%02d", i) }
func listing(i int) string { return fmt.Sprintf("17290000%011d", i+1) }

// opening is how many units of a SKU the drill starts with.
func opening(i int) int64 {
	if i < scarce {
		return 5
	}
	return 1_000_000
}
