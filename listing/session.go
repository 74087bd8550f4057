package listing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/listing/ledger"
	"github.com/creatorflow/creatorflow/projection"
)

// session is the room at work, from when a shop is switched on until none is. One goroutine has all of it; calls and reads of
// the log run beside and come back as functions.
type session struct {
	*Room
	ledger  *ledger.Ledger
	all     listings.State // the policy for all SKUs
	pushed  map[string]bool
	shops   map[string]*shop
	items   map[string]*item            // by listings.Key
	of      map[string]map[string]*item // by SKU and key
	skus    map[string]*sku             // those that have a listing which is written
	open    map[string]events.Differed  // by key: found and not mended
	touched map[string]bool             // SKUs that something happened to
	stale   map[string]bool             // SKUs whose stock moved
	anew    map[string]bool             // SKUs whose listings or settings have changed
	waking  map[string]time.Time        // when to ask again about a SKU
	facts   []fact                      // to be told, in order
	telling bool
	back    chan func() error
	beside  sync.WaitGroup
}

// item is one listing of a shop.
type item struct {
	connection, listing, product, code, sku string

	trouble string    // why the last write was not made
	missing bool      // the last look told no quantity of it
	fails   int       // refused in a row
	hold    time.Time // no write before
}

func (i *item) key() string { return listings.Key(i.connection, i.listing) }

// sku is one SKU with a listing that is written.
type sku struct {
	name    string
	state   exposure.State
	journal listings.State
	sold    []exposure.Sale // of the last hour
	usual   float64         // units an hour that were sold before we began to count
	begun   time.Time       // to count
}

// fact is an event to be appended.
type fact struct {
	sku string
	e   eventlog.Event
}

// work writes and reads until no shop is switched on.
func (r *Room) work(ctx context.Context, pushed map[string]bool) error {
	if err := r.o.CaughtUp(ctx, r.o.Log.Head().Position); err != nil {
		return err
	}
	l, err := ledger.Read(ctx, r.o.Log, r.o.Views, r.o.Workspace)
	if err != nil {
		return err
	}
	s := &session{
		Room: r, ledger: l, pushed: pushed, shops: map[string]*shop{}, items: map[string]*item{}, of: map[string]map[string]*item{}, skus: map[string]*sku{}, open: map[string]events.Differed{},
		touched: map[string]bool{}, stale: map[string]bool{}, anew: map[string]bool{}, waking: map[string]time.Time{}, back: make(chan func() error),
	}
	l.News = s
	if s.all, err = s.journal(ctx, ""); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer s.beside.Wait()
	defer cancel()
	return s.run(ctx)
}

func (s *session) run(ctx context.Context) error {
	records := s.follow(ctx)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		changed := s.o.Shops.Changed()
		s.connect(ctx)
		if err := s.act(ctx); err != nil {
			return err
		}
		select {
		case batch, ok := <-records:
			if !ok {
				return errors.New("the log cannot be read")
			}
			for _, r := range batch {
				if err := s.record(ctx, r); err != nil {
					return fmt.Errorf("position %d: %w", r.Position, err)
				}
			}
			s.listed()
		case done := <-s.back:
			if err := done(); err != nil {
				return err
			}
		case <-s.wake:
			more, err := s.switched(ctx)
			if err != nil || !more {
				return err
			}
		case <-changed:
		case <-tick.C:
			s.tick(s.o.Clock())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follow reads the log behind the base, a page at a time; the channel is closed when it cannot be read.
func (s *session) follow(ctx context.Context) <-chan []eventlog.Record {
	records, at := make(chan []eventlog.Record), s.ledger.Position
	s.beside.Go(func() {
		defer close(records)
		for {
			if _, err := s.o.Log.Wait(ctx, at); err != nil {
				return
			}
			page, err := s.o.Log.ReadAll(ctx, at, 1000)
			if err != nil || len(page) == 0 {
				return
			}
			at = page[len(page)-1].Position
			select {
			case records <- page:
			case <-ctx.Done():
				return
			}
		}
	})
	return records
}

// record takes in what happened.
func (s *session) record(ctx context.Context, r eventlog.Record) error {
	if err := s.ledger.Take(ctx, r); err != nil {
		return err
	}
	if e, ok := r.Event.(events.PolicySet); ok {
		if err := s.policy(ctx, e.SKU); err != nil {
			return err
		}
	}
	s.restock()
	return nil
}

// restock tells what is available of the SKUs whose stock or orders have moved.
func (s *session) restock() {
	for name := range s.stale {
		if k := s.skus[name]; k != nil {
			s.tell(k, exposure.Stocked{Available: s.ledger.Available(name), Rate: k.rate(s.o.Clock())})
		}
	}
	clear(s.stale)
}

// rate is an upper bound of the units that sell an hour.
func (k *sku) rate(now time.Time) float64 {
	units, keep := 0.0, k.sold[:0]
	for _, sale := range k.sold {
		if now.Sub(sale.Created) < time.Hour {
			keep = append(keep, sale)
			units += float64(sale.Units)
		}
	}
	k.sold = keep
	if now.Sub(k.begun) < time.Hour {
		units = max(units, k.usual)
	}
	return units + 2*math.Sqrt(units) + 1
}

// Sold implements ledger.News.
func (s *session) Sold(name string, e exposure.Sale) {
	e.Created = e.Created.Add(s.ahead(e.Connection))
	if k := s.skus[name]; k != nil {
		k.sold = append(k.sold, e)
		s.tell(k, e)
	}
	s.stale[name] = true
}

// Cancelled implements ledger.News.
func (s *session) Cancelled(name string, e exposure.Cancelled) {
	e.At = e.At.Add(margin + s.ahead(e.Connection))
	if k := s.skus[name]; k != nil {
		s.tell(k, e)
	}
	s.stale[name] = true
}

// ahead is by how much our clock is ahead of that of a listing's shop. What a shop dates is told by our clock, by which the shop is
// read: a sale from before a reading must not seem to be from after it, nor the other way round.
func (s *session) ahead(key string) time.Duration {
	connection, _, _ := strings.Cut(key, "/")
	c, _ := s.o.Shops.Connector(connection)
	if clocked, ok := c.(channels.Clocked); ok {
		return clocked.Ahead()
	}
	return 0
}

// Moved implements ledger.News.
func (s *session) Moved(name string) { s.stale[name] = true }

// Meant implements ledger.News: listings of that code mean another SKU now.
func (s *session) Meant(connection, code string) {
	for _, i := range s.items {
		if i.code == code && (connection == "" || i.connection == connection) {
			s.place(i)
		}
	}
}

func (s *session) journal(ctx context.Context, sku string) (listings.State, error) {
	folded, err := s.o.Log.Fold(ctx, listings.Fold(s.o.Workspace, sku))
	if err != nil {
		return listings.State{}, err
	}
	return folded.Value.(listings.State), nil
}

// policy takes over what the owner said of a SKU, or of all.
func (s *session) policy(ctx context.Context, name string) error {
	journal, err := s.journal(ctx, name)
	if err != nil {
		return err
	}
	if name == "" {
		s.all = journal
		for name := range s.skus {
			s.anew[name] = true
		}
	} else if k := s.skus[name]; k != nil {
		k.journal.Policies = journal.Policies
		s.anew[name] = true
	}
	return nil
}

// switched takes over which shops are written, and what polls have listed; more is false when no shop is written.
func (s *session) switched(ctx context.Context) (more bool, err error) {
	s.listed()
	pushed, err := s.switches(ctx)
	if err != nil || len(pushed) == 0 {
		return false, err
	}
	for _, i := range s.items {
		if pushed[i.connection] != s.pushed[i.connection] && i.sku != "" {
			s.anew[i.sku] = true
		}
	}
	s.pushed = pushed
	return true, nil
}

// listed tells of the polls whose orders the ledger has.
func (s *session) listed() {
	s.mu.Lock()
	ready := map[string]time.Time{}
	for connection, p := range s.passed {
		if p.head <= s.ledger.Position {
			ready[connection] = p.upTo
			delete(s.passed, connection)
		}
	}
	s.mu.Unlock()
	for connection, upTo := range ready {
		for _, i := range s.items {
			if k := s.skus[i.sku]; k != nil && i.connection == connection {
				s.tell(k, exposure.Listed{Connection: i.key(), UpTo: upTo})
			}
		}
	}
}

// place finds out which SKU a listing means.
func (s *session) place(i *item) {
	sku := s.ledger.Means(i.connection, i.code)
	if sku == i.sku {
		return
	}
	s.lift(i)
	if i.sku = sku; sku == "" {
		return
	}
	if s.of[sku] == nil {
		s.of[sku] = map[string]*item{}
	}
	s.of[sku][i.key()] = i
	s.anew[sku] = true
}

// lift takes a listing off the SKU that it meant.
func (s *session) lift(i *item) {
	if i.sku != "" {
		delete(s.of[i.sku], i.key())
		s.anew[i.sku] = true
	}
}

// arrange brings the State of a SKU in line with its listings and settings.
func (s *session) arrange(ctx context.Context, name string) error {
	written := false
	for _, i := range s.of[name] {
		written = written || s.pushed[i.connection]
	}
	k := s.skus[name]
	known := k != nil
	switch {
	case !written:
		for key := range s.of[name] {
			delete(s.open, key)
		}
		delete(s.skus, name)
		delete(s.waking, name)
		s.touched[name] = true
		return nil
	case !known:
		var err error
		if k, err = s.begin(ctx, name); err != nil {
			return err
		}
	}
	for _, c := range k.state.Connections {
		if s.of[name][c.ID] == nil {
			delete(s.open, c.ID)
			s.tell(k, exposure.Removed{Connection: c.ID})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.of[name])) { // of equal shares the first one gets the odd unit
		i := s.of[name][key]
		c, there := k.state.Find(key)
		if settings := s.settings(k, i); !there || c.Settings != settings {
			s.tell(k, exposure.Configured{Connection: key, Settings: settings})
		}
		if !there && known { // it was here before, perhaps, and written since
			journal, err := s.journal(ctx, name)
			if err != nil {
				return err
			}
			k.journal.Writes = journal.Writes
		}
		if !there {
			s.resume(k, key)
		}
		if !s.pushed[i.connection] {
			delete(s.open, key) // the poll tells of it again, and nobody mends it
		}
	}
	s.stale[name] = true
	return nil
}

// begin reads what is known of a SKU besides the ledger.
func (s *session) begin(ctx context.Context, name string) (*sku, error) {
	journal, err := s.journal(ctx, name)
	if err != nil {
		return nil, err
	}
	k := &sku{name: name, journal: journal, begun: s.o.Clock()}
	for key, d := range journal.Differing {
		if s.of[name][key] != nil && s.pushed[d.Connection] {
			s.open[key] = d
		}
	}
	err = s.o.Views.Read(ctx, func(r projection.Reader) error {
		item, _, err := inventory.Find(ctx, r, name, s.o.Clock())
		k.usual = item.Rates.Faster()
		return err
	})
	s.skus[name] = k
	return k, err
}

// resume tells of the last write before a restart: whatever was answered, unless it was refused, it may have left later than
// the log says and takes effect up to Settle from now.
func (s *session) resume(k *sku, key string) {
	last := k.journal.Writes[key]
	if last.Sent.Number == 0 {
		return
	}
	now, at := s.o.Clock(), last.Sent.At
	ended := last.Answer == answerRefused || now.Sub(at) > 2*(s.o.Settle+callTime)
	if !ended && last.Answer == "" {
		at = now
	}
	s.tell(k, exposure.Sent{At: at, Action: exposure.Action{
		Connection: key, Kind: exposure.Kind(last.Sent.Write), Number: last.Sent.Number, From: last.Sent.From, To: last.Sent.To,
	}})
	if ended {
		s.tell(k, exposure.Refused{Connection: key, Number: last.Sent.Number, At: at})
	}
}

// settings are what owner, channel and measure say of a listing.
func (s *session) settings(k *sku, i *item) exposure.Settings {
	p := listings.Of(k.journal, s.all, i.connection)
	set := exposure.Settings{
		Ability: exposure.Ability{Method: exposure.ReadOnly}, Policy: p.Policy, Buffer: p.Buffer, Weight: 1, Lag: s.o.Look, Poll: s.o.Look,
	}
	c, ok := s.o.Shops.Connector(i.connection)
	if !ok {
		return set
	}
	can := c.Capabilities()
	set.Restocks, set.RefusesZero, set.Ceiling, set.Settle = can.RestocksCancels, !can.AcceptsZero, int(can.MaxQuantity), s.o.Settle
	if s.pushed[i.connection] && can.Write == channels.WriteAbsolute { // no connector swaps yet
		set.Method = exposure.Absolute
	}
	return set
}

// tell evolves a SKU and finds what a reading showed to be wrong.
func (s *session) tell(k *sku, e exposure.Event) {
	before := k.state
	k.state = exposure.Evolve(before, e)
	s.touched[k.name] = true
	for _, c := range k.state.Connections {
		if c.Wrong == nil {
			continue
		}
		if was, _ := before.Find(c.ID); was.Wrong != c.Wrong {
			s.differed(k, c)
		}
	}
}

// differed tells that a listing which we write lists something else than it should.
func (s *session) differed(k *sku, c exposure.Connection) {
	i := s.items[c.ID]
	if i == nil || c.Method == exposure.ReadOnly {
		return
	}
	share := s.share(k, c.ID)
	e := events.Differed{
		SKU: k.name, Connection: i.connection, Listing: i.listing, Found: c.Wrong.Found, Due: c.Wrong.Due, Share: share, Wrote: c.Wrong.Wrote,
		At: c.Wrong.At.UTC().Truncate(time.Microsecond),
	}
	then := fmt.Sprintf("It should list %d, which is written back.", share)
	if e.Found == share {
		then = "That is what it should list, so nothing is written."
	}
	if e.Wrote {
		e.Sentence = fmt.Sprintf("The shop lists %d where our last write left %d: it came to nothing, or somebody changed it at once. %s", e.Found, e.Due, then)
	} else {
		e.Sentence = fmt.Sprintf("The shop lists %d where sales and our writes leave %d: somebody changed it there. %s", e.Found, e.Due, then)
	}
	s.facts = append(s.facts, fact{k.name, e})
	if was, open := s.open[c.ID]; open {
		e.At = was.At
	}
	s.open[c.ID] = e
}

// mended tells that nothing is left to be done about what differed.
func (s *session) mended(k *sku, plan []exposure.Action) {
	for key := range s.of[k.name] {
		d, open := s.open[key]
		if !open {
			continue
		}
		c, _ := k.state.Find(key)
		busy := c.Raise != nil || c.Lower != nil || c.Waiting != nil || c.Asked != nil || c.Check || !c.Known || c.Mend && c.Exposure != s.share(k, key)
		for _, a := range plan {
			busy = busy || a.Connection == key
		}
		if busy || c.Reset.At.Before(d.At) {
			continue
		}
		e := events.Mended{
			SKU: k.name, Connection: d.Connection, Listing: d.Listing, Found: d.Found, Quantity: c.Exposure, Since: d.At,
			Sentence: fmt.Sprintf("The shop listed %d and now lists %d, as it should.", d.Found, c.Exposure),
		}
		s.facts = append(s.facts, fact{k.name, e})
		delete(s.open, key)
	}
}

// share is what a listing should list.
func (s *session) share(k *sku, key string) int {
	for n, target := range k.state.Targets() {
		if k.state.Connections[n].ID == key {
			return target
		}
	}
	return 0
}
