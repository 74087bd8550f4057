// Package show is how the simulated Amazon shows its market: orders, listings and notifications, as the API writes them.
package show

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
)

// obj is a JSON object on its way out.
type obj = map[string]any

// Stamp is a time as the API writes it.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// FulfilledBy is who ships an order.
func FulfilledBy(o *market.Order) string {
	if o.AFN {
		return "AMAZON"
	}
	return "MERCHANT"
}

// Order shows an order. Persons are left out where the seller did not grant the role, as if they had not been asked for; of an
// order that is PENDING neither prices nor persons are shown.
func Order(m *market.Seller, o *market.Order, included map[string]bool, persons bool) obj {
	money := func(amount string) obj { return obj{"amount": amount, "currencyCode": m.Currency} }
	pending := o.Status == market.Pending
	persons = persons && !pending
	items := []obj{}
	for _, it := range o.Items {
		product := obj{"asin": it.Listing.ASIN, "title": it.Listing.Title, "sellerSku": it.SKU, "condition": obj{"conditionType": "NEW"}}
		item := obj{"orderItemId": it.ID, "quantityOrdered": it.Quantity, "product": product}
		if !pending {
			product["price"] = obj{"unitPrice": money(it.Price)}
			if included["PROCEEDS"] {
				item["proceeds"] = obj{"proceedsTotal": money(it.Amount()), "breakdowns": []obj{{"type": "ITEM", "subtotal": money(it.Amount())}}}
			}
		}
		if included["FULFILLMENT"] {
			item["fulfillment"] = obj{"quantityFulfilled": it.Sent, "quantityUnfulfilled": it.Quantity - it.Sent}
		}
		if included["CANCELLATION"] {
			cancellation := obj{}
			if it.CancelAsked {
				cancellation["cancellationRequest"] = obj{"requester": "BUYER", "cancelReason": o.Reason}
			}
			if o.Status == market.Cancelled {
				cancellation["cancellationExecution"] = obj{"cancelledBy": o.CancelBy, "cancelReason": o.Reason}
			}
			if len(cancellation) > 0 {
				item["cancellation"] = cancellation
			}
		}
		items = append(items, item)
	}
	out := obj{
		"orderId": o.ID, "createdTime": Stamp(o.Created), "lastUpdatedTime": Stamp(o.Updated), "orderItems": items,
		"salesChannel": obj{"channelName": "AMAZON", "marketplaceId": m.Marketplace, "marketplaceName": "Amazon (simulated)"},
	}
	if included["PROCEEDS"] && !pending {
		out["proceeds"] = obj{"grandTotal": money(o.Total)}
	}
	if included["BUYER"] && persons {
		out["buyer"] = obj{"buyerName": o.BuyerName, "buyerEmail": o.BuyerEmail}
	}
	if included["RECIPIENT"] && persons {
		out["recipient"] = obj{"deliveryAddress": obj{
			"name": o.BuyerName, "addressLine1": o.Address, "city": o.City, "postalCode": o.PostalCode, "countryCode": m.Country, "phone": o.Phone,
		}}
	}
	if included["FULFILLMENT"] {
		out["fulfillment"] = obj{
			"fulfillmentStatus": o.Status, "fulfilledBy": FulfilledBy(o), "fulfillmentServiceLevel": "STANDARD",
			"shipByWindow": obj{"earliestDateTime": Stamp(o.Created), "latestDateTime": Stamp(o.Due)},
		}
	}
	if included["PACKAGES"] && !o.AFN {
		packages := []obj{}
		for _, p := range o.Parcels {
			inside := []obj{}
			for _, it := range o.Items {
				if n := p.Items[it.ID]; n > 0 {
					inside = append(inside, obj{"orderItemId": it.ID, "quantity": n})
				}
			}
			carrier := p.Carrier
			if p.CarrierName != "" {
				carrier = p.CarrierName
			}
			packages = append(packages, obj{
				"packageReferenceId": p.Reference, "createdTime": Stamp(p.Created), "packageStatus": obj{"status": "SHIPPED"}, "carrier": carrier,
				"shipTime": Stamp(p.Shipped), "shippingService": p.Method, "trackingNumber": p.Tracking, "packageItems": inside,
			})
		}
		out["packages"] = packages
	}
	return out
}

// Listing shows a listing with the parts that were asked for.
func Listing(m *market.Seller, l *market.Listing, parts string) obj {
	included := strings.Split(parts, ",")
	out := obj{"sku": l.SKU}
	if slices.Contains(included, "summaries") || parts == "" {
		out["summaries"] = []obj{{
			"marketplaceId": m.Marketplace, "asin": l.ASIN, "productType": l.Type, "conditionType": "new_new", "status": l.Status, "itemName": l.Title,
			"createdDate": Stamp(l.Created), "lastUpdatedDate": Stamp(l.Updated),
		}}
	}
	if slices.Contains(included, "offers") {
		offers := []obj{}
		if l.Price != "" {
			amount := l.Price
			if l.Garbled {
				amount = "a song"
			}
			offers = append(offers, obj{"marketplaceId": m.Marketplace, "offerType": "B2C", "price": obj{"currencyCode": m.Currency, "amount": amount}})
		}
		out["offers"] = offers
	}
	if slices.Contains(included, "fulfillmentAvailability") {
		out["fulfillmentAvailability"] = []obj{{"fulfillmentChannelCode": "DEFAULT", "quantity": l.Listed}}
		if l.AFN {
			out["fulfillmentAvailability"] = []obj{{"fulfillmentChannelCode": "AMAZON_EU"}}
		}
	}
	return out
}

// Change is the body of an ORDER_CHANGE.
func Change(m *market.Seller, o *market.Order, change market.Change, subscription, id string, now time.Time) []byte {
	items := []obj{}
	for _, it := range o.Items {
		items = append(items, obj{
			"OrderItemId": it.ID, "SellerSKU": it.SKU, "SupplySourceId": "", "Quantity": it.Quantity, "QuantityShipped": it.Sent,
			"IsBuyerRequestedCancel": o.CancelAsked,
		})
	}
	kind := "MFN"
	if o.AFN {
		kind = "AFN"
	}
	body, err := json.Marshal(obj{
		"NotificationVersion": "1.0", "NotificationType": "ORDER_CHANGE", "PayloadVersion": "1.0", "EventTime": Stamp(now),
		"Payload": obj{"OrderChangeNotification": obj{
			"NotificationLevel": "OrderLevel", "SellerId": m.ID, "AmazonOrderId": o.ID, "OrderChangeType": change.Type,
			"OrderChangeTrigger": obj{"TimeOfOrderChange": Stamp(o.Updated), "ChangeReason": change.Reason},
			"Summary": obj{
				"MarketplaceId": m.Marketplace, "OrderStatus": market.Spoken(o.Status), "PurchaseDate": Stamp(o.Created),
				"DestinationPostalCode": o.PostalCode, "FulfillmentType": kind, "OrderType": "StandardOrder", "OrderItems": items,
			},
		}},
		"NotificationMetadata": obj{"ApplicationId": "amzn1.sp.solution.sim", "SubscriptionId": subscription, "PublishTime": Stamp(now), "NotificationId": id},
	})
	if err != nil {
		panic(err) // maps of our own
	}
	return body
}

// Quantity is the body of a LISTINGS_ITEM_MFN_QUANTITY_CHANGE, which names no marketplace.
func Quantity(m *market.Seller, l *market.Listing, subscription, id string, now time.Time) obj {
	return obj{
		"NotificationVersion": "1.0", "NotificationType": "LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "PayloadVersion": "1.0", "EventTime": Stamp(now),
		"Payload":              obj{"SellerId": m.ID, "FulfillmentChannelCode": "DEFAULT", "Sku": l.SKU, "Quantity": l.Listed},
		"NotificationMetadata": obj{"ApplicationId": "amzn1.sp.solution.sim", "SubscriptionId": subscription, "PublishTime": Stamp(now), "NotificationId": id},
	}
}

// Event is a notification as an event bus hands it on.
func Event(source, kind, region, account, id string, now time.Time, detail obj) []byte {
	body, err := json.Marshal(obj{
		"version": "0", "id": id, "detail-type": kind, "source": source, "account": account, "time": Stamp(now), "region": region, "resources": []obj{}, "detail": detail,
	})
	if err != nil {
		panic(err) // maps of our own
	}
	return body
}
