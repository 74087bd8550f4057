package wire

import (
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
)

// classes says what to do about the vendor's codes; what is not here is refused for good and shown to a person.
var classes = map[string]channels.Class{
	"105002":   channels.Expired, // access token expired
	"105005":   channels.Auth,    // scope missing
	"106001":   channels.Bug,     // wrong sign
	"106013":   channels.Bug,     // shop_cipher missing
	"101000":   channels.Auth,    // token and cipher are of different shops, or the user is no seller
	"36004004": channels.Auth,    // code or refresh token invalid, used or expired
	"36009002": channels.Throttled,
	"36009003": channels.Retry, // the vendor's own fault
	"36009007": channels.Retry, // the vendor's own time-out
	"36009009": channels.Bug,   // path
	"36009010": channels.Bug,   // method
	"36009014": channels.Bug,   // version retired
	"36009022": channels.Bug,   // content type
	"36009033": channels.Auth,  // our address is not on the app's list

	"11006021": channels.Done, // already shipped, as the next three
	"21008099": channels.Done,
	"21011020": channels.Done,
	"21011040": channels.Done,
	"25001011": channels.Done, // already cancelled or completed, as the next
	"25001051": channels.Done,

	"21011041": channels.Gone,    // order cancelled
	"21008044": channels.Claimed, // an after-sales request is open: resolve it first, as the next
	"21011007": channels.Claimed,
	"21011025": channels.Rejected, // tracking number used already, as the next
	"21034012": channels.Rejected,

	"11034037": channels.Retry, // the label is still being made, as the next
	"11034023": channels.Retry,

	"12052094": channels.Rejected, // the warehouses of the write are not the SKU's, as the next three
	"12052097": channels.Rejected,
	"12019028": channels.Rejected,
	"12052533": channels.Rejected,
	"12052393": channels.Rejected, // stock locked by a promotion
}

// Classify sorts a non-zero code. 36009004 means many things and only its text tells which.
func Classify(code, message string) channels.Class {
	if code == "36009004" {
		return classifyText(strings.ToLower(message))
	}
	if class, ok := classes[code]; ok {
		return class
	}
	return channels.Rejected
}

func classifyText(message string) channels.Class {
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(message, part) })
	}
	switch {
	case has("timestamp"):
		return channels.Retry // this machine's clock is off; right again, the same call works
	case has("app_key", "app key"):
		return channels.Auth
	case has("access token", "access_token", "access-token", "credential"): // page tokens are something else
		return channels.Expired // a refresh mends it, or nothing but a person does
	case has("overload", "retry", "try again"):
		return channels.Retry
	}
	return channels.Bug // missing sign, unexpected shop_cipher, bad parameters
}
