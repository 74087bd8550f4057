// Package signals holds the events of what people do around a seller's goods beside buying them, comments and mentions, and of
// where mentions come from. Streams are (workspace, "signal", "<connection>:<field>:<the channel's id>"), one for each signal, so
// that one that is told again is known, and (workspace, "mentions", workspace) of the sources. What was said is not in them: the
// words stay in the sealed inbox.
package signals

import (
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// The stream kinds of a signal, and of the sources of mentions.
const (
	Kind        = "signal"
	SourcesKind = "mentions"
)

// Mentions is the field of a signal that came from a source of mentions.
const Mentions = "mentions"

// The kinds of source.
const (
	Webhook = "webhook" // whoever has its secret sends mentions
	Feed    = "feed"    // RSS, Atom or JSON Feed, read now and then
)

// Noticed says that somebody commented on a post or mentioned the seller.
type Noticed struct {
	Connection string    `json:"connection"`      // or a source of mentions
	Field      string    `json:"field"`           // the channel's word: "comments", "live_comments", "mentions"
	Signal     string    `json:"signal"`          // the channel's id
	Media      string    `json:"media,omitzero"`  // the channel's id of the post
	Author     string    `json:"author,omitzero"` // a keyed hash of the channel's id of the person
	At         time.Time `json:"at"`              // the channel's time
	SKUs       []string  `json:"skus,omitzero"`   // that its words name, of a source of mentions
}

// SourceAdded says that mentions come from somewhere from now on; the secret and the address are in the vault.
type SourceAdded struct {
	Source string `json:"source"`
	Kind   string `json:"kind"` // "webhook", "feed"
	Name   string `json:"name"` // as the owner calls it
}

// SourceRemoved says that no mentions come from there any more.
type SourceRemoved struct {
	Source string `json:"source"`
}

// SourceFailed says that a feed cannot be read.
type SourceFailed struct {
	Source string `json:"source"`
	Reason string `json:"reason"` // a sentence
}

// SourceRecovered says that a feed that could not be read was read again.
type SourceRecovered struct {
	Source string `json:"source"`
}

// EventName implements eventlog.Event.
func (Noticed) EventName() string { return "signal.noticed" }

// EventName implements eventlog.Event.
func (SourceAdded) EventName() string { return "mentions.source_added" }

// EventName implements eventlog.Event.
func (SourceRemoved) EventName() string { return "mentions.source_removed" }

// EventName implements eventlog.Event.
func (SourceFailed) EventName() string { return "mentions.source_failed" }

// EventName implements eventlog.Event.
func (SourceRecovered) EventName() string { return "mentions.source_recovered" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event {
	return []eventlog.Event{Noticed{}, SourceAdded{}, SourceRemoved{}, SourceFailed{}, SourceRecovered{}}
}

// Sources is the history of where mentions come from.
func Sources(workspace string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: SourcesKind, ID: workspace}
}

// Stream is the history of one signal.
func Stream(workspace, connection, field, id string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: connection + ":" + field + ":" + id}
}
