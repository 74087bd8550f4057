package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

func TestCommands(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	write := func(id string) {
		t.Helper()
		_, err := s.log.Append(t.Context(), eventlog.Write{
			Stream: letterevents.Stream(workspace.Main, id), Events: []eventlog.Event{letterevents.Opened{Letter: id, Inbox: 1, Reason: "x"}},
		})
		fatal(t, err)
	}
	write("inbox-1")
	write("inbox-2")
	bearer := "Bearer " + s.key(t, accounts.Operator)
	for _, test := range []struct {
		name, body string
		status     int
		version    int // of the first stream, when done
		detail     string
	}{
		{"receive-stock", `{"sku":"85123A","quantity":5,"reason":"more"}`, 200, 2, ""},
		{"receive-stock", `{"sku":" NEW ","quantity":5}`, 200, 1, ""},
		{"receive-stock", `{"sku":"NEW","quantity":1}`, 200, 2, ""}, // trimmed: the same SKU
		{"receive-stock", `{"sku":"X","quantity":2000000000}`, 409, 0, "between 1 and"},
		{"adjust-stock", `{"sku":"85123A","delta":-3,"reason":"broken"}`, 200, 3, ""},
		{"adjust-stock", `{"sku":"85123A","delta":-300,"reason":"broken"}`, 409, 0, "on hand"},
		{"adjust-stock", `{"sku":"NONE","delta":1,"reason":"found"}`, 409, 0, "There is no such SKU"},
		{"adjust-stock", `{"sku":"85123A","delta":0,"reason":"found"}`, 409, 0, "other than 0"},
		{"map-sku", `{"connection":"k7","code":"ABC","sku":"85123A"}`, 200, 1, ""},
		{"map-sku", `{"connection":"k7","code":"ABC","sku":"85123A"}`, 200, 0, ""},                     // nothing to change
		{"map-sku", `{"connection":"k7","code":"ABC","sku":"85123a"}`, 409, 0, "There is no such SKU"}, // case-sensitive
		{"retry-step", `{"flow":"k7:nothing"}`, 409, 0, "nothing to retry"},
		{"replay-deadletter", `{"id":"inbox-1","reason":"mended"}`, 200, 2, ""},
		{"replay-deadletter", `{"id":"inbox-1","reason":"again"}`, 409, 0, "closed already"},
		{"discard-deadletter", `{"id":"inbox-2","reason":"a test"}`, 200, 2, ""},
		{"discard-deadletter", `{"id":"inbox-9","reason":"a test"}`, 409, 0, "no such dead letter"},
		{"discard-deadletter", `{"id":"flow-k7:576","reason":"a test"}`, 409, 0, "cannot be discarded"},
		{"replay-deadletter", `{"id":"flow-k7:576","reason":"a test"}`, 409, 0, "nothing to retry"},
	} {
		a := s.command(t, nil, test.name, test.body, v7(), "Authorization", bearer)
		if a.StatusCode != test.status {
			t.Errorf("%s %s: %d %s, want %d", test.name, test.body, a.StatusCode, a.text, test.status)
			continue
		}
		if test.status != 200 {
			if p := a.problem(t); !strings.Contains(p.Detail, test.detail) {
				t.Errorf("%s %s: %q, want a sentence with %q", test.name, test.body, p.Detail, test.detail)
			}
			continue
		}
		want := fmt.Sprintf(`{"position":%s,"version":%d,"result":{}}`, a.Header.Get("X-Log-Position"), test.version)
		if compact(t, a.text) != want {
			t.Errorf("%s %s: %s, want %s", test.name, test.body, a.text, want)
		}
	}
}

// TestIdempotencyKey walks the paths of a command key.
func TestIdempotencyKey(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	bearer := "Bearer " + s.key(t, accounts.Operator)
	body := `{"sku":"85123A","quantity":5,"reason":"more"}`
	send := func(id, body string) reply {
		t.Helper()
		return s.command(t, nil, "receive-stock", body, id, "Authorization", bearer)
	}
	id := v7()
	first := send(id, body)
	second := send(id, body)
	if first.StatusCode != 200 || second.StatusCode != 200 || string(first.text) != string(second.text) {
		t.Errorf("first %d %s, repeat %d %s; want the same answer", first.StatusCode, first.text, second.StatusCode, second.text)
	}
	if first.Header.Get("Idempotency-Replayed") != "" || second.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("replayed: %q and %q", first.Header.Get("Idempotency-Replayed"), second.Header.Get("Idempotency-Replayed"))
	}
	if other := send(id, `{"sku":"85123A","quantity":6,"reason":"more"}`); other.StatusCode != 422 || !strings.Contains(other.problem(t).Detail, "another request") {
		t.Errorf("another body under the key: %d %s", other.StatusCode, other.text)
	}
	if other := s.command(t, nil, "map-sku", `{"connection":"k7","code":"1","sku":"2"}`, id, "Authorization", bearer); other.StatusCode != 422 {
		t.Errorf("another command under the key: %d %s", other.StatusCode, other.text)
	}
	if other := s.command(t, nil, "receive-stock", body, id, "Authorization", "Bearer "+s.key(t, accounts.Owner)); other.StatusCode != 200 || other.Header.Get("Idempotency-Replayed") != "" {
		t.Errorf("another caller's key of the same id: %d, replayed %q", other.StatusCode, other.Header.Get("Idempotency-Replayed"))
	}

	refused := v7()
	for n, replayed := range []string{"", "true"} {
		a := send(refused, `{"sku":"85123A","quantity":2000000000,"reason":""}`)
		if a.StatusCode != 409 || a.Header.Get("Idempotency-Replayed") != replayed {
			t.Errorf("refusal %d: %d, replayed %q", n, a.StatusCode, a.Header.Get("Idempotency-Replayed"))
		}
	}

	old, err := uuid.Parse("01900000-0000-7000-8000-000000000000") // of 2024
	fatal(t, err)
	if a := send(old.String(), body); a.StatusCode != 422 || !strings.Contains(a.problem(t).Detail, "too old") {
		t.Errorf("an old key: %d %s", a.StatusCode, a.text)
	}
	for _, bad := range []string{"", "x", uuid.New().String(), "{" + v7() + "}", strings.ReplaceAll(v7(), "-", "")} {
		a := send(bad, body)
		if p := a.problem(t); a.StatusCode != 422 || len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Field, "Idempotency-Key") {
			t.Errorf("key %q: %d %s", bad, a.StatusCode, a.text)
		}
	}
}

// TestIdempotencyInFlight sends one command from many at once: it is done once and all get its answer.
func TestIdempotencyInFlight(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	bearer := "Bearer " + s.key(t, accounts.Operator)
	id, before := v7(), s.log.Head().Position
	var wg sync.WaitGroup
	answers := make([]reply, 16)
	for n := range answers {
		wg.Go(func() {
			answers[n] = s.command(t, nil, "receive-stock", `{"sku":"85123A","quantity":5}`, id, "Authorization", bearer)
		})
	}
	wg.Wait()
	for _, a := range answers {
		if a.StatusCode != 200 || string(a.text) != string(answers[0].text) {
			t.Errorf("%d %s, want %s", a.StatusCode, a.text, answers[0].text)
		}
	}
	if got := s.log.Head().Position; got != before+1 {
		t.Errorf("%d events, want 1", got-before)
	}
}

func TestBadInput(t *testing.T) {
	s := newSite(t)
	bearer := "Bearer " + s.key(t, accounts.Operator)
	deep := strings.Repeat(`{"sku":`, 40) + "1" + strings.Repeat("}", 40)
	for name, test := range map[string]struct {
		body   string
		status int
		field  string
	}{
		"unknown field":     {`{"sku":"A","quantity":1,"color":"red"}`, 422, "color"},
		"another case":      {`{"SKU":"A","sku":"A","quantity":1}`, 422, "SKU"},
		"missing field":     {`{"sku":"A"}`, 422, ""},
		"wrong type":        {`{"sku":"A","quantity":"1"}`, 422, "quantity"},
		"fraction":          {`{"sku":"A","quantity":1.5}`, 422, "quantity"},
		"below the minimum": {`{"sku":"A","quantity":0}`, 422, "quantity"},
		"beyond int64":      {`{"sku":"A","quantity":99999999999999999999}`, 422, ""},
		"empty SKU":         {`{"sku":"","quantity":1}`, 422, "sku"},
		"not an object":     {`[]`, 422, ""},
		"not JSON":          {`{"sku":`, 422, ""},
		"two documents":     {`{"sku":"A","quantity":1}{}`, 422, ""},
		"too deep":          {deep, 422, ""},
		"too large":         {`{"sku":"A","quantity":1,"reason":"` + strings.Repeat("x", 70<<10) + `"}`, 413, ""},
		"far too large":     {strings.Repeat("x", 2<<20), 413, ""},
	} {
		a := s.command(t, nil, "receive-stock", test.body, v7(), "Authorization", bearer)
		p := a.problem(t)
		if a.StatusCode != test.status {
			t.Errorf("%s: %d %.200s, want %d", name, a.StatusCode, a.text, test.status)
		}
		if test.field != "" && (len(p.Errors) == 0 || p.Errors[0].Field != test.field) {
			t.Errorf("%s: %s, want a fault of field %s", name, a.text, test.field)
		}
	}
	if a := s.command(t, nil, "receive-stock", `sku=A&quantity=1`, v7(), "Authorization", bearer, "Content-Type", "application/x-www-form-urlencoded"); a.StatusCode != 415 {
		t.Errorf("a form: %d %s, want 415", a.StatusCode, a.text)
	}
	if a := s.command(t, nil, "receive-stock", "", v7(), "Authorization", bearer); a.StatusCode != 422 {
		t.Errorf("no body: %d %s, want 422", a.StatusCode, a.text)
	}
	if got := s.log.Head().Position; got != 0 {
		t.Errorf("bad input appended %d events", got)
	}
	if a := s.ask(t, nil, "GET", "/api/v1/orders?limit=1000&nonsense=1", "", "Authorization", bearer); a.StatusCode != 422 {
		t.Errorf("an unknown parameter: %d %s", a.StatusCode, a.text)
	}
}

// TestCrossOrigin sends what a page of another site could make a browser send.
func TestCrossOrigin(t *testing.T) {
	s := newSite(t)
	b := s.owner(t)
	body := `{"sku":"A","quantity":1}`
	for name, headers := range map[string][]string{
		"another site":   {"Sec-Fetch-Site", "cross-site"},
		"a sibling":      {"Sec-Fetch-Site", "same-site"},
		"another origin": {"Origin", "https://evil.example"},
		"no origin":      {"Origin", "null"},
	} {
		if a := s.command(t, b, "receive-stock", body, v7(), headers...); a.StatusCode != http.StatusForbidden || !strings.Contains(a.problem(t).Detail, "another site") {
			t.Errorf("%s: %d %s, want 403", name, a.StatusCode, a.text)
		}
		if a := s.ask(t, b, "DELETE", "/api/v1/session", "", headers...); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s signs out: %d, want 403", name, a.StatusCode)
		}
	}
	if got := s.log.Head().Position; got != 0 {
		t.Fatalf("another site appended %d events", got)
	}
	if a := s.command(t, b, "receive-stock", body, v7(), "Sec-Fetch-Site", "same-origin", "Origin", s.URL); a.StatusCode != 200 {
		t.Errorf("our own page: %d %s", a.StatusCode, a.text)
	}
}
