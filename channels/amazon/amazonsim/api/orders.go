package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/show"
)

const (
	listLag   = 2 * time.Minute // a search ends at least so long before now
	tokenLife = 24 * time.Hour  // of a pagination token
)

// datasets are what includedData may name.
var datasets = []string{
	"BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX", "PAYMENT", "FULFILLMENT_ORDERS",
}

func (c *Call) included() (included map[string]bool, err error) {
	included = map[string]bool{}
	for _, name := range strings.Split(strings.Join(c.Query["includedData"], ","), ",") {
		if name != "" && !slices.Contains(datasets, name) {
			return nil, Wrong("includedData %q is not a dataset.", name)
		}
		included[name] = true
	}
	return included, nil
}

// pageToken is a place in a list that was begun.
type pageToken struct {
	After   market.Place
	Window  market.Window
	Expires time.Time
}

// Search lists orders of a window, those updated first first. Without an end it ends two minutes ago; which end the vendor
// takes is not said.
func Search(c *Call) (Answer, error) {
	included, err := c.included()
	if err != nil {
		return Answer{}, err
	}
	if err := c.marketplace("marketplaceIds", false); err != nil {
		return Answer{}, err
	}
	size := 100
	if text := c.Query.Get("maxResultsPerPage"); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 1 || size > 100 {
			return Answer{}, Wrong("maxResultsPerPage must be from 1 to 100.")
		}
	}
	var from pageToken
	if token := c.Query.Get("paginationToken"); token != "" {
		raw, err := base64.StdEncoding.DecodeString(token)
		if err != nil || json.Unmarshal(bytes.TrimPrefix(raw, []byte{0xfb, 0xff, 0xbe}), &from) != nil || !c.Now.Before(from.Expires) {
			return Answer{}, Wrong("paginationToken is invalid or older than 24 hours.")
		}
	} else if from.Window, err = window(c); err != nil {
		return Answer{}, err
	}
	by := c.list("fulfilledBy")
	statuses := c.list("fulfillmentStatuses")
	found, more := c.Find(from.Window, from.After, size, func(o *market.Order) bool {
		return (by == nil || slices.Contains(by, show.FulfilledBy(o))) && (statuses == nil || slices.Contains(statuses, o.Status))
	})
	orders := []obj{}
	for _, o := range found {
		orders = append(orders, show.Order(c.Seller, o, included, c.Persons))
	}
	body := obj{"orders": orders, "pagination": obj{}}
	if from.Window.Created {
		body["createdBefore"] = show.Stamp(from.Window.To)
	} else {
		body["lastUpdatedBefore"] = show.Stamp(from.Window.To)
	}
	if more {
		from.After, from.Expires = from.Window.PlaceOf(found[len(found)-1]), c.Now.Add(tokenLife)
		text, err := json.Marshal(from)
		if err != nil {
			return Answer{}, err
		}
		// It holds + / and =, so that a client that forgets to escape one is found out.
		body["pagination"] = obj{"nextToken": base64.StdEncoding.EncodeToString(append([]byte{0xfb, 0xff, 0xbe}, text...))}
	}
	return Answer{Body: body}, nil
}

func window(c *Call) (w market.Window, err error) {
	created, updated := c.Query.Get("createdAfter"), c.Query.Get("lastUpdatedAfter")
	if (created == "") == (updated == "") {
		return w, Wrong("Exactly one of createdAfter and lastUpdatedAfter must be given.")
	}
	after, before, other := "lastUpdatedAfter", "lastUpdatedBefore", "createdBefore"
	if w.Created = created != ""; w.Created {
		after, before, other = "createdAfter", "createdBefore", "lastUpdatedBefore"
	}
	if c.Query.Get(other) != "" {
		return w, Wrong("%s must not be given with %s.", other, after)
	}
	if w.From, err = time.Parse(time.RFC3339, c.Query.Get(after)); err != nil {
		return w, Wrong("%s must be an ISO 8601 time.", after)
	}
	latest := c.Now.Add(-listLag)
	if w.To = latest; c.Query.Get(before) == "" {
		return w, nil
	}
	if w.To, err = time.Parse(time.RFC3339, c.Query.Get(before)); err != nil {
		return w, Wrong("%s must be an ISO 8601 time.", before)
	}
	if w.To.After(latest) || w.To.Before(w.From) {
		return w, Wrong("%s must be after %s and at least two minutes before the time of the request.", before, after)
	}
	return w, nil
}

// GetOrder shows one order, whatever its state.
func GetOrder(c *Call) (Answer, error) {
	included, err := c.included()
	if err != nil {
		return Answer{}, err
	}
	o := c.Orders[c.Request.PathValue("order")]
	if o == nil {
		return Answer{}, Missing("Order %s is not of this seller.", c.Request.PathValue("order"))
	}
	return Answer{Body: obj{"order": show.Order(c.Seller, o, included, c.Persons)}}, nil
}

// Confirm is confirmShipment. Its body is what the model of Orders v0 says.
func Confirm(c *Call) (Answer, error) {
	var in struct {
		Marketplace string `json:"marketplaceId"`
		COD         string `json:"codCollectionMethod"`
		Package     struct {
			Reference string `json:"packageReferenceId"`
			Code      string `json:"carrierCode"`
			Name      string `json:"carrierName"`
			Method    string `json:"shippingMethod"`
			Tracking  string `json:"trackingNumber"`
			Date      string `json:"shipDate"`
			From      string `json:"shipFromSupplySourceId"`
			Items     []struct {
				ID       string   `json:"orderItemId"`
				Quantity int      `json:"quantity"`
				Codes    []string `json:"transparencyCodes"`
			} `json:"orderItems"`
		} `json:"packageDetail"`
	}
	if err := c.Read(&in); err != nil {
		return Answer{}, err
	}
	o, p := c.Orders[c.Request.PathValue("order")], in.Package
	date, dateErr := time.Parse(time.RFC3339, p.Date)
	number, numberErr := strconv.ParseUint(p.Reference, 10, 63)
	switch {
	case o == nil:
		return Answer{}, Missing("Order %s is not of this seller.", c.Request.PathValue("order"))
	case in.Marketplace != c.Marketplace:
		return Answer{}, Wrong("marketplaceId %q is not the order's.", in.Marketplace)
	case numberErr != nil || number == 0:
		return Answer{}, Wrong("packageReferenceId %q must be a positive number.", p.Reference)
	case p.Code == "" || p.Code == "Other" && p.Name == "":
		return Answer{}, Wrong("carrierCode is required, and carrierName with the code Other.")
	case p.Tracking == "":
		return Answer{}, Wrong("trackingNumber is required.")
	case dateErr != nil || date.Before(o.Created.Truncate(time.Second)) || date.After(c.Now.Add(24*time.Hour)):
		return Answer{}, Wrong("shipDate %q must be an ISO 8601 time after the order's and not in the future.", p.Date)
	case len(p.Items) == 0:
		return Answer{}, Wrong("orderItems must hold an item.")
	}
	parcel := market.Parcel{
		Reference: p.Reference, Carrier: p.Code, CarrierName: p.Name, Method: p.Method, Tracking: p.Tracking, Shipped: date, Items: map[string]int{},
	}
	for _, it := range p.Items {
		parcel.Items[it.ID] += it.Quantity
	}
	if err := c.Market.Confirm(c.Seller, o, parcel); err != nil {
		return Answer{}, err
	}
	return Answer{Status: 204}, nil
}
