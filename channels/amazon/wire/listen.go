package wire

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/creatorflow/creatorflow/channels"
)

// OrderChange is the one notification that the hub needs.
const OrderChange = "ORDER_CHANGE"

const subscriptionsPath = "/notifications/v1/subscriptions/"

// destination is where the app's notifications may go.
type destination struct {
	ID       channels.Text `json:"destinationId"`
	Resource struct {
		SQS struct {
			ARN channels.Text `json:"arn"`
		} `json:"sqs"`
		Bus bus `json:"eventBridge"`
	} `json:"resource"`
}

// Subscribed tells whether a seller's news of orders go anywhere; where they go past the connection's queue, the error is an
// Elsewhere.
func Subscribed(ctx context.Context, o channels.Opening, token string) (some bool, err error) {
	to, err := goesTo(ctx, o, token, OrderChange)
	if err != nil || to == "" {
		return false, err
	}
	return true, ours(ctx, o, to)
}

// goesTo is the destination of a seller's news of a type; empty = they go nowhere.
func goesTo(ctx context.Context, o channels.Opening, token, topic string) (destination string, err error) {
	data, err := Ask(ctx, o, token, Request{Name: "read subscription", Method: http.MethodGet, Path: subscriptionsPath + topic})
	if NotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var said struct {
		Payload struct {
			Destination channels.Text `json:"destinationId"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(data, &said); err != nil {
		return "", Unreadable("read subscription", err)
	}
	return string(said.Payload.Destination), nil
}

// Listen sends a seller's news of orders to the connection's queue, where they go nowhere yet. Those that go elsewhere are left
// alone: somebody reads them there.
func Listen(ctx context.Context, o channels.Opening, token string) (added bool, err error) {
	if some, err := Subscribed(ctx, o, token); err != nil || some {
		return false, err
	}
	to, err := destinationOf(ctx, o)
	if err != nil {
		return false, err
	}
	return subscribe(ctx, o, token, OrderChange, to)
}

func subscribe(ctx context.Context, o channels.Opening, token, topic, destination string) (added bool, err error) {
	_, err = Ask(ctx, o, token, Request{
		Name: "subscribe", Method: http.MethodPost, Path: subscriptionsPath + topic, Write: true,
		Body: map[string]string{"payloadVersion": "1.0", "destinationId": destination},
	})
	var f *channels.Failure
	if errors.As(err, &f) && f.Code == "Conflict" { // somebody was quicker
		return false, nil
	}
	return err == nil, err
}

// Elsewhere is a subscription that sends a seller's news of orders to another queue than the connection's.
type Elsewhere struct {
	ARN string // of that queue; empty where the app does not know the destination
}

// Error implements error.
func (e Elsewhere) Error() string {
	return "Amazon sends this seller's news of orders to another queue, " + cmp.Or(e.ARN, "which it does not name")
}

// ours returns an Elsewhere unless a destination is the connection's queue.
func ours(ctx context.Context, o channels.Opening, id string) error {
	all, _, arn, err := destinations(ctx, o)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(d destination) bool { return string(d.ID) == id })
	switch {
	case i < 0:
		return Elsewhere{}
	case string(all[i].Resource.SQS.ARN) != arn:
		return Elsewhere{ARN: channels.Short(string(all[i].Resource.SQS.ARN), 200)}
	}
	return nil
}

const destinationsPath = "/notifications/v1/destinations"

// destinations lists where the app's notifications may go; arn is the connection's queue, and token lets more be made.
func destinations(ctx context.Context, o channels.Opening) (all []destination, token, arn string, err error) {
	arn, _, problem := ARN(o.Connection.Extra[ExtraQueue], o.Connection.Extra[ExtraRegion])
	if problem != "" {
		return nil, "", "", Bug("subscribe", "the queue's address %s", problem)
	}
	if token, err = Grantless(ctx, o); err != nil {
		return nil, "", "", err
	}
	data, err := Ask(ctx, o, token, Request{Name: "list destinations", Method: http.MethodGet, Path: destinationsPath})
	if err != nil {
		return nil, "", "", err
	}
	var list struct {
		Payload []destination `json:"payload"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, "", "", Unreadable("list destinations", err)
	}
	return list.Payload, token, arn, nil
}

// destinationOf finds the app's destination for the connection's queue, or makes it.
func destinationOf(ctx context.Context, o channels.Opening) (id string, err error) {
	all, token, arn, err := destinations(ctx, o)
	if err != nil {
		return "", err
	}
	for _, d := range all {
		if string(d.Resource.SQS.ARN) == arn {
			return string(d.ID), nil
		}
	}
	made, err := makeDestination(ctx, o, token, "CreatorFlow", map[string]any{"sqs": map[string]string{"arn": arn}})
	return string(made.ID), err
}

func makeDestination(ctx context.Context, o channels.Opening, token, name string, resource map[string]any) (d destination, err error) {
	data, err := Ask(ctx, o, token, Request{
		Name: "create destination", Method: http.MethodPost, Path: destinationsPath, Write: true,
		Body: map[string]any{"name": name, "resourceSpecification": resource},
	})
	if err != nil {
		return d, err
	}
	var made struct {
		Payload destination `json:"payload"`
	}
	if err := json.Unmarshal(data, &made); err != nil || made.Payload.ID == "" {
		return d, Unreadable("create destination", err)
	}
	return made.Payload, nil
}

// StoreName finds the seller's store in a marketplace.
func StoreName(ctx context.Context, o channels.Opening, token, marketplace string) (name string, found bool, err error) {
	data, err := Ask(ctx, o, token, Request{Name: "list marketplaces", Method: http.MethodGet, Path: "/sellers/v1/marketplaceParticipations"})
	if err != nil {
		return "", false, err
	}
	var list struct {
		Payload []struct {
			Marketplace struct {
				ID channels.Text `json:"id"`
			} `json:"marketplace"`
			Participation struct {
				Takes bool `json:"isParticipating"`
			} `json:"participation"`
			Store channels.Text `json:"storeName"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return "", false, Unreadable("list marketplaces", err)
	}
	for _, p := range list.Payload {
		if string(p.Marketplace.ID) == marketplace && p.Participation.Takes {
			return string(p.Store), true, nil
		}
	}
	return "", false, nil
}
