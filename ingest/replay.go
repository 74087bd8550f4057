package ingest

import (
	"context"
	"fmt"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
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
