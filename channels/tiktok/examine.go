package tiktok

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
)

// A call's time may be so far from the vendor's clock.
const (
	mostBehind = 5 * time.Minute
	mostAhead  = 30 * time.Second
)

// What a person does.
const (
	mendApp  = "In TikTok's Partner Center, open the app and copy its key and secret; then run creatorflow connect tiktok with both and a new code from the seller's consent."
	mendIn   = "Let the seller authorise the app again, and run creatorflow connect tiktok with the code that comes back. Nothing is lost meanwhile."
	mendList = "In TikTok's Partner Center, open the app and add this machine's public IP address to those that may call; the hub goes on by itself then."
	mendNet  = "Check this machine's way to the internet and the app's --base-url; the hub goes on by itself once TikTok answers."
)

// probes are calls that change nothing, one for each part of the API that is read.
var probes = []struct {
	scope, does string
	q           wire.Request
}{
	{"seller.order.info", "reading orders", search("/order/202309/orders/search")},
	{"seller.product.basic", "reading listings and quantities", search("/product/202502/products/search")},
	{"seller.fulfillment.basic", "reading packages and labels", search("/fulfillment/202309/packages/search")},
	{"seller.logistics", "reading warehouses", listWarehouses},
	{"seller.return_refund.basic", "reading cancellations and returns", search("/return_refund/202309/cancellations/search")},
}

// writes are the scopes that nothing harmless can try; the token's answer names those that were granted.
var writes = [][2]string{{"seller.product.write", "writing quantities"}, {"seller.fulfillment.package.write", "arranging shipment"}}

var listWarehouses = wire.Request{Name: "list warehouses", Method: http.MethodGet, Path: "/logistics/202309/warehouses"}

func search(path string) wire.Request {
	return wire.Request{Name: "try " + path, Method: http.MethodPost, Path: path, Query: url.Values{"page_size": {"1"}}}
}

// exam is one look at a connection.
type exam struct {
	look    *wire.Look
	shop    channels.Connection
	found   map[string]channels.Finding
	missing []string // scopes, each with what needs it
	untried string   // why some scope could not be tried
	broken  bool     // a call is refused or gets no answer, for no reason that is named elsewhere
	places  json.RawMessage
}

// Examine implements channels.Examiner.
func (c *Connector) Examine(ctx context.Context, address string) []channels.Finding {
	e := &exam{look: c.Look(), shop: c.shop, found: map[string]channels.Finding{}}
	if obstacle := e.enter(ctx); obstacle == "" {
		obstacle = e.tryCalls(ctx)
		e.webhooks(ctx, address, obstacle)
		e.locations(obstacle)
	} else {
		for _, check := range []string{
			channels.CheckCredentials, channels.CheckToken, channels.CheckScopes, channels.CheckShop, channels.CheckLocations,
		} {
			e.grey(check, obstacle)
		}
		e.webhooks(ctx, address, obstacle)
	}
	e.clock()
	all := make([]channels.Finding, 0, len(e.found))
	for _, f := range e.found {
		all = append(all, f)
	}
	return all
}

// note keeps a finding; the first about a thing stays.
func (e *exam) note(check string, state channels.Light, found, mend string) {
	if _, ok := e.found[check]; !ok {
		e.found[check] = channels.Finding{Check: check, State: state, Found: found, Mend: mend}
	}
}

func (e *exam) green(check, found string) { e.note(check, channels.Green, found, "") }
func (e *exam) grey(check, why string)    { e.note(check, channels.Grey, "Not looked at: "+why+".", "") }

// enter finds out whether we are let in and to which shops. It returns what hides everything behind it.
func (e *exam) enter(ctx context.Context) (obstacle string) {
	shops, err := e.look.Shops(ctx)
	if err == nil || wire.About(err) == wire.AboutScope {
		e.green(channels.CheckCredentials, "TikTok takes the app's key and secret: a signed call was answered.")
		e.token(ctx)
	}
	if err == nil {
		return e.isOpen(shops)
	}
	said := says(err)
	switch wire.About(err) {
	case wire.AboutScope:
		e.missing = append(e.missing, "seller.authorization.info (listing the shops)")
		return "" // the shop's own calls tell the rest
	case wire.AboutAddress:
		e.note(channels.CheckCredentials, channels.Red, "TikTok takes no calls of this app from this machine: "+said+".", mendList)
		return "TikTok takes no calls from this machine"
	case wire.AboutCredentials:
		e.note(channels.CheckCredentials, channels.Red, "TikTok does not take the app's credentials: "+said+".", mendApp)
		return "TikTok does not take the app's credentials"
	case wire.AboutToken:
		e.note(channels.CheckToken, channels.Red, "The authorisation has ended: TikTok takes neither the access token nor the refresh token ("+said+").", mendIn)
		return "the authorisation has ended"
	case wire.AboutClock:
		e.note(channels.CheckClock, channels.Red, e.difference()+" TikTok refuses calls of that time: "+said+".", mendClock)
		return "TikTok refuses every call while this machine's clock is off"
	case wire.AboutNetwork:
		e.note(channels.CheckCredentials, channels.Red, "TikTok does not answer: "+said+".", mendNet)
		return "TikTok does not answer"
	case wire.AboutVendor:
		return "TikTok has trouble or is too busy just now (" + said + "), so ask again in a minute"
	}
	e.note(channels.CheckCredentials, channels.Red, "TikTok refuses even the simplest call: "+said+".", "Check the app's --base-url, and update CreatorFlow: TikTok may have retired what this version calls.")
	return "TikTok refuses even the simplest call"
}

// says is what a failure tells, in short.
func says(err error) string {
	var f *channels.Failure
	if !errors.As(err, &f) {
		return channels.Short(err.Error(), 200)
	}
	said := f.Message
	if f.Err != nil {
		said += ", " + channels.Short(f.Err.Error(), 200)
	}
	if f.Code != "" {
		said += ", code " + f.Code
	}
	return said
}

func (e *exam) token(ctx context.Context) {
	t, err := e.look.Token(ctx)
	if err != nil {
		e.grey(channels.CheckToken, "the stored token cannot be read ("+says(err)+")")
		return
	}
	found := "TikTok takes the access token"
	if !t.AccessExpires.IsZero() {
		found += ", which ends " + moment(t.AccessExpires) + " and is refreshed before"
	}
	if !t.RefreshExpires.IsZero() {
		found += "; the refresh token ends " + moment(t.RefreshExpires)
	}
	e.green(channels.CheckToken, found+".")
	if t.Scopes == "" {
		return
	}
	granted := strings.Fields(t.Scopes)
	for _, w := range writes {
		if !slices.Contains(granted, w[0]) {
			e.missing = append(e.missing, w[0]+" ("+w[1]+")")
		}
	}
}

func moment(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 UTC") }

// isOpen looks for the shop among those that the token opens.
func (e *exam) isOpen(shops []channels.Connection) (obstacle string) {
	i := slices.IndexFunc(shops, func(s channels.Connection) bool { return s.ShopID == e.shop.ShopID })
	switch {
	case i < 0:
		return e.closed(fmt.Sprintf("The shop %s is not among the %d that the seller's authorisation opens.", e.shop.ShopID, len(shops)))
	case shops[i].Cipher != e.shop.Cipher:
		return e.closed(fmt.Sprintf("TikTok has given the shop %s another cipher than the one that is stored, so calls for it are refused.", e.shop.ShopID))
	}
	e.green(channels.CheckShop, fmt.Sprintf("The shop %s (%s) is authorised and its cipher is current.", shops[i].Name, e.shop.ShopID))
	return ""
}

// closed is what a call of the shop found out, which counts for more than that the shop is listed.
func (e *exam) closed(found string) (obstacle string) {
	e.found[channels.CheckShop] = channels.Finding{Check: channels.CheckShop, State: channels.Red, Found: found, Mend: mendIn}
	return "the authorisation does not open the shop"
}

// tryCalls makes one harmless call of each kind. It returns what hides the rest.
func (e *exam) tryCalls(ctx context.Context) (obstacle string) {
	for _, p := range probes {
		data, err := e.look.Ask(ctx, p.q)
		if p.q.Name == listWarehouses.Name {
			e.places = data
		}
		switch {
		case err == nil:
		case wire.About(err) == wire.AboutScope:
			e.missing = append(e.missing, p.scope+" ("+p.does+")")
		case wire.About(err) == wire.AboutShop:
			obstacle = e.closed("TikTok says that the token does not open the shop: " + says(err) + ".")
		default:
			e.untried = p.does + " did not work (" + says(err) + ")"
			e.broken = e.broken || wire.About(err) == wire.AboutCall || wire.About(err) == wire.AboutNetwork
		}
	}
	switch {
	case len(e.missing) > 0:
		e.note(channels.CheckScopes, channels.Red, "The authorisation does not include "+strings.Join(e.missing, ", ")+".",
			"In TikTok's Partner Center, open the app, enable these under Manage API, then let the seller authorise again and run creatorflow connect tiktok with the new code.")
	case obstacle != "":
		e.grey(channels.CheckScopes, obstacle)
	case e.broken:
		e.note(channels.CheckScopes, channels.Red, "Not all calls that the hub needs work: "+e.untried+".",
			"Try again in some minutes. If it stays, look whether TikTok has retired the call, and whether a newer version of CreatorFlow is out.")
	case e.untried != "":
		e.grey(channels.CheckScopes, e.untried)
	default:
		e.green(channels.CheckScopes, "The calls that the hub needs are allowed.")
	}
	e.grey(channels.CheckShop, "the shops cannot be listed")
	return obstacle
}

// webhooks finds out where each topic goes; without an address of ours nothing is to be said.
func (e *exam) webhooks(ctx context.Context, address, obstacle string) {
	switch {
	case address == "":
		return
	case obstacle != "":
		e.grey(channels.CheckWebhooks, obstacle)
		return
	}
	data, err := e.look.Ask(ctx, readHooks)
	var list []channels.Subscription
	if err == nil {
		list, err = readSubscriptions(data)
	}
	if err != nil {
		e.grey(channels.CheckWebhooks, "TikTok does not tell where webhooks go ("+says(err)+")")
		return
	}
	var nowhere, elsewhere []string
	for _, s := range list {
		switch s.Address {
		case address:
		case "":
			nowhere = append(nowhere, s.Topic)
		default:
			elsewhere = append(elsewhere, s.Topic+" to "+channels.Short(s.Address, 255))
		}
	}
	var found, mend []string
	if len(nowhere) > 0 {
		found = append(found, "Webhooks of these topics go nowhere: "+strings.Join(nowhere, ", ")+".")
		mend = append(mend, "Nothing to click: while it runs, the hub sets them up again within a minute or so and says so; look again then.")
	}
	if len(elsewhere) > 0 {
		found = append(found, "Webhooks of these topics go to another address than "+address+": "+strings.Join(elsewhere, ", ")+".")
		mend = append(mend, "If this hub is the one to get them, run: creatorflow doctor --take-webhooks "+e.shop.ID)
	}
	if len(found) > 0 {
		e.note(channels.CheckWebhooks, channels.Red, strings.Join(found, " "), strings.Join(mend, " "))
		return
	}
	e.green(channels.CheckWebhooks, fmt.Sprintf("All %d topics that the hub needs go to %s.", len(list), address))
}

// locations tells the shop's warehouses, and which of them count.
func (e *exam) locations(obstacle string) {
	if obstacle != "" || e.places == nil {
		if obstacle == "" {
			obstacle = "the warehouses could not be read"
		}
		e.grey(channels.CheckLocations, obstacle)
		return
	}
	var list struct {
		Warehouses []struct {
			ID     channels.Text `json:"id"`
			Name   channels.Text `json:"name"`
			Status channels.Text `json:"effect_status"`
			Type   channels.Text `json:"type"`
		} `json:"warehouses"`
	}
	if err := json.Unmarshal(e.places, &list); err != nil {
		e.grey(channels.CheckLocations, "the list of warehouses cannot be read")
		return
	}
	var counts, others []string
	for _, w := range list.Warehouses {
		name := fmt.Sprintf("%s (%s)", channels.Short(string(w.Name), 80), w.ID)
		switch {
		case w.Type == "RETURN_WAREHOUSE":
			others = append(others, name+" takes returns")
		case w.Status != "ENABLED":
			others = append(others, name+" is "+strings.ToLower(string(w.Status)))
		default:
			counts = append(counts, name)
		}
	}
	aside := ""
	if len(others) > 0 {
		aside = " Not counted: " + strings.Join(others, ", ") + "."
	}
	switch len(counts) {
	case 0:
		e.note(channels.CheckLocations, channels.Red, "No warehouse of the shop sells, so nothing can be sold or shipped."+aside,
			"In TikTok's Seller Center, open the warehouse settings and enable the one that you ship from.")
	case 1:
		e.green(channels.CheckLocations, "Quantities count what is in "+counts[0]+"."+aside)
	default:
		e.green(channels.CheckLocations, "Quantities add up what is in "+strings.Join(counts, " and ")+
			"; a quantity that the hub writes goes to the first of them that lists the SKU, because the ledger knows one place."+aside)
	}
}

const mendClock = "Set this machine's clock right and let it keep itself so: timedatectl set-ntp true, or Date & Time in the system's settings."

// clock compares our clock with the vendor's, by its last answer.
func (e *exam) clock() {
	ahead, known := e.look.Ahead()
	switch {
	case !known:
		e.grey(channels.CheckClock, "no answer told the time")
	case ahead > mostAhead || ahead < -mostBehind:
		e.note(channels.CheckClock, channels.Red, e.difference()+" TikTok takes calls from 5 minutes behind to 30 seconds ahead.", mendClock)
	default:
		e.green(channels.CheckClock, e.difference())
	}
}

// difference says in a sentence how far the clocks are apart; a date has whole seconds.
func (e *exam) difference() string {
	ahead, _ := e.look.Ahead()
	switch apart := ahead.Round(time.Second); {
	case apart >= 2*time.Second:
		return fmt.Sprintf("This machine's clock is %v ahead of TikTok's.", apart)
	case apart <= -2*time.Second:
		return fmt.Sprintf("This machine's clock is %v behind TikTok's.", -apart)
	}
	return "This machine's clock and TikTok's agree."
}
