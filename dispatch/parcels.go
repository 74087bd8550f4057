package dispatch

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/creatorflow/creatorflow/channels"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shipping"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/twin"
)

var _ shipping.Desk = (*Desk)(nil)

// Tell implements shipping.Desk.
func (d *Desk) Tell(ctx context.Context, t shipping.Told, again bool) (pkg, refused string, err error) {
	c, err := d.connector(outside.Parcel{Connection: t.Connection})
	if err != nil {
		return "", "", err
	}
	var known func() (string, bool, error) // whether it stands at the channel already
	var ask func(context.Context) (string, error)
	switch t.Action {
	case orders.ActionShip, orders.ActionCorrect:
		known, ask, err = parcel(ctx, c, t)
	default:
		known, ask, err = repack(ctx, c, t)
	}
	if no := new(refusal); errors.As(err, no) {
		return "", string(*no), nil
	} else if err != nil {
		return "", "", err
	}
	if again && !twin.NoLook {
		pkg, stands, err := known()
		if stands {
			return pkg, "", nil
		}
		if err != nil {
			return refusedOf(t, err)
		}
	}
	within, done := outside.InTime(ctx)
	defer done()
	failpoint.Hit(failpoint.ArrangeBefore)
	pkg, err = ask(within)
	failpoint.Hit(failpoint.ArrangeAfter)
	if err == nil {
		return pkg, "", nil
	}
	switch channels.ClassOf(err) {
	case channels.Done, channels.Gone, channels.Rejected, channels.Unsure:
		if found, stands, readErr := known(); readErr == nil && stands {
			return found, "", nil
		}
	}
	return refusedOf(t, err)
}

// refusal is why a channel is not asked at all.
type refusal string

func (r refusal) Error() string { return string(r) }

// doing names what is done, in sentences.
func doing(t shipping.Told) string {
	switch t.Action {
	case orders.ActionShip:
		return "take the parcel's number"
	case orders.ActionCorrect:
		return "change the parcel's number"
	case orders.ActionSplit:
		return "split the order"
	}
	return "combine the orders"
}

// refusedOf is what the outcome of a request means: the channel's no ends it, everything else is in its way.
func refusedOf(t shipping.Told, err error) (pkg, refused string, _ error) {
	var no *channels.Failure
	if errors.As(err, &no) && no.Class == channels.Gone && t.Action == orders.ActionShip {
		// What has been handed over is not forgotten because the channel was quicker than its news.
		return "", "", gone(fmt.Sprintf("The channel says that the order was cancelled or closed, so it does not take the parcel's number: %s.", no.Message))
	}
	if errors.As(err, &no) && (no.Class == channels.Rejected || no.Class == channels.Done || no.Class == channels.Gone) {
		code := ""
		if no.Code != "" {
			code = fmt.Sprintf(" (code %s)", no.Code)
		}
		return "", fmt.Sprintf("The channel refuses to %s: %s%s.", doing(t), no.Message, code), nil
	}
	return "", "", trouble(doing(t), err)
}

func parcel(ctx context.Context, c channels.Connector, t shipping.Told) (known func() (string, bool, error), ask func(context.Context) (string, error), err error) {
	sends, ok := c.(channels.SellerShipping)
	if !ok {
		return nil, nil, refusal("This channel takes no tracking numbers from here. Enter the number at the channel itself.")
	}
	p := channels.Parcel{Reference: Reference(t.Order, t.Request), Carrier: t.Carrier, Service: t.Service, Tracking: t.Tracking, Sent: t.Sent, Items: items(t.Items)}
	if t.Label != "" { // who sold the label knows the carrier by its name
		if p.Carrier, err = carrierID(ctx, c, sends, t); err != nil {
			return nil, nil, err
		}
	}
	known = func() (string, bool, error) {
		list, err := sends.Parcels(ctx, t.ChannelID)
		list = slices.DeleteFunc(list, func(k channels.Parcel) bool {
			return k.Tracking != p.Tracking || (k.Reference == "" || k.Reference != p.Reference) && k.Carrier != p.Carrier && k.Carrier != ""
		})
		return "", err == nil && holds(list, p), err
	}
	if t.Action == orders.ActionShip {
		return known, func(ctx context.Context) (string, error) {
			s, err := sends.Send(ctx, t.ChannelID, p)
			return s.Package, err
		}, nil
	}
	corrects, ok := c.(channels.Retracker)
	if !ok {
		return nil, nil, refusal("This channel does not let the number of a parcel be changed from here. Change it at the channel itself.")
	}
	return known, func(ctx context.Context) (string, error) { return "", corrects.Retrack(ctx, t.ChannelID, t.Was, p) }, nil
}

// holds says that parcels which a channel shows under one number are all of a parcel: a channel may show one as several, by where
// its units lay, and may have been told of some of them only. One that shows no units is taken at its word.
func holds(shown []channels.Parcel, p channels.Parcel) bool {
	units := func(items []channels.ParcelItem) (n int64) {
		for _, i := range items {
			n += i.Quantity
		}
		return n
	}
	left := units(p.Items)
	for _, k := range shown {
		if left -= units(k.Items); len(k.Items) == 0 || left <= 0 {
			return true
		}
	}
	return false
}

// carrierID finds a carrier that is known by its name among those that the channel has for an order.
func carrierID(ctx context.Context, c channels.Connector, sends channels.SellerShipping, t shipping.Told) (string, error) {
	list, err := sends.Carriers(ctx, t.ChannelID)
	if err != nil {
		return "", trouble("list the carriers", err)
	}
	if id, ok := carrierOf(list, t.Carrier); ok {
		return id, nil
	}
	if len(list) > 0 && !c.Capabilities().AnyCarrier {
		return "", refusal(fmt.Sprintf("The channel has no carrier called %s for this order. Enter the number with one of its carriers.", t.Carrier))
	}
	return t.Carrier, nil
}

// carrierOf finds the carrier of a name: the one that is written the same but for signs, else the one whose name it begins with, as
// DHL Express does with DHL.
func carrierOf(list []channels.Carrier, name string) (id string, ok bool) {
	for _, k := range list {
		if plain(k.Name) == plain(name) || k.ID == name {
			return k.ID, true
		}
	}
	for _, k := range list {
		if strings.HasPrefix(strings.ToLower(name), strings.ToLower(k.Name)+" ") {
			return k.ID, true
		}
	}
	return "", false
}

// plain leaves the letters and digits of a name, in lower case.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Reference is ours of a parcel: digits, the same for every try.
func Reference(order string, request int) string {
	sum := sha256.Sum256([]byte(order + "\x00" + strconv.Itoa(request)))
	return strconv.FormatUint(binary.BigEndian.Uint64(sum[:8])>>14, 10)
}

func items(list []orderevents.ParcelItem) (out []channels.ParcelItem) {
	for _, i := range list {
		out = append(out, channels.ParcelItem{ListingID: i.Listing, Quantity: i.Quantity})
	}
	return out
}

func repack(ctx context.Context, c channels.Connector, t shipping.Told) (known func() (string, bool, error), ask func(context.Context) (string, error), err error) {
	r, ok := c.(channels.Repacker)
	if !ok {
		return nil, nil, refusal("This channel does not let packages be split or combined from here. Do it at the channel itself.")
	}
	var groups [][]channels.ParcelItem
	for _, g := range t.Groups {
		groups = append(groups, items(g.Items))
	}
	known = func() (string, bool, error) {
		packed, err := r.Packed(ctx, t.ChannelID)
		return "", err == nil && packedAs(packed, groups, t.Others), err
	}
	return known, func(ctx context.Context) (string, error) {
		if t.Action == orders.ActionSplit {
			return "", r.Split(ctx, t.ChannelID, groups)
		}
		return "", r.Combine(ctx, t.Others)
	}, nil
}

// packedAs says that packages hold what they were to hold: the groups of one order, or everything of several.
func packedAs(packed []channels.Packed, groups [][]channels.ParcelItem, together []string) bool {
	if len(together) > 0 {
		return len(packed) == 1 && !slices.ContainsFunc(together, func(id string) bool { return !slices.Contains(packed[0].Orders, id) })
	}
	var is, want []string
	for _, p := range packed {
		is = append(is, content(p.Items))
	}
	for _, g := range groups {
		want = append(want, content(g))
	}
	slices.Sort(is)
	slices.Sort(want)
	return slices.Equal(is, want)
}

// content is what is in a package, in one form.
func content(list []channels.ParcelItem) string {
	var parts []string
	for _, i := range list {
		parts = append(parts, i.ListingID+" "+strconv.FormatInt(i.Quantity, 10))
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// Ways says how an order may travel: which carriers the seller may name, and with which orders it
// may share a package. It asks the channel.
func (d *Desk) Ways(ctx context.Context, connection, order string, own bool) (w shipping.Ways, err error) {
	c, err := d.connector(outside.Parcel{Connection: connection})
	if err != nil {
		return w, err
	}
	sends, ok := c.(channels.SellerShipping)
	if own && ok {
		list, err := sends.Carriers(ctx, order)
		if err != nil {
			return w, trouble("list the carriers", err)
		}
		w.AnyCarrier = len(list) == 0
		for _, k := range list {
			w.Carriers = append(w.Carriers, shipping.Carrier{ID: k.ID, Name: k.Name})
		}
	}
	if r, ok := c.(channels.Repacker); ok {
		if w.Combinable, err = r.Combinable(ctx, order); err != nil {
			return w, trouble("list what may be combined", err)
		}
	}
	return w, nil
}
