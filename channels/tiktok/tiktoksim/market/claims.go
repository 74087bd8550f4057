package market

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// The vendor's statuses of cancellations and returns that something is decided by.
const (
	CancelPending   = "CANCELLATION_REQUEST_PENDING"
	CancelSuccess   = "CANCELLATION_REQUEST_SUCCESS"
	CancelComplete  = "CANCELLATION_REQUEST_COMPLETE"
	CancelCancelled = "CANCELLATION_REQUEST_CANCELLED"

	ReturnPending  = "RETURN_OR_REFUND_REQUEST_PENDING"
	AwaitingBuyer  = "AWAITING_BUYER_SHIP"
	BuyerShipped   = "BUYER_SHIPPED_ITEM"
	ReturnSuccess  = "RETURN_OR_REFUND_REQUEST_SUCCESS"
	ReturnComplete = "RETURN_OR_REFUND_REQUEST_COMPLETE"
	ReturnCancel   = "RETURN_OR_REFUND_REQUEST_CANCEL"

	ReplacePending = "REPLACEMENT_REQUEST_PENDING"
)

// sellerTime is how long a seller has to decide. Nothing is decided for who lets it pass.
const sellerTime = 48 * time.Hour

// Claim is a cancellation, whose Type is empty, or a return.
type Claim struct {
	ID, Type, Status, Role, Reason, Tracking string
	Order                                    *Order
	Units                                    []Unit
	Created, Updated                         Mark
	keys                                     map[string]bool // idempotency keys that took effect
}

// Unit is one line item of a claim.
type Unit struct {
	ID int64
	*Item
}

// Open says that the seller must say yes or no, and until when.
func (c *Claim) Open() (action string, until int64, open bool) {
	actions := map[string]string{
		CancelPending: "SELLER_RESPOND_CANCEL", ReturnPending: "SELLER_RESPOND_RETURN", BuyerShipped: "SELLER_RESPOND_RECEIVE_PACKAGE",
		ReplacePending: "SELLER_RESPOND_REPLACEMENT",
	}
	action, open = actions[c.Status]
	return action, c.Updated.At + int64(sellerTime/time.Second), open
}

// claim makes a cancellation (type "") or a return of units; none = the whole order.
func (m *Market) claim(st *Store, o *Order, kind, status, role, reason string, units []string) (*Claim, error) {
	prefix, line, news := "403", &st.CancelLine, &st.CancelNews
	if kind != "" {
		prefix, line, news = "404", &st.ReturnLine, &st.ReturnNews
	}
	c := &Claim{ID: m.ID(prefix), Type: kind, Status: status, Role: role, Reason: reason, Order: o, keys: map[string]bool{}}
	for _, u := range o.units() {
		if len(units) == 0 || slices.Contains(units, strconv.FormatInt(u.ID, 10)) {
			c.Units = append(c.Units, u)
		}
	}
	if len(c.Units) == 0 || len(units) > 0 && len(c.Units) != len(units) {
		return nil, fmt.Errorf("order %s has not all of the units %v: %w", o.ID, units, ErrInvalid)
	}
	c.Created = m.mark(m.hooks.Now())
	c.Updated = c.Created
	st.Claims[c.ID] = c
	line.Put(c)
	news.Put(c)
	o.Claims = append(o.Claims, c)
	m.announce(st, c)
	return c, nil
}

// turn moves a claim on and tells it.
func (m *Market) turn(st *Store, c *Claim, status string) {
	c.Status, c.Updated = status, m.mark(m.hooks.Now())
	news := &st.CancelNews
	if c.Type != "" {
		news = &st.ReturnNews
	}
	news.Moved(c)
	m.announce(st, c)
}

func (m *Market) announce(st *Store, c *Claim) {
	topic := "CANCELLATION_STATUS_CHANGE"
	if c.Type != "" {
		topic = "RETURN_STATUS_CHANGE"
	}
	m.hooks.Note("claim "+c.Status, st.ID, c.ID, c.Order.ID)
	m.hooks.Tell(st, Notice{Topic: topic, Order: c.Order, Claim: c, Role: c.Role, Status: c.Status})
}

// undecided is the cancellation that a buyer has asked for and that is not carried out.
func (o *Order) undecided() *Claim {
	i := slices.IndexFunc(o.Claims, func(c *Claim) bool { return c.Status == CancelPending || c.Status == CancelSuccess })
	if i < 0 {
		return nil
	}
	return o.Claims[i]
}

// RequestCancel is a buyer asking for units; none = for all of them. Before an order may be shipped the platform says yes by itself; then
// the seller is asked, and until there is an answer the order's packages cannot be shipped.
func (m *Market) RequestCancel(st *Store, o *Order, reason string, units []string) error {
	if err := o.move(Cancelled); err != nil {
		return err
	}
	switch {
	case o.Status == Unpaid || o.Status == OnHold:
		return m.Cancel(st, o, "BUYER", reason, units)
	case o.undecided() != nil:
		return fmt.Errorf("the buyer of order %s has asked already: %w", o.ID, ErrState)
	}
	if _, err := m.claim(st, o, "", CancelPending, "BUYER", reason, units); err != nil {
		return err
	}
	o.CancelRequested = m.hooks.Now().Unix()
	m.touch(st, o)
	return nil
}

// Withdraw is a buyer who takes back what the seller has not decided, or what is agreed and not sent yet.
func (m *Market) Withdraw(st *Store, claimID string) error {
	c := st.Claims[claimID]
	switch {
	case c == nil:
		return fmt.Errorf("claim %q: %w", claimID, ErrUnknown)
	case c.Status == CancelPending:
		c.Order.CancelRequested = 0
		m.touch(st, c.Order)
		m.turn(st, c, CancelCancelled)
	case c.Status == ReturnPending, c.Status == AwaitingBuyer:
		m.turn(st, c, ReturnCancel)
	case c.Status == ReplacePending:
		m.turn(st, c, "REPLACEMENT_REQUEST_CANCEL")
	default:
		return fmt.Errorf("claim %s is %s: %w", c.ID, c.Status, ErrState)
	}
	return nil
}

// RequestReturn is a buyer asking for REFUND, RETURN_AND_REFUND or REPLACEMENT of units that have left; none = of all.
func (m *Market) RequestReturn(st *Store, o *Order, kind, reason string, units []string) (id string, err error) {
	status := ReturnPending
	switch {
	case !slices.Contains([]string{InTransit, Delivered, Completed}, o.Status):
		return "", fmt.Errorf("order %s is %s, nothing of it can come back: %w", o.ID, o.Status, ErrState)
	case kind == "REPLACEMENT":
		status = ReplacePending
	case kind != "REFUND" && kind != "RETURN_AND_REFUND":
		return "", fmt.Errorf("return type %q: %w", kind, ErrInvalid)
	}
	c, err := m.claim(st, o, kind, status, "BUYER", reason, units)
	if err != nil {
		return "", err
	}
	return c.ID, nil
}

// SendBack is the buyer handing the goods of an agreed return to a carrier.
func (m *Market) SendBack(st *Store, claimID string) error {
	c := st.Claims[claimID]
	switch {
	case c == nil:
		return fmt.Errorf("claim %q: %w", claimID, ErrUnknown)
	case c.Status != AwaitingBuyer:
		return fmt.Errorf("claim %s is %s: %w", c.ID, c.Status, ErrState)
	}
	c.Tracking = m.ID("RT")
	m.turn(st, c, BuyerShipped)
	return nil
}

// Answered says whether a key has taken effect before: then the same answer is given again and nothing is done.
func (m *Market) Answered(c *Claim, key string) bool {
	m.Counts.AnswerTries[c.ID]++
	return key != "" && c.keys[key]
}

func (m *Market) answered(c *Claim, key, what string) {
	c.keys[key] = true
	m.Counts.Answers[c.ID+" "+what]++
}

// Which of its documented codes the vendor answers when a claim is past being decided is not known; these are of each call's.
var errDecided = Refusal{25001003, "the request is not waiting for the seller"}

// AnswerCancel is the seller's yes or no to a buyer's cancellation.
func (m *Market) AnswerCancel(st *Store, c *Claim, approve bool, key string) error {
	switch {
	case c.Type != "" || c.Status != CancelPending:
		return errDecided
	case approve:
		m.answered(c, key, "APPROVE")
		m.turn(st, c, CancelSuccess)
		if len(c.Units) < len(c.Order.units()) {
			c.Order.CancelRequested = 0
			m.takeOut(st, c)
			return nil
		}
		return m.Cancel(st, c.Order, c.Role, c.Reason, nil)
	}
	m.answered(c, key, "REJECT")
	c.Order.CancelRequested = 0
	m.touch(st, c.Order)
	m.turn(st, c, CancelCancelled)
	return nil
}

// verdicts is the chart of returns: what each decision asks for and where it leads. REFUND ends after its SUCCESS.
var verdicts = map[string]struct{ kind, from, to string }{
	"APPROVE_REFUND":           {"REFUND", ReturnPending, ReturnSuccess},
	"APPROVE_RETURN":           {"RETURN_AND_REFUND", ReturnPending, AwaitingBuyer},
	"APPROVE_RECEIVED_PACKAGE": {"RETURN_AND_REFUND", BuyerShipped, ReturnSuccess},
	"APPROVE_REPLACEMENT":      {"REPLACEMENT", ReplacePending, "REPLACEMENT_REQUEST_COMPLETE"},
	"ISSUE_REPLACEMENT_REFUND": {"REPLACEMENT", ReplacePending, "REPLACEMENT_REQUEST_REFUND_SUCCESS"},
	"REJECT_REFUND":            {"REFUND", ReturnPending, "REFUND_OR_RETURN_REQUEST_REJECT"},
	"REJECT_RETURN":            {"RETURN_AND_REFUND", ReturnPending, "REFUND_OR_RETURN_REQUEST_REJECT"},
	"REJECT_RECEIVED_PACKAGE":  {"RETURN_AND_REFUND", BuyerShipped, "REJECT_RECEIVE_PACKAGE"},
	"REJECT_REPLACEMENT":       {"REPLACEMENT", ReplacePending, "REPLACEMENT_REQUEST_REJECT"},
}

// AnswerReturn is the seller's decision about a return.
func (m *Market) AnswerReturn(st *Store, c *Claim, decision, key string) error {
	v, known := verdicts[decision]
	switch {
	case !known:
		return Refusal{25011010, "the decision is none that the simulator knows: " + decision}
	case c.Type != v.kind || c.Status != v.from:
		return errDecided
	}
	m.answered(c, key, decision)
	m.turn(st, c, v.to)
	if v.to == ReturnSuccess {
		m.turn(st, c, ReturnComplete)
	}
	return nil
}
