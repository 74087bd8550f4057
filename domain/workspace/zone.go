package workspace

import (
	"context"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Zone reads in which zone a workspace's day begins, from the log.
func Zone(ctx context.Context, log *eventlog.Log, workspace string) (*time.Location, error) {
	state, err := log.Fold(ctx, Configuring().Fold(events.Stream(workspace)))
	if err != nil {
		return nil, err
	}
	return Row{Zone: state.Value.(State).Now.Zone}.Location(), nil
}
