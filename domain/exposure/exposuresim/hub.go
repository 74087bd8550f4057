package exposuresim

import (
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/exposure"
)

// hear lets the hub take something in and act on it; what comes while it is off waits, as webhooks and polls do.
func (r *run) hear(news func()) {
	if r.off {
		r.missed = append(r.missed, news)
		return
	}
	news()
	r.decide()
}

// leave turns the hub off, once the listing has said what it makes of that.
func (r *run) leave() {
	r.promised, r.risk = r.hub.Survives() >= r.cell.Down, r.hub.Risk(r.cell.Down)
	r.off = true
}

func (r *run) back() {
	r.off, r.away = false, r.sold > r.there
	missed := r.missed
	r.missed = nil
	for _, news := range missed {
		news()
	}
	r.decide()
}

func (r *run) tell(e exposure.Event) {
	r.hub = exposure.Evolve(r.hub, e)
	r.look()
}

// see tells the hub of a sale, once.
func (r *run) see(ch *channel, s *sale) {
	if s.seen {
		return
	}
	s.seen = true
	ch.unseen = slices.DeleteFunc(ch.unseen, func(x *sale) bool { return x == s })
	r.tell(exposure.Sale{Connection: ch.id, Units: 1, Created: s.at})
}

// decide does what the hub says, and sets the clock for the next time.
func (r *run) decide() {
	for _, a := range exposure.Decide(r.hub, r.now) {
		i := slices.IndexFunc(r.channels, func(ch *channel) bool { return ch.id == a.Connection })
		switch ch := r.channels[i]; a.Kind {
		case exposure.Read:
			r.read(ch)
		case exposure.List:
			r.list(ch, a.UpTo)
		default:
			r.write(ch, a)
		}
	}
	if at, ok := exposure.Wake(r.hub, r.now); ok && !at.Equal(r.wake) {
		r.wake = at
		r.at(at, func() { r.hear(func() {}) })
	}
}

// probe is a reading of the reconciler.
func (r *run) probe(ch *channel) {
	if !r.off {
		r.read(ch)
	}
}

func (r *run) read(ch *channel) {
	began := r.now
	r.tell(exposure.Sent{Action: exposure.Action{Connection: ch.id, Kind: exposure.Read}, At: began})
	r.after(r.jitter(latency)/2, func() {
		quantity := ch.listed
		r.after(r.jitter(latency)/2, func() {
			ended := r.now
			r.hear(func() {
				r.tell(exposure.Reading{Connection: ch.id, Quantity: quantity, Began: began, At: ended})
				if r.cell.Twin == WithoutListing {
					r.tell(exposure.Listed{Connection: ch.id, UpTo: ended})
				}
			})
		})
	})
}

// list answers when the orders created up to then can be listed, which is when the news of the last has come.
func (r *run) list(ch *channel, upTo time.Time) {
	if ch.listing {
		return
	}
	ch.listing = true
	ready := upTo.Add(3 * r.cell.NewsLag / 2)
	if soon := r.now.Add(latency); ready.Before(soon) {
		ready = soon
	}
	r.at(ready, func() {
		ch.listing = false
		r.hear(func() {
			for _, s := range slices.Clone(ch.unseen) {
				if !s.at.After(upTo) {
					r.see(ch, s)
				}
			}
			r.tell(exposure.Listed{Connection: ch.id, UpTo: upTo})
		})
	})
}

// write sends a write and lets the channel do with it what its faults say.
func (r *run) write(ch *channel, a exposure.Action) {
	r.writes++
	r.tell(exposure.Sent{Action: a, At: r.now})
	answer := func(e exposure.Event) func() { return func() { r.hear(func() { r.tell(e) }) } }
	again := ch.sent[a.Number]
	ch.sent[a.Number] = true
	if r.chance(r.cell.Faults.Refused) {
		r.after(latency, func() {
			if again { // the second sending was refused; that says nothing of the first
				answer(exposure.Lost{Connection: ch.id, Number: a.Number, At: r.now})()
				return
			}
			answer(exposure.Refused{Connection: ch.id, Number: a.Number, At: r.now})()
		})
		return
	}
	lag := r.jitter(r.cell.PushLag)
	if r.chance(r.cell.Faults.Late) {
		lag *= 3
	}
	lost := r.chance(r.cell.Faults.Lost)
	if lost {
		r.after(timeout, func() { answer(exposure.Lost{Connection: ch.id, Number: a.Number, At: r.now})() })
	}
	if r.cell.Twin == RaiseBeforeLower && a.To < a.From {
		r.tell(exposure.Accepted{Connection: ch.id, Number: a.Number, At: r.now})
	}
	swap := r.cell.believed() == exposure.CompareAndSwap
	switch {
	case swap:
		r.after(lag, func() {
			made := r.chance(r.cell.Faults.Lied) || r.swap(ch, a)
			if lost {
				return
			}
			r.after(latency, func() {
				if made {
					answer(exposure.Accepted{Connection: ch.id, Number: a.Number, At: r.now})()
				} else {
					answer(exposure.Refused{Connection: ch.id, Number: a.Number, Stale: true, At: r.now})()
				}
			})
		})
	default:
		if !r.chance(r.cell.Faults.Dropped) {
			r.after(lag, func() { ch.listed = a.To })
		}
		if !lost {
			r.after(latency, func() { answer(exposure.Accepted{Connection: ch.id, Number: a.Number, At: r.now})() })
		}
	}
}

// swap makes a swap if the quantity is the one it names; a channel that only overwrites does not look. What a number came to
// once it comes to always, however late the other sending of it arrives.
func (r *run) swap(ch *channel, a exposure.Action) (made bool) {
	if made, known := ch.came[a.Number]; known {
		return made
	}
	made = r.cell.Method == exposure.Absolute || ch.listed == a.From
	ch.came[a.Number] = made
	if made {
		ch.listed = a.To
	}
	return made
}
