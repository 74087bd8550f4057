package outage

import (
	"os"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/drill/bubble"
)

// TestVirtual takes the channel away among webhooks of which a part fails for a while.
func TestVirtual(t *testing.T) {
	dir, err := bubble.Folder()
	if err != nil {
		t.Fatal(err)
	}
	webhooks, away := 20_000, 30*time.Minute
	if testing.Short() {
		webhooks, away = 1000, time.Minute
	}
	r, err := Virtual(t.Context(), VirtualOptions{Dir: dir, Webhooks: webhooks, Away: away, Seed: 1})
	if err != nil {
		t.Fatalf("%v (what it left is in %s)", err, dir)
	}
	t.Logf("%d orders, %d acknowledged, %.0f s; %+v, %.3f %% processed", r.Orders, r.Acked, r.Seconds, r.Worked, r.Worked.Share())
	if err := r.Err(); err != nil {
		t.Fatalf("%v\nwhat it left is in %s", err, dir)
	}
	if r.Acked < webhooks {
		t.Errorf("%d acknowledged webhooks and commands prove little", r.Acked)
	}
	w := r.Worked
	if w.Webhooks < int64(webhooks) || w.Processed+w.Letters < w.Webhooks || w.Share() < 99.9 {
		t.Errorf("of %d webhooks %d were processed and %d are letters", w.Webhooks, w.Processed, w.Letters)
	}
	if w.Calls < w.Webhooks/2 || w.Faults*100 < w.Calls*4 || w.Faults*100 > w.Calls*6 {
		t.Errorf("%d of %d calls were faults, want one in twenty", w.Faults, w.Calls)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}
