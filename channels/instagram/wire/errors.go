package wire

import (
	"strconv"

	"github.com/creatorflow/creatorflow/channels"
)

// classes says what to do about the vendor's codes; what is not here is refused for good and shown to a person.
var classes = map[string]channels.Class{
	"1":   channels.Retry, // an unknown fault of the vendor's own
	"2":   channels.Retry, // the service is down for a while
	"4":   channels.Throttled,
	"17":  channels.Throttled,
	"32":  channels.Throttled,
	"341": channels.Throttled,
	"613": channels.Throttled,

	"3":   channels.Auth, // the app may not do this at all
	"10":  channels.Auth, // a permission is missing
	"101": channels.Auth, // the app's id
	"102": channels.Expired,
	"104": channels.Expired,
	"190": channels.Expired, // a token stored meanwhile mends it, or nothing but a person does

	"12":   channels.Bug, // a retired call
	"2635": channels.Bug, // a retired version
	"2500": channels.Bug, // path
	"100":  channels.Bug, // a parameter; with notThere an object that the token does not show
}

// notThere is the subcode of 100 for an object that does not exist or may not be seen.
const notThere = "33"

// Classify sorts a code. From 200 to 299 a permission is missing; from 80000 there were too many calls of one kind.
func Classify(code, subcode string) channels.Class {
	if code == "100" && subcode == notThere {
		return channels.Rejected
	}
	if class, ok := classes[code]; ok {
		return class
	}
	switch n, err := strconv.Atoi(code); {
	case err != nil:
	case n >= 200 && n < 300:
		return channels.Auth
	case n >= 80000 && n < 80100:
		return channels.Throttled
	}
	return channels.Rejected
}
