package eventlog

import (
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/eventlog/ids"
	"github.com/creatorflow/creatorflow/eventlog/record"
)

// keyLife is how long the answers of command keys are kept.
const keyLife = 30 * 24 * time.Hour

func (l *Log) checkKey(k *Key) error {
	if k.ID.Version() != 7 || !record.Plain(k.Caller) {
		return fmt.Errorf("eventlog: the command key %s is no uuid of version 7", k.ID)
	}
	switch now, made := l.options.Clock(), ids.TimeOf(k.ID); {
	case made.Before(now.Add(-keyLife)):
		return ErrKeyTooOld
	case made.After(now.Add(ids.Ahead())): // its answer would be kept until long after that time
		return ErrKeyAhead
	}
	return nil
}

// answerOf gives the first answer of a key again.
func answerOf(k *StoredKey, asked *Key) (Outcome, error) {
	if err := k.Check(); err != nil {
		return Outcome{}, err
	}
	if k.Hash != asked.Hash {
		return Outcome{}, ErrKeyReused
	}
	out := Outcome{
		Appended: Appended{First: k.First, Last: k.Last, At: time.UnixMicro(k.At).UTC(), Versions: []Version{k.Version}},
		Result:   k.Result, Replayed: true,
	}
	if k.Refusal != "" {
		return out, Refusal(k.Refusal)
	}
	return out, nil
}
