package partners

import "time"

// The kinds of a Failure.
const (
	Busy    Kind = "busy"    // the partner asks to slow down
	Away    Kind = "away"    // nothing was done: the partner was not reached, or could not be read
	Unsure  Kind = "unsure"  // asked, and not known what came of it: it may still take effect
	Pending Kind = "pending" // taken on and not decided yet
	Unpaid  Kind = "unpaid"  // the buyer has a link, and has not paid by it
	Locked  Kind = "locked"  // the partner does not let us in: it does not know the key, or the key may not do this
	Funds   Kind = "funds"   // the seller's account there has no money
	Wrong   Kind = "wrong"   // we asked wrongly: no retry
)

// Kind sorts a Failure by what to do about it.
type Kind string

// Failure is why a request to a partner has no answer to the point. Of all kinds but Unsure and Pending nothing was done.
type Failure struct {
	Kind       Kind
	Call       string // "capture the payment"; empty where the message says it
	Code       string // the partner's
	Message    string // the partner's words, or ours; may be shown
	RetryAfter time.Duration
	Err        error // the cause, where it was not the partner's answer
}

// Error implements error.
func (f *Failure) Error() string {
	s := f.Message
	if f.Call != "" {
		s = f.Call + ": " + s
	}
	if f.Code != "" {
		s += " (code " + f.Code + ")"
	}
	return s
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }
