package market

import (
	"fmt"
	"slices"
	"time"
)

// Return is a return of an order.
type Return struct {
	ID                       int64
	Order                    *Order
	Name                     string
	Status                   string // REQUESTED, OPEN, CLOSED, DECLINED, CANCELED
	Reason                   string // why the buyer sends it back, the handle of one of the shop's reasons
	Lines                    []*ReturnLine
	Work                     int64 // the reverse fulfillment order; 0 until the return is open
	Tracking                 string
	Exchange                 bool // the buyer gets other goods for it
	DeclineReason, Note      string
	Created, Opened, Closing time.Time
}

// ReturnLine is units of one line of a parcel that come back.
type ReturnLine struct {
	ID, Work  int64 // Work is its line of the reverse fulfillment order
	Sent      int64 // the line of the parcel
	Item      *Item
	Quantity  int64
	Processed int64
	Refunded  int64 // whose money went back, before they were processed or with that
	Disposed  []Became
}

// Disposition is what became of units that came back: RESTOCKED, NOT_RESTOCKED, MISSING, PROCESSING_REQUIRED.
type Disposition struct {
	Type     string
	Quantity int64
}

// Quantity is how many units a return is about.
func (r *Return) Quantity() (sum int64) {
	for _, l := range r.Lines {
		sum += l.Quantity
	}
	return sum
}

// returnSteps are what may follow each status of a return, and the topic that tells of it.
var returnSteps = map[[2]string]string{
	{"REQUESTED", "OPEN"}: "RETURNS_APPROVE", {"REQUESTED", "DECLINED"}: "RETURNS_DECLINE", {"OPEN", "CLOSED"}: "RETURNS_CLOSE",
	{"OPEN", "CANCELED"}: "RETURNS_CANCEL", {"CLOSED", "OPEN"}: "RETURNS_REOPEN",
}

// AskBack is a buyer asking to return units of a variant that are with them and in no other return.
func (m *Market) AskBack(st *Store, o *Order, variant, quantity int64, reason string) (*Return, error) {
	r := &Return{ID: m.ID(), Order: o, Name: fmt.Sprintf("%s-R%d", o.Name, len(o.Returns)+1), Status: "REQUESTED", Reason: reason, Created: m.now()}
	left := quantity
	for _, f := range o.Fulfillments {
		for _, sent := range f.Lines {
			if n := min(left, sent.Remaining-o.returning(sent.ID)); f.Status != "CANCELLED" && sent.Item.Variant.ID == variant && n > 0 {
				r.Lines = append(r.Lines, &ReturnLine{ID: m.ID(), Work: m.ID(), Sent: sent.ID, Item: sent.Item, Quantity: n})
				left -= n
			}
		}
	}
	if left > 0 || quantity < 1 {
		return nil, fmt.Errorf("order %d has no %d of variant %d to send back: %w", o.ID, quantity, variant, ErrState)
	}
	o.Returns = append(o.Returns, r)
	st.Returns[r.ID] = r
	m.hooks.Tell(st, Notice{Topic: "RETURNS_REQUEST", Order: o, Return: r})
	m.touch(st, o)
	return r, nil
}

// returning is how many units of a parcel's line are in returns that are not off.
func (o *Order) returning(sent int64) (n int64) {
	for _, r := range o.Returns {
		if r.Status == "DECLINED" || r.Status == "CANCELED" {
			continue
		}
		for _, l := range r.Lines {
			if l.Sent == sent {
				n += l.Quantity
			}
		}
	}
	return n
}

// Restate moves a return on.
func (m *Market) Restate(st *Store, id int64, to string) error {
	r := st.Returns[id]
	if r == nil {
		return fmt.Errorf("return %d: %w", id, ErrUnknown)
	}
	topic, ok := returnSteps[[2]string{r.Status, to}]
	if !ok {
		return fmt.Errorf("return %d is %s: %w", id, r.Status, ErrState)
	}
	r.Status = to
	switch to {
	case "OPEN":
		r.Opened, r.Closing = m.now(), time.Time{}
		if r.Work == 0 {
			r.Work = m.ID()
		}
	case "CLOSED":
		r.Closing = m.now()
	}
	m.Counts.ReturnSteps[fmt.Sprintf("%d/%s", r.ID, to)]++
	m.hooks.Tell(st, Notice{Topic: topic, Order: r.Order, Return: r})
	m.touch(st, r.Order)
	return nil
}

// step moves a return on for a call of the API: what its state does not allow is the vendor's no.
func (m *Market) step(st *Store, r *Return, to string) error {
	if err := m.Restate(st, r.ID, to); err != nil {
		return Refusal{Code: "INVALID_STATE", Message: fmt.Sprintf("Return has an invalid status: %s.", word(r.Status)), Field: []string{"id"}}
	}
	return nil
}

// Approve says yes to a request.
func (m *Market) Approve(st *Store, r *Return) error { return m.step(st, r, "OPEN") }

// Decline says no to a request.
func (m *Market) Decline(st *Store, r *Return, reason, note string) error {
	if err := m.step(st, r, "DECLINED"); err != nil {
		return err
	}
	r.DeclineReason, r.Note = reason, note
	return nil
}

// CallOff ends a return of which nothing was processed.
func (m *Market) CallOff(st *Store, r *Return) error {
	if slices.ContainsFunc(r.Lines, func(l *ReturnLine) bool { return l.Processed > 0 }) {
		return Refusal{Code: "INVALID_STATE", Message: "Return is not cancelable.", Field: []string{"id"}}
	}
	return m.step(st, r, "CANCELED")
}

// Close says that nothing more is to be done about a return. One that is closed stays so.
func (m *Market) Close(st *Store, r *Return) error {
	if r.Status == "CLOSED" {
		return nil
	}
	return m.step(st, r, "CLOSED")
}

// Processed is so many units of a return's line that came back, and what becomes of them.
type Processed struct {
	Line     int64
	Quantity int64
	Becomes  []Became
}

// Became is a disposition with the line of the reverse fulfillment order that it is about; Location is where it is restocked.
type Became struct {
	Work, Location int64
	Disposition
}

// Transfer is money that goes back the way a payment came.
type Transfer struct {
	Parent int64
	Amount Amount
}

// Process confirms what came back, all of it or nothing. No unit is processed twice: that alone guards against the same call again.
func (m *Market) Process(st *Store, r *Return, lines []Processed, money []Transfer) error {
	refuse := func(code, message string) error {
		return Refusal{Code: code, Message: message, Field: []string{"input"}}
	}
	m.Counts.ReturnTries[fmt.Sprint(r.ID)]++
	if r.Status != "OPEN" {
		return refuse("INVALID_STATE", fmt.Sprintf("Return has an invalid status: %s.", word(r.Status)))
	}
	for _, p := range lines {
		l := r.line(p.Line)
		if l == nil {
			return refuse("NOT_FOUND", "Return line item not found.")
		}
		if p.Quantity < 1 || p.Quantity > l.Quantity-l.Processed {
			return refuse("INVALID", "Quantity is greater than the processable quantity.")
		}
		var disposed int64
		for _, b := range p.Becomes {
			disposed += b.Quantity
			if b.Work != l.Work || b.Type == "RESTOCKED" && st.Place(b.Location) == nil {
				return refuse("NOT_FOUND", "Reverse fulfillment order line item or location not found.")
			}
		}
		if disposed > p.Quantity {
			return refuse("INVALID", "More units are disposed of than are processed.")
		}
	}
	var sum Amount
	for _, t := range money {
		if !slices.ContainsFunc(r.Order.Transactions, func(known *Transaction) bool {
			return known.ID == t.Parent && (known.Kind == "SALE" || known.Kind == "CAPTURE") && known.Status == "SUCCESS"
		}) {
			return refuse("NOT_FOUND", "Parent transaction not found.")
		}
		sum += t.Amount
	}
	if sum > r.Order.Refundable() {
		return refuse("INVALID", "Refund amount is greater than what is left of the payment.")
	}
	refund := &Refund{Order: r.Order, Return: r, Amount: sum}
	for _, p := range lines {
		refund.Lines = append(refund.Lines, m.process(st, r.line(p.Line), p)...)
	}
	m.refund(st, refund)
	return nil
}

// process notes units that came back; what is restocked goes on sale again.
func (m *Market) process(st *Store, l *ReturnLine, p Processed) (lines []RefundLine) {
	l.Processed += p.Quantity
	l.Refunded = max(l.Refunded, l.Processed)
	l.Item.Current -= min(p.Quantity, l.Item.Current)
	rest := p.Quantity
	for _, b := range p.Becomes {
		l.Disposed = append(l.Disposed, b)
		if b.Type == "RESTOCKED" {
			rest -= b.Quantity
			lines = append(lines, RefundLine{ID: m.ID(), Item: l.Item, Quantity: b.Quantity, Restock: "RETURN", Location: b.Location})
			m.setLevel(st, l.Item.Variant, st.Place(b.Location), l.Item.Variant.Levels[b.Location].Available+b.Quantity)
		}
	}
	if rest > 0 {
		lines = append(lines, RefundLine{ID: m.ID(), Item: l.Item, Quantity: rest, Restock: "NO_RESTOCK"})
	}
	return lines
}

func (r *Return) line(id int64) *ReturnLine {
	i := slices.IndexFunc(r.Lines, func(l *ReturnLine) bool { return l.ID == id })
	if i < 0 {
		return nil
	}
	return r.Lines[i]
}

// FinishByHand is the seller taking in, in their own screen, all that has not come back yet of an open return.
func (m *Market) FinishByHand(st *Store, r *Return, restock bool) error {
	kind := map[bool]string{true: "RESTOCKED", false: "NOT_RESTOCKED"}[restock]
	var lines []Processed
	var sum Amount
	for _, l := range r.Lines {
		if n := l.Quantity - l.Processed; n > 0 {
			lines = append(lines, Processed{Line: l.ID, Quantity: n, Becomes: []Became{{l.Work, st.Places[0].ID, Disposition{kind, n}}}})
			sum += l.Item.Price * Amount(n)
		}
	}
	i := slices.IndexFunc(r.Order.Transactions, func(t *Transaction) bool { return t.Kind == "SALE" || t.Kind == "CAPTURE" })
	if i < 0 {
		return fmt.Errorf("order %d is not paid: %w", r.Order.ID, ErrState)
	}
	if err := m.Process(st, r, lines, []Transfer{{r.Order.Transactions[i].ID, min(sum, r.Order.Refundable())}}); err != nil {
		return fmt.Errorf("return %d: %w: %w", r.ID, ErrState, err)
	}
	return m.Restate(st, r.ID, "CLOSED")
}

// PayAhead is the seller giving a return's money back, in their own screen, before its goods are taken in.
func (m *Market) PayAhead(st *Store, r *Return) error {
	if r.Status != "OPEN" {
		return fmt.Errorf("return %d is %s: %w", r.ID, r.Status, ErrState)
	}
	refund := &Refund{Order: r.Order, Return: r}
	for _, l := range r.Lines {
		refund.Amount += l.Item.Price * Amount(l.Quantity-l.Refunded)
		refund.Lines = append(refund.Lines, RefundLine{ID: m.ID(), Item: l.Item, Quantity: l.Quantity - l.Refunded, Restock: "NO_RESTOCK"})
		l.Refunded = l.Quantity
	}
	m.refund(st, refund)
	return nil
}

// refund gives money back and tells of it.
func (m *Market) refund(st *Store, r *Refund) {
	o := r.Order
	r.ID, r.Created = m.ID(), m.now()
	o.Refunds = append(o.Refunds, r)
	if r.Amount > 0 {
		m.move(o, "REFUND", r.Amount, nil)
		m.Counts.Refunds[fmt.Sprint(o.ID)]++
		o.Financial = "PARTIALLY_REFUNDED"
		if o.Refundable() <= 0 {
			o.Financial = "REFUNDED"
		}
	}
	m.hooks.Tell(st, Notice{Topic: "REFUNDS_CREATE", Order: o, Refund: r})
	m.touch(st, o)
}

// Refunded is what has gone back to the buyer.
func (o *Order) Refunded() (sum Amount) {
	for _, t := range o.Transactions {
		if t.Kind == "REFUND" && t.Status == "SUCCESS" {
			sum += t.Amount
		}
	}
	return sum
}

// Refundable is what was paid and has not gone back.
func (o *Order) Refundable() (sum Amount) {
	for _, t := range o.Transactions {
		if (t.Kind == "SALE" || t.Kind == "CAPTURE") && t.Status == "SUCCESS" {
			sum += t.Amount
		}
	}
	return sum - o.Refunded()
}

// Returning is the vendor's word for how an order's returns are.
func (o *Order) Returning() string {
	state := "NO_RETURN"
	for _, r := range o.Returns {
		switch r.Status {
		case "REQUESTED":
			return "RETURN_REQUESTED"
		case "OPEN":
			state = "IN_PROGRESS"
		case "CLOSED":
			if state == "NO_RETURN" {
				state = "RETURNED"
			}
		}
	}
	return state
}
