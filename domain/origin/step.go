package origin

import (
	"maps"
	"slices"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/places"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Wait is the code of the wait for units to lie where orders are shipped from, or for a person to choose another location.
const Wait = "location"

func movedTag(sku string) string { return "moved:" + sku }

// givenTag names news that another order is not sent any more with units that it was to be sent with.
func givenTag(sku string) string { return "given:" + sku }

// Tags names the news that end that wait.
func Tags(e eventlog.Event) []string {
	switch e := e.(type) {
	case stockevents.Received:
		return []string{movedTag(e.SKU)}
	case stockevents.Moved:
		return []string{movedTag(e.SKU)}
	case stockevents.Adjusted:
		return []string{movedTag(e.SKU)}
	case stockevents.Returned:
		return []string{movedTag(e.SKU)}
	case stockevents.Released:
		return []string{givenTag(e.SKU)}
	case stockevents.Allotted:
		return []string{givenTag(e.SKU)}
	case events.Set:
		return []string{places.Tag}
	}
	return nil
}

// Where is the locations as a step sees them.
func Where(in flow.Input, workspace string) places.State {
	return flow.State[places.State](in, events.Stream(workspace))
}

// Is is where an order is sent from as a step sees it.
func Is(in flow.Input, workspace, order string) State {
	return flow.State[State](in, events.Origin(workspace, order))
}

// Needs are the streams that say where the orders of a package are sent from; a seller with one location has none.
func Needs(in flow.Input, workspace string, together []string) (folds []eventlog.Fold) {
	if !Where(in, workspace).Several() {
		return nil
	}
	for _, id := range apart(in.ID, together) {
		folds = append(folds, Fold(workspace, id))
	}
	return folds
}

// apart are an order and the others in its package.
func apart(id string, together []string) []string {
	all := []string{id}
	for _, other := range together {
		if other != id {
			all = append(all, other)
		}
	}
	return all
}

// Of is what a step decides about.
func Of(in flow.Input, workspace string, attempt int, together []string, stocks map[string]inventory.State) Order {
	o := Order{Workspace: workspace, ID: in.ID, Attempt: attempt, Where: Where(in, workspace), Stocks: stocks, Is: Is(in, workspace, in.ID)}
	for _, id := range apart(in.ID, together)[1:] {
		o.Beside = append(o.Beside, Is(in, workspace, id))
	}
	return o
}

// Gate decides where an order is sent from that may be sent, before its label is made or a person is asked for its parcels. Gone says
// that its parcel is out already.
func (o Order) Gate(in flow.Input, v flow.Verdict, gone bool) flow.Verdict {
	writes, missing := o.Decide()
	tags := []string{places.Tag}
	for _, sku := range slices.Sorted(maps.Keys(o.Stocks)) {
		tags = append(tags, movedTag(sku))
	}
	if v.Code() != "" { // while it waits for its parcels, a count may say that the units are not there
		v = v.For(tags...)
	}
	if missing == "" || gone || in.Flow.Attempts > 0 { // a parcel that is out, or a label that may be made already, is held back by nothing
		return v.With(writes...)
	}
	for _, sku := range slices.Sorted(maps.Keys(o.Stocks)) {
		tags = append(tags, givenTag(sku))
	}
	return flow.Wait(Wait, "The stock of this order is not where orders are shipped from: "+missing+
		". Move or receive units there, or choose another location; the order then goes on by itself.", time.Time{}, tags...).With(writes...)
}
