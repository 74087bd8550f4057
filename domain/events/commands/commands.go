// Package commands holds the events of what people and programs asked for and did not get: of two who change one thing at
// once, what the one wanted whose change was not made. Streams are (workspace, "refused", kind and id of the stream it was about).
package commands

import "github.com/creatorflow/creatorflow/eventlog"

// Kind is the stream kind of refused commands.
const Kind = "refused" // id: "<kind>/<id>" of the stream that it was about

// Refused says that a command was decided about and not done. It changes nothing.
type Refused struct {
	Command string `json:"command"`        // such as "adjust-stock"
	Key     string `json:"key"`            // the command's
	Asked   string `json:"asked,omitzero"` // its body, as far as it names things of the log and figures: nobody's name, nothing that was typed; absent where it is long
	Why     string `json:"why"`            // the answer, a sentence
}

// EventName implements eventlog.Event.
func (Refused) EventName() string { return "command.refused" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event { return []eventlog.Event{Refused{}} }

// Stream is the history of what was refused about what another stream tells of.
func Stream(about eventlog.Stream) eventlog.Stream {
	return eventlog.Stream{Workspace: about.Workspace, Kind: Kind, ID: about.Kind + "/" + about.ID}
}
