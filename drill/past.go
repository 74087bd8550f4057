package drill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/folder"
)

const (
	pastSKUs    = 10 // that only the past knows
	pastCommits = 60 // a month
)

// Past makes a log on an empty data folder that has a number of months behind it, the last of them two
// before the present one: deliveries of SKUs that nothing else of a drill touches. The first hubs find
// months to close.
func (c *Campaign) Past(ctx context.Context, data string, months int) (err error) {
	f, err := folder.Open(data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stores, err := engine.Open(ctx, f, c.o.DB, quiet)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stores.Close()) }()
	now := time.Now().UTC()
	clock := time.Date(now.Year(), now.Month()-time.Month(months)-1, 1, 0, 0, 0, 0, time.UTC)
	log, err := eventlog.Open(ctx, stores.Log, eventlog.Options{Decode: events.Decode, Clock: func() time.Time { return clock }})
	if err != nil {
		return err
	}
	if at := log.Head().Position; at > 0 {
		return fmt.Errorf("the log has %d events already: the past comes first", at)
	}
	err = hub.Together(ctx, log.Run, func(ctx context.Context) error {
		for n := range months * pastCommits {
			sku := fmt.Sprintf("OLD-%d", n%pastSKUs)
			receive := inventory.Receive{SKU: sku, Name: sku, Quantity: 1, Reason: fmt.Sprintf("delivery %d", n)}
			stream := inventory.Fold(workspace.Main, sku).Stream
			if _, err := eventlog.Execute(ctx, log, stream, inventory.Receiving(), receive, eventlog.Meta{Actor: "user:drill"}); err != nil {
				return err
			}
			if (n+1)%pastCommits == 0 && n+1 < months*pastCommits {
				clock = clock.AddDate(0, 1, 0) // nothing is under way
			}
		}
		return errDone
	})
	if !errors.Is(err, errDone) {
		return fmt.Errorf("make the past: %w", err)
	}
	return nil
}
