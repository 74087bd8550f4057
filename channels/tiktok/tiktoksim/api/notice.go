package api

import (
	"encoding/json"
	"strings"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

// Notice is the data of a webhook, nil for what the vendor does not announce.
func Notice(n market.Notice) any {
	switch o := n.Order; n.Topic {
	case "ORDER_STATUS_CHANGE":
		status := o.Status
		switch status {
		case market.PartiallyShipping:
			return nil
		case market.Cancelled:
			status = "CANCEL" // the webhook's spelling
		}
		return obj{"order_id": o.ID, "order_status": status, "is_on_hold_order": o.Status == market.OnHold, "update_time": o.Updated.At}
	case "SELLER_DEAUTHORIZATION":
		return obj{"message": "the seller ended the authorisation"}
	case "UPCOMING_AUTHORIZATION_EXPIRATION":
		return obj{"message": "the authorisation ends soon", "expiration_time": n.Status}
	case "RECIPIENT_ADDRESS_UPDATE":
		return obj{"order_id": o.ID, "update_time": o.Updated.At}
	case "PACKAGE_UPDATE":
		var list []obj
		for _, p := range n.Packages {
			list = append(list, obj{"package_id": p.ID, "order_id_list": orderIDs(p.Orders)})
		}
		return obj{"sc_type": n.Status, "role_type": n.Role, "package_list": list, "update_time": o.Updated.At}
	case "PRODUCT_STATUS_CHANGE": // here the id is a bare number, as in the vendor's sample
		return obj{"product_id": productNumber(n.Product.ID), "status": n.Product.Status, "suspended_reason": "", "update_time": n.Product.Updated}
	case "CANCELLATION_STATUS_CHANGE":
		return obj{
			"order_id": o.ID, "cancellations_role": n.Role, "cancel_status": n.Status, "cancel_id": n.Claim.ID, "create_time": n.Claim.Created.At,
		}
	case "RETURN_STATUS_CHANGE":
		return obj{
			"order_id": o.ID, "return_role": n.Role, "return_type": n.Claim.Type, "return_status": n.Status, "return_id": n.Claim.ID,
			"create_time": n.Claim.Created.At, "update_time": n.Claim.Updated.At,
		}
	}
	return nil
}

// productNumber is an id without quotes, where it is a number.
func productNumber(id string) any {
	if strings.Trim(id, "0123456789") == "" && id != "" && id[0] != '0' {
		return json.RawMessage(id)
	}
	return id
}
