package gateway_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway"
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
		{"map-sku", `{"connection":"k8","code":"ABC","sku":"85123A"}`, 409, 0, "no such connection"},
		{"retry-step", `{"flow":"k7:nothing"}`, 409, 0, "nothing to retry"},
		{"replay-deadletter", `{"id":"inbox-1","reason":"mended"}`, 200, 2, ""},
		{"replay-deadletter", `{"id":"inbox-1","reason":"again"}`, 409, 0, "closed already"},
		{"discard-deadletter", `{"id":"inbox-2","reason":"a test"}`, 200, 2, ""},
		{"discard-deadletter", `{"id":"inbox-9","reason":"a test"}`, 409, 0, "no such dead letter"},
		{"discard-deadletter", `{"id":"flow-k7:576","reason":"a test"}`, 409, 0, "cannot be discarded"},
		{"replay-deadletter", `{"id":"flow-k7:576","reason":"a test"}`, 409, 0, "nothing to retry"},
		{"replay-deadletters", `{"from":"2026-11-24T12:00:00Z","to":"2026-11-24T11:59:59Z"}`, 409, 0, "begin before it ends"},
		{"replay-deadletters", `{"from":"2999-01-01T00:00:00Z","reason":"a test"}`, 409, 0, "begin before it ends"},
		{"replay-deadletters", `{"from":"2020-11-24T12:00:00+01:00","reason":"a test"}`, 200, 1, ""},
		{"replay-deadletters", `{"from":"2020-11-24T12:00:00Z","to":"2999-01-01T00:00:00Z"}`, 409, 0, "already"},
		{"replay-deadletters", `{"to":"2026-11-24T12:00:00Z"}`, 422, 0, ""},
		{"replay-deadletters", `{"from":"yesterday"}`, 422, 0, ""},
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

// A command that a screen sent of other data than is here now, such as of a demo that was removed, is not done.
func TestCommandOfAnotherLog(t *testing.T) {
	s := newSite(t)
	bearer := "Bearer " + s.key(t, accounts.Operator)
	for _, test := range []struct {
		log    string
		status int
	}{
		{uuid.NewString(), 412},
		{s.log.Head().LogID.String(), 200},
		{"", 200},
	} {
		before := s.log.Head().Position
		a := s.command(t, nil, "receive-stock", `{"sku":"A","quantity":5}`, v7(), "Authorization", bearer, "X-Log-ID", test.log)
		if a.StatusCode != test.status || (s.log.Head().Position > before) != (test.status == 200) {
			t.Errorf("log %q: %d %s, at %d after %d", test.log, a.StatusCode, a.text, s.log.Head().Position, before)
		}
	}
}

// TestCommandLog checks what the program's log calls refused: what a rule said, not what failed.
func TestCommandLog(t *testing.T) {
	var told logged
	s := newSite(t, func(o *gateway.Options) { o.Slog = slog.New(slog.NewJSONHandler(&told, nil)) })
	bearer := "Bearer " + s.key(t, accounts.Operator)
	key := v7()
	for _, test := range []struct {
		body            string
		status          int
		refused, failed bool
	}{
		{`{"sku":"A","quantity":5}`, 200, false, false},
		{`{"sku":"A","quantity":6}`, 422, false, true}, // the same key for something else
	} {
		if a := s.command(t, nil, "receive-stock", test.body, key, "Authorization", bearer); a.StatusCode != test.status {
			t.Errorf("%s: %d %s, want %d", test.body, a.StatusCode, a.text, test.status)
		}
		told.wants(t, test.body, test.refused, test.failed)
	}
	s.command(t, nil, "receive-stock", `{"sku":"A","quantity":2000000000}`, v7(), "Authorization", bearer)
	told.wants(t, "too many", true, false)
}

// logged keeps what the program's log was told last.
type logged struct {
	mu   sync.Mutex
	line []byte
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes.Contains(line, []byte(`"msg":"command"`)) {
		l.line = bytes.Clone(line)
	}
	return len(line), nil
}

func (l *logged) wants(t *testing.T, name string, refused, failed bool) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if want := fmt.Sprintf(`"refused":%t,"failed":%t`, refused, failed); !bytes.Contains(l.line, []byte(want)) {
		t.Errorf("%s: the log says %s, want %s", name, l.line, want)
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
		"missing field":     {`{"sku":"A"}`, 422, "quantity"},
		"no number":         {`{"sku":"A","quantity":null}`, 422, "quantity"},
		"a point":           {`{"sku":"A","quantity":1.0}`, 422, "quantity"},
		"an exponent":       {`{"sku":"A","quantity":1e2}`, 422, "quantity"},
		"beyond any number": {`{"sku":"A","quantity":1e400}`, 422, "body"},
		"negative":          {`{"sku":"A","quantity":-4}`, 422, "quantity"},
		"wrong type":        {`{"sku":"A","quantity":"1"}`, 422, "quantity"},
		"fraction":          {`{"sku":"A","quantity":1.5}`, 422, "quantity"},
		"below the minimum": {`{"sku":"A","quantity":0}`, 422, "quantity"},
		"beyond int64":      {`{"sku":"A","quantity":99999999999999999999}`, 422, "quantity"},
		"empty SKU":         {`{"sku":"","quantity":1}`, 422, "sku"},
		"blank SKU":         {`{"sku":"   ","quantity":1}`, 422, "sku"},
		"a long SKU":        {`{"sku":"` + strings.Repeat("é", 51) + `","quantity":1}`, 422, "sku"},
		"a NUL in a SKU":    {`{"sku":"A\u0000","quantity":1}`, 422, "sku"},
		"half a character":  {`{"sku":"A\ud800","quantity":1}`, 422, "sku"},
		"a NUL in a reason": {`{"sku":"A","quantity":1,"reason":"\u0000"}`, 422, "reason"},
		"a broken text":     {"{\"sku\":\"A\xff\",\"quantity\":1}", 422, "body"},
		"not an object":     {`[]`, 422, "body"},
		"nothing":           {`null`, 422, "body"},
		"not JSON":          {`{"sku":`, 422, "body"},
		"two documents":     {`{"sku":"A","quantity":1}{}`, 422, "body"},
		"too deep":          {deep, 422, "body"},
		"too large":         {`{"sku":"A","quantity":1,"reason":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "body"},
		"far too large":     {strings.Repeat("x", 2<<20), 413, "body"},
	} {
		a := s.command(t, nil, "receive-stock", test.body, v7(), "Authorization", bearer)
		p := a.problem(t)
		if a.StatusCode != test.status {
			t.Errorf("%s: %d %.200s, want %d", name, a.StatusCode, a.text, test.status)
		}
		if len(p.Errors) == 0 || p.Errors[0].Field != test.field || p.Errors[0].Rule == "" || strings.Contains(p.Errors[0].Rule, "Go ") {
			t.Errorf("%s: %.300s, want a fault of field %s", name, a.text, test.field)
		}
	}
	for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain"} {
		a := s.command(t, nil, "receive-stock", `{"sku":"A","quantity":1}`, v7(), "Authorization", bearer, "Content-Type", kind)
		if p := a.problem(t); a.StatusCode != 415 || !strings.Contains(p.Detail, "application/json") || p.Errors[0].Field != "header.Content-Type" {
			t.Errorf("%s: %d %s, want 415 with the mend", kind, a.StatusCode, a.text)
		}
	}
	a := s.command(t, nil, "receive-stock", "", v7(), "Authorization", bearer)
	if p := a.problem(t); a.StatusCode != 422 || len(p.Errors) != 1 || p.Errors[0].Field != "body" {
		t.Errorf("no body: %d %s, want 422", a.StatusCode, a.text)
	}
	for name, command := range map[string]struct{ name, body, field string }{
		"a NUL in a code":       {"map-sku", `{"connection":"k7","code":"\u0000","sku":"A"}`, "code"},
		"a NUL in a connection": {"map-sku", `{"connection":"\u0000","code":"A","sku":"A"}`, "connection"},
		"no SKU to map to":      {"map-sku", `{"connection":"k7","code":"A","sku":" "}`, "sku"},
		"a NUL in a flow":       {"retry-step", `{"flow":"\u0000"}`, "flow"},
		"a NUL in a letter":     {"discard-deadletter", `{"id":"\u0000"}`, "id"},
		"a flow without a name": {"replay-deadletter", `{"id":"flow-"}`, "id"},
	} {
		a := s.command(t, nil, command.name, command.body, v7(), "Authorization", bearer)
		if p := a.problem(t); a.StatusCode != 422 || len(p.Errors) != 1 || p.Errors[0].Field != command.field {
			t.Errorf("%s: %d %s, want a fault of field %s", name, a.StatusCode, a.text, command.field)
		}
	}
	if got := s.log.Head().Position; got != 0 {
		t.Errorf("bad input appended %d events", got)
	}
}

// TestSKUForm sends one SKU as keyboards differ in it, and finds it under each form.
func TestSKUForm(t *testing.T) {
	s := newSite(t)
	bearer := "Bearer " + s.key(t, accounts.Operator)
	for n, sku := range []string{"café", "cafe\u0301", "  café "} {
		a := s.command(t, nil, "receive-stock", fmt.Sprintf(`{"sku":%q,"quantity":1}`, sku), v7(), "Authorization", bearer)
		if want := fmt.Sprintf(`"version":%d,`, n+1); a.StatusCode != 200 || !strings.Contains(string(a.text), want) {
			t.Errorf("%q: %d %s, want one more of the same", sku, a.StatusCode, a.text)
		}
	}
	s.caught(t)
	for _, path := range []string{"caf%C3%A9", "cafe%CC%81", "%20caf%C3%A9"} {
		if a := s.ask(t, nil, "GET", "/api/v1/stock/"+path, "", "Authorization", bearer); !strings.Contains(string(a.text), `"on_hand":3`) {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
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
