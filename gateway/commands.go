package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/access"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/plans"
)

// CommandAnswer is what a command that was done answers.
type CommandAnswer struct {
	Position int64           `json:"position" doc:"of the command's last event; what is read at or past it shows the command's effect"`
	Version  int64           `json:"version" doc:"of the first stream it changed; 0 when nothing had to change"`
	Result   json.RawMessage `json:"result" doc:"references only"`
}

const otherLog = "Other data is here now than on the screen that sent this: demo data was opened or removed, or a backup was brought back. " +
	"Nothing was done. Look at it again and repeat what is still right."

type commandOutput struct {
	Position int64  `header:"X-Log-Position"`
	Replayed string `header:"Idempotency-Replayed"`
	Body     CommandAnswer
}

// plan turns a command's body into what the appender decides; meta and key are filled in.
type plan[B any] func(ctx context.Context, body B) (eventlog.Request, error)

// command registers POST /api/v1/commands/{name}. The first answer, done or refused, is kept
// for 30 days under the caller's key.
func command[B any](g *Gateway, name, summary string, plan plan[B]) {
	limit := int64(64 << 10)
	if b, ok := any(*new(B)).(interface{ MaxBodyBytes() int64 }); ok {
		limit = b.MaxBodyBytes()
	}
	huma.Register(g.api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/commands/" + name, OperationID: name, Summary: summary,
		Tags: []string{"command"}, MaxBodyBytes: limit, Security: []map[string][]string{{"session": {}}, {"key": {}}},
		Errors: []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *struct { // without a name of its own, so that the body's schema is named after the command
		Key     string `header:"Idempotency-Key" required:"true" doc:"a uuid of version 7, the same for every try of one command"`
		Log     string `header:"X-Log-ID" doc:"the log that the sender's screen shows, as clock frames name it: where another one answers by now, nothing is done"`
		RawBody []byte
		Body    B
	},
	) (*commandOutput, error) {
		id, err := uuid.Parse(in.Key)
		if err != nil || id.Version() != 7 || len(in.Key) != 36 {
			return nil, badKey(ctx, in.Key)
		}
		if in.Log != "" && in.Log != g.o.Log.Head().LogID.String() {
			return nil, g.answer(ctx, edge.NewProblem(http.StatusPreconditionFailed, otherLog))
		}
		if faults := edge.Controls(in.Body); len(faults) > 0 {
			return nil, g.answer(ctx, edge.Invalid(faults...))
		}
		request, err := plan(ctx, in.Body)
		if err != nil {
			return nil, g.answer(ctx, err)
		}
		caller := access.From(ctx).Name
		request.Key = &eventlog.Key{Caller: caller, ID: id, Hash: sha256.Sum256(append([]byte(name+"\n"), in.RawBody...))}
		request.Meta = eventlog.Meta{Actor: caller, Cause: "command:" + id.String(), Correlation: id.String()}
		outcome, err := g.o.Log.Execute(ctx, request)
		var refusal eventlog.Refusal
		refused := errors.As(err, &refusal)
		g.o.Slog.InfoContext(ctx, "command", "name", name, "actor", caller, "key", id.String(), "request", edge.RequestID(ctx),
			"position", int64(outcome.Last), "replayed", outcome.Replayed, "refused", refused, "failed", err != nil && !refused)
		if kept := plans.Refused(ctx, g.o.Log, request, outcome, name, in.RawBody, err); kept != nil { // its answer is kept all the same
			g.o.Slog.WarnContext(ctx, "a refused command is not in the log", "key", id.String(), "error", kept)
		}
		return g.outcome(ctx, outcome, err)
	})
}

func (g *Gateway) outcome(ctx context.Context, outcome eventlog.Outcome, err error) (*commandOutput, error) {
	out := &commandOutput{Position: int64(outcome.Last), Body: CommandAnswer{Position: int64(outcome.Last), Result: json.RawMessage("{}")}}
	if outcome.Replayed {
		out.Replayed = "true"
	}
	if err != nil {
		p := g.answer(ctx, err)
		p.Replayed = outcome.Replayed
		return nil, p
	}
	if len(outcome.Versions) > 0 {
		out.Body.Version = int64(outcome.Versions[0])
	}
	if len(outcome.Result) > 0 {
		out.Body.Result = outcome.Result
	}
	return out, nil
}

func badKey(ctx context.Context, key string) *edge.Problem {
	p := edge.Invalid(edge.Fault{Field: "header.Idempotency-Key", Rule: "must be a uuid of version 7"})
	p.Detail = "Send an Idempotency-Key that is a uuid of version 7, made anew for each command."
	p.RequestID = edge.RequestID(ctx)
	if edge.Short(key) {
		p.Errors[0].Value = key
	}
	return p
}
