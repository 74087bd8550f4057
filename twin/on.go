//go:build drill

package twin

import (
	"maps"
	"os"
	"slices"
	"strings"
)

// What is taken out: off.go tells of each.
var EarlyAck, FullUnknown, NoCRC, NoDedupe, NoLook, NoZero, RaiseFirst, StrictKeys, WeakSync bool

func init() {
	switches := map[string]*bool{
		"early_ack": &EarlyAck, "full_unknown": &FullUnknown, "no_crc": &NoCRC, "no_dedupe": &NoDedupe,
		"no_look": &NoLook, "no_zero": &NoZero, "raise_first": &RaiseFirst, "strict_keys": &StrictKeys, "weak_sync": &WeakSync,
	}
	name := os.Getenv(Variable)
	if name == "" {
		return
	}
	out, ok := switches[name]
	if !ok {
		panic(Variable + " is one of " + strings.Join(slices.Sorted(maps.Keys(switches)), ", ") + ", not " + name)
	}
	*out = true
}
