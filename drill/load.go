package drill

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
)

// book notes the commands that got a 200.
type book struct {
	mu      sync.Mutex
	answers map[int]int // to commands, by status
	acked   []uuid.UUID
	units   map[string]int64 // received by them, by SKU
	open    map[string]int64 // by commands that have no answer yet
	highest int64            // position that was acknowledged
	behind  []string         // restarts after which the log ended before it
}

func newBook() *book {
	return &book{answers: map[int]int{}, units: map[string]int64{}, open: map[string]int64{}}
}

func (b *book) begin(sku string, units int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[sku] += units
}

func (b *book) answered(id uuid.UUID, sku string, units, position int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.acked = append(b.acked, id)
	b.open[sku] -= units
	b.units[sku] += units
	b.highest = max(b.highest, position)
}

func (b *book) heard(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers[status]++
}

// acknowledged is the highest position that an answer named.
func (b *book) acknowledged() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.highest
}

// restarted notes where the log ends after a start, and what was acknowledged before it.
func (b *book) restarted(n int, position, acknowledged int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if position < acknowledged {
		b.behind = append(b.behind, fmt.Sprintf("start %d: position %d of %d", n, position, acknowledged))
		b.highest = position
	}
}

// Acked is how many webhooks and how many commands were acknowledged so far.
func (c *Campaign) Acked() (webhooks, commands int) {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	return len(c.gate.acked), len(c.book.acked)
}

// Answers are how often the hub answered webhooks and commands with a status so far.
func (c *Campaign) Answers() (webhooks, commands map[int]int) {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	return maps.Clone(c.gate.answers), maps.Clone(c.book.answers)
}

// Get asks the hub for a page of its API and says what it answered.
func (c *Campaign) Get(ctx context.Context, path string) (status int, err error) {
	a, err := c.call(ctx, http.MethodGet, path, nil, uuid.Nil)
	return a.status, err
}

// Webhook is what a running hub says of one that it has taken in.
type Webhook struct{ State, Reason, Hash string } // Hash is of the body, SHA-256 in hex

// Webhook asks the hub for a webhook by its number in the inbox, from 1 on without a gap.
func (c *Campaign) Webhook(ctx context.Context, number int) (w Webhook, found bool) {
	a, err := c.call(ctx, http.MethodGet, fmt.Sprintf("/api/v1/inbox/%d", number), nil, uuid.Nil)
	return w, err == nil && a.status == http.StatusOK && json.Unmarshal(a.body, &w) == nil
}

// Broke adds a promise that the hub broke.
func (c *Campaign) Broke(format string, args ...any) { c.report.Broke(format, args...) }

// UnderLoad places orders and sends commands until breaking returns.
func (c *Campaign) UnderLoad(ctx context.Context, breaking func(ctx context.Context) error) error {
	loading, stop := context.WithCancel(ctx)
	defer stop()
	var load sync.WaitGroup
	load.Go(func() { c.order(loading) })
	load.Go(func() { c.command(loading) })
	err := breaking(ctx)
	stop()
	load.Wait()
	return err
}

// order places orders: three webhooks each, one in eight is cancelled while on hold.
func (c *Campaign) order(ctx context.Context) {
	pause := time.Minute * 3 / time.Duration(c.o.PerMinute)
	for n := 0; Sleep(ctx, pause) == nil; {
		if _, open, err := c.sim.Shipped(shop); err != nil || len(open) > cmp.Or(c.o.Backlog, backlog) {
			continue // a hub that is broken every moment catches up first, so that runs of any length compare
		}
		first := 0
		if n > shortOrders {
			first = scarce
		}
		var lines []tiktoksim.Line
		for _, i := range c.orders.Perm(skus - first)[:1+c.orders.IntN(3)] {
			i += first
			lines = append(lines, tiktoksim.Line{SKUID: listing(i), Quantity: 1 + c.orders.IntN(3)})
		}
		id, err := c.sim.PlaceOrder(shop, tiktoksim.NewOrder{BuyerID: fmt.Sprintf("buyer-%d", n%97), BuyerName: "Drill Buyer", Lines: lines})
		if err != nil {
			continue // the simulator counts what it refuses
		}
		c.placed = append(c.placed, id)
		if n++; n%8 == 0 {
			_ = c.sim.CancelOrder(shop, id, "buyer_cancel") // it may have moved on already
		}
	}
}

// open receives the opening stock of every SKU that has none yet.
func (c *Campaign) open(ctx context.Context) {
	for c.opened < skus && c.receive(ctx, sku(c.opened), opening(c.opened)) {
		c.opened++
	}
}

// command opens and then receives one unit after the other.
func (c *Campaign) command(ctx context.Context) {
	c.open(ctx)
	for i := scarce; ctx.Err() == nil; i = max(scarce, (i+1)%skus) {
		c.receive(ctx, sku(i), 1)
		if Sleep(ctx, 20*time.Millisecond) != nil {
			return
		}
	}
}

// receive repeats one command under one key until it gets an answer, as a client must; false when
// ctx ended before.
func (c *Campaign) receive(ctx context.Context, name string, quantity int64) bool {
	id := uuid.Must(uuid.NewV7())
	c.book.begin(name, quantity)
	for ctx.Err() == nil {
		a, err := c.call(ctx, http.MethodPost, "/api/v1/commands/receive-stock",
			map[string]any{"sku": name, "quantity": quantity, "reason": "drill"}, id)
		if err == nil {
			c.book.heard(a.status)
		}
		switch {
		case err == nil && a.status == http.StatusOK:
			c.book.answered(id, name, quantity, a.position)
			return true
		case err == nil && a.status < http.StatusInternalServerError && a.status != http.StatusTooManyRequests:
			c.Say("command refused with %d: %s", a.status, a.body)
			return true
		}
		if Sleep(ctx, 10*time.Millisecond) != nil {
			break
		}
	}
	return false
}

// answer is what the hub says to a request.
type answer struct {
	status   int
	position int64 // of the log
	body     []byte
}

func (c *Campaign) call(ctx context.Context, method, path string, body any, key uuid.UUID) (a answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := json.Marshal(body)
	if err != nil {
		return a, fmt.Errorf("encode a command: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+path, bytes.NewReader(text))
	if err != nil {
		return a, fmt.Errorf("make a request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	if key != uuid.Nil {
		request.Header.Set("Idempotency-Key", key.String())
	}
	response, err := c.gate.client.Do(request)
	if err != nil {
		return a, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	a.status = response.StatusCode
	if a.position, err = strconv.ParseInt(response.Header.Get("X-Log-Position"), 10, 64); err != nil {
		return a, fmt.Errorf("%s %s: read X-Log-Position: %w", method, path, err)
	}
	a.body, err = io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return a, err
}
