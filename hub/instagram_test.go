package hub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

const (
	instagramAccount = "17841400000000001"
	instagramCatalog = "730000000000000001"
)

// TestInstagram connects a shop that sells and an Instagram catalogue that follows it: the webhook address is taken by the
// vendor's handshake, the catalogue shows what the shop lists, comments are counted once however often they come, and what
// people wrote is nowhere but in the sealed inbox.
func TestInstagram(t *testing.T) {
	t.Parallel()
	market := tiktoksim.New(tiktoksim.Config{AppKey: appKey, AppSecret: appSecret, Seed: 1, Clock: time.Now})
	market.AddShop(tiktoksim.Shop{ID: shopID, Name: "One"})
	if _, err := market.AddProduct(shopID, tiktoksim.Product{Title: "Mug", SKUs: []tiktoksim.SKU{{ID: "17290001", SellerSKU: "MUG", Price: "5.00", Quantity: 3}}}); err != nil {
		t.Fatal(err)
	}
	meta := instagramsim.New(instagramsim.Config{AppID: "1234567890", AppSecret: "meta-secret", Seed: 1, Clock: time.Now, Gather: 50 * time.Millisecond})
	meta.AddAccount(instagramsim.Account{ID: instagramAccount, Username: "shop", Catalog: instagramCatalog})
	meta.AddAccount(instagramsim.Account{ID: "17841400000000002", Username: "other"})
	if _, err := meta.AddItem(instagramCatalog, instagramsim.Item{RetailerID: "MUG", Price: "5.00", Quantity: 40}); err != nil {
		t.Fatal(err)
	}
	shop, graph := httptest.NewServer(market.Handler()), httptest.NewServer(meta.Handler())
	t.Cleanup(shop.Close)
	t.Cleanup(graph.Close)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	fatal(t, err)
	here := "http://" + listener.Addr().String()
	o := hub.Options{Data: t.TempDir(), Log: slog.New(slog.DiscardHandler), Poll: time.Second, Clock: time.Now, Public: here}
	h, err := hub.Open(t.Context(), o)
	fatal(t, err)
	ctx, stop := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	for _, run := range []func(context.Context) error{func(ctx context.Context) error { return h.Run(ctx, listener) }, market.Run, meta.Run} {
		parts.Go(func() {
			if err := run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		})
	}
	t.Cleanup(func() { stop(); parts.Wait(); fatal(t, h.Close()) })
	fatal(t, h.Ready(t.Context()))
	admin, err := hub.Reach(t.Context(), o)
	fatal(t, err)
	t.Cleanup(func() { fatal(t, admin.Close()) })
	key, err := admin.Key(t.Context(), hub.MakeKey{Name: "test", Role: accounts.Owner, Days: 1})
	fatal(t, err)

	call := func(method, path string, body any, into any) {
		t.Helper()
		text, err := json.Marshal(body)
		fatal(t, err)
		r, err := http.NewRequestWithContext(t.Context(), method, here+path, bytes.NewReader(text))
		fatal(t, err)
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", "application/json")
		id, err := uuid.NewV7()
		fatal(t, err)
		r.Header.Set("Idempotency-Key", id.String())
		r.Close = true
		answer, err := http.DefaultClient.Do(r)
		fatal(t, err)
		defer func() { _ = answer.Body.Close() }()
		got, err := io.ReadAll(answer.Body)
		fatal(t, err)
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %d: %s", method, path, answer.StatusCode, got)
		}
		if into != nil {
			fatal(t, json.Unmarshal(got, into))
		}
	}
	until := func(what string, so func() bool) {
		t.Helper()
		for !so() {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-t.Context().Done():
				t.Fatal("in vain: " + what)
			}
		}
	}

	sells, err := admin.Connect(t.Context(), hub.ConnectShop{
		Channel: "tiktok", Name: "Shop", BaseURL: shop.URL, AuthURL: shop.URL, Key: appKey, Secret: appSecret, Given: channels.Grant{"code": market.AuthCode(shopID)},
	})
	fatal(t, err)
	shows, err := admin.Connect(t.Context(), hub.ConnectShop{
		Channel: "instagram", Name: "Catalogue", BaseURL: graph.URL, AuthURL: graph.URL, Key: "1234567890", Secret: "meta-secret",
		Given: channels.Grant{"token": meta.NewToken(instagramAccount, "EAA"), "account": instagramAccount, "catalog": instagramCatalog},
	})
	fatal(t, err)
	if address, fields := meta.Callback(); address != here+"/webhooks/instagram/"+shows.App || len(fields) != 3 || shows.Verify == "" {
		t.Fatalf("webhooks go to %q: %v, verify token %q", address, fields, shows.Verify)
	}
	if c := meta.Counts(); c.Handshakes != 3 || c.HandshakesFailed != 0 {
		t.Errorf("%d handshakes, %d failed", c.Handshakes, c.HandshakesFailed)
	}

	// The catalogue follows.
	call("POST", "/api/v1/commands/receive-stock", map[string]any{"sku": "MUG", "quantity": 8}, nil)
	for _, id := range []string{sells.Shops[0].ID, shows.Shops[0].ID} {
		call("POST", "/api/v1/commands/push-quantities", map[string]any{"connection": id, "on": true}, nil)
	}
	until("the catalogue shows what the shop lists", func() bool {
		s, err := market.Stock(shopID, "17290001")
		fatal(t, err)
		return s.Listed == 8 && meta.Listed(instagramCatalog, "MUG") == 8
	})

	// Comments, twice, beside one of an account that is not connected.
	say := func(account string, c instagramsim.Comment) {
		t.Helper()
		c.Text, c.Username = "canary-words", "canary-handle"
		_, err := meta.Comment(account, c)
		fatal(t, err)
	}
	meta.SetCallback(here+"/webhooks/instagram/"+shows.App, "comments", "live_comments", "mentions")
	meta.SetFaults(instagramsim.Faults{Duplicate: 1, BadSignature: 1, MaxDelay: 100 * time.Millisecond})
	const comments = 70
	for n := range comments {
		say(instagramAccount, instagramsim.Comment{Media: "17900000000000001", From: fmt.Sprintf("canary-%d", n%10)})
	}
	say("17841400000000002", instagramsim.Comment{})
	say(instagramAccount, instagramsim.Comment{Field: "mentions", Media: "17900000000000002"})
	say(instagramAccount, instagramsim.Comment{Field: "live_comments", Media: "17900000000000003"})
	until("all came twice", func() bool {
		c := meta.Counts().Webhooks
		return c.Acked >= 2 && c.Pending == 0
	})
	signals := struct {
		Items []struct {
			Media, Kind string
			Count       int
		}
	}{}
	count := func() (n int, kinds map[string]int) {
		call("GET", "/api/v1/signals", nil, &signals)
		kinds = map[string]int{}
		for _, i := range signals.Items {
			n += i.Count
			kinds[i.Kind+" "+i.Media] += i.Count
		}
		return n, kinds
	}
	until("they are counted", func() bool { n, _ := count(); return n >= comments+2 })
	if _, kinds := count(); kinds["comments 17900000000000001"] != comments || kinds["mentions 17900000000000002"] != 1 || kinds["live_comments 17900000000000003"] != 1 {
		t.Errorf("counted %v", kinds)
	}
	if c := meta.Counts().Webhooks; c.ForgedAccepted != 0 || c.Forged == 0 {
		t.Errorf("%d of %d forged webhooks were taken", c.ForgedAccepted, c.Forged)
	}
	letters := struct{ Items []struct{ Reason string } }{}
	until("a person is told of the account that is not connected", func() bool {
		call("GET", "/api/v1/deadletters", nil, &letters)
		for _, l := range letters.Items {
			if strings.Contains(l.Reason, "17841400000000002") {
				return true
			}
		}
		return false
	})

	// Connected later, its part is taken in; the others' stays as it is.
	_, err = admin.Connect(t.Context(), hub.ConnectShop{
		Channel: "instagram", Name: "Other", BaseURL: graph.URL, AuthURL: graph.URL, Key: "1234567890", Secret: "meta-secret",
		Given: channels.Grant{"token": meta.NewToken("17841400000000002", "EAA"), "account": "17841400000000002"},
	})
	fatal(t, err)
	until("its comment is counted", func() bool { n, _ := count(); return n == comments+3 })

	// Nothing personal anywhere but sealed.
	files, err := filepath.Glob(filepath.Join(o.Data, "*"))
	fatal(t, err)
	for _, name := range files {
		info, err := os.Stat(name)
		fatal(t, err)
		if !info.Mode().IsRegular() {
			continue
		}
		text, err := os.ReadFile(name)
		fatal(t, err)
		if bytes.Contains(text, []byte("canary-")) {
			t.Errorf("%s holds what a person wrote, or who", filepath.Base(name))
		}
	}
}
