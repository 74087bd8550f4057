package dispatch

import (
	"context"
	"errors"
	"fmt"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
)

var (
	_ outside.Cashier = (*Desk)(nil)
	_ outside.Linker  = (*Desk)(nil)
)

// Charge implements outside.Cashier.
func (d *Desk) Charge(ctx context.Context, p outside.Parcel, c outside.Charge) error {
	err := d.money(ctx, p, c, channels.Charger.Charge)
	var no *channels.Failure
	if errors.As(err, &no) && no.Class == channels.Rejected {
		return &outside.Trouble{
			Sentence: fmt.Sprintf("The payment was not taken: %s. Nothing is sent and the stock is kept. Name another payment, say that it was paid elsewhere, "+
				"or cancel the order. Retry asks for this payment once more.", no.Message),
			Wait: fulfilment.WaitPayment,
		}
	}
	if errors.As(err, &no) && no.Code == channels.CodeUnpaid && c.NoLink != "" {
		return &outside.Trouble{Sentence: c.NoLink, Wait: fulfilment.WaitPayment}
	}
	if errors.As(err, &no) && no.Code == channels.CodeUnpaid {
		return &outside.Trouble{
			Sentence: "Waiting for the buyer to pay by their link; the stock is kept until it ends. The order goes on by itself when they have paid, and is cancelled by itself when they have not.",
			Wait:     fulfilment.WaitUnpaid,
		}
	}
	return paid("take the payment", err)
}

// MakeLink implements outside.Linker.
func (d *Desk) MakeLink(ctx context.Context, p outside.Parcel, c outside.Charge, w outside.LinkWish) (l outside.PayLink, refused string, err error) {
	var made channels.PayLink
	err = d.links(p, func(links channels.Linker) (err error) {
		within, done := outside.InTime(ctx)
		defer done()
		made, err = links.MakeLink(within, charge(p.ChannelID, c), channels.LinkWish(w))
		return err
	})
	var no *channels.Failure
	if errors.As(err, &no) && (no.Class == channels.Rejected || no.Class == channels.Bug) {
		return l, no.Message, nil
	}
	return outside.PayLink(made), "", paid("make the payment link", err)
}

// LookAtLink implements outside.Linker.
func (d *Desk) LookAtLink(ctx context.Context, p outside.Parcel, c outside.Charge, id string, end bool) (outside.PayLink, error) {
	var at channels.PayLink
	err := d.links(p, func(links channels.Linker) (err error) {
		within, done := outside.InTime(ctx)
		defer done()
		at, err = links.LookAtLink(within, charge(p.ChannelID, c), id, end)
		return err
	})
	return outside.PayLink(at), paid("look at the payment link", err)
}

func (d *Desk) links(p outside.Parcel, ask func(channels.Linker) error) error {
	connector, err := d.connector(p)
	if err != nil {
		return err
	}
	links, ok := connector.(channels.Linker)
	if !ok {
		return &channels.Failure{Class: channels.Rejected, Call: "make a payment link", Message: "this connection makes no payment links"}
	}
	return ask(links)
}

// GiveBack implements outside.Cashier.
func (d *Desk) GiveBack(ctx context.Context, p outside.Parcel, c outside.Charge) error {
	return paid("give the money back", d.money(ctx, p, c, channels.Charger.GiveBack))
}

func paid(doing string, err error) error {
	var trouble *outside.Trouble
	if err == nil || errors.As(err, &trouble) {
		return err
	}
	return partnerTrouble(doing, err)
}

func (d *Desk) money(ctx context.Context, p outside.Parcel, c outside.Charge, ask func(channels.Charger, context.Context, channels.Charge) error) error {
	connector, err := d.connector(p)
	if err != nil {
		return err
	}
	charger, ok := connector.(channels.Charger)
	if !ok {
		return &channels.Failure{Class: channels.Rejected, Call: "charge a card", Message: "this connection charges no cards"}
	}
	within, done := outside.InTime(ctx)
	defer done()
	err = ask(charger, within, charge(p.ChannelID, c))
	return err
}

func charge(number string, c outside.Charge) channels.Charge {
	return channels.Charge{Key: c.Key, Order: number, Amount: c.Amount, Method: c.Method, Link: c.Link}
}

// giveBack gives an order's money back before the order counts as cancelled.
func giveBack(ctx context.Context, charger channels.Charger, t aftersales.Told) (string, error) {
	within, done := outside.InTime(ctx)
	defer done()
	err := charger.GiveBack(within, charge(t.ChannelID, t.Charge))
	var no *channels.Failure
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &no) && no.Class == channels.Rejected:
		return fmt.Sprintf("The money could not be given back: %s. The order is not cancelled. See to the payment at the payment partner.", no.Message), nil
	}
	return "", partnerTrouble("give the money back", err)
}

// partnerTrouble is trouble in the words of one whom the hub pays to take money.
func partnerTrouble(doing string, err error) error {
	t := trouble(doing, err)
	var said *outside.Trouble
	if errors.As(t, &said) && said.Wait == fulfilment.WaitAuthorisation {
		said.Sentence = fmt.Sprintf("The payment partner does not let us %s. Connect direct sales again with a secret key that may; the order then goes on by itself.", doing)
	}
	return t
}
