package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// gate passes the shop's webhooks on to the hub, wherever it is, and notes which deliveries got
// the 200 that the hub must keep.
type gate struct {
	client http.Client

	mu    sync.Mutex
	to    string
	acked map[string]bool // by notification id
}

func newGate() *gate {
	return &gate{client: http.Client{Timeout: 3 * time.Second}, acked: map[string]bool{}}
}

func (g *gate) lead(to string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.to = to
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	to := g.to
	g.mu.Unlock()
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || to == "" {
		http.Error(w, "nobody there", http.StatusServiceUnavailable)
		return
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	request.Header = r.Header.Clone()
	response, err := g.client.Do(request)
	if err != nil {
		http.Error(w, "the hub is down", http.StatusBadGateway)
		return
	}
	_ = response.Body.Close() // it is empty
	if response.StatusCode == http.StatusOK {
		var named struct {
			ID string `json:"tts_notification_id"`
		}
		if json.Unmarshal(body, &named) == nil && named.ID != "" {
			g.mu.Lock()
			g.acked[named.ID] = true
			g.mu.Unlock()
		}
	}
	w.WriteHeader(response.StatusCode)
}

// book notes the commands that got a 200.
type book struct {
	mu    sync.Mutex
	acked []uuid.UUID
	units map[string]int64 // received by them, by SKU
	open  map[string]int64 // by commands that have no answer yet
}

func newBook() *book { return &book{units: map[string]int64{}, open: map[string]int64{}} }

func (b *book) begin(sku string, units int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[sku] += units
}

func (b *book) answered(id uuid.UUID, sku string, units int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.acked = append(b.acked, id)
	b.open[sku] -= units
	b.units[sku] += units
}

// campaign loads the hub and kills it, then lets it come to rest.
func (d *drill) campaign(ctx context.Context, market string) error {
	if err := d.prepare(ctx, market); err != nil {
		return err
	}
	loading, stop := context.WithCancel(ctx)
	defer stop()
	var load sync.WaitGroup
	load.Go(func() { d.order(loading) })
	load.Go(func() { d.command(loading) })
	for cycle := range d.o.Cycles {
		process, err := d.start(ctx)
		if err != nil {
			return fmt.Errorf("cycle %d: %w", cycle+1, err)
		}
		alive := 300*time.Millisecond + time.Duration(d.rng.Int64N(int64(2200*time.Millisecond)))
		if err := sleep(ctx, alive); err != nil {
			return errors.Join(err, kill(process))
		}
		if err := kill(process); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(d.o.Out, "killed %d of %d after %s\n", cycle+1, d.o.Cycles, alive.Round(time.Millisecond)) // progress only
	}
	stop()
	load.Wait()
	process, err := d.start(ctx)
	if err != nil {
		return fmt.Errorf("after the last kill: %w", err)
	}
	resting := d.rest(ctx)
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(resting, fmt.Errorf("stop the hub: %w", err))
	}
	if err := process.Wait(); err != nil {
		return errors.Join(resting, fmt.Errorf("the hub did not stop in order: %w", err))
	}
	if resting != nil {
		return resting
	}
	return errDone
}

// prepare connects the shop and makes an API key on a folder that no hub runs on yet.
func (d *drill) prepare(ctx context.Context, market string) (err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	d.address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return fmt.Errorf("free the port: %w", err)
	}
	admin, err := hub.Reach(ctx, hub.Options{Data: d.data, Clock: time.Now, Log: quiet})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	done, err := admin.Connect(ctx, hub.ConnectShop{
		Channel: "tiktok", Name: "Drill shop", BaseURL: market, AuthURL: market, Key: key, Secret: secret, Code: d.sim.AuthCode(shop),
	})
	if err != nil {
		return fmt.Errorf("connect the simulated shop: %w", err)
	}
	d.app = done.App
	d.gate.lead("http://" + d.address + "/webhooks/tiktok/" + done.App)
	d.token, err = admin.Key(ctx, hub.MakeKey{Name: "drill", Role: accounts.Owner, Days: 1})
	return err
}

// start runs the hub and waits until it is ready.
func (d *drill) start(ctx context.Context) (*exec.Cmd, error) {
	output, err := os.OpenFile(filepath.Join(d.o.Dir, "hub.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the hub's log: %w", err)
	}
	defer func() { _ = output.Close() }() // the child has its own
	began := time.Now()
	process := exec.Command(d.o.Binary, "serve", "--data", d.data, "--listen", d.address, "--poll", "2s") //nolint:gosec // our own binary
	process.Stdout, process.Stderr = output, output
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("start the hub: %w", err)
	}
	for {
		if d.answers(ctx) {
			d.readies = append(d.readies, time.Since(began))
			return process, nil
		}
		if time.Since(began) > 30*time.Second || ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("the hub was not ready within 30 s, see hub.log in %s", d.o.Dir), ctx.Err(), kill(process))
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return nil, errors.Join(err, kill(process))
		}
	}
}

func (d *drill) answers(ctx context.Context) bool {
	status, _, err := d.call(ctx, http.MethodGet, "/readyz", nil, uuid.Nil)
	return err == nil && status == http.StatusOK
}

func kill(process *exec.Cmd) error {
	if err := process.Process.Kill(); err != nil {
		return fmt.Errorf("kill the hub: %w", err)
	}
	var exit *exec.ExitError
	if err := process.Wait(); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("await the killed hub: %w", err)
	}
	return nil
}

// order places orders: three webhooks each, one in eight is cancelled while on hold.
func (d *drill) order(ctx context.Context) {
	pause := time.Minute * 3 / time.Duration(d.o.PerMinute)
	for n := 0; ; n++ {
		if sleep(ctx, pause) != nil {
			return
		}
		var lines []tiktoksim.Line
		for _, i := range d.orders.Perm(skus)[:1+d.orders.IntN(3)] {
			lines = append(lines, tiktoksim.Line{SKUID: listing(i), Quantity: 1 + d.orders.IntN(3)})
		}
		id, err := d.sim.PlaceOrder(shop, tiktoksim.NewOrder{BuyerID: fmt.Sprintf("buyer-%d", n%97), BuyerName: "Drill Buyer", Lines: lines})
		if err != nil {
			continue // the simulator counts what it refuses
		}
		d.placed = append(d.placed, id)
		if n%8 == 7 {
			_ = d.sim.CancelOrder(shop, id, "buyer_cancel") // it may have moved on already
		}
	}
}

// command receives stock: first the opening stock of every SKU, then one unit at a time.
func (d *drill) command(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		quantity := int64(1)
		if i < skus {
			quantity = opening(i)
		}
		at := scarce + i%(skus-scarce)
		if i < skus {
			at = i
		}
		d.receive(ctx, sku(at), quantity)
		if i >= skus && sleep(ctx, 20*time.Millisecond) != nil {
			return
		}
	}
}

// receive repeats one command under one key until it gets an answer, as a client must.
func (d *drill) receive(ctx context.Context, name string, quantity int64) {
	id := uuid.Must(uuid.NewV7())
	d.book.begin(name, quantity)
	for ctx.Err() == nil {
		status, body, err := d.call(ctx, http.MethodPost, "/api/v1/commands/receive-stock",
			map[string]any{"sku": name, "quantity": quantity, "reason": "drill"}, id)
		switch {
		case err == nil && status == http.StatusOK:
			d.book.answered(id, name, quantity)
			return
		case err == nil && status < http.StatusInternalServerError && status != http.StatusTooManyRequests:
			_, _ = fmt.Fprintf(d.o.Out, "command refused with %d: %s\n", status, body) // progress only
			return
		}
		if sleep(ctx, 10*time.Millisecond) != nil {
			return
		}
	}
}

func (d *drill) call(ctx context.Context, method, path string, body any, key uuid.UUID) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, fmt.Errorf("encode a command: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+d.address+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, fmt.Errorf("make a request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+d.token)
	request.Header.Set("Content-Type", "application/json")
	if key != uuid.Nil {
		request.Header.Set("Idempotency-Key", key.String())
	}
	response, err := d.gate.client.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	answer, err = io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, answer, err
}

// rest waits until the hub has nothing left to do but wait for stock.
func (d *drill) rest(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < drain; {
		status, body, err := d.call(ctx, http.MethodGet, "/api/v1/orders?limit=1", nil, uuid.Nil)
		var all, open, short struct{ Total int }
		if err == nil && status == http.StatusOK && json.Unmarshal(body, &all) == nil &&
			d.count(ctx, "active", &open) && d.count(ctx, "no_stock", &short) &&
			all.Total == len(d.placed) && open.Total == short.Total && d.sim.Counts().Webhooks.Pending == 0 {
			return nil
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil // judge says what is missing
}

func (d *drill) count(ctx context.Context, status string, into *struct{ Total int }) bool {
	code, body, err := d.call(ctx, http.MethodGet, "/api/v1/orders?limit=1&status="+status, nil, uuid.Nil)
	return err == nil && code == http.StatusOK && json.Unmarshal(body, into) == nil
}

func percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
