package tiktok_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/tiktok"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
)

func TestSubscriptions(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	want := func(topic, address string) {
		t.Helper()
		list, err := r.connector.Subscriptions(t.Context())
		if err != nil || len(list) != 7 || !slices.Contains(list, channels.Subscription{Topic: topic, Address: address}) {
			t.Errorf("%+v, %v, want %s to %q among 7", list, err, topic, address)
		}
	}
	const topic, there = "PACKAGE_UPDATE", "https://hub.example/webhooks/tiktok/app1"
	if err := r.connector.Unsubscribe(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	want(topic, "")
	if err := r.connector.Subscribe(t.Context(), channels.Subscription{Topic: topic, Address: there}); err != nil {
		t.Fatal(err)
	}
	want(topic, there)
	if err := r.connector.Subscribe(t.Context(), channels.Subscription{Topic: topic, Address: "nowhere"}); err == nil {
		t.Error("an address that is none was taken")
	}
	want(topic, there)
}

// A webhook of our own is signed as the vendor's are, and means a test.
func TestProbe(t *testing.T) {
	w := tiktok.Webhooks{}
	app := channels.App{Key: "key", Secrets: []string{"new", "old"}}
	at := time.Unix(1767225600, 0).UTC()
	header, body, delivery := w.Probe(app, shop, "x1", at)
	if err := w.Verify(channels.App{Key: "key", Secrets: []string{"new"}}, header, body); err != nil {
		t.Errorf("signed with another than the newest secret: %v", err)
	}
	hints, err := w.Hints(body)
	if want := (channels.Hint{Delivery: delivery, Shop: shop, Kind: channels.KindTest, Type: "0", Updated: at}); err != nil || len(hints) != 1 || !reflect.DeepEqual(hints[0], want) {
		t.Errorf("got %+v, %v, want %+v", hints, err, want)
	}
	if other, _, second := w.Probe(app, shop, "x2", at); second == delivery || other.Get("Authorization") == header.Get("Authorization") {
		t.Error("two tests are one delivery")
	}
}

// Examine goes its own way: the breaker is open, the token has expired, and it tells the truth.
func TestExamineWhileNothingWorks(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	state := func() map[string]channels.Light {
		found := map[string]channels.Light{}
		for _, f := range r.connector.Examine(t.Context(), "") {
			if _, twice := found[f.Check]; twice || f.Found == "" || (f.State == channels.Red) != (f.Mend != "") {
				t.Errorf("%+v", f)
			}
			found[f.Check] = f.State
		}
		return found
	}
	r.SetFaults(tiktoksim.Faults{API5xx: 1})
	for range 10 {
		_, _ = r.connector.Orders(t.Context(), []string{"576"})
	}
	if got := r.connector.State().Breaker; got != "open" {
		t.Fatalf("the breaker is %s", got)
	}
	for check, light := range state() {
		if light == channels.Red || check != channels.CheckClock && light != channels.Grey {
			t.Errorf("while TikTok fails %s is %s", check, light)
		}
	}
	r.SetFaults(tiktoksim.Faults{})
	r.ExpireToken(shop)
	for check, light := range state() {
		if light != channels.Green {
			t.Errorf("with a token that is refreshed %s is %s", check, light)
		}
	}
	if r.tokens.token.Scopes == "" {
		t.Error("the refreshed pair does not say what it allows")
	}
}
