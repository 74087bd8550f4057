package exposuresim

import "time"

// hand is a quantity that was raised by hand, and how far the hub has come with it.
type hand struct {
	Hand
	at     time.Time
	ch     *channel
	seen   bool
	mended bool
}

// edit changes a quantity on a channel behind the hub's back: down to half, and the next time up by some units.
func (r *run) edit() {
	ch := r.channels[r.pick()]
	if r.edits++; r.edits%2 == 1 {
		ch.listed /= 2
		return
	}
	h := &hand{at: r.now, ch: ch}
	h.Channel, h.After, h.From, h.To = ch.id, r.now.Sub(r.opened), ch.listed, ch.listed+1+r.rand.IntN(5)
	ch.listed = h.To
	r.hands = append(r.hands, h)
}

// rose counts a unit that was just sold to the earliest rise there that has units left, as if a rise sold first.
func (r *run) rose(ch *channel) {
	for _, h := range r.hands {
		switch {
		case h.ch != ch || h.mended || h.Unseen+h.Unmended == h.To-h.From:
		case h.seen:
			h.Unmended++
			return
		default:
			h.Unseen++
			return
		}
	}
}

// look notes which rises the hub has seen, which takes a reading from after it and the orders up to that, and whether the rule
// holds again.
func (r *run) look() {
	if len(r.hands) == 0 {
		return
	}
	excess, known := r.hub.Excess()
	for _, h := range r.hands {
		c, _ := r.hub.Find(h.ch.id)
		h.seen = h.seen || !c.Reset.Began.Before(h.at)
		h.mended = h.mended || h.seen && known && excess == 0
	}
}
