package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/signals"
)

// answer turns an error of the inside into what the client gets, and logs what is our fault.
func (g *Gateway) answer(ctx context.Context, err error) *edge.Problem {
	p := sorted(err)
	p.RequestID = edge.RequestID(ctx)
	if p.Status == http.StatusInternalServerError {
		g.o.Slog.ErrorContext(ctx, "request failed", "request", p.RequestID, "error", err)
	}
	return p
}

func sorted(err error) *edge.Problem {
	var refusal eventlog.Refusal
	var p *edge.Problem
	var moved workspace.Moved
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &refusal):
		return edge.NewProblem(http.StatusConflict, refusal.Error())
	case errors.As(err, &moved):
		p := edge.NewProblem(http.StatusPreconditionFailed, moved.Error()+" Look at it again and repeat what is still right.")
		for _, f := range moved {
			p.Errors = append(p.Errors, edge.Fault{Field: f.Field, Rule: "was set by somebody else; value is what it says now", Value: f.Now})
		}
		return p
	case errors.Is(err, eventlog.ErrConflict):
		return edge.NewProblem(http.StatusPreconditionFailed, "Someone else changed this just now. Look at it again and repeat what is still right.")
	case errors.Is(err, eventlog.ErrKeyReused):
		return edge.NewProblem(http.StatusUnprocessableEntity, "This Idempotency-Key was used for another request. Use a new key for a new command.")
	case errors.Is(err, eventlog.ErrKeyTooOld):
		return edge.NewProblem(http.StatusUnprocessableEntity, "This Idempotency-Key is too old to be sure that the command was not done. Look first, then send it with a new key.")
	case errors.Is(err, eventlog.ErrKeyAhead):
		return edge.NewProblem(http.StatusUnprocessableEntity, "This Idempotency-Key is dated more than a day ahead of our clock, nothing was done. Set the clock of the device or of the server right, then send the command with a new key.")
	case errors.Is(err, eventlog.ErrFull):
		return edge.Busy("The disk is full, nothing was done. Free some space; it goes on by itself.", 5)
	case errors.Is(err, eventlog.ErrAway):
		return edge.Busy("The database does not answer, so it is not known whether this was done. It goes on by itself: send the same request again, a command with the same Idempotency-Key.", 5)
	case errors.Is(err, eventlog.ErrFenced):
		return edge.Busy("The disk failed and nothing more is accepted. Check it, then start CreatorFlow again.", 30)
	case errors.Is(err, reads.ErrNotFound):
		return edge.NewProblem(http.StatusNotFound, "There is nothing of this id.")
	case errors.Is(err, reads.ErrAfter):
		return parameter("query.after", err)
	case errors.Is(err, reads.ErrSeries):
		return parameter("query.from", err)
	case errors.Is(err, signals.ErrTime):
		return parameter("query.from", err)
	case errors.Is(err, reads.ErrStream):
		return parameter("query.stream", err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return edge.Busy("This took too long and was given up. Try again.", 2)
	}
	return edge.NewProblem(http.StatusInternalServerError, edge.OurFault)
}

// parameter is a parameter that keeps to its type and yet cannot be meant.
func parameter(field string, err error) *edge.Problem {
	p := edge.Invalid(edge.Fault{Field: field, Rule: err.Error()})
	p.Detail = strings.ToUpper(p.Errors[0].Rule[:1]) + p.Errors[0].Rule[1:] + "."
	return p
}
