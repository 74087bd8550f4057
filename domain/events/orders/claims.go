package orders

import (
	"time"

	"github.com/creatorflow/creatorflow/money"
)

// ClaimLine is so many units of a listing that a claim is about.
type ClaimLine struct {
	Listing  string `json:"listing"`
	Code     string `json:"code,omitzero"`
	Quantity int64  `json:"quantity"`
}

// ClaimOpened says that somebody asks for a cancellation or a return of the order.
type ClaimOpened struct {
	Order    string      `json:"order"`
	Kind     string      `json:"kind"`  // "cancellation" or "return"
	Claim    string      `json:"claim"` // the channel's id, unique within the kind
	State    string      `json:"state"`
	Vendor   string      `json:"vendor"`          // the channel's own word for the state
	Wants    string      `json:"wants,omitzero"`  // of a return: "refund", "return", "replacement"
	By       string      `json:"by,omitzero"`     // "buyer", "seller", "channel"
	Reason   string      `json:"reason,omitzero"` // the channel's reason code, never a person's text
	Lines    []ClaimLine `json:"lines,omitzero"`
	Refund   money.Money `json:"refund,omitzero"`
	Tracking string      `json:"tracking,omitzero"` // of the parcel that comes back
	Created  time.Time   `json:"created,omitzero"`
	Updated  time.Time   `json:"updated"`            // the channel's state version
	DecideBy time.Time   `json:"decide_by,omitzero"` // then the channel decides by itself

	Untracked bool   `json:"untracked,omitzero"` // the channel does not tell when the goods are under way: they may come while they are awaited
	Elsewhere string `json:"elsewhere,omitzero"` // an address: the channel takes no answer to this from the hub, and the seller gives it there
}

// ClaimMoved says that the channel shows a cancellation or a return at a later state version.
type ClaimMoved struct {
	Order    string    `json:"order"`
	Kind     string    `json:"kind"`
	Claim    string    `json:"claim"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Vendor   string    `json:"vendor"`
	Tracking string    `json:"tracking,omitzero"`
	Updated  time.Time `json:"updated"`
	DecideBy time.Time `json:"decide_by,omitzero"`
}

// ReturnReceived says what of a return has come back, and in which condition.
type ReturnReceived struct {
	Order string         `json:"order"`
	Claim string         `json:"claim"`
	Items []ReturnedItem `json:"items"`
}

// ReturnedItem is units of a SKU that came back in one condition.
type ReturnedItem struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Sellable bool   `json:"sellable"` // false = damaged: it is not on hand
}

// AnswerAsked says that the seller wants the channel told something about the order.
type AnswerAsked struct {
	Order  string `json:"order"`
	Answer int    `json:"answer"` // 1, 2, 3 … of the order
	Action string `json:"action"` // "cancel", "approve", "reject"
	Kind   string `json:"kind,omitzero"`
	Claim  string `json:"claim,omitzero"`  // of what is approved or rejected
	State  string `json:"state,omitzero"`  // of the claim, as the seller saw it
	Reason string `json:"reason,omitzero"` // why it is cancelled or rejected, one of the hub's words
}

// AnswerEnded says what became of an answer at the channel.
type AnswerEnded struct {
	Order    string `json:"order"`
	Answer   int    `json:"answer"`
	Done     bool   `json:"done"`
	Sentence string `json:"sentence,omitzero"` // why it was not done
}

// EventName implements eventlog.Event.
func (ClaimOpened) EventName() string { return "order.claim_opened" }

// EventName implements eventlog.Event.
func (ClaimMoved) EventName() string { return "order.claim_moved" }

// EventName implements eventlog.Event.
func (ReturnReceived) EventName() string { return "order.return_received" }

// EventName implements eventlog.Event.
func (AnswerAsked) EventName() string { return "order.answer_asked" }

// EventName implements eventlog.Event.
func (AnswerEnded) EventName() string { return "order.answer_ended" }
