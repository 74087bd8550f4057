//go:build !drill

package twin

// What is taken out.
const (
	EarlyAck    = false // crash, outage: a webhook is answered before it is committed
	FullUnknown = false // disk: a full disk is an error like any other
	NoCRC       = false // bitrot: a record is read without its checksum
	NoDedupe    = false // chaos: a delivery is kept each time it comes
	NoLook      = false // simulation: nobody looks at what a try before has done
	NoZero      = false // oversell: an absolute write goes over what was sold and not seen
	RaiseFirst  = false // oversell: a lowering counts as done when it is sent
	StrictKeys  = false // clock: no key is taken from a clock that is ahead of ours
	WeakSync    = false // powercut: a commit returns before it is on the disk
)
