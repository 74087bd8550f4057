package events

import "github.com/creatorflow/creatorflow/eventlog"

// DecoderOf is Decode of a catalogue of these events alone.
func DecoderOf(types ...eventlog.Event) eventlog.Decoder { return index(types).decode }
