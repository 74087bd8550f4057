package market

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/gateway/connecting"
	"github.com/creatorflow/creatorflow/partners/easypost/easypostsim"
	"github.com/creatorflow/creatorflow/partners/stripe/stripesim"
	"github.com/creatorflow/creatorflow/projection"
)

// What direct sales cost, in pence: a unit, and its delivery.
const (
	Price    = 199
	Delivery = 300
)

const (
	stripeAccount = "acct_1SimulatedShop"
	stripeKey     = "sk_test_market"
	easypostKey   = "EZTKmarket"
)

// direct are sales that the seller enters, charged by card.
func (m *Market) direct(ctx context.Context, _ uint64) (err error) {
	m.Stripe = stripesim.New(stripesim.Config{Key: stripeKey, Account: stripeAccount, Clock: time.Now, Lag: time.Minute})
	m.Join(ctx, stripePort, m.fail(m.Stripe.Handler()), idle)
	s := &Shop{Name: "Direct sales", Share: 6, Over: func() int { return 0 }, Twice: func() []string { return nil }}
	s.Listed = func(sku string) (int, error) { return m.sellable(ctx, s.ID, sku) }
	s.Buy = func(lines []Line) (string, error) { return m.enter(ctx, s.ID, lines) }
	s.Cancel = func(order string) (bool, error) {
		err := m.Command(ctx, "cancel-order", map[string]any{"order": s.ID + ":" + order, "reason": "buyer_asked"})
		if errors.Is(err, bubble.ErrRefused) {
			return false, nil
		}
		return err == nil, err
	}
	s.faults = func(f Faults) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.failing = f.Fails
	}
	s.ID, err = m.connect(ctx, channels.App{Channel: "direct", Key: stripeAccount, Secrets: []string{word}}, stripePort, channels.Grant{"secret-key": stripeKey})
	m.Shops = append(m.Shops, s)
	return err
}

// idle is the Run of a vendor that does nothing by itself.
func idle(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// sellable is how many units of a SKU may be entered as a direct sale, as the log says now.
func (m *Market) sellable(ctx context.Context, connection, sku string) (units int, err error) {
	h := m.Hub()
	read := func(sku string) (listings.State, error) {
		folded, err := h.Log.Fold(ctx, listings.Fold(workspace.Main, sku))
		if err != nil {
			return listings.State{}, err
		}
		return folded.Value.(listings.State), nil
	}
	of, err := read(sku)
	if err != nil {
		return 0, err
	}
	all, err := read("")
	if err != nil {
		return 0, err
	}
	units, limited := listings.Sellable(of, all, connection, false)
	if limited {
		return units, nil
	}
	err = h.Views.Read(ctx, func(r projection.Reader) error {
		item, _, err := inventory.Find(ctx, r, sku, time.Now())
		units = int(item.Available)
		return err
	})
	return units, err
}

// enter enters an order that is paid by card.
func (m *Market) enter(ctx context.Context, connection string, lines []Line) (string, error) {
	m.mu.Lock()
	m.number++
	number := fmt.Sprintf("D-%06d", m.number)
	m.mu.Unlock()
	var items []map[string]any
	for _, l := range lines {
		items = append(items, map[string]any{"sku": l.SKU, "quantity": l.Units, "price": Price})
	}
	err := m.Command(ctx, "place-order", map[string]any{
		"connection": connection, "number": number, "currency": "GBP", "lines": items, "delivery": Delivery, "pay": "card", "method": "pm_card_visa",
		"buyer": map[string]any{"name": "Ana", "address": m.street(), "city": "Leeds", "postal_code": "LS1 1AA", "region": "GB"},
	})
	if errors.Is(err, bubble.ErrRefused) && strings.Contains(err.Error(), "Not enough stock") {
		return "", ErrNotListed
	}
	return number, err
}

// Post has the hub buy the labels of the seller's own carriers by itself, at a simulated EasyPost.
func (m *Market) Post(ctx context.Context) error {
	m.EasyPost = easypostsim.New(easypostsim.Config{Key: easypostKey, Clock: time.Now, Balance: 1 << 40})
	m.EasyPost.SetAddress(at(easypostPort))
	m.Join(ctx, easypostPort, m.fail(m.EasyPost.Handler()), idle)
	status, answer := m.Ask(http.MethodPost, "/api/v1/label-partner", connecting.SetLabelPartner{
		Partner: "easypost", Key: easypostKey, BaseURL: at(easypostPort),
		LabelWish: connecting.LabelWish{Automatic: true, Grams: 480, Length: 200, Width: 150, Height: 100},
		From:      connecting.SenderAddress{Name: "Shop", Line1: "1 Market Street", City: "London", PostalCode: "N1 1AA", Country: "GB"},
	})
	if status != http.StatusOK {
		return fmt.Errorf("the label partner is refused with %d: %s", status, answer)
	}
	return nil
}

// fail lets some of a partner's calls fail: half of them before anything is done, half with what was done unanswered.
func (m *Market) fail(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		roll := m.rng.Float64() / max(m.failing, 1e-9)
		m.mu.Unlock()
		switch {
		case roll < 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case roll < 2:
			next.ServeHTTP(discard{w}, r)
			panic(http.ErrAbortHandler)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// discard takes an answer that nobody gets.
type discard struct{ http.ResponseWriter }

// Header implements http.ResponseWriter.
func (discard) Header() http.Header { return http.Header{} }

// Write implements http.ResponseWriter.
func (discard) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (discard) WriteHeader(int) {}
