package listing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/listing/shown"
	"github.com/creatorflow/creatorflow/listing/writes"
)

const (
	atOnce  = 4   // writes to one shop at the same time; its limiter paces them
	maxRead = 600 // listings of one read

	catalogued = 15 * time.Minute // between two looks at which listings there are
	longest    = time.Hour        // that a listing whose writes are refused is left alone, and a shop that is not written is waited for
)

// shop is one connection at work.
type shop struct {
	id, name string
	since    time.Time                 // when it was taken in
	counter  bool                      // its orders are entered here
	reads    map[string]bool           // listings to be read, by key
	writes   map[string]writes.Urgency // SKUs that want a write here
	reading  bool
	writing  int
	looked   time.Time // when all was wanted to be read last
	fetched  time.Time // when its listings were asked for last
	told     bool      // it has said which listings it has
	mute     bool      // it was asked for them before that, and did not
	poll     time.Time // when its orders are to be listed; zero = no hurry
	away     writes.Spell
	trouble  string
}

// connect takes in shops that were added.
func (s *session) connect(ctx context.Context) {
	for _, c := range s.o.Shops.Connections() {
		if s.shops[c.ID] == nil {
			h := &shop{id: c.ID, name: cmp.Or(c.Name, c.ID), since: s.o.Clock(), counter: s.counts(c.ID), reads: map[string]bool{}, writes: map[string]writes.Urgency{}}
			s.shops[c.ID] = h
			for name := range s.of {
				s.anew[name] = s.anew[name] || h.counter
			}
			s.fetch(ctx, h)
		}
	}
}

// tick looks at what time has brought.
func (s *session) tick(now time.Time) {
	for name, at := range s.waking {
		if !at.After(now) {
			delete(s.waking, name)
			s.touched[name] = true
		}
	}
	s.listed()
	s.changed(s.heard.Expire(now))
	s.repairing()
	for _, h := range s.shops {
		if now.Sub(h.looked) >= s.o.Look {
			h.looked = now
			for key, i := range s.items {
				if i.connection == h.id && s.skus[i.sku] != nil {
					h.reads[key], s.stale[i.sku] = true, true // what sold an hour ago counts no more
					if h.counter {
						s.anew[i.sku] = true // a share follows what sold
					}
				}
			}
		}
		if !h.poll.IsZero() && !h.poll.After(now) {
			h.poll = time.Time{}
			s.o.Poll(h.id)
		}
	}
}

// act decides about every SKU that something happened to, and begins what there is room for.
func (s *session) act(ctx context.Context) error {
	changed := map[string]bool{}
	for len(s.anew)+len(s.touched) > 0 {
		for len(s.anew) > 0 { // to arrange a SKU may take to arrange those that share its stock
			for name := range s.anew {
				delete(s.anew, name)
				if err := s.arrange(ctx, name); err != nil {
					return fmt.Errorf("arrange %s: %w", name, err)
				}
			}
		}
		s.restock()
		for name := range s.touched {
			delete(s.touched, name)
			changed[name] = true
			s.plan(name)
		}
		for _, id := range slices.Sorted(maps.Keys(s.shops)) {
			h := s.shops[id]
			s.read(ctx, h)
			s.write(ctx, h)
		}
	}
	now := s.o.Clock()
	for _, h := range s.shops {
		if now.Sub(h.fetched) >= catalogued {
			s.fetch(ctx, h)
		}
		s.read(ctx, h)
		s.write(ctx, h)
	}
	s.say(ctx)
	s.publish(changed)
	return nil
}

// plan asks the rule what is to be done about a SKU.
func (s *session) plan(name string) {
	for _, h := range s.shops {
		delete(h.writes, name)
	}
	k := s.skus[name]
	if k == nil {
		return
	}
	for key, i := range s.of[name] {
		if _, _, ready := k.book.Find(i.connection, s.ledger.Position); ready && s.shops[i.connection].counter {
			s.turn(name, k.book, i.connection, k.state.Mirrors(key))
		}
	}
	now := s.o.Clock()
	plan := exposure.Decide(k.state, now)
	for _, a := range plan {
		h := s.shops[s.items[a.Connection].connection]
		switch a.Kind {
		case exposure.Read:
			h.reads[a.Connection] = true
		case exposure.List:
			if at := a.UpTo.Add(margin); h.poll.IsZero() || at.Before(h.poll) {
				h.poll = at
			}
		default:
			u := writes.Urgency{Down: a.Kind == exposure.Zero, Sold: k.demand.Last()}
			if was, wants := h.writes[name]; !wants || u.Before(was) {
				h.writes[name] = u
			}
		}
	}
	if at, ok := exposure.Wake(k.state, now); ok {
		s.waking[name] = at
	} else {
		delete(s.waking, name)
	}
	s.mended(k, plan)
}

// read looks at the listings of a shop that want it, as many as one call can.
func (s *session) read(ctx context.Context, h *shop) {
	if h.counter {
		s.count(h)
		return
	}
	now := s.o.Clock()
	if h.reading || len(h.reads) == 0 || now.Before(h.away.Until) {
		return
	}
	began := now.Add(-margin)
	var keys, ids []string
	for key := range h.reads {
		delete(h.reads, key)
		i := s.items[key]
		if i == nil || s.skus[i.sku] == nil {
			continue
		}
		s.tell(s.skus[i.sku], exposure.Sent{Action: exposure.Action{Connection: key, Kind: exposure.Read}, At: began})
		if keys, ids = append(keys, key), append(ids, i.listing); len(keys) == maxRead {
			break
		}
	}
	if len(keys) == 0 {
		return
	}
	h.reading = true
	s.call(ctx, func(ctx context.Context) func() error {
		var found []channels.Quantity
		c, err := s.writer().Connector(h.id)
		if err == nil {
			found, err = c.Quantities(ctx, ids)
		}
		return func() error {
			h.reading = false
			s.answered(h, err, len(found) > 0)
			read := map[string]bool{}
			for _, q := range found {
				key := listings.Key(h.id, q.ListingID)
				read[key] = true
				if i := s.items[key]; i != nil && s.skus[i.sku] != nil && slices.Contains(keys, key) {
					s.tell(s.skus[i.sku], exposure.Reading{Connection: key, Quantity: int(q.Available), Began: began, At: s.o.Clock().Add(margin)})
				}
			}
			if err == nil {
				s.missed(h, keys, read)
			}
			return nil
		}
	})
}

// missed has the list of a shop read anew when a listing is gone that was there before. One that the shop lists and tells no quantity
// of, again and again, costs no more calls than the others.
func (s *session) missed(h *shop, keys []string, read map[string]bool) {
	for _, key := range keys {
		i := s.items[key]
		if i == nil {
			continue
		}
		if !read[key] && !i.missing {
			h.fetched = time.Time{}
		}
		i.missing = !read[key]
	}
}

// write begins writes to a shop: first what must go down, then what sold last.
func (s *session) write(ctx context.Context, h *shop) {
	for h.writing < s.together(h) {
		k, i, a, ok := s.next(h)
		if !ok {
			return
		}
		now := s.o.Clock()
		again := k.state.Repeats(a)
		s.tell(k, exposure.Sent{Action: a, At: now})
		h.writing++
		if h.counter {
			s.keep(ctx, h, k, a)
			continue
		}
		sent := events.Sent{
			SKU: k.name, Connection: i.connection, Listing: i.listing, Number: a.Number, Write: string(a.Kind), From: a.From, To: a.To, Why: a.Why,
			At: now.UTC().Truncate(time.Microsecond),
		}
		product := i.product
		s.call(ctx, func(ctx context.Context) func() error {
			answer, reason, err := s.writer().Put(ctx, sent, product, again)
			return func() error {
				h.writing--
				s.came(h, k, sent, answer, reason, err)
				return nil
			}
		})
	}
}

// together is how many writes to a shop may be under way.
func (s *session) together(h *shop) int {
	if c, ok := s.o.Shops.Connector(h.id); ok {
		return max(atOnce, c.Capabilities().AtOnce)
	}
	return atOnce
}

// next finds the most urgent write to a shop, as the rule wants it now.
func (s *session) next(h *shop) (k *sku, i *item, a exposure.Action, ok bool) {
	now := s.o.Clock()
	for len(h.writes) > 0 && !now.Before(h.away.Until) {
		first := ""
		for name, u := range h.writes {
			if v := h.writes[first]; first == "" || u.Before(v) || !v.Before(u) && name < first {
				first = name
			}
		}
		k := s.skus[first]
		for _, a := range exposure.Decide(k.state, now) {
			i := s.items[a.Connection]
			switch {
			case i.connection != h.id || a.Kind == exposure.Read || a.Kind == exposure.List:
			case now.Before(i.hold):
				s.rouse(first, i.hold)
			default:
				return k, i, a, true
			}
		}
		delete(h.writes, first) // it has changed its mind, or is held
	}
	return nil, nil, a, false
}

// rouse asks about a SKU again at a time, or before.
func (s *session) rouse(name string, at time.Time) {
	if was, set := s.waking[name]; !set || at.Before(was) {
		s.waking[name] = at
	}
}

// came takes in what came of a write.
func (s *session) came(h *shop, k *sku, sent events.Sent, answer, reason string, err error) {
	key, now := listings.Key(sent.Connection, sent.Listing), s.o.Clock()
	i := s.items[key]
	if i == nil {
		i = &item{} // gone meanwhile
	}
	if reason != "" || err == nil { // else it is the log's trouble, not the shop's
		s.answered(h, err, false)
	}
	if i.trouble = reason; answer == writes.Stale {
		i.trouble = "" // it is read again, and nobody need know
	}
	if answer == writes.Refused && reason != "" && !writes.Away(err) {
		i.hold = now.Add(min(30*time.Second<<min(i.fails, 10), longest))
		i.fails++
	} else if answer == writes.Accepted {
		i.fails, i.hold = 0, time.Time{}
	}
	switch answer {
	case writes.Accepted:
		s.tell(k, exposure.Accepted{Connection: key, Number: sent.Number, At: now})
	case writes.Refused, writes.Stale:
		s.tell(k, exposure.Refused{Connection: key, Number: sent.Number, Stale: answer == writes.Stale, At: now})
	default:
		s.tell(k, exposure.Lost{Connection: key, Number: sent.Number, At: now})
	}
}

// answered notes whether a shop answers; one that does not is left alone, ever longer.
func (s *session) answered(h *shop, err error, some bool) {
	class := channels.ClassOf(err)
	if err == nil || some || class == channels.Rejected || class == channels.Bug || class == channels.Gone || class == channels.Done || class == channels.Stale {
		h.away, h.trouble = writes.Spell{}, ""
		return
	}
	h.away.Failed(s.o.Clock(), err)
	h.trouble = "The shop cannot be read or written just now: " + channels.Short(err.Error(), 200)
}

// fetch asks a shop which listings it has.
func (s *session) fetch(ctx context.Context, h *shop) {
	now := s.o.Clock()
	if h.counter || now.Before(h.away.Until) {
		return
	}
	h.fetched = now
	s.call(ctx, func(ctx context.Context) func() error {
		all, broken, err := s.writer().Listings(ctx, h.id)
		return func() error { s.have(h, all, broken, err); return nil }
	})
}

// have takes over the listings of a shop. When not all could be read, or some of them are broken, those that are not among them
// stay. A broken one stays so until somebody mends it at the shop: it is no reason to read all of them again before their time.
func (s *session) have(h *shop, all []channels.Listing, broken bool, err error) {
	seen := map[string]bool{}
	for _, q := range all {
		key := listings.Key(h.id, q.ListingID)
		seen[key] = true
		i := s.items[key]
		if i == nil {
			i = &item{connection: h.id, listing: q.ListingID}
			s.items[key] = i
		}
		i.product, i.code = q.ProductID, intake.Code(q.Code, q.ListingID)
		s.place(i)
	}
	if err != nil {
		s.answered(h, err, len(all) > 0)
		h.mute = !h.told
		h.fetched = s.o.Clock().Add(again - catalogued)
		return
	}
	if !h.told {
		h.told = true
		for name := range s.skus {
			s.anew[name] = true
		}
	}
	for key, i := range s.items {
		if i.connection == h.id && !seen[key] && !broken {
			s.lift(i)
			delete(s.items, key)
		}
	}
}

// call runs something beside; what it returns runs in the session's own goroutine.
func (s *session) call(ctx context.Context, do func(ctx context.Context) (then func() error)) {
	s.beside.Go(func() {
		then := do(ctx)
		select {
		case s.back <- then:
		case <-ctx.Done():
		}
	})
}

// say appends what was found, one after the other, until it stands.
func (s *session) say(ctx context.Context) {
	if s.telling || len(s.facts) == 0 {
		return
	}
	s.telling = true
	next := s.facts[0]
	s.call(ctx, func(ctx context.Context) func() error {
		err := s.writer().Append(ctx, next.sku, next.e)
		if err != nil && !errors.Is(err, eventlog.ErrFenced) {
			_ = writes.Rest(ctx, again)
		}
		return func() error {
			s.telling = false
			if err == nil {
				s.facts = s.facts[1:]
			}
			if errors.Is(err, eventlog.ErrFenced) {
				return err
			}
			return nil
		}
	})
}

// publish shows to others what has changed.
func (s *session) publish(changed map[string]bool) {
	drift := map[string]Shop{}
	for id, h := range s.shops {
		drift[id] = Shop{Pushing: s.pushed[id], Trouble: h.trouble}
	}
	shown.Drift(drift, s.open)
	skus := map[string]SKU{}
	for name := range changed {
		k := s.skus[name]
		if k == nil || len(s.of[name]) == 0 {
			continue
		}
		sku := SKU{State: k.state, Outage: k.journal.Outage, Others: s.all.Outage}
		for key, i := range s.of[name] {
			sku.Listings = append(sku.Listings, Listing{
				ID: key, Connection: i.connection, Listing: i.listing, Code: i.code, Pushing: s.pushed[i.connection] || s.shops[i.connection].counter, Differs: s.open[key].At, Trouble: cmp.Or(i.trouble, writes.Waits(k.waits)),
			})
		}
		slices.SortFunc(sku.Listings, func(a, b Listing) int { return cmp.Compare(a.ID, b.ID) })
		skus[name] = sku
	}
	_, silent := s.silent()
	s.mu.Lock()
	moved := false
	for id, h := range drift {
		if h.Trouble == "" && h.Pushing {
			h.Trouble = writes.Held(s.broken[id], silent)
		}
		moved = moved || s.Room.shops[id] != h
		s.Room.shops[id] = h
	}
	for name := range changed {
		if sku, ok := skus[name]; ok {
			s.Room.skus[name] = sku
		} else {
			delete(s.Room.skus, name)
		}
	}
	s.mu.Unlock()
	if moved {
		s.o.Notify("sync")
	}
	for name := range changed {
		s.o.Notify("stock/" + name)
	}
}
