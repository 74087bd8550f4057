// Package writes makes one write to a shop: it stands in the log before it leaves, and what came of it after.
package writes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/eventlog"
)

const (
	// CallTime is how long a write may take, and the log to keep it.
	CallTime = 20 * time.Second

	maxPages = 100_000

	longAway = 5 * time.Minute // that a shop is left alone which does not answer
)

// What came of a write.
const (
	Accepted = "accepted" // the shop says yes
	Refused  = "refused"  // surely not made
	Lost     = "lost"     // nobody knows
	Stale    = "stale"    // a swap that was not made: the shop listed another quantity than we named
)

// Writer writes for a workspace; all of its fields are required.
type Writer struct {
	Log       *eventlog.Log
	Workspace string
	Shops     interface {
		Connector(id string) (channels.Connector, bool)
	}
	Clock  func() time.Time
	Logger *slog.Logger
}

// Put writes one quantity. The log has it before it leaves, and it leaves soon after it was decided or not at all: what it may
// do is reckoned with for Settle from then.
//
// Again says that it was sent before and nobody knows what came of it: that it was not made now says nothing of the first time.
func (w Writer) Put(ctx context.Context, sent events.Sent, product string, again bool) (answer, reason string, err error) {
	refused := Refused
	if again {
		refused = Lost
	}
	if err := w.Append(ctx, sent.SKU, sent); err != nil {
		return refused, "", err // it never left
	}
	if waited := w.Clock().Sub(sent.At); waited > CallTime {
		reason = fmt.Sprintf("The log took %s to keep this write, so it was not sent: it might take effect when nobody reckons with it any more.", waited.Round(time.Second))
		w.note(ctx, sent, refused, reason)
		return refused, reason, nil
	}
	c, err := w.Connector(sent.Connection)
	if err == nil {
		within, cancel := context.WithTimeout(ctx, CallTime)
		defer cancel()
		err = set(within, c, sent, product)
	}
	if ctx.Err() != nil {
		return Lost, "", ctx.Err() // the next start finds it unanswered
	}
	if answer = answerOf(err); answer != Accepted {
		reason = channels.Short(err.Error(), 300)
	}
	if answer == Refused {
		answer = refused
	}
	w.note(ctx, sent, answer, reason)
	return answer, reason, err
}

// set writes a quantity the way the channel can. A swap goes under a key that its number and figures make, so sent again it is
// made once.
func set(ctx context.Context, c channels.Connector, sent events.Sent, product string) error {
	swapper, ok := c.(channels.Swapper)
	if sent.Write != string(exposure.Swap) || !ok {
		return c.SetQuantity(ctx, product, sent.Listing, int64(sent.To))
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d\x00%d\x00%d", sent.SKU, sent.Connection, sent.Listing, sent.Number, sent.From, sent.To))
	return swapper.SwapQuantity(ctx, product, sent.Listing, int64(sent.From), int64(sent.To), hex.EncodeToString(sum[:16]))
}

// note keeps what came of a write. Without it the next start takes the write for one that may have left.
func (w Writer) note(ctx context.Context, sent events.Sent, answer, reason string) {
	if err := w.Append(ctx, sent.SKU, events.Answered{
		SKU: sent.SKU, Connection: sent.Connection, Listing: sent.Listing, Number: sent.Number, Answer: answer, Reason: reason,
	}); err != nil {
		w.Logger.WarnContext(ctx, "the answer to a write is not kept", "sku", sent.SKU, "connection", sent.Connection, "error", err)
	}
}

// answerOf says what a connector's error means for a write: refused is one that surely was not made.
func answerOf(err error) string {
	var f *channels.Failure
	switch {
	case err == nil, channels.ClassOf(err) == channels.Done:
		return Accepted
	case channels.ClassOf(err) == channels.Stale:
		return Stale
	case errors.As(err, &f) && (f.Away || f.Class != channels.Unsure):
		return Refused
	default:
		return Lost
	}
}

// Away says that a shop did not answer because it cannot now, and the write is not to blame.
func Away(err error) bool {
	var f *channels.Failure
	return errors.As(err, &f) && f.Away
}

// Connector is that of a connection, or the failure that there is none.
func (w Writer) Connector(id string) (channels.Connector, error) {
	c, ok := w.Shops.Connector(id)
	if !ok {
		return nil, &channels.Failure{Class: channels.Auth, Call: "reach the shop", Message: "connection " + id + " has no connector", Away: true}
	}
	return c, nil
}

// Spell is how long a shop is left alone that does not answer, ever longer. The zero value is one that does.
type Spell struct {
	Until time.Time
	fails int // in a row
}

// Failed prolongs it. Writes that were under way together failed once: they left as one call, or in one moment.
func (s *Spell) Failed(now time.Time, err error) {
	if s.fails == 0 || !now.Before(s.Until) {
		s.fails++
	}
	pause := time.Second << min(s.fails-1, 10)
	var f *channels.Failure
	if errors.As(err, &f) {
		pause = max(pause, f.RetryAfter)
	}
	if until := now.Add(min(pause, longAway)); until.After(s.Until) { // another one may have been asked for a longer pause
		s.Until = until
	}
}

// Held is why nothing is raised in a shop that can be written: one of its orders cannot be taken in, or some shop is silent. Empty when
// neither is so.
func Held(unknown bool, silent string) string {
	switch {
	case unknown:
		return "An order of this shop cannot be taken in, so it is not known what was sold, and nothing is raised: replay its dead letter or discard it."
	case silent != "":
		return fmt.Sprintf("The shop %q does not tell what it lists, so it is not known what can still be sold there, and nothing is raised in any shop. "+
			"Connect it again; if it is closed, switch off that its quantities are written: then it is waited for one hour from the start.", silent)
	}
	return ""
}

// Waits is why nothing more is listed of a SKU while another one that shares its stock is not known; empty when there is none.
func Waits(unknown string) string {
	if unknown == "" {
		return ""
	}
	return fmt.Sprintf("Nothing more is listed while it is not known what the shops list of %s, which shares its stock. Look at the listings of that SKU.", unknown)
}

// Listings are all listings of a shop; broken says that some of them cannot be read.
func (w Writer) Listings(ctx context.Context, connection string) (all []channels.Listing, broken bool, err error) {
	c, err := w.Connector(connection)
	for next, n := "", 0; err == nil && n < maxPages; n++ {
		var page channels.ListingPage
		page, err = c.Listings(ctx, next)
		all, broken, next = append(all, page.Listings...), broken || len(page.Invalid) > 0, page.Next
		if next == "" {
			break
		}
	}
	return all, broken, err
}

// Append appends what was found to the history of a SKU's listings; of "" to that of the policy for all.
func (w Writer) Append(ctx context.Context, sku string, e eventlog.Event) error {
	_, err := eventlog.Execute(ctx, w.Log, events.Stream(w.Workspace, sku), listings.Noting(), e,
		eventlog.Meta{Actor: "system:listing", Cause: "listing:" + sku, Correlation: sku})
	return err
}

// Urgency is what decides which of two writes goes first: one that takes units off, then that of what sold last.
type Urgency struct {
	Down bool
	Sold time.Time
}

// Before says that a write goes before another one.
func (u Urgency) Before(v Urgency) bool {
	if u.Down != v.Down {
		return u.Down
	}
	return u.Sold.After(v.Sold)
}

// Rest waits that long, or returns ctx's error.
func Rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
