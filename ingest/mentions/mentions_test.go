package mentions_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/events"
	signalevents "github.com/creatorflow/creatorflow/domain/events/signals"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/signals"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/mentions"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/memory"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

var meta = eventlog.Meta{Actor: "user:owner"}

// rig is what an office keeps beyond the life of its process, with a feed to read and a clock that is set by hand.
type rig struct {
	*testing.T
	log   *eventlog.Log
	vault *vault.Vault
	views projection.Store
	feed  string // its address

	mu     sync.Mutex // guards all below
	clock  time.Time
	answer func(w http.ResponseWriter, r *http.Request)
	asked  []string // with which ETag and date, one a request
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{T: t, clock: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		r.asked = append(r.asked, q.Header.Get("If-None-Match")+"|"+q.Header.Get("If-Modified-Since"))
		answer := r.answer
		r.mu.Unlock()
		answer(w, q)
	}))
	t.Cleanup(server.Close)
	r.feed = server.URL + "/feed?token=canary"
	place := storagetest.New(t)
	var err error
	if r.log, err = eventlog.Open(t.Context(), memory.NewLog(uuid.New()), eventlog.Options{Decode: events.Decode, Clock: r.now}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.log.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if r.vault, err = vault.Open(place.Vault(), vault.Master{1}, vault.Options{Clock: r.now}); err != nil {
		t.Fatal(err)
	}
	r.views = place.Views()
	if err := r.views.Create(t.Context(), catalogue.View{}); err != nil {
		t.Fatal(err)
	}
	err = r.views.Write(t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		_, err := catalogue.View{}.Apply(t.Context(), tx, []eventlog.Record{{Event: stockevents.Received{SKU: "CASE-PRO", Quantity: 1}}})
		return now, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock = r.clock.Add(d)
}

func (r *rig) serve(answer func(w http.ResponseWriter, q *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// office is one of a new process.
func (r *rig) office() *mentions.Office {
	return mentions.New(mentions.Options{Log: r.log, Vault: r.vault, Views: r.views, Clock: r.now, Workspace: "main"})
}

// told are the events of one type.
func told[E eventlog.Event](r *rig) (found []eventlog.Record) {
	r.Helper()
	all, err := r.log.ReadAll(r.Context(), 0, 1000)
	if err != nil {
		r.Fatal(err)
	}
	for _, one := range all {
		if _, ok := one.Event.(E); ok {
			found = append(found, one)
		}
	}
	return found
}

// only is the source there is.
func (r *rig) only(f *mentions.Office) mentions.Shown {
	r.Helper()
	all, err := f.Shown(r.Context())
	if err != nil || len(all) != 1 {
		r.Fatalf("%+v, %v", all, err)
	}
	return all[0]
}

func items(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, `<item><guid>%d</guid><title>canary-words case-pro</title><pubDate>Mon, 30 Nov 2026 0%d:00:00 GMT</pubDate></item>`, i, i)
	}
	return `<rss version="2.0"><channel>` + b.String() + `</channel></rss>`
}

// TestFeed: each entry counts once, a feed that has not changed costs nothing, one that fails is told with its cause.
func TestFeed(t *testing.T) {
	r := newRig(t)
	page := func(n int) {
		r.serve(func(w http.ResponseWriter, q *http.Request) {
			tag := fmt.Sprintf(`"%d"`, n)
			w.Header().Set("ETag", tag)
			w.Header().Set("Last-Modified", "Mon, 30 Nov 2026 09:00:00 GMT")
			if q.Header.Get("If-None-Match") == tag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = fmt.Fprint(w, items(n))
		})
	}
	page(2)
	office := r.office()
	if _, _, err := office.Add(t.Context(), mentions.Settings{Kind: signalevents.Feed, Name: "Blog", URL: r.feed}, meta); !errors.Is(err, mentions.ErrLocal) && (err == nil || !strings.Contains(err.Error(), mentions.ErrLocal.Error())) {
		t.Fatalf("a feed on the own network: %v", err)
	}
	id, secret, err := office.Add(t.Context(), mentions.Settings{Kind: signalevents.Feed, Name: " Blog ", URL: r.feed, Local: true}, meta)
	if err != nil || secret != "" {
		t.Fatal(err)
	}
	read := func() {
		t.Helper()
		if err := office.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	read()
	first := told[signalevents.Noticed](r)
	if len(first) != 2 {
		t.Fatalf("%d mentions of two", len(first))
	}
	e := first[0].Event.(signalevents.Noticed)
	if e.Connection != id || len(e.SKUs) != 1 || e.SKUs[0] != "CASE-PRO" || !e.At.Equal(time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)) || !strings.HasPrefix(first[0].Cause, "inbox:") {
		t.Errorf("told %+v because of %s", e, first[0].Cause)
	}
	if text := fmt.Sprintf("%+v", first); strings.Contains(text, "canary") {
		t.Errorf("what was said is in the log: %s", text)
	}
	if s := r.only(office); s.Name != "Blog" || s.Taken != 2 || s.Read.IsZero() || s.Trouble != "" || strings.Contains(s.Address, "canary") || !strings.HasSuffix(s.Address, "/feed") {
		t.Errorf("shown %+v", s)
	}

	read() // not due
	r.pass(5 * time.Minute)
	read() // has not changed
	page(3)
	r.pass(5 * time.Minute)
	read()
	if n := len(told[signalevents.Noticed](r)); n != 3 {
		t.Errorf("%d mentions of three", n)
	}
	office = r.office() // a restart reads it whole, and counts nothing twice
	read()
	if n := len(told[signalevents.Noticed](r)); n != 3 || r.only(office).Taken != 3 {
		t.Errorf("%d mentions of three after a restart, shown %+v", n, r.only(office))
	}
	when := `|Mon, 30 Nov 2026 09:00:00 GMT`
	if want := []string{"|", "|", `"2"` + when, `"2"` + when, "|"}; fmt.Sprint(r.asked) != fmt.Sprint(want) {
		t.Errorf("asked %v, want %v", r.asked, want)
	}

	for _, tt := range []struct {
		name   string
		answer func(w http.ResponseWriter, q *http.Request)
		want   string
	}{
		{"gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "It answers 404 Not Found."},
		{"moved", func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "https://new.example/feed?x=canary", http.StatusMovedPermanently)
		}, "It has moved to https://new.example/feed: add that address, and remove this one."},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html></html>") }, "What is there cannot be read: it is no RSS, Atom or JSON Feed."},
		{"endless", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, strings.Repeat("x", 3<<20)) }, "It is longer than 2 MiB, which is not read."},
	} {
		r.serve(tt.answer)
		r.pass(time.Hour)
		read()
		if s := r.only(office); s.Trouble != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, s.Trouble, tt.want)
		}
	}
	failed := told[signalevents.SourceFailed](r)
	if len(failed) != 1 || failed[0].Event.(signalevents.SourceFailed).Reason != "It has moved to https://new.example/feed: add that address, and remove this one." {
		t.Errorf("told %+v, want the second failure in a row alone", failed)
	}
	if s := r.only(r.office()); s.Trouble == "" {
		t.Error("a restart forgets that it cannot be read")
	}
	page(3)
	r.pass(time.Hour)
	read()
	if n := len(told[signalevents.SourceRecovered](r)); n != 1 || r.only(office).Trouble != "" {
		t.Errorf("recovered %d times, shown %+v", n, r.only(office))
	}
	if err := office.Remove(t.Context(), id, meta); err != nil {
		t.Fatal(err)
	}
	if all, err := office.Shown(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("after it was removed: %+v, %v", all, err)
	}
	if err := office.Remove(t.Context(), id, meta); !errors.Is(err, signals.ErrNoThere) {
		t.Errorf("removed again: %v", err)
	}
	if _, found, err := r.vault.Secret(t.Context(), "mention-source", id); found || err != nil {
		t.Errorf("its address is still there: %v", err)
	}
}

// TestFeedAddresses: what is outside is read over https, what is inside only when the owner says so; nothing is saved of the others.
func TestFeedAddresses(t *testing.T) {
	r := newRig(t)
	r.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for address, want := range map[string]string{
		"": "Give the feed's address", "ftp://x.example/feed": "Give the feed's address", "http://blog.example/feed": "over https alone",
		"http://127.0.0.1:9/feed": "on your own network", "http://nas/feed": "on your own network", "https://[::1]/feed": "on your own network",
	} {
		_, _, err := r.office().Add(t.Context(), mentions.Settings{Kind: signalevents.Feed, Name: "Blog", URL: address}, meta)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
	for address, want := range map[string]string{"http://169.254.169.254/latest": "https alone", "https://169.254.169.254/latest": "a private network", r.feed: "418"} {
		_, _, err := r.office().Add(t.Context(), mentions.Settings{Kind: signalevents.Feed, Name: "Blog", URL: address, Local: true}, meta)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
	if all, err := r.office().Shown(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("saved %+v, %v", all, err)
	}
}

// TestWebhook: what is signed counts once, what is not says so, and rubbish is told at the source.
func TestWebhook(t *testing.T) {
	r := newRig(t)
	office := r.office()
	own := "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret of thirty-two bytes ..."))
	for _, bad := range []string{"secret", "whsec_", "whsec_" + base64.StdEncoding.EncodeToString([]byte("short"))} {
		if _, _, err := office.Add(t.Context(), mentions.Settings{Kind: signalevents.Webhook, Name: "Zap", Secret: bad}, meta); !errors.Is(err, mentions.ErrSecret) {
			t.Errorf("secret %q: %v", bad, err)
		}
	}
	id, secret, err := office.Add(t.Context(), mentions.Settings{Kind: signalevents.Webhook, Name: "Zap", Secret: own}, meta)
	if err != nil || secret != own {
		t.Fatal(secret, err)
	}
	made, other, err := office.Add(t.Context(), mentions.Settings{Kind: signalevents.Webhook, Name: "Other"}, meta)
	if err != nil || !strings.HasPrefix(other, "whsec_") || other == own {
		t.Fatal(other, err)
	}
	if err := office.Remove(t.Context(), made, meta); err != nil {
		t.Fatal(err)
	}
	send := func(to, secret, body string, at time.Time) int {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			t.Fatal(err)
		}
		seconds := strconv.FormatInt(at.Unix(), 10)
		mac := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(mac, "msg_1.%s.%s", seconds, body)
		header := http.Header{}
		header.Set("webhook-id", "msg_1")
		header.Set("webhook-timestamp", seconds)
		header.Set("webhook-signature", "v1a,xyz v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		return office.Receive(t.Context(), to, header, []byte(body))
	}
	good := `{"id":"1","text":"canary-words case-pro","url":"https://x.example/canary","author":"canary","at":"2026-11-30T11:00:00Z","more":true}`
	for _, tt := range []struct {
		name, to, secret, body string
		at                     time.Time
		want                   int
	}{
		{"good", id, own, good, r.now(), 200},
		{"the same again", id, own, good, r.now(), 200},
		{"several, one of them known", id, own, `{"mentions":[{"id":"1","text":"x"},{"id":"2","title":"y"}]}`, r.now(), 200},
		{"another secret", id, other, good, r.now(), 401},
		{"an old time", id, own, good, r.now().Add(-6 * time.Minute), 401},
		{"a time to come", id, own, good, r.now().Add(6 * time.Minute), 401},
		{"no such source", "hook-x", own, good, r.now(), 404},
		{"a removed one", made, other, good, r.now(), 404},
		{"too long", id, own, strings.Repeat(" ", 1<<20) + good, r.now(), 413},
		{"no JSON", id, own, "hello", r.now(), 422},
		{"a broken one among good ones keeps all out", id, own, `{"mentions":[{"id":"3","text":"x"},{"id":"","text":"x"}]}`, r.now(), 422},
	} {
		if got := send(tt.to, tt.secret, tt.body, tt.at); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	if got := office.Receive(t.Context(), id, http.Header{}, []byte(good)); got != 401 {
		t.Errorf("unsigned: %d", got)
	}
	all := told[signalevents.Noticed](r)
	if len(all) != 2 || len(all[0].Event.(signalevents.Noticed).SKUs) != 1 || all[1].Event.(signalevents.Noticed).SKUs != nil {
		t.Errorf("noticed %+v", all)
	}
	if text := fmt.Sprintf("%+v", all); strings.Contains(text, "canary") {
		t.Errorf("what was said is in the log: %s", text)
	}
	if s := r.only(office); s.Taken != 2 || s.Trouble != "The last webhook was refused: mention 2: id must have 1 to 200 bytes." {
		t.Errorf("shown %+v", s)
	}
	for body, want := range map[string]string{
		`{"id":"1"}`: "title and text", `{"id":"1","text":"x","url":"javascript:x"}`: "url must be", `{"id":"1","text":"x","at":"yesterday"}`: "at must be",
		`{"mentions":[]}`: "1 to 100", `{"id":1,"text":"x"}`: "not JSON with",
	} {
		if got := send(id, own, body, r.now()); got != 422 || !strings.Contains(r.only(office).Trouble, want) {
			t.Errorf("%s: %d, %q", body, got, r.only(office).Trouble)
		}
	}
	if send(id, own, good, r.now()) != 200 || r.only(office).Trouble != "" {
		t.Errorf("a good one does not end the trouble: %+v", r.only(office))
	}
	item, err := r.vault.Item(t.Context(), 1)
	if err != nil || item.State != vault.Done || !strings.Contains(string(item.Body), "canary-words") {
		t.Errorf("the inbox has %+v, %v", item, err)
	}
}
