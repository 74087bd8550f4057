package channelstest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest/changes"
)

// ask is one thing that a connector is asked, and what came of it.
type ask struct {
	name string
	do   func() (any, error)
}

// asks are all that the hub reads of an order and a listing, and a write.
func (w World) asks(t *testing.T, order, product, listing string) (all []ask) {
	ctx, c := t.Context(), w.Connector
	add := func(name string, do func() (any, error)) { all = append(all, ask{name, do}) }
	add("listings", func() (any, error) { return c.Listings(ctx, "") })
	add("quantities", func() (any, error) { return c.Quantities(ctx, []string{listing}) })
	if c.Capabilities().Write == channels.WriteAbsolute {
		add("write a quantity", func() (any, error) { return nil, c.SetQuantity(ctx, product, listing, 7) })
	}
	if order == "" {
		return all
	}
	add("orders", func() (any, error) { return c.Orders(ctx, []string{order}) })
	add("changed", func() (any, error) {
		return c.Changed(ctx, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour), "")
	})
	if s, ok := c.(channels.AfterSales); ok {
		for _, kind := range []channels.ClaimKind{channels.Cancellation, channels.Return} {
			add(string(kind)+"s of the order", func() (any, error) { return s.ClaimsOf(ctx, kind, []string{order}, "") })
		}
	}
	o := w.order(t, order)
	if s, ok := c.(channels.SellerShipping); ok && o.SellerShips {
		add("parcels", func() (any, error) { return s.Parcels(ctx, order) })
		add("carriers", func() (any, error) { return s.Carriers(ctx, order) })
	}
	if s, ok := c.(channels.Repacker); ok {
		add("packages", func() (any, error) { return s.Packed(ctx, order) })
		add("what may travel with it", func() (any, error) { return s.Combinable(ctx, order) })
	}
	if s, ok := c.(channels.PlatformShipping); ok {
		for _, pkg := range o.Packages {
			add("its package", func() (any, error) { shipped, _, err := s.Package(ctx, pkg); return shipped, err })
		}
	}
	return all
}

// versions are how many of a vendor's next ones are met.
const versions = 200

// changed: whatever the vendor adds, renames or leaves out in its answers, each is read or named as broken; what it only adds changes
// nothing.
func changed(t *testing.T, w World) {
	product, listing := w.Sim.List("CASE", "10.00", 100)
	order := ""
	if w.Connector.Capabilities().TakesOrders {
		order = w.Sim.Place(false, Line{Listing: listing, Price: "10.00", Quantity: 1})
		if sim, ok := w.Sim.(Cancels); ok {
			sim.AskCancel(w.Sim.Place(false, Line{Listing: listing, Price: "10.00", Quantity: 1}))
		}
	}
	answers := 0
	for _, a := range w.asks(t, order, product, listing) {
		whole, err := a.do()
		if err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		for seed := range uint64(versions) {
			how := changes.Added
			if seed%3 != 0 {
				how = ""
			}
			w.Changes.On(seed, how)
			got, err := a.do()
			did := w.Changes.Off()
			answers += len(did)
			if how == changes.Added && (err != nil || !reflect.DeepEqual(got, whole)) {
				t.Errorf("%s: a member was added (%v), and it reads %+v, %v, where it read %+v", a.name, did, got, err, whole)
			}
			if sentence := untrue(got, whole); err == nil && sentence != "" && order != "" && !slices.ContainsFunc(did, none) {
				t.Errorf("%s: after %v: %s", a.name, did, sentence)
			}
			if sentence := told(got, err); sentence != "" {
				t.Errorf("%s: after %v: %s", a.name, did, sentence)
			}
			w.Sim.Pass(2 * time.Minute) // a breaker lets a call through again
			if _, err := a.do(); err != nil {
				t.Fatalf("%s: the answer is whole again after %v: %v", a.name, did, err)
			}
		}
	}
	if answers < 2*versions {
		t.Errorf("%d answers were changed, which proves little", answers)
	}
}

// told says what is wrong with what a connector made of an answer; empty = nothing.
func told(got any, err error) string {
	var invalid channels.Invalid
	var failure *channels.Failure
	switch {
	case err == nil:
	case errors.As(err, &invalid):
		return nameless(invalid)
	case !errors.As(err, &failure) || failure.Class == channels.Bug || failure.Message == "" && failure.Err == nil:
		return fmt.Sprintf("the failure says no more than %v", err)
	}
	switch got := got.(type) {
	case channels.Page:
		for _, o := range got.Orders {
			if o.ID == "" || o.Status == "" || len(o.Lines) == 0 || o.Updated.IsZero() {
				return fmt.Sprintf("an order reads %+v", o)
			}
		}
		return nameless(got.Invalid...)
	case channels.ClaimPage:
		for _, c := range got.Claims {
			if c.ID == "" || c.Order == "" || c.State == "" {
				return fmt.Sprintf("a claim reads %+v", c)
			}
		}
		return nameless(got.Invalid...)
	case channels.ListingPage:
		for _, l := range got.Listings {
			if l.ListingID == "" || l.Status == "" || l.Available < 0 {
				return fmt.Sprintf("a listing reads %+v", l)
			}
		}
		return nameless(got.Invalid...)
	case []channels.Quantity:
		if i := slices.IndexFunc(got, func(q channels.Quantity) bool { return q.ListingID == "" || q.Available < 0 }); i >= 0 {
			return "a quantity reads " + strconv.FormatInt(got[i].Available, 10)
		}
	}
	return ""
}

// none says that a change says of something that there is none.
func none(m changes.Mutation) bool { return m.How == "null" }

// untrue says what reads other than it is where orders come from, which is worse than not to be read: of a quantity that is taken for 0 others
// sell the same units, and units or money of an order are moved. A state that nobody knows does neither.
func untrue(got, whole any) string {
	switch got := got.(type) {
	case []channels.Quantity:
		for _, q := range got {
			for _, is := range whole.([]channels.Quantity) {
				if q.ListingID == is.ListingID && q.Available != is.Available {
					return fmt.Sprintf("%d units read %d", is.Available, q.Available)
				}
			}
		}
	case channels.ListingPage:
		for _, l := range got.Listings {
			for _, is := range whole.(channels.ListingPage).Listings {
				if l.ListingID == is.ListingID && l.Available != is.Available {
					return fmt.Sprintf("%d units of a listing read %d", is.Available, l.Available)
				}
			}
		}
	case channels.Page:
		units := func(o channels.Order) (n int64) {
			for _, l := range o.Lines {
				n += l.Quantity
			}
			return n
		}
		for _, o := range got.Orders {
			for _, is := range whole.(channels.Page).Orders {
				if o.ID == is.ID && (o.Total != is.Total || units(o) != units(is) || o.Status != is.Status && o.Status != channels.StatusUnknown) {
					return fmt.Sprintf("an order of %d units for %s, %s, reads %d for %s, %s", units(is), is.Total, is.Status, units(o), o.Total, o.Status)
				}
			}
		}
	}
	return ""
}

func nameless(all ...channels.Invalid) string {
	for _, i := range all {
		if i.Field == "" || i.Rule == "" {
			return fmt.Sprintf("what is broken is told as %+v", i)
		}
	}
	return ""
}
