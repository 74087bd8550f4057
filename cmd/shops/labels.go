package shops

import (
	"context"
	"fmt"
	"io"

	"github.com/creatorflow/creatorflow/gateway/connecting"
	"github.com/creatorflow/creatorflow/hub"
)

type connectEasypost struct {
	Key           string `help:"API key from EasyPost: EZAK…, or EZTK… for tests; not given: the one before stays."`
	WebhookSecret string `help:"Secret with which EasyPost signs its webhooks; not given: the one before stays."`
	BaseURL       string `name:"base-url" help:"API address; a simulator's, for trying things out." placeholder:"URL"`
	Automatic     bool   `help:"Buy labels by themselves; else Retry on an order's page buys its label."`
	Carrier       string `help:"Carrier that shall take parcels; the cheapest when not given."`
	Service       string `help:"Service of the carrier; the cheapest when not given."`
	Grams         int    `help:"A parcel's weight." required:""`
	Size          []int  `help:"A parcel's length, width and height in millimetres." required:"" placeholder:"L,W,H"`
	FromName      string `help:"Who sends parcels; carriers print it on the label." required:""`
	FromLine1     string `name:"from-line1" help:"Street and number that parcels are sent from." required:""`
	FromLine2     string `name:"from-line2" help:"More of that address."`
	FromCity      string `help:"Town that parcels are sent from." required:""`
	FromState     string `help:"State, as the post of the country writes it, such as NY."`
	FromPostcode  string `help:"Postal code that parcels are sent from."`
	FromCountry   string `help:"Country in two letters, such as GB." required:""`
	FromPhone     string `help:"The sender's telephone number; some carriers want one."`
	FromEmail     string `help:"The sender's address for email."`
}

// Validate refuses a parcel without its three sides.
func (e connectEasypost) Validate() error {
	if len(e.Size) != 3 {
		return fmt.Errorf("--size is a parcel's length, width and height in millimetres, such as 200,150,100")
	}
	return nil
}

// Run has the key tried at EasyPost and keeps it.
func (e connectEasypost) Run(ctx context.Context, way Way, out io.Writer) error {
	return way(ctx, func(a *hub.Admin) error {
		kept, err := a.SetLabels(ctx, connecting.SetLabelPartner{
			Partner: "easypost", Key: e.Key, Secret: e.WebhookSecret, BaseURL: e.BaseURL,
			LabelWish: connecting.LabelWish{
				Automatic: e.Automatic, Carrier: e.Carrier, Service: e.Service, Grams: e.Grams, Length: e.Size[0], Width: e.Size[1], Height: e.Size[2],
			},
			From: connecting.SenderAddress{
				Name: e.FromName, Line1: e.FromLine1, Line2: e.FromLine2, City: e.FromCity, State: e.FromState, PostalCode: e.FromPostcode, Country: e.FromCountry,
				Phone: e.FromPhone, Email: e.FromEmail,
			},
		})
		if err != nil {
			return err
		}
		said := "EasyPost takes the key. Labels are bought by themselves."
		if !kept.Automatic {
			said = "EasyPost takes the key. An order waits for its label until Retry on its page buys it; --automatic buys labels by themselves."
		}
		if kept.Test {
			said += " It is a test key: labels cost nothing and are not valid."
		}
		if !kept.Signed {
			said += "\nFor news of parcels add the webhook <the hub's public https address>/webhooks/easypost/labels at EasyPost, with a secret that you give here as --webhook-secret."
		}
		_, err = fmt.Fprintln(out, said)
		return err
	})
}
