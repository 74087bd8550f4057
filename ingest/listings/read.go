package listings

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/ingest/intake"
)

const (
	maxListings = 50_000 // of one shop: a plan is kept in memory
	maxBroken   = 200    // of one shop that are told
	maxPages    = 5_000  // a vendor that pages in circles must not hold us for ever
	tries       = 5      // of one call
	longest     = 30 * time.Second
)

// reader reads one shop.
type reader struct {
	*Importer
	connection string
	shown      []events.Shown
	at         map[string]int // by listing, in shown
	broken     []catalogue.Broken
}

// call asks the channel, and again when it does not answer.
func (r *reader) call(ctx context.Context, ask func(c channels.Connector) error) error {
	for n := 1; ; n++ {
		c, ok := r.o.Connector(r.connection)
		if !ok {
			return &channels.Failure{Class: channels.Auth, Call: "list products", Message: "the shop is not connected"}
		}
		err := ask(c)
		switch channels.ClassOf(err) {
		case channels.Auth, channels.Rejected, channels.Bug, channels.Gone:
			return err
		}
		if err == nil || n == tries || ctx.Err() != nil {
			return err
		}
		pause := r.o.Pause << (n - 1)
		if f := (*channels.Failure)(nil); errors.As(err, &f) {
			pause = max(pause, f.RetryAfter)
		}
		if err := wait(ctx, min(pause, longest)); err != nil {
			return err
		}
	}
}

// pages reads every page of listings.
func (r *reader) pages(ctx context.Context) error {
	r.at = map[string]int{}
	next := ""
	for range maxPages {
		var page channels.ListingPage
		if err := r.call(ctx, func(c channels.Connector) (err error) { page, err = c.Listings(ctx, next); return err }); err != nil {
			return err
		}
		for _, l := range page.Listings {
			r.take(l)
		}
		for _, b := range page.Invalid {
			r.refuse(b)
		}
		if len(r.shown) > maxListings {
			return fmt.Errorf("the shop lists more than %d SKUs", maxListings)
		}
		r.change(r.connection, func(p *catalogue.Progress) { p.Read = len(r.shown) })
		if next = page.Next; next == "" {
			return nil
		}
	}
	return fmt.Errorf("the shop's list does not end after %d pages", maxPages)
}

// take takes a listing in; one that moved to another page meanwhile counts once.
func (r *reader) take(l channels.Listing) {
	s := events.Shown{
		Connection: r.connection, Listing: l.ListingID, Product: l.ProductID, Code: intake.Code(l.Code, l.ListingID), Title: tidy(l.Title), Variant: tidy(l.Variant),
		Price: l.Price, Status: string(l.Status), Vendor: tidy(l.Vendor), Quantity: l.Available,
	}
	s.Uncoded = intake.Code(l.Code, "") == ""
	if !catalogue.ValidCode(s.Code) {
		r.refuse(channels.Invalid{
			Record: "listing " + l.ListingID, Field: "seller_sku", Rule: "must be at most 200 bytes of text without control characters", Sample: channels.Short(l.Code, 48),
		})
		return
	}
	if i, twice := r.at[s.Listing]; twice {
		r.shown[i] = s
		return
	}
	r.at[s.Listing] = len(r.shown)
	r.shown = append(r.shown, s)
}

func (r *reader) refuse(b channels.Invalid) {
	if len(r.broken) < maxBroken {
		r.broken = append(r.broken, catalogue.Broken{Record: b.Record, Field: b.Field, Rule: b.Rule, Sample: b.Sample})
	}
}

// variants names what tells apart the SKUs of products with several, where the list does not. Names that the hub knows
// are not asked for again: it costs a call for each product.
func (r *reader) variants(ctx context.Context, before map[string]events.Shown) error {
	products := map[string][]int{}
	for i, s := range r.shown {
		products[s.Product] = append(products[s.Product], i)
	}
	for _, s := range r.shown { // in the shop's order
		members := products[s.Product]
		delete(products, s.Product)
		lacking := false
		for _, i := range members {
			if m := &r.shown[i]; m.Variant == "" {
				m.Variant = before[m.Listing].Variant
				lacking = lacking || m.Variant == ""
			}
		}
		if len(members) < 2 || !lacking {
			continue
		}
		var names map[string]string
		err := r.call(ctx, func(c channels.Connector) (err error) {
			if c, ok := c.(channels.VariantNamer); ok {
				names, err = c.Variants(ctx, s.Product)
			}
			return err
		})
		if err != nil && channels.ClassOf(err) != channels.Rejected { // it may be gone since it was listed
			return err
		}
		for _, i := range members {
			if m := &r.shown[i]; m.Variant == "" {
				m.Variant = tidy(names[m.Listing])
			}
		}
	}
	return nil
}

// tidy makes a channel's text fit to be shown in a line.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.TrimSpace(channels.Short(text, 300))
}
