// Package corrections is what a person corrects of a webhook that could not be taken in.
//
//	body ─► a copy in the inbox, which nobody takes up ─► deadletter.corrected ─► ingest takes the copy up
//
// What was received stays as it came. The copy is kept before the log says so, as personal data is; one that the log never
// names is deleted with the others of its day.
package corrections

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/plans"
	"github.com/creatorflow/creatorflow/vault"
)

// ErrGone refuses to correct what is not there any more.
const ErrGone = eventlog.Refusal("The raw webhook was deleted after 30 days, so it cannot be corrected. Discard this letter.")

// Desk takes corrections. Its fields are what it needs; without a vault it is closed.
type Desk struct {
	Vault     *vault.Vault
	Workspace string
}

// Correction is the body of the command that corrects a webhook.
type Correction struct {
	ID     string `json:"id" minLength:"1" maxLength:"200"`
	Body   string `json:"body" minLength:"1" maxLength:"50000" doc:"the whole webhook, corrected; JSON on one line"`
	Reason string `json:"reason" maxLength:"200" required:"false"`
}

// Plan keeps the corrected copy and plans the decision that has it taken in.
func (d Desk) Plan(ctx context.Context, c Correction) (eventlog.Request, error) {
	number, received := letters.Number(c.ID)
	switch {
	case d.Vault == nil:
		return eventlog.Request{}, edge.Busy("Nothing is taken in at the moment.", 5)
	case !received:
		return eventlog.Request{}, letters.ErrRecord
	case !json.Valid([]byte(c.Body)):
		return eventlog.Request{}, edge.Invalid(edge.Fault{Field: "body", Rule: "must be JSON"})
	}
	was, err := d.Vault.Item(ctx, number)
	switch {
	case errors.Is(err, vault.ErrNotFound):
		return eventlog.Request{}, letters.ErrNone
	case err != nil:
		return eventlog.Request{}, err
	case was.BodyGone:
		return eventlog.Request{}, ErrGone
	}
	e := letterevents.Corrected{Letter: c.ID, Inbox: number, Fields: letters.Changed(was.Body, []byte(c.Body)), Reason: c.Reason}
	if e.Copy, err = d.keep(ctx, was, []byte(c.Body)); err != nil {
		return eventlog.Request{}, err
	}
	return plans.One(letterevents.Stream(d.Workspace, c.ID), letters.Correcting(), e), nil
}

// keep keeps a corrected copy beside what was received, the same text once.
func (d Desk) keep(ctx context.Context, was vault.Item, body []byte) (number int64, err error) {
	sum := sha256.Sum256(body)
	number, _, err = d.Vault.Put(ctx, vault.Delivery{
		Channel: was.Channel, App: was.App, Delivery: fmt.Sprintf("corrected:%d:%x", was.Number, sum[:16]), Body: body, State: vault.Proposed,
	})
	return number, err
}
