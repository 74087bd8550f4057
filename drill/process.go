package drill

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// ErrEnded says that the hub ended before it was ready.
var ErrEnded = errors.New("the hub ended before it was ready")

// Inbox reads what the hub keeps of webhooks, by the SHA-256 of their body; no hub may run.
func (c *Campaign) Inbox(ctx context.Context) (found map[[32]byte]vault.Item, err error) {
	h, err := hub.Open(ctx, c.hub())
	if err != nil {
		return nil, fmt.Errorf("open what the hub left: %w", err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	found = map[[32]byte]vault.Item{}
	for after := int64(0); ; {
		items, err := h.Vault.Listed(ctx, nil, after, 1000)
		if err != nil || len(items) == 0 {
			return found, err
		}
		for _, item := range items {
			found[item.Hash], after = item, item.Number
		}
	}
}

// hub is how the drill itself opens what the hub keeps, while no hub runs.
func (c *Campaign) hub() hub.Options {
	return hub.Options{Data: c.data, DB: c.o.DB, Clock: time.Now, Log: quiet}
}

// reserve finds a port for the hubs.
func (c *Campaign) reserve(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	c.address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return fmt.Errorf("free the port: %w", err)
	}
	return nil
}

// Prepare connects the shop and makes an API key on a data folder that no hub runs on.
func (c *Campaign) Prepare(ctx context.Context, data string) (err error) {
	c.data = data
	admin, err := hub.Reach(ctx, c.hub())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	done, err := admin.Connect(ctx, hub.ConnectShop{
		Channel: "tiktok", Name: "Drill shop", BaseURL: c.market, AuthURL: c.market, Key: key, Secret: secret, Given: channels.Grant{"code": c.sim.AuthCode(shop)},
	})
	if err != nil {
		return fmt.Errorf("connect the simulated shop: %w", err)
	}
	c.gate.lead("http://" + c.address + "/webhooks/tiktok/" + done.App)
	c.token, err = admin.Key(ctx, hub.MakeKey{Name: "drill", Role: accounts.Owner, Days: 1})
	return err
}

// Move says where the data folder is found from here on.
func (c *Campaign) Move(data string) { c.data = data }

// Hub is the process that a drill breaks.
type Hub struct {
	c       *Campaign
	process *exec.Cmd
	began   time.Time
	ended   chan struct{}
	fault   error // of the process, once it has ended
}

// Launch starts the hub, with variables such as "NAME=value" besides the drill's own.
func (c *Campaign) Launch(variables ...string) (*Hub, error) {
	output, err := os.OpenFile(filepath.Join(c.o.Dir, "hub.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the hub's log: %w", err)
	}
	defer func() { _ = output.Close() }() // the child has its own
	h := &Hub{c: c, began: time.Now(), ended: make(chan struct{})}
	arguments := []string{"serve", "--data", c.data, "--listen", c.address, "--poll", "2s", "--rate-limit", "0"}
	if c.o.DB != "" {
		arguments = append(arguments, "--db", c.o.DB)
	}
	h.process = exec.Command(c.o.Binary, arguments...) //nolint:gosec // our own binary
	h.process.Stdout, h.process.Stderr, h.process.Env = output, output, append(os.Environ(), variables...)
	if err := h.process.Start(); err != nil {
		return nil, fmt.Errorf("start the hub: %w", err)
	}
	go func() {
		h.fault = h.process.Wait()
		close(h.ended)
	}()
	return h, nil
}

// Start launches the hub and waits until it is ready.
func (c *Campaign) Start(ctx context.Context) (*Hub, error) {
	h, err := c.Launch()
	if err != nil {
		return nil, err
	}
	if err := h.Ready(ctx); err != nil {
		return nil, errors.Join(err, h.Kill())
	}
	return h, nil
}

// Ready waits until the hub answers. Then its log must not end before a position that was
// acknowledged.
func (h *Hub) Ready(ctx context.Context) error {
	acknowledged := h.c.book.acknowledged() // by the hub before this one, as far as it has been noted
	for {
		answer, err := h.c.call(ctx, http.MethodGet, "/readyz", nil, uuid.Nil)
		if err == nil && answer.status == http.StatusOK {
			h.c.readies = append(h.c.readies, time.Since(h.began))
			h.c.book.restarted(len(h.c.readies), answer.position, acknowledged)
			return nil
		}
		select {
		case <-h.ended:
			return fmt.Errorf("%w, see hub.log in %s, which ends with %q: %w", ErrEnded, h.c.o.Dir, h.last(), h.fault)
		default:
		}
		if time.Since(h.began) > 30*time.Second {
			return fmt.Errorf("the hub was not ready within 30 s, see hub.log in %s", h.c.o.Dir)
		}
		if err := Sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

// last is the last line that a hub printed.
func (h *Hub) last() string {
	printed, err := os.ReadFile(filepath.Join(h.c.o.Dir, "hub.log"))
	if err != nil {
		return err.Error()
	}
	printed = bytes.TrimSpace(printed)
	return string(printed[bytes.LastIndexByte(printed, '\n')+1:])
}

// Ended is closed when the process is gone.
func (h *Hub) Ended() <-chan struct{} { return h.ended }

// Killed says of a process that has ended whether SIGKILL did it.
func (h *Hub) Killed() bool {
	status, ok := h.process.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// Strike sends SIGKILL and does not wait for the end; no harm when the process has ended.
func (h *Hub) Strike() error {
	if err := h.process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the hub: %w", err)
	}
	return nil
}

// Kill sends SIGKILL and waits for the end.
func (h *Hub) Kill() error {
	if err := h.Strike(); err != nil {
		return err
	}
	<-h.ended
	return nil
}

// Rest starts the hub once more, lets it come to rest and stops it in order.
func (c *Campaign) Rest(ctx context.Context) error {
	h, err := c.Start(ctx)
	if err != nil {
		return fmt.Errorf("after the last blow: %w", err)
	}
	return c.Settle(ctx, h)
}

// Settle lets a hub come to rest and stops it in order.
func (c *Campaign) Settle(ctx context.Context, h *Hub) error {
	c.open(ctx) // an order must not wait for stock that never comes
	resting := c.rest(ctx)
	if resting != nil {
		return errors.Join(resting, h.Kill())
	}
	if err := h.process.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the hub: %w", err)
	}
	<-h.ended
	if h.fault != nil {
		return fmt.Errorf("the hub did not stop in order: %w", h.fault)
	}
	return nil
}

// rest waits until the hub has nothing left to do but wait for stock, or gets no further. A call that the
// last kill left open is nobody's for up to a minute.
func (c *Campaign) rest(ctx context.Context) error {
	type state struct{ all, open, short, pending int }
	var last state
	for began := time.Now(); time.Since(began) < cmp.Or(c.o.Drain, 2*time.Minute); {
		now := state{pending: c.sim.Counts().Webhooks.Pending}
		known := c.count(ctx, "", &now.all) && c.count(ctx, "&status=active", &now.open) && c.count(ctx, "&status=no_stock", &now.short)
		if known && now.all == len(c.placed)+c.Unpaid && now.open == now.short+c.Unpaid && now.pending == 0 {
			return nil
		}
		if now != last {
			began, last = time.Now(), now
		}
		if err := Sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil // judge says what is missing
}

func (c *Campaign) count(ctx context.Context, filter string, into *int) bool {
	a, err := c.call(ctx, http.MethodGet, "/api/v1/orders?limit=1"+filter, nil, uuid.Nil)
	var page struct{ Total int }
	if err != nil || a.status != http.StatusOK || json.Unmarshal(a.body, &page) != nil {
		return false
	}
	*into = page.Total
	return true
}
