// Package statement holds what the log says of the money of orders that were entered here against what the payment partner shows.
//
//	the partner's payments of some days ─┐
//	the orders of those days, by the log ┴─► domain/audit says in what each differs, and what to do
package statement

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/audit"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Fresh is how long an order is left alone after its last event: its money may be on its way.
const Fresh = 10 * time.Minute

// longest bounds one comparison.
const longest = 10 * time.Minute

// Enough is how many differences are told; more are only counted.
const Enough = 50

// Log is what is read of the event log.
type Log interface {
	ReadStream(ctx context.Context, s eventlog.Stream, after eventlog.Version, limit int) ([]eventlog.Record, error)
}

// Shops opens connections.
type Shops interface {
	Connections() []channels.Connection
	Connector(id string) (channels.Connector, bool)
}

// Options are what a comparison needs; all of them.
type Options struct {
	Log       Log
	Views     projection.Store
	Shops     Shops
	Workspace string
	Clock     func() time.Time
}

// Account is one connection's comparison.
type Account struct {
	Connection  string   `json:"connection"`
	Name        string   `json:"name"`
	Skipped     string   `json:"skipped,omitzero"` // why it was not compared, or not to the end
	Payments    int      `json:"payments"`         // that the partner shows
	Orders      int      `json:"orders"`           // that were compared
	Moving      int      `json:"moving"`           // orders that were left alone
	Count       int      `json:"count"`
	Differences []string `json:"differences"` // the first of them, each with its order and what to do
}

// Compare compares the last days of every connection by which orders are entered here.
func Compare(ctx context.Context, o Options, days int) (all []Account, err error) {
	ctx, done := context.WithTimeout(ctx, longest)
	defer done()
	for _, c := range o.Shops.Connections() {
		connector, _ := o.Shops.Connector(c.ID)
		at, ok := connector.(channels.Statement)
		if !ok {
			continue
		}
		a := Account{Connection: c.ID, Name: c.Name, Differences: []string{}}
		if !at.Charges() {
			a.Skipped = "no payment partner is connected, so no card is charged"
		} else if err := o.compare(ctx, at, &a, o.Clock().AddDate(0, 0, -days)); err != nil {
			var away *channels.Failure
			if !errors.As(err, &away) && ctx.Err() == nil {
				return nil, err
			}
			a.Skipped = "the payment partner could not be asked to the end: " + strings.TrimSuffix(err.Error(), ".")
		}
		all = append(all, a)
	}
	return all, nil
}

func (o Options) compare(ctx context.Context, at channels.Statement, a *Account, from time.Time) error {
	shown := map[string][]audit.Shown{} // by the order's id
	for p, err := range at.Payments(ctx, from, o.Clock()) {
		if err != nil {
			return err
		}
		a.Payments++
		id := orders.ID(a.Connection, p.Order)
		shown[id] = append(shown[id], payment(p))
	}
	entered, err := o.entered(ctx, a.Connection, from)
	if err != nil {
		return err
	}
	all := slices.AppendSeq(entered, maps.Keys(shown))
	slices.Sort(all)
	for _, id := range slices.Compact(all) {
		if err := o.order(ctx, at, a, id, shown[id]); err != nil {
			return err
		}
	}
	return nil
}

// order compares one order, whose payments were shown unless they were begun before the time that is compared.
func (o Options) order(ctx context.Context, at channels.Statement, a *Account, id string, shown []audit.Shown) error {
	records, err := o.Log.ReadStream(ctx, orderevents.Stream(o.Workspace, id), 0, 1000)
	if err != nil {
		return fmt.Errorf("read the order %s: %w", id, err)
	}
	c := audit.ChargeOf(records)
	switch {
	case c.Order == "" && len(records) > 0, c.Order != "" && c.Card == "" && len(shown) == 0:
		return nil
	case o.Clock().Sub(c.Last) < Fresh:
		a.Moving++
		return nil
	}
	if c.Owes() && !slices.ContainsFunc(shown, func(s audit.Shown) bool { return s.Taken > 0 }) {
		list, err := at.PaymentsOf(ctx, id)
		if err != nil {
			return err
		}
		shown = nil
		for _, p := range list {
			shown = append(shown, payment(p))
		}
	}
	a.Orders++
	for _, d := range audit.Differ(c, shown) {
		if a.Count++; a.Count <= Enough {
			a.Differences = append(a.Differences, "Order "+id+": "+d)
		}
	}
	return nil
}

// entered are the ids of the orders that were entered since a time.
func (o Options) entered(ctx context.Context, connection string, from time.Time) (ids []string, err error) {
	for f := (orders.Filter{Connection: connection, Limit: 200}); ; {
		var rows []orders.Row
		err := o.Views.Read(ctx, func(r projection.Reader) (err error) {
			rows, _, f.After, err = orders.List(ctx, r, f)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list the orders of %s: %w", connection, err)
		}
		for _, row := range rows {
			if row.PlacedAt.Before(from) {
				f.After = ""
				break
			}
			ids = append(ids, row.ID)
		}
		if f.After == "" {
			return ids, nil
		}
	}
}

func payment(p channels.Payment) audit.Shown {
	s := audit.Shown{ID: p.ID, Amount: p.Amount, Reserved: p.Reserved, Taken: p.Taken.Minor, Refunded: p.Refunded.Minor, Disputes: map[string]string{}}
	for _, d := range p.Disputes {
		s.Disputes[d.ID] = d.Status
	}
	return s
}
