package channels

import (
	"context"
	"net/http"
	"time"
)

// The states of a finding.
const (
	Green Light = "green" // looked at, and well
	Red   Light = "red"   // a person must do what Mend says
	Grey  Light = "grey"  // not looked at, Found says why
)

// Light is how one thing of a connection is.
type Light string

// The names of the things that are looked at.
const (
	CheckCredentials = "credentials"
	CheckToken       = "token"
	CheckScopes      = "scopes"
	CheckClock       = "clock"
	CheckShop        = "shop"
	CheckWebhooks    = "webhooks"
	CheckTestEvent   = "test event"
	CheckLocations   = "locations"
)

// Finding is what one look at a connection found.
type Finding struct {
	Check string
	State Light
	Found string // a plain sentence
	Mend  string // what to click or type when it is red
}

// Examiner is a connector that can say what is wrong with its connection.
type Examiner interface {
	// Examine looks at everything that the vendor can be asked about, once. Webhooks must go to address; where it is empty
	// they are not looked at. Each thing has at most one finding; one that hides the others leaves them grey.
	Examine(ctx context.Context, address string) []Finding
}

// Subscription says where a topic of a shop's webhooks goes.
type Subscription struct {
	Topic   string // the vendor's name
	Address string // empty = nowhere
}

// Subscriber is a connector whose webhooks are configured by calls.
type Subscriber interface {
	// Subscriptions tells where each topic that the hub needs goes, those that go nowhere included.
	Subscriptions(ctx context.Context) ([]Subscription, error)
	// Subscribe sends a topic to an address from now on.
	Subscribe(ctx context.Context, s Subscription) error
	// Unsubscribe ends a topic.
	Unsubscribe(ctx context.Context, topic string) error
}

// Prober makes webhooks that look like a vendor's and mean nothing: their Hint has the Kind KindTest.
type Prober interface {
	// Probe makes one about a shop, signed with the app's newest secret. Its delivery id holds id.
	Probe(app App, shop, id string, at time.Time) (header http.Header, body []byte, delivery string)
}

// KindTest is the Kind of a webhook by which the hub tries its own intake.
const KindTest = "test"
