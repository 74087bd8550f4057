package shopify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

// skew is how far the clocks may be apart before a person should hear of it: the consent's callback is good for 90 seconds, and
// polls ask by the vendor's time.
const skew = time.Minute

// What a person does.
const (
	mendApp   = "In Shopify's Dev Dashboard, open the app's settings and copy its client id and secret; then run creatorflow connect shopify with both."
	mendIn    = "Install the app in the shop again and run creatorflow connect shopify. Nothing is lost meanwhile."
	mendNet   = "Check this machine's way to the internet and the shop's address; the hub goes on by itself once Shopify answers."
	mendClock = "Set this machine's clock right and let it keep itself so: timedatectl set-ntp true, or Date & Time in the system's settings."
)

// exam is one look at a connection.
type exam struct {
	c     *Connector
	look  *wire.Look
	found map[string]channels.Finding
}

// Examine implements channels.Examiner.
func (c *Connector) Examine(ctx context.Context, address string) []channels.Finding {
	e := &exam{c: c, look: c.Look(), found: map[string]channels.Finding{}}
	obstacle := e.enter(ctx)
	e.webhooks(ctx, address, obstacle)
	e.locations(ctx, obstacle)
	for _, check := range []string{channels.CheckCredentials, channels.CheckToken, channels.CheckScopes, channels.CheckShop} {
		e.grey(check, obstacle) // the first about a thing stays
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

// enter finds out whether we are let in. It returns what hides everything behind it.
func (e *exam) enter(ctx context.Context) (obstacle string) {
	about, err := readShop(ctx, e.look.Ask)
	if err == nil {
		e.green(channels.CheckCredentials, "Shopify takes the app's credentials: a call was answered.")
		e.token(ctx)
		e.scopes(about.scopes)
		e.green(channels.CheckShop, fmt.Sprintf("The shop is %s (%s) and sells in %s.", channels.Short(about.name, 80), e.c.Shop(), about.currency))
		return ""
	}
	text := says(err)
	switch wire.About(err) {
	case wire.AboutCredentials:
		e.note(channels.CheckCredentials, channels.Red, "Shopify does not take the app's client id and secret: "+text+".", mendApp)
		return "Shopify does not take the app's credentials"
	case wire.AboutToken:
		e.note(channels.CheckToken, channels.Red, "The authorisation has ended: Shopify takes neither the access token nor what renews it ("+text+").", mendIn)
		return "the authorisation has ended"
	case wire.AboutShop:
		e.note(channels.CheckShop, channels.Red, "The shop does not answer calls: "+text+".", "The shop's owner sees in Shopify's admin what is wrong with it; the hub goes on by itself afterwards.")
		return "the shop does not answer calls"
	case wire.AboutNetwork:
		e.note(channels.CheckCredentials, channels.Red, "Shopify does not answer: "+text+".", mendNet)
		return "Shopify does not answer"
	case wire.AboutVendor:
		return "Shopify has trouble or is too busy just now (" + text + "), so ask again in a minute"
	}
	e.note(channels.CheckCredentials, channels.Red, "Shopify refuses even the simplest call: "+text+".", "Update CreatorFlow: Shopify may have retired version "+wire.Version+" of its API, which this one speaks.")
	return "Shopify refuses even the simplest call"
}

// says is what a failure tells, in short.
func says(err error) string {
	var f *channels.Failure
	if !errors.As(err, &f) {
		return channels.Short(err.Error(), 200)
	}
	text := f.Message
	if f.Err != nil {
		text += ", " + channels.Short(f.Err.Error(), 200)
	}
	if f.Code != "" {
		text += ", code " + f.Code
	}
	return text
}

func (e *exam) token(ctx context.Context) {
	t, err := e.look.Token(ctx)
	if err != nil {
		e.grey(channels.CheckToken, "the stored token cannot be read ("+says(err)+")")
		return
	}
	found := "Shopify takes the access token"
	if !t.AccessExpires.IsZero() {
		found += ", which ends " + moment(t.AccessExpires) + " and is renewed before"
	}
	if !t.RefreshExpires.IsZero() {
		found += "; what renews it ends " + moment(t.RefreshExpires)
	}
	e.green(channels.CheckToken, found+".")
}

func moment(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 UTC") }

func (e *exam) scopes(granted []string) {
	if lack := missing(granted); len(lack) > 0 {
		e.note(channels.CheckScopes, channels.Red, "The authorisation does not include "+strings.Join(lack, ", ")+".",
			"Add them to the app's scopes in Shopify's Dev Dashboard, release a new version of the app, let the shop's owner accept it, and run creatorflow connect shopify.")
		return
	}
	found := "All scopes that the hub needs are granted."
	if !slices.Contains(granted, allOrders) {
		found += " Orders older than 60 days cannot be read, because read_all_orders is not; a back-fill ends there."
	}
	e.green(channels.CheckScopes, found)
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
	list, err := readHooks(ctx, e.look.Ask)
	if err != nil {
		e.grey(channels.CheckWebhooks, "Shopify does not tell where webhooks go ("+says(err)+")")
		return
	}
	var nowhere, elsewhere []string
	for _, s := range needed(list) {
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
		found = append(found, "Webhooks of these topics go nowhere: "+strings.Join(nowhere, ", ")+". Shopify ends one when its address has not answered for four hours.")
		mend = append(mend, "Nothing to click: while it runs, the hub sets them up again within a minute or so and says so; look again then.")
	}
	if len(elsewhere) > 0 {
		found = append(found, "Webhooks of these topics go to another address than "+address+": "+strings.Join(elsewhere, ", ")+".")
		mend = append(mend, "If this hub is the one to get them, run: creatorflow doctor --take-webhooks "+e.c.shop.ID)
	}
	if len(found) > 0 {
		e.note(channels.CheckWebhooks, channels.Red, strings.Join(found, " "), strings.Join(mend, " "))
		return
	}
	e.green(channels.CheckWebhooks, fmt.Sprintf("All %d topics that the hub needs go to %s.", len(topics), address))
}

// locations tells which location the hub keeps, and whether others sell too: what they hold is beyond the hub's ledger.
func (e *exam) locations(ctx context.Context, obstacle string) {
	if obstacle != "" {
		e.grey(channels.CheckLocations, obstacle)
		return
	}
	list, err := readLocations(ctx, e.look.Ask)
	if err != nil {
		e.grey(channels.CheckLocations, "the locations cannot be read ("+says(err)+")")
		return
	}
	home, err := choose(list, e.c.shop.Extra[extraLocation])
	switch {
	case err != nil:
		e.note(channels.CheckLocations, channels.Red, "The location that the hub keeps the stock of is not there: "+says(err)+".",
			"Run creatorflow connect shopify again, with --location where the shop has several.")
		return
	case !home.active || !home.online:
		e.note(channels.CheckLocations, channels.Red, "The location "+named(home)+", which the hub keeps the stock of, is off or fulfils no online orders.",
			"In Shopify, open Settings, Locations and switch it on; or run creatorflow connect shopify with --location and another one's number.")
		return
	}
	var also []string
	for _, l := range list {
		if l.id != home.id && l.active && l.online {
			also = append(also, named(l))
		}
	}
	if len(also) > 0 {
		e.note(channels.CheckLocations, channels.Red,
			"The hub keeps the stock of "+named(home)+", and Shopify sells what lies at "+strings.Join(also, " and ")+" as well: that stock is in nobody's ledger here.",
			"In Shopify, open Settings, Locations, and under each of the others switch off Fulfill online orders; or keep stock of what the hub sells at "+named(home)+" alone.")
		return
	}
	e.green(channels.CheckLocations, "Quantities count what is at "+named(home)+", the only location that fulfils online orders.")
}

func named(l location) string { return fmt.Sprintf("%s (%s)", channels.Short(l.name, 80), l.id) }

// clock compares our clock with the vendor's, by its last answer.
func (e *exam) clock() {
	ahead, known := e.look.Ahead()
	apart := ahead.Round(time.Second)
	switch {
	case !known:
		e.grey(channels.CheckClock, "no answer told the time")
	case apart >= skew:
		e.note(channels.CheckClock, channels.Red, fmt.Sprintf("This machine's clock is %v ahead of Shopify's.", apart), mendClock)
	case apart <= -skew:
		e.note(channels.CheckClock, channels.Red, fmt.Sprintf("This machine's clock is %v behind Shopify's.", -apart), mendClock)
	case apart >= 2*time.Second:
		e.green(channels.CheckClock, fmt.Sprintf("This machine's clock is %v ahead of Shopify's, which does no harm.", apart))
	case apart <= -2*time.Second:
		e.green(channels.CheckClock, fmt.Sprintf("This machine's clock is %v behind Shopify's, which does no harm.", -apart))
	default:
		e.green(channels.CheckClock, "This machine's clock and Shopify's agree.")
	}
}
