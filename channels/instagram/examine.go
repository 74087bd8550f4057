package instagram

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/instagram/wire"
)

// What a person does.
const (
	mendApp = "On your app's page at Meta, open Settings, Basic, and copy the app's id and secret; then run creatorflow connect instagram with both."
	mendIn  = "On your app's page at Meta, make a new access token for the account, and run creatorflow connect instagram with it. Nothing is lost meanwhile."
	mendNet = "Check this machine's way to the internet and the app's --base-url; the hub goes on by itself once Meta answers."
	mendDay = 14 * 24 * time.Hour // before its end a token is red, if it has not been renewed by then
)

// needs are the permissions, each with what it is for.
var needs = [][2]string{{"instagram_basic", "reading the account"}, {"instagram_manage_comments", "hearing of comments and mentions"}}

var catalogNeeds = [2]string{"catalog_management", "reading and writing the catalogue"}

// exam is one look at a connection.
type exam struct {
	*Connector
	look  *wire.Look
	found map[string]channels.Finding
}

// Examine implements channels.Examiner.
func (c *Connector) Examine(ctx context.Context, address string) []channels.Finding {
	e := &exam{Connector: c, look: c.Look(), found: map[string]channels.Finding{}}
	obstacle := e.token(ctx)
	if obstacle == "" {
		obstacle = e.account(ctx)
	}
	if obstacle == "" {
		e.items(ctx)
	}
	e.webhooks(ctx, address, obstacle)
	for _, check := range []string{
		channels.CheckCredentials, channels.CheckToken, channels.CheckScopes, channels.CheckShop, channels.CheckLocations,
	} {
		e.grey(check, obstacle)
	}
	e.time()
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

func (e *exam) green(check, found string)     { e.note(check, channels.Green, found, "") }
func (e *exam) grey(check, why string)        { e.note(check, channels.Grey, "Not looked at: "+why+".", "") }
func (e *exam) red(check, found, mend string) { e.note(check, channels.Red, found, mend) }

// token asks what Meta says of the token, in the app's name. It returns what hides everything behind it.
func (e *exam) token(ctx context.Context) (obstacle string) {
	t, err := e.look.Token(ctx)
	switch {
	case err != nil && wire.About(err) == wire.AboutToken:
		e.red(channels.CheckToken, "The authorisation has ended: "+wire.Says(err)+".", mendIn)
		return "the authorisation has ended"
	case err != nil:
		return "the stored token cannot be read (" + wire.Says(err) + ")"
	}
	seen, err := e.look.Debug(ctx, t.Access)
	switch {
	case err == nil:
	case wire.About(err) == wire.AboutNetwork:
		e.red(channels.CheckCredentials, "Meta does not answer: "+wire.Says(err)+".", mendNet)
		return "Meta does not answer"
	case wire.About(err) == wire.AboutVendor:
		return "Meta has trouble or is too busy just now (" + wire.Says(err) + "), so ask again in a minute"
	default:
		e.red(channels.CheckCredentials, "Meta does not take the app's id and secret: "+wire.Says(err)+".", mendApp)
		return "Meta does not take the app's id and secret"
	}
	e.green(channels.CheckCredentials, "Meta takes the app's id and secret.")
	switch {
	case !seen.Valid:
		e.red(channels.CheckToken, "The authorisation has ended: Meta does not take the access token ("+seen.Error+").", mendIn)
		return "the authorisation has ended"
	case seen.App != "" && seen.App != e.app.Key:
		e.red(channels.CheckToken, "The access token is of another app than the one that is connected.", mendIn)
		return "the access token is of another app"
	}
	e.ends(t, seen)
	e.scopes(seen.Scopes)
	return ""
}

// ends says until when the token is good.
func (e *exam) ends(t channels.Token, seen wire.Debug) {
	end := t.RefreshExpires
	if !seen.Expires.IsZero() {
		end = seen.Expires
	}
	switch left := end.Sub(e.clock()); {
	case end.IsZero():
		e.green(channels.CheckToken, "Meta takes the access token, which has no end.")
	case left < mendDay:
		e.red(channels.CheckToken, fmt.Sprintf("The access token ends on %s and could not be renewed so far.", end.UTC().Format("2 January 2006")), mendIn)
	default:
		e.green(channels.CheckToken, fmt.Sprintf("Meta takes the access token, which ends on %s and is renewed every day.", end.UTC().Format("2 January 2006")))
	}
}

func (e *exam) scopes(granted []string) {
	wanted := needs
	if e.catalog != "" {
		wanted = append(slices.Clone(needs), catalogNeeds)
	}
	var missing []string
	for _, n := range wanted {
		if !slices.Contains(granted, n[0]) {
			missing = append(missing, n[0]+" ("+n[1]+")")
		}
	}
	switch {
	case len(granted) == 0:
		e.grey(channels.CheckScopes, "Meta does not tell what the token may do")
	case len(missing) > 0:
		e.red(channels.CheckScopes, "The authorisation does not include "+strings.Join(missing, ", ")+".",
			"On your app's page at Meta, make a new access token with these permissions, and run creatorflow connect instagram with it.")
	default:
		e.green(channels.CheckScopes, "The calls that the hub needs are allowed.")
	}
}

// account looks at the account.
func (e *exam) account(ctx context.Context) (obstacle string) {
	data, err := e.look.Ask(ctx, lookAt(e.shop.ShopID))
	if err != nil {
		return e.closed(channels.CheckShop, "the account "+e.shop.ShopID, err)
	}
	var who struct {
		Username channels.Text `json:"username"`
	}
	_ = json.Unmarshal(data, &who) // the number says enough
	e.green(channels.CheckShop, fmt.Sprintf("The token opens the account @%s (%s).", who.Username, e.shop.ShopID))
	return ""
}

// items looks at the catalogue, which stands where other channels have their warehouses.
func (e *exam) items(ctx context.Context) {
	if e.catalog == "" {
		e.green(channels.CheckLocations, "No catalogue is connected: only comments and mentions come in, and no quantity goes out.")
		return
	}
	data, err := e.look.Ask(ctx, lookInto(e.catalog))
	if err != nil {
		e.closed(channels.CheckLocations, "the catalogue "+e.catalog, err)
		return
	}
	var k struct {
		Name  channels.Text `json:"name"`
		Count int64         `json:"product_count"`
	}
	_ = json.Unmarshal(data, &k) // likewise
	e.green(channels.CheckLocations, fmt.Sprintf("Quantities go to the catalogue %s (%s) with %d items.", channels.Short(string(k.Name), 80), e.catalog, k.Count))
}

// closed says what a failed look at the account or the catalogue means.
func (e *exam) closed(check, what string, err error) (obstacle string) {
	said := wire.Says(err)
	switch wire.About(err) {
	case wire.AboutNetwork, wire.AboutVendor:
		e.grey(check, "Meta has trouble or is too busy just now ("+said+")")
		return "Meta has trouble just now"
	case wire.AboutScope:
		e.red(check, "The token may not read "+what+": "+said+".", mendIn)
	case wire.AboutShop:
		e.red(check, "The token does not show "+what+": "+said+".", "Compare the number with the one at Meta, and give the person or system user whose token it is access to it; then run creatorflow connect instagram again.")
	default:
		e.red(check, "Meta refuses to show "+what+": "+said+".", mendIn)
	}
	return "the token does not open " + what
}

// webhooks finds out where each field goes; without an address of ours nothing is to be said.
func (e *exam) webhooks(ctx context.Context, address, obstacle string) {
	switch {
	case address == "":
		return
	case obstacle != "":
		e.grey(channels.CheckWebhooks, obstacle)
		return
	}
	var list []channels.Subscription
	ofApp, err := e.look.Ask(ctx, e.readApp())
	if err == nil {
		var ofAccount json.RawMessage
		if ofAccount, err = e.look.Ask(ctx, e.readAccount()); err == nil {
			list, err = e.subscriptions(ofApp, ofAccount)
		}
	}
	if err != nil {
		e.grey(channels.CheckWebhooks, "Meta does not tell where webhooks go ("+wire.Says(err)+")")
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
		found = append(found, "Webhooks of these fields go nowhere: "+strings.Join(nowhere, ", ")+".")
		mend = append(mend, "Nothing to click: while it runs, the hub sets them up again within a minute or so and says so; look again then. To enter the address by hand at Meta, use the verify token "+Webhooks{}.VerifyToken(e.app)+".")
	}
	if len(elsewhere) > 0 {
		found = append(found, "Webhooks of these fields go to another address than "+address+": "+strings.Join(elsewhere, ", ")+".")
		mend = append(mend, "If this hub is the one to get them, run: creatorflow doctor --take-webhooks "+e.shop.ID)
	}
	if len(found) > 0 {
		e.red(channels.CheckWebhooks, strings.Join(found, " "), strings.Join(mend, " "))
		return
	}
	e.green(channels.CheckWebhooks, fmt.Sprintf("All %d fields that the hub needs go to %s.", len(list), address))
}

// time compares the clocks. Meta's calls carry no time, so a difference alone is no reason to refuse them.
func (e *exam) time() {
	ahead, known := e.look.Ahead()
	switch apart := ahead.Round(time.Second).Abs(); {
	case !known:
		e.grey(channels.CheckClock, "no answer told the time")
	case apart > 5*time.Minute:
		e.red(channels.CheckClock, fmt.Sprintf("This machine's clock and Meta's are %v apart, so times on screens are wrong.", apart),
			"Set this machine's clock right and let it keep itself so: timedatectl set-ntp true, or Date & Time in the system's settings.")
	case apart >= 2*time.Second:
		e.green(channels.CheckClock, fmt.Sprintf("This machine's clock and Meta's are %v apart, which does no harm.", apart))
	default:
		e.green(channels.CheckClock, "This machine's clock and Meta's agree.")
	}
}
