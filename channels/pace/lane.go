package pace

import "context"

// Lane says how soon a call is served where several wait for one quota.
type Lane int

// The lanes, the first served first.
const (
	Urgent Lane = iota // closes a sale
	Normal
	Idle // waits for all others, and leaves some of what may be sent at once to them
	lanes
)

type idleKey struct{}

// InIdle marks calls that can wait: what is asked for with the context goes into the lane Idle, whatever the call is.
func InIdle(ctx context.Context) context.Context { return context.WithValue(ctx, idleKey{}, true) }

// LaneOf is the lane of a call.
func LaneOf(ctx context.Context, urgent bool) Lane {
	switch idle, _ := ctx.Value(idleKey{}).(bool); {
	case idle:
		return Idle
	case urgent:
		return Urgent
	}
	return Normal
}

// Queues are callers that wait, by lane. The caller of its methods holds the lock that guards it.
type Queues[T comparable] [lanes][]T

// First is who is served next; false when nobody waits.
func (q *Queues[T]) First() (who T, ok bool) {
	for _, lane := range q {
		if len(lane) > 0 {
			return lane[0], true
		}
	}
	return who, false
}

// Len is how many wait.
func (q *Queues[T]) Len() int { return q.Ahead(lanes - 1) }

// Ahead is how many a call of a lane has to let go first.
func (q *Queues[T]) Ahead(lane Lane) (n int) {
	for _, waiting := range q[:lane+1] {
		n += len(waiting)
	}
	return n
}
