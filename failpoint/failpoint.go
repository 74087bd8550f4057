// Package failpoint names the places in the program at which a crash matters most.
//
// A build with the tag drill kills itself at one of them: CREATORFLOW_FAILPOINT=log.commit.before:3
// sends SIGKILL at the third time that it comes by. Every other build has no failpoints: Hit is empty.
package failpoint

// Point is a place in the program.
type Point string

// The places.
const (
	LogBefore     Point = "log.commit.before"
	LogAfter      Point = "log.commit.after" // durable, nobody told
	VaultBefore   Point = "vault.commit.before"
	VaultAfter    Point = "vault.commit.after"
	ViewsBefore   Point = "views.commit.before"
	ViewsAfter    Point = "views.commit.after"
	AddressKept   Point = "intake.address.kept" // in the vault, not yet in the log
	MarkBefore    Point = "inbox.mark.before"   // in the log, the inbox not yet told
	StepStarted   Point = "flow.step.started"   // its call not yet made
	CallBefore    Point = "flow.call.before"
	CallAfter     Point = "flow.call.after" // its outcome not yet in the log
	ArrangeBefore Point = "channel.arrange.before"
	ArrangeAfter  Point = "channel.arrange.after" // the channel has done it
	LabelKept     Point = "label.kept"            // in the vault, not yet in the log
	// Of a month that is closed.
	SegmentWritten    Point = "segment.written"    // on the disk, not yet in the catalogue
	SegmentCatalogued Point = "segment.catalogued" // its events still in the database
)

// All are the places that there are.
func All() []Point {
	return []Point{
		LogBefore, LogAfter, VaultBefore, VaultAfter, ViewsBefore, ViewsAfter, AddressKept, MarkBefore,
		StepStarted, CallBefore, CallAfter, ArrangeBefore, ArrangeAfter, LabelKept, SegmentWritten, SegmentCatalogued,
	}
}

// Variable arms one of them.
const Variable = "CREATORFLOW_FAILPOINT"

// Tag is the build tag that puts them in, and the broken twins (package twin).
const Tag = "drill"
