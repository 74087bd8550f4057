package shops

import (
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// The stream kinds of what a shop lists, and of its imports.
const (
	ShownKind  = "shown"  // id: "<connection>:<the channel's id of the SKU>"
	ImportKind = "import" // id: the connection's
)

// Shown says how a shop lists something, as an import saw it: the first time, and whenever that had changed.
type Shown struct {
	Connection string      `json:"connection"`
	Listing    string      `json:"listing"` // the channel's id of the SKU
	Product    string      `json:"product"`
	Code       string      `json:"code"`             // the seller's code on the channel, else the channel's id of the SKU
	Uncoded    bool        `json:"uncoded,omitzero"` // the seller gave no code
	Title      string      `json:"title"`            // of the product
	Variant    string      `json:"variant,omitzero"` // what tells it from the product's other SKUs
	Price      money.Money `json:"price"`
	Status     string      `json:"status"` // "live", "off", "draft" or "unknown"
	Vendor     string      `json:"vendor"` // the channel's own word for the status
	Quantity   int64       `json:"quantity"`
}

// Vanished says that an import did not find a listing any more.
type Vanished struct {
	Connection string `json:"connection"`
	Listing    string `json:"listing"`
}

// Unmapped takes back what a code means; a SKU of the same spelling is meant again, if there is one.
type Unmapped struct {
	Connection string `json:"connection"`
	Code       string `json:"code"`
	SKU        string `json:"sku"`             // what it meant
	Import     int64  `json:"import,omitzero"` // the import that is taken back
}

// ImportBegun says that somebody asked to read a shop's listings and to map them to SKUs by their codes.
type ImportBegun struct {
	Connection string `json:"connection"`
	Number     int64  `json:"number"`          // counts the shop's imports, from 1
	Create     bool   `json:"create,omitzero"` // also make the SKUs that are missing, with the quantity listed as first stock
}

// ImportWentOn says how far an import has come.
type ImportWentOn struct {
	Connection string `json:"connection"`
	Number     int64  `json:"number"`
	Mapped     int64  `json:"mapped"`           // so far
	Created    int64  `json:"created,omitzero"` // so far, each of them mapped too
}

// ImportEnded says what an import came to.
type ImportEnded struct {
	Connection string    `json:"connection"`
	Number     int64     `json:"number"`
	Read       int64     `json:"read"` // listings
	Mapped     int64     `json:"mapped"`
	Created    int64     `json:"created,omitzero"`
	Left       int64     `json:"left,omitzero"`   // wait for a person
	Broken     int64     `json:"broken,omitzero"` // could not be read
	Failed     string    `json:"failed,omitzero"` // why it could not go on, a sentence
	At         time.Time `json:"at"`
}

// UndoBegun says that somebody asked to take back what an import mapped.
type UndoBegun struct {
	Connection string `json:"connection"`
	Number     int64  `json:"number"`
}

// ImportUndone says that what an import mapped was taken back, but for what a person mapped since.
type ImportUndone struct {
	Connection string `json:"connection"`
	Number     int64  `json:"number"`
}

// EventName implements eventlog.Event.
func (Shown) EventName() string { return "listing.shown" }

// EventName implements eventlog.Event.
func (Vanished) EventName() string { return "listing.vanished" }

// EventName implements eventlog.Event.
func (Unmapped) EventName() string { return "listing.unmapped" }

// EventName implements eventlog.Event.
func (ImportBegun) EventName() string { return "import.begun" }

// EventName implements eventlog.Event.
func (ImportWentOn) EventName() string { return "import.went_on" }

// EventName implements eventlog.Event.
func (ImportEnded) EventName() string { return "import.ended" }

// EventName implements eventlog.Event.
func (UndoBegun) EventName() string { return "import.undo_begun" }

// EventName implements eventlog.Event.
func (ImportUndone) EventName() string { return "import.undone" }

// listed lists every event of this file.
func listed() []eventlog.Event {
	return []eventlog.Event{Unmapped{}, Shown{}, Vanished{}, ImportBegun{}, ImportWentOn{}, ImportEnded{}, UndoBegun{}, ImportUndone{}}
}

// Offer is the history of how a shop lists one SKU of its own.
func Offer(workspace, connection, listing string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: ShownKind, ID: connection + ":" + listing}
}

// Imports is the history of a shop's imports.
func Imports(workspace, connection string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: ImportKind, ID: connection}
}
