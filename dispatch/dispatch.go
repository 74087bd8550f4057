// Package dispatch carries the fulfilment flow's calls to the connectors and keeps what comes back.
//
//	flow ─► Desk.Label ─► connector: arrange, then the label file ─► vault ─► the flow's events (references)
//	flow ─► Desk.Shown ─► connector: the order as the channel shows it
//
// Both may run twice. What cannot be known (a request without an answer) may still take effect: it is
// left alone for a while and read back before anything is asked for again, so no package is shipped twice.
package dispatch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/twin"
	"github.com/creatorflow/creatorflow/vault"
)

// Connectors finds a connection's connector; *connect.Registry is one.
type Connectors interface {
	Connector(id string) (channels.Connector, bool)
}

// Labels keeps label files; *vault.Vault is one.
type Labels interface {
	PutLabel(ctx context.Context, l vault.Label) error
	Label(ctx context.Context, id string) (vault.Label, error)
}

// Desk implements fulfilment.Desk.
type Desk struct {
	shops Connectors
	vault Labels
}

var _ fulfilment.Desk = (*Desk)(nil)

// New makes a Desk.
func New(shops Connectors, kept Labels) *Desk { return &Desk{shops: shops, vault: kept} }

// LabelID is the id of a package's label: the same for every try, and telling nothing by itself.
func LabelID(order, pkg string) string {
	sum := sha256.Sum256([]byte(order + "\x00" + pkg))
	return "l" + hex.EncodeToString(sum[:12])
}

// How long to wait where the channel does not say.
const (
	packPause  = 10 * time.Second // for packages and orders that are not shown yet
	labelPause = time.Second      // for a label that is being made, and for a request that surely did nothing
	lookPause  = time.Minute      // for what the channel's or the connection's news end
)

const mendAuth = "Connect the shop again; the order then goes on by itself."

func gone(sentence string) *fulfilment.Trouble {
	return &fulfilment.Trouble{Sentence: sentence + " Waiting for the channel's own news of it.", Wait: fulfilment.WaitChannel, After: lookPause}
}

// Label implements fulfilment.Desk. Of several packages the label of the first is named; each one's
// is kept under its LabelID.
func (d *Desk) Label(ctx context.Context, p fulfilment.Parcel, again bool) (fulfilment.Labelled, error) {
	c, err := d.connector(p)
	if err != nil {
		return fulfilment.Labelled{}, err
	}
	packages, err := d.packages(ctx, c, p)
	if err != nil {
		return fulfilment.Labelled{}, err
	}
	var out fulfilment.Labelled
	var tracking []string
	for i, pkg := range packages {
		one, err := d.label(ctx, c, p, pkg, again)
		if err != nil {
			return fulfilment.Labelled{}, err
		}
		if i == 0 {
			out = one
		}
		if one.Tracking != "" {
			tracking = append(tracking, one.Tracking)
		}
	}
	out.Tracking = strings.Join(tracking, ", ")
	return out, nil
}

func (d *Desk) connector(p fulfilment.Parcel) (channels.Connector, error) {
	c, ok := d.shops.Connector(p.Connection)
	if !ok {
		return nil, &fulfilment.Trouble{
			Sentence: fmt.Sprintf("The shop %s is not connected. %s", p.Connection, mendAuth), Wait: fulfilment.WaitAuthorisation, After: lookPause,
		}
	}
	return c, nil
}

// packages asks for the packages of an order when its news did not name them.
func (d *Desk) packages(ctx context.Context, c channels.Connector, p fulfilment.Parcel) ([]string, error) {
	if len(p.Packages) > 0 {
		return p.Packages, nil
	}
	order, err := d.order(ctx, c, p)
	if err != nil {
		return nil, err
	}
	if len(order.Packages) == 0 {
		return nil, &fulfilment.Trouble{Sentence: "The channel has made no package for this order yet.", After: packPause}
	}
	return order.Packages, nil
}

func (d *Desk) order(ctx context.Context, c channels.Connector, p fulfilment.Parcel) (channels.Order, error) {
	page, err := c.Orders(ctx, []string{p.ChannelID})
	switch {
	case err != nil:
		return channels.Order{}, trouble("read the order", err)
	case len(page.Invalid) > 0:
		i := page.Invalid[0]
		return channels.Order{}, &fulfilment.Trouble{
			Sentence: fmt.Sprintf("The channel shows the order in a form that cannot be read: %s %s. Look at the order on the channel, then retry.", i.Field, i.Rule),
			Person:   true,
		}
	case len(page.Orders) == 0:
		return channels.Order{}, &fulfilment.Trouble{Sentence: "The channel does not show this order just now.", After: packPause}
	case page.Orders[0].Status == channels.StatusCancelled:
		return channels.Order{}, gone("The channel says that the order was cancelled.")
	}
	return page.Orders[0], nil
}

// label arranges one package and keeps its label. The kept label says that all of it was done.
func (d *Desk) label(ctx context.Context, c channels.Connector, p fulfilment.Parcel, pkg string, again bool) (fulfilment.Labelled, error) {
	id := LabelID(p.Order, pkg)
	again = again && !twin.NoLook
	if again {
		kept, err := d.vault.Label(ctx, id)
		switch {
		case err == nil, errors.Is(err, vault.ErrGone):
			return fulfilment.Labelled{Label: id, Type: kept.Type, Tracking: kept.Tracking}, nil
		case !errors.Is(err, vault.ErrNotFound):
			return fulfilment.Labelled{}, fmt.Errorf("look for the label: %w", err)
		}
	}
	shipment, err := d.arrange(ctx, c, pkg, again)
	if err != nil {
		return fulfilment.Labelled{}, err
	}
	file, err := c.Label(ctx, pkg)
	if channels.ClassOf(err) == channels.Rejected {
		err = d.refused(ctx, c, p, pkg, err)
	}
	if err != nil {
		return fulfilment.Labelled{}, trouble("fetch the label", err)
	}
	out := fulfilment.Labelled{Label: id, Type: file.Type, Tracking: file.Tracking, Carrier: shipment.Carrier}
	if out.Tracking == "" {
		out.Tracking = shipment.Tracking
	}
	err = d.vault.PutLabel(ctx, vault.Label{ID: id, Person: p.Person, Type: out.Type, Tracking: out.Tracking, File: file.File})
	if err != nil {
		return fulfilment.Labelled{}, fmt.Errorf("keep the label: %w", err)
	}
	failpoint.Hit(failpoint.LabelKept)
	return out, nil
}

// refused looks at what a label was refused for before a person is called: a request to ship may have
// been accepted and not carried out, and of a parcel that left without us there is no label any more.
func (d *Desk) refused(ctx context.Context, c channels.Connector, p fulfilment.Parcel, pkg string, refusal error) error {
	_, arranged, err := c.Package(ctx, pkg)
	if err != nil {
		return err
	}
	if !arranged {
		return &fulfilment.Trouble{
			Sentence: "The channel took the request to ship and has not carried it out yet. It gets " + settling + " for that; then we look, and ask again only if it has not.",
			Unsure:   true,
		}
	}
	order, err := d.order(ctx, c, p)
	if err != nil {
		return err
	}
	switch order.Status {
	case channels.StatusTransit, channels.StatusDelivered, channels.StatusCompleted:
		return &fulfilment.Trouble{
			Sentence: "The channel shows the parcel as sent and makes no label any more. Waiting for the channel's own news of it.",
			Wait:     fulfilment.WaitChannel, After: lookPause,
		}
	}
	return refusal
}

// arrange arranges a package once: after a try whose outcome is not known it looks first.
func (d *Desk) arrange(ctx context.Context, c channels.Connector, pkg string, again bool) (channels.Shipment, error) {
	if again {
		shipment, arranged, err := c.Package(ctx, pkg)
		if err != nil {
			return channels.Shipment{}, trouble("read the package", err)
		}
		if arranged {
			shipment.Already = true
			return shipment, nil
		}
	}
	failpoint.Hit(failpoint.ArrangeBefore)
	within, cancel := inTime(ctx)
	defer cancel()
	shipment, err := c.Arrange(within, pkg)
	failpoint.Hit(failpoint.ArrangeAfter)
	if err == nil {
		return shipment, nil
	}
	if channels.ClassOf(err) != channels.Unsure {
		return channels.Shipment{}, trouble("arrange the shipment", err)
	}
	read, arranged, readErr := c.Package(ctx, pkg)
	if readErr == nil && arranged {
		read.Already = true
		return read, nil
	}
	// The request may still be on its way: only a later try, which looks again, may repeat it.
	return channels.Shipment{}, trouble("arrange the shipment", err)
}

// settling is fulfilment.Settle in words.
var settling = strconv.Itoa(int(fulfilment.Settle/time.Second)) + " seconds"

// inTime ends a request early enough for it to take effect before the call's time is over and another
// process may look.
func inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	end, limited := ctx.Deadline()
	if !limited {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, end.Add(-fulfilment.Tail))
}

// Shown implements fulfilment.Desk.
func (d *Desk) Shown(ctx context.Context, p fulfilment.Parcel) (bool, error) {
	c, err := d.connector(p)
	if err != nil {
		return false, err
	}
	order, err := d.order(ctx, c, p)
	if err != nil {
		return false, err
	}
	switch order.Status {
	case channels.StatusArranged, channels.StatusTransit, channels.StatusDelivered, channels.StatusCompleted:
		return true, nil
	}
	return false, nil
}

// trouble says what a connector's failure means for the flow. What was not the vendor's answer is
// returned as it is: the flow tries again.
func trouble(doing string, err error) error {
	var f *channels.Failure
	if !errors.As(err, &f) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	said := f.Message
	if f.Code != "" {
		said += " (code " + f.Code + ")"
	}
	t := &fulfilment.Trouble{After: f.RetryAfter}
	switch f.Class {
	case channels.Throttled:
		t.Sentence = fmt.Sprintf("The channel asks to slow down; could not %s yet.", doing)
	case channels.Retry, channels.Expired, channels.Done:
		t.Sentence = fmt.Sprintf("Could not %s yet: %s.", doing, said)
	case channels.Unsure:
		t.Sentence = fmt.Sprintf("The answer got lost while trying to %s: %s. It may still take effect, so nothing is asked for again for %s; then what was done is read back first.", doing, said, settling)
		t.Unsure = true
	case channels.Gone:
		return gone(fmt.Sprintf("The channel says that the order was cancelled or closed: %s.", said))
	case channels.Claimed:
		t.Sentence = fmt.Sprintf("The channel does not %s while something asked for is not answered: %s. The order goes on by itself once it is.", doing, said)
		t.Wait, t.After = fulfilment.WaitDecision, lookPause
	case channels.Auth:
		t.Sentence = fmt.Sprintf("The channel no longer lets us %s: %s. %s", doing, said, mendAuth)
		t.Wait, t.After = fulfilment.WaitAuthorisation, lookPause
	case channels.Bug:
		t.Sentence, t.Person = fmt.Sprintf("We asked the channel wrongly to %s: %s. Please report this; retry after an update.", doing, said), true
	default:
		t.Sentence, t.Person = fmt.Sprintf("The channel refuses to %s: %s. Look at the order on the channel, then retry.", doing, said), true
	}
	if f.Away && !t.Unsure { // news would end a wait too early
		t.Wait, t.Sentence = fulfilment.WaitAway, t.Sentence+" The order goes on by itself once the channel answers."
	}
	if !t.Person {
		t.After = max(t.After, labelPause)
	}
	return t
}
