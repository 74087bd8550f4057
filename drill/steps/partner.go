package steps

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/partners"
)

// lateness is when a request that nobody waits for any more takes effect.
const lateness = 90 * time.Second

// deed is what was asked of a partner under one key, and what it did.
type deed struct {
	asked, done, undone int
	amount              int64
	closed              bool // taken back, or declined: nothing is done under the key any more
}

// partner is a simulated one: it does at most one thing under a key. The next request that is to do
// something meets a fault.
type partner struct {
	struck func(crash bool) // tells that the fault happened, and whether the hub dies of it
	// A forgetful partner does again what was done under a key, a lax one does late what was taken back.
	forgetful, lax bool

	mu    sync.Mutex
	fault string
	deeds map[string]*deed
}

func newPartner(struck func(crash bool)) *partner {
	return &partner{struck: struck, deeds: map[string]*deed{}}
}

// meet says what the request meets.
func (p *partner) meet(key string) (fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deed(key).asked++
	fault, p.fault = p.fault, ""
	return fault
}

func (p *partner) deed(key string) *deed {
	d := p.deeds[key]
	if d == nil {
		d = &deed{}
		p.deeds[key] = d
	}
	return d
}

// do is a request to do something worth an amount.
func (p *partner) do(ctx context.Context, key string, amount int64) error {
	fault := p.meet(key)
	switch fault {
	case "":
		return p.effect(key, amount)
	case decline:
		p.mu.Lock()
		p.deed(key).closed = true
		p.mu.Unlock()
		p.struck(false)
		return errNo
	case crashAfter:
		if err := p.effect(key, amount); err != nil {
			return err
		}
	case late:
		time.AfterFunc(lateness, func() { _ = p.effect(key, amount) }) // nobody hears of it
	}
	p.struck(fault == crashBefore || fault == crashAfter)
	<-ctx.Done() // there is no answer
	return ctx.Err()
}

const errNo = partners.Declined("The partner declines.")

func (p *partner) effect(key string, amount int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.deed(key)
	switch {
	case d.closed:
		return errNo
	case d.done == 0 || p.forgetful:
		d.done++
		d.amount += amount
	}
	return nil
}

// undo takes back what was done under a key.
func (p *partner) undo(key string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.deed(key)
	d.closed, d.undone, d.amount = !p.lax, d.done, 0
	return nil
}

// total is what stands at the partner, how much of what it is worth, and the most effects of one key.
func (p *partner) total() (stands int, amount int64, most int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.deeds {
		stands, amount, most = stands+d.done-d.undone, amount+d.amount, max(most, d.done)
	}
	return stands, amount, most
}

// payments, labels and channel are what three partners are to the flow.
type (
	payments struct{ *partner }
	labels   struct{ *partner }
	channel  struct{ *partner }
)

// Capture implements partners.Payments.
func (p payments) Capture(ctx context.Context, c partners.Charge) error {
	return p.do(ctx, c.Key, c.Amount.Minor)
}

// Refund implements partners.Payments.
func (p payments) Refund(_ context.Context, c partners.Charge) error { return p.undo(c.Key) }

// Buy implements partners.Labels.
func (p labels) Buy(ctx context.Context, key string, s partners.Shipment) (partners.Label, error) {
	if err := p.do(ctx, key, 1); err != nil {
		return partners.Label{}, err
	}
	return partners.Label{Number: "label of " + s.Order, Tracking: "T1", Carrier: "C"}, nil
}

// Void implements partners.Labels.
func (p labels) Void(_ context.Context, key string) error { return p.undo(key) }

// Capture implements outside.Desk.
func (channel) Capture(context.Context, outside.Parcel) error {
	return errors.New("the channel reserves no money")
}

// Label implements outside.Desk.
func (channel) Label(context.Context, outside.Parcel, bool) (outside.Labelled, error) {
	return outside.Labelled{}, errors.New("the channel sells no labels")
}

// Shown implements outside.Desk.
func (p channel) Shown(ctx context.Context, parcel outside.Parcel) (bool, error) {
	err := p.do(ctx, parcel.Order, 0)
	var no partners.Declined
	if errors.As(err, &no) {
		return false, &outside.Trouble{Sentence: "The channel refuses the shipment. Look into it there.", Person: true}
	}
	return err == nil, err
}
