// Package mentions takes in what people say of a seller's goods in places that no channel tells of: whoever has a source's secret
// sends it (Receive), or a feed is read now and then (Run). Nothing is scraped.
//
//	webhook ─► signature, limits ─┐
//	feed ─► RSS, Atom, JSON Feed ─┴─► inbox (the words, sealed) ─► signal.noticed (when, whence, which SKUs)
//
// The words are in the sealed inbox for 30 days and nowhere else. A mention is known by its id, so that it counts once however
// often it is told. A feed that cannot be read is told with the reason, on the screen at once and in the log when it fails again.
package mentions

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	events "github.com/creatorflow/creatorflow/domain/events/signals"
	"github.com/creatorflow/creatorflow/domain/signals"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/vault"
)

// Hook names the webhooks of mentions: /webhooks/mentions/SOURCE.
const Hook = "mentions"

const (
	secretKind = "mention-source" // under which the vault keeps what a source has of secrets

	often  = 5 * time.Minute // between two reads of a feed
	soon   = time.Minute     // the first time that it failed
	seldom = time.Hour       // when it has failed for long
	stale  = time.Minute     // when what SKUs are called is read anew
	beside = 4               // feeds that are read at the same time
)

// Options are what an Office needs; all but Client and Logger are required.
type Options struct {
	Log       *eventlog.Log
	Vault     *vault.Vault
	Views     projection.Store
	Clock     func() time.Time
	Workspace string
	Client    *http.Client // the way out; nil = a guarded one for each feed
	Logger    *slog.Logger // nil = silent
}

// Office has the sources of mentions. Its methods may be called from many goroutines.
type Office struct {
	o    Options
	wake chan struct{}

	receiving sync.Mutex // held while a webhook is taken in: how its source does is read before and kept after

	mu      sync.Mutex // guards all below
	seen    map[string]seen
	names   signals.Names
	indexed time.Time
}

// seen is how a source does. It is in the vault, but for what is of this run alone.
type seen struct {
	ETag     string    `json:"etag,omitempty"`
	Modified string    `json:"modified,omitempty"`
	Read     time.Time `json:"read,omitzero"`  // the last time that something came, of a feed that it was read
	Taken    int64     `json:"taken,omitzero"` // mentions so far

	trouble string // what was wrong the last time, a sentence
	fails   int    // in a row
	due     time.Time
	whole   bool // it was read whole in this run, so that it may say that nothing has changed
}

// sealed is what the vault keeps of a source.
type sealed struct {
	Kind   string `json:"kind"`
	Secret string `json:"secret,omitempty"`
	URL    string `json:"url,omitempty"`
	Local  bool   `json:"local,omitempty"` // the owner said that the feed may be on their own network
}

// New makes an Office; nothing runs before Run.
func New(o Options) *Office {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	return &Office{o: o, wake: make(chan struct{}, 1), seen: map[string]seen{}}
}

// Settings are a new source, as an owner gives it.
type Settings struct {
	Kind, Name string
	URL        string // of a feed
	Local      bool   // the feed may be on the owner's own network
	Secret     string // of a webhook; empty = one is made
}

// Refusals of settings.
const (
	ErrURL    = eventlog.Refusal("Give the feed's address: https://… of at most 2,000 characters.")
	ErrPlain  = eventlog.Refusal("A feed outside your own network is read over https alone.")
	ErrLocal  = eventlog.Refusal("That address is on your own network. If the hub shall read it there, say so beside the address.")
	ErrSecret = eventlog.Refusal("A secret is whsec_ and 24 to 64 bytes in base64. Leave it empty, and one is made.")
)

const secretPrefix = "whsec_" // as Standard Webhooks writes secrets

// Add makes a source. A feed is read once before, so that an address that is wrong is said at once. The secret is of a webhook, and
// is shown this once.
func (f *Office) Add(ctx context.Context, s Settings, meta eventlog.Meta) (id, secret string, err error) {
	is := sealed{Kind: s.Kind, URL: strings.TrimSpace(s.URL), Local: s.Local}
	id, err = f.name(s.Kind)
	if err != nil {
		return "", "", err
	}
	added := events.SourceAdded{Source: id, Kind: s.Kind, Name: strings.TrimSpace(s.Name)}
	now, err := f.sources(ctx)
	if err == nil {
		_, err = signals.Sourcing().Decide(now, added) // before anybody is asked for a feed
	}
	if err != nil {
		return "", "", err
	}
	if s.Kind == events.Feed {
		if _, _, reason := f.fetch(ctx, is, seen{}); reason != "" {
			return "", "", eventlog.Refusal(reason + " Nothing was saved.")
		}
	} else if is.Secret, err = f.secret(s.Secret); err != nil {
		return "", "", err
	}
	text, err := json.Marshal(is) //nolint:gosec // for the vault, which seals it
	if err != nil {
		return "", "", errors.New("encode a source of mentions") // the cause could quote the secret
	}
	if err := f.o.Vault.PutSecret(ctx, secretKind, id, text); err != nil {
		return "", "", err
	}
	if err := f.tell(ctx, added, meta); err != nil {
		return "", "", err
	}
	f.nudge()
	return id, is.Secret, nil
}

// Remove forgets a source: nothing comes from there any more, and what came stays.
func (f *Office) Remove(ctx context.Context, id string, meta eventlog.Meta) error {
	if err := f.tell(ctx, events.SourceRemoved{Source: id}, meta); err != nil {
		return err
	}
	if err := f.o.Vault.DeleteSecret(ctx, secretKind, id); err != nil {
		return err
	}
	f.mu.Lock()
	delete(f.seen, id)
	f.mu.Unlock()
	return f.o.Vault.SetCursor(ctx, cursor(id), "")
}

// Shown is a source without its secrets.
type Shown struct {
	signals.Source
	Address string // of a feed, without a password and what follows a question mark
	Local   bool
	Read    time.Time
	Taken   int64
}

// Shown lists the sources, oldest first.
func (f *Office) Shown(ctx context.Context) ([]Shown, error) {
	all, err := f.sources(ctx)
	if err != nil {
		return nil, err
	}
	shown := make([]Shown, 0, len(all))
	for _, s := range all {
		is, _, err := f.sealed(ctx, s.Source)
		if err != nil {
			return nil, err
		}
		was, err := f.load(ctx, s.Source)
		if err != nil {
			return nil, err
		}
		s.Trouble = cmp.Or(was.trouble, s.Trouble)
		shown = append(shown, Shown{Source: s, Address: plain(is.URL), Local: is.Local, Read: was.Read, Taken: was.Taken})
	}
	return shown, nil
}

// plain is an address without what may be a secret.
func plain(address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func (f *Office) sources(ctx context.Context) (signals.Sources, error) {
	folded, err := f.o.Log.Fold(ctx, signals.Sourcing().Fold(events.Sources(f.o.Workspace)))
	if err != nil {
		return nil, err
	}
	return folded.Value.(signals.Sources), nil
}

func (f *Office) tell(ctx context.Context, e eventlog.Event, meta eventlog.Meta) error {
	_, err := eventlog.Execute(ctx, f.o.Log, events.Sources(f.o.Workspace), signals.Sourcing(), e, meta)
	return err
}

// letters leave out what is easily misread.
const letters = "abcdefghjkmnpqrstuvwxyz23456789"

// name makes the id of a source.
func (f *Office) name(kind string) (string, error) {
	raw, err := f.o.Vault.Random(10)
	if err != nil {
		return "", err
	}
	for i := range raw {
		raw[i] = letters[int(raw[i])%len(letters)]
	}
	if kind == events.Feed {
		return "feed-" + string(raw), nil
	}
	return "hook-" + string(raw), nil
}

// secret checks the secret that an owner gave, or makes one.
func (f *Office) secret(given string) (string, error) {
	if given == "" {
		raw, err := f.o.Vault.Random(32)
		return secretPrefix + base64.StdEncoding.EncodeToString(raw), err
	}
	if n := len(keyOf(given)); n < 24 || n > 64 {
		return "", ErrSecret
	}
	return given, nil
}

// keyOf is what a secret signs with; nil when it is none.
func keyOf(secret string) []byte {
	text, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return nil
	}
	return key
}

func (f *Office) sealed(ctx context.Context, id string) (is sealed, found bool, err error) {
	text, found, err := f.o.Vault.Secret(ctx, secretKind, id)
	if err == nil && found && json.Unmarshal(text, &is) != nil {
		err = errors.New("a source of mentions cannot be read in the vault") // as above
	}
	return is, found, err
}

func cursor(id string) string { return "mentions/" + id }

// load is how a source does, as far as the vault or this run knows.
func (f *Office) load(ctx context.Context, id string) (seen, error) {
	f.mu.Lock()
	is, known := f.seen[id]
	f.mu.Unlock()
	if known {
		return is, nil
	}
	text, err := f.o.Vault.Cursor(ctx, cursor(id))
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &is)
	}
	return is, err
}

// keep notes how a source does.
func (f *Office) keep(ctx context.Context, id string, is seen) error {
	f.note(id, is)
	text, err := json.Marshal(is)
	if err != nil {
		return err
	}
	return f.o.Vault.SetCursor(ctx, cursor(id), string(text))
}

func (f *Office) note(id string, is seen) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[id] = is
}

func (f *Office) nudge() {
	select {
	case f.wake <- struct{}{}:
	default: // told already
	}
}

// mention is one thing that was said; it is what the inbox keeps.
type mention struct {
	ID     string    `json:"id"`
	Title  string    `json:"title,omitempty"`
	Text   string    `json:"text,omitempty"`
	URL    string    `json:"url,omitempty"`
	Author string    `json:"author,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// take takes mentions of a source in, and says how many were not known. What was said first is taken in first.
func (f *Office) take(ctx context.Context, id string, said []mention) (taken int64, err error) {
	names, err := f.index(ctx)
	if err != nil {
		return 0, err
	}
	now := f.o.Clock().UTC()
	for _, m := range said {
		if m.At.IsZero() || m.At.After(now) { // a date from the future would stand before what is said tomorrow
			m.At = now
		}
		e := events.Noticed{
			Connection: id, Field: events.Mentions, Signal: f.o.Vault.PersonID(id, "mention "+m.ID), At: m.At.UTC().Truncate(time.Microsecond),
			SKUs: names.In(m.Title + "\n" + m.Text),
		}
		if m.URL != "" {
			e.Media = f.o.Vault.PersonID(id, "post "+m.URL)
		}
		if m.Author != "" {
			e.Author = f.o.Vault.PersonID(id, m.Author)
		}
		rule, stream := signals.Noticing(), events.Stream(f.o.Workspace, id, e.Field, e.Signal)
		folded, err := f.o.Log.Fold(ctx, rule.Fold(stream))
		if err != nil {
			return taken, err
		}
		if folded.Value.(bool) {
			continue
		}
		body, err := json.Marshal(m)
		if err != nil {
			return taken, fmt.Errorf("encode a mention: %w", err)
		}
		number, _, err := f.o.Vault.Put(ctx, vault.Delivery{Channel: Hook, App: id, Delivery: e.Signal, Body: body, Received: now, State: vault.Done})
		if err != nil {
			return taken, err
		}
		meta := eventlog.Meta{Actor: "channel:" + id, Cause: fmt.Sprintf("inbox:%d", number), Correlation: id}
		outcome, err := eventlog.Execute(ctx, f.o.Log, stream, rule, e, meta)
		if err != nil {
			return taken, err
		}
		if len(outcome.Versions) > 0 {
			taken++
		}
	}
	return taken, nil
}

// index is what SKUs are called; it is made anew when it is a minute old.
func (f *Office) index(ctx context.Context) (signals.Names, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.o.Clock()
	if age := now.Sub(f.indexed); !f.indexed.IsZero() && age >= 0 && age < stale {
		return f.names, nil
	}
	var titles map[string][]string
	if err := f.o.Views.Read(ctx, func(r projection.Reader) (err error) {
		titles, err = catalogue.Titles(ctx, r)
		return err
	}); err != nil {
		return f.names, fmt.Errorf("read what SKUs are called: %w", err)
	}
	all := make([]signals.Named, 0, len(titles))
	for sku, its := range titles {
		all = append(all, signals.Named{SKU: sku, Titles: its})
	}
	f.names, f.indexed = signals.Index(all), now
	return f.names, nil
}

// way is the way to a feed.
func (f *Office) way(is sealed) (*http.Client, func(), error) {
	u, err := url.Parse(is.URL)
	if err != nil || len(is.URL) > 2000 || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, nil, ErrURL
	}
	if outbound.IsLocal(u.Hostname()) && !is.Local {
		return nil, nil, ErrLocal
	}
	if f.o.Client != nil {
		return f.o.Client, func() {}, nil
	}
	client, err := outbound.NewClient(u.Scheme + "://" + u.Host)
	if err != nil {
		return nil, nil, ErrPlain
	}
	return client, client.CloseIdleConnections, nil
}
