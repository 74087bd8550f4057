package eventlog

import "sync/atomic"

// call is one Append or Execute on its way through the appender.
type call struct {
	owner atomic.Int32  // who may end the call: see take and abandon
	done  chan struct{} // holds one token when the answer stands

	request *Request  // of Execute, else nil
	folded  []*folded // of Execute: states that the caller folded, nil where the appender had one
	writes  []planned // of Append, or what Decide returned

	out Outcome
	err error
}

// planned is a write with its events encoded.
type planned struct {
	stream   Stream
	expected Version
	entries  []entry
	first    int // ordinal of its first event in the commit, from 1
}

const (
	queued int32 = iota
	taken
	abandoned
)

// take makes the call the appender's: the caller then waits for the answer.
func (c *call) take() bool { return c.owner.CompareAndSwap(queued, taken) }

// abandon makes sure that nothing of the call is ever written, or says that it is too late.
func (c *call) abandon() bool { return c.owner.CompareAndSwap(queued, abandoned) }

func (c *call) answer(err error) {
	c.err = err
	c.done <- struct{}{}
}

// takeCalls makes all waiting calls the appender's.
func takeCalls(into, waiting []*call) []*call {
	for _, c := range waiting {
		if c.take() {
			into = append(into, c)
		}
	}
	return into
}
