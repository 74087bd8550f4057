package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/intake"
)

// maxClaimPages of one look: fifty thousand claims.
const maxClaimPages = 1000

func claimsCursor(connection string) string { return "claims:" + connection }

// claims takes in the cancellations and returns that changed since they were looked at last, and a while before: webhooks get
// lost. It has a cursor of its own, because an authorisation may include orders and not these.
func (p *Poller) claims(ctx context.Context, now time.Time) error {
	c, _ := p.o.Connector()
	sales, ok := c.(channels.AfterSales)
	if !ok {
		return nil
	}
	w, err := p.window(ctx, claimsCursor(p.id), now, passed(p.claimed, now, p.o.Overlap/3))
	if err != nil {
		return err
	}
	for _, kind := range []channels.ClaimKind{channels.Cancellation, channels.Return} {
		for pages, next := 0, ""; pages == 0 || next != ""; pages++ {
			read, err := sales.ClaimsChanged(ctx, kind, w.since, w.until, next)
			if err != nil {
				return err
			}
			if err := p.takeClaims(ctx, c, read); err != nil {
				return err
			}
			next = read.Next
			if next != "" && pages == maxClaimPages-1 {
				return fmt.Errorf("the shop shows more than %d pages of %ss", maxClaimPages, kind)
			}
		}
	}
	if w.deep {
		p.claimed = now
	}
	return p.o.Vault.SetCursor(ctx, claimsCursor(p.id), w.until.UTC().Format(time.RFC3339Nano))
}

func (p *Poller) takeClaims(ctx context.Context, c channels.Connector, read channels.ClaimPage) error {
	for _, i := range read.Invalid {
		err := p.unread(ctx, i.Record, letterevents.Opened{
			Field: i.Field, Rule: i.Rule, Sample: i.Sample, Reason: fmt.Sprintf("A cancellation or return of this shop cannot be read: %s %s. Look at it there.", i.Field, i.Rule),
		})
		if err != nil {
			return err
		}
	}
	if err := p.ordersOf(ctx, c, read.Claims); err != nil {
		return err
	}
	for _, claim := range read.Claims {
		_, err := p.o.Intake.ObserveClaim(ctx, p.o.Connection, claim, "poll:"+p.id)
		var no eventlog.Refusal
		switch {
		case err == nil:
		case errors.As(err, &no), !intake.Ours(ctx, err): // this claim's alone
			told := letterevents.Opened{Subject: p.id + ":" + claim.Order, Reason: "A cancellation or return of this order cannot be taken in: " + err.Error() + " Look at it at the channel."}
			if err := p.unread(ctx, claim.ID, told); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// unread tells a person, once, of a claim that only they can look at now; its cursor goes on.
func (p *Poller) unread(ctx context.Context, claim string, letter letterevents.Opened) error {
	letter.Letter, letter.Connection = "claim-"+p.id+":"+claim, p.id
	return p.o.Intake.Once(ctx, letter)
}

// ordersOf takes in the orders of claims that are older than what was ever polled, or have changed since they were.
func (p *Poller) ordersOf(ctx context.Context, c channels.Connector, claims []channels.Claim) error {
	var behind []string
	for _, claim := range claims {
		must, err := p.o.Intake.Behind(ctx, p.o.Connection, claim)
		if err != nil {
			return err
		}
		if must && !slices.Contains(behind, claim.Order) {
			behind = append(behind, claim.Order)
		}
	}
	if len(behind) == 0 {
		return nil
	}
	read, err := c.Orders(ctx, behind) // a page of claims has at most as many orders as one read takes
	if err != nil {
		return fmt.Errorf("read the orders of claims: %w", err)
	}
	return p.takeIn(ctx, read)
}
