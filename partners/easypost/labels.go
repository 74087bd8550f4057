package easypost

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/partners"
)

// settle is how long a purchase that got no answer may still take effect. It is bought again, or taken for
// one that never was, only after that.
const settle = 30 * time.Second

// memo is what is remembered of a key.
type memo struct {
	Shipment string `json:"shipment,omitempty"` // the vendor's id of the one shipment that may be bought under it
	Made     string `json:"made,omitempty"`     // of what the shipment is made, and in which account; it tells none of it
	Try      int    `json:"try,omitempty"`      // of how many shipments the vendor has surely sold none, so that another took their place
	Asked    int64  `json:"asked,omitempty"`    // Unix milliseconds of the last purchase whose outcome is not known; 0 = there is none
	Closed   bool   `json:"closed,omitempty"`   // taken back: nothing is bought any more
}

// move changes what is remembered of a key, in one step.
func (c *Client) move(ctx context.Context, key string, change func(*memo)) (m memo, err error) {
	var unreadable error
	_, err = c.o.Memory.Move(ctx, "label:"+reference(key, 0), func(was string) string {
		m, unreadable = memo{}, nil
		if was != "" {
			unreadable = json.Unmarshal([]byte(was), &m)
		}
		before := m
		change(&m)
		if unreadable != nil || m == before {
			return was
		}
		is, _ := json.Marshal(m) // a memo always can be
		return string(is)
	})
	if err = errors.Join(err, unreadable); err != nil {
		return memo{}, fmt.Errorf("what is remembered of a label: %w", err)
	}
	return m, nil
}

// reference is ours of a key's shipment; it tells nothing of the order.
func reference(key string, try int) string {
	sum := sha256.Sum256([]byte(key))
	ref := "cf" + hex.EncodeToString(sum[:15])
	if try > 0 {
		ref += fmt.Sprintf("-%d", try)
	}
	return ref
}

// wireShipment is what is needed of a shipment. Fields that are not known are let be, and so are the forms that numbers take.
type wireShipment struct {
	ID       channels.Text `json:"id"`
	Tracking channels.Text `json:"tracking_code"`
	Refund   channels.Text `json:"refund_status"`
	Rates    []wireRate    `json:"rates"`
	Selected *wireRate     `json:"selected_rate"`
	Label    *struct {
		URL channels.Text `json:"label_url"`
		PDF channels.Text `json:"label_pdf_url"`
	} `json:"postage_label"`
	Messages []struct {
		Carrier channels.Text   `json:"carrier"`
		Message json.RawMessage `json:"message"`
	} `json:"messages"`
}

func (s wireShipment) bought() bool { return s.Label != nil }

// Buy implements partners.Labels.
func (c *Client) Buy(ctx context.Context, key string, parcel partners.Shipment) (partners.Label, error) {
	c = c.about(parcel)
	s, m, err := c.shipment(ctx, key, parcel)
	if err != nil {
		return partners.Label{}, known(err)
	}
	if !s.bought() {
		if err := c.settled(m); err != nil {
			return partners.Label{}, err
		}
		if s, err = c.purchase(ctx, key, s, m, parcel.Wish); err != nil {
			return partners.Label{}, err
		}
	}
	return c.label(ctx, s)
}

// settled refuses to act while a purchase may still take effect.
func (c *Client) settled(m memo) error {
	left := settle - c.o.Clock().Sub(time.UnixMilli(m.Asked))
	if m.Asked == 0 || left <= 0 || left > settle { // a clock that was set back keeps nobody for ever
		return nil
	}
	return unsure{"a purchase got no answer and may still take effect"}
}

// shipment is the key's: the one that is remembered or can be found, else a new one. One that was not bought and is of another
// parcel, address or account than is asked for now is left alone for ever, and a new one takes its place.
func (c *Client) shipment(ctx context.Context, key string, parcel partners.Shipment) (s wireShipment, m memo, err error) {
	made := c.made(parcel)
	for {
		if m, err = c.move(ctx, key, func(*memo) {}); err != nil {
			return s, m, err
		}
		if m.Closed {
			return s, m, partners.Voided
		}
		var found bool
		s, found, err = c.find(ctx, key, m)
		switch {
		case err != nil:
			return s, m, err
		case found && s.bought() && s.Refund != "":
			return s, m, partners.Voided // by hand, at the vendor
		case !found && m.Shipment == "":
			return c.create(ctx, key, m, made, parcel)
		case found && (s.bought() || m.Made == made || c.settled(m) != nil):
			return c.adopt(ctx, key, m, s)
		}
		if err = c.giveUp(ctx, key, m); err != nil {
			return s, m, err
		}
	}
}

// made tells one parcel, address and account from another.
func (c *Client) made(parcel partners.Shipment) string {
	body, _ := json.Marshal(created("", parcel)) // text and numbers
	mac := hmac.New(sha256.New, []byte(c.o.Key))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil)[:15])
}

// create makes a shipment, after it is remembered of what: by that it is known again when its answer is lost.
func (c *Client) create(ctx context.Context, key string, seen memo, made string, parcel partners.Shipment) (s wireShipment, m memo, err error) {
	m, err = c.move(ctx, key, func(m *memo) {
		if *m == seen {
			m.Made = made
		}
	})
	if err != nil {
		return s, m, err
	}
	if err := c.call(ctx, http.MethodPost, "/v2/shipments", created(reference(key, seen.Try), parcel), &s); err != nil {
		return s, m, costsNothing(err)
	}
	seen.Made = made
	return c.adopt(ctx, key, seen, s)
}

// adopt remembers a shipment as the key's, unless another call under this key was faster: then that one's is the key's.
func (c *Client) adopt(ctx context.Context, key string, seen memo, s wireShipment) (wireShipment, memo, error) {
	mine := string(s.ID)
	m, err := c.move(ctx, key, func(m *memo) {
		if m.Shipment == "" && m.Try == seen.Try && m.Made == seen.Made {
			m.Shipment = mine
		}
	})
	switch {
	case err != nil:
		return s, m, err
	case m.Closed:
		return s, m, partners.Voided
	case m.Shipment == "":
		return s, m, unsure{"another purchase is under way"}
	case m.Shipment != mine:
		s, err = c.get(ctx, m.Shipment)
	}
	if err == nil && s.bought() && s.Refund != "" {
		return s, m, partners.Voided
	}
	return s, m, err
}

// find reads the shipment of a key, by what is remembered of it or by its reference. One that was never asked to be bought and
// is not there is of another account: nothing was bought. Of any other this cannot be said.
func (c *Client) find(ctx context.Context, key string, m memo) (s wireShipment, found bool, err error) {
	id := m.Shipment
	if id == "" {
		id = reference(key, m.Try)
	}
	s, err = c.get(ctx, id)
	var no *refusal
	switch {
	case !errors.As(err, &no) || no.status != http.StatusNotFound:
		return s, err == nil, err
	case m.Asked != 0:
		return s, false, errElsewhere
	}
	return wireShipment{}, false, nil
}

const errElsewhere = partners.Declined("The label of this order may have been bought with another EasyPost account than that of the key in the settings, " +
	"which does not show it. Enter the key from before, or look for the label in that account.")

func (c *Client) get(ctx context.Context, id string) (s wireShipment, err error) {
	if !channels.IsID(id) {
		return s, errors.New("the shipment has an id that is none")
	}
	if err = c.read(ctx, "/v2/shipments/"+id, &s); err == nil && !channels.IsID(string(s.ID)) {
		err = errors.New("EasyPost shows a shipment without an id")
	}
	return s, err
}

// costsNothing says of a shipment of which it is not known whether it was made that this does no harm.
func costsNothing(err error) error {
	var lost unsure
	if errors.As(err, &lost) {
		return &partners.Failure{Kind: partners.Busy, Message: "EasyPost did not answer: " + lost.why + "."}
	}
	return err
}

// known makes of the vendor's no a final one.
func known(err error) error {
	var no *refusal
	if errors.As(err, &no) {
		return partners.Declined("EasyPost says: " + no.said() + ".")
	}
	return err
}

// purchase buys a shipment that was not bought, if nothing has happened under its key since that was seen. After a sure no
// another shipment takes its place, with whatever was mended.
func (c *Client) purchase(ctx context.Context, key string, s wireShipment, seen memo, w partners.Wish) (wireShipment, error) {
	rate, err := choose(s, w)
	if err != nil {
		return s, errors.Join(partners.Declined(c.discreet(err.Error())), c.giveUp(ctx, key, seen))
	}
	first := false
	m, err := c.move(ctx, key, func(m *memo) {
		if first = *m == seen; first {
			m.Asked = c.o.Clock().UnixMilli()
		}
	})
	switch {
	case err != nil:
		return s, err
	case m.Closed:
		return s, partners.Voided
	case !first:
		return s, unsure{"another purchase is under way"}
	}
	var done wireShipment
	err = c.call(ctx, http.MethodPost, "/v2/shipments/"+string(s.ID)+"/buy", map[string]any{"rate": map[string]string{"id": string(rate.ID)}}, &done)
	if err == nil && done.bought() {
		return done, nil
	}
	var no *refusal
	var hindered *partners.Failure
	switch {
	case errors.As(err, &no) && no.code == codeExists:
		return c.get(ctx, string(s.ID))
	case errors.As(err, &no) && !slowRefusals[no.code]:
		return s, errors.Join(known(err), c.giveUp(ctx, key, m))
	case errors.As(err, &hindered): // nothing was done, so it may be asked again at once
		_, forgot := c.move(ctx, key, func(now *memo) {
			if *now == m {
				now.Asked = 0
			}
		})
		return s, errors.Join(err, forgot)
	case errors.As(err, &no):
		return s, unsure{no.said()}
	case err == nil:
		return s, unsure{"the answer shows no label"}
	}
	return s, err
}

// What the vendor says of a purchase that is another one's, or is not over.
const codeExists = "SHIPMENT.POSTAGE.EXISTS"

var slowRefusals = map[string]bool{
	"SHIPMENT.PURCHASE.IN_PROGRESS": true, "SHIPMENT.POSTAGE.TIMED_OUT": true, "SHIPMENT.POSTAGE.NO_RESPONSE": true,
}

// giveUp forgets a shipment that surely was not bought, unless something has happened under its key since.
func (c *Client) giveUp(ctx context.Context, key string, seen memo) error {
	_, err := c.move(ctx, key, func(m *memo) {
		if *m == seen {
			*m = memo{Try: m.Try + 1}
		}
	})
	return err
}

// label fetches the file of a label that was bought. Until it is here the label is not handed out; it is not bought again either.
func (c *Client) label(ctx context.Context, s wireShipment) (partners.Label, error) {
	from := s.Label.PDF
	if from == "" {
		from = s.Label.URL
	}
	if from == "" || s.Tracking == "" {
		return partners.Label{}, &partners.Failure{Kind: partners.Busy, Message: "The label is bought, and EasyPost has not made its file yet.", RetryAfter: time.Second}
	}
	file, kind, err := c.download(ctx, string(from))
	if err != nil {
		return partners.Label{}, err
	}
	l := partners.Label{Number: string(s.ID), Tracking: string(s.Tracking), Type: kind, File: file}
	if s.Selected != nil {
		l.Carrier, l.Service = CarrierName(string(s.Selected.Carrier)), string(s.Selected.Service)
		l.Cost, _ = s.Selected.price() // what cannot be read is not shown
	}
	return l, nil
}

// download fetches a file that a printer takes. Its address opens the buyer's to anyone who has it, so it is in no error.
func (c *Client) download(ctx context.Context, from string) (file []byte, kind string, err error) {
	no := func(why string) error {
		return &partners.Failure{Kind: partners.Busy, Message: "The label is bought, and its file cannot be fetched yet: " + why + ".", RetryAfter: time.Second}
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, "", no("its address cannot be read")
	}
	status, file, _, err := c.do(r, maxLabel)
	switch {
	case err != nil:
		return nil, "", no(channels.WithoutURL(err).Error())
	case status != http.StatusOK:
		return nil, "", no(fmt.Sprintf("HTTP status %d", status))
	}
	switch head := string(file[:min(len(file), 8)]); {
	case strings.HasPrefix(head, "%PDF-"):
		return file, "application/pdf", nil
	case head == "\x89PNG\r\n\x1a\n":
		return file, "image/png", nil
	}
	return nil, "", no("it is neither PDF nor PNG")
}

// Void implements partners.Labels.
func (c *Client) Void(ctx context.Context, key string) error {
	m, err := c.move(ctx, key, func(m *memo) { m.Closed = true })
	if err != nil {
		return err
	}
	for {
		s, found, err := c.find(ctx, key, m)
		switch {
		case err != nil:
			return known(err)
		case !found:
			return nil
		case s.bought():
			return c.refund(ctx, s)
		case m.Shipment != "" || m.Made != "":
			return c.settled(m) // what is bought late must be given back
		}
		m.Try++ // the memory was lost: another may have taken this one's place
	}
}

// refund asks for a label's money back. The carrier may take weeks to decide; what it decides is not waited for.
func (c *Client) refund(ctx context.Context, s wireShipment) error {
	if s.Refund == "" || s.Refund == rejected { // one that was rejected may be asked for once more
		was := s.Refund
		if err := c.call(ctx, http.MethodPost, "/v2/shipments/"+string(s.ID)+"/refund", nil, &s); err != nil {
			return known(err)
		}
		if was == "" && s.Refund == "" {
			return unsure{"the answer does not say that the label was given back"}
		}
	}
	switch s.Refund {
	case "submitted", "refunded", "not_applicable": // the last is of carriers that bill a parcel once it is scanned
		return nil
	}
	return partners.Declined(fmt.Sprintf("The carrier does not take the label %s back (%s). If the parcel was not sent, ask for its money at EasyPost.",
		channels.Short(string(s.Tracking), 60), channels.Short(string(s.Refund), 40)))
}

const rejected = "rejected"
