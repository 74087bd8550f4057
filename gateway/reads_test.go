package gateway_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/gateway"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// ids are what differs from run to run.
var ids = regexp.MustCompile(`"command:[0-9a-f-]{36}"|"key:cf_[0-9a-f]{8}"|"[0-9a-f-]{36}"`)

// TestBodies compares every body with its golden file: screens and topics rely on each name.
func TestBodies(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	bearer := "Bearer " + s.key(t, accounts.Owner)
	for name, path := range map[string]string{
		"kpis": "/api/v1/kpis", "series": "/api/v1/series?metric=orders&step=1h&from=2026-11-24T07:30:00Z", "stock": "/api/v1/stock?q=851",
		"critical": "/api/v1/stock?critical=true&limit=5", "sku": "/api/v1/stock/85123A", "ledger": "/api/v1/stock/85123A/ledger",
		"orders": "/api/v1/orders", "order": "/api/v1/orders/k7:576", "connections": "/api/v1/connections", "flows": "/api/v1/flows",
		"deadletters": "/api/v1/deadletters", "events": "/api/v1/events?limit=2", "stream": "/api/v1/events?stream=main/stock/85123A",
		"inbox": "/api/v1/inbox/1", "changes": "/api/v1/events/3/changes",
	} {
		a := s.ask(t, nil, "GET", path, "", "Authorization", bearer)
		if a.StatusCode != 200 || a.Header.Get("X-Log-Position") != "4" {
			t.Errorf("%s: %d, position %s: %s", path, a.StatusCode, a.Header.Get("X-Log-Position"), a.text)
			continue
		}
		var body map[string]any
		fatal(t, json.Unmarshal(a.text, &body))
		if body["position"] != float64(4) {
			t.Errorf("%s: position %v in the body", path, body["position"])
		}
		if strings.Contains(string(a.text), ":null") && !strings.Contains("kpis stock sku order connections critical flows deadletters changes", name) {
			t.Errorf("%s has a null: %s", path, a.text)
		}
		golden(t, name, a.text)
	}
	if a := s.ask(t, nil, "GET", "/api/v1/labels/l1", "", "Authorization", bearer); a.StatusCode != 200 || a.Header.Get("Content-Type") != "application/pdf" || string(a.text) != "%PDF-1.4" {
		t.Errorf("label: %d %s %q", a.StatusCode, a.Header.Get("Content-Type"), a.text)
	} else if policy := a.Header.Values("Content-Security-Policy"); len(policy) != 1 || strings.Contains(policy[0], "sandbox") {
		t.Errorf("label: policy %q, under which no browser shows a PDF", policy)
	}
}

// golden compares a body with its file in testdata.
func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	var pretty strings.Builder
	e := json.NewEncoder(&pretty)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	fatal(t, e.Encode(json.RawMessage(body)))
	got := ids.ReplaceAllString(pretty.String(), `"…"`)
	file := filepath.Join("testdata", name+".json")
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		if os.Getenv("GOLDEN") != "" {
			fatal(t, os.WriteFile(file, []byte(got), 0o600))
		}
		t.Errorf("%s differs (%v); run with GOLDEN=1 to take it over if it is meant:\n%s", file, err, got)
	}
}

func TestReadFaults(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	bearer := "Bearer " + s.key(t, accounts.Owner)
	for path, want := range map[string]int{
		"/api/v1/stock/none": 404, "/api/v1/stock/none/ledger": 404, "/api/v1/orders/k7:1": 404, "/api/v1/inbox/99": 404, "/api/v1/labels/x": 404,
		"/api/v1/inbox/0": 422, "/api/v1/inbox/x": 422, "/api/v1/stock/85123A/ledger?after=x": 422, "/api/v1/orders?after=x": 422,
		"/api/v1/orders?limit=0": 422, "/api/v1/orders?limit=201": 422, "/api/v1/series?metric=visits": 422, "/api/v1/series?step=5m": 422,
		"/api/v1/series?from=2026-01-01T00:00:00Z&to=2025-01-01T00:00:00Z": 422, "/api/v1/series?from=1990-01-01T00:00:00Z": 422,
		"/api/v1/events?stream=main": 422, "/api/v1/events?stream=other/stock/85123A": 404, "/api/v1/events?after=-1": 422,
		"/api/v1/flows?state=odd": 422, "/api/v1/stock/85123A": 200, "/api/v1/stock/%3885123A": 404, "/api/v1/stock/a%2Fb": 404,
		"/api/v1/stock?q=%25": 200, "/api/v1/stock?q=%27%22%3B--": 200, "/api/v1/orders?status=%27%20or%201%3D1": 200,
	} {
		a := s.ask(t, nil, "GET", path, "", "Authorization", bearer)
		if a.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", path, a.StatusCode, a.text, want)
		}
		if want >= 400 {
			a.problem(t)
		}
	}
}

// TestErasedLabelAndOldBody follows a number down to a raw webhook that retention has deleted.
func TestErasedLabelAndOldBody(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	bearer := "Bearer " + s.key(t, accounts.Owner)
	s.clock.add(40 * 24 * time.Hour)
	fatal(t, s.vault.Purge(t.Context(), s.clock.Now()))
	a := s.ask(t, nil, "GET", "/api/v1/inbox/1", "", "Authorization", bearer)
	if !strings.Contains(string(a.text), `"body":"","body_note":"deleted by retention"`) || !strings.Contains(string(a.text), `"hash":"`) {
		t.Errorf("after retention: %s", a.text)
	}
}

func TestRebuilding(t *testing.T) {
	building := projection.Status{Name: "orders", Version: 1, Position: 400_000, Head: 1_000_000, Building: true}
	s := newSite(t, func(o *gateway.Options) {
		o.Status = func() []projection.Status { return []projection.Status{building} }
	})
	bearer := "Bearer " + s.key(t, accounts.Viewer)
	a := s.ask(t, nil, "GET", "/api/v1/kpis", "", "Authorization", bearer)
	if p := a.problem(t); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "40 %") {
		t.Errorf("while rebuilding: %d %s", a.StatusCode, a.text)
	}
	if a := s.ask(t, nil, "GET", "/api/v1/events", "", "Authorization", bearer); a.StatusCode != 200 {
		t.Errorf("the log itself while rebuilding: %d", a.StatusCode)
	}
	opening := newSite(t, func(o *gateway.Options) { o.Status = func() []projection.Status { return nil } })
	bearer = "Bearer " + opening.key(t, accounts.Viewer)
	if a := opening.ask(t, nil, "GET", "/api/v1/kpis", "", "Authorization", bearer); a.StatusCode != 503 || a.Header.Get("Retry-After") != "1" {
		t.Errorf("before the views are open: %d %s", a.StatusCode, a.text)
	}
}

// TestTopicsAreBodies holds the rule that a topic's value is the body of its GET.
func TestTopicsAreBodies(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	bearer := "Bearer " + s.key(t, accounts.Owner)
	for _, topic := range s.reads.Topics() {
		path, key := map[string]string{
			"kpis": "/api/v1/kpis", "series/revenue": "/api/v1/series?metric=revenue", "stock/critical": "/api/v1/stock?critical=true&limit=5",
			"sync": "/api/v1/connections", "orders/{id}": "/api/v1/orders/k7:576", "stock/{sku}": "/api/v1/stock/85123A",
		}[topic.Pattern], ""
		if path == "" {
			t.Errorf("topic %s has no GET", topic.Pattern)
			continue
		}
		if strings.Contains(topic.Pattern, "{") {
			key = path[strings.LastIndex(path, "/")+1:]
		}
		var value []byte
		fatal(t, s.store.Read(t.Context(), func(r projection.Reader) error {
			v, err := topic.Value(t.Context(), r, key)
			if err == nil {
				value, err = json.Marshal(v)
			}
			return err
		}))
		a := s.ask(t, nil, "GET", path, "", "Authorization", bearer)
		if compact(t, a.text) != strings.ReplaceAll(string(value), `\u003c`, "<") {
			t.Errorf("topic %s is\n%s\nand GET %s\n%s", topic.Pattern, value, path, a.text)
		}
	}
}

// TestOrderIDs checks that ids with odd characters find their way through a path.
func TestOrderIDs(t *testing.T) {
	s := newSite(t)
	for _, id := range []string{"k7:a/b", "k7:a b", "k7:ä%2F"} {
		_, err := s.log.Append(t.Context(), orderAt(s, id))
		fatal(t, err)
	}
	s.caught(t)
	bearer := "Bearer " + s.key(t, accounts.Owner)
	for _, path := range []string{"k7:a%2Fb", "k7%3Aa%2Fb", "k7:a%20b", "k7:%C3%A4%252F"} {
		if a := s.ask(t, nil, "GET", "/api/v1/orders/"+path, "", "Authorization", bearer); a.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
	}
}
