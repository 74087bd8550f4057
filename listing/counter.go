package listing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/listing/counters"
)

func (r *Room) counters() counters.Log { return counters.Log{Log: r.o.Log, Workspace: r.o.Workspace} }

// counts says whether a connection's orders are entered here, so that it has counters and no listings.
func (r *Room) counts(connection string) bool {
	c, ok := r.o.Shops.Connector(connection)
	return ok && c.Capabilities().Write == channels.WriteCounter
}

// idle lets counters sell what there is: no shop is written.
func (r *Room) idle(ctx context.Context) error {
	if !slices.ContainsFunc(r.o.Shops.Connections(), func(c channels.Connection) bool { return r.counts(c.ID) }) {
		return nil
	}
	return r.counters().OpenAll(ctx, true)
}

// counter gives a SKU that is written its counters; one that is not may be sold as far as the stock goes.
func (s *session) counter(ctx context.Context, name string, written bool) error {
	for id, h := range s.shops {
		key := listings.Key(id, name)
		switch {
		case !h.counter:
		case written && s.items[key] == nil && s.ledger.Means(id, name) == name:
			s.items[key] = &item{connection: id, listing: name, code: name, sku: name}
			s.of[name][key] = s.items[key]
		case !written:
			book, err := s.counters().Read(ctx, name)
			if err != nil {
				return err
			}
			s.turn(name, book, id, true)
		}
	}
	return nil
}

func (s *session) turn(name string, book *counters.Book, connection string, open bool) {
	if e := book.Turn(name, connection, open); e != nil {
		s.facts = append(s.facts, fact{name, e})
	}
}

// count reads counters: exact where the ledger is, and all orders up to there are told.
func (s *session) count(h *shop) {
	for key := range h.reads {
		i := s.items[key]
		if i == nil || s.skus[i.sku] == nil {
			delete(h.reads, key)
			continue
		}
		k := s.skus[i.sku]
		c, known, ready := k.book.Find(h.id, s.ledger.Position)
		open := k.state.Mirrors(key)
		if !ready || !open && (!known || c.Open) {
			continue // what it may sell is not limited yet
		}
		delete(h.reads, key)
		now := s.moment()
		s.tell(k, exposure.Sent{Action: exposure.Action{Connection: key, Kind: exposure.Read}, At: now})
		s.tell(k, exposure.Reading{Connection: key, Quantity: c.Units, Began: now, At: now})
		s.tell(k, exposure.Listed{Connection: key, UpTo: now})
	}
}

// moment is a time of its own for each thing that counters tell, in the order of the log.
func (s *session) moment() time.Time {
	if now := s.o.Clock(); now.After(s.last) {
		s.last = now
	} else {
		s.last = s.last.Add(time.Microsecond)
	}
	return s.last
}

// keep writes a counter. What it came to is told by its record, in the order of the log.
func (s *session) keep(ctx context.Context, h *shop, k *sku, a exposure.Action) {
	e := events.CounterSet{SKU: k.name, Connection: h.id, Number: k.book.Numbered(h.id, a.Number), From: a.From, To: a.To, Why: a.Why}
	s.call(ctx, func(ctx context.Context) func() error {
		stale, err := s.counters().Set(ctx, e)
		return func() error {
			h.writing--
			if err != nil { // nobody knows whether it stands: all is read anew
				return fmt.Errorf("set the counter of %s: %w", e.SKU, err)
			}
			if stale {
				s.tell(k, exposure.Refused{Connection: a.Connection, Number: a.Number, Stale: true, At: s.o.Clock()})
			}
			return nil
		}
	})
}

// booked takes in a record of a SKU's listings.
func (s *session) booked(r eventlog.Record) {
	k := s.skus[r.Stream.ID]
	if k == nil || r.Stream.Kind != events.Kind {
		return
	}
	k.book.Take(r)
	e, ok := r.Event.(events.CounterSet)
	if !ok {
		return
	}
	key := listings.Key(e.Connection, e.SKU)
	c, _ := k.state.Find(key)
	for _, put := range []*exposure.Put{c.Raise, c.Lower} {
		if put != nil && k.book.Numbered(e.Connection, put.Number) == e.Number {
			s.tell(k, exposure.Accepted{Connection: key, Number: put.Number, At: s.moment()})
		}
	}
	if s.items[key] != nil {
		s.shops[e.Connection].reads[key] = true
	}
}

// weight is the share of a listing against the others of its SKU that take orders.
func (s *session) weight(k *sku, i *item) int {
	shops := map[string]bool{}
	for _, other := range s.of[k.name] {
		if c, ok := s.o.Shops.Connector(other.connection); !s.counts(other.connection) && (!ok || c.Capabilities().TakesOrders) {
			shops[other.connection] = true
		}
	}
	if s.counts(i.connection) {
		return k.demand.Counter(i.key(), len(shops))
	}
	return k.demand.Shop(i.connection, shops)
}
