// Package postage buys labels of the seller's own carriers from a partner, and keeps who that is.
//
//	settings ─► the key is asked for once ─► vault (key, webhook secret, the sender's address) ─► labels.configured
//	flow ─► Buy ─► the order's address out of the vault ─► partner ─► the label's file into the vault ─► the flow's events (references)
//	flow ─► Void ─► partner: give it back
package postage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/labels"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/partners"
	"github.com/creatorflow/creatorflow/partners/easypost"
	"github.com/creatorflow/creatorflow/vault"
)

// secretKind is under which the vault keeps what the partner's settings have of secrets.
const secretKind = "label-partner"

// Options are what an Office needs; all but Client are required.
type Options struct {
	Log       *eventlog.Log
	Vault     *vault.Vault
	Clock     func() time.Time
	Workspace string
	Client    *http.Client // the way out; nil = a guarded one for the partner's host
}

// Office buys labels. Its methods may be called from many goroutines.
type Office struct {
	o Options

	mu     sync.Mutex // guards all below
	client *easypost.Client
	of     sealed // what the client was made of
	way    *http.Client
}

// New makes an Office.
func New(o Options) *Office { return &Office{o: o} }

// sealed is what the vault keeps of the settings.
type sealed struct {
	Key     string           `json:"key"`
	Hook    string           `json:"hook,omitempty"` // that webhooks are signed with
	BaseURL string           `json:"base_url,omitempty"`
	From    partners.Address `json:"from"`
}

// Settings are from whom labels are bought, as an owner sets them. Secrets are empty where they stay as they are.
type Settings struct {
	labelevents.Configured
	Key, Hook, BaseURL string
	From               partners.Address
}

// Refusals of settings.
const (
	ErrKey  = eventlog.Refusal("Paste the API key of your EasyPost account: it begins with EZAK, or with EZTK for tests.")
	ErrFrom = eventlog.Refusal("Say where parcels are sent from: a name, street, town and a country of two letters such as GB; carriers print it on the label.")
	ErrMove = eventlog.Refusal("Paste the API key again: the one that is kept is sent to no other address than it was entered for.")
	ErrHook = eventlog.Refusal("The webhook secret has at most 200 bytes.")
)

const maxField = 100 // bytes of one field of the sender's address

// Set checks the settings, asks the partner whether the key is good, and keeps them. It says in a sentence what is wrong.
func (f *Office) Set(ctx context.Context, s Settings, actor eventlog.Meta) error {
	was, _, err := f.secrets(ctx)
	if err != nil {
		return err
	}
	is := sealed{Key: cmp.Or(s.Key, was.Key), Hook: cmp.Or(s.Hook, was.Hook), BaseURL: s.BaseURL, From: tidy(s.From)}
	if s.Key == "" {
		is.BaseURL = cmp.Or(s.BaseURL, was.BaseURL)
	}
	if s.Key == "" && was.Key != "" && is.BaseURL != was.BaseURL {
		return ErrMove
	}
	s.Partner, s.Test = labelevents.EasyPost, easypost.Test(is.Key)
	if err := check(s, is); err != nil {
		return err
	}
	client, way, err := f.make(is)
	if err != nil {
		return eventlog.Refusal("The address of the partner cannot be used: " + err.Error() + ".")
	}
	if f.o.Client == nil {
		defer way.CloseIdleConnections()
	}
	if err := client.Check(ctx); err != nil {
		return checked(err)
	}
	text, err := json.Marshal(is)
	if err != nil {
		return errors.New("encode the partner's settings") // the cause could quote the key
	}
	// It is another at each time: orders that wait for what was mended at the partner look again.
	s.Secrets = f.o.Vault.AddressID(fmt.Sprintf("label partner %s %d", text, f.o.Clock().UnixNano()))
	if err := f.o.Vault.PutSecret(ctx, secretKind, labelevents.EasyPost, text); err != nil {
		return err
	}
	return f.say(ctx, s.Configured, actor)
}

// checked makes a sentence of what the partner said to a key.
func checked(err error) error {
	var hindered *partners.Failure
	var no partners.Declined
	switch {
	case errors.As(err, &hindered) && hindered.Kind == partners.Locked:
		return eventlog.Refusal(hindered.Message + " Copy it once more from the API keys of your EasyPost account.")
	case errors.As(err, &hindered), errors.As(err, &no):
		return eventlog.Refusal(strings.TrimSuffix(err.Error(), ".") + ". Nothing was changed; try again.")
	}
	return fmt.Errorf("ask the partner for labels: %w", err)
}

func (f *Office) say(ctx context.Context, c labelevents.Configured, meta eventlog.Meta) error {
	_, err := eventlog.Execute(ctx, f.o.Log, labelevents.Stream(f.o.Workspace), labels.Configuring(), c, meta)
	return err
}

func check(s Settings, is sealed) error {
	if err := labels.Check(s.Configured); err != nil {
		return err
	}
	a := is.From
	fields := []string{a.Name, a.Company, a.Line1, a.Line2, a.City, a.State, a.PostalCode, a.Phone, a.Email}
	long := slices.ContainsFunc(fields, func(text string) bool { return len(text) > maxField })
	switch {
	case len(is.Key) < 8 || len(is.Key) > maxField || strings.ContainsFunc(is.Key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return ErrKey
	case len(is.Hook) > 200:
		return ErrHook
	case long, a.Name == "" && a.Company == "", a.Line1 == "", a.City == "", len(a.Country) != 2:
		return ErrFrom
	}
	return nil
}

func tidy(a partners.Address) partners.Address {
	for _, field := range []*string{&a.Name, &a.Company, &a.Line1, &a.Line2, &a.City, &a.State, &a.PostalCode, &a.Country, &a.Phone, &a.Email} {
		*field = strings.Join(strings.Fields(*field), " ")
	}
	a.Country = strings.ToUpper(a.Country)
	return a
}

// Remove forgets the key; labels are bought from nobody any more. What was bought can then not be given back from here.
func (f *Office) Remove(ctx context.Context, meta eventlog.Meta) error {
	if err := f.say(ctx, labelevents.Configured{}, meta); err != nil {
		return err
	}
	return f.o.Vault.DeleteSecret(ctx, secretKind, labelevents.EasyPost)
}

// Shown are the settings without their secrets; hook says whether webhooks can be judged.
func (f *Office) Shown(ctx context.Context) (s Settings, hook bool, err error) {
	folded, err := f.o.Log.Fold(ctx, labels.Fold(f.o.Workspace))
	if err != nil {
		return s, false, err
	}
	is, _, err := f.secrets(ctx)
	s.Configured = folded.Value.(labels.State).Configured
	s.From, s.BaseURL = is.From, is.BaseURL
	return s, is.Hook != "", err
}

func (f *Office) secrets(ctx context.Context) (s sealed, found bool, err error) {
	text, found, err := f.o.Vault.Secret(ctx, secretKind, labelevents.EasyPost)
	if err == nil && found && json.Unmarshal(text, &s) != nil {
		err = errors.New("the partner's settings in the vault cannot be read") // as above
	}
	return s, found, err
}

func (f *Office) make(s sealed) (*easypost.Client, *http.Client, error) {
	way := f.o.Client
	if way == nil {
		var err error
		if way, err = outbound.NewClient(cmp.Or(s.BaseURL, easypost.BaseURL)); err != nil {
			return nil, nil, err
		}
	}
	return easypost.New(easypost.Options{Key: s.Key, BaseURL: s.BaseURL, HTTP: way, Clock: f.o.Clock, Memory: f.o.Vault}), way, nil
}

// partner is the client of the settings as they are now; found is false when there is none.
func (f *Office) partner(ctx context.Context) (c *easypost.Client, s sealed, found bool, err error) {
	if s, found, err = f.secrets(ctx); err != nil || !found {
		return nil, s, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.client == nil || f.of != s {
		client, way, err := f.make(s)
		if err != nil {
			return nil, s, false, err
		}
		f.closeWay()
		f.client, f.of, f.way = client, s, way
	}
	return f.client, s, true, nil
}

func (f *Office) closeWay() {
	if f.way != nil && f.o.Client == nil {
		f.way.CloseIdleConnections()
	}
}

// Close lets go of connections that are kept open.
func (f *Office) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closeWay()
}

// LabelID is the id of a bought label: the same for every try, and telling nothing by itself.
func LabelID(key string) string {
	sum := sha256.Sum256([]byte("bought\x00" + key))
	return "l" + hex.EncodeToString(sum[:12])
}

// Buy buys the label of an order, as outside.Buyer says.
func (f *Office) Buy(ctx context.Context, p outside.Parcel, key string) (outside.Bought, error) {
	client, is, found, err := f.partner(ctx)
	if err != nil {
		return outside.Bought{}, err
	}
	folded, err := f.o.Log.Fold(ctx, labels.Fold(f.o.Workspace))
	if err != nil {
		return outside.Bought{}, err
	}
	s := folded.Value.(labels.State)
	if !found || !s.Buys() {
		return outside.Bought{}, outside.ErrNoPartner
	}
	to, err := f.destination(ctx, p)
	if err != nil {
		return outside.Bought{}, err
	}
	if err := crosses(is.From, to); err != nil {
		return outside.Bought{}, err
	}
	within, done := outside.InTime(ctx)
	defer done()
	l, err := client.Buy(within, key, partners.Shipment{
		Order: p.ChannelID, From: is.From, To: to, Wish: partners.Wish{Carrier: s.Carrier, Service: s.Service},
		Parcel: partners.Parcel{Grams: s.Grams, Length: s.Length, Width: s.Width, Height: s.Height},
	})
	if err != nil {
		return outside.Bought{}, trouble("bought", err)
	}
	kept := vault.Label{ID: LabelID(key), Person: p.Person, Type: l.Type, Tracking: l.Tracking, File: l.File}
	if err := f.o.Vault.PutLabel(ctx, kept); err != nil {
		return outside.Bought{}, fmt.Errorf("keep the label: %w", err)
	}
	if err := f.o.Vault.SetCursor(ctx, f.numberOf(l.Tracking), p.Order); err != nil {
		return outside.Bought{}, err
	}
	return outside.Bought{Labelled: outside.Labelled{Label: kept.ID, Type: l.Type, Tracking: l.Tracking, Carrier: l.Carrier}, Service: l.Service}, nil
}

// Void gives a label back, as outside.Buyer says.
func (f *Office) Void(ctx context.Context, key string) error {
	client, _, found, err := f.partner(ctx)
	if err != nil {
		return err
	}
	if !found {
		return &outside.Trouble{Person: true, Sentence: "The order was cancelled, and a label may have been bought for it whose partner was removed from the settings. " +
			"Give it back at the partner, or enter the partner again and retry."}
	}
	within, done := outside.InTime(ctx)
	defer done()
	if err := client.Void(within, key); err != nil {
		return trouble("given back", err)
	}
	return nil
}

// trouble says what a partner's answer means for the flow.
func trouble(done string, err error) error {
	var no partners.Declined
	var hindered *partners.Failure
	switch {
	case errors.As(err, &no) && done == "bought":
		return &outside.Trouble{Wait: fulfilment.WaitTracking, Sentence: no.Error()}
	case errors.As(err, &no):
		return &outside.Trouble{Person: true, Sentence: no.Error()}
	case errors.As(err, &hindered) && hindered.Kind == partners.Busy:
		return &outside.Trouble{Sentence: hindered.Message, After: hindered.RetryAfter}
	case errors.As(err, &hindered):
		return &outside.Trouble{Wait: fulfilment.WaitTracking, Sentence: hindered.Message + mends[hindered.Kind], After: max(hindered.RetryAfter, time.Minute)}
	}
	return &outside.Trouble{Unsure: true, Sentence: fmt.Sprintf(
		"It is not known yet whether the label was %s: %s. It is looked at before anything is asked for again.", done, err)}
}

var mends = map[partners.Kind]string{
	partners.Locked: " Enter a good key in the settings.", partners.Funds: " Add money at EasyPost.",
}

// destination reads where an order goes. No error of it quotes the address.
func (f *Office) destination(ctx context.Context, p outside.Parcel) (partners.Address, error) {
	none := &outside.Trouble{Wait: fulfilment.WaitTracking, Sentence: "No label is bought: the channel does not show where this order goes in full."}
	if p.Person == "" {
		return partners.Address{}, none
	}
	all := map[string]channels.Destination{}
	kept, err := f.o.Vault.Person(ctx, p.Person)
	switch {
	case errors.Is(err, vault.ErrNotFound):
		return partners.Address{}, none
	case err != nil:
		return partners.Address{}, err
	case json.Unmarshal(kept, &all) != nil:
		return partners.Address{}, errors.New("read the address of " + p.Person) // the cause could quote it
	}
	r := all[p.ChannelID].Recipient
	a := tidy(partners.Address{
		Name: r.Name, Company: r.Company, Line1: r.Line1, Line2: r.Line2, City: r.City, State: r.State, PostalCode: r.PostalCode, Country: r.Region, Phone: r.Phone, Email: r.Email,
	})
	if a.Name == "" && a.Company == "" || a.Line1 == "" || a.City == "" || len(a.Country) != 2 || strings.Contains(a.Line1+a.City+a.PostalCode, "*") {
		return partners.Address{}, none
	}
	for _, field := range []*string{&a.Name, &a.Phone} {
		if strings.Contains(*field, "*") { // masked: carriers do without
			*field = ""
		}
	}
	return a, nil
}
