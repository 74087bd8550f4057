// Package snapshot keeps the states of long streams, so that not all of a stream has to be read whenever
// its state is needed.
//
//	fold of a stream ─► Restore: the newest snapshot, if it is whole ─► the events that follow
//	                └─► Ask, when they were many ─► Run ─► folds for itself, writes the next one
//
// No answer waits for a snapshot, and none is needed: it says nothing that the stream does not.
package snapshot

import (
	"encoding/json"
	"fmt"

	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/eventlog/seal"
)

// Codec says how the state of a fold is kept in a snapshot. A snapshot of another Schema is not used:
// it must change with what Encode writes and with what the fold makes of events that are stored already.
type Codec struct {
	Schema int
	Encode func(state any) ([]byte, error) // the same state gives the same bytes
	Decode func(data []byte) (any, error)
}

// JSON keeps states of type S as JSON, so all that the fold goes by is in exported fields.
func JSON[S any](schema int) *Codec {
	return &Codec{
		Schema: schema,
		Encode: func(state any) ([]byte, error) { return seal.JSON(state) },
		Decode: func(data []byte) (any, error) {
			var state S
			err := json.Unmarshal(data, &state)
			return state, err
		},
	}
}

// encode and decode call the codec; its panic is a fault of this fold alone.
func (c *Codec) encode(state any) (data []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the codec panicked: %v", p)
		}
	}()
	return c.Encode(state)
}

func (c *Codec) decode(s *record.Snapshot) (state any, err error) {
	defer func() {
		p := recover()
		if p != nil {
			err = fmt.Errorf("the codec panicked: %v", p)
		}
		if err != nil {
			err = fmt.Errorf("%w: the snapshot of %s for %s at version %d: %w", record.ErrCorrupt, s.Stream, s.Fold, s.Version, err)
		}
	}()
	return c.Decode(s.Data)
}
