// Package intake takes in orders as a channel shows them, and keeps the letters of those that cannot be.
//
//	order ─► personal data to the vault ─► orders' rule ─► log      broken, refused ─► letter, quarantine
//
// Webhooks and polls both end here, so news of an order is the same whichever brought it: the same
// again yields nothing, and an order that is taken in after all closes the letter it had.
package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/aftersales"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/ingest/lanes"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/vault"
)

// older begins the cause of what was read although it was placed long ago.
const older = "backfill:"

const (
	atOnce     = 16     // orders of one read that are taken in at the same time; they share commits
	remembered = 20_000 // orders whose last news are known without asking the log
)

// Intake takes in orders. Its methods may be called from many goroutines.
type Intake struct {
	log       *eventlog.Log
	vault     *vault.Vault
	workspace string
	known     *lanes.Memory[[32]byte] // by order id

	told *lanes.Memory[bool] // letters about what nobody knows

	people [64]turn // taken while a person's addresses are read and written; each for a part of the people

	opening turn // taken while a letter is opened: a webhook and a poll may meet an order at once

	mu     sync.Mutex                  // guards all below
	units  map[string]map[string]int64 // that left the channel's committed quantity, by connection and listing
	orders map[string]*trouble         // that could not be taken in, by order id
	items  map[int64]string            // quarantined and dead items, with their connection
}

// New makes an Intake.
func New(log *eventlog.Log, v *vault.Vault, workspace string) *Intake {
	t := &Intake{
		opening: newTurn(), log: log, vault: v, workspace: workspace, known: lanes.NewMemory[[32]byte](remembered), told: lanes.NewMemory[bool](remembered),
		units: map[string]map[string]int64{}, orders: map[string]*trouble{}, items: map[int64]string{},
	}
	for i := range t.people {
		t.people[i] = newTurn()
	}
	return t
}

// Taken is what taking in an order led to.
type Taken struct {
	Person   string   `json:"-"`                 // the reference to the buyer, if there is one
	Events   []string `json:"events,omitzero"`   // names
	Left     bool     `json:"left,omitzero"`     // its units left the channel's committed quantity
	Replaced bool     `json:"replaced,omitzero"` // only late news, kept as superseded
}

// Result is what became of one order.
type Result struct {
	Taken   Taken
	Invalid *channels.Invalid // it cannot be read, or the rule refuses it
	Err     error             // it could not be taken in now
}

// Ours says that a failure is this machine's: full, away or fenced, or the program is ending.
func Ours(ctx context.Context, err error) bool {
	return ctx.Err() != nil || eventlog.Passing(err) || errors.Is(err, eventlog.ErrFenced)
}

// ObserveAll takes in orders, a few at a time, and tells what became of each. Cause names what brought
// an order: "inbox:<number>", "poll:<connection>" or "backfill:<connection>".
func (t *Intake) ObserveAll(ctx context.Context, c channels.Connection, list []channels.Order, cause func(id string) string) map[string]Result {
	results := make(map[string]Result, len(list))
	var mu sync.Mutex
	var wg sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, o := range list {
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			var r Result
			r.Taken, r.Err = t.Observe(ctx, c, o, cause(o.ID))
			var no eventlog.Refusal
			if errors.As(r.Err, &no) {
				r.Invalid, r.Err = &channels.Invalid{Record: o.ID, Rule: no.Error()}, nil
			}
			mu.Lock()
			results[o.ID] = r
			mu.Unlock()
		})
	}
	wg.Wait()
	return results
}

// Observe takes in an order: personal data first, then the rule, then the log. The same again yields
// nothing. A Refusal is the rule's "no".
func (t *Intake) Observe(ctx context.Context, c channels.Connection, o channels.Order, cause string) (Taken, error) {
	if o.Payment != nil {
		return t.observePayment(ctx, c, *o.Payment, cause)
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return Taken{}, fmt.Errorf("encode order %s: %w", o.ID, err)
	}
	order, sum := orders.ID(c.ID, o.ID), sha256.Sum256(raw)
	person := t.personID(c, o)
	if last, ok := t.known.Get(order); ok && last == sum {
		return Taken{Person: person}, t.mended(ctx, order) // this very news was taken in before
	}
	if old := strings.HasPrefix(cause, older); !old || !slices.Contains(shipped, string(o.Status)) && o.Status != channels.StatusCancelled {
		if err := t.keepAddress(ctx, person, o); err != nil { // nobody sends anything of old orders that are over
			return Taken{}, err
		}
	}
	failpoint.Hit(failpoint.AddressKept)
	n := news(c, o, person)
	n.Destination = events.Destination{Address: t.addressOf(o.Recipient), Mismatch: o.BilledElsewhere}
	out, err := t.decide(ctx, order, n, o.Refunded, cause)
	if err != nil {
		return Taken{}, fmt.Errorf("take in order %s: %w", order, err)
	}
	// Before what may fail: the same again will not tell it. What is first met long after it left had left before anybody counted.
	if out.Left && !(strings.HasPrefix(cause, older) && slices.Contains(out.Events, events.Placed{}.EventName())) {
		t.left(c.ID, o)
	}
	for _, claim := range o.Claims { // after their order: one that is completed has done something to it
		names, err := t.ObserveClaim(ctx, c, claim, cause)
		if err != nil {
			return Taken{}, err
		}
		out.Events = append(out.Events, names...)
	}
	out.Person = person
	t.known.Put(order, sum)
	return out, t.mended(ctx, order)
}

// decide has the rules judge the news inside the log and tells what they led to.
func (t *Intake) decide(ctx context.Context, order string, n orders.News, refunded money.Money, cause string) (out Taken, err error) {
	rule, stream := orders.Observing(), events.Stream(t.workspace, order)
	outcome, err := t.log.Execute(ctx, eventlog.Request{
		Folds: []eventlog.Fold{rule.Fold(stream)},
		Meta:  eventlog.Meta{Actor: "channel:" + n.Connection, Cause: cause, Correlation: order, Occurred: n.Updated},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			s, n := states[0].Value.(orders.State), n
			if sent(s, n, strings.HasPrefix(cause, older)) {
				n.Status = orders.Transit
			}
			decided, err := rule.Decide(s, n)
			if err != nil {
				return eventlog.Decision{}, err
			}
			if refunded.Minor > 0 {
				for _, e := range decided {
					s = rule.Evolve(s, e)
				}
				decided = append(decided, aftersales.GivenBack(s, refunded)...)
			}
			if len(decided) == 0 {
				return eventlog.Decision{}, nil
			}
			result, err := json.Marshal(describe(decided))
			return eventlog.Decision{Writes: []eventlog.Decided{{Stream: stream, Events: decided}}, Result: result}, err
		},
	})
	if err != nil || len(outcome.Result) == 0 {
		return Taken{}, err
	}
	return out, json.Unmarshal(outcome.Result, &out)
}

// sent says that an order is on its way although its channel does not say so. By a carrier of the seller's own many are sent whole of
// which no channel ever tells more: such an order from long ago must not take stock now. The same word of the channel means the same
// from then on.
func sent(s orders.State, n orders.News, old bool) bool {
	if !n.SellerShips || n.Status != orders.Arranged {
		return false
	}
	return old && !s.Known() || s.Placed.Status == orders.Transit && s.Vendor == n.Vendor
}

// shipped are the states in which a channel no longer counts an order's units as committed.
var shipped = []string{orders.Arranged, orders.Transit, orders.Delivered, orders.Completed}

func describe(decided []eventlog.Event) Taken {
	var out Taken
	for _, e := range decided {
		if _, same := e.(events.Confirmed); same {
			continue // nothing that a screen shows has changed
		}
		out.Events = append(out.Events, e.EventName())
		switch e := e.(type) {
		case events.Placed:
			out.Left = slices.Contains(shipped, e.Status)
		case events.StatusChanged:
			out.Left = slices.Contains(shipped, e.To) && !slices.Contains(shipped, e.From)
		case events.Superseded:
			out.Replaced = true
		}
	}
	return out
}

func news(c channels.Connection, o channels.Order, person string) orders.News {
	n := orders.News{
		Connection: c.ID, Channel: c.Channel, ChannelID: o.ID, Status: string(o.Status), Vendor: o.Vendor, Total: o.Total, Buyer: person,
		Packages: o.Packages, Created: o.Created, Updated: o.Updated, Paid: o.Paid, ShipBy: o.ShipBy, SelfShips: o.SelfShips, SellerShips: o.SellerShips, Cancel: o.Cancel, CancelBy: o.CancelBy, Owed: o.Owed,
	}
	for _, l := range o.Lines {
		n.Lines = append(n.Lines, events.Line{
			Listing: l.ListingID, Code: Code(l.Code, l.ListingID), Name: l.Name, Quantity: l.Quantity, Price: l.Price,
		})
	}
	return n
}

// Code is a seller's code as it is compared: NFC, without spaces at its ends. A listing without one
// goes by the channel's own id, so that a person can still map it.
func Code(code, listing string) string {
	return cmp.Or(strings.TrimSpace(norm.NFC.String(code)), listing)
}

// left notes units that the channel no longer counts as committed.
func (t *Intake) left(connection string, o channels.Order) {
	t.mu.Lock()
	defer t.mu.Unlock()
	units := t.units[connection]
	if units == nil {
		units = map[string]int64{}
		t.units[connection] = units
	}
	for _, l := range o.Lines {
		units[l.ListingID] += l.Quantity
	}
}

// TakeLeft tells how many units of each listing have left the channel's committed quantity since it
// was asked last.
func (t *Intake) TakeLeft(connection string) map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	units := t.units[connection]
	delete(t.units, connection)
	return units
}
