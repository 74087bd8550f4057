// Package aftersales speaks the part of the TikTok Shop Open API that is about cancellations and returns.
//
//	Desk method ─► wire.Line ─► the vendor ─► channels.Claim in the hub's words, or an Invalid beside its neighbours
package aftersales

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
	"github.com/creatorflow/creatorflow/money"
)

const (
	root      = "/return_refund/202309/"
	maxOrders = 50
	pageSize  = "50" // the most that a search of returns takes
)

// Desk answers for one shop's cancellations and returns. Its methods may be called from many goroutines.
type Desk struct{ line *wire.Line }

var (
	_ channels.AfterSales = Desk{}
	_ channels.Canceller  = Desk{}
)

// New makes a Desk; it calls nobody.
func New(line *wire.Line) Desk { return Desk{line} }

// kind is what differs between the two kinds of claims on the wire.
type kind struct {
	path, ids, list string // of the API, of the filter, of the answer
	states          map[string]channels.ClaimState
}

// The vendor's documents contradict each other on spellings, so both of each are here.
var kinds = map[channels.ClaimKind]kind{
	channels.Cancellation: {"cancellations", "cancel_ids", "cancellations", map[string]channels.ClaimState{
		"CANCELLATION_REQUEST_PENDING":   channels.ClaimPending,
		"CANCELLATION_REQUEST_SUCCESS":   channels.ClaimApproved,
		"CANCELLATION_REQUEST_COMPLETE":  channels.ClaimCompleted,
		"CANCELLATION_REQUEST_CANCELLED": channels.ClaimWithdrawn,
		"CANCELLATION_REQUEST_CANCEL":    channels.ClaimWithdrawn,
	}},
	channels.Return: {"returns", "return_ids", "return_orders", map[string]channels.ClaimState{
		"RETURN_OR_REFUND_REQUEST_PENDING":   channels.ClaimPending,
		"AWAITING_BUYER_SHIP":                channels.ClaimAwaited,
		"BUYER_SHIPPED_ITEM":                 channels.ClaimSent,
		"RETURN_OR_REFUND_REQUEST_SUCCESS":   channels.ClaimApproved,
		"RETURN_OR_REFUND_REQUEST_COMPLETE":  channels.ClaimCompleted,
		"RETURN_OR_REFUND_REQUEST_CANCEL":    channels.ClaimWithdrawn,
		"RETURN_OR_REFUND_REQUEST_CANCELLED": channels.ClaimWithdrawn,
		"REFUND_OR_RETURN_REQUEST_REJECT":    channels.ClaimRejected,
		"RETURN_OR_REFUND_REQUEST_REJECT":    channels.ClaimRejected,
		"REJECT_RECEIVE_PACKAGE":             channels.ClaimRejected,
		"REPLACEMENT_REQUEST_PENDING":        channels.ClaimPending,
		"REPLACEMENT_REQUEST_REJECT":         channels.ClaimRejected,
		"REPLACEMENT_REQUEST_REFUND_SUCCESS": channels.ClaimApproved,
		"REPLACEMENT_REQUEST_CANCEL":         channels.ClaimWithdrawn,
		"REPLACEMENT_REQUEST_CANCELLED":      channels.ClaimWithdrawn,
		"REPLACEMENT_REQUEST_COMPLETE":       channels.ClaimCompleted,
	}},
}

var wants = map[string]string{
	"REFUND": channels.Refund, "RETURN_AND_REFUND": channels.Goods, "REPLACEMENT": channels.Replacement,
}

var roles = map[string]string{"BUYER": "buyer", "SELLER": "seller", "SYSTEM": "channel", "OPERATOR": "channel"}

// search is the body of both searches.
type search struct {
	Cancels []string `json:"cancel_ids,omitempty"`
	Returns []string `json:"return_ids,omitempty"`
	Orders  []string `json:"order_ids,omitempty"`
	Since   int64    `json:"update_time_ge,omitempty"`
	Until   int64    `json:"update_time_lt,omitempty"`
}

// ClaimsChanged implements channels.AfterSales. Times are whole seconds: the window is widened to them.
func (d Desk) ClaimsChanged(ctx context.Context, of channels.ClaimKind, since, until time.Time, page string) (channels.ClaimPage, error) {
	var body search
	if !since.IsZero() {
		body.Since = since.Unix()
	}
	if !until.IsZero() {
		body.Until = until.Add(time.Second - 1).Unix()
	}
	return d.search(ctx, of, body, page)
}

// ClaimsOf implements channels.AfterSales.
func (d Desk) ClaimsOf(ctx context.Context, of channels.ClaimKind, orders []string, page string) (channels.ClaimPage, error) {
	name := "list " + kinds[of].path
	if len(orders) == 0 {
		return channels.ClaimPage{}, nil
	}
	if len(orders) > maxOrders {
		return channels.ClaimPage{}, wire.Bug(name, fmt.Sprintf("%d orders in one call, at most %d", len(orders), maxOrders))
	}
	for _, id := range orders {
		if err := wire.CheckID(name, id); err != nil {
			return channels.ClaimPage{}, err
		}
	}
	return d.search(ctx, of, search{Orders: orders}, page)
}

// Claim implements channels.AfterSales.
func (d Desk) Claim(ctx context.Context, of channels.ClaimKind, id string) (channels.Claim, bool, error) {
	name := "list " + kinds[of].path
	if err := wire.CheckID(name, id); err != nil {
		return channels.Claim{}, false, err
	}
	body := search{Cancels: []string{id}}
	if of == channels.Return {
		body = search{Returns: []string{id}}
	}
	read, err := d.search(ctx, of, body, "")
	if err != nil {
		return channels.Claim{}, false, err
	}
	if len(read.Invalid) > 0 {
		return channels.Claim{}, false, wire.Unreadable(name, read.Invalid[0])
	}
	i := slices.IndexFunc(read.Claims, func(c channels.Claim) bool { return c.ID == id })
	if i < 0 {
		return channels.Claim{}, false, nil
	}
	return read.Claims[i], true, nil
}

func (d Desk) search(ctx context.Context, of channels.ClaimKind, body search, page string) (channels.ClaimPage, error) {
	k := kinds[of]
	q := wire.Request{
		Name: "list " + k.path, Method: http.MethodPost, Path: root + k.path + "/search",
		Query: url.Values{"page_size": {pageSize}, "sort_field": {"update_time"}, "sort_order": {"ASC"}},
	}
	if page != "" {
		q.Query.Set("page_token", page)
	}
	if text, _ := json.Marshal(body); string(text) != "{}" {
		q.Body = body
	}
	data, err := d.line.Call(ctx, q)
	if err != nil {
		return channels.ClaimPage{}, err
	}
	return readPage(of, q.Name, data)
}

func readPage(of channels.ClaimKind, call string, data json.RawMessage) (channels.ClaimPage, error) {
	var list map[string]json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return channels.ClaimPage{}, wire.Unreadable(call, err)
	}
	var items []json.RawMessage
	if raw := list[kinds[of].list]; len(raw) > 0 {
		if err := json.Unmarshal(raw, &items); err != nil {
			return channels.ClaimPage{}, wire.Unreadable(call, err)
		}
	}
	page := channels.ClaimPage{Next: channels.Lenient(list["next_page_token"])}
	for i, raw := range items {
		claim, invalid := readClaim(of, i, raw)
		if invalid != nil {
			page.Invalid = append(page.Invalid, *invalid)
			continue
		}
		page.Claims = append(page.Claims, claim)
	}
	return page, nil
}

// wireClaim holds both kinds; each field as it came, so that one of the wrong kind is named and does not hide the rest.
type wireClaim struct {
	Order        json.RawMessage `json:"order_id"`
	CancelID     json.RawMessage `json:"cancel_id"`
	ReturnID     json.RawMessage `json:"return_id"`
	CancelStatus json.RawMessage `json:"cancel_status"`
	ReturnStatus json.RawMessage `json:"return_status"`
	ReturnType   json.RawMessage `json:"return_type"`
	Role         json.RawMessage `json:"role"`
	CancelReason json.RawMessage `json:"cancel_reason"`
	ReturnReason json.RawMessage `json:"return_reason"`
	Tracking     json.RawMessage `json:"return_tracking_number"`
	Created      json.RawMessage `json:"create_time"`
	Updated      json.RawMessage `json:"update_time"`
	Next         json.RawMessage `json:"seller_next_action_response"`
	Refund       json.RawMessage `json:"refund_amount"`
	CancelLines  json.RawMessage `json:"cancel_line_items"`
	ReturnLines  json.RawMessage `json:"return_line_items"`
}

// readClaim translates one claim, the i-th of its page, or says what is wrong with it.
func readClaim(of channels.ClaimKind, i int, raw json.RawMessage) (channels.Claim, *channels.Invalid) {
	r := &channels.Reading{Record: fmt.Sprintf("%s without a readable order, number %d of its page", of, i+1)}
	var w wireClaim
	if !r.Object(string(of), raw, &w) {
		return channels.Claim{}, r.Invalid
	}
	if order := channels.Lenient(w.Order); channels.IsID(order) {
		r.Record = order
	}
	idField, id, statusField, status, reason, lines := "cancel_id", w.CancelID, "cancel_status", w.CancelStatus, w.CancelReason, w.CancelLines
	if of == channels.Return {
		idField, id, statusField, status, reason, lines = "return_id", w.ReturnID, "return_status", w.ReturnStatus, w.ReturnReason, w.ReturnLines
	}
	c := channels.Claim{
		Kind: of, Order: r.ID("order_id", w.Order), ID: r.ID(idField, id), Vendor: channels.Short(r.Text(statusField, status), 80),
		Reason: code(channels.Lenient(reason)), Tracking: channels.Short(channels.Lenient(w.Tracking), 80),
		Created: r.Time("create_time", w.Created), Updated: r.Time("update_time", w.Updated),
	}
	if c.Vendor == "" {
		r.Fail(statusField, "must be there", "")
	}
	c.State = cmp.Or(kinds[of].states[c.Vendor], channels.ClaimUnknown)
	role, returns := channels.Short(r.Text("role", w.Role), 40), channels.Short(r.Text("return_type", w.ReturnType), 40)
	c.By, c.Wants = cmp.Or(roles[role], strings.ToLower(role)), cmp.Or(wants[returns], strings.ToLower(returns))
	if c.Updated = cmp.Or(c.Updated, c.Created); c.Updated.IsZero() {
		r.Fail("update_time", "must be there", "")
	}
	c.DecideBy = decideBy(r, w.Next)
	c.Refund = refund(w.Refund)
	c.Lines = readLines(r, lines)
	return c, r.Invalid
}

// code keeps what is no reason code of the vendor's out: it may be a person's text.
func code(reason string) string {
	if len(reason) > 120 || strings.ContainsFunc(reason, func(c rune) bool { return !channels.IsID(string(c)) }) {
		return ""
	}
	return reason
}

// decideBy is the earliest of the seller's deadlines.
func decideBy(r *channels.Reading, raw json.RawMessage) (first time.Time) {
	for i, item := range r.List("seller_next_action_response", raw) {
		var next struct {
			Deadline json.RawMessage `json:"deadline"`
		}
		field := channels.At("seller_next_action_response", i)
		if !r.Object(field, item, &next) {
			return time.Time{}
		}
		if at := r.Time(field+".deadline", next.Deadline); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// refund is what the buyer gets back, for people to see; nothing is computed with it, so one that cannot be read is left out.
func refund(raw json.RawMessage) money.Money {
	var amount struct {
		Currency json.RawMessage `json:"currency"`
		Total    json.RawMessage `json:"refund_total"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &amount) != nil {
		return money.Money{}
	}
	var r channels.Reading
	total := r.Amount("refund_total", amount.Total, channels.Lenient(amount.Currency))
	if r.Invalid != nil {
		return money.Money{}
	}
	return total
}

// readLines sums line items, one a unit, by SKU in the order they first came.
func readLines(r *channels.Reading, raw json.RawMessage) (lines []channels.ClaimLine) {
	for i, item := range r.List("line_items", raw) {
		var w struct {
			SKU  json.RawMessage `json:"sku_id"`
			Code json.RawMessage `json:"seller_sku"`
		}
		field := channels.At("line_items", i)
		if !r.Object(field, item, &w) {
			return nil
		}
		sku := r.ID(field+".sku_id", w.SKU)
		at := slices.IndexFunc(lines, func(l channels.ClaimLine) bool { return l.ListingID == sku })
		if at < 0 {
			lines = append(lines, channels.ClaimLine{ListingID: sku, Code: channels.Lenient(w.Code)})
			at = len(lines) - 1
		}
		lines[at].Quantity++
	}
	return lines
}

// decision is the vendor's word for yes or no, which depends on what is decided; false when nothing is to be.
func decision(c channels.Claim, approve bool) (string, bool) {
	what := ""
	switch {
	case c.State == channels.ClaimSent:
		what = "RECEIVED_PACKAGE"
	case c.State != channels.ClaimPending:
		return "", false
	case c.Wants == channels.Refund:
		what = "REFUND"
	case c.Wants == channels.Goods:
		what = "RETURN"
	case c.Wants == channels.Replacement:
		what = "REPLACEMENT"
	default:
		return "", false
	}
	if approve {
		return "APPROVE_" + what, true
	}
	return "REJECT_" + what, true
}

// Answer implements channels.AfterSales.
func (d Desk) Answer(ctx context.Context, c channels.Claim, v channels.Verdict) error {
	verb := "reject"
	if v.Approve {
		verb = "approve"
	}
	name := verb + " " + string(c.Kind)
	if err := wire.CheckID(name, c.ID); err != nil {
		return err
	}
	q := wire.Request{
		Name: name, Method: http.MethodPost, Path: root + kinds[c.Kind].path + "/" + c.ID + "/" + verb, Write: true, Urgent: true,
		Query: url.Values{"idempotency_key": {v.Key}},
	}
	body := map[string]string{}
	if c.Kind == channels.Return {
		word, ok := decision(c, v.Approve)
		if !ok {
			return &channels.Failure{Class: channels.Rejected, Call: name, Message: "nothing is to be decided about a return that is " + c.Vendor}
		}
		body["decision"] = word
	}
	if !v.Approve {
		reason, err := d.rejectReason(ctx, c.ID, v.Reason)
		if err != nil {
			return err
		}
		body["reject_reason"] = reason
	}
	if len(body) > 0 {
		q.Body = body
	}
	_, err := d.line.Call(ctx, q)
	return err
}

// rejectReason finds the vendor's name for a reason among those that it takes for a claim. They differ by claim and market,
// so the first one stands in for what is not there.
func (d Desk) rejectReason(ctx context.Context, claim, reason string) (string, error) {
	const name = "list reject reasons"
	data, err := d.line.Call(ctx, wire.Request{
		Name: name, Method: http.MethodGet, Path: root + "reject_reasons", Query: url.Values{"return_or_cancel_id": {claim}},
	})
	if err != nil {
		return "", err
	}
	var list struct {
		Reasons []struct {
			Name channels.Text `json:"name"`
		} `json:"reasons"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return "", wire.Unreadable(name, err)
	}
	if len(list.Reasons) == 0 {
		return "", &channels.Failure{Class: channels.Rejected, Call: name, Message: "the channel takes no reason for a no to this"}
	}
	for _, r := range list.Reasons {
		if strings.Contains(string(r.Name), reason) {
			return string(r.Name), nil
		}
	}
	return string(list.Reasons[0].Name), nil
}

// cancelReasons are the vendor's names; those of an unpaid order have another beginning. Only the first is documented.
var cancelReasons = map[string]string{
	"out_of_stock": "reason_out_of_stock", "wrong_price": "reason_wrong_price",
	"undeliverable": "paid_reason_address_not_deliver", "buyer_asked": "paid_reason_buyer_requested_cancellation",
}

// Cancel implements channels.Canceller.
func (d Desk) Cancel(ctx context.Context, order channels.Order, reason string) error {
	const name = "write cancellation"
	if err := wire.CheckID(name, order.ID); err != nil {
		return err
	}
	word, known := cancelReasons[reason]
	if !known {
		return wire.Bug(name, strconv.Quote(reason)+" is no reason to cancel")
	}
	begin := "seller_cancel_"
	if order.Status == channels.StatusUnpaid {
		begin, word = "seller_cancel_unpaid_", strings.TrimPrefix(word, "paid_")
	}
	_, err := d.line.Call(ctx, wire.Request{
		Name: name, Method: http.MethodPost, Path: root + "cancellations", Write: true, Urgent: true,
		Body: map[string]string{"order_id": order.ID, "cancel_reason": begin + word},
	})
	return err
}
