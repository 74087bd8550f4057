package hub_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// shop reads how the clinic's connection stands.
func (c *clinic) shop() (s reads.OneConnection) {
	c.t.Helper()
	c.ask("/api/v1/connections/"+c.connection.ID, &s)
	return s
}

// TestBackFill: orders from before the shop was connected are taken in by day; what is finished is history and takes no stock, what
// is open is carried out like any other, and all of it is told on the way.
func TestBackFill(t *testing.T) {
	c := newClinic(t, "")
	_, err := c.AddProduct(shopID, tiktoksim.Product{Title: "Hoodie", SKUs: []tiktoksim.SKU{{ID: hoodie, SellerSKU: hoodieM, Price: "19.99", Quantity: 100}}})
	fatal(t, err)
	c.do("receive-stock", `{"sku":"HOODIE-M","quantity":10}`)
	c.until("the first poll is over, which would find what changed lately", func() bool { return c.shop().LastPoll != nil })
	place := func(daysAgo int, hold bool) string {
		t.Helper()
		id, err := c.PlaceOrder(shopID, tiktoksim.NewOrder{
			BuyerID: "7494000000000000001", CreateTime: time.Now().AddDate(0, 0, -daysAgo), HoldUntilCancelled: hold, Lines: []tiktoksim.Line{{SKUID: hoodie, Quantity: 2}},
		})
		fatal(t, err)
		return id
	}
	sent, gone, held, early := place(20, false), place(19, false), place(18, true), place(30, false)
	connector, _ := c.hub.Shops.Connector(c.connection.ID) // as the seller would at the channel
	read, err := connector.Orders(t.Context(), []string{sent})
	fatal(t, err)
	_, err = connector.(channels.PlatformShipping).Arrange(t.Context(), read.Orders[0].Packages[0])
	fatal(t, err)
	fatal(t, c.Collect(shopID, sent))
	fatal(t, c.Deliver(shopID, sent))
	fatal(t, c.CancelOrder(shopID, gone, "buyer_no_longer_needs"))

	day := func(ago int) string { return time.Now().UTC().AddDate(0, 0, -ago).Format(time.DateOnly) }
	about := `{"connection":"` + c.connection.ID + `","from":"` + day(21) + `","to":"` + day(17) + `"}`
	for name, refused := range map[string]struct{ body, says string }{
		"the future":   {`{"connection":"` + c.connection.ID + `","from":"` + day(1) + `","to":"` + day(-2) + `"}`, "future"},
		"backwards":    {`{"connection":"` + c.connection.ID + `","from":"` + day(3) + `","to":"` + day(4) + `"}`, "comes after"},
		"no such shop": {`{"connection":"nobody","from":"` + day(3) + `","to":"` + day(2) + `"}`, "no such connection"},
	} {
		if status, detail := c.order("back-fill", refused.body); status != http.StatusConflict || !strings.Contains(detail, refused.says) {
			t.Errorf("%s: %d %q", name, status, detail)
		}
	}
	if status, _ := c.order("back-fill", `{"connection":"`+c.connection.ID+`","from":"soon","to":"`+day(2)+`"}`); status != http.StatusUnprocessableEntity {
		t.Errorf("no day: %d", status)
	}
	if status, detail := c.order("stop-back-fill", `{"connection":"`+c.connection.ID+`"}`); status != http.StatusConflict || !strings.Contains(detail, "No older orders") {
		t.Errorf("nothing to stop: %d %q", status, detail)
	}
	if h := c.shop().History; !h.Can || h.Why != "" || h.Running || h.Sentence != "" {
		t.Errorf("before: %+v", h)
	}
	c.do("back-fill", about)
	c.until("it has ended", func() bool { return c.shop().History.EndedAt != nil })
	h := c.shop().History
	if h.Running || h.Read != 3 || h.From != day(21) || h.To != day(17) || !strings.HasPrefix(h.Sentence, "3 orders placed from ") {
		t.Errorf("after: %+v", h)
	}
	c.until("the open order has its stock", func() bool {
		var s reads.SKU
		c.ask("/api/v1/stock/"+hoodieM, &s)
		return s.Reserved == 2 && s.OnHand == 10
	})
	shown := func(id string) (o reads.Order) {
		c.ask("/api/v1/orders/"+c.connection.ID+":"+id, &o)
		return o
	}
	c.until("the sent one is over", func() bool { return shown(sent).Phase == "finished" })
	if o := shown(gone); !o.Cancelled {
		t.Errorf("the cancelled one is %+v", o.OrderSummary)
	}
	c.until("the open one waits for the channel", func() bool { return shown(held).Waiting == "on_hold" })
	var list reads.OrderList
	if c.ask("/api/v1/orders?q="+early, &list); len(list.Items) != 0 {
		t.Error("an order of before the range was taken in")
	}
	names := c.since(0) // those that changed just now may have come by a poll as well: each is there once
	for _, want := range []string{"backfill.begun 1", "backfill.ended 1", "order.placed 3"} {
		if !strings.Contains(names, want) {
			t.Errorf("the log took %s, want %s", names, want)
		}
	}

	t.Log("the owner's command says the same")
	said, err := c.admin.Older(t.Context(), hub.ReadOlder{Connection: c.connection.ID})
	fatal(t, err)
	if said != h && (said.Sentence != h.Sentence || said.Read != h.Read) {
		t.Errorf("the command says %+v", said)
	}
	if _, err := c.admin.Older(t.Context(), hub.ReadOlder{Connection: "nobody"}); err == nil {
		t.Error("the command knows a shop that is not there")
	}
}

// TestFourChannelsFare: each of four channels shows its state, last success, backlog, lag, calls, quota, webhooks and error, all are in
// step only while each is, and the limits that two of them have are shown.
func TestFourChannelsFare(t *testing.T) {
	c := &clinic{t: t, data: t.TempDir()}
	var down, hold atomic.Bool
	serve := func(h http.Handler, breaks bool) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if breaks && down.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			h.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	tik := tiktoksim.New(tiktoksim.Config{AppKey: appKey, AppSecret: appSecret, Seed: 1})
	tik.AddShop(tiktoksim.Shop{ID: shopID, Name: "One"})
	shop := shopifysim.New(shopifysim.Config{ClientID: appKey, ClientSecret: appSecret, Seed: 1, PointsPerSecond: 1000})
	shop.AddShop(shopifysim.Shop{Domain: myshopify, Name: "Two"})
	amz := amazonsim.New(amazonsim.Config{ClientID: "amzn1.client", ClientSecret: "client-secret", Seed: 1})
	refresh := amz.AddSeller(amazonsim.Seller{ID: merchant, Name: "Three"})
	meta := instagramsim.New(instagramsim.Config{AppID: "1234567890", AppSecret: "meta-secret", Seed: 1})
	meta.AddAccount(instagramsim.Account{ID: instagramAccount, Username: "four", Catalog: instagramCatalog})
	amazon := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hold.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		amz.Handler().ServeHTTP(w, r)
	})
	tikAt, shopAt, amzAt, metaAt := serve(tik.Handler(), false), serve(shop.Handler(), true), serve(amazon, false), serve(meta.Handler(), false)
	listener := c.listen()
	c.begin(hub.Options{Data: c.data, Log: slog.New(slog.DiscardHandler), Poll: 100 * time.Millisecond, Clock: time.Now}, listener, hub.MakeKey{Name: "four", Role: accounts.Operator, Days: 1})
	for _, connect := range []hub.ConnectShop{
		{Channel: "tiktok", BaseURL: tikAt, AuthURL: tikAt, Key: appKey, Secret: appSecret, Given: channels.Grant{"code": tik.AuthCode(shopID)}},
		{Channel: "shopify", BaseURL: shopAt, Key: appKey, Secret: appSecret, Given: channels.Grant{"shop": myshopify}},
		{Channel: "amazon", BaseURL: amzAt, AuthURL: amzAt, Key: "amzn1.client", Secret: "client-secret", Given: channels.Grant{"refresh-token": refresh, "seller-id": merchant, "marketplace": "GB"}},
		{Channel: "instagram", BaseURL: metaAt, AuthURL: metaAt, Key: "1234567890", Secret: "meta-secret", Given: channels.Grant{"token": meta.NewToken(instagramAccount, "EAA"), "account": instagramAccount, "catalog": instagramCatalog}},
	} {
		_, err := c.admin.Connect(t.Context(), connect)
		fatal(t, err)
	}
	var all reads.Connections
	look := func() reads.Connections {
		all = reads.Connections{}
		c.ask("/api/v1/connections", &all)
		return all
	}
	c.until("all four are in step", func() bool { return look().AllSynced && len(all.Items) == 4 })
	for _, s := range all.Items {
		if s.State != "ok" || s.LastSuccess == nil || s.LastPoll == nil || s.Backlog != 0 || s.Error != "" || s.LastWebhook != nil {
			t.Errorf("%s fares as %+v", s.Channel, s)
		}
		if s.Channel != "instagram" && (s.Calls.Answered == 0 || s.Calls.Success == nil || *s.Calls.Success != 100 || s.Calls.QuotaLeft == nil || *s.Calls.QuotaLeft < 0 || *s.Calls.QuotaLeft > 100) {
			t.Errorf("%s has calls %+v", s.Channel, s.Calls)
		}
		if rules := s.Channel == "tiktok" || s.Channel == "amazon"; rules != (s.Headroom != nil) {
			t.Errorf("%s has limits %+v", s.Channel, s.Headroom)
		} else if rules && (s.Headroom.Late.Mood != "unknown" || s.Headroom.Late.Percent != nil || s.Headroom.Late.More != nil || !strings.Contains(s.Headroom.Late.Sentence, "Nothing is known yet")) {
			t.Errorf("%s, without an order, has limits %+v", s.Channel, s.Headroom)
		}
		if can := s.Channel != "instagram"; s.History.Can != can || (s.History.Why == "") != can {
			t.Errorf("%s says of older orders: %+v", s.Channel, s.History)
		}
	}
	find := func(channel string) (found reads.Connection) {
		for _, s := range look().Items {
			if s.Channel == channel {
				found = s
			}
		}
		return found
	}
	down.Store(true)
	c.until("the one that is down is told, with what failed", func() bool {
		s := find("shopify")
		return s.State != "ok" && s.Error != "" && s.Mend != "" && s.Calls.Failed > 0 && *s.Calls.Success < 100 && !all.AllSynced
	})
	for _, s := range all.Items {
		if s.Channel != "shopify" && (s.State != "ok" || s.Error != "") {
			t.Errorf("%s fares as %s, %q, because another one is down", s.Channel, s.State, s.Error)
		}
	}
	c.connection.ID = find("instagram").ID
	if status, detail := c.order("back-fill", `{"connection":"`+c.connection.ID+`","from":"2026-01-01","to":"2026-01-02"}`); status != http.StatusConflict || !strings.Contains(detail, "no orders to read") {
		t.Errorf("older orders of a catalogue: %d %q", status, detail)
	}
	down.Store(false)
	c.until("all four are in step again", func() bool { return look().AllSynced })

	t.Log("a shop whose polls leave quota to older orders is late later, until they are read no more")
	c.connection.ID = find("amazon").ID
	limit := c.shop().Limit
	day := time.Now().UTC().AddDate(0, 0, -3).Format(time.DateOnly)
	hold.Store(true)
	c.do("back-fill", `{"connection":"`+c.connection.ID+`","from":"`+day+`","to":"`+day+`"}`)
	c.until("older orders are read", func() bool { return c.shop().Limit == limit+240 })
	c.do("stop-back-fill", `{"connection":"`+c.connection.ID+`"}`)
	c.until("they are read no more", func() bool { s := c.shop(); return s.History.EndedAt != nil && s.Limit == limit })
}

// TestBackFillOfASellersOwnParcels: of what the seller's own carrier took long ago Shopify often tells no more than that it was sent.
// Such an order is history too, and takes no stock.
func TestBackFillOfASellersOwnParcels(t *testing.T) {
	s := newStore(t, time.Hour, false)
	s.until("the first poll is over", func() bool { return s.shop().LastPoll != nil })
	place := func() string {
		id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
			At: time.Now().AddDate(0, 0, -20), Buyer: "Ana", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB",
			Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
		})
		fatal(t, err)
		s.order = strconv.FormatInt(id, 10)
		return s.order
	}
	place()
	sent, err := strconv.ParseInt(place(), 10, 64)
	fatal(t, err)
	fatal(t, s.sim.FulfilByHand(myshopify, sent, "Royal Mail", "AB123456789GB"))
	day := func(ago int) string { return time.Now().UTC().AddDate(0, 0, -ago).Format(time.DateOnly) }
	s.command("back-fill", `{"connection":"`+s.connection.ID+`","from":"`+day(21)+`","to":"`+day(19)+`"}`, http.StatusOK)
	s.until("it has ended", func() bool { return s.shop().History.EndedAt != nil })
	if h := s.shop().History; h.Read != 2 {
		t.Errorf("it ended with %+v", h)
	}
	s.until("the sent one is over", func() bool { return s.page().Phase == "finished" })
	s.until("the open one has its stock", func() bool { return s.stock().Reserved == 2 })
	if on := s.stock().OnHand; on != 10 {
		t.Errorf("%d units are on hand, want the ten that were counted", on)
	}
}
