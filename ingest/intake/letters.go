package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/lanes"
	"github.com/creatorflow/creatorflow/vault"
)

// trouble is an order that could not be taken in. It has one letter, however often it is met.
type trouble struct {
	letter string
	items  []int64
	shown  bool // the channel shows it, so it was sold
}

// show notes that the channel shows an order that is in trouble. The caller holds the lock.
func (t *Intake) show(order string) {
	if found := t.orders[order]; found != nil {
		found.shown = true
	}
}

// maxTroubles are kept in memory; beyond, an order may have several letters.
const maxTroubles = 10_000

// add notes that an order has a letter, and which item is about it. The caller holds the lock.
func (t *Intake) add(order, connection, letter string, item int64) {
	found := t.orders[order]
	if found == nil {
		found = &trouble{}
		if order != "" && len(t.orders) < maxTroubles {
			t.orders[order] = found
		}
	}
	if found.letter == "" {
		found.letter = letter
	}
	if item == 0 {
		return
	}
	if !slices.Contains(found.items, item) {
		found.items = append(found.items, item)
	}
	if len(t.items) < maxTroubles {
		t.items[item] = connection
	}
}

// Quarantined counts a connection's items that are quarantined or dead.
func (t *Intake) Quarantined(connection string) (n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.items {
		if c == connection {
			n++
		}
	}
	return n
}

// Missing says whether a connection shows an order that cannot be taken in and of which the log knows nothing.
func (t *Intake) Missing(ctx context.Context, connection string) (bool, error) {
	var troubled []string
	t.mu.Lock()
	for order, found := range t.orders {
		if found.shown && strings.HasPrefix(order, orders.ID(connection, "")) {
			troubled = append(troubled, order)
		}
	}
	t.mu.Unlock()
	for _, order := range troubled {
		folded, err := t.log.Fold(ctx, orders.Fold(t.workspace, order))
		if err != nil {
			return false, fmt.Errorf("read order %s: %w", order, err)
		}
		if !folded.Value.(orders.State).Known() {
			return true, nil
		}
	}
	return false, nil
}

// Hold quarantines a job because one of its orders, or the webhook itself (order ""), cannot be taken
// in. It gets a letter, unless its order has one.
func (t *Intake) Hold(ctx context.Context, j *lanes.Job, order string, v channels.Invalid) (vault.Mark, error) {
	m := vault.Mark{
		Number: j.Number, State: vault.Quarantined, Attempts: j.Attempts, Reason: sentence(v), Field: v.Field, Rule: v.Rule, Sample: v.Sample,
		Connection: j.Shop, Subject: order, Person: j.Person,
	}
	return m, t.letter(ctx, &m)
}

// Die gives up on a job that was tried often enough.
func (t *Intake) Die(ctx context.Context, j *lanes.Job, order, reason string) (vault.Mark, error) {
	m := vault.Mark{
		Number: j.Number, State: vault.Dead, Attempts: j.Attempts, Reason: fmt.Sprintf("Tried %d times. %s", j.Attempts, reason),
		Connection: j.Shop, Subject: order, Person: j.Person,
	}
	return m, t.letter(ctx, &m)
}

// sentence says what is wrong with a record.
func sentence(v channels.Invalid) string {
	switch {
	case v.Field == "":
		return v.Rule // a rule's own sentence
	case strings.HasPrefix(v.Record, "webhook"):
		return fmt.Sprintf("The webhook cannot be read: %s %s.", v.Field, v.Rule)
	}
	return fmt.Sprintf("The order %s cannot be taken in: %s %s.", v.Record, v.Field, v.Rule)
}

func (t *Intake) letter(ctx context.Context, m *vault.Mark) error {
	if err := t.opening.take(ctx); err != nil {
		return err
	}
	defer t.opening.give()
	own := letters.InboxID(m.Number)
	t.mu.Lock()
	found, has := t.orders[m.Subject], ""
	if found != nil && found.letter != own {
		has = found.letter
	}
	t.mu.Unlock()
	if has != "" {
		m.Reason += " The letter " + has + " is about the same order."
	} else if err := t.open(ctx, letterevents.Opened{
		Letter: own, Inbox: m.Number, Connection: m.Connection, Subject: m.Subject, Field: m.Field, Rule: m.Rule, Sample: m.Sample,
		Reason: m.Reason, Attempts: m.Attempts,
	}); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(m.Subject, m.Connection, own, m.Number)
	if m.State == vault.Quarantined {
		t.show(m.Subject)
	}
	return nil
}

func (t *Intake) open(ctx context.Context, e letterevents.Opened) error {
	actor, cause := "system:ingest", fmt.Sprintf("inbox:%d", e.Inbox)
	if e.Connection != "" {
		actor = "channel:" + e.Connection
	}
	if e.Inbox == 0 {
		cause = "poll:" + e.Connection
	}
	_, err := eventlog.Execute(ctx, t.log, letterevents.Stream(t.workspace, e.Letter), letters.Opening(), e,
		eventlog.Meta{Actor: actor, Cause: cause, Correlation: e.Letter})
	if err != nil {
		return fmt.Errorf("open letter %s: %w", e.Letter, err)
	}
	return nil
}

// Once opens a letter about what keeps coming: webhooks of a shop or a type nobody knows, a claim that cannot be read. A
// person who lets the letter go is not told again.
func (t *Intake) Once(ctx context.Context, e letterevents.Opened) error {
	if err := t.opening.take(ctx); err != nil {
		return err
	}
	defer t.opening.give()
	if told, _ := t.told.Get(e.Letter); told {
		return nil
	}
	state, err := t.state(ctx, e.Letter)
	if err == nil && !state.Known {
		err = t.open(ctx, e)
	}
	if err == nil {
		t.told.Put(e.Letter, true)
	}
	return err
}

// Close says that what a letter is about was taken in; nothing happens when it is not open.
func (t *Intake) Close(ctx context.Context, letter string) error {
	_, err := eventlog.Execute(ctx, t.log, letterevents.Stream(t.workspace, letter), letters.Resolving(),
		letterevents.Resolved{Letter: letter}, eventlog.Meta{Actor: "system:ingest", Cause: "ingest", Correlation: letter})
	if err != nil {
		return fmt.Errorf("close letter %s: %w", letter, err)
	}
	return nil
}

// Polled takes in a page that a call of ours brought. What is broken gets a letter; an error is this
// machine's.
func (t *Intake) Polled(ctx context.Context, c channels.Connection, read channels.Page) (map[string]Result, error) {
	return t.page(ctx, c, read, "poll:"+c.ID)
}

// Older takes in a page of orders that were placed long ago, as Polled does.
func (t *Intake) Older(ctx context.Context, c channels.Connection, read channels.Page) (map[string]Result, error) {
	return t.page(ctx, c, read, older+c.ID)
}

func (t *Intake) page(ctx context.Context, c channels.Connection, read channels.Page, cause string) (map[string]Result, error) {
	results := t.ObserveAll(ctx, c, read.Orders, func(string) string { return cause })
	for id, r := range results {
		switch {
		case r.Err != nil && Ours(ctx, r.Err):
			return nil, r.Err
		case r.Err != nil: // this order's alone: it must not keep the others from being read
			r.Invalid = &channels.Invalid{Record: id, Rule: "The order could not be taken in: " + channels.Short(r.Err.Error(), 200)}
		}
		if r.Invalid != nil {
			if err := t.broken(ctx, c, *r.Invalid); err != nil {
				return nil, err
			}
		}
	}
	for _, v := range read.Invalid {
		if err := t.broken(ctx, c, v); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// broken opens a letter for an order that only a poll met.
func (t *Intake) broken(ctx context.Context, c channels.Connection, v channels.Invalid) error {
	order := c.ID + ":" + v.Record
	if !channels.IsID(v.Record) {
		order = c.ID + ":unreadable"
	}
	if err := t.opening.take(ctx); err != nil {
		return err
	}
	defer t.opening.give()
	t.mu.Lock()
	_, known := t.orders[order]
	t.show(order)
	t.mu.Unlock()
	if known {
		return nil
	}
	letter := letters.OrderID(order)
	t.mu.Lock()
	t.add(order, c.ID, letter, 0)
	t.show(order)
	t.mu.Unlock()
	err := t.savePolled(ctx) // first: a letter that nobody remembers would never close
	if err == nil {
		err = t.open(ctx, letterevents.Opened{
			Letter: letter, Connection: c.ID, Subject: order, Field: v.Field, Rule: v.Rule, Sample: v.Sample, Reason: sentence(v),
		})
	}
	if err != nil {
		t.Drop(order) // the next poll opens it
	}
	return err
}

// mended closes what is open about an order, because it was taken in.
func (t *Intake) mended(ctx context.Context, order string) error {
	t.mu.Lock()
	found := t.orders[order]
	if found == nil {
		t.mu.Unlock()
		return nil
	}
	letter, items := found.letter, slices.Clone(found.items)
	t.mu.Unlock()
	if err := t.Close(ctx, letter); err != nil {
		return err
	}
	var marks []vault.Mark
	for _, n := range items {
		marks = append(marks, vault.Mark{Number: n, State: vault.Done, Reason: "Its order was taken in after all."})
	}
	if err := t.vault.Mark(ctx, marks...); err != nil {
		return err
	}
	t.Drop(order)
	if letter == letters.OrderID(order) {
		return t.savePolled(ctx)
	}
	return nil
}

// Reopen opens a letter again whose replay could not be tried.
func (t *Intake) Reopen(ctx context.Context, e letterevents.Opened) error {
	state, err := t.state(ctx, e.Letter)
	if err != nil {
		return err
	}
	last := state.Last
	last.Letter, last.Inbox, last.Reason = e.Letter, cmp.Or(e.Inbox, last.Inbox), e.Reason
	return t.open(ctx, last)
}

// Resolve closes the letter of an item that was taken in.
func (t *Intake) Resolve(ctx context.Context, number int64) error {
	if err := t.Close(ctx, letters.InboxID(number)); err != nil {
		return err
	}
	t.Forget(number)
	return nil
}

// Forget says that an item is no longer quarantined or dead.
func (t *Intake) Forget(number int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.items, number)
}

// Drop forgets an order's trouble and returns the items that were about it.
func (t *Intake) Drop(order string) []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.orders[order]
	if found == nil {
		return nil
	}
	delete(t.orders, order)
	for _, n := range found.items {
		delete(t.items, n)
	}
	return found.items
}

// polledCursor names the vault's cursor that lists the orders whose letters a poll opened: no inbox
// item stands for those.
const polledCursor = "ingest/letters"

func (t *Intake) savePolled(ctx context.Context) error {
	t.mu.Lock()
	list := []string{}
	for order, found := range t.orders {
		if found.letter == letters.OrderID(order) {
			list = append(list, order)
		}
	}
	t.mu.Unlock()
	slices.Sort(list)
	value, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return t.vault.SetCursor(ctx, polledCursor, string(value))
}

// DropPolled forgets that an order has a letter which a poll opened.
func (t *Intake) DropPolled(ctx context.Context, order string) error {
	t.Drop(order)
	return t.savePolled(ctx)
}
