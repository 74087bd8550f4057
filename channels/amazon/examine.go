package amazon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

// What a person does.
const (
	mendApp       = "In Seller Central, open Develop Apps, view the app's LWA credentials, and run creatorflow connect amazon with them."
	mendIn        = "In Seller Central, open Develop Apps, authorise the app again, and run creatorflow connect amazon with the refresh token that it shows. Nothing is lost meanwhile."
	mendRoles     = "In Seller Central, open Develop Apps, edit the app, tick the roles, then authorise it again and run creatorflow connect amazon with the new refresh token."
	mendNet       = "Check this machine's way to the internet; the hub goes on by itself once Amazon answers."
	mendQueue     = "In the AWS console, look that the queue exists, that the user may receive and delete its messages, and that the queue's policy lets Amazon's account 437568002678 send; then run creatorflow connect amazon with the queue's address and key."
	mendElsewhere = "Run creatorflow connect amazon with that queue's address and its key; or have whoever set it up end the subscription to ORDER_CHANGE, and the hub makes one to its own queue within the hour."
	mendClock     = "Set this machine's clock right and let it keep itself so: timedatectl set-ntp true, or Date & Time in the system's settings."
)

// mostApart is how far the time of a signed call to the queue may be from Amazon's.
const mostApart = 15 * time.Minute

// Examine implements channels.Examiner. The list of changed orders is not tried, because every call of it is needed.
func (c *Connector) Examine(ctx context.Context, _ string) []channels.Finding {
	e := &exam{c: c, found: map[string]channels.Finding{}}
	obstacle := e.enter(ctx)
	e.queue(ctx, obstacle)
	e.clock()
	e.green(channels.CheckLocations, "Quantities count the seller's own stock (the channel DEFAULT); what Amazon's warehouses hold is left to Amazon.")
	all := make([]channels.Finding, 0, len(e.found))
	for _, f := range e.found {
		all = append(all, f)
	}
	return all
}

// exam is one look at a connection.
type exam struct {
	c     *Connector
	found map[string]channels.Finding
}

// note keeps a finding; the first about a thing stays.
func (e *exam) note(check string, state channels.Light, found, mend string) {
	if _, ok := e.found[check]; !ok {
		e.found[check] = channels.Finding{Check: check, State: state, Found: found, Mend: mend}
	}
}

func (e *exam) green(check, found string) { e.note(check, channels.Green, found, "") }
func (e *exam) grey(check, why string)    { e.note(check, channels.Grey, "Not looked at: "+why+".", "") }

// enter finds out whether we are let in, and what may be read. It returns what hides everything behind it.
func (e *exam) enter(ctx context.Context) (obstacle string) {
	name, found, err := "", false, error(nil)
	t, err := e.c.o.Tokens.Current(ctx)
	if err == nil {
		name, found, err = wire.StoreName(ctx, e.c.o, t.Access, e.c.place.ID)
		if channels.ClassOf(err) == channels.Expired {
			if err = e.c.o.Tokens.Replace(ctx, t.Access); err == nil {
				if t, err = e.c.o.Tokens.Current(ctx); err == nil {
					name, found, err = wire.StoreName(ctx, e.c.o, t.Access, e.c.place.ID)
				}
			}
		}
	}
	if err != nil {
		obstacle = e.shut(err)
		for _, check := range []string{channels.CheckCredentials, channels.CheckToken, channels.CheckScopes, channels.CheckShop} {
			e.grey(check, obstacle)
		}
		return obstacle
	}
	e.green(channels.CheckCredentials, "Amazon takes the app's client id and secret.")
	e.green(channels.CheckToken, "Amazon takes the access token, which ends "+t.AccessExpires.UTC().Format("2 January 2006 15:04 UTC")+" and is refreshed before; the refresh token lasts until the seller withdraws it.")
	if found {
		e.green(channels.CheckShop, fmt.Sprintf("The seller sells in %s as %s.", e.c.place.Country, name))
	} else {
		e.note(channels.CheckShop, channels.Red, "The seller does not take part in the marketplace "+e.c.place.Country+" ("+e.c.place.ID+") any more.", mendIn)
	}
	e.roles(ctx)
	return ""
}

// shut says why we are not let in.
func (e *exam) shut(err error) (obstacle string) {
	said := says(err)
	var f *channels.Failure
	code := ""
	if errors.As(err, &f) {
		code = f.Code
	}
	switch channels.ClassOf(err) {
	case channels.Auth, channels.Expired:
		switch {
		case code == "invalid_client" || code == "unauthorized_client":
			e.note(channels.CheckCredentials, channels.Red, "Amazon does not take the app's credentials: "+said+".", mendApp)
			return "Amazon does not take the app's credentials"
		case code == "Unauthorized":
			e.green(channels.CheckCredentials, "Amazon takes the app's client id and secret.")
			e.note(channels.CheckScopes, channels.Red, "The authorisation does not include reading the seller's marketplaces (role Selling Partner Insights): "+said+".", mendRoles)
			return "the authorisation does not include it"
		}
		e.note(channels.CheckToken, channels.Red, "The authorisation has ended: Amazon does not take the refresh token ("+said+").", mendIn)
		return "the authorisation has ended"
	case channels.Throttled:
		return "Amazon is too busy just now (" + said + "), so ask again in a minute"
	case channels.Retry, channels.Unsure:
		if code != "" {
			return "Amazon has trouble just now (" + said + "), so ask again in a minute"
		}
		e.note(channels.CheckCredentials, channels.Red, "Amazon does not answer: "+said+".", mendNet)
		return "Amazon does not answer"
	}
	e.note(channels.CheckCredentials, channels.Red, "Amazon refuses even the simplest call: "+said+".", "Check the app's --base-url, and update CreatorFlow: Amazon may have retired what this version calls.")
	return "Amazon refuses even the simplest call"
}

// says is what a failure tells, in short.
func says(err error) string {
	var f *channels.Failure
	if !errors.As(err, &f) {
		return channels.Short(err.Error(), 200)
	}
	said := strings.TrimSuffix(f.Message, ".")
	if f.Err != nil {
		said += ", " + channels.Short(f.Err.Error(), 200)
	}
	if f.Code != "" {
		said += ", code " + f.Code
	}
	return said
}

// roles makes one harmless call of each kind that has quota to spare.
func (e *exam) roles(ctx context.Context) {
	probes := []struct {
		role string
		q    wire.Request
	}{
		{"Product Listing (listings and quantities)", wire.Request{
			Name: "list products", Method: http.MethodGet, Path: e.c.items(), Quota: listingQuota,
			Query: url.Values{"marketplaceIds": {e.c.place.ID}, "pageSize": {"1"}, "sortBy": {"sku"}, "sortOrder": {"ASC"}},
		}},
		{"Inventory and Order Tracking (orders)", wire.Request{
			Name: "read orders", Method: http.MethodGet, Path: "/orders/2026-01-01/orders/000-0000000-0000000", Quota: orderQuota,
		}},
	}
	var missing []string
	untried := ""
	for _, p := range probes {
		_, err := e.c.Call(ctx, p.q)
		switch {
		case err == nil, wire.NotFound(err), channels.ClassOf(err) == channels.Rejected:
		case channels.ClassOf(err) == channels.Auth:
			missing = append(missing, p.role)
		default:
			untried = p.role + " could not be tried (" + says(err) + ")"
		}
	}
	switch {
	case len(missing) > 0:
		e.note(channels.CheckScopes, channels.Red, "The authorisation does not include the role "+strings.Join(missing, ", nor ")+".", mendRoles)
	case untried != "":
		e.grey(channels.CheckScopes, untried)
	default:
		e.green(channels.CheckScopes, "The calls that the hub needs are allowed.")
	}
}

// queue looks whether the seller's news of orders go to the connection's queue, and whether it can be read. What is read
// there is not deleted, and comes again.
func (e *exam) queue(ctx context.Context, obstacle string) {
	switch {
	case e.c.queue == nil:
		e.grey(channels.CheckWebhooks, "the connection has no queue, so orders are found by polling alone, every 3 minutes; docs/amazon.md says how to set one up")
		return
	case obstacle != "":
		e.grey(channels.CheckWebhooks, obstacle)
		return
	}
	if err := e.c.queue.Probe(ctx); err != nil {
		e.note(channels.CheckWebhooks, channels.Red, "The queue cannot be read: "+says(err)+".", mendQueue)
		return
	}
	t, err := e.c.o.Tokens.Current(ctx)
	some := false
	if err == nil {
		some, err = wire.Subscribed(ctx, e.c.o, t.Access)
	}
	var elsewhere wire.Elsewhere
	switch {
	case errors.As(err, &elsewhere):
		e.note(channels.CheckWebhooks, channels.Red, elsewhere.Error()+". Orders are found by polling alone, every 3 minutes.", mendElsewhere)
	case err != nil:
		e.grey(channels.CheckWebhooks, "Amazon does not tell where news of orders go ("+says(err)+")")
	case !some:
		e.note(channels.CheckWebhooks, channels.Red, "News of orders go nowhere.", "Nothing to click: while it runs, the hub subscribes again within a minute and says so; look again then. Orders are found by polling meanwhile.")
	default:
		e.green(channels.CheckWebhooks, "News of orders go to a queue, and the hub can read its own."+e.quantities(ctx, t.Access))
	}
}

// quantities is what is to be said of news of quantities, where they are wanted.
func (e *exam) quantities(ctx context.Context, token string) string {
	if !e.c.wantsQuantities() {
		return ""
	}
	switch heard, err := wire.Quantities(ctx, e.c.o, token); {
	case err != nil:
		return " Amazon does not tell where news of quantities go (" + says(err) + ")."
	case heard:
		return " News of quantities go to an event bus; docs/amazon.md says how they come from there to the queue."
	}
	return " News of quantities go nowhere yet, so an edit by hand is found at the next look, within a minute; while it runs, the hub asks for them each hour."
}

// clock compares our clock with the vendor's, by its last answer.
func (e *exam) clock() {
	apart := e.c.Ahead().Round(time.Second)
	found := "This machine's clock and Amazon's agree."
	switch {
	case apart >= 2*time.Second:
		found = fmt.Sprintf("This machine's clock is %v ahead of Amazon's.", apart)
	case apart <= -2*time.Second:
		found = fmt.Sprintf("This machine's clock is %v behind Amazon's.", -apart)
	}
	if apart > mostApart || apart < -mostApart {
		e.note(channels.CheckClock, channels.Red, found+" The queue takes calls within 15 minutes of Amazon's time.", mendClock)
		return
	}
	e.green(channels.CheckClock, found)
}
