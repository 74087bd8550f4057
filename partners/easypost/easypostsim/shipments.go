package easypostsim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Marks in an address by which a carrier behaves otherwise.
const (
	Unserviceable = "00000" // as a postal code: no carrier goes there
	Refuses       = "99999" // as a postal code: the carrier refuses the purchase
	Quotes        = "88888" // as a postal code: the carrier refuses the purchase, and quotes the address as carriers write it
)

// shipment is one parcel, bought or not.
type shipment struct {
	id, reference string
	to, from      obj
	parcel        obj
	rates         []rate
	bought        *rate
	label         *label
	refund        string
	created       string
}

type rate struct {
	id, carrier, service string
	cents                int64
}

type label struct {
	id, tracking, carrier, file string
	ready                       bool
}

// create is POST /v2/shipments: it costs nothing.
func (s *Sim) create(_ *http.Request, body obj) (any, *no) {
	asked, _ := in(body, "shipment").(obj)
	to, from, parcel := side(asked, "to_address"), side(asked, "from_address"), side(asked, "parcel")
	switch {
	case to == nil || from == nil || parcel == nil:
		return nil, invalid("SHIPMENT.INVALID_PARAMS", "Unable to create shipment, one or more parameters were invalid.",
			obj{"field": "to_address", "message": "to_address, from_address and parcel are required"})
	case figure(parcel, "weight") <= 0:
		return nil, invalid("PARCEL.INVALID_PARAMS", "Unable to create parcel", obj{"field": "weight", "message": "must be greater than 0"})
	}
	for name, a := range map[string]obj{"to_address": to, "from_address": from} {
		for _, field := range []string{"street1", "city", "country"} {
			if text(a, field) == "" {
				return nil, invalid("ADDRESS.INVALID_PARAMS", "Unable to create address", obj{"field": name + "." + field, "message": "is required"})
			}
		}
	}
	one := &shipment{id: s.id("shp"), reference: text(asked, "reference"), to: to, from: from, parcel: parcel, created: s.now()}
	if text(to, "zip") != Unserviceable {
		one.rates = s.quote(parcel)
	}
	s.shipments = append(s.shipments, one)
	s.known[one.id] = one
	if one.reference != "" {
		s.known[one.reference] = one
	}
	s.counts.Created++
	return s.show(one), nil
}

func side(asked obj, name string) obj { m, _ := asked[name].(obj); return m }

// quote is what the carriers ask, by weight.
func (s *Sim) quote(parcel obj) (rates []rate) {
	ounces := int64(figure(parcel, "weight") + 0.5)
	for _, r := range []rate{
		{carrier: "UPSDAP", service: "Ground", cents: 900 + 4*ounces},
		{carrier: "USPS", service: "Priority", cents: 850 + 5*ounces},
		{carrier: "USPS", service: "GroundAdvantage", cents: 500 + 5*ounces},
		{carrier: "RoyalMail", service: "Tracked48", cents: 520 + 5*ounces},
	} {
		r.id = s.id("rate")
		rates = append(rates, r)
	}
	return rates
}

func (s *Sim) list(r *http.Request, _ obj) (any, *no) {
	size, err := strconv.Atoi(r.URL.Query().Get("page_size"))
	if err != nil || size < 1 {
		size = 20
	}
	all := slices.Clone(s.shipments)
	slices.Reverse(all)
	if before := r.URL.Query().Get("before_id"); before != "" {
		at := slices.IndexFunc(all, func(one *shipment) bool { return one.id == before })
		all = all[at+1:]
	}
	size = min(size, 100, len(all))
	page := make([]any, size)
	for i := range page {
		page[i] = s.show(all[i])
	}
	return obj{"shipments": page, "has_more": len(all) > size}, nil
}

func (s *Sim) read(r *http.Request, _ obj) (any, *no) {
	one := s.known[r.PathValue("id")]
	if one == nil {
		return nil, errNotFound
	}
	if one.label != nil {
		one.label.ready = true
	}
	return s.show(one), nil
}

// buy is POST /v2/shipments/{id}/buy: it charges the account and makes the label.
func (s *Sim) buy(r *http.Request, body obj) (any, *no) {
	one := s.known[r.PathValue("id")]
	if one == nil {
		return nil, errNotFound
	}
	at := slices.IndexFunc(one.rates, func(have rate) bool { return have.id == text(body, "rate", "id") })
	switch {
	case one.label != nil && !s.cfg.Rebuys:
		return nil, invalid("SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment.")
	case at < 0:
		return nil, invalid("SHIPMENT.POSTAGE.FAILURE", "The rate is not one of this shipment's.")
	case text(one.to, "zip") == Refuses:
		return nil, invalid("SHIPMENT.POSTAGE.FAILURE", "Unable to buy this postage.", obj{"field": "to_address", "message": "The address is not one that this service delivers to"})
	case text(one.to, "zip") == Quotes:
		return nil, invalid("SHIPMENT.POSTAGE.FAILURE", strings.ToUpper(fmt.Sprintf("Invalid recipient %s, %s, %s %s", text(one.to, "name"), text(one.to, "street1"), text(one.to, "city"), Quotes)),
			obj{"field": "phone", "message": text(one.to, "phone") + " is not a phone number"})
	case one.rates[at].cents > s.counts.Balance:
		return nil, &no{http.StatusPaymentRequired, "INSUFFICIENT_FUNDS", "Insufficient funds: add funds to your account to buy this label.", nil}
	}
	s.counts.Balance -= one.rates[at].cents
	s.counts.Bought++
	one.bought = &one.rates[at]
	one.label = &label{id: s.id("pl"), carrier: one.bought.carrier, file: strings.TrimPrefix(s.id("file"), "file_"), ready: !s.cfg.Sized}
	one.label.tracking = fmt.Sprintf("EZ%010d", s.numbers)
	s.trackers = append(s.trackers, &tracker{id: s.id("trk"), code: one.label.tracking, carrier: one.label.carrier, shipment: one.id, status: "pre_transit", weight: figure(one.parcel, "weight")})
	return s.show(one), nil
}

// refund is POST /v2/shipments/{id}/refund: the money is back at once, which the vendor takes weeks for.
func (s *Sim) refund(r *http.Request, _ obj) (any, *no) {
	one := s.known[r.PathValue("id")]
	switch {
	case one == nil:
		return nil, errNotFound
	case one.label == nil:
		return nil, invalid("SHIPMENT.REFUND.UNAVAILABLE", "Unable to request a refund: the shipment has no postage.")
	case one.refund == "submitted" || one.refund == "refunded":
		return nil, invalid("SHIPMENT.REFUND.EXISTS", "A refund was requested already.")
	}
	one.refund = "submitted"
	for _, t := range s.trackers {
		if t.shipment == one.id && t.status != "pre_transit" && t.status != "unknown" {
			one.refund = "rejected"
		}
	}
	if one.refund == "submitted" {
		s.counts.Balance += one.bought.cents
		s.counts.Refunded++
	}
	return s.show(one), nil
}

func (s *Sim) convert(r *http.Request, _ obj) (any, *no) {
	one := s.known[r.PathValue("id")]
	if one == nil || one.label == nil {
		return nil, errNotFound
	}
	if format := r.URL.Query().Get("file_format"); format != "PDF" && format != "PNG" {
		return nil, invalid("SHIPMENT.LABEL.INVALID_FORMAT", "The format "+format+" is not one that is made here.")
	}
	one.label.ready = true
	return s.show(one), nil
}

func (s *Sim) show(one *shipment) obj {
	rates := make([]any, len(one.rates))
	for i, r := range one.rates {
		rates[i] = s.showRate(one, r)
	}
	messages := []any{}
	if len(one.rates) == 0 {
		messages = append(messages, obj{"carrier": "USPS", "carrier_account_id": "ca_1", "type": "rate_error", "message": "Unable to find rates to this postal code."})
	}
	out := obj{
		"id": one.id, "object": "Shipment", "mode": s.mode(), "reference": one.reference, "created_at": one.created, "updated_at": s.now(), "is_return": false,
		"to_address": addressOf(one.to), "from_address": addressOf(one.from), "parcel": parcelOf(one.parcel), "rates": rates, "messages": messages,
		"selected_rate": nil, "postage_label": nil, "tracking_code": nil, "tracker": nil, "refund_status": nil, "status": "unknown", "fees": []any{}, "options": obj{"currency": "USD"},
		"customs_info": nil, "insurance": nil, "usps_zone": 4,
	}
	if one.refund != "" {
		out["refund_status"] = one.refund
	}
	if one.label == nil {
		return out
	}
	out["selected_rate"], out["tracking_code"] = s.showRate(one, *one.bought), one.label.tracking
	at, kind := s.fileAddress(one.label)
	l := obj{"id": one.label.id, "object": "PostageLabel", "label_url": nil, "label_pdf_url": nil, "label_zpl_url": nil, "label_file_type": kind, "label_size": "4x6", "label_resolution": 300}
	if one.label.ready {
		l["label_url"] = at
	}
	out["postage_label"] = l
	for _, t := range s.trackers {
		if t.shipment == one.id && t.code == one.label.tracking {
			out["tracker"], out["status"] = s.showTracker(t), t.status
		}
	}
	return out
}

func (s *Sim) showRate(one *shipment, r rate) obj {
	price := fmt.Sprintf("%d.%02d", r.cents/100, r.cents%100)
	return obj{
		"id": r.id, "object": "Rate", "mode": s.mode(), "service": r.service, "carrier": r.carrier, "rate": price, "currency": "USD", "retail_rate": price,
		"retail_currency": "USD", "list_rate": price, "list_currency": "USD", "billing_type": "easypost", "delivery_days": 3, "delivery_date": nil,
		"delivery_date_guaranteed": false, "est_delivery_days": 3, "shipment_id": one.id, "carrier_account_id": "ca_1",
	}
}

func addressOf(a obj) obj {
	out := obj{"object": "Address", "id": "adr_1", "residential": nil, "verifications": obj{}}
	for _, field := range []string{"name", "company", "street1", "street2", "city", "state", "zip", "country", "phone", "email"} {
		out[field] = nil
		if t := text(a, field); t != "" {
			out[field] = t
		}
	}
	return out
}

func parcelOf(p obj) obj {
	out := obj{"object": "Parcel", "id": "prcl_1", "predefined_package": nil, "weight": number(figure(p, "weight"))}
	for _, field := range []string{"length", "width", "height"} {
		out[field] = nil
		if f := figure(p, field); f > 0 {
			out[field] = number(f)
		}
	}
	return out
}
