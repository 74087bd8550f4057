package market

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The vendor's words for the states of a return, as its reports write them.
const (
	ReturnPending   = "Pending"
	ReturnApproved  = "Approved"
	ReturnDeclined  = "Declined"
	ReturnCompleted = "Completed"
)

// Return is goods that a buyer wants to send back. The seller answers it on the vendor's own screen alone.
type Return struct {
	RMA, Status, Reason string
	Order               *Order
	Item                *Item
	Quantity            int
	Asked, Delivered    time.Time
	Tracking            string
}

// Report is a document that is being made of what stands at its end.
type Report struct {
	ID, Type, Document string
	Status             string // IN_QUEUE, IN_PROGRESS, DONE, FATAL, CANCELLED
	From, To           time.Time
	Created, Ended     time.Time
}

const returnsReport = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"

// reportSpan is the most that a report of returns tells of.
const reportSpan = 60 * 24 * time.Hour

// RequestReturn is a buyer asking to send back units of an order that the seller has shipped.
func (m *Market) RequestReturn(s *Seller, o *Order, sku string, quantity int, reason string) (rma string, err error) {
	i := slices.IndexFunc(o.Items, func(it *Item) bool { return it.SKU == sku })
	if i < 0 || quantity < 1 {
		return "", fmt.Errorf("%d units of SKU %q: %w", quantity, sku, ErrInvalid)
	}
	left := o.Items[i].Sent
	for _, r := range s.Returns {
		if r.Item == o.Items[i] && r.Status != ReturnDeclined {
			left -= r.Quantity
		}
	}
	if o.AFN || quantity > left {
		return "", fmt.Errorf("order %s is %s, %d of SKU %s can come back: %w", o.ID, o.Status, left, sku, ErrState)
	}
	r := &Return{RMA: "D" + m.Secret(8) + "RRMA", Status: ReturnPending, Reason: reason, Order: o, Item: o.Items[i], Quantity: quantity, Asked: m.hooks.Now()}
	s.Returns = append(s.Returns, r)
	m.hooks.Note("return "+r.Status, s.ID, r.RMA, o.ID)
	return r.RMA, nil
}

// returnMoves are what happens to a return, by the states in which it may.
var returnMoves = map[string]struct{ from, to string }{
	"approve": {ReturnPending, ReturnApproved}, "decline": {ReturnPending, ReturnDeclined}, "deliver": {ReturnApproved, ReturnApproved}, "refund": {ReturnApproved, ReturnCompleted},
}

// MoveReturn is the seller's answer on the vendor's screen, or the parcel that comes: approve, decline, deliver, refund.
func (m *Market) MoveReturn(s *Seller, rma, what string) error {
	i := slices.IndexFunc(s.Returns, func(r *Return) bool { return r.RMA == rma })
	if i < 0 {
		return fmt.Errorf("return %q: %w", rma, ErrUnknown)
	}
	r, move := s.Returns[i], returnMoves[what]
	if move.from != r.Status {
		return fmt.Errorf("%s return %s, which is %s: %w", what, rma, r.Status, ErrState)
	}
	r.Status = move.to
	switch what {
	case "approve":
		r.Tracking = "RT" + strconv.FormatInt(1_000_000_000+m.Number(), 10)
	case "deliver":
		r.Delivered = m.hooks.Now()
	}
	m.hooks.Note("return "+what, s.ID, r.RMA, r.Order.ID)
	return nil
}

// AskReport queues a report. What it tells is what stands when it is made.
func (m *Market) AskReport(s *Seller, kind string, from, to time.Time) (*Report, error) {
	switch {
	case kind != returnsReport:
		return nil, invalid("Report type %s is not simulated.", kind)
	case from.IsZero() || to.Before(from) || to.Sub(from) > reportSpan || to.After(m.hooks.Now()):
		return nil, invalid("The report covers at most 60 days that are over, not %s to %s.", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	r := &Report{ID: strconv.FormatInt(50_000_000_000+m.Number(), 10), Type: kind, Status: "IN_QUEUE", From: from, To: to, Created: m.hooks.Now()}
	s.Reports[r.ID] = r
	m.Counts.Reports++
	m.After(m.Rules.ReportDelay, func() { m.makeReport(s, r) })
	return r, nil
}

// returnColumns are those of the report of returns; the last one came later than the others.
var returnColumns = []string{
	"Order ID", "Order date", "Return request date", "Return request status", "Amazon RMA ID", "Merchant RMA ID", "Label type", "Label cost", "Currency code",
	"Return carrier", "Tracking ID", "Label to be paid by", "A-to-Z Claim", "Is prime", "ASIN", "Merchant SKU", "Item Name", "Return quantity", "Return Reason",
	"In policy", "Return type", "Resolution", "Invoice number", "Return delivery date", "Order Amount", "Order quantity", "SafeT Action reason", "SafeT claim id",
	"SafeT claim state", "SafeT claim creation time", "SafeT claim reimbursement amount", "Refunded Amount", "Order Item ID",
}

// makeReport writes the report down, packed. One without a row is cancelled.
func (m *Market) makeReport(s *Seller, of *Report) {
	of.Ended, of.Status = m.hooks.Now(), "CANCELLED"
	var text strings.Builder
	text.WriteString(strings.Join(returnColumns, "\t") + "\n")
	rows := 0
	for _, r := range s.Returns {
		if r.Asked.Before(of.From) || r.Asked.After(of.To) {
			continue
		}
		rows++
		row := map[string]string{
			"Order ID": r.Order.ID, "Order date": day(r.Order.Created), "Return request date": day(r.Asked), "Return request status": r.Status, "Amazon RMA ID": r.RMA,
			"Label type": "AmazonPrePaidLabel", "Currency code": s.Currency, "Return carrier": "Royal Mail", "Tracking ID": r.Tracking, "Label to be paid by": "Seller",
			"A-to-Z Claim": "N", "Is prime": "N", "ASIN": r.Item.Listing.ASIN, "Merchant SKU": r.Item.SKU, "Item Name": r.Item.Listing.Title,
			"Return quantity": strconv.Itoa(r.Quantity), "Return Reason": r.Reason, "In policy": "Y", "Return type": "C-Returns", "Resolution": "StandardRefund",
			"Return delivery date": day(r.Delivered), "Order Amount": r.Order.Total, "Order quantity": strconv.Itoa(r.Item.Quantity), "Order Item ID": r.Item.ID,
		}
		if r.Status == ReturnCompleted {
			price, _ := cents(r.Item.Price)
			row["Refunded Amount"] = decimal(price * int64(r.Quantity))
		}
		for i, column := range returnColumns {
			if i > 0 {
				text.WriteByte('\t')
			}
			text.WriteString(row[column])
		}
		text.WriteByte('\n')
	}
	if rows == 0 {
		return
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(text.String())) // into memory
	_ = w.Close()
	u := m.NewUpload(s, "text/tab-separated-values")
	u.Body, u.Packed = packed.Bytes(), true
	of.Document, of.Status = u.ID, "DONE"
}

// day is how the report writes one.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("02-Jan-2006")
}
