package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault"
)

// What cannot be replayed.
const (
	ErrBodyGone = eventlog.Refusal("The raw webhook was deleted after 30 days. The poll reads the order itself; discard this letter.")
	ErrUnknown  = eventlog.Refusal("It is as unknown as before. Connect the shop, or discard this letter.")
	ErrNoShop   = eventlog.Refusal("The shop of this order is not connected. Connect it, then replay.")
)

// Replay takes an item up again from its first attempt: one that is quarantined, dead or of an
// unknown shop. For others nothing happens.
func (i *Ingest) Replay(ctx context.Context, number int64) error {
	item, err := i.o.Vault.Item(ctx, number)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	switch item.State {
	case vault.Quarantined, vault.Dead, vault.Unknown, vault.Pending:
	default:
		return nil
	}
	if item.BodyGone {
		return ErrBodyGone
	}
	i.take.Forget(number)
	return i.takeUp(ctx, number, "A person asked to try again.")
}

// corrected takes up the corrected copy of an item. Others about the same order are tried again with it.
func (i *Ingest) corrected(ctx context.Context, e letterevents.Corrected) error {
	was, err := i.o.Vault.Item(ctx, e.Inbox)
	for tries := 0; err == nil && was.State == vault.Pending && tries < 20; tries++ { // its letter is opened a moment before it is marked
		sleep(ctx, 50*time.Millisecond, nil)
		was, err = i.o.Vault.Item(ctx, e.Inbox)
	}
	if err != nil {
		return fmt.Errorf("correct: %w", err)
	}
	mine, err := i.o.Vault.Item(ctx, e.Copy)
	if err != nil {
		return fmt.Errorf("correct: %w", err)
	}
	if was.State == vault.Quarantined || was.State == vault.Dead {
		for _, n := range i.take.Drop(was.Subject) {
			if n != e.Inbox {
				err = errors.Join(err, i.takeUp(ctx, n, "A webhook about the same order was corrected."))
			}
		}
		i.take.Forget(e.Inbox)
		err = errors.Join(err, i.o.Vault.Mark(ctx, vault.Mark{
			Number: e.Inbox, State: vault.Superseded, Attempts: was.Attempts, Field: was.Field, Rule: was.Rule, Sample: was.Sample,
			Reason: fmt.Sprintf("A person corrected it: the copy %d was taken in its place.", e.Copy),
		}))
	}
	if err != nil || mine.State == vault.Done || mine.State == vault.Pending {
		return err // done before, or on its way
	}
	return i.takeUp(ctx, e.Copy, fmt.Sprintf("A person's corrected copy of %d.", e.Inbox))
}

// Discard lets a quarantined or dead item go, with the others about the same order.
func (i *Ingest) Discard(ctx context.Context, number int64) error {
	item, err := i.o.Vault.Item(ctx, number)
	if err != nil {
		return fmt.Errorf("discard: %w", err)
	}
	if item.State != vault.Quarantined && item.State != vault.Dead {
		return nil
	}
	marks := []vault.Mark{{Number: number, State: vault.Discarded, Reason: "A person let it go."}}
	for _, n := range i.take.Drop(item.Subject) {
		if n != number {
			marks = append(marks, vault.Mark{Number: n, State: vault.Discarded, Reason: "A person let its order go."})
		}
	}
	i.take.Forget(number)
	if err := i.o.Vault.Mark(ctx, marks...); err != nil {
		return fmt.Errorf("discard: %w", err)
	}
	i.settled()
	return nil
}

// ReplayOrder reads again an order whose letter a poll opened (letters.OrderID). When it is still
// broken, its letter opens again.
func (i *Ingest) ReplayOrder(ctx context.Context, order string) error {
	connection, id, _ := strings.Cut(order, ":")
	i.mu.Lock()
	s := i.shops[connection]
	i.mu.Unlock()
	c, ok := i.o.Connect.Connector(connection)
	if !ok || s == nil || !channels.IsID(id) {
		return ErrNoShop
	}
	read, err := c.Orders(ctx, []string{id})
	if err != nil {
		return fmt.Errorf("replay order %s: %w", order, err)
	}
	if err := i.DiscardOrder(ctx, order); err != nil {
		return err
	}
	_, err = i.take.Polled(ctx, s.Connection, read)
	return err
}

// DiscardOrder forgets that an order has a letter which a poll opened.
func (i *Ingest) DiscardOrder(ctx context.Context, order string) error {
	return i.take.DropPolled(ctx, order)
}
