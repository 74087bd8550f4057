package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// toy is a fifth channel as docs/adding-a-channel.md says: one Vendor, one Connector, and nothing else of the hub is touched.
var toy = channels.Vendor{
	Name: "toy", Title: "Toy Fair",
	Key:    channels.Field{Name: "app-key", Label: "Stall number", Help: "The fair's letter names it."},
	Secret: channels.Field{Name: "app-secret", Label: "Stall word", Help: "The fair's letter names it.", Secret: true},
	Grant:  []channels.Field{{Name: "badge", Label: "Badge", Help: "It hangs on the stall.", Secret: true}},
	Keeper: func(o channels.Opening, store channels.Tokens) *channels.Keeper {
		return channels.NewKeeper(store, o.Clock, o.Logger(), func(_ context.Context, t channels.Token) (channels.Token, error) { return t, nil })
	},
	Open: func(o channels.Opening) channels.Connector { return toyConnector{o} },
	Authorize: func(_ context.Context, o channels.Opening, given channels.Grant) (channels.Token, []channels.Connection, error) {
		return channels.Token{Access: given["badge"]}, []channels.Connection{{ShopID: o.App.Key, Name: "Stall " + o.App.Key}}, nil
	},
}

// toyConnector translates; what it cannot do, its capabilities say.
type toyConnector struct{ o channels.Opening }

func (toyConnector) Capabilities() channels.Capabilities {
	return channels.Capabilities{TakesOrders: true, CollectsMoney: true, Write: channels.WriteNone, AcceptsZero: true, MaxQuantity: 1000}
}

// toyOrder is an order as the fair shows it.
type toyOrder struct {
	Number  string    `json:"number"`
	Doll    string    `json:"doll"`
	Count   int64     `json:"count"`
	Pennies int64     `json:"pennies"`
	At      time.Time `json:"at"`
}

func (c toyConnector) sold(ctx context.Context, keep func(toyOrder) bool) (page channels.Page, err error) {
	token, err := c.o.Tokens.Current(ctx)
	if err != nil {
		return page, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.o.App.BaseURL+"/sold", http.NoBody)
	if err != nil {
		return page, err
	}
	r.Header.Set("Badge", token.Access)
	answer, err := c.o.Client.Do(r)
	if err != nil {
		return page, &channels.Failure{Class: channels.Retry, Call: "list orders", Message: "no answer", Away: true, Err: channels.WithoutURL(err)}
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode == http.StatusForbidden {
		return page, &channels.Failure{Class: channels.Auth, Call: "list orders", Message: "the badge is not known"}
	}
	var all []toyOrder
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		return page, &channels.Failure{Class: channels.Retry, Call: "list orders", Message: "unreadable", Err: err}
	}
	for _, o := range all {
		if keep(o) {
			price := money.Money{Minor: o.Pennies, Currency: "GBP"}
			page.Orders = append(page.Orders, channels.Order{
				ID: o.Number, Status: channels.StatusReady, Vendor: "sold", Created: o.At, Updated: o.At, Paid: o.At, Currency: "GBP", SellerShips: true,
				Total: money.Money{Minor: o.Pennies * o.Count, Currency: "GBP"},
				Lines: []channels.Line{{ListingID: o.Doll, ProductID: o.Doll, Code: o.Doll, Name: o.Doll, Quantity: o.Count, Price: price, Items: []string{o.Number}}},
			})
		}
	}
	return page, nil
}

func (c toyConnector) Orders(ctx context.Context, ids []string) (channels.Page, error) {
	return c.sold(ctx, func(o toyOrder) bool { return slices.Contains(ids, o.Number) })
}

func (c toyConnector) Changed(ctx context.Context, since, until time.Time, _ string) (channels.Page, error) {
	return c.sold(ctx, func(o toyOrder) bool { return !o.At.Before(since) && o.At.Before(until) })
}

func (toyConnector) Quantities(context.Context, []string) ([]channels.Quantity, error) {
	return nil, nil
}

func (toyConnector) SetQuantity(context.Context, string, string, int64) error {
	return &channels.Failure{Class: channels.Bug, Call: "write a quantity", Message: "the fair takes none"}
}

func (toyConnector) Listings(context.Context, string) (channels.ListingPage, error) {
	return channels.ListingPage{}, nil
}

// TestFifthChannel connects a shop on a channel that the hub has never heard of: what it asks for is told to screens, its first
// order comes in and reserves stock, and as the seller's own carrier takes it, the order asks for a parcel.
func TestFifthChannel(t *testing.T) {
	var mu sync.Mutex
	var sold []toyOrder
	fair := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Badge") != "golden" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(sold)
	}))
	t.Cleanup(fair.Close)
	c := &clinic{t: t, data: t.TempDir()}
	listener := c.listen()
	o := hub.Options{Data: c.data, Log: slog.New(slog.DiscardHandler), Poll: 100 * time.Millisecond, Clock: time.Now, Vendors: []channels.Vendor{toy}}
	c.begin(o, listener, hub.MakeKey{Name: "owner", Role: accounts.Owner, Days: 1})

	var list struct {
		Channels []struct {
			Name, Title string
			Given       []struct{ Name, Label string }
		}
	}
	c.ask("/api/v1/channels", &list)
	if got := fmt.Sprint(list.Channels); got != "[{toy Toy Fair [{badge Badge}]}]" {
		t.Errorf("the channels are %s", got)
	}
	asked := hub.ConnectShop{Channel: "toy", BaseURL: fair.URL, Key: "12", Secret: "word"}
	if _, err := c.admin.Connect(t.Context(), asked); err == nil || !strings.Contains(err.Error(), "badge is needed") {
		t.Errorf("without a badge: %v", err)
	}
	asked.Given = channels.Grant{"badge": "golden"}
	connected, err := c.admin.Connect(t.Context(), asked)
	fatal(t, err)
	c.do("receive-stock", `{"sku":"DOLL","quantity":5}`)
	mu.Lock()
	sold = []toyOrder{{Number: "1", Doll: "DOLL", Count: 2, Pennies: 950, At: time.Now()}}
	mu.Unlock()
	c.until("the order has reserved stock", func() bool {
		var sku reads.SKU
		c.ask("/api/v1/stock/DOLL", &sku)
		return sku.Reserved == 2
	})
	c.until("it asks for a parcel", func() bool {
		var order reads.Order
		c.ask("/api/v1/orders/"+connected.Shops[0].ID+":1", &order)
		return order.Total.Minor == 1900 && slices.Contains(order.Shipping.Can, "ship-order")
	})
}
