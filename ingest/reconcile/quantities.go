package reconcile

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/intake"
)

// maxCounted is how many listings one call reads.
const maxCounted = 600

// sum is what a listing should show: units for sale plus units sold and not shipped. A sale moves
// units from the one to the other, so only shipping and hands change it.
type sum struct {
	Units int64 `json:"units"`
	other int64 // a different sum was seen at the last look; news and reads cross, so it is asked twice
	twice bool  // other is set
	fresh bool  // read back after a restart: units may have left meanwhile
	kept  int64 // what was read back
}

// quantities looks for listed quantities that changed without a sale or a shipment.
func (p *Poller) quantities(ctx context.Context) error {
	now := p.o.Clock()
	if p.o.Quantities < 0 || !p.counted.IsZero() && !passed(p.counted, now, p.o.Quantities) {
		return nil
	}
	if p.can().HidesCommitted { // each sale would look like a hand's edit
		p.counted = now
		return nil
	}
	name := "quantities:" + p.id
	if p.o.Pushed() { // with every write of ours they change; a look after that begins anew
		p.counted, p.sums = now, map[string]*sum{}
		return p.o.Vault.SetCursor(ctx, name, "{}")
	}
	if p.sums == nil {
		value, err := p.o.Vault.Cursor(ctx, name)
		if err != nil {
			return err
		}
		p.sums = map[string]*sum{}
		if value != "" {
			if err := json.Unmarshal([]byte(value), &p.sums); err != nil {
				return fmt.Errorf("read cursor %s: %w", name, err)
			}
		}
		for _, s := range p.sums {
			s.fresh, s.kept = true, s.Units
		}
	}
	p.counted = now // when it fails, the next turn but not the next pass tries again
	read, err := p.count(ctx)
	if err != nil {
		if ctx.Err() == nil && !intake.Ours(ctx, err) {
			p.o.Health.Failed(ctx, counting, err)
		}
		return err
	}
	p.o.Health.Worked(ctx, counting)
	left := p.o.Intake.TakeLeft(p.id)
	moved := len(left) > 0
	for listing, n := range left {
		if s := p.sums[listing]; s != nil {
			s.Units, s.other = s.Units-n, s.other-n
		}
	}
	for _, q := range read {
		changed, err := p.compare(ctx, q)
		if err != nil {
			return err
		}
		moved = moved || changed
	}
	if !moved {
		return nil
	}
	value, err := json.Marshal(p.sums)
	if err != nil {
		return err
	}
	return p.o.Vault.SetCursor(ctx, name, string(value))
}

// count reads every listing's quantities.
func (p *Poller) count(ctx context.Context) ([]channels.Quantity, error) {
	c, ok := p.o.Connector()
	if !ok {
		return nil, fmt.Errorf("connection %s has no connector", p.id)
	}
	var ids []string
	next := ""
	for range maxPages {
		page, err := c.Listings(ctx, next)
		if err != nil {
			return nil, err
		}
		for _, l := range page.Listings {
			ids = append(ids, l.ListingID)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	var all []channels.Quantity
	for len(ids) > 0 {
		n := min(len(ids), maxCounted)
		read, err := c.Quantities(ctx, ids[:n])
		if err != nil && len(read) == 0 {
			return nil, err
		}
		all, ids = append(all, read...), ids[n:]
	}
	return all, nil
}

// compare holds a listing against what it should show and tells when it shows something else twice.
func (p *Poller) compare(ctx context.Context, q channels.Quantity) (moved bool, err error) {
	now := q.Available + q.Committed
	s := p.sums[q.ListingID]
	if s == nil {
		p.sums[q.ListingID] = &sum{Units: now}
		return true, nil
	}
	stream := events.Listing(p.o.Workspace, p.id, intake.Code(q.Code, q.ListingID))
	if s.fresh && !s.twice && now != s.Units {
		if err := p.catchUp(ctx, stream, q.ListingID, s); err != nil {
			return false, err
		}
	}
	switch {
	case now == s.Units:
		s.twice, s.fresh = false, false
		return false, nil
	case !s.twice || s.other != now:
		s.other, s.twice = now, true
		return false, nil
	case s.fresh && now < s.Units: // shipped while nobody looked, as far as can be known
		s.Units, s.twice, s.fresh = now, false, false
		return true, nil
	}
	e := events.InventoryChanged{Connection: p.id, Listing: q.ListingID, Code: intake.Code(q.Code, q.ListingID), From: s.Units, To: now}
	meta := p.meta(p.id + ":" + e.Code)
	if _, err := eventlog.Execute(ctx, p.o.Log, stream,
		shops.Noting[events.InventoryChanged](), e, meta); err != nil {
		return false, err
	}
	s.Units, s.twice, s.fresh = now, false, false
	return true, nil
}

// catchUp finds a change that was told before a crash kept the new sum from being kept.
func (p *Poller) catchUp(ctx context.Context, stream eventlog.Stream, listing string, s *sum) error {
	folded, err := p.o.Log.Fold(ctx, eventlog.Fold{
		Stream: stream, Name: "reconcile", Zero: func() any { return events.InventoryChanged{} },
		Evolve: func(last any, e eventlog.Event) any {
			if e, ok := e.(events.InventoryChanged); ok && e.Listing == listing {
				return e
			}
			return last
		},
	})
	if err != nil {
		return err
	}
	if last := folded.Value.(events.InventoryChanged); folded.Version > 0 && last.From == s.kept {
		s.Units += last.To - last.From
	}
	return nil
}
