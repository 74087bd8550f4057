package tiktok_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
)

const (
	royalMail = "7117858858072016686"
	ups       = "7132708447992399662"
)

// ownRig is a rig whose orders the seller's own carrier takes, and one order of two units and one.
func ownRig(t *testing.T) (r *rig, order string) {
	t.Helper()
	r = newRig(t, channelstest.Knobs{})
	r.shipping = "SELLER"
	return r, r.sells()
}

func (r *rig) sends(order string, p channels.Parcel) channels.Shipment {
	r.t.Helper()
	s, err := r.connector.Send(r.t.Context(), order, p)
	if err != nil {
		r.t.Fatalf("send %+v: %v", p, err)
	}
	return s
}

func (r *rig) parcels(order string) []channels.Parcel {
	r.t.Helper()
	list, err := r.connector.Parcels(r.t.Context(), order)
	r.done(err)
	return list
}

// of is so many units of a line of an order.
func of(o channels.Order, line int, quantity int64) channels.ParcelItem {
	return channels.ParcelItem{ListingID: o.Lines[line].ListingID, Quantity: quantity}
}

func TestSendParcels(t *testing.T) {
	r, id := ownRig(t)
	o := r.orderNow(id)
	if !o.SellerShips || len(o.Packages) != 0 {
		t.Fatalf("order %+v, want one that the seller ships, without packages", o)
	}
	carriers, err := r.connector.Carriers(t.Context(), id)
	if err != nil || len(carriers) != 4 || carriers[0] != (channels.Carrier{ID: royalMail, Name: "Royal Mail"}) {
		t.Fatalf("carriers %+v, %v", carriers, err)
	}
	first := channels.Parcel{Reference: "1", Carrier: royalMail, Tracking: "RM1", Items: []channels.ParcelItem{of(o, 0, 1), of(o, 1, 1)}}
	sent := r.sends(id, first)
	if sent.Already || sent.Package == "" || sent.Tracking != "RM1" {
		t.Errorf("sent %+v", sent)
	}
	if again := r.sends(id, first); !again.Already || again.Package != sent.Package {
		t.Errorf("sent again %+v, want the same, already", again)
	}
	if got := r.orderNow(id).Status; got != channels.StatusPartial {
		t.Errorf("after one parcel the order is %s", got)
	}
	last := channels.Parcel{Reference: "2", Carrier: ups, Tracking: "U2"}
	r.sends(id, last)
	if got := r.orderNow(id).Status; got != channels.StatusArranged {
		t.Errorf("after all parcels the order is %s", got)
	}
	got := r.parcels(id)
	if len(got) != 2 || got[0].Tracking != "RM1" || got[1].Carrier != ups || !slices.Equal(got[1].Items, []channels.ParcelItem{of(o, 0, 1)}) {
		t.Errorf("parcels %+v", got)
	}
	if c := r.Counts(); c.Sent[id+" RM1"] != 1 || c.Sent[id+" U2"] != 1 || c.SendTries[id] != 2 {
		t.Errorf("sent %v in %v tries, want each once in 2", c.Sent, c.SendTries)
	}
}

// Each way in which a parcel can be refused, with what to do about it.
func TestSendRefused(t *testing.T) {
	parcel := channels.Parcel{Reference: "1", Carrier: ups, Tracking: "U1"}
	tests := []struct {
		name    string
		prepare func(r *rig, id string) channels.Parcel
		class   channels.Class
		message string
	}{
		{"cancelled", func(r *rig, id string) channels.Parcel {
			r.done(r.CancelOrder(shop, id, "x"))
			return parcel
		}, channels.Gone, "cancelled"},
		{"the buyer asks to cancel", func(r *rig, id string) channels.Parcel {
			r.done(r.RequestCancel(shop, id, "x"))
			return parcel
		}, channels.Claimed, "cancel"},
		{"the number is another order's", func(r *rig, _ string) channels.Parcel {
			r.sends(r.World.Sim.Place(false, channelstest.Line{Listing: "1729000000000000001", Quantity: 1}), parcel)
			return parcel
		}, channels.Rejected, "used for another parcel"},
		{"everything was sent by hand", func(r *rig, id string) channels.Parcel {
			r.done(r.Sim.Send(shop, id, royalMail, "HAND"))
			return parcel
		}, channels.Rejected, "sent already"},
		{"a carrier that is none", func(*rig, string) channels.Parcel {
			return channels.Parcel{Carrier: "1", Tracking: "U1"}
		}, channels.Rejected, "shipping_provider_id"},
		{"too many units", func(r *rig, id string) channels.Parcel {
			return channels.Parcel{Carrier: ups, Tracking: "U1", Items: []channels.ParcelItem{of(r.orderNow(id), 0, 3)}}
		}, channels.Rejected, "sent already"},
		{"the vendor is down", func(r *rig, _ string) channels.Parcel {
			r.World.Sim.Break(channelstest.Down)
			return parcel
		}, channels.Retry, ""},
		{"the shop is not authorised", func(r *rig, _ string) channels.Parcel {
			r.done(r.SetScopes(shop))
			return parcel
		}, channels.Auth, "scope"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, id := ownRig(t)
			p := tt.prepare(r, id)
			_, err := r.connector.Send(t.Context(), id, p)
			var f *channels.Failure
			if !errors.As(err, &f) || f.Class != tt.class || !strings.Contains(f.Message, tt.message) {
				t.Errorf("%v (%s), want %s and %q", err, channels.ClassOf(err), tt.class, tt.message)
			}
			if n := r.Counts().Sent[id+" "+p.Tracking]; n != 0 {
				t.Errorf("sent %d times", n)
			}
		})
	}
}

// An order that the vendor's own carrier takes has no carriers to choose from, and no parcel to tell of.
func TestSendWhatIsNotOurs(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	id := r.sells()
	if r.orderNow(id).SellerShips {
		t.Error("the order says that the seller ships it")
	}
	_, err := r.connector.Carriers(t.Context(), id)
	_, sendErr := r.connector.Send(t.Context(), id, channels.Parcel{Carrier: ups, Tracking: "U1"})
	if channels.ClassOf(err) != channels.Rejected || channels.ClassOf(sendErr) != channels.Rejected {
		t.Errorf("carriers: %v, send: %v; want refusals", err, sendErr)
	}
	if _, err := r.connector.Parcels(t.Context(), "404"); channels.ClassOf(err) != channels.Retry {
		t.Errorf("an unknown order: %v", err)
	}
}

// A request whose answer was lost is unsure; the parcel is seen by its number, and telling again does nothing.
func TestSendUnsure(t *testing.T) {
	r, id := ownRig(t)
	p := channels.Parcel{Carrier: ups, Tracking: "U1"}
	r.SetFaults(tiktoksim.Faults{ShipLate: 1, ShipLateBy: time.Hour})
	if _, err := r.connector.Send(t.Context(), id, p); channels.ClassOf(err) != channels.Unsure {
		t.Fatalf("no answer: %v", err)
	}
	if got := r.parcels(id); len(got) != 0 {
		t.Errorf("parcels before it takes effect: %+v", got)
	}
	r.SetFaults(tiktoksim.Faults{})
	r.World.Sim.Pass(time.Hour)
	if got := r.parcels(id); len(got) != 1 || got[0].Tracking != "U1" {
		t.Errorf("parcels after it took effect: %+v", got)
	}
	if s := r.sends(id, p); !s.Already || r.Counts().Sent[id+" U1"] != 1 {
		t.Errorf("%+v, sent %v", s, r.Counts().Sent)
	}
}

// Where packages exist since payment they are shipped with the seller's number, each as a whole.
func TestSendByPackage(t *testing.T) {
	r, _ := ownRig(t)
	id, err := r.PlaceOrder(shop, tiktoksim.NewOrder{
		ShippingType: "SELLER", Currency: "IDR", Lines: []tiktoksim.Line{{SKUID: "1729000000000000001", Quantity: 2, Price: "9000"}},
	})
	r.done(err)
	if _, err := r.connector.Send(t.Context(), id, channels.Parcel{Carrier: ups, Tracking: "U1"}); channels.ClassOf(err) != channels.Rejected ||
		!strings.Contains(err.Error(), "not a package of their own") {
		t.Errorf("an order without a package: %v", err)
	}
	sea := r.AddShop(tiktoksim.Shop{ID: "2", Region: "ID", Currency: "IDR"})
	c := r.connectorOf("2", sea)
	_, err = r.AddProduct("2", tiktoksim.Product{ID: "3", SKUs: []tiktoksim.SKU{{ID: "4", Price: "9000", Quantity: 9}}})
	r.done(err)
	id, err = r.PlaceOrder("2", tiktoksim.NewOrder{ShippingType: "SELLER", Lines: []tiktoksim.Line{{SKUID: "4", Quantity: 2}}})
	r.done(err)
	one := []channels.ParcelItem{{ListingID: "4", Quantity: 1}}
	if _, err := c.Send(t.Context(), id, channels.Parcel{Carrier: ups, Tracking: "U1", Items: one}); channels.ClassOf(err) != channels.Rejected {
		t.Errorf("a part of a package: %v", err)
	}
	r.done(c.Split(t.Context(), id, [][]channels.ParcelItem{one, one}))
	for n, tracking := range []string{"U1", "U2", "U2"} {
		s, err := c.Send(t.Context(), id, channels.Parcel{Carrier: ups, Tracking: tracking, Items: one})
		if err != nil || s.Package == "" || s.Already != (n == 2) {
			t.Errorf("parcel %d: %+v, %v", n+1, s, err)
		}
	}
	if counts := r.Counts(); counts.Sent[id+" U1"] != 1 || counts.Sent[id+" U2"] != 1 {
		t.Errorf("sent %v", counts.Sent)
	}
}

func TestRetrack(t *testing.T) {
	r, id := ownRig(t)
	o := r.orderNow(id)
	r.sends(id, channels.Parcel{Carrier: royalMail, Tracking: "RM1", Items: []channels.ParcelItem{of(o, 0, 2)}})
	r.sends(id, channels.Parcel{Carrier: royalMail, Tracking: "RM2"})
	now := channels.Parcel{Carrier: ups, Tracking: "U1"}
	for range 2 { // the second time it stands already
		r.done(r.connector.Retrack(t.Context(), id, "RM1", now))
	}
	if got := r.parcels(id); got[0].Tracking != "U1" || got[0].Carrier != ups || got[1].Tracking != "RM2" {
		t.Errorf("parcels %+v", got)
	}
	for name, was := range map[string]string{"a second parcel of the order": "RM2", "a number that is none": "RM9"} {
		if err := r.connector.Retrack(t.Context(), id, was, channels.Parcel{Carrier: ups, Tracking: "U2"}); channels.ClassOf(err) != channels.Rejected {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := r.Counts().Requests["POST /fulfillment/202309/packages/{id}/shipping_info/update"]; n != 2 {
		t.Errorf("%d requests to change a number, want 2", n)
	}
}

func TestSplitAtTheChannel(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	id := r.sells()
	o := r.orderNow(id)
	before, err := r.connector.Packed(t.Context(), id)
	if err != nil || len(before) != 1 || !slices.Equal(before[0].Orders, []string{id}) || len(before[0].Items) != 2 {
		t.Fatalf("packed %+v, %v", before, err)
	}
	for name, groups := range map[string][][]channels.ParcelItem{
		"a unit left out": {{of(o, 0, 1)}, {of(o, 1, 1)}}, "a unit too many": {{of(o, 0, 2)}, {of(o, 1, 2)}}, "an empty package": {{of(o, 0, 2), of(o, 1, 1)}, {}},
	} {
		if err := r.connector.Split(t.Context(), id, groups); channels.ClassOf(err) != channels.Rejected {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.done(r.connector.Split(t.Context(), id, [][]channels.ParcelItem{{of(o, 0, 1)}, {of(o, 0, 1), of(o, 1, 1)}}))
	packed, err := r.connector.Packed(t.Context(), id)
	if err != nil || len(packed) != 2 || !slices.Equal(packed[0].Items, []channels.ParcelItem{of(o, 0, 1)}) || len(packed[1].Items) != 2 {
		t.Fatalf("packed %+v, %v", packed, err)
	}
	if _, err := r.connector.Arrange(t.Context(), packed[0].Package); err != nil {
		t.Error(err)
	}
	if err := r.connector.Split(t.Context(), id, [][]channels.ParcelItem{{of(o, 0, 1)}, {of(o, 0, 1), of(o, 1, 1)}}); channels.ClassOf(err) != channels.Rejected {
		t.Errorf("split what is partly shipped: %v", err)
	}
	if r.Counts().Splits[id] != 1 || r.Counts().SplitTries[id] != 1 {
		t.Errorf("splits %v of %v", r.Counts().Splits, r.Counts().SplitTries)
	}
}

func TestCombineAtTheChannel(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	a, b := r.sells(), r.sells()
	others, err := r.connector.Combinable(t.Context(), a)
	if err != nil || !slices.Equal(others, []string{b}) {
		t.Fatalf("combinable %v, %v", others, err)
	}
	if err := r.connector.Combine(t.Context(), []string{a, "404"}); channels.ClassOf(err) != channels.Rejected {
		t.Errorf("combined with nothing: %v", err)
	}
	r.done(r.connector.Combine(t.Context(), []string{a, b}))
	for _, id := range []string{a, b} {
		packed, err := r.connector.Packed(t.Context(), id)
		if err != nil || len(packed) != 1 || !slices.Equal(packed[0].Orders, []string{a, b}) || len(packed[0].Items) != 2 {
			t.Errorf("packed %+v, %v", packed, err)
		}
		if got := r.orderNow(id).Packages; len(got) != 1 || got[0] != packed[0].Package {
			t.Errorf("packages %v", got)
		}
	}
	others, err = r.connector.Combinable(t.Context(), a)
	if err != nil || len(others) != 0 {
		t.Errorf("combinable afterwards: %v, %v", others, err)
	}
	if c := r.Counts(); c.Combines[a+"+"+b] != 1 || c.CombineTries[a+"+"+b] != 1 {
		t.Errorf("combines %v of %v", c.Combines, c.CombineTries)
	}
}
