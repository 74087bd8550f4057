// Package dispatch carries the fulfilment flow's calls to the connectors and keeps what comes back.
//
//	flow ─► Desk.Capture ─► connector: take the money that is reserved
//	flow ─► Desk.Label ─► connector: arrange, then the label file ─► vault ─► the flow's events (references)
//	flow ─► Desk.Shown ─► connector: the order as the channel shows it
//
// All may run twice. What cannot be known (a request without an answer) may still take effect: it is
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
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
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

// Desk implements outside.Desk.
type Desk struct {
	shops  Connectors
	vault  Labels
	seller Seller // nil = nobody
}

var _ outside.Desk = (*Desk)(nil)

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

func gone(sentence string) *outside.Trouble {
	return &outside.Trouble{Sentence: sentence + " Waiting for the channel's own news of it.", Wait: fulfilment.WaitChannel, After: lookPause}
}

// Label implements outside.Desk. Of several packages the label of the first is named; each one's
// is kept under its LabelID.
func (d *Desk) Label(ctx context.Context, p outside.Parcel, again bool) (outside.Labelled, error) {
	c, err := d.connector(p)
	if err != nil {
		return outside.Labelled{}, err
	}
	platform, ok := c.(channels.PlatformShipping)
	if !ok {
		return outside.Labelled{}, &outside.Trouble{Sentence: "This shop's channel makes no labels. Ship the order there by hand, then skip this step.", Person: true}
	}
	packages, err := d.packages(ctx, c, p)
	if err != nil {
		return outside.Labelled{}, err
	}
	var out outside.Labelled
	var tracking []string
	for i, pkg := range packages {
		one, err := d.label(ctx, shop{c, platform}, p, pkg, again)
		if err != nil {
			return outside.Labelled{}, err
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

// Capture implements outside.Desk.
func (d *Desk) Capture(ctx context.Context, p outside.Parcel) error {
	c, err := d.connector(p)
	if err != nil {
		return err
	}
	takes, ok := c.(channels.Capturer)
	if !ok {
		return &outside.Trouble{Sentence: "The money of this order is reserved, and this channel does not let it be taken from here. Take it at the channel; the order goes on by itself.", Wait: fulfilment.WaitPayment}
	}
	within, done := outside.InTime(ctx)
	defer done()
	err = takes.Capture(within, p.ChannelID)
	var no *channels.Failure
	if errors.As(err, &no) && no.Class == channels.Rejected {
		return &outside.Trouble{
			Sentence: fmt.Sprintf("The money that was reserved for this order cannot be taken: %s. Nothing is sent from here and the stock is kept. "+
				"See to the payment at the channel, or cancel the order; it goes on by itself once the channel shows it as paid. Retry asks for the money once more.", no.Message),
			Wait: fulfilment.WaitPayment,
		}
	}
	if err != nil {
		return trouble("take the money", err)
	}
	return nil
}

// shop is a connector that makes labels.
type shop struct {
	channels.Connector
	channels.PlatformShipping
}

func (d *Desk) connector(p outside.Parcel) (channels.Connector, error) {
	c, ok := d.shops.Connector(p.Connection)
	if !ok {
		return nil, &outside.Trouble{
			Sentence: fmt.Sprintf("The shop %s is not connected. %s", p.Connection, mendAuth), Wait: fulfilment.WaitAuthorisation, After: lookPause,
		}
	}
	return c, nil
}

// packages asks for the packages of an order when its news did not name them.
func (d *Desk) packages(ctx context.Context, c channels.Connector, p outside.Parcel) ([]string, error) {
	if len(p.Packages) > 0 {
		return p.Packages, nil
	}
	order, err := d.order(ctx, c, p)
	if err != nil {
		return nil, err
	}
	if len(order.Packages) == 0 {
		return nil, &outside.Trouble{Sentence: "The channel has made no package for this order yet.", After: packPause}
	}
	return order.Packages, nil
}

func (d *Desk) order(ctx context.Context, c channels.Connector, p outside.Parcel) (channels.Order, error) {
	page, err := c.Orders(ctx, []string{p.ChannelID})
	switch {
	case err != nil:
		return channels.Order{}, trouble("read the order", err)
	case len(page.Invalid) > 0:
		i := page.Invalid[0]
		return channels.Order{}, &outside.Trouble{
			Sentence: fmt.Sprintf("The channel shows the order in a form that cannot be read: %s %s. Look at the order on the channel, then retry.", i.Field, i.Rule),
			Person:   true,
		}
	case len(page.Orders) == 0:
		return channels.Order{}, &outside.Trouble{Sentence: "The channel does not show this order just now.", After: packPause}
	case page.Orders[0].Status == channels.StatusCancelled:
		return channels.Order{}, gone("The channel says that the order was cancelled.")
	}
	return page.Orders[0], nil
}

// label arranges one package and keeps its label. The kept label says that all of it was done.
func (d *Desk) label(ctx context.Context, c shop, p outside.Parcel, pkg string, again bool) (outside.Labelled, error) {
	id := LabelID(p.Order, pkg)
	again = again && !twin.NoLook
	if again {
		kept, err := d.vault.Label(ctx, id)
		switch {
		case err == nil, errors.Is(err, vault.ErrGone):
			return outside.Labelled{Label: id, Type: kept.Type, Tracking: kept.Tracking}, nil
		case !errors.Is(err, vault.ErrNotFound):
			return outside.Labelled{}, fmt.Errorf("look for the label: %w", err)
		}
	}
	shipment, err := d.arrange(ctx, c, pkg, again)
	if err != nil {
		return outside.Labelled{}, err
	}
	file, err := c.Label(ctx, pkg)
	if channels.ClassOf(err) == channels.Rejected {
		err = d.refused(ctx, c, p, pkg, err)
	}
	if err != nil {
		return outside.Labelled{}, trouble("fetch the label", err)
	}
	out := outside.Labelled{Label: id, Type: file.Type, Tracking: file.Tracking, Carrier: shipment.Carrier}
	if out.Tracking == "" {
		out.Tracking = shipment.Tracking
	}
	err = d.vault.PutLabel(ctx, vault.Label{ID: id, Person: p.Person, Type: out.Type, Tracking: out.Tracking, File: file.File})
	if err != nil {
		return outside.Labelled{}, fmt.Errorf("keep the label: %w", err)
	}
	failpoint.Hit(failpoint.LabelKept)
	return out, nil
}

// refused looks at what a label was refused for before a person is called: a request to ship may have
// been accepted and not carried out, and of a parcel that left without us there is no label any more.
func (d *Desk) refused(ctx context.Context, c shop, p outside.Parcel, pkg string, refusal error) error {
	_, arranged, err := c.Package(ctx, pkg)
	if err != nil {
		return err
	}
	if !arranged {
		return &outside.Trouble{
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
		return &outside.Trouble{
			Sentence: "The channel shows the parcel as sent and makes no label any more. Waiting for the channel's own news of it.",
			Wait:     fulfilment.WaitChannel, After: lookPause,
		}
	}
	return refusal
}

// arrange arranges a package once: after a try whose outcome is not known it looks first.
func (d *Desk) arrange(ctx context.Context, c channels.PlatformShipping, pkg string, again bool) (channels.Shipment, error) {
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
	within, cancel := outside.InTime(ctx)
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

// settling is outside.Settle in words.
var settling = strconv.Itoa(int(outside.Settle/time.Second)) + " seconds"

// Shown implements outside.Desk.
func (d *Desk) Shown(ctx context.Context, p outside.Parcel) (bool, error) {
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
	t := &outside.Trouble{After: f.RetryAfter}
	switch f.Class {
	case channels.Throttled:
		t.Sentence = fmt.Sprintf("The channel asks to slow down; could not %s yet.", doing)
	case channels.Retry, channels.Expired, channels.Done:
		t.Sentence = fmt.Sprintf("Could not %s yet: %s.", doing, said)
	case channels.Unsure:
		t.Sentence = fmt.Sprintf("It is not known yet what came of the try to %s: %s. It may still take effect, so nothing is asked for again for %s; then what was done is read back first.", doing, said, settling)
		t.Unsure = true
	case channels.Awaited:
		t.Sentence = fmt.Sprintf("The channel was asked to %s and has not decided yet: %s. We look again by ourselves, and ask again only if it came to nothing.", doing, said)
		t.Wait, t.After = fulfilment.WaitChannel, packPause
	case channels.Gone:
		return gone(fmt.Sprintf("The channel says that the order was cancelled or closed: %s.", said))
	case channels.Claimed:
		t.Sentence = fmt.Sprintf("The channel does not %s while something asked for is not answered: %s. The order goes on by itself once it is.", doing, said)
		t.Wait, t.After = fulfilment.WaitDecision, lookPause
	case channels.Held:
		t.Sentence = fmt.Sprintf("The channel holds the order back, so we do not %s: %s. It goes on by itself once the hold ends.", doing, said)
		t.Wait, t.After = fulfilment.WaitOnHold, lookPause
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
