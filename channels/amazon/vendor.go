package amazon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/notices"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

// The fields of a grant.
const (
	fieldRefresh = "refresh-token"
	fieldSeller  = "seller-id"
	fieldPlace   = "marketplace"
	fieldQueue   = "queue-url"
	fieldKey     = "aws-key-id"
	fieldSecret  = "aws-secret"
	fieldRegion  = "aws-region"
	fieldNews    = "quantity-news"
)

// wanted is what somebody says who wants it.
const wanted = "yes"

// Vendor is how Amazon is spoken to.
var Vendor = channels.Vendor{
	Name: "amazon", Title: "Amazon",
	Key:    channels.Field{Name: "client-id", Label: "LWA client id", Help: "Seller Central, Develop Apps, LWA credentials. It begins with amzn1."},
	Secret: channels.Field{Name: "client-secret", Label: "LWA client secret", Help: "Beside the client id.", Secret: true},
	Hosts:  []string{wire.America, wire.Europe, wire.FarEast, wire.AuthURL},
	Grant: []channels.Field{
		{Name: fieldRefresh, Label: "Refresh token", Help: "From Seller Central: Apps and Services, Develop Apps, Authorise app. It begins with Atzr.", Secret: true},
		{Name: fieldSeller, Label: "Seller id", Help: "The merchant token: Seller Central, Settings, Account Info. It begins with A."},
		{Name: fieldPlace, Label: "Marketplace", Help: "The country of the store, such as GB or US, or its marketplace id."},
		{Name: fieldQueue, Label: "Queue address", Help: "Of the SQS queue for order news, https://sqs.REGION.amazonaws.com/ACCOUNT/NAME. Without it orders are found by polling alone, every 3 minutes.", Optional: true},
		{Name: fieldKey, Label: "AWS access key id", Help: "Of a user who may receive and delete messages of the queue, and nothing else.", Optional: true},
		{Name: fieldSecret, Label: "AWS secret access key", Help: "Of the same user.", Secret: true, Optional: true},
		{Name: fieldRegion, Label: "AWS region", Help: "Only where the queue's address does not name it.", Optional: true},
		{Name: fieldNews, Label: "News of quantities", Help: "yes: Amazon is asked to send them to EventBridge in the AWS account of the queue, where a rule of yours leads them on. docs/amazon.md says how. Empty: an edit by hand is found within a minute.", Optional: true},
	},
	Webhooks:  notices.Notices{},
	Keeper:    wire.NewKeeper,
	Open:      func(o channels.Opening) channels.Connector { return New(o) },
	Authorize: authorize,
}

// authorize tries what the seller gave, once: the refresh token, the marketplace, and the queue where there is one.
func authorize(ctx context.Context, o channels.Opening, g channels.Grant) (channels.Token, []channels.Connection, error) {
	no := func(format string, args ...any) (channels.Token, []channels.Connection, error) {
		return channels.Token{}, nil, &channels.Failure{Class: channels.Rejected, Call: "connect", Message: fmt.Sprintf(format, args...)}
	}
	given := channels.Grant{}
	for name, value := range g {
		given[name] = strings.TrimSpace(value)
	}
	place := wire.PlaceOf(given[fieldPlace])
	switch {
	case given[fieldRefresh] == "":
		return no("refresh-token is missing: authorise the app in Seller Central and copy the token that it shows")
	case !channels.IsID(given[fieldSeller]):
		return no("seller-id %q must be the merchant token, letters and digits: Seller Central, Settings, Account Info", channels.Short(given[fieldSeller], 48))
	case given[fieldNews] != "" && given[fieldNews] != wanted:
		return no("quantity-news is %q: it must be yes, or empty", channels.Short(given[fieldNews], 48))
	case given[fieldNews] != "" && given[fieldQueue] == "":
		return no("quantity-news needs queue-url: the news come by that queue")
	case place.Country == "":
		return no("marketplace %q must be one of %s, or a marketplace id of theirs", channels.Short(given[fieldPlace], 48), strings.Join(wire.Countries(), ", "))
	}
	extra := map[string]string{wire.ExtraMarketplace: place.ID, wire.ExtraSeller: given[fieldSeller]}
	if given[fieldQueue] != "" {
		_, region, problem := wire.ARN(given[fieldQueue], given[fieldRegion])
		switch {
		case problem != "":
			return no("queue-url %s; it looks like https://sqs.eu-west-1.amazonaws.com/111122223333/orders", problem)
		case given[fieldKey] == "" || given[fieldSecret] == "":
			return no("queue-url needs aws-key-id and aws-secret, of a user who may read the queue")
		}
		maps.Copy(extra, map[string]string{
			wire.ExtraQueue: given[fieldQueue], wire.ExtraRegion: region, wire.ExtraKey: given[fieldKey], wire.ExtraSecret: given[fieldSecret],
		})
		if given[fieldNews] != "" {
			extra[wire.ExtraQuantities] = wanted
		}
	}
	o.Connection = channels.Connection{ShopID: notices.ShopID(given[fieldSeller], place.ID), Channel: "amazon", Extra: extra}
	token, err := wire.Login(ctx, o, given[fieldRefresh])
	if err != nil {
		return channels.Token{}, nil, err
	}
	store, found, err := wire.StoreName(ctx, o, token.Access, place.ID)
	switch {
	case err != nil:
		return channels.Token{}, nil, err
	case !found:
		return no("the seller does not sell in %s (%s): name a marketplace that the account takes part in", place.Country, place.ID)
	}
	o.Connection.Name = store
	if extra[wire.ExtraQueue] != "" {
		if err := wire.QueueOf(o).Probe(ctx); err != nil {
			return channels.Token{}, nil, fmt.Errorf("read the queue: %w", err)
		}
		// News that go to another queue are no reason to refuse the shop: polling finds its orders, and the doctor names the queue.
		if _, err := wire.Listen(ctx, o, token.Access); err != nil && !errors.As(err, new(wire.Elsewhere)) {
			return channels.Token{}, nil, err
		}
	}
	return token, []channels.Connection{o.Connection}, nil
}
