package projection

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Position is how far the projections in front have folded the log.
func (r *Runner) Position() eventlog.Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.front
}

// WaitFor blocks until Run has made the tables and views show everything up to a position. Stopped
// projections are not waited for.
func (r *Runner) WaitFor(ctx context.Context, position eventlog.Position) error {
	for {
		r.mu.Lock()
		front, moved, loaded := r.front, r.moved, len(r.status) == len(r.projections)
		r.mu.Unlock()
		if loaded && front >= position {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("wait for views at %d, they are at %d: %w", position, front, ctx.Err())
		}
	}
}

// Status says how each projection stands, in the order they were given; it is empty before Run.
func (r *Runner) Status() []Status {
	head := r.log.Head().Position
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Clone(r.status)
	for i := range all {
		all[i].Head = head
	}
	return all
}

// settle publishes where the parts stand, and says whether one of them has just been built.
func (r *Runner) settle() (built bool) {
	front := eventlog.Position(0)
	for _, p := range r.parts {
		if p.stopped == "" {
			front = max(front, p.at)
		}
	}
	status := make([]Status, len(r.parts))
	for i, p := range r.parts {
		if p.building && p.at >= p.goal && p.at >= front {
			p.building, p.joined, built = false, true, true
		}
		status[i] = Status{Name: p.Name(), Version: p.Version(), Position: p.at, Building: p.building, Stopped: p.stopped}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.status == nil
	r.status = status
	if front > r.front || first {
		r.front = front
		close(r.moved)
		r.moved = make(chan struct{})
	}
	return built
}

// announce says that any topic may have moved.
func (r *Runner) announce() {
	r.options.Notify(Notice{Position: r.Position(), At: r.log.Head().At, All: true})
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
