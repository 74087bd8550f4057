package orders

// What happens to the stock of a flagged order until it is reviewed.
const (
	StockKept  = "kept"
	StockFreed = "freed"
)

// Flagged says that the order is held until a person has reviewed it. It is decided once, when the order may be sent.
type Flagged struct {
	Order    string   `json:"order"`
	Rules    []string `json:"rules"`    // "mismatch", "total", "repeats"
	Sentence string   `json:"sentence"` // what the rules found, with figures and without personal data, and what to do
	Stock    string   `json:"stock"`    // "kept" or "freed"
}

// Reviewed says what a person decided about a flagged order.
type Reviewed struct {
	Order    string `json:"order"`
	Approved bool   `json:"approved"` // false: rejected
}

// Cleared says that no rule flagged the order and that none looks at it again. It is told where the order still waits for
// something else; one that is sent at once needs no word of it.
type Cleared struct {
	Order string `json:"order"`
}

// EventName implements eventlog.Event.
func (Flagged) EventName() string { return "order.flagged" }

// EventName implements eventlog.Event.
func (Reviewed) EventName() string { return "order.reviewed" }

// EventName implements eventlog.Event.
func (Cleared) EventName() string { return "order.cleared" }
