// Package doctor looks at one connection, thing by thing, and says of each whether it is well and what mends it.
//
//	connect.Registry ─► the connector's own look at its channel ─┐
//	a signed test webhook ─► the hub's listener ─► inbox ────────┴─► Report
//
// It changes nothing of the shop: the test webhook is kept in the inbox as a test, a token may be refreshed, and missing
// webhooks are set up by whoever is told of them.
package doctor

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/connect"
	"github.com/creatorflow/creatorflow/vault"
)

// Options are what a Doctor needs; all of them.
type Options struct {
	Connect *connect.Registry
	Vault   *vault.Vault
	Clock   func() time.Time
	// Listener is where the hub answers on this machine, and how to ask it; closed is why it cannot be asked, else empty.
	Listener func() (url string, client *http.Client, closed string)
	// Missing is told of a connection whose webhooks are not as they should be.
	Missing func(connection string)
}

// Doctor examines connections, one at a time.
type Doctor struct {
	o    Options
	turn chan struct{} // holds one: an examination costs some calls of the channel's quota
}

// New makes a Doctor.
func New(o Options) *Doctor { return &Doctor{o: o, turn: make(chan struct{}, 1)} }

// Report is how a connection is.
type Report struct {
	Connection string  `json:"connection"`
	Channel    string  `json:"channel"`
	Name       string  `json:"name"`
	ShopID     string  `json:"shop_id"`
	At         string  `json:"at"`
	State      string  `json:"state" enum:"green,red,grey" doc:"red when one check is; grey when none is green"`
	Checks     []Check `json:"checks"`
}

// Check is one thing that was looked at.
type Check struct {
	Name  string `json:"name" enum:"credentials,token,scopes,clock,shop,webhooks,test event,locations"`
	State string `json:"state" enum:"green,red,grey" doc:"grey: not looked at, found says why"`
	Found string `json:"found"`
	Mend  string `json:"mend" doc:"what to click or type; empty unless red"`
}

// order is that of the checks: what lets in comes first.
var order = []string{
	channels.CheckCredentials, channels.CheckToken, channels.CheckScopes, channels.CheckClock, channels.CheckShop,
	channels.CheckWebhooks, channels.CheckTestEvent, channels.CheckLocations,
}

// patience is how long the hub's own listener may take; a channel gives up after about as long.
const patience = 5 * time.Second

// longest is how long one examination may take; what is left then failed by its time.
const longest = 40 * time.Second

// Examine looks at a connection; ok is false when there is none of that id.
func (d *Doctor) Examine(ctx context.Context, id string) (r Report, ok bool, err error) {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return Report{}, false, ctx.Err()
	}
	defer func() { <-d.turn }()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	all := d.o.Connect.Connections()
	i := slices.IndexFunc(all, func(c channels.Connection) bool { return c.ID == id })
	if i < 0 {
		return Report{}, false, nil
	}
	c := all[i]
	found := map[string]channels.Finding{}
	connector, _ := d.o.Connect.Connector(id)
	if e, can := connector.(channels.Examiner); can {
		for _, f := range e.Examine(ctx, d.o.Connect.WebhookAddress(c)) {
			found[f.Check] = f
		}
	}
	found[channels.CheckWebhooks] = d.webhooks(c, found[channels.CheckWebhooks])
	found[channels.CheckTestEvent] = d.testEvent(ctx, c)
	if err := ctx.Err(); errors.Is(err, context.Canceled) { // what a caller that left cut off is not what is wrong
		return Report{}, true, err
	}
	r = Report{Connection: c.ID, Channel: c.Channel, Name: c.Name, ShopID: c.ShopID, At: d.o.Clock().UTC().Format(time.RFC3339), State: string(channels.Grey)}
	for _, name := range order {
		f, looked := found[name]
		if !looked {
			f = channels.Finding{State: channels.Grey, Found: "Not looked at: this channel cannot be asked about it."}
		}
		r.Checks = append(r.Checks, Check{Name: name, State: string(f.State), Found: f.Found, Mend: f.Mend})
		if f.State == channels.Red || f.State == channels.Green && r.State != string(channels.Red) {
			r.State = string(f.State)
		}
	}
	return r, true, nil
}

// webhooks completes what the connector found with what the hub knows of itself.
func (d *Doctor) webhooks(c channels.Connection, f channels.Finding) channels.Finding {
	_, _, closed := d.o.Listener()
	connector, _ := d.o.Connect.Connector(c.ID)
	if _, queued := connector.(channels.Queued); queued && f.State != "" {
		if f.State == channels.Red {
			d.o.Missing(c.ID)
		}
		return f // news come by queue, and the hub's address is of no matter
	}
	switch {
	case d.o.Connect.WebhookAddress(c) == "" && closed == NotRunning:
		f = grey("the hub does not run, and only serve --public-url knows its public address")
	case d.o.Connect.WebhookAddress(c) == "":
		f = grey("the hub has no public https address, so it polls. Nothing is lost: news come with the next poll. Where it has one, start it with --public-url")
	case f.State == "":
		f = grey("this channel cannot be asked where its webhooks go")
	case f.State == channels.Red:
		if refused := d.o.Connect.Refused(c.ID); refused != "" {
			f.Found += " The last try to set them up failed: " + refused + "."
			f.Mend = "Start the hub with a --public-url that the channel takes, https with a domain name and no port. " + f.Mend
		}
		d.o.Missing(c.ID)
	}
	return f
}

// NotRunning is why the listener of a hub that nobody serves cannot be asked.
const NotRunning = "the hub does not run"

func grey(why string) channels.Finding {
	return channels.Finding{State: channels.Grey, Found: "Not looked at: " + why + "."}
}

// testEvent posts a webhook to the hub's own listener, signed as the channel signs, and looks for it in the inbox.
func (d *Doctor) testEvent(ctx context.Context, c channels.Connection) channels.Finding {
	app, known := d.o.Connect.App(c.Channel, c.App)
	w, _ := d.o.Connect.Webhooks(c.Channel)
	p, can := w.(channels.Prober)
	url, client, closed := d.o.Listener()
	switch {
	case !can || !known:
		return grey("this channel's webhooks cannot be imitated")
	case closed != "":
		return grey(closed)
	}
	name, err := d.o.Vault.Random(8)
	if err != nil {
		return grey("no random name could be made")
	}
	header, body, delivery := p.Probe(app, c.ShopID, hex.EncodeToString(name), d.o.Clock())
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, said, err := post(asking, client, url+"/webhooks/"+c.Channel+"/"+c.App, header, body)
	red := func(found, mend string) channels.Finding {
		return channels.Finding{State: channels.Red, Found: found, Mend: mend}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return red(fmt.Sprintf("The hub did not answer itself at %s in time: a channel gives up after %v as well.", url, patience),
			"See what keeps this machine or its disk busy, and look into the hub's log. The channel sends again meanwhile.")
	case err != nil:
		return red(fmt.Sprintf("The hub does not answer itself at %s (%s).", url, channels.Short(err.Error(), 200)), "See whether anything keeps this machine from reaching its own address, a firewall for instance, then start the hub again.")
	case status == http.StatusUnauthorized:
		return red("The hub refuses a webhook that is signed with its own app secret.", "Run creatorflow connect again with the app's present key and secret.")
	case status/100 == 3, status == http.StatusNotFound, status == http.StatusMethodNotAllowed: // not what the hub says to an app that it knows
		return red(fmt.Sprintf("Something else answers in the hub's place at %s: a signed webhook got %d.", url, status),
			"Stop what answers there, or have it pass /webhooks/ on unchanged, then start the hub again.")
	case status != http.StatusOK:
		return red(fmt.Sprintf("The hub does not take webhooks in: it answered a signed one with %d (%s).", status, said),
			"Look into the hub's log for why it could not be stored: a full or failing disk is the usual reason. The channel sends again meanwhile.")
	}
	number, err := d.o.Vault.Delivered(ctx, c.Channel, app.ID, delivery)
	switch {
	case err != nil:
		return red("The inbox cannot be read.", "Look into the hub's log, and check the disk.")
	case number == 0:
		return red("The hub answered a signed webhook with 200, but it is not in the inbox.", "Another program answers at "+url+": stop it, then start the hub again.")
	}
	return channels.Finding{State: channels.Green, Found: fmt.Sprintf("A signed test webhook came through the listener into the inbox, as number %d; it is marked as a test.", number)}
}

// post sends a webhook and reads the begin of the answer.
func post(ctx context.Context, client *http.Client, url string, header http.Header, body []byte) (status int, said string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header = header
	answer, err := client.Do(r)
	if err != nil {
		return 0, "", channels.WithoutURL(err)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 300))
	return answer.StatusCode, channels.Short(string(text), 300), errors.Join(err, answer.Body.Close())
}
