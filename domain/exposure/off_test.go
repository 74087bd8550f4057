package exposure

import (
	"testing"
	"time"
)

// TestSwitchedOffInAWrite: a shop that is not written any more, while a write is under way, is known again once that cannot take effect any
// more; else its units would be kept from the others for ever.
func TestSwitchedOffInAWrite(t *testing.T) {
	shop := absolute("tt")
	shop.Settings.Settle = 10 * time.Second
	st := begin(t, 40, shop)
	st.read("tt", 40)
	st.list("tt")
	written(st)
	st.sec -= 12
	off := shop
	off.Settings.Method = ReadOnly
	st.tell(off)
	st.read("tt", 0)
	st.list("tt")
	st.exposure("tt", 50) // it may be made yet
	st.sec += 12
	st.read("tt", 3)
	st.list("tt")
	st.exposure("tt", 3)
}
