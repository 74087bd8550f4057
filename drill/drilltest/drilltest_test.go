package drilltest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/twin"
)

// anyOut compiles only while every switch is a constant here, so that no variable can be set.
const anyOut = twin.EarlyAck || twin.FullUnknown || twin.NoCRC || twin.NoDedupe || twin.NoLook || twin.StrictKeys || twin.WeakSync

// TestProduct: the program that is shipped cannot lose a safeguard and does not kill itself, whatever its
// environment says. The drills' program, which can, shows that what is looked for would be found.
func TestProduct(t *testing.T) {
	if anyOut {
		t.Error("a build without the tag " + failpoint.Tag + " lacks a safeguard")
	}
	product := filepath.Join(t.TempDir(), "creatorflow")
	compile(t, product, "-ldflags=-w") // with all its symbols
	for _, program := range []struct {
		name, path string
		has        bool
	}{
		{name: "the product", path: product},
		{name: "the drills' program", path: Build(t), has: true},
	} {
		data, err := os.ReadFile(program.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range []string{twin.Variable, module + "twin.", module + "failpoint.Hit", module + "failpoint.arm"} {
			if has := bytes.Contains(data, []byte(trace)); has != program.has {
				t.Errorf("%s has %q: %t, want %t", program.name, trace, has, program.has)
			}
		}
	}
}
