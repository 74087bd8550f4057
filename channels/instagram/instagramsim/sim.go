package instagramsim

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim/hooks"
)

// Sim is the simulated vendor. Its methods may be called at once from many goroutines.
type Sim struct {
	cfg   Config
	mux   *http.ServeMux
	hooks *hooks.Sender

	mu       sync.Mutex // guards all below
	rng      *rand.Rand
	faults   Faults
	counts   Counts
	serial   int64
	accounts map[string]*account
	catalogs map[string]*catalog
	tokens   map[string]*token
	callback subscription
	limiters map[string]*rate.Limiter
}

type account struct {
	Account
	fields map[string]bool // what the account sends to the app
	scopes []string        // what its tokens may do
}

// catalog is a seller's list of items; they are kept in the order in which they were added.
type catalog struct {
	id, business, currency string
	items                  []*Item
	byCode                 map[string]*Item
	batches                map[string]*batch
	waiting                []*batch    // by the time at which they take effect
	calls                  []time.Time // of the last hour
}

// batch is one items_batch call.
type batch struct {
	handle   string
	due      time.Time
	upsert   bool
	lost     bool // accepted, and never applied
	requests []itemRequest
	done     bool
	errors   []itemError
}

// scopes that a seller grants in full.
var scopes = []string{"catalog_management", "business_management", "instagram_basic", "instagram_manage_comments", "pages_show_list"}

// New makes a Sim without accounts. It starts nothing: without Run no webhook is sent.
func New(cfg Config) *Sim {
	cfg = cfg.withDefaults()
	source := func(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(cfg.Seed, stream)) }
	s := &Sim{
		cfg: cfg, mux: http.NewServeMux(), rng: source(1), faults: cfg.Faults, counts: newCounts(),
		accounts: map[string]*account{}, catalogs: map[string]*catalog{}, tokens: map[string]*token{}, limiters: map[string]*rate.Limiter{},
	}
	s.hooks = hooks.New(hooks.Config{
		Client: cfg.Client, Clock: cfg.Clock, Rand: source(2), Secret: cfg.AppSecret, Schedule: cfg.RetrySchedule, Gather: cfg.Gather,
		MaxBatch: cfg.MaxBatch, Look: cfg.Look,
	}, cfg.Faults.hooks())
	s.routes()
	return s
}

// Handler serves the API host and the token host.
func (s *Sim) Handler() http.Handler { return s.mux }

// Run sends webhooks until ctx ends. Without it accepted batches still take effect at the next call.
func (s *Sim) Run(ctx context.Context) error { return s.hooks.Run(ctx) }

// lock takes the mutex, lets every batch take effect that is due and returns the unlock.
func (s *Sim) lock() func() {
	s.mu.Lock()
	now := s.cfg.Clock()
	for _, c := range s.catalogs {
		for len(c.waiting) > 0 && !c.waiting[0].due.After(now) {
			s.apply(c, c.waiting[0])
			c.waiting = c.waiting[1:]
		}
	}
	return s.mu.Unlock
}

func (s *Sim) roll(p float64) bool { return p > 0 && s.rng.Float64() < p }

// id makes one of the vendor's: 17 digits or more, which a float64 does not keep.
func (s *Sim) id(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s%014d", prefix, s.serial)
}

// SetFaults replaces the faults from now on.
func (s *Sim) SetFaults(f Faults) {
	defer s.lock()()
	f.MaxDelay = cmp.Or(f.MaxDelay, 5*time.Second)
	s.faults = f
	s.hooks.SetFaults(f.hooks())
}

// AddAccount adds an account with its catalogue; one that is there stays as it is.
func (s *Sim) AddAccount(a Account) {
	defer s.lock()()
	if s.accounts[a.ID] != nil {
		return
	}
	a.Business = cmp.Or(a.Business, "9100000000000001")
	a.Currency = cmp.Or(a.Currency, "GBP")
	s.accounts[a.ID] = &account{Account: a, fields: map[string]bool{}, scopes: slices.Clone(scopes)}
	if a.Catalog != "" && s.catalogs[a.Catalog] == nil {
		s.catalogs[a.Catalog] = &catalog{
			id: a.Catalog, business: a.Business, currency: a.Currency, byCode: map[string]*Item{}, batches: map[string]*batch{},
		}
	}
}

// SetScopes changes what an account's tokens may do, as a seller does who takes a permission back.
func (s *Sim) SetScopes(accountID string, granted ...string) error {
	defer s.lock()()
	a := s.accounts[accountID]
	if a == nil {
		return ErrUnknown
	}
	a.scopes = granted
	return nil
}

// AddItem lists an item in a catalogue, or gives one that has the code new values.
func (s *Sim) AddItem(catalogID string, i Item) (id string, err error) {
	defer s.lock()()
	c := s.catalogs[catalogID]
	switch {
	case c == nil:
		return "", ErrUnknown
	case i.RetailerID == "" || i.Quantity < 0:
		return "", ErrInvalid
	}
	old := c.byCode[i.RetailerID]
	switch {
	case old != nil:
		i.ID = old.ID
	case i.ID == "":
		i.ID = s.id("73000")
	}
	i.Name, i.Review, i.Visibility = cmp.Or(i.Name, i.RetailerID), cmp.Or(i.Review, "approved"), cmp.Or(i.Visibility, "published")
	i.Availability = cmp.Or(i.Availability, map[bool]string{true: "in stock", false: "out of stock"}[i.Quantity > 0])
	if old != nil {
		*old = i
		return i.ID, nil
	}
	c.byCode[i.RetailerID] = &i
	c.items = append(c.items, &i)
	return i.ID, nil
}

// RemoveItem takes an item out of a catalogue.
func (s *Sim) RemoveItem(catalogID, code string) error {
	defer s.lock()()
	c := s.catalogs[catalogID]
	if c == nil || c.byCode[code] == nil {
		return ErrUnknown
	}
	c.items = slices.DeleteFunc(c.items, func(i *Item) bool { return i.RetailerID == code })
	delete(c.byCode, code)
	return nil
}

// Item returns a copy of a catalogue's item.
func (s *Sim) Item(catalogID, code string) (Item, error) {
	defer s.lock()()
	c := s.catalogs[catalogID]
	if c == nil || c.byCode[code] == nil {
		return Item{}, ErrUnknown
	}
	return *c.byCode[code], nil
}

// Comment is somebody's comment or mention: it becomes a change of the account's webhooks where it is subscribed to.
func (s *Sim) Comment(accountID string, c Comment) (id string, err error) {
	defer s.lock()()
	a := s.accounts[accountID]
	c.Field = cmp.Or(c.Field, "comments")
	switch {
	case a == nil:
		return "", ErrUnknown
	case !slices.Contains(fields, c.Field):
		return "", ErrInvalid
	}
	if c.ID == "" {
		c.ID = s.id("178")
	}
	c.Media, c.MediaType = cmp.Or(c.Media, "17900000000000001"), cmp.Or(c.MediaType, "REELS")
	c.From, c.Username = cmp.Or(c.From, "9000000001"), cmp.Or(c.Username, "fan_one")
	s.counts.Comments[c.Field]++
	if s.callback.address == "" || !s.callback.fields[c.Field] || !a.fields[c.Field] {
		s.counts.Unsubscribed++
		return c.ID, nil
	}
	s.hooks.Queue(s.callback.address, hooks.Change{Account: accountID, At: s.cfg.Clock(), Field: c.Field, Value: valueOf(c)})
	return c.ID, nil
}

// valueOf is a change's value in the vendor's words. A mention tells no author and no text: they are read at the API.
func valueOf(c Comment) obj {
	switch c.Field {
	case "mentions":
		return obj{"media_id": c.Media, "comment_id": c.ID}
	case "messages", "story_insights":
		return obj{"media_id": c.Media}
	}
	return obj{
		"id": c.ID, "text": c.Text, "from": obj{"id": c.From, "username": c.Username},
		"media": obj{"id": c.Media, "media_product_type": c.MediaType},
	}
}

// Callback is where webhooks go, and the fields that go there.
func (s *Sim) Callback() (address string, subscribed []string) {
	defer s.lock()()
	return s.callback.address, slices.Sorted(maps.Keys(s.callback.fields))
}

// SetCallback is the app's owner entering an address in the vendor's dashboard by hand, without a handshake, for fields of
// every account; "" ends webhooks.
func (s *Sim) SetCallback(address string, subscribed ...string) {
	defer s.lock()()
	s.callback = subscription{address: address, fields: map[string]bool{}}
	for _, field := range subscribed {
		s.callback.fields[field] = true
		for _, a := range s.accounts {
			a.fields[field] = true
		}
	}
}
