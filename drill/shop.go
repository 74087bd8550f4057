package drill

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
)

// openShop makes the simulated shop, which sends its webhooks to the gate.
func (c *Campaign) openShop(market string) {
	c.market = market
	c.sim = tiktoksim.New(tiktoksim.Config{
		AppKey: key, AppSecret: secret, Seed: c.o.Seed, RemorseHold: time.Second, RequestsPerSecond: 50, LabelNotReady: 1,
		Restock: true, Reship: true, WebhookURL: market + "/gate",
		RetrySchedule: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second},
		Faults: tiktoksim.Faults{
			Duplicate: 0.05, Reorder: 0.05, Lose: 0.02, API5xx: 0.02, APITimeoutAfter: 0.01, MaxDelay: time.Second,
		},
	})
	c.sim.AddShop(tiktoksim.Shop{ID: shop, Name: "Drill shop", Region: "GB", Currency: "GBP"})
	for i := range skus {
		// A fresh simulator takes any product; a refusal here would be a bug of the drill's own.
		if _, err := c.sim.AddProduct(shop, tiktoksim.Product{Title: sku(i), SKUs: []tiktoksim.SKU{
			{ID: listing(i), SellerSKU: sku(i), Price: "4.99", Quantity: 99999},
		}}); err != nil {
			panic("drill: " + err.Error())
		}
	}
}

// Away takes the shop's API off the network, or brings it back; webhooks go on.
func (c *Campaign) Away(away bool) { c.away.Store(away) }

// ExpireToken lets the access token end before its time.
func (c *Campaign) ExpireToken() { c.sim.ExpireToken(shop) }

// reachable drops the connections of calls to a shop that is away.
func (c *Campaign) reachable(shop http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.away.Load() {
			panic(http.ErrAbortHandler)
		}
		shop.ServeHTTP(w, r)
	})
}

// Deliver sends the hub a webhook of the drill's own, signed as the shop's are or wrongly, and says what
// the hub answered.
func (c *Campaign) Deliver(ctx context.Context, body []byte, signed bool) (status int, err error) {
	c.gate.mu.Lock()
	to := c.gate.to
	c.gate.mu.Unlock()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("make a webhook: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(append([]byte(key), body...)) // a hash takes anything
	sum := mac.Sum(nil)
	if !signed {
		sum[0] ^= 1
	}
	request.Header.Set("Authorization", hex.EncodeToString(sum))
	request.Header.Set("Content-Type", "application/json")
	response, err := c.gate.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("send a webhook: %w", err)
	}
	return response.StatusCode, response.Body.Close()
}

// ShopID names the shop in webhooks.
func (c *Campaign) ShopID() string { return shop }

func sku(i int) string     { return fmt.Sprintf("DRILL-%02d", i) }
func listing(i int) string { return fmt.Sprintf("17290000%011d", i+1) }

// opening is how many units of a SKU the drill starts with.
func opening(i int) int64 {
	if i < scarce {
		return 5
	}
	return 1_000_000
}

// gate passes the shop's webhooks on to the hub, wherever it is, and notes which deliveries got
// the 200 that the hub must keep.
type gate struct {
	client http.Client

	mu      sync.Mutex
	to      string
	acked   map[string]bool // by notification id
	answers map[int]int     // by status
}

func newGate() *gate {
	return &gate{client: http.Client{Timeout: 3 * time.Second}, acked: map[string]bool{}, answers: map[int]int{}}
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
	g.mu.Lock()
	g.answers[response.StatusCode]++
	g.mu.Unlock()
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
