package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestThreeProcesses sells through a simulated shop, a hub and a connection made at the command line,
// once with webhooks alone and once with polls alone.
func TestThreeProcesses(t *testing.T) {
	for _, c := range []struct {
		name, poll string
		webhooks   bool
	}{
		{name: "webhooks", poll: "1h", webhooks: true},
		{name: "polling only", poll: "100ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := t.TempDir()
			shop := start(t, "sim", "tiktok", "--hold", "0s")
			hub := startHub(t, data, "--poll", c.poll)
			key := strings.TrimSpace(done(t, "key", "make", "test", "--data", data))
			received := receipt("MUG", 10)
			hub.ask(http.MethodPost, receiveStock, key, received, nil)
			shop.ask(http.MethodPost, "/_sim/products", "", map[string]any{"product": map[string]any{
				"title": "Mug", "skus": []any{map[string]any{"id": "1729000000000000777", "seller_sku": "MUG", "price": "4.99", "quantity": 10}},
			}}, nil)
			connectAsPrinted(t, shop, hub, data, c.webhooks)
			type connections struct {
				Items []struct {
					LastPoll *string `json:"last_poll_at"`
					Webhooks int64   `json:"webhooks_total"`
				}
			}
			polled := func() (shops connections) {
				hub.ask(http.MethodGet, "/api/v1/connections", key, nil, &shops)
				return shops
			}
			eventually(t, "the shop was polled when it was connected", func() bool {
				shops := polled()
				return len(shops.Items) == 1 && shops.Items[0].LastPoll != nil
			})

			const orders = 3
			for i := range orders {
				shop.ask(http.MethodPost, "/_sim/orders", "", map[string]any{
					"buyer_id": fmt.Sprint("buyer-", i), "buyer_name": "Ana", "lines": []any{map[string]any{"sku_id": "1729000000000000777", "quantity": 2}},
				}, nil)
			}
			finished := func(hub *process) int {
				var flows struct{ Items []struct{ State string } }
				hub.ask(http.MethodGet, "/api/v1/flows?state=finished", key, nil, &flows)
				return len(flows.Items)
			}
			eventually(t, "every order's flow is finished", func() bool { return finished(hub) == orders })
			if got := polled().Items[0].Webhooks; c.webhooks != (got > 0) {
				t.Errorf("%d webhooks came in", got)
			}
			counts := struct{ Ships map[string]int }{}
			shop.ask(http.MethodGet, "/_sim/counts", "", nil, &counts)
			if len(counts.Ships) != orders {
				t.Errorf("shipped at the shop: %v", counts.Ships)
			}
			hub.stop()
			shop.stop()
			if out := done(t, "verify", "--data", data); !strings.Contains(out, " are whole") {
				t.Errorf("verify: %s", out)
			}

			hub = startHub(t, data, "--poll", "1h")
			if again := hub.ask(http.MethodPost, receiveStock, key, received, nil).Get("Idempotency-Replayed"); again != "true" {
				t.Errorf("the acknowledged command was forgotten: %q", again)
			}
			var stock struct {
				OnHand   int64 `json:"on_hand"`
				Reserved int64
			}
			hub.ask(http.MethodGet, "/api/v1/stock/MUG", key, nil, &stock)
			if finished(hub) != orders || stock.OnHand != 10-2*orders || stock.Reserved != 0 {
				t.Errorf("after the restart: %d finished flows, %+v", finished(hub), stock)
			}
			hub.stop()
		})
	}
}

// connectAsPrinted does what the simulator's greeting says.
func connectAsPrinted(t *testing.T, shop, hub *process, data string, webhooks bool) {
	t.Helper()
	_, line, _ := strings.Cut(shop.out.String(), `creatorflow connect tiktok --name "Simulated shop" `)
	line, rest, _ := strings.Cut(line, "\n")
	out := done(t, append([]string{"connect", "tiktok", "--data", data, "--name", "Simulated shop"}, strings.Fields(line)...)...)
	app := regexp.MustCompile(`/webhooks/tiktok/\w+`).FindString(out)
	if app == "" {
		t.Fatalf("connect prints no webhook address: %q", out)
	}
	if path := regexp.MustCompile(`curl ` + shop.url + `(\S+) `).FindStringSubmatch(rest); path == nil {
		t.Fatalf("the simulator does not say how to give it that address: %q", rest)
	} else if webhooks {
		shop.ask(http.MethodPost, path[1], "", map[string]string{"url": hub.url + app}, nil)
	}
}

// TestStopWhileBusy stops a hub under load: it ends by itself, and knows everything it acknowledged.
func TestStopWhileBusy(t *testing.T) {
	data := t.TempDir()
	key := strings.TrimSpace(done(t, "key", "make", "test", "--data", data))
	hub := startHub(t, data)
	var mu sync.Mutex
	var acked []receive
	var sent int64
	var callers sync.WaitGroup
	for caller := range 8 {
		callers.Go(func() {
			for {
				r := receipt("SKU-"+strconv.Itoa(caller%3), 1)
				mu.Lock()
				sent++
				mu.Unlock()
				status, _, err := hub.try(http.MethodPost, receiveStock, key, r, nil)
				if err != nil || status != http.StatusOK {
					return // it has stopped
				}
				mu.Lock()
				acked = append(acked, r)
				mu.Unlock()
			}
		})
	}
	eventually(t, "the hub is busy", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(acked) > 100
	})
	hub.stop()
	callers.Wait()

	hub = startHub(t, data)
	var stock struct {
		Items []struct {
			OnHand int64 `json:"on_hand"`
		}
	}
	hub.ask(http.MethodGet, "/api/v1/stock", key, nil, &stock)
	var units int64
	for _, item := range stock.Items {
		units += item.OnHand
	}
	if units < int64(len(acked)) || units > sent {
		t.Errorf("%d units are on hand, %d receipts were acknowledged and %d sent", units, len(acked), sent)
	}
	for _, r := range acked[len(acked)-20:] {
		if again := hub.ask(http.MethodPost, receiveStock, key, r, nil).Get("Idempotency-Replayed"); again != "true" {
			t.Errorf("the acknowledged command %s was forgotten", r.id)
		}
	}
	hub.stop()
	done(t, "verify", "--data", data)
}

// TestFenced lets the disk fail under a hub: it acknowledges nothing more and ends with the code by
// which a supervisor knows to start it anew, which then works.
func TestFenced(t *testing.T) {
	data := t.TempDir()
	key := strings.TrimSpace(done(t, "key", "make", "test", "--data", data))
	hub := startHub(t, data)
	kept := receipt("MUG", 3)
	hub.ask(http.MethodPost, receiveStock, key, kept, nil)
	eventually(t, "the views have nothing left to write", func() bool { // theirs would be another fault
		status, _, err := hub.try(http.MethodGet, "/api/v1/stock/MUG", key, nil, nil)
		return err == nil && status == http.StatusOK
	})
	// No file may be written from now on: the kernel answers EFBIG.
	limit := exec.CommandContext(t.Context(), "prlimit", "--pid", strconv.Itoa(hub.Process.Pid), "--fsize=0:0")
	if out, err := limit.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if status, _, err := hub.try(http.MethodPost, receiveStock, key, receipt("MUG", 5), nil); err == nil && status < http.StatusInternalServerError {
		t.Errorf("a command that cannot be kept is answered with %d", status)
	}
	if code := hub.end(); code != exitFenced {
		t.Errorf("exit %d, want %d", code, exitFenced)
	}
	lines := strings.Split(strings.TrimSpace(hub.errs.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "creatorflow: ") || !strings.Contains(last, "I/O fault") {
		t.Errorf("it ends with %q", last)
	}

	hub = startHub(t, data)
	if again := hub.ask(http.MethodPost, receiveStock, key, kept, nil).Get("Idempotency-Replayed"); again != "true" {
		t.Error("the acknowledged command was forgotten")
	}
	if err := hub.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the hub did not stay up: %v", err)
	}
	hub.stop()
	done(t, "verify", "--data", data)
}
