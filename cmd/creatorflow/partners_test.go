package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/demo"
	"github.com/creatorflow/creatorflow/partners/easypost/easypostsim"
	"github.com/creatorflow/creatorflow/partners/stripe/stripesim"
)

// TestConnectPartners connects direct sales and who sells labels by the command line, as the docs say.
func TestConnectPartners(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	bank := httptest.NewServer(stripesim.New(stripesim.Config{Key: "sk_test_shop", Account: "acct_1SimulatedShop", Secret: "whsec_shop", Clock: time.Now, Client: http.DefaultClient}).Handler())
	defer bank.Close()
	post := easypostsim.New(easypostsim.Config{Key: "EZTKsimulated", Clock: time.Now, Client: http.DefaultClient})
	counter := httptest.NewServer(post.Handler())
	defer counter.Close()
	post.SetAddress(counter.URL)
	fails := func(want string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append(args, "--data", data), &out, &errs); code != exitFailure || !strings.Contains(errs.String(), want) {
			t.Errorf("%v: exit %d, %q, want 1 and %q", args, code, &errs, want)
		}
	}
	direct := []string{"connect", "direct", "--name", "Market", "--base-url", bank.URL, "--account", "acct_1SimulatedShop", "--data", data}
	said := done(t, append(direct, "--secret-key", "sk_test_shop")...)
	if !regexp.MustCompile(`^Connected Market \(shop acct_1SimulatedShop\) as [a-z0-9]{6}\.\nEnter orders .*/webhooks/direct/[a-z0-9]{6} at Stripe .*--webhook-secret\.\n$`).MatchString(said) {
		t.Errorf("direct sales: %q", said)
	}
	said = done(t, append(direct, "--secret-key", "sk_test_shop", "--webhook-secret", "whsec_shop")...)
	if !strings.Contains(said, "webhooks are taken at") {
		t.Errorf("with its signing secret: %q", said)
	}
	if said = done(t, "connect", "direct", "--name", "Stall", "--account", "stall", "--data", data); !strings.Contains(said, "No card is charged") {
		t.Errorf("without cards: %q", said)
	}
	fails("Stripe", "connect", "direct", "--name", "Market", "--base-url", bank.URL, "--account", "acct_1SimulatedShop", "--secret-key", "sk_test_other")

	labels := []string{
		"connect", "easypost", "--base-url", counter.URL, "--grams", "480", "--size", "200,150,100", "--from-name", "Shop", "--from-line1", "1 Market Street", "--from-city", "London",
		"--from-postcode", "N1 1AA", "--from-country", "GB",
	}
	said = done(t, append(labels, "--key", "EZTKsimulated", "--automatic", "--data", data)...)
	if !strings.HasPrefix(said, "EasyPost takes the key. Labels are bought by themselves. It is a test key") || !strings.Contains(said, "/webhooks/easypost/labels") {
		t.Errorf("labels: %q", said)
	}
	said = done(t, append(labels, "--webhook-secret", "hook", "--data", data)...) // the key stays
	if !strings.Contains(said, "until Retry") || strings.Contains(said, "webhooks") {
		t.Errorf("labels by hand: %q", said)
	}
	fails("EasyPost", append(labels, "--key", "EZTKwrong")...)
	fails("two letters", append(labels[:len(labels)-1], "Britain")...)
}

// TestBackFillCommand has older orders read: what a folder that nobody serves is asked for is done when the hub runs.
func TestBackFillCommand(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	sim := tiktoksim.New(tiktoksim.Config{AppKey: demo.AppKey, AppSecret: demo.AppSecret})
	sim.AddShop(tiktoksim.Shop{ID: demo.ShopID, Name: "Their name", Region: "GB", Currency: "GBP"})
	market := httptest.NewServer(sim.Handler())
	defer market.Close()
	said := done(t, "connect", "tiktok", "--name", "My shop", "--app-key", demo.AppKey, "--app-secret", demo.AppSecret, "--auth-code", sim.AuthCode(demo.ShopID),
		"--base-url", market.URL, "--auth-url", market.URL, "--data", data)
	id := regexp.MustCompile(`\) as ([a-z0-9]{6})\.`).FindStringSubmatch(said)[1]
	if said = done(t, "back-fill", id, "--data", data); !strings.HasPrefix(said, "No older orders of this shop were asked for yet.") {
		t.Errorf("before: %q", said)
	}
	from, to := time.Now().UTC().AddDate(0, 0, -9).Format(time.DateOnly), time.Now().UTC().AddDate(0, 0, -2).Format(time.DateOnly)
	if said = done(t, "back-fill", id, "--from", from, "--to", to, "--data", data); !strings.HasPrefix(said, "Orders placed from "+from+" to "+to+" are read while the hub runs.") {
		t.Errorf("asked: %q", said)
	}
	if said = done(t, "back-fill", id, "--stop", "--data", data); said != "0 orders read. It ends at the next page.\n" {
		t.Errorf("stopped: %q", said)
	}
	for _, refused := range []struct {
		args []string
		want string
	}{
		{[]string{"back-fill", id, "--from", from, "--to", to}, "already"},
		{[]string{"back-fill", "nobody"}, "no such connection"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append(refused.args, "--data", data), &out, &errs); code != exitFailure || !strings.Contains(errs.String(), refused.want) {
			t.Errorf("%v: exit %d, %q", refused.args, code, &errs)
		}
	}
}

// TestVerifyAsksStripe: verify names what stands otherwise at Stripe and fails; who cannot be asked is said, and fails nothing.
func TestVerifyAsksStripe(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	sim := stripesim.New(stripesim.Config{Key: "sk_test_shop", Account: "acct_1SimulatedShop", Clock: time.Now, Client: http.DefaultClient})
	bank := httptest.NewServer(sim.Handler())
	defer bank.Close()
	said := done(t, "connect", "direct", "--name", "Market", "--base-url", bank.URL, "--account", "acct_1SimulatedShop", "--secret-key", "sk_test_shop", "--data", data)
	id := regexp.MustCompile(`\) as ([a-z0-9]{6})\.`).FindStringSubmatch(said)[1]
	done(t, "connect", "direct", "--name", "Stall", "--account", "stall", "--data", data)
	said = done(t, "verify", "--data", data)
	if !strings.Contains(said, "Market ("+id+"): 0 orders and 0 payments of 30 days were held against the payment partner, 0 differ.\n") ||
		!strings.Contains(said, "not compared with the payment partner: no payment partner is connected, so no card is charged.\n") {
		t.Errorf("nothing differs: %q", said)
	}
	paid := sim.Pay(2499, "gbp", "", "pm_card_visa")
	sim.Mark(paid, map[string]string{"creatorflow_key": id + ":M-1"})
	code, out, errs := once(t, "verify", "--data", data)
	if code != exitFailure || !strings.Contains(out, "1 orders and 1 payments of 30 days") || !strings.Contains(errs, "Order "+id+":M-1: 24.99 GBP stands taken by "+paid) {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if said = done(t, "verify", "--days", "0", "--data", data); strings.Contains(said, "Market") {
		t.Errorf("asked although it was not to: %q", said)
	}
	bank.Close()
	if said = done(t, "verify", "--data", data); !strings.Contains(said, "Market ("+id+"): not compared with the payment partner: the payment partner could not be asked to the end: ") {
		t.Errorf("Stripe is away: %q", said)
	}
	if code, _, errs = once(t, "verify", "--days=-1", "--data", data); code == 0 || !strings.Contains(errs, "--days is 0 to 3650") {
		t.Errorf("exit %d, %q", code, errs)
	}
}
