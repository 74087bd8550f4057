package listing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/exposure/shared"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/listing/counters"
	"github.com/creatorflow/creatorflow/listing/demand"
	"github.com/creatorflow/creatorflow/listing/heard"
	"github.com/creatorflow/creatorflow/listing/hints"
	"github.com/creatorflow/creatorflow/listing/ledger"
	"github.com/creatorflow/creatorflow/listing/terms"
	"github.com/creatorflow/creatorflow/listing/writes"
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
	heard   heard.Book                  // sales whose orders are on their way
	hints   *hints.Book                 // quantities that notifications told of
	touched map[string]bool             // SKUs that something happened to
	stale   map[string]bool             // SKUs whose stock moved
	anew    map[string]bool             // SKUs whose listings or settings have changed
	repairs map[string]bool             // by key: to be read because a person asked for a repair
	waking  map[string]time.Time        // when to ask again about a SKU
	facts   []fact                      // to be told, in order
	last    time.Time                   // of what counters told
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
	book    *counters.Book
	demand  demand.SKU
	waits   string // a SKU that shares its stock and is not known, so that nothing is raised
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
	if err := r.counters().OpenAll(ctx, false); err != nil {
		return err
	}
	l, err := ledger.Read(ctx, r.o.Log, r.o.Views, r.o.Workspace)
	if err != nil {
		return err
	}
	s := &session{
		Room: r, ledger: l, pushed: pushed, shops: map[string]*shop{}, items: map[string]*item{}, of: map[string]map[string]*item{}, skus: map[string]*sku{}, open: map[string]events.Differed{},
		touched: map[string]bool{}, stale: map[string]bool{}, anew: map[string]bool{}, repairs: map[string]bool{}, waking: map[string]time.Time{}, back: make(chan func() error), hints: hints.NewBook(r.Hints, margin),
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
	records, base := make(chan []eventlog.Record), s.ledger.Position
	s.beside.Go(func() { ledger.Follow(ctx, s.o.Log, base, records) })
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
		case <-s.told:
			s.listed()
			s.hear(ctx)
		case <-s.hints.Wake():
			s.look()
		case <-changed:
		case <-tick.C:
			s.tick(s.o.Clock())
			s.hear(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// record takes in what happened.
func (s *session) record(ctx context.Context, r eventlog.Record) error {
	if err := s.ledger.Take(ctx, r); err != nil {
		return err
	}
	s.booked(r)
	if r.Stream.Kind == orderevents.Kind {
		s.changed(s.heard.Forget(r.Stream.ID))
	}
	switch e := r.Event.(type) {
	case events.PolicySet, events.OutageSet:
		if err := s.policy(ctx, events.SKUOf(r.Stream)); err != nil {
			return err
		}
	case events.RepairAsked:
		s.repair(e)
	case stockevents.Received:
		if k := s.skus[e.SKU]; k != nil && k.demand.Follow() {
			s.anew[e.SKU] = true
		}
	}
	s.restock()
	return nil
}

// repair looks at once at what a person wants repaired; what differs is then written as after any look. They may have mended what
// kept us from writing, so no pause holds.
func (s *session) repair(e events.RepairAsked) {
	h := s.shops[e.Connection]
	if h == nil {
		return // it is read as soon as it is connected
	}
	h.away.Until = time.Time{}
	for key, i := range s.items {
		if i.connection == e.Connection && s.skus[i.sku] != nil && (e.SKU == "" || i.sku == e.SKU) {
			s.repairs[key], s.touched[i.sku] = true, true
			i.fails, i.hold = 0, time.Time{}
		}
	}
	s.repairing()
}

// repairing reads what is to be repaired, as soon as the last reading of it is done with: another one beside it would not count.
func (s *session) repairing() {
	for key := range s.repairs {
		i := s.items[key]
		if i == nil || s.skus[i.sku] == nil {
			delete(s.repairs, key)
			continue
		}
		if c, _ := s.skus[i.sku].state.Find(key); c.Waiting == nil && c.Asked == nil {
			delete(s.repairs, key)
			s.shops[i.connection].reads[key] = true
		}
	}
}

// restock tells what is available of the SKUs whose stock or orders have moved. Those that share stock are told their shares of it
// together, before anything is decided about one of them.
func (s *session) restock() {
	now := s.o.Clock()
	silent, _ := s.silent()
	for name := range s.stale {
		for member, share := range s.ledger.Shares(name, s.holds) {
			if k := s.skus[member]; k != nil {
				if held, known, _ := k.state.Held(); silent && known {
					share.Units = min(share.Units, held)
				}
				k.waits = share.Waits
				s.tell(k, exposure.Stocked{Available: share.Units, Give: share.Give, Rate: k.demand.Rate(now), Outage: listings.Outage(k.journal, s.all)})
			}
			delete(s.stale, member)
		}
	}
}

// silent says that a shop which sells has not told its listings since the start: nobody knows what it can sell, so nothing is raised.
// One that is not written may be closed for good and is waited for only so long. The name is of one that was asked and did not answer.
func (s *session) silent() (yes bool, name string) {
	for _, h := range s.shops {
		c, ok := s.o.Shops.Connector(h.id)
		if h.counter || h.told || !ok || !c.Capabilities().TakesOrders || !s.pushed[h.id] && s.o.Clock().Sub(h.since) >= longest {
			continue
		}
		if yes = true; h.mute && (name == "" || h.name < name) {
			name = h.name
		}
	}
	return yes, name
}

// holds is what a SKU's listings hold of the stock that it shares.
func (s *session) holds(name string) shared.Member {
	k := s.skus[name]
	if k == nil {
		return shared.Member{Known: true} // it has none
	}
	m := shared.Member{Weight: int(k.demand.Rate(s.o.Clock()))}
	m.Held, m.Known, m.Sells = k.state.Held()
	return m
}

// Sold implements ledger.News.
func (s *session) Sold(name string, e exposure.Sale) {
	e.Created = e.Created.Add(s.ahead(e.Connection))
	if i := s.items[e.Connection]; i != nil && s.shops[i.connection].counter {
		e.Created = s.moment()
	}
	if k := s.skus[name]; k != nil {
		k.demand.Sold(e)
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

// Shared implements ledger.News.
func (s *session) Shared(name string) { s.anew[name] = true }

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
			s.anew[name], s.stale[name] = true, true
		}
	} else if k := s.skus[name]; k != nil {
		k.journal.Policies, k.journal.Outage = journal.Policies, journal.Outage
		s.anew[name], s.stale[name] = true, true
	}
	return nil
}

// switched takes over which shops are written; more is false when none is.
func (s *session) switched(ctx context.Context) (more bool, err error) {
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

// hear takes in what notifications told of new orders, of shops whose listings are known. A SKU that shares its stock is never mirrored, so nobody has to hear of it.
func (s *session) hear(ctx context.Context) {
	for _, sale := range s.sales.Take(s.tells) {
		if !s.ledger.Knows(ctx, sale.Order) {
			s.changed(s.heard.Note(sale, s.o.Clock(), s.meant))
		}
	}
	s.look()
}

// tells says that a shop has told which listings it has.
func (s *session) tells(connection string) bool { h := s.shops[connection]; return h != nil && h.told }

// look has those listings read at once of which a notification told what is not known. What differs is then written as after any look.
func (s *session) look() {
	now := s.o.Clock()
	s.hints.Take(now, s.tells, s.o.Shops.Connector)
	for _, key := range s.hints.Due(now, s.stands) {
		s.shops[s.items[key].connection].reads[key] = true
	}
}

// stands is what is known of a listing; ok is false when nothing is to be known of it.
func (s *session) stands(key string) (c exposure.Connection, ok bool) {
	if i := s.items[key]; i != nil && s.skus[i.sku] != nil {
		return s.skus[i.sku].state.Find(key)
	}
	return c, false
}

func (s *session) meant(connection, code string) (key string, ok bool) {
	for key, i := range s.of[s.ledger.Means(connection, code)] {
		if i.connection == connection && i.code == code {
			return key, !s.ledger.Shared(i.sku)
		}
	}
	return "", false
}

// changed tells what is heard of listings now.
func (s *session) changed(keys []string) {
	for _, key := range keys {
		if i := s.items[key]; i != nil && s.skus[i.sku] != nil {
			s.tell(s.skus[i.sku], exposure.Heard{Connection: key, Units: s.heard.Units(key)})
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

// written says that a listing of a SKU is written, or one of those that share its stock, which must then be known, too.
func (s *session) written(name string) (written bool) {
	family := s.ledger.Family(name)
	for member := range family {
		for _, i := range s.of[member] {
			written = written || s.pushed[i.connection]
		}
	}
	for member := range family {
		if s.of[member] == nil && written {
			s.of[member] = map[string]*item{}
		}
		if (s.skus[member] != nil) != written {
			s.anew[member] = true
		}
	}
	return written
}

// arrange brings the State of a SKU in line with its listings and settings.
func (s *session) arrange(ctx context.Context, name string) error {
	k := s.skus[name]
	known, written := k != nil, s.written(name)
	if err := s.counter(ctx, name, written); err != nil {
		return err
	}
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
	k := &sku{name: name, journal: journal}
	if k.book, err = s.counters().Read(ctx, name); err != nil {
		return nil, err
	}
	for key, d := range journal.Differing {
		if s.of[name][key] != nil && s.pushed[d.Connection] {
			s.open[key] = d
		}
	}
	err = s.o.Views.Read(ctx, func(r projection.Reader) error {
		item, _, err := inventory.Find(ctx, r, name, s.o.Clock())
		if err == nil {
			k.demand, err = demand.Read(ctx, s.o.Log, s.o.Workspace, name, item.Rates.Faster(), s.o.Clock())
		}
		return err
	})
	s.skus[name] = k
	return k, err
}

// resume tells of the last write before a restart.
func (s *session) resume(k *sku, key string) {
	for _, e := range k.journal.Writes[key].Resume(key, s.o.Clock(), 2*(s.o.Settle+writes.CallTime)) {
		s.tell(k, e)
	}
}

// settings are what owner, channel and measure say of a listing.
func (s *session) settings(k *sku, i *item) exposure.Settings {
	p := listings.Of(k.journal, s.all, i.connection)
	if s.ledger.Shared(k.name) {
		p = p.Apart()
	}
	t := terms.Terms{Policy: p, Pushed: s.pushed[i.connection], Look: s.o.Look, Settle: s.o.Settle, Weight: s.weight(k, i)}
	if c, ok := s.o.Shops.Connector(i.connection); ok {
		can := c.Capabilities()
		if t.Can = &can; !can.TakesOrders {
			t.Follows = s.followed(k.name, i.connection, p.Follows)
		}
	}
	return t.Settings()
}

// followed is the listing whose figure a catalogue shows of a SKU: the named shop's or, while nobody named one, that of the
// first shop that takes orders, one that the hub writes before others. Empty = no such shop sells it.
func (s *session) followed(name, catalogue, shop string) (key string) {
	written := false
	for _, k := range slices.Sorted(maps.Keys(s.of[name])) {
		other := s.of[name][k].connection
		c, ok := s.o.Shops.Connector(other)
		if other == catalogue || !ok || !c.Capabilities().TakesOrders || shop != "" && other != shop {
			continue
		}
		if key == "" || s.pushed[other] && !written {
			key, written = k, s.pushed[other]
		}
	}
	return key
}

// tell evolves a SKU and finds what a reading showed to be wrong.
func (s *session) tell(k *sku, e exposure.Event) {
	before := k.state
	k.state = exposure.Evolve(before, e)
	s.touched[k.name] = true
	if silent, _ := s.silent(); silent || s.ledger.Shared(k.name) {
		s.stale[k.name] = true // what it holds the others cannot have, and it may have no more
	}
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
	e := events.Differed{
		SKU: k.name, Connection: i.connection, Listing: i.listing, Found: c.Wrong.Found, Due: c.Wrong.Due, Share: k.state.Target(c.ID), Wrote: c.Wrong.Wrote,
		At: c.Wrong.At.UTC().Truncate(time.Microsecond),
	}
	e.Sentence = listings.Difference(e)
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
		busy := c.Raise != nil || c.Lower != nil || c.Waiting != nil || c.Asked != nil || c.Check || !c.Known || k.state.Mending(key)
		for _, a := range plan {
			busy = busy || a.Connection == key || a.Kind != exposure.Read && a.Kind != exposure.List
		}
		if busy || c.Reset.At.Before(d.At) {
			continue
		}
		e := events.Mended{
			SKU: k.name, Connection: d.Connection, Listing: d.Listing, Found: d.Found, Quantity: c.Exposure, Since: d.At,
			Sentence: listings.Mended(d.Found, c.Exposure),
		}
		s.facts = append(s.facts, fact{k.name, e})
		delete(s.open, key)
	}
}
