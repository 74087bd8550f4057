package backorders

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Refusals of what a person asks of a queue.
const (
	ErrNone   = eventlog.Refusal("This order does not wait in a queue for stock.")
	ErrFirst  = eventlog.Refusal("This order is the first in its queue already.")
	ErrKept   = eventlog.Refusal("This order waits for something else before its stock, as its page says. It keeps its place in the queue until that is decided.")
	ErrReason = eventlog.Refusal("Say why in 1 to 200 characters: those who wait behind it may ask.")
)

// Person is what somebody asks of the place of an order.
type Person struct {
	Order, Reason string
	Now           time.Time
}

func (p Person) check(stocks map[string]inventory.State) error {
	if strings.TrimSpace(p.Reason) == "" || utf8.RuneCountInString(p.Reason) > 200 {
		return ErrReason
	}
	for _, s := range stocks {
		if _, waits := s.Queue.Find(p.Order); waits {
			return nil
		}
	}
	return ErrNone
}

// First moves an order before all others that wait. Stocks hold every SKU of the order.
func First(workspace string, p Person, stocks map[string]inventory.State) ([]eventlog.Decided, error) {
	if err := p.check(stocks); err != nil {
		return nil, err
	}
	writes := inventory.First(workspace, p.Order, p.Reason, stocks)
	if writes == nil {
		return nil, ErrFirst
	}
	return writes, nil
}

// TakeOut has an order that waits in its turn be held instead, as one that was never in a queue: its flow, which stands in own, rests
// until a person retries it. Stocks hold every SKU of the order.
func TakeOut(workspace string, p Person, own eventlog.State, stocks map[string]inventory.State) ([]eventlog.Decided, error) {
	if err := p.check(stocks); err != nil {
		return nil, err
	}
	s := own.Value.(flow.Status)
	if s.Phase != flow.Waits || s.Waiting.Code != WaitTurn {
		return nil, ErrKept
	}
	var still []string
	for _, tag := range s.Waiting.For {
		if strings.HasPrefix(tag, inventory.ShortTag) {
			still = append(still, tag)
		}
	}
	held := flows.Waiting{
		Flow: p.Order, Step: s.Waiting.Step, Code: WaitHeld, For: still, Since: p.Now, Woken: p.Now,
		Sentence: "Taken out of the queue for stock by hand: " + sentence(p.Reason) + " The order is held and holds nothing. Retry, and it asks for its stock again.",
	}
	return append(inventory.Leave(workspace, p.Order, p.Reason, stocks), eventlog.Decided{Stream: own.Stream, Events: []eventlog.Event{held}}), nil
}
