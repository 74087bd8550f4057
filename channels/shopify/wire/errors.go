package wire

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
)

// classes says what to do about the codes of the vendor's errors and userErrors; what is not here is refused for good and
// shown to a person.
var classes = map[string]channels.Class{
	"THROTTLED":             channels.Throttled,
	"INTERNAL_SERVER_ERROR": channels.Retry,
	"SERVICE_UNAVAILABLE":   channels.Retry,
	"TIMEOUT":               channels.Retry,
	"SHOP_INACTIVE":         channels.Retry, // frozen or paused: it passes without us
	"ACCESS_DENIED":         channels.Auth,  // a scope is missing
	"FORBIDDEN":             channels.Auth,
	"UNAUTHORIZED":          channels.Expired,

	"MAX_COST_EXCEEDED":                   channels.Bug, // Connector asks for fewer at once before a person sees this
	"PARSE_ERROR":                         channels.Bug,
	"BAD_REQUEST":                         channels.Bug,
	"INVALID_VARIABLE":                    channels.Bug,
	"undefinedField":                      channels.Bug, // the version was retired
	"undefinedType":                       channels.Bug,
	"argumentNotAccepted":                 channels.Bug,
	"argumentLiteralsIncompatible":        channels.Bug,
	"missingRequiredArguments":            channels.Bug,
	"missingRequiredInputObjectAttribute": channels.Bug,
	"variableMismatch":                    channels.Bug,
	"MAX_INPUT_SIZE_EXCEEDED":             channels.Bug,

	"INTERNAL_ERROR":       channels.Unsure,   // it does not say how far it came
	"NO_REFUND_PERMISSION": channels.Rejected, // whoever installed the app may not pay back

	"CHANGE_FROM_QUANTITY_STALE":          channels.Stale,
	"COMPARE_QUANTITY_STALE":              channels.Stale,
	"IDEMPOTENCY_CONCURRENT_REQUEST":      channels.Unsure, // the same write is under way: its answer comes by the same key
	"IDEMPOTENCY_KEY_PARAMETER_MISMATCH":  channels.Bug,
	"IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": channels.Retry, // by another key
	"INVALID_INVENTORY_ITEM":              channels.Rejected,
	"INVALID_LOCATION":                    channels.Rejected,
	"ITEM_NOT_STOCKED_AT_LOCATION":        channels.Rejected,
	"NON_MUTABLE_INVENTORY_ITEM":          channels.Rejected,
	"INVALID_QUANTITY_NEGATIVE":           channels.Rejected,
	"INVALID_QUANTITY_TOO_HIGH":           channels.Rejected,
	"INVALID_QUANTITY_TOO_LOW":            channels.Rejected,
	"INVALID_NAME":                        channels.Bug,
	"INVALID_REASON":                      channels.Bug,
	"INVALID_REFERENCE_DOCUMENT":          channels.Bug,
	"COMPARE_QUANTITY_REQUIRED":           channels.Bug,

	"NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR": channels.Bug,
}

// Classify sorts a code.
func Classify(code string) channels.Class {
	if class, ok := classes[code]; ok {
		return class
	}
	return channels.Rejected
}

// UserError is a "no" inside a good answer; Code is empty where the vendor's type has none.
type UserError struct {
	Code    channels.Text   `json:"code"`
	Message channels.Text   `json:"message"`
	Field   json.RawMessage `json:"field"`
}

// Refused makes a Failure of the first of userErrors, nil when there is none.
func Refused(call string, list []UserError) error {
	if len(list) == 0 {
		return nil
	}
	e := list[0]
	message := string(e.Message)
	var path []string
	if json.Unmarshal(e.Field, &path) == nil && len(path) > 0 {
		message += " (" + strings.Join(path, ".") + ")"
	}
	return &channels.Failure{Class: Classify(string(e.Code)), Call: call, Code: channels.Short(string(e.Code), 64), Message: channels.Short(message, 300)}
}

// Unreadable is a read whose data is not what the vendor documents.
func Unreadable(call string, err error) error {
	return &channels.Failure{Class: channels.Retry, Call: call, Message: "an answer that cannot be read", Err: err}
}

// Lost is a write whose answer cannot be read.
func Lost(call string, err error) error {
	return &channels.Failure{Class: channels.Unsure, Call: call, Message: "an answer that cannot be read", Err: err}
}

// Bug is a call that must not be made.
func Bug(call, message string) error {
	return &channels.Failure{Class: channels.Bug, Call: call, Message: message}
}

// CheckID keeps what is no id out of documents.
func CheckID(call, id string) error {
	if !channels.IsID(id) {
		return &channels.Failure{Class: channels.Rejected, Call: call, Message: fmt.Sprintf("%q is no id of Shopify's", channels.Short(id, 48))}
	}
	return nil
}

// GID is how the vendor names an object of a kind.
func GID(kind, id string) string { return "gid://shopify/" + kind + "/" + id }

// Tail is the id in a name of the vendor's, which the hub uses alone: webhooks have it so, and it can stand in addresses.
func Tail(gid string) string {
	tail := gid[strings.LastIndexByte(gid, '/')+1:]
	tail, _, _ = strings.Cut(tail, "?")
	return tail
}
