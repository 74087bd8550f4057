package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestConnectAmazonCommand connects by what the simulator prints, and the first order comes by its queue.
func TestConnectAmazonCommand(t *testing.T) {
	data := t.TempDir()
	shop := start(t, "sim", "amazon")
	eventually(t, "the shop says how to connect it", func() bool { return strings.Contains(shop.out.String(), "curl") })
	hub := startHub(t, data)
	connect := regexp.MustCompile(`creatorflow (connect amazon) --name "Simulated store" (.+)`).FindStringSubmatch(shop.out.String())
	args := append(strings.Fields(connect[1]), "--name", "Store", "--data", data)
	out := done(t, append(args, strings.Fields(strings.ReplaceAll(connect[2], `"`, ""))...)...)
	if !strings.Contains(out, "Connected Store") || !strings.Contains(out, "through the queue at once") {
		t.Errorf("connect says %s", out)
	}
	if out := done(t, "doctor", "--data", data); strings.Contains(out, "mend:") || !regexp.MustCompile(`(?m)^  green +webhooks  .*queue`).MatchString(out) {
		t.Errorf("the doctor finds\n%s", out)
	}
	shop.ask(http.MethodPost, "/_sim/orders", "", map[string]any{"buyer_name": "Ana", "lines": []map[string]any{{"sku": "MUG", "quantity": 1}}}, nil)
	key := strings.TrimSpace(done(t, "key", "make", "test", "--role", "owner", "--data", data))
	eventually(t, "the order is in the hub", func() bool {
		var list struct {
			Items []struct {
				Channel string `json:"channel"`
			} `json:"items"`
		}
		hub.ask(http.MethodGet, "/api/v1/orders", key, nil, &list)
		return len(list.Items) == 1
	})
	hub.stop()
	shop.stop()
}
