// Package shops has the commands about what is connected: shops, who charges cards and sells labels, and their older orders.
//
//	flags ─► a question to the hub of a folder, running or not ─► what it did, and what there is to do
package shops

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/hub"
)

// Way is how a command reaches the hub of the folder that its flags name.
type Way func(ctx context.Context, do func(*hub.Admin) error) error

// Connect has a command for each channel and partner.
type Connect struct {
	Tiktok    connectTiktok    `cmd:"" help:"Connect a TikTok Shop."`
	Shopify   connectShopify   `cmd:"" help:"Connect a Shopify shop."`
	Amazon    connectAmazon    `cmd:"" help:"Connect a seller's store on Amazon."`
	Instagram connectInstagram `cmd:"" help:"Connect an Instagram account and its catalogue."`
	Direct    connectDirect    `cmd:"" help:"Connect direct sales, with or without cards through Stripe."`
	Easypost  connectEasypost  `cmd:"" help:"Have labels of your own carriers bought through EasyPost."`
}

// connectFlags are those of every channel.
type connectFlags struct {
	Name    string `help:"What to call the shop." required:""`
	BaseURL string `name:"base-url" help:"API address; a simulator's, for trying things out." placeholder:"URL"`
	AuthURL string `name:"auth-url" help:"Address that gives tokens; the API's when only that is given." placeholder:"URL"`
}

// connect connects every shop that opens with what was given, and says what there is to do. News is how they come where they
// do not come by webhook.
func (f connectFlags) connect(ctx context.Context, way Way, out io.Writer, channel, key, secret string, given channels.Grant, news string) error {
	return way(ctx, func(a *hub.Admin) error {
		done, err := a.Connect(ctx, hub.ConnectShop{
			Channel: channel, Name: f.Name, BaseURL: f.BaseURL, AuthURL: cmp.Or(f.AuthURL, f.BaseURL), Key: key, Secret: secret, Given: given,
		})
		if err != nil {
			return err
		}
		for _, shop := range done.Shops {
			if _, err := fmt.Fprintf(out, "Connected %s (shop %s) as %s.\n", shop.Name, shop.ShopID, shop.ID); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintln(out, next(channel, done, news))
		return err
	})
}

// next says what there is to do once a shop is connected.
func next(channel string, done hub.Connected, news string) string {
	address := "<the hub's public https address>/webhooks/" + channel + "/" + done.App
	switch {
	case channel == "direct":
		return strings.ReplaceAll(news, "ADDRESS", address)
	case news != "":
		return news + " See how the shop is with: creatorflow doctor"
	case done.Webhooks != "":
		return "Webhooks come to " + done.Webhooks + ". See how the shop is with: creatorflow doctor"
	}
	verify := ""
	if done.Verify != "" {
		verify = "Verify token, if you enter the address by hand: " + done.Verify + "\n"
	}
	return "Webhook address: " + address + "\n" + verify + "Without one the hub polls: nothing is lost, news come with the next poll. Start it with --public-url, and it sets them up by itself."
}

type connectTiktok struct {
	connectFlags
	AppKey    string `help:"App key from Partner Center." required:""`
	AppSecret string `help:"App secret from Partner Center." required:""`
	AuthCode  string `help:"Code from the seller's consent; it lives 30 minutes and works once." required:""`
}

// Run connects every shop that the code authorises.
func (t connectTiktok) Run(ctx context.Context, way Way, out io.Writer) error {
	return t.connect(ctx, way, out, "tiktok", t.AppKey, t.AppSecret, channels.Grant{"code": t.AuthCode}, "")
}

type connectShopify struct {
	connectFlags
	Shop      string `help:"The shop's address, such as my-shop.myshopify.com." required:""`
	AppKey    string `help:"Client id from the app's settings in Shopify's Dev Dashboard." required:""`
	AppSecret string `help:"Client secret from the same place." required:""`
	AuthCode  string `help:"Code from the seller's consent; it works once. Not given: the app and the shop belong to one organisation, and no consent is needed."`
	Location  string `help:"Number of the location that the hub keeps the stock of; not given: the first that fulfils online orders."`
}

// Run connects the shop.
func (s connectShopify) Run(ctx context.Context, way Way, out io.Writer) error {
	return s.connect(ctx, way, out, "shopify", s.AppKey, s.AppSecret, channels.Grant{"shop": s.Shop, "code": s.AuthCode, "location": s.Location}, "")
}

type connectInstagram struct {
	connectFlags
	AppKey    string `help:"App ID, from the app's page at Meta." required:""`
	AppSecret string `help:"App secret, from the app's page at Meta." required:""`
	Token     string `help:"Access token of a system user or of the Facebook login, with catalog_management, instagram_basic and instagram_manage_comments." required:""`
	Account   string `help:"The Instagram account's number." required:"" placeholder:"NUMBER"`
	Catalog   string `help:"The number of the commerce catalogue; without one only comments and mentions come in." placeholder:"NUMBER"`
}

// Run connects the account.
func (i connectInstagram) Run(ctx context.Context, way Way, out io.Writer) error {
	given := channels.Grant{"token": i.Token, "account": i.Account, "catalog": i.Catalog}
	return i.connect(ctx, way, out, "instagram", i.AppKey, i.AppSecret, given, "")
}

type connectAmazon struct {
	connectFlags
	ClientID     string `help:"LWA client id of the app, from Seller Central." required:""`
	ClientSecret string `help:"LWA client secret of the app." required:""`
	RefreshToken string `help:"What authorising the app in Seller Central showed; it begins with Atzr." required:""`
	SellerID     string `help:"The merchant token, from the account's info in Seller Central." required:""`
	Marketplace  string `help:"Country of the store, such as GB or US, or its marketplace id." required:""`
	QueueURL     string `help:"SQS queue for news of orders; without it they are found by polling, every 3 minutes."`
	AWSKeyID     string `name:"aws-key-id" help:"AWS access key id of a user who may read the queue."`
	AWSSecret    string `name:"aws-secret" help:"AWS secret access key of the same user."`
	AWSRegion    string `name:"aws-region" help:"AWS region of the queue, where its address does not name it."`
	QuantityNews bool   `help:"Have Amazon send news of quantities to EventBridge in the AWS account of the queue, where a rule of yours leads them on; docs/amazon.md says how."`
}

// Run connects the seller's store.
func (a connectAmazon) Run(ctx context.Context, way Way, out io.Writer) error {
	news := "News of orders come through the queue at once, and what it loses is found by a poll every 3 minutes."
	if a.QueueURL == "" {
		news = "Orders are found by a poll every 3 minutes. With a queue (--queue-url) they come at once."
	}
	given := channels.Grant{
		"refresh-token": a.RefreshToken, "seller-id": a.SellerID, "marketplace": a.Marketplace, "queue-url": a.QueueURL, "aws-key-id": a.AWSKeyID,
		"aws-secret": a.AWSSecret, "aws-region": a.AWSRegion,
	}
	if a.QuantityNews {
		given["quantity-news"] = "yes"
	}
	return a.connect(ctx, way, out, "amazon", a.ClientID, a.ClientSecret, given, news)
}

type connectDirect struct {
	connectFlags
	Account       string `help:"Your account's id at Stripe, acct_…; to sell without cards any short name, such as market." required:""`
	SecretKey     string `help:"Stripe secret key, sk_… or a restricted one rk_…; not given: no card is charged."`
	WebhookSecret string `help:"Signing secret of the endpoint at Stripe, whsec_…; connect first to learn the address."`
}

// Run connects direct sales.
func (d connectDirect) Run(ctx context.Context, way Way, out io.Writer) error {
	news := "Enter orders on the orders page. No card is charged: connect again with --secret-key to charge cards through Stripe."
	if d.SecretKey != "" {
		news = "Enter orders on the orders page. To hear of changes at once, add the endpoint ADDRESS at Stripe under Developers, Webhooks, and connect again with --webhook-secret."
	}
	if d.WebhookSecret != "" {
		news = "Enter orders on the orders page. Stripe's webhooks are taken at ADDRESS."
	}
	return d.connect(ctx, way, out, "direct", d.Account, d.WebhookSecret, channels.Grant{"secret-key": d.SecretKey}, news)
}
