package tiktok_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/tiktok"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
)

func TestAuthorize(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	o := channels.Opening{App: r.app, Client: r.client, Clock: r.clock}
	code := r.AuthCode(shop)
	token, shops, err := tiktok.Vendor.Authorize(t.Context(), o, channels.Grant{"code": code})
	if err != nil {
		t.Fatal(err)
	}
	pair := r.Tokens(shop)
	if token.Access != pair.AccessToken || token.Refresh != pair.RefreshToken || !token.AccessExpires.Equal(pair.AccessExpires.Truncate(time.Second)) {
		t.Errorf("got another pair than the simulator gave, or another end: %v, want %v", token.AccessExpires, pair.AccessExpires)
	}
	want := r.Connection
	want.ID, want.Name = "", "Test Shop"
	if len(shops) != 1 || !reflect.DeepEqual(shops[0], want) {
		t.Errorf("got %+v, want %+v", shops, want)
	}
	for name, code := range map[string]string{"used": code, "invented": "ROW_x", "empty": ""} {
		if _, _, err := tiktok.Vendor.Authorize(t.Context(), o, channels.Grant{"code": code}); err == nil || channels.ClassOf(err) != channels.Auth {
			t.Errorf("a code that is %s: got %v, want class auth", name, err)
		}
	}
	o.App.Secrets = []string{"wrong"}
	if _, _, err := tiktok.Vendor.Authorize(t.Context(), o, channels.Grant{"code": r.AuthCode(shop)}); err == nil || channels.ClassOf(err) != channels.Auth || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong secret: got %v, want class auth without it", err)
	}
}

// Every topic the simulator sends can be read, and none is unknown.
func TestEveryTopicIsRead(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	product, listing := handle{r}.List("MUG", "5.00", 10)
	order := handle{r}.Place(true, channelstest.Line{Listing: listing, Price: "5.00", Quantity: 1})
	for _, err := range []error{
		r.PayOrder(shop, order), r.ChangeAddress(shop, order, "2 Low Street"), r.SetProductStatus(shop, product, "SELLER_DEACTIVATED"),
		r.RequestCancel(shop, order, "r"), r.CancelOrder(shop, order, "r"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	topics := map[string]bool{}
	for len(topics) < 4 {
		d := handle{r}.Next()
		hints, err := tiktok.Webhooks{}.Hints(d.Body)
		if err != nil || len(hints) == 0 || hints[0].Unknown || hints[0].Shop != shop {
			t.Fatalf("%s: %+v, %v", d.Body, hints, err)
		}
		topics[hints[0].Type] = true
	}
	for _, topic := range []string{"1", "3", "5", "11"} {
		if !topics[topic] {
			t.Errorf("topics %v came, want %s among them", topics, topic)
		}
	}
}

// A garbled webhook is validly signed, and is either read or says what is wrong; it never panics and never lies.
func TestGarbledWebhooks(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	r.SetFaults(tiktoksim.Faults{Garble: 1})
	_, listing := handle{r}.List("MUG", "5.00", 100)
	orders := map[string]bool{}
	for range 40 {
		orders[handle{r}.Place(false, channelstest.Line{Listing: listing, Price: "5.00", Quantity: 1})] = true
	}
	broken := 0
	for range 40 {
		d := handle{r}.Next()
		if err := (tiktok.Webhooks{}).Verify(r.app, d.Header, d.Body); err != nil {
			t.Fatal(err)
		}
		hints, err := tiktok.Webhooks{}.Hints(d.Body)
		if err != nil {
			broken++
			continue
		}
		for _, h := range hints {
			if !h.Unknown && !orders[h.Order] {
				t.Errorf("%s: order %q was never placed", d.Body, h.Order)
			}
		}
	}
	if broken == 0 {
		t.Error("none of 40 garbled webhooks was found broken")
	}
}

// At the documented limit of 50 a second the connector speeds up without ever being refused.
func TestClimbsWithoutARefusal(t *testing.T) {
	r := newRig(t, channelstest.Knobs{PerSecond: 50})
	_, listing := handle{r}.List("MUG", "5.00", 1)
	order := handle{r}.Place(false, channelstest.Line{Listing: listing, Price: "5.00", Quantity: 1})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 5 {
				if _, err := r.connector.Orders(t.Context(), []string{order}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	rate := r.connector.State().Rates["read orders"]
	if refused := r.Counts().RateLimited; refused != 0 || rate.PerSecond < 40 {
		t.Errorf("%d refusals, %.0f a second after 100 calls, want none and at least 40", refused, rate.PerSecond)
	}
}

func TestConsent(t *testing.T) {
	for _, c := range []struct {
		auth string
		us   bool
		want string
	}{
		{"", false, "https://services.tiktokshop.com/open/authorize?service_id=7+7&state=a%26b"},
		{tiktok.AuthURL, false, "https://services.tiktokshop.com/open/authorize?service_id=7+7&state=a%26b"},
		{"", true, "https://services.tiktokshops.us/open/authorize?service_id=7+7&state=a%26b"},
		{"http://127.0.0.1:8090", true, "http://127.0.0.1:8090/open/authorize?service_id=7+7&state=a%26b"},
	} {
		asked := channels.Grant{"service": "7 7"}
		if c.us {
			asked["us"] = "yes"
		}
		if got, err := tiktok.Vendor.Consent(channels.App{AuthURL: c.auth}, asked, "a&b"); got != c.want || err != nil {
			t.Errorf("auth %q, us %v: %s, %v", c.auth, c.us, got, err)
		}
	}
}
