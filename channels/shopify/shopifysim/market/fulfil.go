package market

import (
	"fmt"
	"slices"
)

// Piece is what a fulfillment takes of one fulfillment order; no lines = all that remain.
type Piece struct {
	Part  int64
	Lines []PieceLine
}

// PieceLine is a quantity of one of its lines.
type PieceLine struct{ ID, Quantity int64 }

// Parcel is the tracking of a fulfillment.
type Parcel struct{ Company, Number, URL string }

// Fulfil sends pieces of one order as one parcel. Nothing guards against the same parcel twice but what remains.
func (m *Market) Fulfil(st *Store, pieces []Piece, parcel Parcel) (*Fulfillment, error) {
	refuse := func(format string, args ...any) error {
		return Refusal{Message: fmt.Sprintf(format, args...), Field: []string{"fulfillment"}}
	}
	if len(pieces) == 0 || st.Parts[pieces[0].Part] == nil {
		return nil, refuse("Fulfillment order does not exist.")
	}
	first := st.Parts[pieces[0].Part]
	m.Counts.FulfillAttempts[fmt.Sprint(first.Order.ID)]++
	var lines []PartLine
	var from []*PartLine
	for _, piece := range pieces {
		p := st.Parts[piece.Part]
		switch {
		case p == nil:
			return nil, refuse("Fulfillment order does not exist.")
		case p.Order != first.Order || p.Location != first.Location:
			return nil, refuse("All fulfillment orders must belong to the same order and location.")
		case p.Status != "OPEN" && p.Status != "IN_PROGRESS":
			return nil, refuse("Fulfillment order %d has an unfulfillable status= %s.", p.ID, word(p.Status))
		}
		if len(piece.Lines) == 0 {
			for _, l := range p.Lines {
				piece.Lines = append(piece.Lines, PieceLine{l.ID, l.Remaining})
			}
		}
		for _, want := range piece.Lines {
			i := slices.IndexFunc(p.Lines, func(l *PartLine) bool { return l.ID == want.ID })
			switch {
			case i < 0:
				return nil, refuse("Fulfillment order line item does not exist.")
			case want.Quantity < 1 || want.Quantity > p.Lines[i].Remaining:
				if want.Quantity == 0 {
					continue
				}
				return nil, refuse("Invalid fulfillment order line item quantity requested.")
			}
			from = append(from, p.Lines[i])
			lines = append(lines, PartLine{ID: m.ID(), Item: p.Lines[i].Item, Total: p.Lines[i].Total, Remaining: want.Quantity})
		}
	}
	if len(lines) == 0 {
		return nil, refuse("The fulfillment has no line items.")
	}
	o := first.Order
	for i, l := range lines {
		from[i].Remaining -= l.Remaining
		m.free(st, l.Item.Variant, first.Location, l.Remaining, false)
	}
	for _, p := range o.Parts {
		left := slices.ContainsFunc(p.Lines, func(l *PartLine) bool { return l.Remaining > 0 })
		touched := slices.ContainsFunc(pieces, func(piece Piece) bool { return piece.Part == p.ID })
		switch {
		case touched && left:
			p.Status, p.Updated = "IN_PROGRESS", m.now()
		case touched:
			p.Status, p.Updated = "CLOSED", m.now()
		}
	}
	f := &Fulfillment{
		ID: m.ID(), Order: o, Part: first, Number: len(o.Fulfillments) + 1, Status: "SUCCESS", Display: "FULFILLED", Company: parcel.Company,
		Tracking: parcel.Number, URL: parcel.URL, Lines: lines, Created: m.now(), Updated: m.now(),
	}
	o.Fulfillments = append(o.Fulfillments, f)
	m.Counts.Fulfillments[fmt.Sprintf("%d/%s", o.ID, f.Tracking)]++
	m.hooks.Note("fulfilled", st.Domain, fmt.Sprint(o.ID), f.Tracking)
	m.hooks.Tell(st, Notice{Topic: "FULFILLMENTS_CREATE", Order: o, Fulfillment: f})
	topic := "ORDERS_PARTIALLY_FULFILLED"
	if o.Fulfilment() == "FULFILLED" {
		topic = "ORDERS_FULFILLED"
	}
	m.touch(st, o, topic)
	return f, nil
}

func word(status string) string {
	text := []byte(status)
	for i, c := range text {
		if c >= 'A' && c <= 'Z' {
			text[i] = c + 'a' - 'A'
		}
	}
	return string(text)
}

// Fulfillment finds a parcel.
func (st *Store) Fulfillment(id int64) *Fulfillment {
	for _, o := range st.Orders {
		for _, f := range o.Fulfillments {
			if f.ID == id {
				return f
			}
		}
	}
	return nil
}

// Retrack gives a parcel another tracking number.
func (m *Market) Retrack(st *Store, f *Fulfillment, parcel Parcel) {
	f.Company, f.Tracking, f.URL, f.Updated = parcel.Company, parcel.Number, parcel.URL, m.now()
	m.hooks.Tell(st, Notice{Topic: "FULFILLMENTS_UPDATE", Order: f.Order, Fulfillment: f})
	m.touch(st, f.Order)
}

// Undo cancels a parcel: its units are to be sent again.
func (m *Market) Undo(st *Store, f *Fulfillment) error {
	if f.Status == "CANCELLED" {
		return Refusal{Message: "The fulfillment has already been cancelled.", Field: []string{"id"}}
	}
	f.Status, f.Display, f.Updated = "CANCELLED", "CANCELED", m.now()
	for _, p := range f.Order.Parts {
		for _, l := range p.Lines {
			for _, sent := range f.Lines {
				if sent.Item == l.Item && p.Location == f.Part.Location {
					l.Remaining += sent.Remaining
					p.Status, p.Updated = "OPEN", m.now()
					m.free(st, l.Item.Variant, p.Location, -sent.Remaining, false)
				}
			}
		}
	}
	m.hooks.Tell(st, Notice{Topic: "FULFILLMENTS_UPDATE", Order: f.Order, Fulfillment: f})
	m.touch(st, f.Order)
	return nil
}

// Carry is the carrier's news of every parcel of an order: IN_TRANSIT or DELIVERED.
func (m *Market) Carry(st *Store, o *Order, display string) error {
	if o.sent() == 0 {
		return fmt.Errorf("order %d was not sent: %w", o.ID, ErrState)
	}
	for _, f := range o.Fulfillments {
		if f.Status == "SUCCESS" {
			f.Display, f.Updated = display, m.now()
			m.hooks.Tell(st, Notice{Topic: "FULFILLMENTS_UPDATE", Order: o, Fulfillment: f})
		}
	}
	m.touch(st, o)
	return nil
}

// GiveBack refunds units of a variant; restock puts them back on sale at the first location.
func (m *Market) GiveBack(st *Store, o *Order, variant, quantity int64, restock bool) error {
	i := slices.IndexFunc(o.Items, func(it *Item) bool { return it.Variant.ID == variant })
	if i < 0 || quantity < 1 || quantity > o.Items[i].Current {
		return fmt.Errorf("order %d, %d of variant %d: %w", o.ID, quantity, variant, ErrInvalid)
	}
	it := o.Items[i]
	kind, at := "NO_RESTOCK", int64(0)
	if left := m.unsent(o, it); left > 0 { // units that were never sent
		kind = "CANCEL"
		m.dropUnsent(st, o, it, min(left, quantity), restock)
	} else if restock {
		kind, at = "RETURN", st.Places[0].ID
		m.setLevel(st, it.Variant, st.Places[0], it.Variant.Levels[st.Places[0].ID].Available+quantity)
	}
	it.Current -= quantity
	m.refund(st, &Refund{Order: o, Amount: it.Price * Amount(quantity), Lines: []RefundLine{{ID: m.ID(), Item: it, Quantity: quantity, Restock: kind, Location: at}}})
	return nil
}

func (m *Market) unsent(o *Order, it *Item) (n int64) {
	for _, p := range o.Parts {
		for _, l := range p.Lines {
			if l.Item == it {
				n += l.Remaining
			}
		}
	}
	return n
}

func (m *Market) dropUnsent(st *Store, o *Order, it *Item, quantity int64, restock bool) {
	for _, p := range o.Parts {
		for _, l := range p.Lines {
			if n := min(l.Remaining, quantity); l.Item == it && n > 0 {
				m.free(st, it.Variant, p.Location, n, restock)
				l.Remaining, l.Total, quantity = l.Remaining-n, l.Total-n, quantity-n
			}
		}
		if !slices.ContainsFunc(p.Lines, func(l *PartLine) bool { return l.Remaining > 0 }) {
			p.Status, p.Updated = "CLOSED", m.now()
		}
	}
}
