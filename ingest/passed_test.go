package ingest_test

import (
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/ingest"
)

// passes are what a poll said of itself.
type passes struct {
	mu    sync.Mutex
	upTo  time.Time
	whole bool
	known bool // an order that was placed before the pass was in the log when it was told
	look  func() bool
}

func (p *passes) told(_ string, upTo time.Time, whole bool) {
	known := p.look == nil || p.look()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.upTo, p.whole, p.known = upTo, whole, known
}

func (p *passes) last() (upTo time.Time, whole, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.upTo, p.whole, p.known
}

// What a full pass has listed is in the log when it says so, also of an order that changed after the pass began; while the
// shop shows an order that nobody can read, no pass is whole, and a restart does not forget that; a hint at an order that
// the shop does not show is no matter.
func TestPassedTellsUpToWhenAllOrdersAreIn(t *testing.T) {
	p := &passes{}
	r := newRig(t, knobs{silent: true, ingest: ingest.Options{Poll: fast, MaxAttempts: 1, Passed: p.told}})
	pass := func(what string, whole bool) {
		t.Helper()
		since := r.now()
		r.until(what, func() bool { upTo, got, _ := p.last(); return upTo.After(since) && got == whole })
	}
	pass("the first pass is whole", true)

	const late = "576460000000000002"
	r.stop()
	_, err := r.PlaceOrder(shopID, tiktoksim.NewOrder{ID: late, BuyerID: "1", Unpaid: true, Lines: []tiktoksim.Line{{SKUID: skuA + "1", Quantity: 1}}})
	r.must(err)
	r.offset.Store(int64(10 * time.Second)) // of both clocks: the channel changes the order
	r.must(r.PayOrder(shopID, late))
	r.offset.Store(0) // and the pass begins before that
	p.look = func() bool { return r.order(r.shop, late).Known() }
	r.restart(nil)
	pass("a pass is whole", true)
	if _, _, known := p.last(); !known {
		t.Error("an order from before the pass, which changed after it began, was not in the log")
	}

	const id = "576460000000000001"
	r.priceless(id)
	_, err = r.PlaceOrder(shopID, tiktoksim.NewOrder{ID: id, BuyerID: "1", Lines: []tiktoksim.Line{{SKUID: skuA + "1", Quantity: 1}}})
	r.must(err)
	pass("a pass is not whole", false)
	r.restart(nil)
	pass("nor after a restart", false)
	r.answer(nil)
	r.must(r.CancelOrder(shopID, id, "buyer"))
	pass("it is whole again", true)

	if status := r.post(hint(1, shopID, "576460000000009999", r.now())); status != 200 {
		t.Fatal(status)
	}
	r.until("the hint is given up", func() bool { return len(r.opened()) == 2 })
	pass("a hint at nothing changes nothing", true)
}
