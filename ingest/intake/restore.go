package intake

import (
	"context"
	"encoding/json"
	"fmt"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/vault"
)

// Restore finds out which orders are in trouble.
func (t *Intake) Restore(ctx context.Context) error {
	if err := t.restorePolled(ctx); err != nil {
		return err
	}
	const page = 500
	for after := int64(0); ; {
		items, err := t.vault.Listed(ctx, []string{vault.Quarantined, vault.Dead}, after, page)
		if err != nil {
			return err
		}
		for _, item := range items {
			after = item.Number
			if err := t.restoreItem(ctx, item); err != nil {
				return err
			}
		}
		if len(items) < page {
			return nil
		}
	}
}

func (t *Intake) restorePolled(ctx context.Context) error {
	value, err := t.vault.Cursor(ctx, polledCursor)
	if err != nil || value == "" {
		return err
	}
	var polled []string
	if err := json.Unmarshal([]byte(value), &polled); err != nil {
		return fmt.Errorf("read cursor %s: %w", polledCursor, err)
	}
	for _, order := range polled {
		state, err := t.state(ctx, letters.OrderID(order))
		if err != nil {
			return err
		}
		if state.Open {
			t.mu.Lock()
			t.add(order, state.Last.Connection, letters.OrderID(order), 0)
			t.show(order)
			t.mu.Unlock()
		}
	}
	return nil
}

func (t *Intake) restoreItem(ctx context.Context, item vault.Item) error {
	letter := letters.InboxID(item.Number)
	state, err := t.state(ctx, letter)
	if err != nil {
		return err
	}
	if !state.Known {
		letter = "" // it shares its order's
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(item.Subject, item.Connection, letter, item.Number)
	if item.State == vault.Quarantined {
		t.show(item.Subject)
	}
	return nil
}

func (t *Intake) state(ctx context.Context, letter string) (letters.State, error) {
	folded, err := t.log.Fold(ctx, letters.Resolving().Fold(letterevents.Stream(t.workspace, letter)))
	if err != nil {
		return letters.State{}, err
	}
	return folded.Value.(letters.State), nil
}
